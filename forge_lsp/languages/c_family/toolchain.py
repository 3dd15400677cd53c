"""C and C++: gcc or clang, ``-fsyntax-only``, of the document and of what includes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.compiled import probe_of
from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import CheckedTree, Fault, gate
from forge_lsp.checking.language_toolchain import DocumentedToolchain
from forge_lsp.checking.programs import not_found, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Box, Finding, ProcessResult, Sandbox, Tree
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family import C
from forge_lsp.languages.c_family.compilers import (
    SYNTAX,
    Compiler,
    find_compiler,
    flavour,
    missing_header,
    problems_of,
)
from forge_lsp.languages.c_family.documented import CFamilyDriver, doubt
from forge_lsp.languages.c_family.flags import SOURCES, Flags, flags_of, outside_folders
from forge_lsp.languages.c_family.packages import package_of
from forge_lsp.languages.c_family.project_tests import CFamilyTests
from forge_lsp.languages.c_family.scanning import functions_in
from forge_lsp.languages.c_family.symbols import DEFINED, NEEDED, NM, lost, symbols_in
from forge_lsp.languages.c_family.units import MATTERS, Units, units_of
from forge_lsp.recent import Recent

__all__ = ["CFamilyToolchain", "findings"]

_OPTIONS = (".json", "akefile", "CMakeLists.txt", ".mk", ".cmake")
_OUTSIDE = re.compile(r"^[ \t]*#[ \t]*(?:include|embed|import)[ \t]*[<\"](?:/|~|(?:\.\./){2,})|\.incbin", re.M)
_REMEMBERED = 32


class CFamilyToolchain(DocumentedToolchain):
    """Checks C and C++ documents. ``environment`` is the server's own (``PATH``).

    ``timeout`` in seconds, for one run of the compiler. Compilers run no code of a project, and of its flags only
    harmless ones are passed; a file that a text includes is read, so that outside of a sandbox a text that
    includes files from elsewhere is not compiled.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._tests = CFamilyTests(sandbox, timeout=timeout, runs=runs)
        driver = CFamilyDriver(sandbox, timeout=timeout, environment=environment)
        self._examples = DocumentedExamples(sandbox, driver, doubt=doubt, runs=runs)
        self._compilers: dict[tuple[Path, Language], Compiler] = {}
        # What the document of an untouched tree defines for others, by its fingerprint.
        self._symbols = Recent[str, frozenset[str]](_REMEMBERED)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        units = await asyncio.to_thread(units_of, place, task.document.language)
        flags = await asyncio.to_thread(flags_of, place, units.files, units.languages)
        clang = any(one.clang for one in flags.values())
        tool = "gcc" if units.language is C else "g++"
        compilers: dict[Language, Compiler] = {}
        for language in sorted({units.language, *units.languages.values()}, key=str):
            found = find_compiler(language, self._environment, clang=clang)
            if isinstance(found, Fault) and language is not units.language:
                continue
            try:
                known = found if isinstance(found, Fault) else await self._asked(found, language)
            except EnvironmentFault as fault:
                known = Fault.of(fault)
            if isinstance(known, Fault):
                return known.unverified(tool)
            compilers[language] = known
        tool = compilers[units.language].name
        if not self._sandbox.runs_project_code and _OUTSIDE.search(text):
            return Fault(
                reason="no sandbox works here, and the text includes a file from outside of the project",
                remedy=self._sandbox.remedy or "forge-lsp doctor",
            ).unverified(tool)
        extra = [compiler.path for compiler in compilers.values()]
        databases = {one.database for one in flags.values() if one.database is not None}
        if place.source is not None:
            extra += [place.source / database for database in sorted(databases)]
        key = await tree_key(place, (*MATTERS, *_OPTIONS), extra, task.document.text, task.scope.range)
        run = _Run(
            sandbox=self._sandbox,
            timeout=self._timeout,
            place=place,
            units=units,
            flags=flags,
            compilers=compilers,
            untouched=task.document.text,
            symbols=self._symbols.get(key),
        )
        report = await gate(
            task,
            text,
            str(place.document),
            run.check,
            self._baselines,
            key,
            tool,
            probe=probe_of(
                task,
                text,
                ((one.name, one.body) for one in functions_in(text)),
                document=str(place.document),
                remedy="define the macro in the flags of the build: compile_commands.json, or CFLAGS",
            ),
        )
        if run.symbols is not None:
            self._symbols[key] = run.symbols
        return report

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`: the project's own tests, where they speak of the scope, and the
        examples in its documentation."""
        place = place_of(task)
        tests = await self._tests.run(task, candidate, place)
        return joined(tests, await self._examples.run(task, candidate, place))

    async def _asked(self, path: Path, language: Language) -> Compiler:
        """The compiler with its flavour, which is asked once. Raises EnvironmentFault."""
        known = self._compilers.get((path, language))
        if known is None:
            probe = Compiler(path=path, language=language, clang=False, json=False)
            async with self._sandbox.open(Tree(source=None, files={})) as box:
                result = await box.run((str(path), "--version"), timeout=self._timeout, readable=probe.readable)
            if result.code != 0:
                words = result.stderr.decode("utf-8", "replace").strip()[-200:]
                mac = "xcode-select --install" if "xcode" in words.lower() or "xcrun" in words else None
                raise EnvironmentFault(f"{path.name} does not run: {words}", remedy=mac or f"{path.name} --version")
            first = result.stdout.decode("utf-8", "replace").split("\n", 1)[0]
            known = self._compilers[path, language] = flavour(path, language, first)
        return known


@dataclass(slots=True, kw_only=True)
class _Run:
    """One document's checks: the same files, with one text or another. ``symbols`` are those of the untouched tree."""

    sandbox: Sandbox
    timeout: float
    place: Place
    units: Units
    flags: Mapping[PurePosixPath, Flags]
    compilers: Mapping[Language, Compiler]
    untouched: str
    symbols: frozenset[str] | None
    _seen: dict[str, CheckedTree] = field(default_factory=dict[str, CheckedTree])

    async def check(self, text: str) -> CheckedTree:
        document = str(self.place.document)
        problems: list[Diagnostic] = []
        async with self.sandbox.open(self.place.tree(text)) as box:
            root = str(box.root)
            for (flags, language), files in self._groups(root).items():
                compiler = self.compilers[language]
                command = compiler.command(flags, [f"{root}/{file}" for file in files], header=self.units.header)
                result = await self._run(box, compiler, command)
                output = result.stderr.decode("utf-8", "replace")
                found = problems_of(
                    output, root, compiler.name, lambda path: text if str(path) == document else self.place.text(path)
                )
                if result.code != 0 and not found:
                    reason = f"{compiler.name} failed: {output.strip()[-300:] or f'exit code {result.code}'}"
                    return CheckedTree(fault=Fault(reason=reason, remedy=f"{command[0]} -fsyntax-only {files[0]}"))
                problems += found
            if not problems and not self.units.header:
                problems += await self._links(box, text, root)
        every = tuple(dict.fromkeys(problems))
        here = [problem for problem in every if problem.file == document]
        syntax = tuple(problem for problem in here if SYNTAX.match(problem.message))
        return CheckedTree(problems=every, syntax=syntax, lacks=self._lacks(every, document))

    def _groups(self, root: str) -> dict[tuple[tuple[str, ...], Language], list[PurePosixPath]]:
        """The files by the flags and the language that they are compiled with."""
        groups: dict[tuple[tuple[str, ...], Language], list[PurePosixPath]] = {}
        for file in self.units.files:
            language = self.units.languages[file]
            if language in self.compilers:
                groups.setdefault((self.flags[file].at(root), language), []).append(file)
        return groups

    async def _run(self, box: Box, compiler: Compiler, command: Sequence[str]) -> ProcessResult:
        outside = outside_folders(command, self.place.source)
        return await run_tool(
            box, compiler.name, command, timeout=self.timeout, readable=(*compiler.readable, *outside)
        )

    async def _links(self, box: Box, text: str, root: str) -> list[Diagnostic]:
        """What other sources need and the document no longer defines: their linker would say so, too late."""
        document = self.place.document
        if not self.units.others or document not in self.units.languages:
            return []
        defined = await self._symbols_of(box, document, root, DEFINED)
        if defined is None:
            return []
        if text == self.untouched:
            self.symbols = defined

        async def needs(other: PurePosixPath) -> frozenset[str] | None:
            return await self._symbols_of(box, other, root, NEEDED)

        return await lost(self.symbols or frozenset(), defined, self.units, self.place, needs)

    async def _symbols_of(
        self, box: Box, file: PurePosixPath, root: str, which: tuple[str, str]
    ) -> frozenset[str] | None:
        """What the object of a source defines for others, or needs; None where that cannot be told."""
        language = self.units.language if file == self.place.document else SOURCES[file.suffix]
        compiler = self.compilers.get(language)
        if compiler is None:
            return None
        flags = self.flags.get(file) or flags_of(self.place, (file,), {file: language})[file]
        written = f"{root}/.forge-check.o"
        command = compiler.object_command(flags.at(root), f"{root}/{file}", written)
        if (await self._run(box, compiler, command)).code != 0:
            return None
        types, option = which
        listed = await self._run(box, compiler, (*NM, option, written))
        return symbols_in(listed.stdout.decode("utf-8", "replace"), types)

    def _lacks(self, problems: Sequence[Diagnostic], document: str) -> Fault | None:
        """A header that is not there, where it kept the compiler from the document's text."""
        own = document in map(str, self.units.files)
        stopped: set[str] = set()
        for problem in problems:
            header = missing_header(problem)
            if header is None:
                continue
            stopped.add(problem.file)
            elsewhere = PurePosixPath(problem.file).suffix in SOURCES and problem.file != document
            if elsewhere and (own or not stopped.issuperset(map(str, self.units.files))):
                continue
            return Fault(
                reason=f"the header {header} is not there ({problem.file}:{problem.line}): the rest is unchecked",
                remedy=package_of(header),
            )
        return None


async def findings(language: Language, sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the compiler of C or of C++."""
    found = find_compiler(language, environment)
    what, name = ("C", "gcc") if language is C else ("C++", "g++")
    if isinstance(found, Fault):
        return not_found(name, f"no compiler: {what} is not checked", found.remedy)
    readable = Compiler(path=found, language=language, clang=False, json=False).readable
    (finding,) = await version_findings(
        sandbox, found.name, (str(found), "--version"), readable, language=language, remedy=None
    )
    return (replace(finding, name=name),)
