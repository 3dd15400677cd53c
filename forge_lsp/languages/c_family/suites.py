"""The test suites of C and C++ projects: which one there is, and which tests speak of the scope."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.core.checks import Cause
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.reading import Reading, callers_of
from forge_lsp.languages.c_family.scanning import blanked, calls_in, functions_in
from forge_lsp.languages.c_family.tested import MAKEFILES, TARGET, executables_of, loads, tests_of
from forge_lsp.languages.c_family.units import MATTERS

__all__ = ["IdleTests", "Suite", "suite_of"]

_BUILDS = ("build", "out", "builddir", "cmake-build-debug", "cmake-build-release")
_ADDED = re.compile(r"^add_test\((?:\[=*\[(?P<long>.+?)\]=*\]|\"?(?P<short>[^\s\"]+)\"?) (?P<command>.*)\)\s*$", re.M)
_SUBDIRS = re.compile(r"^subdirs\(\"?(?P<name>[^\")]+)\"?\)", re.M)
_ENDS = re.compile(
    r"\s*(?:(?:\(\s*void\s*\)\s*\w+|[\w:]+\s*\([^;]*\)|std\s*::\s*cerr\b[^;]*)\s*;\s*)*"
    r"(?:(?:std\s*::\s*)?(?:abort|exit|_Exit|terminate|__builtin_trap|__builtin_unreachable|assert)\s*\([^;]*\)|"
    r"throw\b[^;]*)\s*;\s*(?:return\b[^;]*;\s*)?"
)
_IDLE = (
    (("CMakeLists.txt",), "ctest", "the tests of CMake need a configured build folder", "cmake -S . -B build"),
    (("meson.build",), "meson test", "tests of Meson are not run by forge-lsp", "add a Makefile with a target test"),
    (("configure", "configure.ac"), "make check", "the project is not configured", "./configure"),
    (("BUILD.bazel", "BUILD", "WORKSPACE"), "bazel test", "tests of Bazel are not run by forge-lsp", "add a Makefile"),
)
"""Build files, what the tests are called there, why they are not run, and what helps."""
_MOST_FOLDERS = 200
_MOST_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How the tests are run: ``target`` of the ``makefile``, or ctest where there is none, in ``folder``; ``name`` is
    what people call it, ``reading`` knows its texts."""

    name: str
    folder: PurePosixPath
    reading: Reading = field(repr=False)
    makefile: str = ""
    target: str = ""

    @property
    def ctest(self) -> bool:
        """Whether a configured CMake build runs them."""
        return not self.makefile


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTests:
    """Tests that speak of the scope and that nothing here can run: ``name`` is what people call them, with why and the
    remedy."""

    name: str
    reason: str
    remedy: str


def suite_of(task: Task, place: Place) -> Suite | IdleTests | None:
    """Return the tests of the project, if one of their files speaks of the scope, its class, what calls it, or includes
    its document; else None."""
    if place.source is None:
        return None
    reading = _reading(task, place)
    if reading is None:
        return None
    for folder in place.folders():
        for build in _BUILDS:
            path = folder / build
            if place.is_file(path / "CTestTestfile.cmake") and place.is_file(path / "CMakeCache.txt"):
                silent = _silent(place, path, reading)
                return Suite(name="ctest", folder=path, reading=replace(reading, silent=silent))
    makefile = place.nearest(*MAKEFILES)
    target = TARGET.search(place.text(makefile) or "") if makefile is not None else None
    if makefile is None or target is None:
        return _idle(task, place, reading, makefile)
    name = f"make {target['name']}"
    return Suite(name=name, folder=makefile.parent, reading=reading, makefile=makefile.name, target=target["name"])


