"""What an accepted answer is worth, by grade of proof: recorded answers of five models to the Python half of HumanEval.

The data (``../shared/data/functions``, or where ``TESTS_FUNCTIONS`` says) are stubs with their documentation and real
answers that are graded by hidden tests. Every answer is extracted, put into the stub and checked by the product (the
examples of the documentation, in the sandbox, before and after) and judged by its rule; a panel that always says yes
stands in for reviewers, so that checks alone decide. Played as a ladder, the weakest model first: the first answer that
nothing speaks against is accepted.

Prints, by the least grade asked for, how many tasks end accepted (coverage) and how many of these are right, with 95%
intervals; beside them the first answer, the best single model, and any right answer (oracle). Exits 1 when more than 2%
of the right answers are refused by the rule, tasks aside whose reference fails their own examples.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence
from forge_lsp.core.checks import Grade
from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support.intervals import share

DATA = Path(os.environ.get("TESTS_FUNCTIONS") or Path(__file__).parents[2] / "shared/data/functions")
LADDER = ("starcoder", "codellama", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-1106", "gpt-4-1106-preview")
REFERENCE = "reference"
MOST_REFUSED = 0.02
SYNTAX = TreeSitterSyntax()
EDITS = Edits(SYNTAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One recorded answer, as it was sent; ``right`` by the hidden tests."""

    model: str
    code: str
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer and what its checks showed: as they told it (``checked``), and judged when all answers of the task were
    known (``evidence``)."""

    answer: Answer
    checked: CheckedCandidate
    evidence: Evidence

    @property
    def compiles(self) -> bool:
        """Whether the document with it in place does."""
        return self.checked.build.compiled is True

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return self.compiles and self.evidence.grade is not None


def lines(name: str) -> Iterator[dict[str, object]]:
    """The objects of one data file."""
    with lzma.open(DATA / name, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def fenced(code: object) -> str:
    """Code as a model would send it."""
    return f"```python\n{code}\n```"


def task_of(folder: Path, prompt: str, entry: str) -> Task:
    """The stub as a user would have it."""
    text = prompt.rstrip() + "\n    raise NotImplementedError\n"
    path = folder / "stub.py"
    path.write_text(text, "utf-8")
    start = text.rindex(f"def {entry}(")
    return Task(
        document=Document(uri=path.as_uri(), language=PYTHON, text=text, path=path),
        scope=Scope(
            kind=ScopeKind.DEFINITION,
            range=TextRange(start=start, end=len(text.rstrip())),
            name=entry,
            unfinished=True,
        ),
        instruction=f"Implement `{entry}`.",
    )


def candidate_of(task: Task, answer: Answer) -> Candidate:
    """What the product takes of an answer. Raises ExtractionFailed, or ValueError for a text that does not parse."""
    found = extract(answer.code, task, syntax=SYNTAX)
    code = EDITS.finish(task, found.code)
    text = EDITS.splice(task, code, found.imports)
    try:
        compile(text, "answer.py", "exec")
    except SyntaxError as error:
        raise ValueError(str(error)) from None
    return Candidate(code=code, imports=found.imports, text=text, model=answer.model, attempt=1)


async def seen_of(task: Task, answers: Sequence[Answer], toolchain: PythonToolchain) -> list[Seen]:
    """All answers to one task, checked and judged together."""
    checks = Checks(unfinished=True)
    checked: list[tuple[Answer, CheckedCandidate]] = []
    for answer in answers:
        candidate = Candidate(code="", text="", model=answer.model, attempt=1)
        try:
            candidate = candidate_of(task, answer)
        except (ValueError, ExtractionFailed):
            build, raw = BuildReport(status=BuildStatus.FAILED, tool="python"), Evidence()
        else:
            build = BuildReport(status=BuildStatus.PASSED, tool="python")
            raw = await toolchain.evidence(task, candidate)
        one = CheckedCandidate(candidate=candidate, build=build, raw=raw)
        checked.append((answer, one))
        if answer.model != REFERENCE:
            checks.learn(one)
    return [Seen(answer=answer, checked=one, evidence=checks.settle(one, last=True)) for answer, one in checked]


async def run(count: int) -> dict[str, list[Seen]]:
    """Every task's answers, the reference first."""
    tasks = [task for task in lines("tasks.jsonl.xz") if str(task["id"]).startswith("python/")][:count]
    recorded: dict[str, list[Answer]] = defaultdict(list)
    for one in lines("answers.jsonl.xz"):
        answer = Answer(model=str(one["model"]), code=fenced(one["code"]), right=bool(one["right"]))
        recorded[str(one["task"])].append(answer)
    found: dict[str, list[Seen]] = {}
    with tempfile.TemporaryDirectory() as temp:
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(temp) / "boxes"))
        try:
            toolchain = PythonToolchain(await chooser.choose(), timeout=30)
            turn = asyncio.Semaphore(2)

            async def one(task: dict[str, object]) -> None:
                key = str(task["id"])
                folder = Path(temp) / key.replace("/", "-")
                folder.mkdir()
                stub = task_of(folder, str(task["prompt"]), str(task["entry"]))
                answers = sorted(recorded[key], key=lambda answer: LADDER.index(answer.model))
                reference = Answer(model=REFERENCE, code=fenced(task["reference"]), right=True)
                async with turn:
                    found[key] = await seen_of(stub, [reference, *answers], toolchain)

            async with asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(one(task))
        finally:
            chooser.close()
    return found


