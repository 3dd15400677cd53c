"""Recorded answers of many models to classes: who chooses right, what is accepted, and what one question adds.

    python benchmarks/replay_classes.py --keep FILE            # all tasks; FILE keeps what each candidate answered
    python benchmarks/replay_classes.py --tasks 8 --seed 2     # some of them, drawn by a seed
    python benchmarks/replay.py --classes                      # the same

One answer of each of twelve models (``../shared/data/model-outputs``) is extracted, and what parses is run in the
sandbox by the product's own Python toolchain, once each: the examples of the documentation, changed literals,
sequences of calls and attributes. From them pools of ``--pool`` models are drawn. The product's ranking chooses, its
grades accept, it chooses what to ask, and the reference answers (asked.py). Hidden tests say what was right.

Tasks count whose reference passes its hidden tests here. Shares are means over tasks of the mean over their pools, with
95% intervals by bootstrap over tasks; accepted are those whose grade is at least ``supported``. Then it is told what
became of the pools, and what stands in the way of more. FILE is written as it goes, and what it holds is not run again.
Prints, promises nothing; without the data it is skipped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.grades import REFERENCE, fenced
from benchmarks.ranking import candidates, task_of
from benchmarks.replay_functions import Pool, ReplayedAnswer, Way, accepted, chosen
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.codec import decode, encode
from forge_lsp.core.questions import Effect
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support import model_outputs
from tests.support.model_outputs import Case, Recorded

WAYS = (
    Way(name="examples only", agree=False),
    Way(name="examples and agreement"),
    Way(name="one question", questions=1),
    Way(name="two questions", questions=2),
    Way(name="one question, one of ten answers wrong", questions=1, slips=0.1),
)


async def replayed(cases: Sequence[Case], known: dict[str, Pool], keep: Path | None, jobs: int) -> list[Pool]:
    """What all answers to the tasks showed; of those in ``known`` nothing is run."""
    answers: dict[str, list[Recorded]] = {case.id: [] for case in cases}
    for one in model_outputs.recorded():
        first = one.temperature == 0.0 and one.sample == 0
        if one.task in answers and first:
            answers[one.task].append(one)
    with tempfile.TemporaryDirectory(prefix="forge-classes-") as name:
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(name) / "boxes"))
        try:
            toolchain = PythonToolchain(await chooser.choose(), timeout=60)
            turn = asyncio.Semaphore(jobs)

            async def one(case: Case) -> None:
                async with turn:
                    known[case.id] = await pool_of(case, answers[case.id], Path(name), toolchain)
                if keep is not None:
                    text = json.dumps([encode(pool) for pool in known.values()])
                    await asyncio.to_thread(keep.write_text, text, "utf-8")

            await asyncio.gather(*(one(case) for case in cases if case.id not in known))
        finally:
            await asyncio.to_thread(chooser.close)
    return [known[case.id] for case in cases]


async def pool_of(case: Case, answers: Sequence[Recorded], folder: Path, toolchain: PythonToolchain) -> Pool:
    """All that was written for one task, the reference first."""
    task = task_of(case, folder)
    reference = Recorded(task=case.id, model=REFERENCE, temperature=0.0, sample=0, text=fenced(case.reference))
    made = {one.model: candidate for one, candidate in candidates(task, [reference, *answers])}
    truth = await asyncio.to_thread(model_outputs.right, [(case, one.text) for one in made.values()], jobs=1)
    seen: dict[str, tuple[bool, Evidence]] = {}
    for candidate in made.values():
        if candidate.text not in seen:
            compiles = parses(candidate.text)
            evidence = await toolchain.evidence(task, candidate) if compiles else Evidence()
            seen[candidate.text] = compiles, evidence
    found: list[ReplayedAnswer] = []
    for one in (reference, *answers):
        candidate = made.get(one.model)
        if candidate is None:
            none = Candidate(code="", text="", model=one.model, attempt=1)
            found.append(ReplayedAnswer(candidate=none, compiles=False, right=False))
            continue
        compiles, evidence = seen[candidate.text]
        right = one.model == REFERENCE or truth[case.id, candidate.text]
        found.append(ReplayedAnswer(candidate=candidate, compiles=compiles, right=right, evidence=evidence))
    return Pool(task=case.id, played=tuple(found), examples=(), by_method=True)


def parses(text: str) -> bool:
    """Whether it is Python."""
    try:
        compile(text, "answer.py", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def drawn(pool: Pool, many: int, draws: int, seed: int) -> list[Pool]:
    """Pools of ``many`` models, and the reference."""
    reference = [one for one in pool.played if one.candidate.model == REFERENCE]
    models = [one for one in pool.played if one.candidate.model != REFERENCE]
    draw = random.Random(f"{seed} {pool.task}")
    return [
        replace(pool, played=(*reference, *draw.sample(models, min(many, len(models)))), task=f"{pool.task} {number}")
        for number in range(draws)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How one pool ended. ``oracle``: an answer of it is right; ``asked``: what came of the questions."""

    task: str
    right: bool
    accepted: bool
    oracle: bool
    asked: tuple[Effect | None, ...]