def _idle(task: Task, place: Place, reading: Reading, makefile: PurePosixPath | None) -> IdleTests:
    """Why the tests of a project cannot be run, by the build files that it has."""
    words = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in reading.names or (place.document.stem,)))
    speaking = (file for file, text in reading.tests.items() if words.search(blanked(text, literals=False)))
    file = next(speaking, None) or next(file for file, text in reading.tests.items() if loads(text, place.document))
    own = f"or name a command: check.{task.document.language}.tests"
    for build, name, reason, remedy in _IDLE:
        known = place.nearest(*build)
        if known is not None:
            return IdleTests(name=name, reason=f"{file}: {reason}", remedy=f"{remedy}, {own}")
    if makefile is not None:
        reason = f"{file}: {makefile} has no target called test, tests or check"
        return IdleTests(name="make", reason=reason, remedy=f"add one, {own}")
    return IdleTests(name="tests", reason=f"{file}: no build file says how it is run", remedy=f"add a Makefile, {own}")


def _silent(place: Place, folder: PurePosixPath, reading: Reading) -> frozenset[str]:
    """The tests of a build folder whose program is known, and whose own texts do not name the scope."""
    assert place.source is not None, "asked for a workspace only"
    sources = executables_of(place)
    found: set[str] = set()
    pending = [folder]
    for here in pending:  # grows while it is walked
        text = place.text(here / "CTestTestfile.cmake") or ""
        pending += [here / match["name"] for match in _SUBDIRS.finditer(text)][: _MOST_FOLDERS - len(pending)]
        for match in _ADDED.finditer(text):
            words = re.findall(r"\"([^\"]*)\"", match["command"])
            program = place.source / here / words[0] if words and "/" in words[0] else None  # `./area_tests`, too
            inside = program is not None and program.is_relative_to(place.source / folder)
            named = sources.get(PurePosixPath(words[0]).name) if inside else " ".join(words)
            if named is None:
                continue  # a program of which nothing is known may speak of it
            files = [content for file, content in reading.tests.items() if PurePosixPath(file).name in named]
            if (inside and not files) or any(reading.cause(content) is Cause.SCOPE for content in files):
                continue
            found.add(match["long"] or match["short"])
    return frozenset(found)


def _reading(task: Task, place: Place) -> Reading | None:
    assert place.source is not None, "asked for a workspace only"
    tests: dict[str, str] = {}
    called: set[str] = set()
    unfinished = _ending(task.document.text)
    files = place.files((*MATTERS, ".sh"))
    theirs = tests_of(place, set(files))
    for file in files:
        if file == str(place.document):
            continue
        text = place.text(PurePosixPath(file)) or ""
        if file in theirs:
            if len(tests) < _MOST_FILES and (PurePosixPath(file).suffix in SOURCES or file.endswith(".sh")):
                tests[file] = text
            continue
        unfinished |= _ending(text)
        if PurePosixPath(file).suffix not in SOURCES:
            called |= calls_in(text)
    outer, _, name = (task.scope.name or "").rpartition("::")
    container = (task.scope.container or outer).rpartition("::")[2].rpartition(".")[2]
    text = task.document.text
    own = tuple(dict.fromkeys(word for word in (name, *callers_of(text, name), container) if word))
    words = own or (place.document.stem,)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
    named = any(pattern.search(blanked(content, literals=False)) for content in tests.values())
    # What no test names is tested by way of others, where a test includes the document or its header.
    if not named and not any(loads(content, place.document) for content in tests.values()):
        return None
    defined = frozenset(one.name for one in functions_in(text))
    others = (defined | called) - set(own) - {"main"}
    return Reading(
        names=own,
        others=frozenset(others | unfinished - set(own)),
        tests=tests,
        document=place.document.name,
        defined=defined,
        unfinished=unfinished - set(own),
    )


def _ending(text: str) -> frozenset[str]:
    """The functions of ``text`` that do nothing but end the program: nobody has written them yet."""
    plain = blanked(text)
    return frozenset(
        one.name for one in functions_in(text) if one.name != "main" and _ENDS.fullmatch(plain, one.body, one.end)
    )
