"""Recorded answers of five models to functions: who chooses right, by what evidence, and what "supported" is worth.

    python benchmarks/replay_functions.py --keep FILE     # all 82 tasks; FILE keeps what each candidate answered
    python benchmarks/replay.py --functions               # the same

The Python half of HumanEval (``../shared/data/functions``): one answer of each model, extracted and run in the sandbox
by the product's own Python toolchain: the documentation's examples, the inputs that split, and the calls of the
committee's examples, which one model wrote from the task (the recorded ``generated_tests``: the first two lists are two
authors, read and bounded as the product does). Then the product's ranking chooses, and its grades accept.

Each table is printed for the tasks as they are, and with the documentation's examples hidden, as a user without any has
them: then nothing but the committee's calls can be run. *Inputs alone*: its calls are run, and what it expects is not
looked at. In ways with a question the product chooses what to ask, and the reference answers (asked.py). Shares are
means over tasks with 95% intervals by bootstrap; accepted are those whose grade is at least ``supported``. The oracle
is right where any answer is. Prints, promises nothing; without the data it is skipped."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.asked import User, ask, reference_gives
from benchmarks.grades import DATA, LADDER, REFERENCE, Answer, candidate_of, fenced, lines, task_of
from benchmarks.ranking import bootstrap
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence, Example
from forge_lsp.core.checks import Grade
from forge_lsp.core.codec import decode, encode
from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.ensemble.expectations import speaks_of, stated_examples
from forge_lsp.ensemble.widening import MOST_AUTHORS
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig

DRAWS = 10
"""Of a user's slips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedAnswer:
    """One candidate: what the user's examples showed, and what it gave to the committee's calls."""

    candidate: Candidate
    compiles: bool
    right: bool
    evidence: Evidence = field(default_factory=Evidence)
    committee: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One task: a candidate of each model, the reference first, and the examples of the committee. ``by_method``: it is
    a class."""

    task: str
    played: tuple[ReplayedAnswer, ...]
    examples: tuple[Example, ...]
    by_method: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is looked at: the user's examples and what they make comparable (``own``), how far candidates agree
    (``agree``), the committee's calls (``calls``) and what it expects of them (``values``), and how many ``questions``
    the user answers, a share of them wrongly (``slips``)."""

    name: str
    own: bool = True
    agree: bool = True
    calls: bool = False
    values: bool = False
    questions: int = 0
    slips: float = 0.0


WAYS = (
    Way(name="examples only", agree=False),
    Way(name="examples and agreement"),
    Way(name="and the committee's inputs alone", calls=True),
    Way(name="and the committee's examples", calls=True, values=True),
)
ASKING = (
    Way(name="examples, agreement, one question", questions=1),
    Way(name="two questions", questions=2),
    Way(name="one question, one of ten answers wrong", questions=1, slips=0.1),
    Way(name="the committee's examples, one question", calls=True, values=True, questions=1),
    Way(name="two questions", calls=True, values=True, questions=2),
    Way(name="one question, one of ten answers wrong", calls=True, values=True, questions=1, slips=0.1),
)
HIDDEN = (
    Way(name="agreement on the committee's inputs alone", own=False, calls=True),
    Way(name="the committee's examples alone", own=False, agree=False, calls=True, values=True),
    Way(name="both", own=False, calls=True, values=True),
)
HIDDEN_ASKING = (
    Way(name="agreement, one question", own=False, calls=True, questions=1),
    Way(name="two questions", own=False, calls=True, questions=2),
    Way(name="one question, one of ten answers wrong", own=False, calls=True, questions=1, slips=0.1),
    Way(name="the committee's examples, one question", own=False, calls=True, values=True, questions=1),
    Way(name="two questions", own=False, calls=True, values=True, questions=2),
    Way(name="one question, one of ten answers wrong", own=False, calls=True, values=True, questions=1, slips=0.1),
)


