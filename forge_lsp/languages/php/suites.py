"""PHPUnit as a project has it, and those of its test files that speak of the scope. Reads texts, runs nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import speaking_of
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.php import PHP
from forge_lsp.reading import parsed_xml

__all__ = ["Runner", "Suite", "configuration", "definitions", "must_fail", "runner_of", "suite_of"]

_CONFIGURATIONS = ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")
_SCRIPTS = (
    "vendor/phpunit/phpunit/phpunit",
    "vendor/bin/phpunit",
    "tools/phpunit",
    "tools/phpunit.phar",
    "phpunit.phar",
)
_TEST_CASE = re.compile(r"\bclass\s+\w+\s+extends\s+\\?[\w\\]*Test(?:Case)?\w*\b")
_TEST_CLASS = re.compile(r"\bclass\s+(\w+)\s+extends\b")
_MOST_FILES = 8
_MOST_CALLERS = 12
_WORD = re.compile(r"[^\W\d]\w*")
_SKIPS = re.compile(r"^(?:markTest(?:Skipped|Incomplete)\w*|depends|Depends\w*|[rR]equires\w*)$")
# What names the files of a suite, what is made of a run, and what ends or orders it otherwise.
_OWN_PARTS = ("testsuites", "testsuite", "logging", "coverage", "filter", "source")
_KEPT_ATTRIBUTES = re.compile(
    r"bootstrap|backup\w+|convert\w+|beStrictAbout(?!Coverage)\w+|extensionsDirectory|timeout\w+|\{.*"
)
_SYNTAX = TreeSitterSyntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """PHPUnit for a document: its ``script``, the ``folder`` in which it runs, and the ``config`` there, if any."""

    script: str
    folder: PurePosixPath
    config: PurePosixPath | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Test files by name with their texts, and the ``names`` by which their tests speak of the scope."""

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    names: tuple[str, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """The names of the test classes."""
        return tuple(name for text in self.files.values() for name in _TEST_CLASS.findall(text))

    def speaks(self, name: str) -> bool:
        """Whether a test calls the scope: its body, a helper that it calls, or what is run before it, names it."""
        file, _, rest = name.partition("::")
        test = rest.partition("::")[2].partition(" with data set ")[0]
        methods = _methods(self.files.get(file, ""))
        if test not in methods:
            return True  # a file that was not read, or a test of a base class
        speaking = set(self.names)
        while more := {one for one, words in methods.items() if words & speaking} - speaking:
            speaking |= more
        before = {"setUp", "setUpBeforeClass"} & speaking
        return bool(before) or test in speaking

    def skips(self, name: str) -> bool:
        """Whether a test may skip itself: its own text, or that of a method run before it, does."""
        file, _, rest = name.partition("::")
        methods = _methods(self.files.get(file, ""))
        own = (rest.partition("::")[2].partition(" with data set ")[0], "setUp", "setUpBeforeClass")
        return any(_SKIPS.search(word) for method in own for word in methods.get(method, ()))


@lru_cache(maxsize=64)  # asked for each test of a file
def _methods(text: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for item in definitions(text):
        if item.kind is ItemKind.FUNCTION and item.name and item.body is not None:
            # The lead as well: it names the provider of the data.
            found[item.name] = frozenset(_WORD.findall(item.range.of(text)))
    return found


def definitions(text: str) -> Iterator[Item]:
    """Yield the functions, methods and types of a text, the outer ones first."""
    pending = list(_SYNTAX.outline(text, PHP).items)
    while pending:
        item = pending.pop(0)
        if item.kind in (ItemKind.FUNCTION, ItemKind.CLASS):
            yield item
        pending += item.children


def runner_of(place: Place, environment: Mapping[str, str]) -> Runner | None:
    """Return the project's own PHPUnit, else the one of PATH; None: there is neither."""
    for folder in place.folders():
        for script in _SCRIPTS:
            if place.source is not None and (place.source / folder / script).is_file():
                return Runner(script=script, folder=folder, config=_configuration_in(place, folder))
    found = shutil.which("phpunit", path=environment.get("PATH", ""))
    if found is None:
        return None
    config = place.nearest(*_CONFIGURATIONS)
    base = config or place.nearest("composer.json")
    folder = base.parent if base is not None else PurePosixPath()
    return Runner(script=str(Path(found)), folder=folder, config=config)


def _configuration_in(place: Place, folder: PurePosixPath) -> PurePosixPath | None:
    return next((folder / name for name in _CONFIGURATIONS if place.is_file(folder / name)), None)


def suite_of(task: Task, place: Place) -> Suite:
    """Return the test files that name what is written, what calls it, or else its type or its file; a few of them."""
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    container = (task.scope.container or "").rpartition(".")[2] or None
    name = container if name is not None and name.startswith("__") and container else name
    callers = _callers(task.document.text, name) if name else ()
    stem = place.document.stem
    tests = [one for one in place.files(PHP.suffixes) if PHP.is_test_file(one)]
    tests = [one for one in tests if _TEST_CASE.search(place.text(PurePosixPath(one)) or "")]
    named = tuple(one for one in (name, *callers) if one)
    chosen = speaking_of(place, tests, (*named, container, stem), most=_MOST_FILES)
    texts = {str(file): place.text(file) or "" for file in chosen}
    return Suite(files=texts, names=named or tuple(one for one in (container, stem) if one))


def _callers(text: str, name: str) -> tuple[str, ...]:
    """The functions of the document that use ``name``, and those that use these."""
    found = [name]
    every = [one for one in definitions(text) if one.kind is ItemKind.FUNCTION and one.body is not None and one.name]
    for _ in range(2):
        for one in every:
            words = set(_WORD.findall(one.body.of(text))) if one.body is not None else set[str]()
            if one.name and one.name not in found and not words.isdisjoint(found):
                found.append(one.name)
    return tuple(found[1 : _MOST_CALLERS + 1])


def configuration(text: str | None, files: Sequence[str], *, autoload: bool) -> str:
    """Return a configuration of PHPUnit that runs ``files`` and nothing else, after the project's own (its ``text``;
    None: it has none, or one that does not parse). ``autoload``: Composer's autoloader is there."""
    try:
        root = parsed_xml(text) if text is not None else ElementTree.Element("phpunit")
    except (ValueError, ElementTree.ParseError):
        root = ElementTree.Element("phpunit")
    for part in [part for part in root if part.tag in _OWN_PARTS]:
        root.remove(part)
    for attribute in [one for one in root.attrib if not _KEPT_ATTRIBUTES.fullmatch(one)]:
        del root.attrib[attribute]
    if autoload:
        root.attrib.setdefault("bootstrap", "vendor/autoload.php")
    root.attrib |= {"cacheResult": "false", "executionOrder": "default", "colors": "false"}
    suite = ElementTree.SubElement(ElementTree.SubElement(root, "testsuites"), "testsuite", {"name": "forge"})
    for file in files:
        ElementTree.SubElement(suite, "file").text = file
    return ElementTree.tostring(root, "unicode")


_MUST_FAIL = Path(__file__).with_name("runners") / "must_fail.php"


def must_fail(name: str, secret: str) -> str:
    """Return the text of a test class called ``name`` whose one test fails with ``secret`` and what it has seen."""
    return _MUST_FAIL.read_text("utf-8").replace("CLASS_", name).replace("SECRET", secret)
