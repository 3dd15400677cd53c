"""Kotlin: its compiler on the document's module, with the jars that its build file names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.jdk import Jdk, find_jdk
from forge_lsp.checking.jvm.maven import Repositories
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.programs import in_time, not_found, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence, Observation
from forge_lsp.core.ports import Finding, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.kotlin import KOTLIN
from forge_lsp.languages.kotlin.compiler import INSTALL, SYNTAX, Kotlinc, command_of, find_compiler, problems_of
from forge_lsp.languages.kotlin.documented import KotlinDriver
from forge_lsp.languages.kotlin.forging import doubt_of
from forge_lsp.languages.kotlin.project_tests import KotlinTests
from forge_lsp.languages.kotlin.sources import MATTERS, Module, arguments_of, built_before, module_of, version_of
from forge_lsp.languages.kotlin.texts import IMPORT

__all__ = ["KotlinToolchain", "kotlin_findings"]

_FOLDER = PurePosixPath(".forge-check")
_ARGUMENTS = _FOLDER / "arguments"
_TOOL = "kotlinc"
_MULTIPLATFORM = re.compile(r"\bkotlin\(\s*[\"']multiplatform[\"']|org\.jetbrains\.kotlin\.multiplatform")
_HEADER = re.compile(r"(?:[ \t]*(?:import\b|package\b|@file:|#!|//)[^\n]*(?:\n|\Z)|[ \t]*\n)*")


class KotlinToolchain(LanguageToolchain):
    """Checks Kotlin documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``KOTLIN_HOME``, ``JAVA_HOME``.

    ``timeout`` in seconds, for one run of the compiler. It runs no project code: no annotation processors, no plugins.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._drivers = Drivers(sandbox, timeout=timeout)
        self._tests = KotlinTests(sandbox, timeout=timeout, runs=runs)
        driver = KotlinDriver(sandbox, timeout=timeout, environment=environment, drivers=self._drivers)
        self._examples = DocumentedExamples(sandbox, driver, doubt=_doubt, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault):
            return jdk.unverified(_TOOL)
        repositories = Repositories.of(self._environment)
        module = await asyncio.to_thread(module_of, place, f"{task.document.text}\n{text}", repositories)
        version = await asyncio.to_thread(version_of, place, module.build)
        compiler = await asyncio.to_thread(find_compiler, self._environment, repositories, version)
        if isinstance(compiler, Fault):
            return compiler.unverified(_TOOL)
        key = await tree_key(
            place,
            MATTERS,
            (jdk.javac, *compiler.jars[:1], *(jar for jar in module.build.jars if jar.is_absolute())),
            task.document.text,
            task.scope.range,
            module.files,
        )
        run = _Run(sandbox=self._sandbox, timeout=self._timeout, jdk=jdk, compiler=compiler, place=place, module=module)
        return await gate(task, text, str(place.document), run.check, self._baselines, key, _TOOL)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`: examples in the documentation, and the project's JUnit tests
        that speak of the document."""
        place = place_of(task)
        if place.document.suffix != ".kt":
            return Evidence()
        examples = await self._examples.run(task, candidate, place)
        return joined(examples, await self._tested(task, candidate, place))

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        return await self._examples.observe(task, candidate, place, calls) if place.document.suffix == ".kt" else ()

    @measured
    async def _tested(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault) or place.source is None:
            return Evidence()
        repositories = Repositories.of(self._environment)
        module = await asyncio.to_thread(module_of, place, task.document.text, repositories)
        version = await asyncio.to_thread(version_of, place, module.build)
        compiler = await asyncio.to_thread(find_compiler, self._environment, repositories, version)
        if isinstance(compiler, Fault):
            return Evidence()
        checker, _ = await self._drivers.of(jdk)
        return await self._tests.run(
            task,
            candidate,
            place,
            jdk=jdk,
            checker=checker,
            compiler=compiler,
            module=module,
            repositories=repositories,
        )


def _doubt(task: Task, candidate: Candidate) -> str | None:
    return doubt_of(task.document.text, candidate.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One document's checks: the same sources, with one text or another."""

    sandbox: Sandbox
    timeout: float
    jdk: Jdk
    compiler: Kotlinc
    place: Place
    module: Module

    async def check(self, text: str) -> CheckedTree:
        place, files = self.place, self.module.files
        script = place.document.suffix == ".kts"
        shown, shift = _script(text) if script else (text, 0)
        extra: dict[PurePosixPath, bytes | None] = {}
        if script:
            files = (_FOLDER / "Script.kt",)
            extra[files[0]] = shown.encode("utf-8", "surrogatepass")
        built = built_before(place, self.module)
        out = str(_FOLDER / "out")
        extra[_ARGUMENTS] = arguments_of(self.module, self.compiler, self.jdk, built, files, out)
        async with self.sandbox.open(place.tree(text, extra)) as box:
            result = await box.run(
                command_of(self.compiler, self.jdk, f"@{_ARGUMENTS}"),
                timeout=self.timeout,
                readable=(*self.jdk.readable, *self.compiler.readable, *self.module.folders),
            )
            root = str(box.root)
        in_time(result, "kotlinc", self.timeout)
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        known = {str(place.document): text, str(files[0]): shown}
        problems, other = problems_of(output, root, lambda path: known.get(str(path)) or place.text(path))
        if result.code not in (0, 1) or (result.code == 1 and not problems):
            words = other or output.strip() or "it said nothing"
            return CheckedTree(
                fault=Fault(reason=f"kotlinc failed: {words[-300:]}", remedy=f"kotlinc {place.document}")
            )
        if script:
            return _of_script(problems, str(place.document), str(files[0]), shift)
        problems = _without_consequences(problems, str(place.document), text)
        syntax = tuple(one for one in problems if one.code == SYNTAX and one.file == str(place.document))
        return CheckedTree(problems=syntax or problems, syntax=syntax, lacks=self._lacks(problems, text))

    def _lacks(self, problems: Sequence[Diagnostic], text: str) -> Fault | None:
        build = self.module.build
        if _MULTIPLATFORM.search(self.module.text):
            reason = "Kotlin Multiplatform: its targets are compiled by Gradle alone, so only what is common is checked"
            return Fault(reason=reason, remedy="./gradlew build") if problems else None
        for problem in problems:
            name = _unresolved_package(problem, str(self.place.document), text)
            if name is not None:
                where = f"{problem.file}:{problem.line}"
                lost = f" ({', '.join(build.missing[:3])} not fetched)" if build.missing else ""
                return Fault(
                    reason=f"package {name} does not exist ({where}){lost}, so its use is unchecked",
                    remedy=build.remedy or "put the jar that has it into libs/",
                )
        return None


def _script(text: str) -> tuple[str, int]:
    """A script as the body of a function, and by how much that moves the columns of the line where it begins."""
    head = _HEADER.match(text)
    at = head.end() if head is not None else 0
    opening = "fun script() { "
    lines = text[:at].count("\n")
    first = re.sub(r"^#!", "//", text[:at])
    return f"{first}{opening}{text[at:]}\n}}\n", -len(opening) if not lines else 0


def _of_script(problems: Sequence[Diagnostic], document: str, file: str, shift: int) -> CheckedTree:
    """Of a script no more than whether it parses: its names are known to the tool alone that runs it."""
    syntax = tuple(
        replace(one, file=document, column=max(one.column + (shift if one.line == 1 else 0), 1))
        for one in problems
        if one.code == SYNTAX and one.file == file
    )
    reason = "of a script only the syntax is checked: its names are known to the tool alone that runs it"
    return CheckedTree(
        problems=syntax, syntax=syntax, lacks=Fault(reason=reason, remedy=f"./gradlew help, for {document}")
    )


def _unresolved_package(problem: Diagnostic, document: str, text: str) -> str | None:
    """The package of an import of the document that nothing here has."""
    if problem.file != document or not problem.code.startswith("UNRESOLVED_"):
        return None
    lines = text.split("\n")
    line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
    match = IMPORT.match(line)
    if match is None:
        return None
    rest = line[problem.column - 1 : match.end("star") if match["star"] else match.end("name")]
    if "." not in rest:
        return None  # its last name: the package is there
    return match["name"] if match["star"] else match["name"].rpartition(".")[0]


def _without_consequences(problems: tuple[Diagnostic, ...], document: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` without those that say once more, at each use, that an import of the document is not there."""
    lines = text.split("\n")
    names: set[str] = set()
    for problem in problems:
        if problem.file == document and 0 < problem.line <= len(lines):
            match = IMPORT.match(lines[problem.line - 1])
            if match is not None and not match["star"] and problem.code.startswith("UNRESOLVED_"):
                names.add(match["alias"] or match["name"].rpartition(".")[2])
    said = re.compile(r"[Uu]nresolved reference:? '?(\w+)")

    def again(problem: Diagnostic) -> bool:
        found = said.search(problem.message)
        return problem.code == "UNRESOLVED_REFERENCE" and found is not None and found[1] in names

    return tuple(one for one in problems if one.file != document or not again(one))


async def kotlin_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the compiler."""
    jdk = find_jdk(environment)
    compiler = find_compiler(environment, Repositories.of(environment), None)
    for found in (jdk, compiler):
        if isinstance(found, Fault):
            return not_found(_TOOL, f"{found.reason}: Kotlin is not checked", found.remedy)
    assert isinstance(jdk, Jdk)
    assert isinstance(compiler, Kotlinc)
    (finding,) = await version_findings(
        sandbox,
        _TOOL,
        command_of(compiler, jdk, "-version"),
        (*jdk.readable, *compiler.readable),
        language=KOTLIN,
        remedy=INSTALL,
    )
    return (replace(finding, facts={**finding.facts, "path": compiler.where}) if finding.facts else finding,)
