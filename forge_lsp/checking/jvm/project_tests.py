"""JUnit tests that speak of a document, before and after, test by test.

They are compiled by the language's own compiler and run by the JDK itself, with JUnit's own runner from the class path:
Maven and Gradle would want a network, or all of their folders.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from forge_lsp.checking.jvm.compiling import CompiledTests, JvmDocument, TestFile
from forge_lsp.checking.jvm.results import ScopePlace, lines_of
from forge_lsp.checking.jvm.running import (
    CHANGED,
    ENDS,
    TAMPERED,
    MustFail,
    Runner,
    Setting,
    must_fail,
    runner_sources,
)
from forge_lsp.checking.project import tree_key
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import Memory, Suite, judged
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckResult
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.recent import Recent

__all__ = ["JvmTests", "TestedDocument"]

_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedDocument:
    """One document's tests, and what its language knows of them.

    ``matters`` are the ends of the names of files that tests may read. ``speaks`` says whether a test calls what is
    written, ``depends`` whether what it asserts comes of that. ``compiled`` compiles a text of the document with its
    tests and more sources of ours; it raises EnvironmentFault. ``doubts`` says why no proof of a candidate is believed,
    given the run of the untouched text.
    """

    task: Task
    setting: Setting
    tests: Sequence[TestFile]
    matters: tuple[str, ...]
    speaks: Callable[[str], bool]
    depends: Callable[[str], bool]
    package_of: Callable[[str], str]
    compiled: Callable[[JvmDocument, Mapping[PurePosixPath, bytes]], Awaitable[CompiledTests[Any]]]
    doubts: Callable[[Candidate, SuiteRun], Iterable[str | None]]


class JvmTests:
    """Runs tests; what they say of an untouched tree is kept. ``runs`` is where, for the next process."""

    def __init__(self, sandbox: Sandbox, *, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._memory = Memory(SuiteRun, runs)
        # Texts and their tests, compiled, with the tests that must fail.
        self._ready = Recent[str, tuple[CompiledTests[Any], tuple[MustFail, ...]]](_KEPT)

    async def run(
        self, document: TestedDocument, candidate: Candidate, lacking: Sequence[CheckResult] = ()
    ) -> Evidence:
        """Return what the tests say; ``lacking`` are results of those that cannot be run. Raises EnvironmentFault."""
        task, setting = document.task, document.setting
        jars = [jar for jar in setting.build.jars if jar.is_absolute()]
        names = [str(test.file) for test in document.tests]
        key = await tree_key(setting.place, document.matters, jars, task.document.text, task.scope.range, names)

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            return await self._run(document, candidate, text, only, key)

        suite = Suite(name="JUnit", key=key, run=run, speaks=document.speaks)
        results = await judged(suite, task, candidate, self._memory)
        before = await self._memory.get(key, lambda: run(task.document.text, None))
        held = {result.detail for result in results if result.status in AGAINST}
        held -= {run.detail for run in before.all_runs}
        said = [*document.doubts(candidate, before), *(words for words in (CHANGED, ENDS, TAMPERED) if words in held)]
        doubt = "; ".join(dict.fromkeys(words for words in said if words)) if results else ""
        return Evidence(results=(*results, *lacking), doubt=doubt or None)

    async def _run(
        self, document: TestedDocument, candidate: Candidate, text: str, only: Sequence[str] | None, key: str
    ) -> SuiteRun:
        task, setting = document.task, document.setting
        done, checks = await self._compiled(document, text, key)
        words = next((run.detail for run in done.left_out.values()), "")
        if done.archive is None:
            return SuiteRun(uncollected=done.left_out, words=words)
        classes = [tests for file in done.tests for tests in file.classes]
        untouched = text == task.document.text
        where = ScopePlace(
            file=setting.place.document.name,
            package=document.package_of(text),
            lines=lines_of(task, candidate, text),
            tests=frozenset(tests.name for file in document.tests for tests in file.classes),
            untouched=untouched,
        )
        depending = {name: document.depends(name) for tests in classes for name in tests.names}
        runner = Runner(self._sandbox, setting, untouched=untouched)
        runs = await runner.run(text, done.archive, classes, checks, where, depending, only)
        whole = {"": runs.pop("")} if "" in runs else {}
        return SuiteRun(runs=runs, uncollected={**done.left_out, **whole}, words=words)

    async def _compiled(
        self, document: TestedDocument, text: str, key: str
    ) -> tuple[CompiledTests[Any], tuple[MustFail, ...]]:
        """The document's text and the tests, compiled; kept for the runs that follow."""
        known = f"{key}\0{text}"
        if known not in self._ready:
            task = document.task
            written, checks = must_fail([tests for file in document.tests for tests in file.classes])
            own = {**written, **runner_sources({test.framework for test in document.tests})}
            subject = JvmDocument(
                file=document.setting.place.document,
                text=text,
                untouched=task.document.text,
                scope=task.scope.name,
            )
            self._ready[known] = await document.compiled(subject, own), checks
        return self._ready[known]
