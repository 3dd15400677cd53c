"""The project's JUnit tests that speak of a Java document."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import measured
from forge_lsp.checking.jvm.compiling import Compilation, CompiledTests, JvmDocument
from forge_lsp.checking.jvm.frameworks import resources_of, runnable
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Build, Repositories
from forge_lsp.checking.jvm.project_tests import JvmTests, TestedDocument
from forge_lsp.checking.jvm.running import Setting
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.java.building import classes_of
from forge_lsp.languages.java.choosing import JUnitClass, chosen_tests, depends, files_of_tests, speaks
from forge_lsp.languages.java.compiling import compiled
from forge_lsp.languages.java.forging import doubt_of
from forge_lsp.languages.java.sources import Sources, class_path
from forge_lsp.languages.java.surroundings import MOST_MAINS, callers_of, hidden_files, mains_of
from forge_lsp.languages.java.texts import literals, package_of, types_of, unescaped, words_of

__all__ = ["JavaTests"]

_MATTERS = (".java", ".jar", ".xml", ".gradle", ".kts", ".properties", ".json", ".csv", ".txt")


class JavaTests:
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
        build: Build,
        sources: Sources,
        repositories: Repositories,
    ) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`. ``checker`` is our compiled driver of the compiler."""
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
        frameworks, jars, lacking = runnable((test.framework for test in tests), build, repositories)
        tests = tuple(test for test in tests if test.framework in frameworks)
        if not tests:
            return Evidence(results=lacking)
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
        stem = place.document.stem

        async def compile_(subject: JvmDocument, own: Mapping[PurePosixPath, bytes]) -> CompiledTests[JUnitClass]:
            async def compiler(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]) -> Compilation:
                written = {path: content.encode("utf-8", "surrogatepass") for path, content in texts.items()}
                return await classes_of(
                    self._sandbox, setting, sources, checker, subject.text, [*names, *own], {**own, **written}
                )

            others = [file for file in setting.mains if file != place.document]
            few = others if len(others) <= MOST_MAINS else []
            return await compiled(subject, tests, few, compiler, remedy=build.remedy)

        document = TestedDocument(
            task=task,
            setting=setting,
            tests=tests,
            matters=_MATTERS,
            speaks=lambda test: speaks(test, tests, task, stem, callers),
            depends=lambda test: depends(test, tests, task, stem),
            package_of=lambda text: package_of(text) or "",
            compiled=compile_,
            doubts=lambda candidate, before: _doubts(task, setting, tests, candidate, before),
        )
        return await self._tests.run(document, candidate, lacking)


def _doubts(
    task: Task, setting: Setting, tests: Sequence[JUnitClass], candidate: Candidate, before: SuiteRun
) -> Iterator[str | None]:
    """Why no proof of the candidate is believed."""
    document = task.document.text
    testing = bool({"test", "tests"} & set(setting.place.document.parts))
    yield doubt_of(document, candidate.text, testing=testing)
    awaited = {name for run in before.all_runs for name in run.missing}
    used = frozenset(word for test in tests for word in words_of(test.text))
    own = {setting.place.document.stem}
    hiding = sorted((types_of(candidate.text) - types_of(document)) & used - awaited - own)
    if hiding:
        yield f"the code declares `{hiding[0]}`, which hides the type of that name that the tests use"
    new = words_of(unescaped(candidate.text)) - words_of(document)
    new |= frozenset(re.findall(r"\w+", literals(candidate.text))) - frozenset(re.findall(r"\w+", literals(document)))
    if new & {file.stem for file in setting.hidden if file.suffix == ".java"}:
        yield "the code uses the tests"
