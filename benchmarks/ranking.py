"""Does agreement of different models choose right answers more often than examples alone?

    python benchmarks/ranking.py                    # a handful of tasks
    python benchmarks/ranking.py --full             # all tasks whose reference passes here
    python benchmarks/ranking.py --tasks 6 --keep FILE   # remember what the checks showed, for another look

Recorded answers of real models (``../shared/data/model-outputs``) are extracted, built and run in the sandbox by the
product's own Python toolchain, once each. Then the product's ranking chooses from many drawn pools of them, and hidden
tests say whether it chose well. Two kinds of pools: one answer of each of N models, and a rung of five samples of one
model after one answer each of five others. Three rankings: by examples alone, with agreement on what the examples'
calls give, and (the product's) with agreement on mutated calls as well. Shares are means over tasks; the difference
has a 95% interval by bootstrap over tasks.

Exits 1 when agreement chooses worse than examples alone, with the whole interval below zero; without the data it
says so and is skipped.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[1]))

from forge_lsp.core.attempt import BuildReport, Candidate, Evidence
from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.markers import MARKERS
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.agreement import Behaviours
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support import model_outputs
from tests.support.model_outputs import Case, Recorded

RANKINGS = ("examples", "their answers", "and mutated calls")
SAMPLED = ("gpt-3.5-turbo", "gemini-pro", "gpt-4", "chatgpt")
DRAWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer with what the checks showed of it."""

    recorded: Recorded
    checked: CheckedCandidate
    right: bool


class _Deaf(Behaviours):
    """Knows of no candidate: the ranking without agreement."""

    def learn(self, model: str, evidence: Evidence) -> None:
        del model, evidence


def task_of(case: Case, folder: Path) -> Task:
    """The task as the editor's request makes it, with the class selected, in a workspace of its own."""
    workspace = folder / case.id
    workspace.mkdir()
    path = workspace / f"{case.id.lower()}.py"
    path.write_text(case.skeleton, encoding="utf-8")
    document = Document(uri=path.as_uri(), language=PYTHON, text=case.skeleton, path=path)
    start = case.skeleton.index(f"class {case.name}")
    scope = Scopes(TreeSitterSyntax()).scope(document, TextRange(start=start, end=len(case.skeleton.rstrip())))
    return Task(document=document, scope=scope, instruction=f"Complete the class `{case.name}`.", workspace=workspace)


def candidates(task: Task, answers: Sequence[Recorded]) -> list[tuple[Recorded, Candidate]]:
    """Those answers that hold code, as the loop makes candidates of them."""
    syntax = TreeSitterSyntax()
    editing = Edits(syntax)
    found: list[tuple[Recorded, Candidate]] = []
    for one in answers:
        try:
            extracted = extract(one.text, task, syntax=syntax, markers=MARKERS)
        except ExtractionFailed:
            continue
        code = editing.finish(task, extracted.code)
        text = editing.splice(task, code, extracted.imports)
        found.append((one, Candidate(code=code, text=text, model=one.model, attempt=1, sample=one.sample + 1)))
    return found


async def look(chosen: Sequence[Case], options: argparse.Namespace) -> dict[str, list[Seen]]:
    """Check every answer to the tasks, each distinct text once."""
    known = {case.id: case for case in chosen}
    answers: dict[str, list[Recorded]] = {case.id: [] for case in chosen}
    for answer in model_outputs.recorded():
        if answer.task in known:
            answers[answer.task].append(answer)
    with tempfile.TemporaryDirectory(prefix="forge-ranking-") as name:
        folder = Path(name)
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=folder / "boxes"))
        try:
            toolchain = PythonToolchain(await chooser.choose(), timeout=60)
            gate = asyncio.Semaphore(options.jobs)

            async def check(task: Task, candidate: Candidate) -> tuple[BuildReport, Evidence]:
                async with gate:
                    build = await toolchain.build(task, candidate.text)
                    if build.compiled is False:
                        return build, Evidence()
                    return build, await toolchain.evidence(task, candidate)

            async def one(case: Case) -> tuple[str, list[tuple[Recorded, CheckedCandidate]]]:
                task = task_of(case, folder)
                made = candidates(task, answers[case.id])
                distinct = {candidate.text: candidate for _, candidate in made}
                results = await asyncio.gather(*(check(task, candidate) for candidate in distinct.values()))
                by_text = dict(zip(distinct, results, strict=True))
                return case.id, [
                    (
                        item,
                        CheckedCandidate(
                            candidate=candidate, build=by_text[candidate.text][0], raw=by_text[candidate.text][1]
                        ),
                    )
                    for item, candidate in made
                ]

            checked = dict(await asyncio.gather(*map(one, chosen)))
        finally:
            await asyncio.to_thread(chooser.close)
    truth = model_outputs.right(
        ((known[case], item.candidate.text) for case, pairs in checked.items() for _, item in pairs), jobs=options.jobs
    )
    return {
        case: [Seen(recorded=one, checked=item, right=truth[case, item.candidate.text]) for one, item in pairs]
        for case, pairs in checked.items()
    }


