"""How the project compiles a file: compile_commands.json, else hints in its build files, else guesses.

Nothing of the project is run for that. Of its flags only those pass that change how a text is read: one that loads a
plugin, names another program or writes a file does not.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.configured import build_folders, commands_in
from forge_lsp.reading import filled, parsed_json, read_text
from forge_lsp.sandbox.exposure import Origin, exposed

__all__ = ["SOURCES", "Flags", "flags_of", "outside_folders"]

SOURCES: Mapping[str, Language] = {
    ".c": C,
    ".cc": CPP,
    ".cpp": CPP,
    ".cxx": CPP,
    ".c++": CPP,
    ".C": CPP,
}
"""Suffixes of files that are compiled on their own."""

_DATABASES = (".", "build", "out", "builddir", "cmake-build-debug", "cmake-build-release", "build/debug", "out/build")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_MAKE_FLAGS = ("DEFS", "DEFAULT_INCLUDES", "AM_CPPFLAGS", "CPPFLAGS", "INCLUDES", "INCLUDE", "INC", "DEFINES")
_GUESSED = ("include", "inc", "src", "lib")
_PATHS = ("-I", "-isystem", "-iquote", "-idirafter", "-include", "-imacros", "-isysroot", "--sysroot")
_ALONE = re.compile(
    r"-(?:D.+|U.+|std=[\w+]+|ansi|pthread|nostdinc(?:\+\+)?|O[0-3sgz]?|W(?![lap],)[\w=+-]*|w|pedantic(?:-errors)?|"
    r"m(?:32|64|arch=[\w.+-]+|avx\w*|sse[\w.]*|fma|bmi2?|cpu=[\w.+-]+|tune=[\w-]+)|"
    r"f(?:no-)?(?:exceptions|rtti|openmp|permissive|ms-extensions|signed-char|unsigned-char|short-enums|blocks|"
    r"coroutines|concepts|char8_t|strict-aliasing|gnu89-inline|common|PIC|pic|PIE|pie)|fpermissive|stdlib=[\w+]+)"
)
_ASSIGNMENT = re.compile(r"^(?:override\s+|export\s+)?(?P<name>\w+)\s*(?P<how>[:+?]*=)\s*(?P<value>.*)$")
_VARIABLE = re.compile(r"\$[({](\w+)[)}]")
_VISIBILITIES = frozenset({"PUBLIC", "PRIVATE", "INTERFACE", "SYSTEM", "BEFORE", "AFTER"})
_LARGEST = 64 * 1024 * 1024
_LONGEST = 100_000
"""Characters of a variable of make's, as far as it is added to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """``arguments`` with paths relative to the tree's root as ``{root}/...``. ``clang``: the project uses it.
    ``known``: told by the project rather than guessed. ``database``: the file they came from."""

    arguments: tuple[str, ...] = ()
    clang: bool = False
    known: bool = False
    database: PurePosixPath | None = None

    def at(self, root: str) -> tuple[str, ...]:
        """The arguments for a tree that lies at ``root``."""
        return tuple(argument.replace("{root}", root) for argument in self.arguments)


def outside_folders(words: Iterable[str], workspace: Path | None) -> tuple[Path, ...]:
    """Of the words of a compiler's command the folders and headers outside of the project that it may read."""
    named = (Path(word) for word in words if word.startswith("/opt/"))
    return exposed(named, origin=Origin.WORKSPACE, workspace=workspace)


