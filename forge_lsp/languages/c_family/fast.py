"""C and C++: gcc or clang in a small program of ours that stays, over a mirror of the project with the texts in it.

What gcc need not do again it does not: its driver is left out, and what a document includes first comes precompiled.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.fast.checker import Checker, CheckRequest
from forge_lsp.checking.fast.opener import NoSuppression, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer, opened_peer
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.compilers import SYNTAX, Compiler, find_compiler, flavour, problems_of
from forge_lsp.languages.c_family.flags import SOURCES, Flags, flags_of, outside_folders
from forge_lsp.languages.c_family.heads import head_of
from forge_lsp.languages.c_family.symbols import DEFINED, NEEDED, NM, lost, outline, symbols_in
from forge_lsp.languages.c_family.units import MATTERS, Units, units_of
from forge_lsp.reading import modified_at
from forge_lsp.sandbox.interpreters import own_interpreter

__all__ = ["CFamilyOpener"]

_RUNNER = Path(__file__).with_name("runners") / "gcc"
_LANGUAGES = (C, CPP)
_MOST_HEADS = 6
"""Units of a document whose includes are precompiled."""
_MOST_DEFINED = 8
_START = 60.0
"""Seconds for a start: the mirror of a large project is made then."""

Paths = Mapping[tuple[Language, bool], Path]
"""The compilers that are here, by their language and whether clang was wanted."""


class CFamilyOpener(NoSuppression):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`. ``language`` is what the editor calls the documents;
    ``environment`` the server's own (``PATH``)."""

    suffixes = (*MATTERS, "compile_commands.json", "CMakeLists.txt", "akefile")

    def __init__(self, language: Language, environment: Mapping[str, str]) -> None:
        self._language = language
        self._environment = environment

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each workspace and set of compilers."""
        source = place.source
        found = {
            (language, clang): find_compiler(language, self._environment, clang=clang)
            for language in _LANGUAGES
            for clang in (False, True)
        }
        paths = {key: path for key, path in found.items() if not isinstance(path, Fault)}
        if source is None or (self._language, False) not in paths:
            return None
        key = ("c_family", self._language, source, frozenset(paths.items()))
        return PreparedChecker(key=key, start=lambda keep: _start(keep, place, source, self._language, paths))

    def syntax(self, problem: Diagnostic) -> bool:
        return SYNTAX.match(problem.message) is not None


async def _start(keep: StartDaemon, place: Place, source: Path, language: Language, paths: Paths) -> Checker:
    _, flags = await asyncio.to_thread(_read, place, language)
    outside = {str(path) for one in flags.values() for path in outside_folders(one.arguments, source)}
    python = own_interpreter()
    shown = [folder for path in paths.values() for folder in readable_for(path)]
    kept = await keep(
        (str(python.path), "-I", "-S", "-B", str(_RUNNER), str(source)),
        source=source,
        readable=(*python.readable, _RUNNER, *shown, *map(Path, sorted(outside))),
    )
    peer, answer = await opened_peer(kept, True, seconds=_START)
    return _CFamilyChecker(peer, str(answer["root"]), source, language, paths, frozenset(outside))


def _read(place: Place, language: Language) -> tuple[Units, dict[PurePosixPath, Flags]]:
    units = units_of(place, language)
    return units, flags_of(place, units.files, units.languages)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A file to be compiled: its command, that of its precompiled header, if any, and what it includes first; the
    document's is another with each text."""

    file: PurePosixPath
    compiler: Compiler
    argv: tuple[str, ...]
    make: tuple[str, ...]
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a document until a file of the project changes. ``database`` is the time of its database."""

    place: Place
    units: Units
    flags: Mapping[PurePosixPath, Flags]
    compilers: Mapping[Language, Compiler]
    compiled: tuple[_Unit, ...]
    database: tuple[Path, float] | None
    defined: dict[str, frozenset[str] | None] = field(default_factory=dict[str, "frozenset[str] | None"])


@dataclass(slots=True)
class _CFamilyChecker:
    """See :class:`~forge_lsp.checking.fast.checker.Checker`. ``root`` is the mirror; ``outside`` are the folders beside
    the project that were shown."""

    peer: LinePeer
    root: str
    source: Path
    language: Language
    paths: Paths
    outside: frozenset[str]
    _known: dict[PurePosixPath, _Known | None] = field(default_factory=dict[PurePosixPath, _Known | None])
    _others: Mapping[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])
    _laid: dict[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])
    _compilers: dict[tuple[Path, Language], Compiler] = field(default_factory=dict[tuple[Path, Language], Compiler])
    _outline: tuple[str, str] = ("", "")
    _commands: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict[tuple[str, ...], tuple[str, ...]])

    @property
    def alive(self) -> bool:
        return self.peer.alive

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        """The mirror sees it by itself; who includes whom is to be read again."""
        if files:
            self._known.clear()

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        known = await self._know(question)
        if known is None:
            return None
        document = question.document
        answers = await self._check(question, known, known.compiled)
        problems: list[Diagnostic] = []
        for unit, answer in zip(known.compiled, answers, strict=True):
            found = problems_of(
                answer["err"],
                self.root,
                unit.compiler.name,
                lambda path: question.text if path == document else known.place.text(path),
            )
            if answer["code"] != 0 and not found:
                return None
            problems += found
        if not problems:
            problems += await self._links(question, known)
        return tuple(dict.fromkeys(problems))

    async def aclose(self) -> None:
        await self.peer.aclose()

    async def _know(self, question: CheckRequest) -> _Known | None:
        if question.others != self._others:
            self._others = question.others
            self._known.clear()
        document = question.document
        known = self._known.get(document)
        if known is not None and known.database is not None and modified_at(known.database[0]) != known.database[1]:
            self._known.clear()  # a link may lead to one outside of the project
        if document not in self._known:
            self._known[document] = await self._learn(question)
        return self._known[document]

    async def _learn(self, question: CheckRequest) -> _Known | None:
        """Which files are to be compiled, and how; None where that cannot be done here."""
        overlay = {path: text.encode("utf-8", "surrogatepass") for path, text in question.others.items()}
        place = Place(source=self.source, document=question.document, overlay=overlay)
        units, flags = await asyncio.to_thread(_read, place, self.language)
        clang = any(one.clang for one in flags.values())
        compilers: dict[Language, Compiler] = {}
        for language in {units.language, *units.languages.values()}:
            path = self.paths.get((language, clang))
            if path is not None:
                compilers[language] = await self._asked(path, language)
        words = {word for one in flags.values() for word in one.arguments if word.startswith("/opt/")}
        if units.language not in compilers or not words <= self.outside:
            return None
        files = [file for file in units.files if units.languages[file] in compilers]
        compiled = [
            await self._unit(place, units, file, flags[file], compilers[units.languages[file]], number < _MOST_HEADS)
            for number, file in enumerate(files)
        ]
        database = next((self.source / one.database for one in flags.values() if one.database is not None), None)
        return _Known(
            place=place,
            units=units,
            flags=flags,
            compilers=compilers,
            compiled=tuple(compiled),
            database=(database, modified_at(database)) if database is not None else None,
        )

    async def _asked(self, path: Path, language: Language) -> Compiler:
        known = self._compilers.get((path, language))
        if known is None:
            answer = await self._run((str(path), "--version"))
            if answer["code"] != 0:
                raise EnvironmentFault(f"{path.name} does not run: {answer['err'][-200:]}")
            known = self._compilers[path, language] = flavour(path, language, str(answer["out"]).split("\n", 1)[0])
        return known

    async def _unit(
        self, place: Place, units: Units, file: PurePosixPath, flags: Flags, compiler: Compiler, first: bool
    ) -> _Unit:
        arguments = flags.at(self.root)
        path = f"{self.root}/{file}"
        command = compiler.command(arguments, (path,), header=units.header)
        make = _make(compiler, arguments) if first else ()
        text = "" if file == place.document or not make else await asyncio.to_thread(place.text, file) or ""
        return _Unit(file, compiler, await self._direct(compiler, command, path), make, head_of(text, units.names))

    async def _direct(self, compiler: Compiler, command: tuple[str, ...], path: str) -> tuple[str, ...]:
        """``command`` with ``{file}`` for ``path``; what gcc's driver would start instead, where it says so."""
        plain = tuple("{file}" if word == path else word for word in command)
        if compiler.clang:
            return plain
        if plain not in self._commands:
            self._commands[plain] = plain
            told = str((await self._run((command[0], "-###", *command[1:])))["err"])
            for line in told.split("\n"):
                words = shlex.split(line) if line.startswith(" ") and "cc1" in line else []
                if words and PurePosixPath(words[0]).name in ("cc1", "cc1plus") and words.count(path) == 1:
                    self._commands[plain] = tuple("{file}" if word == path else word for word in words)
        return self._commands[plain]

    async def _run(self, command: Sequence[str]) -> dict[str, Any]:
        return await self.peer.ask({"run": list(command)})

    async def _check(self, question: CheckRequest, known: _Known, units: Sequence[_Unit]) -> list[dict[str, Any]]:
        """What the commands of ``units`` answer with the question's texts over the project."""
        wanted = {**question.others, question.document: question.text}
        lay: dict[str, str | None] = {str(path): None for path in self._laid if path not in wanted}
        lay |= {str(path): text for path, text in wanted.items() if self._laid.get(path) != text}
        check: list[dict[str, object]] = []
        for unit in units:
            own = unit.file == question.document and unit.make
            head = head_of(question.text, known.units.names) if own else unit.head
            check.append({"file": str(unit.file), "argv": unit.argv, "make": unit.make, "head": head})
        answer = await self.peer.ask({"lay": lay, "check": check})
        self._laid = wanted
        return cast("list[dict[str, Any]]", answer["answers"])

    async def _links(self, question: CheckRequest, known: _Known) -> list[Diagnostic]:
        """What other sources need and the document no longer defines; see the build gate."""
        untouched, units = question.untouched, known.units
        if untouched is None or units.header or not units.others or question.document not in units.languages:
            return []
        if self._outline[0] != untouched:
            self._outline = (untouched, outline(untouched))
        if outline(question.text) == self._outline[1]:
            return []

        async def needs(other: PurePosixPath) -> frozenset[str] | None:
            return await self._symbols(question, known, other, NEEDED)

        if untouched not in known.defined:
            before = replace(question, text=untouched)
            known.defined[untouched] = await self._symbols(before, known, question.document, DEFINED)
            while len(known.defined) > _MOST_DEFINED:
                del known.defined[next(iter(known.defined))]
        there = known.defined[untouched]
        defined = await self._symbols(question, known, question.document, DEFINED) if there else None
        return await lost(there, defined, units, known.place, needs) if there and defined is not None else []

    async def _symbols(
        self, question: CheckRequest, known: _Known, file: PurePosixPath, which: tuple[str, str]
    ) -> frozenset[str] | None:
        """What the object of a source defines for others, or needs; None where that cannot be told."""
        language = known.units.language if file == question.document else SOURCES[file.suffix]
        compiler = known.compilers.get(language)
        if compiler is None:
            return None
        flags = known.flags.get(file)
        if flags is None:
            flags = (await asyncio.to_thread(flags_of, known.place, (file,), {file: language}))[file]
        arguments, written = flags.at(self.root), f"{self.root}/.forge.o"
        command = compiler.object_command(arguments, "{file}", written)
        unit = _Unit(file, compiler, command, _make(compiler, arguments), "")
        (answer,) = await self._check(question, known, [unit])
        if answer["code"] != 0:
            return None
        types, option = which
        return symbols_in(str((await self._run((*NM, option, written)))["out"]), types)


def _make(compiler: Compiler, arguments: Sequence[str]) -> tuple[str, ...]:
    """The command that precompiles a header; empty for clang, and where the flags bring something in before it."""
    if compiler.clang or "-include" in arguments or "-imacros" in arguments:
        return ()
    return compiler.head_command(arguments)