def ends_of(pools: Sequence[Sequence[Pool]], way: Way) -> list[list[End]]:
    """How the pools of each task end."""

    def one(pool: Pool) -> End:
        found, evidence, asked = chosen(pool, way)
        return End(
            task=pool.task.split()[0],
            right=found.right,
            accepted=accepted(found, evidence),
            oracle=any(one.right for one in pool.played if one.candidate.model != REFERENCE),
            asked=tuple(each.effect for each in asked),
        )

    return [[one(pool) for pool in each] for each in pools]


def share(ends: Sequence[Sequence[End]], of: Callable[[End], bool], among: Callable[[End], bool]) -> str:
    """The share of those ``among`` all for which ``of`` holds, tasks weighing by how many of them they have."""
    counts = [(sum(of(one) for one in each if among(one)), sum(map(among, each))) for each in ends]
    if not any(many for _, many in counts):
        return "  - of none"
    draw = random.Random(1)
    shares: list[float] = []
    for _ in range(2000):
        some = draw.choices(counts, k=len(counts))
        if total := sum(many for _, many in some):
            shares.append(sum(few for few, _ in some) / total)
    shares.sort()
    mean = sum(few for few, _ in counts) / sum(many for _, many in counts)
    return f"{mean:4.0%} [{100 * shares[int(len(shares) * 0.025)]:.0f}, {100 * shares[int(len(shares) * 0.975)]:.0f}]"


def report(pools: Sequence[Pool], many: int, draws: int, seed: int) -> None:
    """Print the tables."""
    each = [drawn(pool, many, draws, seed) for pool in pools]
    print(f"{len(pools)} tasks, pools of {many} of {len(pools[0].played) - 1} models, {draws} drawn for each task")
    average = fmean(fmean(one.right for one in pool.played[1:]) for pool in pools)
    print(f"  {'the average answer':40} chosen right {average:4.0%}")
    by_way = {way.name: ends_of(each, way) for way in WAYS}
    for name, ends in by_way.items():
        print(f"  {name:40} chosen right {share(ends, lambda one: one.right, lambda _: True)}")
        print(f"  {'':40} {_accepted(ends)}")
    print(f"  {'the oracle':40} chosen right {share(ends, lambda one: one.oracle, lambda _: True)}")
    obstacles(pools, by_way["one question"])


def obstacles(pools: Sequence[Pool], ends: Sequence[Sequence[End]]) -> None:
    """What stands in the way of more, with one question."""
    flat = [one for each in ends for one in each]
    wrong = [one for one in flat if one.accepted and not one.right]
    none = [one for one in wrong if not one.oracle]
    lost = [one for one in flat if one.oracle and not (one.accepted and one.right)]
    offered = [one for one in lost if one.right]
    against = {pool.task for pool in pools if pool.played[0].evidence.against}
    blank = sum(not pool.played[0].evidence.results for pool in pools)
    print(f"""
with one question ({effects(flat)}), of all pools:
  {_part(wrong, flat)} accepted and wrong ({effects(wrong)}); in {_part(none, wrong)} of these no candidate is right
  {_part(lost, flat)} have a right candidate that is not accepted; {_part(offered, lost)} of these offer it
tasks whose reference fails an example of its documentation: {len(against)} of {len(pools)}; without an example: {blank}
  they are {_part([one for one in lost if one.task in against], lost)} of those with a right candidate not accepted""")
    for what, some in (
        ("whose reference meets its documentation", [each for each in ends if each[0].task not in against]),
        ("the others", [each for each in ends if each[0].task in against]),
    ):
        print(f"  {what:42} ({len(some)}) {_accepted(some)}")


def _accepted(ends: Sequence[Sequence[End]]) -> str:
    """The share that is accepted, and of that the share that is right."""
    taken = share(ends, lambda one: one.accepted, lambda _: True)
    return f"accepted     {taken}, right {share(ends, lambda one: one.right, lambda one: one.accepted)}"


def effects(ends: Sequence[End]) -> str:
    """What came of the question: ``confirmed 50%, not asked 50%``."""
    counts = Counter(str(one.asked[0]) if one.asked else "not asked" for one in ends)
    return ", ".join(f"{what} {count / len(ends):.0%}" for what, count in counts.most_common()) or "none"


def _part(few: Sequence[End], many: Sequence[End]) -> str:
    return f"{len(few) / len(many):.0%}" if many else "none"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks")
    parser.add_argument("--seed", type=int, default=1, help="which tasks, and which pools")
    parser.add_argument("--pool", type=int, default=9, help="models in a pool")
    parser.add_argument("--draws", type=int, default=10, help="pools of a task")
    parser.add_argument("--jobs", type=int, default=2, help="at once")
    parser.add_argument("--keep", type=Path, help="a JSON file that keeps what each candidate answered")
    options = parser.parse_args(argv)
    if (reason := model_outputs.absent()) is not None:
        print(f"skipped: {reason}")
        return 0
    began = time.monotonic()
    known: dict[str, Pool] = {}
    if options.keep is not None and options.keep.is_file():
        entries: list[Any] = json.loads(options.keep.read_text("utf-8"))
        known = {pool.task: pool for pool in (decode(Pool, entry) for entry in entries)}
    cases = list(model_outputs.cases())
    random.Random(options.seed).shuffle(cases)
    passes = model_outputs.right([(case, case.reference) for case in cases], jobs=options.jobs)
    cases = [case for case in cases if passes[case.id, case.reference]][: options.tasks]
    pools = asyncio.run(replayed(cases, known, options.keep, options.jobs))
    report(pools, options.pool, options.draws, options.seed)
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
