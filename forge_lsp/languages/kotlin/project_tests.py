"""The project's JUnit tests that speak of a Kotlin document, before and after, test by test.

They are compiled by the Kotlin compiler and run by the JDK itself, with JUnit's own runner from the class path: Maven
and Gradle would want a network, or all of their folders.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.compiling import Compilation, JvmDocument
from forge_lsp.checking.jvm.frameworks import runnable
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Repositories
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
from forge_lsp.checking.suites import Memory, Suite, judged, not_run
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckResult
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.kotlin.building import classes_of, paths_of
from forge_lsp.languages.kotlin.choosing import (
    KOTEST,
    FileOfTests,
    chosen_tests,
    depends,
    files_of_tests,
    speaks,
)
from forge_lsp.languages.kotlin.compiler import Kotlinc
from forge_lsp.languages.kotlin.compiling import Compiled, compiled
from forge_lsp.languages.kotlin.forging import doubt_of
from forge_lsp.languages.kotlin.names import top_names
from forge_lsp.languages.kotlin.sources import Module, is_test
from forge_lsp.languages.kotlin.texts import declared, literals, package_of, words_of

__all__ = ["KotlinTests"]

_SUITE = "JUnit"
_MATTERS = (".kt", ".java", ".jar", ".xml", ".gradle", ".kts", ".properties", ".toml", ".json", ".csv", ".txt")
_BUILT = ("target/test-classes", "build/classes/kotlin/test", "build/classes/java/test", "build/tmp/kapt3/classes/test")
_MOST_BUILT = 2_000
_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One document's tests, and what they are compiled and run with. ``helpers`` are files that tests use."""

    task: Task
    setting: Setting
    module: Module
    compiler: Kotlinc
    checker: bytes
    tests: tuple[FileOfTests, ...]
    helpers: tuple[PurePosixPath, ...]
    callers: tuple[str, ...]

    def speaks(self, test: str) -> bool:
        return speaks(test, self.tests, self.task, self.setting.place.document.stem, self.callers)

    def depends(self, test: str) -> bool:
        return depends(test, self.tests, self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A text and its tests, compiled; ``checks`` are the tests that must fail."""

    compiled: Compiled
    checks: tuple[MustFail, ...]


class KotlinTests:
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
        compiler: Kotlinc,
        module: Module,
        repositories: Repositories,
    ) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`. ``checker`` is our compiled driver of javac."""
        started = time.perf_counter()
        build = module.build
        files = await asyncio.to_thread(files_of_tests, place)
        callers: tuple[str, ...] = ()
        tests = chosen_tests(task, place, build, files)
        if not tests:
            callers = await asyncio.to_thread(_callers, place, module, task)
            tests = chosen_tests(task, place, build, files, callers)
        if not tests:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the JUnit tests were not run", self._sandbox).blocked()
        results: tuple[CheckResult, ...] = ()
        if any(test.framework == KOTEST for test in tests):
            results = (not_run(KOTEST, "tests of Kotest are not run; JUnit's and kotlin.test's are"),)
        wanted = dict.fromkeys(test.framework for test in tests if test.framework != KOTEST)
        frameworks, jars, lacking = runnable(wanted, build, repositories)
        results = (*results, *lacking)
        tests = tuple(test for test in tests if test.framework in frameworks)
        doubt = None
        if tests:
            path, outside = paths_of(place, module, compiler, jars)
            mains = [file for file in module.files if not is_test(file)]
            setting = Setting(
                jdk=jdk,
                build=build,
                place=place,
                hidden=await asyncio.to_thread(_hidden, place, module, files),
                path=path,
                readable=(*jdk.readable, *outside),
                mains=(*mains, *(file.with_name(f"{file.stem}Kt.kt") for file in mains)),
                timeout=self._timeout,
            )
            chosen = {test.file for test in tests}
            used = {word for test in tests for word in words_of(test.text)}
            helpers = [file for file, text in files.items() if file not in chosen and declared(text) & used]
            work = _Work(
                task=task,
                setting=setting,
                module=module,
                compiler=compiler,
                checker=checker,
                tests=tests,
                helpers=tuple(file for file in helpers if file in module.files),
                callers=callers,
            )
            try:
                judgements, doubt = await self._judged(work, candidate)
            except EnvironmentFault as fault:
                return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
            results = (*judgements, *results)
        return Evidence(results=results, doubt=doubt, seconds=time.perf_counter() - started)

    async def _judged(self, work: _Work, candidate: Candidate) -> tuple[tuple[CheckResult, ...], str | None]:
        task, setting = work.task, work.setting
        names = [str(test.file) for test in work.tests]
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
        words = next((run.detail for run in done.left_out.values()), "")
        if done.archive is None:
            return SuiteRun(uncollected=done.left_out, words=words)
        classes = [tests for file in done.tests for tests in file.classes]
        where = ScopePlace(
            file=work.setting.place.document.name,
            package=package_of(text),
            lines=lines_of(work.task, candidate, text),
            tests=frozenset(tests.name for file in work.tests for tests in file.classes),
            untouched=text == work.task.document.text,
        )
        speaking = {name: work.depends(name) for tests in classes for name in tests.names}
        runner = Runner(self._sandbox, work.setting, untouched=text == work.task.document.text)
        runs = await runner.run(text, done.archive, classes, ready.checks, where, speaking, only)
        whole = {"": runs.pop("")} if "" in runs else {}
        return SuiteRun(runs=runs, uncollected={**done.left_out, **whole}, words=words)

    async def _compiled(self, work: _Work, text: str, key: str) -> _Ready:
        """The document's text and the tests, compiled; kept for the runs that follow."""
        known = f"{key}\0{text}"
        if known not in self._ready:
            written, checks = must_fail([tests for file in work.tests for tests in file.classes])
            own = {**written, **runner_sources({test.framework for test in work.tests})}

            async def compiler(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]) -> Compilation:
                return await self._compile(work, text, names, texts, own)

            place = work.setting.place
            subject = JvmDocument(
                file=place.document, text=text, untouched=work.task.document.text, scope=work.task.scope.name
            )
            others = [file for file in work.module.of(".kt")[1:] if not is_test(file)]
            done = await compiled(
                subject, work.tests, [*others, *work.helpers], compiler, remedy=work.setting.build.remedy
            )
            self._ready[known] = _Ready(compiled=done, checks=checks)
            while len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        return self._ready[known]

    async def _compile(
        self,
        work: _Work,
        text: str,
        names: Sequence[PurePosixPath],
        texts: Mapping[PurePosixPath, str],
        own: Mapping[PurePosixPath, bytes],
    ) -> Compilation:
        written = {file: content.encode("utf-8", "surrogatepass") for file, content in texts.items()}
        setting, module = work.setting, work.module
        return await classes_of(self._sandbox, setting, module, work.compiler, work.checker, text, names, written, own)