def choose(pool: Sequence[Seen], others: Sequence[Seen], ranking: str) -> Seen:
    """The best of ``pool`` by a ranking, when ``others`` were seen before."""
    checks = Checks()
    if ranking == "examples":
        checks.behaviours = _Deaf()

    def shown(one: Seen) -> CheckedCandidate:
        if ranking == "and mutated calls":
            return one.checked
        return replace(one.checked, raw=replace(one.checked.raw, observed=()))

    for one in (*others, *pool):
        checks.learn(shown(one))
    return max(pool, key=lambda one: rank(shown(one), checks))


def several_models(seen: Sequence[Seen], many: int, draw: random.Random) -> tuple[list[Seen], list[Seen]] | None:
    """One answer of each of ``many`` models; nothing before."""
    first = {one.recorded.model: one for one in reversed(seen) if one.recorded.sample == 0}
    names = draw.sample(sorted(first), min(many, len(first)))
    return ([first[name] for name in names], []) if len(names) > 1 else None


def samples(seen: Sequence[Seen], model: str, draw: random.Random) -> tuple[list[Seen], list[Seen]] | None:
    """The samples of one model, after one answer of each of five others."""
    pool = [one for one in seen if one.recorded.model == model][-5:]
    first = {one.recorded.model: one for one in reversed(seen) if one.recorded.sample == 0}
    names = draw.sample(sorted(first.keys() - {model}), min(5, len(first.keys() - {model})))
    return (pool, [first[name] for name in names]) if len({one.checked.candidate.text for one in pool}) > 1 else None


def tell(label: str, pools: Sequence[Sequence[tuple[list[Seen], list[Seen]]]]) -> bool:
    """A row of the table from each task's pools. False: agreement is certainly worse than examples alone."""
    rows: dict[str, list[float]] = {name: [] for name in ("average", *RANKINGS, "oracle")}
    for drawn in pools:
        if not drawn:
            continue
        rows["average"].append(fmean(fmean(one.right for one in pool) for pool, _ in drawn))
        rows["oracle"].append(fmean(any(one.right for one in pool) for pool, _ in drawn))
        for ranking in RANKINGS:
            rows[ranking].append(fmean(choose(pool, others, ranking).right for pool, others in drawn))
    tasks = len(rows["oracle"])
    if not tasks:
        print(f"{label:34} nothing to choose from")
        return True
    gains = [mine - theirs for mine, theirs in zip(rows[RANKINGS[-1]], rows[RANKINGS[0]], strict=True)]
    low, high = bootstrap(gains)
    cells = "".join(f"{fmean(values):>19.1%}" for values in rows.values())
    print(f"{label:34}{tasks:>6}{cells}   {100 * fmean(gains):+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]")
    return high >= 0


def bootstrap(values: Sequence[float], rounds: int = 2000) -> tuple[float, float]:
    """The 95% percentile interval of the mean."""
    draw = random.Random(1)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(rounds))
    return means[int(rounds * 0.025)], means[int(rounds * 0.975)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="which tasks, and which pools")
    parser.add_argument("--full", action="store_true", help="all tasks")
    parser.add_argument("--jobs", type=int, default=2, help="at once")
    parser.add_argument("--keep", type=Path, help="where to remember what the checks showed")
    options = parser.parse_args()
    if (reason := model_outputs.absent()) is not None:
        print(f"skipped: {reason}")
        return 0
    began = time.monotonic()
    if options.keep is not None and options.keep.is_file():
        seen: dict[str, list[Seen]] = pickle.loads(options.keep.read_bytes())
    else:
        chosen = list(model_outputs.cases())
        passes = model_outputs.right([(case, case.reference) for case in chosen], jobs=options.jobs)
        chosen = [case for case in chosen if passes[case.id, case.reference]]
        if not options.full:
            random.Random(options.seed).shuffle(chosen)
            chosen = chosen[: options.tasks]
        seen = asyncio.run(look(chosen, options))
        if options.keep is not None:
            options.keep.write_bytes(pickle.dumps(seen))
    print(f"{'chosen from':34}{'tasks':>6}" + "".join(f"{name:>19}" for name in ("average", *RANKINGS, "oracle")))
    kept = True
    for many in (3, 5, 9):
        draw = random.Random(options.seed)
        drawn = [[several_models(one, many, draw) for _ in range(DRAWS)] for one in seen.values()]
        kept &= tell(f"one answer of each of {many} models", [[p for p in each if p is not None] for each in drawn])
    for model in SAMPLED:
        draw = random.Random(options.seed)
        drawn = [[samples(one, model, draw) for _ in range(DRAWS)] for one in seen.values()]
        kept &= tell(f"five samples of {model}", [[p for p in each if p is not None] for each in drawn])
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
