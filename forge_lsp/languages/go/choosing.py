"""Which tests of a Go module are run for a scope: those of its package, else those of the packages that import it.

Reads texts, runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.go.compiling import CHECK_FILE
from forge_lsp.languages.go.sources import imports_of, reaching, tests_in

__all__ = ["Selection", "speaking_of", "tests_of"]

_MOST = 60
_STEPS = 2
_MOST_FILES = 2_000
_MOST_PACKAGES = 3
_MODULE = re.compile(r"^module[ \t]+\"?(?P<path>[^\s\"]+)", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which tests of one package, that in ``folder``, are run.

    ``names`` are they, at most 60; ``speaking`` those that call the scope, as far as their text shows it. ``texts`` are
    the test files by name, the document as the user's text has it.
    """

    folder: PurePosixPath
    names: tuple[str, ...] = ()
    speaking: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])


def tests_of(task: Task, place: Place) -> tuple[Selection, ...]:
    """Return the tests and examples that call what is to be written.

    Of the document's package those that name it, or a helper that does, and those that name what calls it, two steps up
    (where they are too many, the first alone). Where there are none, those of packages of the module that import it,
    two steps up; where these are none either, all of its own package, of which then only those count that fail. For a
    scope without a name all of its package.
    """
    if place.source is None:
        return ()
    folder = place.document.parent
    texts = _texts(task, place, folder)
    tests = {file: text for file, text in texts.items() if file.endswith("_test.go")}
    start, end = task.scope.range.start, task.scope.range.end
    found = [
        name
        for name, (file, one) in tests_in(tests).items()
        if file != place.document.name or one.end <= start or one.start >= end
    ]
    wanted = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    if wanted is None:
        speaking = frozenset(found) if task.scope.kind is ScopeKind.FILE else frozenset[str]()
        return (Selection(folder=folder, names=tuple(found[:_MOST]), speaking=speaking, texts=tests),) if found else ()
    others = [text for file, text in texts.items() if file not in tests]
    chosen: list[str] = []
    for steps in range(_STEPS + 1):
        speaking = speaking_of(reaching((wanted,), others, steps=steps), tests) & frozenset(found)
        more = [name for name in found if name in speaking and name not in chosen]
        if chosen and len(chosen) + len(more) > _MOST:
            break
        chosen += more
    if chosen:
        names = tuple(chosen[:_MOST])
        return (Selection(folder=folder, names=names, speaking=frozenset(chosen), texts=tests),)
    importing = tuple(_importing(task, place, reaching((wanted,), others, steps=_STEPS)))
    if importing or not found:
        return importing
    return (Selection(folder=folder, names=tuple(found[:_MOST]), texts=tests),)


def speaking_of(names: frozenset[str], tests: Mapping[str, str]) -> frozenset[str]:
    """Return the tests that name one of ``names``, or a helper of the test files that does."""
    if not names:
        return frozenset()
    reached = reaching(names, tests.values())
    return frozenset(
        name for name, (_, one) in tests_in(tests).items() if name in reached - names or not names.isdisjoint(one.words)
    )


def _importing(task: Task, place: Place, names: frozenset[str]) -> Iterator[Selection]:
    """The packages whose tests reach one of ``names``, which the document's package declares, through an import: those
    that import it, then those that import these; a few of them."""
    files = _folders(place)
    paths = _paths(place, files)
    reached = {place.document.parent: names}
    yielded = 0
    for _ in range(_STEPS):
        fresh: dict[PurePosixPath, frozenset[str]] = {}
        known = {paths[folder]: reached[folder] for folder in reached if folder in paths}
        for folder in files:
            if folder in reached or yielded == _MOST_PACKAGES:
                continue
            texts = _texts(task, place, folder)
            wanted = _imported(texts.values(), known)
            if not wanted:
                continue
            tests = {file: text for file, text in texts.items() if file.endswith("_test.go")}
            own = [text for file, text in texts.items() if file not in tests]
            fresh[folder] = reaching(wanted, own, steps=_STEPS)
            speaking = speaking_of(fresh[folder], tests)
            if speaking:
                yielded += 1
                order = [name for name in tests_in(tests) if name in speaking]
                yield Selection(folder=folder, names=tuple(order[:_MOST]), speaking=speaking, texts=tests)
        if yielded or not fresh:
            return
        reached |= fresh


def _imported(texts: Iterable[str], known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names that some of ``texts`` can use of the packages that they import, by the packages' paths."""
    found: frozenset[str] = frozenset()
    for text in texts:
        for path in imports_of(text).values():
            found |= frozenset(name for name in known.get(path, ()) if name[:1].isupper())
    return found


def _folders(place: Place) -> tuple[PurePosixPath, ...]:
    """The folders of the module that hold Go files."""
    module = place.nearest("go.mod")
    if module is None:
        return ()
    names = [PurePosixPath(name) for name in place.files((".go", "go.mod"))][:_MOST_FILES]
    nested = {path.parent for path in names if path.name == "go.mod"} - {module.parent, *module.parent.parents}
    return tuple(
        dict.fromkeys(
            path.parent
            for path in sorted(names)
            if path.suffix == ".go"
            and path.is_relative_to(module.parent)
            and not any(path.is_relative_to(other) for other in nested)
            and "testdata" not in path.parts
        )
    )


def _paths(place: Place, folders: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, str]:
    """The import paths of the module's packages."""
    module = place.nearest("go.mod")
    declared = _MODULE.search(place.text(module) or "") if module is not None else None
    if module is None or declared is None:
        return {}
    inner = {folder: folder.relative_to(module.parent) for folder in folders}
    return {
        folder: declared["path"] if str(part) == "." else f"{declared['path']}/{part}" for folder, part in inner.items()
    }


def _texts(task: Task, place: Place, folder: PurePosixPath) -> dict[str, str]:
    """The Go files of a folder by name, the document as the user has it."""
    assert place.source is not None, "asked for a workspace only"
    path = place.source / folder
    files = sorted(entry.name for entry in path.glob("*.go")) if path.is_dir() else []
    own = place.document.name if folder == place.document.parent else None
    return {
        file: task.document.text if file == own else place.text(folder / file) or ""
        for file in files
        if file != CHECK_FILE
    }
