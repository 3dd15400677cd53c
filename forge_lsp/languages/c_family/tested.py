"""Which files of a C or C++ project are its tests: by their names, or by what its build says of the programs that it
runs as tests. Reads texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.languages.c_family import TEST_FILES
from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.scanning import blanked

__all__ = ["MAKEFILES", "TARGET", "executables_of", "loads", "tests_of"]

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
TARGET = re.compile(r"^(?P<name>test|tests|check)\s*:(?!=)", re.M)
_EXECUTABLE = re.compile(r"\badd_executable\s*\(\s*(?P<name>[\w.+-]+)\s+(?P<sources>[^)]*)\)", re.I)
_LIBRARY = re.compile(r"\badd_library\s*\(\s*[\w.+:-]+\s+(?P<sources>[^)]*)\)", re.I)
_ADDED = re.compile(r"\badd_test\s*\((?P<words>[^)]*)\)", re.I)
_DISCOVERED = re.compile(
    r"\b(?:gtest|catch|doctest)_(?:discover|add)_tests\s*\(\s*(?:TARGET\s+)?(?P<name>[\w.+-]+)", re.I
)
_RULE = re.compile(r"^(?P<targets>[\w./ +-]+?)\s*:(?![=:])(?P<needs>(?:[^\n\\]|\\\n)*)", re.M)
_MAIN = re.compile(r"(?<!\w)main\s*\(")
_TELLS = re.compile(r"test|check|spec|suite", re.I)
_INCLUDED = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"](?P<name>[^>\"\n]+)[>\"]", re.M)
_MOST_LISTS = 200


def tests_of(place: Place, files: Collection[str]) -> frozenset[str]:
    """Return those of ``files`` that are tests; the document is none."""
    found = {file for file in files if TEST_FILES.match(file)}
    found |= {str(file) for file in (*_of_cmake(place), *_of_make(place)) if str(file) in files}
    return frozenset(found - {str(place.document)})


def loads(text: str, document: PurePosixPath) -> bool:
    """Return whether a test includes the document, or the header that is called as it is."""
    return any(PurePosixPath(match["name"]).stem == document.stem for match in _INCLUDED.finditer(text))


def executables_of(place: Place) -> dict[str, str]:
    """Return the sources of each program of CMake's lists, as they are written there."""
    found: dict[str, str] = {}
    for file in place.files(("CMakeLists.txt",))[:_MOST_LISTS]:
        for match in _EXECUTABLE.finditer(place.text(PurePosixPath(file)) or ""):
            found[match["name"]] = match["sources"]
    return found


def _of_cmake(place: Place) -> Iterator[PurePosixPath]:
    """The sources of programs that CTest runs, where they or the program are called as tests are."""
    for file in place.files(("CMakeLists.txt",))[:_MOST_LISTS]:
        text = place.text(PurePosixPath(file)) or ""
        run = {word for match in _ADDED.finditer(text) for word in match["words"].split()}
        run |= {match["name"] for match in _DISCOVERED.finditer(text)}
        programs = [(match["name"], match["sources"].split()) for match in _EXECUTABLE.finditer(text)]
        others = {word for name, sources in programs if name not in run for word in sources}
        others |= {word for match in _LIBRARY.finditer(text) for word in match["sources"].split()}
        for name, sources in programs:
            if name not in run and f"$<TARGET_FILE:{name}>" not in run:
                continue
            for word in sources:
                source = PurePosixPath(word.strip('"'))
                if word not in others and source.suffix in SOURCES and _TELLS.search(f"{name} {source.stem}"):
                    yield PurePosixPath(file).parent / source


def _of_make(place: Place) -> Iterator[PurePosixPath]:
    """The sources of programs that the target for tests needs, which are called as tests are and have a ``main``."""
    makefile = place.nearest(*MAKEFILES)
    text = (place.text(makefile) or "") if makefile is not None else ""
    target = TARGET.search(text)
    if makefile is None or target is None:
        return
    rules: dict[str, list[str]] = {}
    for match in _RULE.finditer(text):
        for name in match["targets"].split():
            rules.setdefault(name, []).extend(match["needs"].replace("\\\n", " ").split())
    for program in rules.get(target["name"], ()):
        needed = [PurePosixPath(word) for word in (program, *rules.get(program, ()))]
        made = [path.with_suffix(end) for path in needed if path.suffix in ("", ".o", ".exe") for end in SOURCES]
        for source in dict.fromkeys((*needed, *made)):
            if source.suffix in SOURCES and _TELLS.search(source.stem):
                content = place.text(makefile.parent / source)
                if content is not None and _MAIN.search(blanked(content)):
                    yield makefile.parent / source
