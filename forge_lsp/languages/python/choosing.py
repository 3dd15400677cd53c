"""Which of a project's tests are run for a scope, the nearest to it first. Reads texts, runs nothing.

First the test functions that name the scope, and those that name what calls it, two steps up, in its module and in
others (in small projects the files that hold them, whole). Where there are none: files that name its class or its
module. Where those are none either, files that name its package, and, where a project has few, all of its test files:
of them only the tests count that are seen to call the scope.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import speaking_of
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.python.scopes import naming, tree_of

__all__ = ["TEST_FILE", "ChosenTests", "chosen_for", "module_of"]

TEST_FILE = re.compile(r"(?:.*/)?(?:test[^/]*|[^/]*_tests?)\.py")
_TEST = re.compile(r"^[ \t]*(?:async )?def test|^class Test", re.M)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MOST_FILES = 8
_MOST_READ = 2_000
_MOST_CALLERS = 24
_MOST_OF_CALLERS = 60
_FEW = 12
_WHOLE = 40
"""Up to so many tests, files are run whole."""
_DEF = re.compile(r"^[ \t]*(?:async )?def test", re.M)
_COMMON = frozenset({"main", "run", "get", "set", "test", "setup", "name", "__init__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTests:
    """``files`` are test files, ``names`` the words that lead from them to the scope. ``tests``: of each file the tests
    that are run (``Class::test``, ``Class::`` for all of a class); empty where all of the files are."""

    files: tuple[PurePosixPath, ...] = ()
    names: tuple[str, ...] = ()
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    seen_only: bool = False
    """Whether only tests count that were seen to call the scope: no text leads to it."""


def module_of(place: Place) -> str:
    """The document's module name, without its package."""
    return place.document.parent.name if place.document.stem == "__init__" else place.document.stem


def chosen_for(task: Task, place: Place) -> ChosenTests:
    """Return the tests to run for a task's scope. Reads the disk."""
    if place.source is None:
        return ChosenTests()
    every = {
        PurePosixPath(name): text
        for name in _nearest(place, place.files((".py",)))
        if name != str(place.document) and (text := place.text(PurePosixPath(name))) is not None
    }
    tests = {path: text for path, text in every.items() if TEST_FILE.fullmatch(str(path)) and _TEST.search(text)}
    own = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    name = own.rpartition(".")[2] if own else None
    spoken = speaking_of(place, map(str, tests), (name, task.scope.container, module_of(place)), most=_MOST_FILES)
    if name is not None:
        # A constructor is called by its class's name.
        name = task.scope.container if name.startswith("__") and task.scope.container else name
        picked = _by_name(tests, (name,))
        others = {path: text for path, text in every.items() if path not in tests}
        callers = _callers(name, task.document.text, others)
        more = _by_name(tests, callers) if callers else {}
        if picked and sum(map(len, more.values())) > _MOST_OF_CALLERS:
            more = {}
        both = {file: tuple(dict.fromkeys((*picked.get(file, ()), *more.get(file, ())))) for file in (*picked, *more)}
        whole = tuple(dict.fromkeys((*spoken, *both)))[:_MOST_FILES]
        if both and sum(len(_DEF.findall(tests[file])) for file in whole) > _WHOLE:
            return ChosenTests(
                files=tuple(both), names=(name, *callers), tests={str(file): both[file] for file in both}
            )
        if both:
            return ChosenTests(files=whole, names=(name, *callers))
    if spoken:
        return ChosenTests(files=spoken)
    package = place.document.parent.name
    around = speaking_of(place, map(str, tests), (package,), most=_MOST_FILES)
    return ChosenTests(files=around or (tuple(tests) if len(tests) <= _FEW else ()), seen_only=True)


def _nearest(place: Place, names: Iterable[str]) -> list[str]:
    """Those that share most of the document's path first: a repository may hold many projects."""
    own = place.document.parts

    def apart(name: str) -> tuple[int, str]:
        parts = PurePosixPath(name).parts
        same = next((at for at, (one, two) in enumerate(zip(own, parts, strict=False)) if one != two), len(parts))
        return -same, name

    return sorted(names, key=apart)[:_MOST_READ]


def _by_name(tests: Mapping[PurePosixPath, str], names: Iterable[str]) -> dict[PurePosixPath, tuple[str, ...]]:
    """The tests that name one of ``names``, by their files."""
    words = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in names)})(?!\w)")
    found: dict[PurePosixPath, tuple[str, ...]] = {}
    for path, text in tests.items():
        tree = tree_of(text) if words.search(text) else None
        if tree is None:
            continue
        speaks = naming({str(path): text}, names)
        mine: list[str] = []
        for node in tree.body:
            if isinstance(node, _FUNCTIONS) and speaks(f"{path}::{node.name}"):
                mine.append(node.name)
            elif isinstance(node, ast.ClassDef):
                methods = [one.name for one in node.body if isinstance(one, _FUNCTIONS)]
                if speaks(f"{path}::{node.name}::"):
                    mine.append(f"{node.name}::")  # what it inherits, too
                else:
                    mine += [f"{node.name}::{one}" for one in methods if speaks(f"{path}::{node.name}::{one}")]
        mine = [one for one in mine if "::" in one or one.startswith("test")]
        if mine:
            found[path] = tuple(mine)
    return found


def _callers(name: str, document: str, others: Mapping[PurePosixPath, str]) -> tuple[str, ...]:
    """The functions and methods that use ``name``, the values of modules that are made by it, and those that use these,
    in the document first."""
    found: dict[str, None] = {}
    wanted = {name}
    for _ in range(2):
        fresh: set[str] = set()
        words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(wanted)))})(?!\w)")
        for text in (document, *others.values()):
            if len(found) + len(fresh) < _MOST_CALLERS and words.search(text):
                fresh |= _using(text, wanted) - {name} - found.keys()
        found |= dict.fromkeys(sorted(fresh)[:_MOST_CALLERS])
        wanted = fresh
        if not wanted:
            break
    return tuple(list(found)[:_MOST_CALLERS])


def _using(text: str, names: set[str]) -> set[str]:
    tree = tree_of(text)
    if tree is None:
        return set()
    owners = {
        method: node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, _FUNCTIONS)
    }
    values = {
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _uses(node, names)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and not target.id.startswith("__") and len(target.id) > 2
    }
    return values | {
        owners[node] if node in owners and node.name.startswith("__") else node.name
        for node in ast.walk(tree)
        if isinstance(node, _FUNCTIONS) and _uses(node, names) and node.name not in _COMMON - {"__init__"}
    }


def _uses(node: ast.AST, names: set[str]) -> bool:
    for one in ast.walk(node):
        if one is node:
            continue
        if (isinstance(one, ast.Name) and one.id in names) or (isinstance(one, ast.Attribute) and one.attr in names):
            return True
    return False
