"""The project's JUnit tests that speak of the document, before and after, test by test.

They are compiled and run by the JDK itself, with JUnit's own runner from the class path: Maven and Gradle would want a
network, or all of their folders.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.compiling import Compilation, JvmDocument
from forge_lsp.checking.jvm.frameworks import resources_of, runnable
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Build, Repositories
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
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import Memory, Suite, judged
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckResult
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.java.building import classes_of
from forge_lsp.languages.java.choosing import JUnitClass, chosen_tests, depends, files_of_tests, speaks
from forge_lsp.languages.java.compiling import Compiled, compiled
from forge_lsp.languages.java.forging import doubt_of
from forge_lsp.languages.java.sources import Sources, class_path
from forge_lsp.languages.java.surroundings import (
    MOST_MAINS,
    callers_of,
    hidden_files,
    mains_of,
)
from forge_lsp.languages.java.texts import literals, package_of, types_of, unescaped, words_of

__all__ = ["JavaTests"]

_SUITE = "JUnit"
_MATTERS = (".java", ".jar", ".xml", ".gradle", ".kts", ".properties", ".json", ".csv", ".txt")
_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One document's tests, and what they are compiled and run with."""

    task: Task
    setting: Setting
    checker: bytes
    sources: Sources
    tests: tuple[JUnitClass, ...]
    callers: tuple[str, ...]

    def speaks(self, test: str) -> bool:
        return speaks(test, self.tests, self.task, self.setting.place.document.stem, self.callers)

    def depends(self, test: str) -> bool:
        return depends(test, self.tests, self.task, self.setting.place.document.stem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A text and its tests, compiled; ``checks`` are the tests that must fail."""

    compiled: Compiled
    checks: tuple[MustFail, ...]


class JavaTests:
    """Runs tests; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(SuiteRun, runs)
        self._ready: OrderedDict[str, _Ready] = OrderedDict()

    async def run(
        self,
        task: Task,
        candidate: Candidate,
        place: Place,
        *,
        jdk: Jdk,
        checker: bytes,
        build: Build,
        sources: Sources,
        repositories: Repositories,
    ) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`. ``checker`` is our compiled driver of the compiler."""
        started = time.perf_counter()
        files = await asyncio.to_thread(files_of_tests, place)
        callers: tuple[str, ...] = ()
        tests = chosen_tests(task, place, build, files)
        if not tests:
            callers = await asyncio.to_thread(callers_of, place, sources, files)
            tests = chosen_tests(task, place, build, files, callers)
        if not tests:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the JUnit tests were not run", self._sandbox).blocked()
        frameworks, jars, results = runnable((test.framework for test in tests), build, repositories)
        tests = tuple(test for test in tests if test.framework in frameworks)
        doubt = None
        if tests:
            path = [*resources_of(place, build), *class_path(place, build), *map(str, jars)]
            absolute = [jar.parent for jar in (*build.jars, *jars) if jar.is_absolute()]
            setting = Setting(
                jdk=jdk,
                build=build,
                place=place,
                hidden=await asyncio.to_thread(hidden_files, place, build, files),
                path=tuple(dict.fromkeys(path)),
                readable=(*jdk.readable, *dict.fromkeys(absolute)),
                mains=await asyncio.to_thread(mains_of, place, build, files),
                timeout=self._timeout,
            )
            work = _Work(task=task, setting=setting, checker=checker, sources=sources, tests=tests, callers=callers)
            try:
                judgements, doubt = await self._judged(work, candidate)
            except EnvironmentFault as fault:
                return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
            results = (*judgements, *results)
        return Evidence(results=results, doubt=doubt, seconds=time.perf_counter() - started)

    async def _judged(self, work: _Work, candidate: Candidate) -> tuple[tuple[CheckResult, ...], str | None]:
        task, setting = work.task, work.setting
        names = [test.name for test in work.tests]
        jars = [jar for jar in setting.build.jars if jar.is_absolute()]
        key = await tree_key(setting.place, _MATTERS, jars, task.document.text, task.scope.range, names)

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            return await self._run(work, candidate, text, only, key)

        suite = Suite(name=_SUITE, key=key, run=run, speaks=work.speaks)
        results = await judged(suite, task, candidate, self._memory)
        before = await self._memory.get(key, lambda: run(task.document.text, None))
        return results, _doubts(work, candidate, results, before)

    async def _run(
        self, work: _Work, candidate: Candidate, text: str, only: Sequence[str] | None, key: str
    ) -> SuiteRun:
        ready = await self._compiled(work, text, key)
        done = ready.compiled
        if done.archive is None:
            return SuiteRun(uncollected=done.left_out, words=_first_words(done))
        where = ScopePlace(
            file=work.setting.place.document.name,
            package=package_of(text) or "",
            lines=lines_of(work.task, candidate, text),
            tests=frozenset(test.name for test in work.tests),
            untouched=text == work.task.document.text,
        )
        names = [test.test(method) for test in done.tests for method in test.methods]
        speaking = {name: work.depends(name) for name in names}
        runner = Runner(self._sandbox, work.setting, untouched=text == work.task.document.text)
        runs = await runner.run(text, done.archive, done.tests, ready.checks, where, speaking, only)
        whole = {"": runs.pop("")} if "" in runs else {}
        return SuiteRun(runs=runs, uncollected={**done.left_out, **whole}, words=_first_words(done))

    async def _compiled(self, work: _Work, text: str, key: str) -> _Ready:
        """The document's text and the tests, compiled; kept for the runs that follow."""
        known = f"{key}\0{text}"
        if known not in self._ready:
            written, checks = must_fail(work.tests)
            own = {**written, **runner_sources({test.framework for test in work.tests})}

            async def compiler(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]) -> Compilation:
                return await self._compile(work, text, [*names, *own], {**own, **_encoded(texts)})

            place = work.setting.place
            subject = JvmDocument(
                file=place.document, text=text, untouched=work.task.document.text, scope=work.task.scope.name
            )
            others = [file for file in work.setting.mains if file != place.document]
            remedy = work.setting.build.remedy
            few = others if len(others) <= MOST_MAINS else []
            done = await compiled(subject, work.tests, few, compiler, remedy=remedy)
            self._ready[known] = _Ready(compiled=done, checks=checks)
            while len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        return self._ready[known]

    async def _compile(
        self, work: _Work, text: str, names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, bytes]
    ) -> Compilation:
        return await classes_of(self._sandbox, work.setting, work.sources, work.checker, text, names, texts)


def _encoded(texts: Mapping[PurePosixPath, str]) -> dict[PurePosixPath, bytes]:
    return {path: content.encode("utf-8", "surrogatepass") for path, content in texts.items()}


def _first_words(done: Compiled) -> str:
    return next((run.detail for run in done.left_out.values()), "")


def _doubts(work: _Work, candidate: Candidate, results: Sequence[CheckResult], before: SuiteRun) -> str | None:
    """Why no proof of the candidate is believed."""
    if not results:
        return None
    document = work.task.document.text
    testing = bool({"test", "tests"} & set(work.setting.place.document.parts))
    said = [doubt_of(document, candidate.text, testing=testing)]
    held = [result.detail for result in results if result.status in AGAINST]
    untouched = {run.detail for run in before.all_runs}
    said += [words for words in (CHANGED, ENDS, TAMPERED) if words in held and words not in untouched]
    awaited = {name for run in before.all_runs for name in run.missing}
    used = frozenset(word for test in work.tests for word in words_of(test.text))
    own = {work.setting.place.document.stem}
    hiding = sorted((types_of(candidate.text) - types_of(document)) & used - awaited - own)
    if hiding:
        said.append(f"the code declares `{hiding[0]}`, which hides the type of that name that the tests use")
    new = words_of(unescaped(candidate.text)) - words_of(document)
    new |= frozenset(re.findall(r"\w+", literals(candidate.text))) - frozenset(re.findall(r"\w+", literals(document)))
    if new & {file.stem for file in work.setting.hidden if file.suffix == ".java"}:
        said.append("the code uses the tests")
    return "; ".join(words for words in said if words) or None