async def replayed(count: int, jobs: int) -> list[Pool]:
    """Run everything once."""
    tasks = [task for task in lines("tasks.jsonl.xz") if str(task["id"]).startswith("python/")][:count]
    recorded: dict[str, dict[str, Answer]] = defaultdict(dict)
    for one in lines("answers.jsonl.xz"):
        if one["sample"] == 0:
            answer = Answer(model=str(one["model"]), code=fenced(one["code"]), right=bool(one["right"]))
            recorded[str(one["task"])][answer.model] = answer
    with tempfile.TemporaryDirectory() as temp:
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(temp) / "boxes"))
        try:
            toolchain = PythonToolchain(await chooser.choose(), timeout=30)
            turn = asyncio.Semaphore(jobs)

            async def one(entry: Mapping[str, object]) -> Pool:
                key = str(entry["id"])
                folder = Path(temp) / key.replace("/", "-")
                folder.mkdir()
                answers = [Answer(model=REFERENCE, code=fenced(entry["reference"]), right=True)]
                answers += [recorded[key][model] for model in LADDER if model in recorded[key]]
                async with turn:
                    return await pool_of(entry, folder, answers, toolchain)

            return list(await asyncio.gather(*map(one, tasks)))
        finally:
            await asyncio.to_thread(chooser.close)


async def pool_of(
    entry: Mapping[str, object], folder: Path, answers: Sequence[Answer], toolchain: PythonToolchain
) -> Pool:
    task = task_of(folder, str(entry["prompt"]), str(entry["entry"]))
    lists = cast("Sequence[str]", entry["generated_tests"])[:MOST_AUTHORS]
    examples = tuple(
        Example(call=call, value=value, author=f"author-{number}")
        for number, text in enumerate(lists)
        for call, value in stated_examples(without_docstrings(text)) or ()
        if speaks_of(call, task.scope)
    )
    calls = tuple(dict.fromkeys(example.call for example in examples))
    found: list[ReplayedAnswer] = []
    known: dict[str, ReplayedAnswer] = {}
    for answer in answers:
        try:
            candidate = candidate_of(task, answer)
        except (ValueError, ExtractionFailed):
            none = Candidate(code="", text="", model=answer.model, attempt=1)
            found.append(ReplayedAnswer(candidate=none, compiles=False, right=answer.right))
            continue
        if candidate.text not in known:
            known[candidate.text] = ReplayedAnswer(
                candidate=candidate,
                compiles=True,
                right=answer.right,
                evidence=await toolchain.evidence(task, candidate),
                committee=Evidence(observed=await toolchain.observe(task, candidate, calls)),
            )
        found.append(replace(known[candidate.text], candidate=candidate, right=answer.right))
    return Pool(task=str(entry["id"]), played=tuple(found), examples=examples)


def without_docstrings(text: str) -> str:
    """An author's list without the task's own documentation, which it repeats: that is the user's."""
    parts = text.split('"""')
    return "\n".join(parts[::2])


def checks_of(pool: Pool, way: Way) -> tuple[Checks, list[tuple[ReplayedAnswer, CheckedCandidate]]]:
    """What the product knows when all have written, seen in one way."""
    checks = Checks(unfinished=True, by_method=pool.by_method)
    seen: list[tuple[ReplayedAnswer, CheckedCandidate]] = []
    for one in pool.played:
        if one.candidate.model == REFERENCE:
            continue
        raw = one.evidence if way.own else Evidence()
        status = BuildStatus.PASSED if one.compiles else BuildStatus.FAILED
        checked = CheckedCandidate(candidate=one.candidate, build=BuildReport(status=status, tool="python"), raw=raw)
        checks.learn(checked)
        if way.calls and one.compiles:
            checked = checks.observe(checked, committee_of(one).observed)
        seen.append((one, checked))
    if way.values:
        checks.committee.add(pool.examples)
    if not way.agree:
        checks.behaviours = type(checks.behaviours)()
    return checks, seen


def committee_of(one: ReplayedAnswer) -> Evidence:
    """What it gave to the committee's calls, as the product would have it."""
    return replace(one.committee, observed=tuple(replace(seen, source="committee") for seen in one.committee.observed))


def chosen(pool: Pool, way: Way, seed: int = 0) -> tuple[ReplayedAnswer, Evidence, tuple[AskedQuestion, ...]]:
    """Whom the product takes, with its evidence, and what it asked before. ``seed`` draws the user's slips."""
    checks, seen = checks_of(pool, way)
    asked: tuple[AskedQuestion, ...] = ()
    if way.questions:
        reference = next(one for one in pool.played if one.candidate.model == REFERENCE)
        known = reference.evidence if way.own else Evidence()
        known = replace(known, observed=(*known.observed, *committee_of(reference).observed))
        draw = random.Random(f"{pool.task} {seed}")
        user = User(most=way.questions, gives=reference_gives(known), slips=way.slips, draw=draw)
        asked = ask(checks, [checked for _, checked in seen], user)
    one, checked = max(seen, key=lambda pair: rank(pair[1], checks))
    return one, checks.settle(checked, last=True), asked


