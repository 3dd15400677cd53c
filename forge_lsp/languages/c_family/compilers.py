"""gcc and clang: which one is here, how it is asked, and what it answers."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.programs import readable_for
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.reading import parsed_json

__all__ = ["SYNTAX", "Compiler", "find_compiler", "flavour", "missing_header", "problems_of"]

_NAMES = {C: ("gcc", "clang", "cc"), CPP: ("g++", "clang++", "c++")}
_INSTALL = {C: "apt-get install gcc libc6-dev", CPP: "apt-get install g++"}
_INSTALL_MAC = "xcode-select --install"
_LINE = re.compile(
    r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?P<kind>error|fatal error): (?P<message>.*?)"
    r"(?: \[(?P<code>-W[\w=+,-]+)\])?$"
)
_MISSING = re.compile(r"^'?(?P<name>[^':]+)'?(?:: No such file or directory| file not found)")
SYNTAX = re.compile(r"expected |stray |unterminated |missing terminating|extraneous |unbalanced |invalid prepro")
"""How the messages begin that say that a text does not parse."""

# Wrong in every standard of C, and only warned of by older compilers. A function that forgets its result is
# undefined behaviour in both languages.
_ERRORS = {
    C: (
        "-Werror=implicit-function-declaration",
        "-Werror=implicit-int",
        "-Werror=int-conversion",
        "-Werror=incompatible-pointer-types",
        "-Werror=return-type",
    ),
    CPP: ("-Werror=return-type",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A compiler of one language. ``json`` says that it can answer so."""

    path: Path
    language: Language
    clang: bool
    json: bool

    @property
    def name(self) -> str:
        """As it is called on the command line."""
        return self.path.name

    @property
    def kind(self) -> str:
        """The language as gcc and clang name it."""
        return "c" if self.language is C else "c++"

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders it needs beside the system's."""
        return readable_for(self.path)

    def command(self, flags: Sequence[str], files: Sequence[str], *, header: bool) -> tuple[str, ...]:
        """Check ``files`` with a project's ``flags``; nothing is written."""
        answers = ("-fdiagnostics-format=json",) if self.json else ("-fno-caret-diagnostics", "-fno-color-diagnostics")
        most = "-ferror-limit=0" if self.clang else "-fmax-errors=0"
        return (
            *(str(self.path), "-fsyntax-only", *answers, most, *flags, *_ERRORS[self.language]),
            *("-x", f"{self.kind}-header" if header and self.clang else self.kind, *files),
        )

    def object_command(self, flags: Sequence[str], file: str, written: str) -> tuple[str, ...]:
        """Compile ``file`` to the object ``written``, for its symbols."""
        return (str(self.path), "-w", "-c", *flags, "-O0", "-x", self.kind, file, "-o", written)

    def head_command(self, flags: Sequence[str]) -> tuple[str, ...]:
        """Precompile the header ``{head}`` for texts that are checked with the same ``flags``, to ``{head}.gch``; what
        went into it is listed in ``{head}.d``, as for make. gcc only."""
        written = ("-o", "{head}.gch", "-MD", "-MF", "{head}.d")
        return (str(self.path), *flags, *_ERRORS[self.language], "-x", f"{self.kind}-header", "{head}", *written)


def find_compiler(language: Language, environment: Mapping[str, str], *, clang: bool = False) -> Path | Fault:
    """The compiler that ``CC`` or ``CXX`` names, else the one on PATH, clang first if the project is made for it; else
    what is lacking."""
    chosen = environment.get("CC" if language is C else "CXX", "")
    if chosen and (own := shutil.which(chosen, path=environment.get("PATH", ""))) is not None:
        return Path(own)
    names = _NAMES[language]
    if clang:
        names = (names[1], names[0], names[2])
    for name in names:
        found = shutil.which(name, path=environment.get("PATH", ""))
        if found is not None:
            return Path(found)
    what = "C" if language is C else "C++"
    mac = Path("/usr/bin/xcode-select").exists()
    return Fault(
        reason=f"no compiler for {what} is installed (no {' or '.join(_NAMES[language][:2])} on PATH)",
        remedy=_INSTALL_MAC if mac else _INSTALL[language],
    )


def flavour(path: Path, language: Language, version: str) -> Compiler:
    """A compiler by what it says of its version (a Mac's ``gcc`` is clang). JSON came with gcc 9 and goes with 16."""
    clang = "clang" in version.lower()
    number = re.search(r"\)?\s(\d+)\.\d+", version)
    major = int(number[1]) if number is not None else 0
    return Compiler(path=path, language=language, clang=clang, json=not clang and 9 <= major <= 15)


def problems_of(
    output: str, root: str, source: str, text_of: Callable[[PurePosixPath], str | None]
) -> tuple[Diagnostic, ...]:
    """The errors in a compiler's stderr, each once; files relative to ``root``, columns in code points."""
    found: list[Diagnostic] = []
    lines: dict[str, list[str]] = {}
    for raw in _entries(output):
        # A header beside the includer's folder is told as "src/../include/a.h".
        path = PurePosixPath(os.path.normpath(raw.file) if raw.file else "")
        path = path.relative_to(root) if path.is_relative_to(root) else path
        file = path.as_posix()
        if file not in lines:
            lines[file] = (text_of(path) or "").split("\n") if not path.is_absolute() else []
        found.append(
            problem_at(
                file,
                raw.line,
                _column(lines[file], raw.line, raw.column),
                code=raw.code.removeprefix("-W").removeprefix("error=").removeprefix("error,-W"),
                message=raw.message,
                source=source,
                end=(raw.end_line, _column(lines[file], raw.end_line, raw.end_column)),
            )
        )
    return tuple(dict.fromkeys(found))


def missing_header(problem: Diagnostic) -> str | None:
    """The header that a fatal error could not find."""
    match = _MISSING.match(problem.message)
    return match["name"] if match is not None else None


@dataclass(frozen=True, slots=True)
class _Raw:
    """An error as told, columns in bytes from 1."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    message: str


def _entries(output: str) -> Iterator[_Raw]:
    for line in output.split("\n"):
        if line.startswith("[") and (entries := _json(line)) is not None:
            for entry in entries:
                if entry.get("kind") in ("error", "fatal error", "sorry"):
                    yield _told(entry)
            continue
        match = _LINE.match(line.rstrip("\r"))
        if match is not None:
            yield _Raw(
                match["file"], int(match["line"]), int(match["column"]), 0, 0, match["code"] or "", match["message"]
            )


def _json(line: str) -> list[dict[str, Any]] | None:
    try:
        found = parsed_json(line)
    except ValueError:
        return None
    entries = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


def _told(entry: Mapping[str, Any]) -> _Raw:
    places = cast("list[dict[str, Any]]", entry.get("locations") or [{}])
    place = places[0]
    caret, finish = place.get("caret", {}), place.get("finish", {})
    return _Raw(
        str(caret.get("file", "")),
        int(caret.get("line", 0)),
        int(caret.get("byte-column", caret.get("column", 0))),
        int(finish.get("line", 0)),
        int(finish.get("byte-column", finish.get("column", -1))) + 1,
        str(entry.get("option", "")),
        str(entry.get("message", "")),
    )


def _column(lines: Sequence[str], line: int, column: int) -> int:
    if not 0 < line <= len(lines) or column < 1:
        return max(column, 0)
    return len(lines[line - 1].encode("utf-8", "surrogatepass")[: column - 1].decode("utf-8", "replace")) + 1
