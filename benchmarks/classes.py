"""Recorded answers to class-writing tasks, checked by the product and graded by their hidden tests."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.grades import Answer, Seen, candidate_of, seen_of
from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support import model_outputs
from tests.support.model_outputs import Case

__all__ = ["CLASS_LADDER", "checked_classes"]

CLASS_LADDER = (
    "codegeex2-6b",
    "instruct-starcoder-15b",
    "deepseek-coder-6.7b-instruct",
    "gpt-3.5-turbo",
    "gpt-4-turbo",
)
"""Five models of different makers, the weakest first; of each its likeliest answer (temperature 0)."""


async def checked_classes(count: int) -> dict[str, list[Seen]]:
    """Every task's answers, by task: of those whose reference passes its hidden tests here."""
    cases = model_outputs.cases()[:count]
    reference = {case.id: f"{case.imports}\n{case.reference}" for case in cases}
    passing = await asyncio.to_thread(lambda: model_outputs.right((case, reference[case.id]) for case in cases))
    sound = [case for case in cases if passing[case.id, reference[case.id]]]
    with tempfile.TemporaryDirectory() as temp:
        tasks = {case.id: _task(Path(temp) / case.id.lower(), case) for case in sound}
        answers = await asyncio.to_thread(_graded, sound, tasks)
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(temp) / "boxes"))
        try:
            toolchain = PythonToolchain(await chooser.choose(), timeout=30)
            turn = asyncio.Semaphore(2)

            async def one(case: Case) -> tuple[str, list[Seen]]:
                async with turn:
                    return case.id, await seen_of(tasks[case.id], answers[case.id], toolchain)

            return dict(await asyncio.gather(*map(one, sound)))
        finally:
            chooser.close()


def _task(folder: Path, case: Case) -> Task:
    """The class as a user would have it: with its documentation, and empty methods."""
    folder.mkdir(parents=True)
    path = folder / "stub.py"
    path.write_text(case.skeleton, "utf-8")
    start = case.skeleton.index(f"class {case.name}")
    return Task(
        document=Document(uri=path.as_uri(), language=PYTHON, text=case.skeleton, path=path),
        scope=Scope(
            kind=ScopeKind.DEFINITION,
            range=TextRange(start=start, end=len(case.skeleton.rstrip())),
            name=case.name,
            unfinished=True,
        ),
        instruction=f"Complete the class `{case.name}`.",
    )


def _graded(cases: Sequence[Case], tasks: dict[str, Task]) -> dict[str, list[Answer]]:
    """The ladder's answers with the hidden tests' word on each, by task."""
    by_id = {case.id: case for case in cases}
    found: dict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
    for one in model_outputs.recorded():
        if one.task in tasks and one.model in CLASS_LADDER and one.temperature == 0.0 and one.sample == 0:
            try:
                text = candidate_of(tasks[one.task], Answer(model=one.model, code=one.text, right=False)).text
            except (ValueError, ExtractionFailed):
                text = None
            found[one.task].append((one.model, one.text, text))
    truth = model_outputs.right(
        (by_id[task], text) for task, each in found.items() for _, _, text in each if text is not None
    )
    return {
        task: [
            Answer(model=model, code=said, right=text is not None and truth[task, text])
            for model, said, text in sorted(each, key=lambda one: CLASS_LADDER.index(one[0]))
        ]
        for task, each in found.items()
    }