def _hidden(place: Place, module: Module, files: Mapping[PurePosixPath, str]) -> tuple[PurePosixPath, ...]:
    """The files that are not there while tests run, so that no code reads from them what is expected."""
    found = [*files, *(file for file in module.files if is_test(file))]
    for name in _BUILT:
        folder = module.build.folder / name
        if place.source is not None and (place.source / folder).is_dir():
            classes = sorted((place.source / folder).rglob("*.class"))[:_MOST_BUILT]
            found += [PurePosixPath(path.relative_to(place.source).as_posix()) for path in classes]
    return tuple(dict.fromkeys(file for file in found if file != place.document))


def _callers(place: Place, module: Module, task: Task) -> tuple[str, ...]:
    """What is declared in files that name the scope, one step away."""
    name = task.scope.name or place.document.stem
    files = [file for file in module.files[1:] if not is_test(file)]
    texts = [place.text(file) or "" for file in files]
    return tuple(dict.fromkeys(one for text in texts if name in words_of(text) for one in declared(text)))[:40]


def _doubts(work: _Work, candidate: Candidate, results: Sequence[CheckResult], before: SuiteRun) -> str | None:
    """Why no proof of the candidate is believed."""
    if not results:
        return None
    document = work.task.document.text
    said = [doubt_of(document, candidate.text, testing=is_test(work.setting.place.document))]
    held = [result.detail for result in results if result.status in AGAINST]
    untouched = {run.detail for run in before.all_runs}
    said += [words for words in (CHANGED, ENDS, TAMPERED) if words in held and words not in untouched]
    awaited = {name for run in before.all_runs for name in run.missing} | {work.task.scope.name}
    used = {word for test in work.tests for word in words_of(test.text)}
    hiding = sorted((top_names(candidate.text) - top_names(document)) & used - awaited)
    if hiding:
        said.append(f"the code declares `{hiding[0]}`, which hides what the tests use by that name")
    new = words_of(candidate.text) - words_of(document)
    new |= set(words_of(literals(candidate.text).replace('"', " "))) - set(
        words_of(literals(document).replace('"', " "))
    )
    if new & {file.stem for file in work.setting.hidden if file.suffix in (".kt", ".java")}:
        said.append("the code uses the tests")
    return "; ".join(dict.fromkeys(words for words in said if words)) or None