def mean_in_words(values: Sequence[float]) -> str:
    """``71% [62, 80] of 82``."""
    if not values:
        return "  - of 0"
    low, high = bootstrap([float(value) for value in values])
    return f"{fmean(values):4.0%} [{100 * low:.0f}, {100 * high:.0f}] of {len(values)}"


def table(pools: Sequence[Pool], ways: Sequence[Way]) -> None:
    candidates = [[one for one in pool.played if one.candidate.model != REFERENCE] for pool in pools]
    print(f"  {'the average answer':44} chosen right {fmean(fmean(o.right for o in each) for each in candidates):4.0%}")
    for way in ways:
        if way.slips:
            right = [fmean(chosen(pool, way, seed)[0].right for seed in range(DRAWS)) for pool in pools]
            print(f"  {way.name:44} chosen right {mean_in_words(right)}")
            continue
        ends = [chosen(pool, way) for pool in pools]
        taken = [one.right for one, evidence, _ in ends if accepted(one, evidence)]
        print(f"  {way.name:44} chosen right {mean_in_words([one.right for one, _, _ in ends])}")
        shares = mean_in_words([accepted(*end[:2]) for end in ends]), mean_in_words(taken)
        print(f"  {'':44} accepted     {shares[0]}, right {shares[1]}")
        if way.questions:
            print(f"  {'':44} {questions([asked for _, _, asked in ends])}")
    print(f"  {'the oracle':44} chosen right {mean_in_words([any(one.right for one in each) for each in candidates])}")


def questions(asked: Sequence[Sequence[AskedQuestion]]) -> str:
    """How often was asked, and what came of it."""
    each = [one for of_task in asked for one in of_task]
    effects = Counter(str(one.effect) for one in each)
    came = ", ".join(f"{effect} {count}" for effect, count in effects.most_common())
    return f"asked in {sum(map(bool, asked))} of {len(asked)} tasks: {came or 'nothing'}"


def accepted(one: ReplayedAnswer, evidence: Evidence) -> bool:
    """Whether its grade is at least ``supported``."""
    return one.compiles and evidence.grade is not None and evidence.grade.rank >= Grade.SUPPORTED.rank


def authors(pools: Sequence[Pool]) -> Iterator[str]:
    """What the committee's examples are worth by themselves."""
    reference = [next(one for one in pool.played if one.candidate.model == REFERENCE) for pool in pools]
    rights: list[bool] = []
    by_task: list[float] = []
    for pool, one in zip(pools, reference, strict=True):
        checks = Checks()
        checks.committee.add(pool.examples)
        judged = checks.committee.judge(REFERENCE, one.committee)
        rights += [each.passed for each in judged]
        if judged:
            by_task.append(fmean(each.passed for each in judged))
    count = sum(len(pool.examples) for pool in pools)
    yield f"{count} examples of {MOST_AUTHORS} lists; the reference passes {mean_in_words(rights)}"
    yield f"tasks with any: {len(by_task)}; of the mean task {fmean(by_task) if by_task else 0:.0%} are right"


def report(pools: Sequence[Pool]) -> None:
    """Print the tables."""
    models = len(LADDER)
    print(f"{len(pools)} tasks, {models} models, one answer each")
    for line in authors(pools):
        print(line)
    print("\nas they are:")
    table(pools, (*WAYS, *ASKING))
    bare = [pool for pool in pools if not any(one.evidence.results for one in pool.played)]
    if bare:
        print(f"\nthe {len(bare)} of them without an example that can be run:")
        table(bare, (*WAYS, *ASKING))
    print("\nwith the examples hidden:")
    table(pools, (*HIDDEN, *HIDDEN_ASKING))


def load(keep: Path) -> list[Pool]:
    entries: list[Any] = json.loads(keep.read_text("utf-8"))
    return [decode(Pool, entry) for entry in entries]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks, from the first")
    parser.add_argument("--jobs", type=int, default=2, help="at once")
    parser.add_argument("--keep", type=Path, help="a JSON file that keeps what each candidate answered")
    options = parser.parse_args(argv)
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
        return 0
    began = time.monotonic()
    if options.keep is not None and options.keep.is_file():
        pools = load(options.keep)
    else:
        pools = asyncio.run(replayed(options.tasks, options.jobs))
        if options.keep is not None:
            options.keep.write_text(json.dumps([encode(pool) for pool in pools]), "utf-8")
    report(pools)
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
