"""The compiler's and the linker's part in the calls of a document's function."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from forge_lsp.checking.examples.answers import Answer
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.programs import readable_for, run_tool
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import tail
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Box
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.compilers import find_compiler
from forge_lsp.languages.c_family.flags import SOURCES, flags_of, outside_folders
from forge_lsp.languages.c_family.outputs import errors_in, unlinked
from forge_lsp.languages.c_family.scanning import functions_in
from forge_lsp.languages.c_family.units import units_of

if TYPE_CHECKING:
    from forge_lsp.languages.c_family.driving import DriverProgram

__all__ = ["Compilation", "Function", "blamed", "libraries_of"]

_FORGETS = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):\d+: warning: "
    r"(?P<words>no return statement in function returning non-void|non-void function does not return a value \[)",
    re.M,
)
_LEFT_OUT = ("-W", "-pedantic", "-O")
_MACHINE = ("-m", "-stdlib=")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_ROUNDS = 6
_LONGEST = 300
_MOST_SOURCES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What is called: the function of ``text`` that stands on ``lines`` (from 1, both included) and begins ``at``.
    ``result`` is the type of what it gives as it is declared, ``void``: it gives nothing."""

    text: str
    language: Language
    lines: tuple[int, int]
    at: int
    result: str
    void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """Compiles in one box. ``flags`` are the project's, ``timeout`` is in seconds for each step."""

    box: Box
    place: Place
    function: Function
    compiler: Path
    flags: Sequence[str]
    environment: Mapping[str, str]
    timeout: float

    @property
    def program(self) -> PurePosixPath:
        """Where the program is written."""
        return PurePosixPath(".forge-calls")

    @property
    def _object(self) -> str:
        return f"{self.box.root}/.forge-calls.o"

    @property
    def _kind(self) -> str:
        return "c++" if self.function.language is CPP else "c"

    async def compile(self, source: PurePosixPath, token: str) -> str | None:
        """Compile ``source``, which includes the document; return what the compiler says where it cannot."""
        code, output = await self._run(
            self.compiler,
            *(flag for flag in self.flags if not flag.startswith(_LEFT_OUT)),
            *("-Wreturn-type", "-fdiagnostics-color=never", f"-Dmain=forge_{token}_other_main"),
            *(("-fno-access-control",) if self.function.language is CPP else ()),
            *("-x", self._kind, "-c", f"{self.box.root}/{source}", "-o", self._object),
        )
        if code != 0:
            return output
        first, last = self.function.lines
        for match in _FORGETS.finditer(output):
            if self.is_document(match["file"]) and first <= int(match["line"]) <= last:
                # An empty body: what it would give is not defined, and may be right by chance.
                return f"{match['file']}:{match['line']}:1: error: {match['words'].rstrip(' [')}"
        return None

    async def link(self, main: PurePosixPath, token: str) -> str | None:
        """Link the program, with the sources of the project that define what it needs; return why it cannot be."""
        objects: dict[PurePosixPath, str] = {}
        machine = [flag for flag in self.flags if flag.startswith(_MACHINE)]
        libraries: Sequence[str] = ()
        for _ in range(_ROUNDS):
            code, output = await self._run(
                self.compiler,
                *("-w", "-O1", *machine, "-x", self._kind, f"{self.box.root}/{main}", "-x", "none", self._object),
                *(*objects.values(), "-o", f"{self.box.root}/{self.program}", *libraries, "-lm", "-pthread"),
            )
            if code == 0:
                return None
            missing = {re.sub(r"[(<\[].*$", "", name, flags=re.S).rpartition("::")[2] for name in unlinked(output)}
            more = [one for one in await asyncio.to_thread(self._defining, missing) if one not in objects]
            for number, one in enumerate(more[: _MOST_SOURCES - len(objects)], len(objects)):
                made = await self._object_of(one, f"forge_{token}_{number}")
                if made is not None:
                    objects[one] = made
            if not any(one in objects for one in more):
                if missing and not libraries and (libraries := await asyncio.to_thread(libraries_of, self.place)):
                    continue
                names = ", ".join(sorted(missing)[:4])
                return f"nothing that is known here defines {names}" if missing else tail(output)
        return "too many sources are needed to link it"

    def is_document(self, file: str) -> bool:
        """Whether a path as the compiler tells it is the document's."""
        return os.path.normpath(file) == str(self.box.root / self.place.document)

    def _defining(self, names: set[str]) -> list[PurePosixPath]:
        """The sources of the project that define functions of these names; tests do not count."""
        units = units_of(self.place, self.function.language)
        tests = self.function.language.test_files
        found: list[PurePosixPath] = []
        for file in units.others:
            text = self.place.text(file) or ""
            if any(name in text for name in names) and not tests.match(str(file)):
                defined = {one.name for one in functions_in(text)}
                if not names.isdisjoint(defined):
                    found.append(file)
        return found

    async def _object_of(self, file: PurePosixPath, name: str) -> str | None:
        language = SOURCES[file.suffix]
        flags = (await asyncio.to_thread(flags_of, self.place, (file,), {file: language}))[file]
        compiler = find_compiler(language, self.environment, clang=flags.clang)
        if isinstance(compiler, Fault):
            return None
        written = f"{self.box.root}/.{name}.o"
        code, _ = await self._run(
            compiler,
            *("-w", "-c", *flags.at(str(self.box.root)), "-O0", f"-Dmain={name}_main"),
            *("-x", "c++" if language is CPP else "c", f"{self.box.root}/{file}", "-o", written),
        )
        return written if code == 0 else None

    async def _run(self, compiler: Path, *arguments: str) -> tuple[int, str]:
        outside = outside_folders(arguments, self.place.source)
        readable = (*readable_for(compiler), *outside)
        result = await run_tool(
            self.box, compiler.name, (str(compiler), *arguments), timeout=self.timeout, readable=readable
        )
        text = result.stderr.decode("utf-8", "replace")
        return result.code, text.replace("\u2018", "'").replace("\u2019", "'")


