"""Which test classes speak of the document, and which of their tests call what is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.frameworks import Framework
from forge_lsp.checking.jvm.maven import Build
from forge_lsp.checking.project import Place
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.java.texts import Method, methods_of, package_of, plain, words_of

__all__ = ["JUnitClass", "chosen_tests", "depends", "files_of_tests", "is_test", "speaks"]

_MOST_TESTS = 8
_MOST_READ = 4_000
_TEST = re.compile(
    r"^[ \t]*@(?:[\w.]+\.)?(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|RunWith|Property)\b|"
    r"\bextends\s+(?:[\w.]+\.)?\w*TestCase\b",
    re.M,
)
_IS_TEST = re.compile(
    r"@(?:[\w.]+\.)?(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property|Theory)\b"
)
_BEFORE = re.compile(r"@(?:[\w.]+\.)?(?:Before|BeforeEach|BeforeAll|BeforeClass)\b")
_ABSTRACT = re.compile(r"\babstract\s+class\s+(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitClass:
    """A file of tests: its class's full name, its text, and what it is written for. ``near``: it is of the document's
    module."""

    file: PurePosixPath
    name: str
    text: str
    framework: str
    near: bool = True

    @property
    def package(self) -> str:
        """The package; "": none."""
        return self.name.rpartition(".")[0]

    @property
    def methods(self) -> tuple[Method, ...]:
        """The test methods."""
        old = re.search(r"\bextends\s+(?:[\w.]+\.)?\w*TestCase\b", self.text) is not None
        return tuple(method for method in methods_of(self.text) if is_test(method, old=old))

    @property
    def names(self) -> tuple[str, ...]:
        """The full names of its tests."""
        return tuple(self.test(method) for method in self.methods)

    @property
    def classes(self) -> tuple[JUnitClass]:
        """Itself: the class of its file."""
        return (self,)

    def test(self, method: Method) -> str:
        """The full name of one of its tests."""
        package = f"{self.package}." if self.package else ""
        return f"{package}{method.type}.{method.name}"


def is_test(method: Method, *, old: bool = False) -> bool:
    """Whether a method is a test; ``old``: of a class as JUnit 3 has them."""
    return _IS_TEST.search(method.header) is not None or (old and method.name.startswith("test"))


def files_of_tests(place: Place) -> Mapping[PurePosixPath, str]:
    """The Java files of the tree that belong to tests, with their texts."""
    names = [*map(PurePosixPath, place.files((".java",)))]
    names += [path for path in place.overlay if path.suffix == ".java"]
    found: dict[PurePosixPath, str] = {}
    for path in sorted(path for path in dict.fromkeys(names) if path != place.document)[:_MOST_READ]:
        text = place.text(path) or ""
        if {"test", "tests"} & set(path.parts) or _TEST.search(text):
            found[path] = text
    return found


def chosen_tests(
    task: Task, place: Place, build: Build, files: Mapping[PurePosixPath, str], callers: Iterable[str] = ()
) -> tuple[JUnitClass, ...]:
    """Return the test classes that speak of the document, a few of them: first the one that is named after it, then
    those that name what is written (most often), then those that name its type; without any, those that name one of
    ``callers``."""
    stem = place.document.stem
    named = {f"{stem}Test", f"{stem}Tests", f"Test{stem}", f"{stem}TestCase", f"{stem}IT"}
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    package = package_of(task.document.text) or ""
    found: list[tuple[bool, int, JUnitClass]] = []
    distant = set(callers)
    for file, text in files.items():
        if not _TEST.search(text) or file.stem in _ABSTRACT.findall(text):
            continue
        words = words_of(text)
        rank = 4
        if file.stem in named and (stem in words or (package_of(text) or "") == package):
            rank = 0
        elif stem in words:
            rank = 1 if name in words else 2
        elif distant & words:
            rank = 3
        if rank < 4:
            within = package_of(text)
            full = f"{within}.{file.stem}" if within else file.stem
            near = file.is_relative_to(build.folder)
            test = JUnitClass(file=file, name=full, text=text, framework=_framework(text, build), near=near)
            found.append((not near, rank, test))
    if any(rank < 3 for _, rank, _ in found):
        found = [one for one in found if one[1] < 3]
    asked = re.compile(rf"(?<!\w){re.escape(name or stem)}(?!\w)")
    often = {one.file: len(asked.findall(one.text)) for *_, one in found}
    chosen = sorted(found, key=lambda one: (one[1] > 0, one[0], one[1], -often[one[2].file], str(one[2].file)))
    return tuple(test for _, _, test in chosen[:_MOST_TESTS])


def _framework(text: str, build: Build) -> str:
    if "org.testng" in text:
        return Framework.TESTNG
    if "org.junit.jupiter" in text or "net.jqwik" in text:
        return Framework.JUNIT_5
    if re.search(r"\borg\.junit\b|\bjunit\.framework\b", text):
        return Framework.JUNIT_4
    five = any(re.match(r"junit-(?:jupiter|platform)", jar.name) for jar in build.jars)
    return Framework.JUNIT_5 if five else Framework.JUNIT_4


def speaks(test: str, classes: Iterable[JUnitClass], task: Task, stem: str, callers: Iterable[str] = ()) -> bool:
    """Whether a test calls what is written: its own body, a helper that it names, or what is run before it names the
    scope, its type or one of its ``callers``."""
    return _names(test, classes, {name for name in (task.scope.name, stem, *callers) if name})


def depends(test: str, classes: Iterable[JUnitClass], task: Task, stem: str) -> bool:
    """Whether what a test asserts comes of what is written: it names the scope, or a method of the document that does,
    and not just its type. Without a name for the scope, its type has to do."""
    name = task.scope.name
    if name is None or task.scope.kind is ScopeKind.FILE:
        return speaks(test, classes, task, stem)
    wanted = {name}
    while more := {method.name for method, words in _bodies(task.document.text).items() if words & wanted} - wanted:
        wanted |= more
    return _names(test, classes, wanted)


@lru_cache(maxsize=64)  # asked for each test of a class
def _bodies(text: str) -> Mapping[Method, frozenset[str]]:
    return {method: words_of(text[method.body : method.end]) for method in methods_of(text)}


def _names(test: str, classes: Iterable[JUnitClass], wanted: set[str]) -> bool:
    for each in classes:
        if not test.startswith(f"{each.name}."):
            continue
        bodies = _bodies(each.text)
        speaking: set[str] = set()
        while more := {method.name for method, words in bodies.items() if words & (wanted | speaking)} - speaking:
            speaking |= more
        if any(_BEFORE.search(method.header) and method.name in speaking for method in bodies):
            return True
        own = [method for method in bodies if each.test(method) == test]
        fields = _fields(each.text, bodies, wanted)
        return not own or any(bodies[method] & (wanted | speaking | fields) for method in own)
    return True


def _fields(text: str, methods: Iterable[Method], wanted: set[str]) -> frozenset[str]:
    """The names that a class declares outside of its methods with one of ``wanted``: `Cart cart = new Cart();`."""
    code = plain(text)
    for method in methods:
        code = code[: method.body] + " " * (method.end - method.body) + code[method.end :]
    code = re.sub(r"^\s*(?:import|package)\b[^;]*;", "", code, flags=re.M)
    found: set[str] = set()
    for part in re.split(r"[;{}]", code):
        if set(re.findall(r"\w+", part)) & wanted:
            found.update(re.findall(r"\b(\w+)\s*(?:=|$)", part.strip()))
    return frozenset(found)