class _Database:
    """A compile_commands.json."""

    def __init__(self, place: Place, path: PurePosixPath, entries: Sequence[Mapping[str, Any]]) -> None:
        self.path = path
        self._source = str(place.source)
        self._entries: dict[PurePosixPath, tuple[str, tuple[str, ...]]] = {}
        for entry in entries:
            folder = str(entry.get("directory", self._source))
            file = _relative(os.path.join(folder, str(entry.get("file", ""))), self._source)  # noqa: PTH118 - normal
            named = entry.get("arguments")
            words = cast("list[object]", named) if isinstance(named, list) else _split(str(entry.get("command", "")))
            if file is not None and words:
                self._entries.setdefault(file, (folder, tuple(map(str, words))))

    def flags(self, file: PurePosixPath, language: Language) -> Flags:
        """Those of ``file``; a file that the database does not have is compiled like the one nearest to it."""
        found = self._entries.get(file)
        if found is None:
            same = [path for path in self._entries if SOURCES.get(path.suffix) is language] or list(self._entries)
            nearest = max(same, key=lambda path: (path.stem == file.stem, _common(path, file)), default=None)
            found = self._entries[nearest] if nearest is not None else None
        if found is None:
            return Flags(database=self.path)
        folder, words = found
        name = next((PurePosixPath(word).name for word in words if "=" not in word), "")
        names = [PurePosixPath(word).name for word in words[:3]]  # ccache, or env, may come first
        compiler = next((one for one in names if re.search(r"g?cc|[gc]\+\+|clang", one)), name)
        return Flags(
            arguments=tuple(_kept(words[1:], folder, self._source)),
            clang="clang" in compiler,
            known=True,
            database=self.path,
        )


def flags_of(
    place: Place, files: Sequence[PurePosixPath], languages: Mapping[PurePosixPath, Language]
) -> dict[PurePosixPath, Flags]:
    """The flags of each of ``files``."""
    database = _database(place)
    if database is not None:
        return {file: database.flags(file, languages[file]) for file in files}
    return {file: _hinted(place, file, languages[file]) for file in files}


def _database(place: Place) -> _Database | None:
    if place.source is None:
        return None
    for folder in place.folders():
        for name in _DATABASES:
            path = folder / name / "compile_commands.json"
            try:
                entries = parsed_json(_database_text(place, place.source, path) or "")
            except ValueError:
                continue
            known = cast("list[object]", entries) if isinstance(entries, list) else []
            tables = [cast("Mapping[str, Any]", entry) for entry in known if isinstance(entry, dict)]
            if tables:
                return _Database(place, path, tables)
    for folder in build_folders(place):
        entries = commands_in(place, folder)
        if entries:
            return _Database(place, folder / "CMakeCache.txt", entries)
    return None


def _database_text(place: Place, source: Path, path: PurePosixPath) -> str | None:
    """Its text; also where it is a link to that of a build folder outside, as is usual: only flags are taken of it."""
    file = source / path
    if not place.is_file(path) and file.is_symlink():
        real = file.resolve()
        return read_text(real, most=_LARGEST) if real.name == path.name else None
    return place.text(path)


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _kept(words: Sequence[str], folder: str, source: str) -> Iterator[str]:
    """The flags that pass, their paths made absolute; those inside the project as ``{root}/...``."""
    pending = iter(words)
    for word in pending:
        flag = next((name for name in _PATHS if word == name or word.startswith(name)), None)
        if flag is not None and not _ALONE.fullmatch(word):
            value = next(pending, "") if word == flag else word.removeprefix(flag).removeprefix("=")
            absolute = os.path.normpath(os.path.join(folder, value))  # noqa: PTH118 - keeps {root}
            relative = _relative(absolute, source)
            yield "-isysroot" if flag == "--sysroot" else flag
            yield absolute if relative is None else "{root}" if str(relative) == "." else f"{{root}}/{relative}"
        elif _ALONE.fullmatch(word):
            yield word
        elif word in ("-D", "-U"):
            yield word + next(pending, "")


def _relative(path: str, source: str) -> PurePosixPath | None:
    normal = PurePosixPath(os.path.normpath(path))
    return normal.relative_to(source) if normal.is_relative_to(source) else None