def libraries_of(place: Place) -> tuple[str, ...]:
    """Return the libraries that the build files above a document name in plain words, as options of the linker."""
    found: dict[str, None] = {}
    for folder in place.folders():
        makefile = next((name for name in _MAKEFILES if place.is_file(folder / name)), None)
        text = (place.text(folder / makefile) or "") if makefile is not None else ""
        found |= dict.fromkeys(f"-l{name}" for name in re.findall(r"(?<!\S)-l([\w.+-]+)", text))
        lists = re.sub(r"#[^\n]*", "", place.text(folder / "CMakeLists.txt") or "")
        own = set(re.findall(r"\badd_(?:library|executable)\s*\(\s*([\w.+-]+)", lists, re.I))
        for inner in re.findall(r"\btarget_link_libraries\s*\(\s*[\w.+-]+([^()]*)\)", lists, re.I):
            names = (word for word in inner.split() if re.fullmatch(r"[a-z][\w.+-]*", word) and word not in own)
            found |= dict.fromkeys(f"-l{name}" for name in names)
    return tuple(found)


def blamed(
    output: str, text: DriverProgram, source: PurePosixPath, compilation: Compilation
) -> dict[int, Answer] | str:
    """Return what came of the calls that keep a program from compiling, by their places; why the document's own text
    does, where no call is to blame."""
    own = str(compilation.box.root / source)
    errors = errors_in(output)
    found: dict[int, Answer] = {}
    for file, line, _, words in errors:
        place = text.of(line) if os.path.normpath(file) == own else None
        if place is not None:
            found.setdefault(place, Answer(state="broken", words=words[:_LONGEST]))
    if found:
        return found
    first = next((error for error in errors if compilation.is_document(error[0])), next(iter(errors), None))
    words = tail(output) if first is None else f"{PurePosixPath(first[0]).name}:{first[1]}: {first[3][:_LONGEST]}"
    # What a template makes of the types of a call.
    asking = {text.of(int(match[1])) for match in re.finditer(rf"^{re.escape(own)}:(\d+):", output, re.M)} - {None}
    inside = first is not None and compilation.is_document(first[0])
    state = Answer(state="raised", words=words) if inside else Answer(state="broken", words=words)
    return {place: state for place in asking if place is not None} or f"it does not compile: {words}"
