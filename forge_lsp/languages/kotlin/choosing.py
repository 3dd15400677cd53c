"""Which test files speak of a Kotlin document, and which of their tests call what is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.frameworks import Framework
from forge_lsp.checking.jvm.maven import Build
from forge_lsp.checking.project import Place
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.kotlin.names import TEST, Function, functions_of, own_names
from forge_lsp.languages.kotlin.sources import is_test
from forge_lsp.languages.kotlin.texts import IMPORT, package_of, words_of

__all__ = [
    "KOTEST",
    "FileOfTests",
    "JUnitClass",
    "chosen_tests",
    "depends",
    "files_of_tests",
    "speaks",
]

KOTEST = "Kotest"
_MOST_TESTS = 8
_MOST_READ = 4_000
_KOTEST = re.compile(
    r"\bio\.kotest\.core\.spec\b|:\s*(?:Fun|String|Should|Describe|Behavior|Word|Free|Feature|Expect|Annotation)Spec\s*\("
)
_FRAMEWORKS = ((Framework.TESTNG, r"\borg\.testng\b"), (Framework.JUNIT_5, r"\borg\.junit\.jupiter\b"))


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitClass:
    """A class of tests at the top of a file."""

    name: str
    framework: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOfTests:
    """A file of tests, as it is or without what does not compile."""

    file: PurePosixPath
    text: str
    framework: str

    def full(self, function: Function) -> str:
        """The full name of one of its tests."""
        return ".".join(filter(None, (package_of(self.text), function.type, function.name)))

    @property
    def names(self) -> tuple[str, ...]:
        """The full names of its tests."""
        return tuple(self.full(one) for one in functions_of(self.text) if one.test)

    @property
    def classes(self) -> tuple[JUnitClass, ...]:
        """Its classes that have tests."""
        package = package_of(self.text)
        found: dict[str, list[str]] = {}
        for one in functions_of(self.text):
            if one.test and one.type:
                top = ".".join(filter(None, (package, one.type.partition(".")[0])))
                found.setdefault(top, []).append(self.full(one))
        return tuple(
            JUnitClass(name=name, framework=self.framework, names=tuple(names)) for name, names in found.items()
        )


def files_of_tests(place: Place) -> Mapping[PurePosixPath, str]:
    """The Kotlin files of the tree that belong to tests, with their texts."""
    names = [*map(PurePosixPath, place.files((".kt",)))]
    names += [path for path in place.overlay if path.suffix == ".kt"]
    found: dict[PurePosixPath, str] = {}
    for path in sorted(path for path in dict.fromkeys(names) if path != place.document)[:_MOST_READ]:
        text = place.text(path) or ""
        if is_test(path) or TEST.search(text):
            found[path] = text
    return found


def chosen_tests(
    task: Task, place: Place, build: Build, files: Mapping[PurePosixPath, str], callers: Collection[str] = ()
) -> tuple[FileOfTests, ...]:
    """Return the test files that speak of the document, a few of them: first the one that is named after it, then those
    that name what is written, then those that name something else of it; without any, those that name a caller."""
    document, stem = task.document.text, place.document.stem
    package = package_of(document)
    named = {f"{stem}{ending}" for ending in ("Test", "Tests", "TestCase", "Spec", "IT")} | {f"Test{stem}"}
    wanted = _wanted(task)
    others = own_names(document) | {stem}
    found: list[tuple[int, int, FileOfTests]] = []
    for file, text in files.items():
        kotest = _KOTEST.search(text) is not None
        if not (TEST.search(text) or kotest) or not _loads(text, package):
            continue
        words = words_of(text)
        if words & wanted:
            rank = 0 if file.stem in named else 1
        elif file.stem in named or words & others:
            rank = 0 if file.stem in named else 2
        elif words & set(callers):
            rank = 3
        else:
            continue
        framework = KOTEST if kotest else _framework(text, build)
        often = sum(len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text)) for word in wanted)
        found.append((rank, -often, FileOfTests(file=file, text=text, framework=framework)))
    if any(rank < 3 for rank, _, _ in found):
        found = [one for one in found if one[0] < 3]
    return tuple(test for _, _, test in sorted(found, key=lambda one: (*one[:2], str(one[2].file)))[:_MOST_TESTS])


def _loads(text: str, package: str) -> bool:
    """Whether a file sees the names of a package."""
    imports = (match["name"] for match in IMPORT.finditer(text))
    return package_of(text) == package or any(f"{name}.".startswith(f"{package}.") for name in imports)


def _framework(text: str, build: Build) -> str:
    for framework, words in _FRAMEWORKS:
        if re.search(words, text):
            return framework
    if re.search(r"\borg\.junit\.(?!jupiter|platform)", text):
        return Framework.JUNIT_4
    jars = " ".join(jar.name for jar in build.jars)
    if "kotlin-test-junit-" in jars and "kotlin-test-junit5-" not in jars:
        return Framework.JUNIT_4
    return Framework.JUNIT_5


def _wanted(task: Task) -> frozenset[str]:
    """The names by which a test calls what is written."""
    if task.scope.kind is ScopeKind.FILE or task.scope.name is None:
        return own_names(task.document.text)
    return frozenset({task.scope.name})


def speaks(test: str, files: Iterable[FileOfTests], task: Task, stem: str, callers: Collection[str] = ()) -> bool:
    """Whether a test calls what is written: its own body, a helper that it names, or what is run before it names the
    scope, its class or one of its ``callers``."""
    around = (task.scope.container or "").split(".")
    return _names(test, files, {name for name in (*_wanted(task), *around, stem, *callers) if name})


def depends(test: str, files: Iterable[FileOfTests], task: Task) -> bool:
    """Whether what a test asserts comes of what is written: it names the scope, or a function of the document that
    does, and not just its class."""
    wanted = set(_wanted(task))
    text = task.document.text
    while more := {one.name for one in functions_of(text) if words_of(text[one.body : one.end]) & wanted} - wanted:
        wanted |= more
    return _names(test, files, wanted)


def _names(test: str, files: Iterable[FileOfTests], wanted: set[str]) -> bool:
    for each in files:
        if test not in each.names:
            continue
        functions = functions_of(each.text)
        words = {
            one: words_of(each.text[one.body : one.end]) - ({one.name} if not one.called else set())
            for one in functions
        }
        speaking: set[str] = set()
        while more := {one.name for one in functions if not one.test and words[one] & (wanted | speaking)} - speaking:
            speaking |= more
        if any(one.hook and one.name in speaking for one in functions):
            return True
        return any(each.full(one) == test and words[one] & (wanted | speaking) for one in functions)
    return True