def report(found: dict[str, list[Seen]]) -> int:
    """Print the tables. 1: too many right answers are refused."""
    pools = {key: seen[1:] for key, seen in found.items()}
    total = len(pools)
    print(f"{total} tasks, {sum(map(len, pools.values()))} answers of {len(LADDER)} models\n")
    print(f"{'first answer of the weakest model':40} right    {share(_firsts(pools, LADDER[0]), total)}")
    best = max(LADDER, key=lambda model: _firsts(pools, model))
    print(f"{'best single model: ' + best:40} right    {share(_firsts(pools, best), total)}")
    oracle = sum(any(seen.answer.right for seen in pool) for pool in pools.values())
    print(f"{'any of them (oracle)':40} right    {share(oracle, total)}\n")
    for least in Grade:
        accepted = [
            next((seen for seen in pool if seen.accepted and _grade(seen).rank >= least.rank), None)
            for pool in pools.values()
        ]
        taken = [seen for seen in accepted if seen is not None]
        print(f"{f'accept.proof = {least}':40} coverage {share(len(taken), total)}")
        print(f"{'':40} right    {share(sum(seen.answer.right for seen in taken), len(taken))}")
    print()
    by_grade: dict[str, list[bool]] = defaultdict(list)
    for pool in pools.values():
        for seen in pool:
            by_grade[str(seen.evidence.grade or "none") if seen.compiles else "does not compile"].append(
                seen.answer.right
            )
    for grade, rights in sorted(by_grade.items()):
        print(f"{f'of all answers with grade {grade}':40} right    {share(sum(rights), len(rights))}")
    sound = {key for key, seen in found.items() if seen[0].accepted}
    right = [seen for key in sound for seen in pools[key] if seen.answer.right]
    refused = [seen for seen in right if not seen.accepted]
    print(f"\nright answers refused, where the reference meets its own examples: {share(len(refused), len(right))}")
    print(f"tasks whose reference does not: {', '.join(sorted(found.keys() - sound)) or 'none'}")
    for key in sorted(sound):
        for seen in pools[key]:
            if seen.answer.right and not seen.accepted:
                against = "; ".join(f"{one.status}: {one.source} ({one.detail})" for one in seen.evidence.results)
                print(f"  {key} of {seen.answer.model}: {against[:300]} {seen.evidence.doubt or ''}")
    return 1 if right and len(refused) > MOST_REFUSED * len(right) else 0


def _grade(seen: Seen) -> Grade:
    assert seen.evidence.grade is not None, "asked for accepted ones only"
    return seen.evidence.grade


def _firsts(pools: dict[str, list[Seen]], model: str) -> int:
    firsts = (next((one.answer.right for one in pool if one.answer.model == model), False) for pool in pools.values())
    return sum(firsts)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks, from the first")
    options = parser.parse_args()
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
        return 0
    return report(asyncio.run(run(options.tasks)))


if __name__ == "__main__":
    sys.exit(main())
