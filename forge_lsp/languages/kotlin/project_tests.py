"""The project's JUnit tests that speak of a Kotlin document."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import measured
from forge_lsp.checking.jvm.compiling import Compilation, CompiledTests, JvmDocument
from forge_lsp.checking.jvm.frameworks import runnable
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Repositories
from forge_lsp.checking.jvm.project_tests import JvmTests, TestedDocument
from forge_lsp.checking.jvm.running import Setting
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import not_run
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.kotlin.building import classes_of, paths_of
from forge_lsp.languages.kotlin.choosing import KOTEST, FileOfTests, chosen_tests, depends, files_of_tests, speaks
from forge_lsp.languages.kotlin.compiler import Kotlinc
from forge_lsp.languages.kotlin.compiling import compiled
from forge_lsp.languages.kotlin.forging import doubt_of
from forge_lsp.languages.kotlin.names import top_names
from forge_lsp.languages.kotlin.sources import Module, is_test
from forge_lsp.languages.kotlin.texts import declared, literals, package_of, words_of

__all__ = ["KotlinTests"]

_MATTERS = (".kt", ".java", ".jar", ".xml", ".gradle", ".kts", ".properties", ".toml", ".json", ".csv", ".txt")
_BUILT = ("target/test-classes", "build/classes/kotlin/test", "build/classes/java/test", "build/tmp/kapt3/classes/test")
_MOST_BUILT = 2_000


class KotlinTests:
    """Runs tests; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._tests = JvmTests(sandbox, runs=runs)

    @measured
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
        wanted = dict.fromkeys(test.framework for test in tests if test.framework != KOTEST)
        frameworks, jars, lacking = runnable(wanted, build, repositories)
        if any(test.framework == KOTEST for test in tests):
            lacking = (not_run(KOTEST, "tests of Kotest are not run; JUnit's and kotlin.test's are"), *lacking)
        tests = tuple(test for test in tests if test.framework in frameworks)
        if not tests:
            return Evidence(results=lacking)
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

        async def compile_(subject: JvmDocument, own: Mapping[PurePosixPath, bytes]) -> CompiledTests[FileOfTests]:
            async def compiler_(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]) -> Compilation:
                written = {file: content.encode("utf-8", "surrogatepass") for file, content in texts.items()}
                return await classes_of(
                    self._sandbox, setting, module, compiler, checker, subject.text, names, written, own
                )

            others = [file for file in module.of(".kt")[1:] if not is_test(file)]
            others += [file for file in helpers if file in module.files]
            return await compiled(subject, tests, others, compiler_, remedy=build.remedy)

        document = TestedDocument(
            task=task,
            setting=setting,
            tests=tests,
            matters=_MATTERS,
            speaks=lambda test: speaks(test, tests, task, place.document.stem, callers),
            depends=lambda test: depends(test, tests, task),
            package_of=package_of,
            compiled=compile_,
            doubts=lambda candidate, before: _doubts(task, setting, tests, candidate, before),
        )
        return await self._tests.run(document, candidate, lacking)


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


def _doubts(
    task: Task, setting: Setting, tests: Sequence[FileOfTests], candidate: Candidate, before: SuiteRun
) -> Iterator[str | None]:
    """Why no proof of the candidate is believed."""
    document = task.document.text
    yield doubt_of(document, candidate.text, testing=is_test(setting.place.document))
    awaited = {name for run in before.all_runs for name in run.missing} | {task.scope.name}
    used = {word for test in tests for word in words_of(test.text)}
    hiding = sorted((top_names(candidate.text) - top_names(document)) & used - awaited)
    if hiding:
        yield f"the code declares `{hiding[0]}`, which hides what the tests use by that name"
    new = words_of(candidate.text) - words_of(document)
    new |= set(words_of(literals(candidate.text).replace('"', " "))) - set(
        words_of(literals(document).replace('"', " "))
    )
    if new & {file.stem for file in setting.hidden if file.suffix in (".kt", ".java")}:
        yield "the code uses the tests"
