"""How a build folder that CMake made compiles each source, where it has no compile_commands.json: by what its makefiles
or its ninja file say. Nothing is run."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import Place

__all__ = ["build_folders", "commands_in"]

_USUAL = ("build", "out", "builddir", "_build", "cmake-build-debug", "cmake-build-release", "build/debug", "out/build")
_MOST_TARGETS = 400
_MOST_FOLDERS = 200
_COMPILES = re.compile(r"^\t(?:cd (?P<folder>\S+) && )?(?P<words>\S.*\$\(\w+_FLAGS\).*?) -c (?P<file>.+)$")
_SET = re.compile(r"^(?P<name>\w+) ?= ?(?P<value>.*)$", re.M)
_RULE = re.compile(
    r"^build (?:[^\n:]|\$:)+: (?P<kind>C|CXX)_COMPILER__\S+ (?P<file>(?:[^\s$|]|\$.)+)[^\n]*\n"
    r"(?P<block>(?:  [^\n]*\n)*)",
    re.M,
)


def build_folders(place: Place) -> Iterator[PurePosixPath]:
    """Yield the folders that CMake was configured in for this project, those of the nearest folder first."""
    if place.source is None:
        return
    for folder in place.folders():
        try:
            inside = sorted(entry.name for entry in os.scandir(place.source / folder) if entry.is_dir())[:_MOST_FOLDERS]
        except OSError:
            continue
        for name in dict.fromkeys((*_USUAL, *inside)):
            cache = place.text(folder / name / "CMakeCache.txt")
            made = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache or "", re.M)
            if made is not None and Path(made[1]).is_relative_to(place.source):
                yield folder / name


def commands_in(place: Place, folder: PurePosixPath) -> tuple[Mapping[str, object], ...]:
    """Return what a build folder says, as the entries of a compile_commands.json."""
    ninja = place.text(folder / "build.ninja")
    if ninja is not None:
        return tuple(_of_ninja(ninja, f"{place.source}/{folder}"))
    listed = (place.text(folder / "CMakeFiles" / "TargetDirectories.txt") or "").split("\n")
    found: list[Mapping[str, object]] = []
    for line in listed[:_MOST_TARGETS]:
        path = PurePosixPath(line.strip())
        if place.source is not None and path.is_relative_to(place.source):
            found += _of_makefile(place, path.relative_to(place.source), f"{place.source}/{folder}")
    return tuple(found)


def _of_makefile(place: Place, target: PurePosixPath, folder: str) -> Iterator[Mapping[str, object]]:
    rules, flags = place.text(target / "build.make"), place.text(target / "flags.make")
    if rules is None or flags is None:
        return
    known = {match["name"]: match["value"] for match in _SET.finditer(flags)}
    for line in rules.split("\n"):
        match = _COMPILES.match(line)
        if match is None:
            continue
        words = re.sub(r"\$\((\w+)\)", lambda name: known.get(name[1], ""), match["words"])
        yield _entry(match["folder"] or folder, match["file"], words)


def _of_ninja(text: str, folder: str) -> Iterator[Mapping[str, object]]:
    for match in _RULE.finditer(text):
        known = {found["name"]: found["value"] for found in _SET.finditer(re.sub(r"(?m)^  ", "", match["block"]))}
        words = " ".join((known.get("DEFINES", ""), known.get("INCLUDES", ""), known.get("FLAGS", "")))
        compiler = "cc" if match["kind"] == "C" else "c++"
        yield _entry(folder, re.sub(r"\$(.)", r"\1", match["file"]), f"{compiler} {words}")


def _entry(folder: str, file: str, words: str) -> Mapping[str, object]:
    try:
        arguments = shlex.split(words)
    except ValueError:
        arguments = words.split()
    return {"directory": folder, "file": file.strip(), "arguments": arguments}