def _common(one: PurePosixPath, two: PurePosixPath) -> int:
    count = 0
    for mine, theirs in zip(one.parts, two.parts, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


# ------------------------------------------------------------------ without a database


def _hinted(place: Place, file: PurePosixPath, language: Language) -> Flags:
    """What the Makefile or the CMakeLists.txt says, and the folders that headers usually lie in."""
    words: list[str] = []
    told = False
    makefile = place.nearest(*_MAKEFILES) or _configured_makefile(place)
    if makefile is not None:
        told = True
        words += _kept(_make_flags(place.text(makefile) or "", language), f"/{{}}/{makefile.parent}", "/{}")
    for folder in reversed(tuple(place.folders())):
        lists = folder / "CMakeLists.txt"
        if place.is_file(lists):
            told = True
            words += _kept(_cmake_flags(place.text(lists) or "", language), f"/{{}}/{folder}", "/{}")
    if not told and not any(word.startswith("-std=") for word in words):
        words.append("-std=gnu17" if language is C else "-std=gnu++20")
    if place.source is not None:
        known = set(words)
        for folder in file.parents:
            for name in (".", *_GUESSED):
                path = folder / name
                word = "{root}" if str(path) == "." else f"{{root}}/{path}"
                if word not in known and (place.source / path).is_dir():
                    known.add(word)
                    words += ("-I", word)
    return Flags(arguments=tuple(words), known=told)


def _configured_makefile(place: Place) -> PurePosixPath | None:
    """The Makefile of a build folder that autotools' ``configure`` was run in."""
    for folder in place.folders():
        for name in _DATABASES:
            if place.is_file(folder / name / "config.status") and place.is_file(folder / name / "Makefile"):
                return folder / name / "Makefile"
    return None


def _make_flags(text: str, language: Language) -> list[str]:
    """What a Makefile gives the compiler, as far as that can be read without running it."""
    variables: dict[str, str] = {}
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        match = None if line.startswith("\t") else _ASSIGNMENT.match(line.partition("#")[0].strip())
        if match is not None:
            before = variables.get(match["name"], "") if match["how"].startswith("+") else ""
            if len(before) < _LONGEST:
                variables[match["name"]] = f"{before} {match['value']}".strip()
    own = "CFLAGS" if language is C else "CXXFLAGS"
    value = " ".join(variables.get(name, "") for name in (own, *_MAKE_FLAGS, f"AM_{own}"))
    try:
        value = filled(value, _VARIABLE, variables)
    except ValueError:
        return []
    value = _VARIABLE.sub("", value)  # what has no value is empty
    return [word for word in _split(value) if "$" not in word and "`" not in word]


def _cmake_flags(text: str, language: Language) -> list[str]:
    """The standard, the include folders and the definitions that a CMakeLists.txt names in plain words."""
    text = re.sub(r"#[^\n]*", "", text)
    here = r"\$\{(?:CMAKE|PROJECT|CMAKE_CURRENT)_(?:SOURCE|LIST)_DIR\}/?"
    words: list[str] = []
    which = "C" if language is C else "CXX"
    standard = re.search(rf"(?:CMAKE_{which}_STANDARD\s+|\b{'c' if which == 'C' else 'cxx'}_std_)(\d\d)\b", text)
    if standard is not None:
        words.append(f"-std={'gnu' if which == 'C' else 'gnu++'}{standard[1]}")
    for arguments in re.findall(
        r"\b(?:target_include_directories\s*+\(\s*+[^\s()]++|include_directories\s*+\()([^()]*+)\)", text, re.I
    ):
        for word in re.sub(here, "./", arguments).replace('"', " ").split():
            if "$" not in word and word not in _VISIBILITIES:
                words.append(f"-I{word}")
    for arguments in re.findall(
        r"\b(?:target_compile_definitions\s*+\(\s*+[^\s()]++|add_(?:compile_)?definitions\s*+\()([^()]*+)\)", text, re.I
    ):
        named = (word.removeprefix("-D") for word in arguments.split() if word not in _VISIBILITIES)
        words += [f"-D{word}" for word in named if re.fullmatch(r"\w+=?[\w.]*", word)]
    return words
