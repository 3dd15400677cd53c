"""Which tests of a package call what is to be written, as far as their text shows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from pathlib import PurePosixPath

from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.rust.crates import Target
from forge_lsp.languages.rust.source import TESTED, Item, items_of, tokens_of, walked

__all__ = ["PackageTests", "names_of", "words_of"]

_STEPS = 2
_OF_TRAIT = re.compile(r"\bimpl\b.*\bfor\s+(?:&\s*)?(?:\w+::)*(?P<type>\w+)")
# Names that every second type has: who calls one of these does not call ours.
_COMMON = frozenset(
    {"main", "new", "fmt", "default", "from", "into", "drop", "eq", "clone", "next", "len", "iter", "get"}
)


def words_of(text: str) -> Set[str]:
    """Return the names in a piece of code."""
    return {token.text for token in tokens_of(text) if token.kind == "word"}


def names_of(task: Task) -> frozenset[str]:
    """Return what a test names that speaks of the scope: the scope, its type; of more than one, all that it defines."""
    scope = task.scope
    found = {name for name in (scope.name, (scope.container or "").rpartition(".")[2].rpartition("::")[2]) if name}
    # What belongs to a trait is rarely called by its name (`to_string`, `==`, `?`): the type speaks for it.
    of_trait = _OF_TRAIT.search(scope.container or "")
    if of_trait is not None:
        found.add(of_trait["type"])
    if scope.kind in (ScopeKind.FILE, ScopeKind.SELECTION) or not found:
        items = walked(items_of(task.original))
        found |= {item.name for item in items if not item.testing and item.kind not in ("use", "macro", "mod")}
    return frozenset(found)


class PackageTests:
    """The tests of a package by its files. ``names`` are the scope's, ``files`` the texts of the package."""

    def __init__(self, names: Iterable[str], files: Mapping[PurePosixPath, str]) -> None:
        self._items = {file: tuple(walked(items_of(text))) for file, text in files.items()}
        self._files = files
        self._cache: dict[tuple[PurePosixPath, int], Set[str]] = {}
        self.names = frozenset(names)
        called = set(self.names)
        for _ in range(_STEPS):
            called |= {
                item.name
                for file, items in self._items.items()
                for item in items
                if item.kind == "fn" and not item.testing and item.name not in _COMMON
                if not called.isdisjoint(self._words(file, item))
            }
        self.called = frozenset(called)

    def tested(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Return the targets with tests that speak of the scope; where there is none, all that have tests."""
        having = [target for target in targets if target.tested and (any(self._tests(target)) or self._made(target))]
        return self.calling(having) or tuple(having)

    def calling(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Return the targets with tests that speak of the scope."""
        return tuple(
            target
            for target in targets
            if target.tested
            if any(
                not self.names or not self._named(file, target).isdisjoint(self._words(file, item))
                for file, item in self._tests(target)
            )
            or any(not self.names or self._says(file) for file in self._made(target))
        )

    def speaks(self, target: Target, test: str) -> bool:
        """Return whether a test of a target calls the scope, so far as its text shows it."""
        if not self.names:
            return True
        parts = test.split("::")
        for part in reversed(parts):
            found = [(file, item) for file, item in self._tests(target) if item.name == part]
            if found:
                return any(not self._named(file, target).isdisjoint(self._words(file, item)) for file, item in found)
        # Made by a macro: its text is not known, so that of its file speaks.
        return any(map(self._says, self.files_of(target)))

    def files_of(self, target: Target) -> tuple[PurePosixPath, ...]:
        """Return the files that a target is made of, as far as their places show."""
        if target.kind != "test":
            return tuple(file for file in self._files if file.is_relative_to(target.file.parent))
        text = self._files.get(target.file, "")
        below = [
            file
            for file in self._files
            if file.parent != target.file.parent and file.is_relative_to(target.file.parent)
        ]
        beside = [file for file in self._files if file.parent == target.file.parent and file != target.file]
        modules = [file for file in beside if re.search(rf"\bmod\s+{re.escape(file.stem)}\s*;", text)]
        return tuple(dict.fromkeys((target.file, *below, *modules)))

    def _tests(self, target: Target) -> Iterable[tuple[PurePosixPath, Item]]:
        for file in self.files_of(target):
            yield from ((file, item) for item in self._items.get(file, ()) if item.is_test)

    def _made(self, target: Target) -> tuple[PurePosixPath, ...]:
        """The files of a target in which a macro makes tests: more is marked as a test there than is written out."""
        return tuple(
            file
            for file in self.files_of(target)
            if len(TESTED.findall(self._files.get(file, ""))) > sum(item.is_test for item in self._items.get(file, ()))
        )

    def _says(self, file: PurePosixPath) -> bool:
        """Whether a file names what calls the scope."""
        return not self.called.isdisjoint(words_of(self._files[file]))

    def _named(self, file: PurePosixPath, target: Target) -> Set[str]:
        """What a test of a file names that calls the scope: helpers, those of the target's other test files too, and
        other names that the file gives it."""
        named = set(self.called)
        text = self._files.get(file, "")
        named |= {match[2] for match in re.finditer(r"\b(\w+)\s+as\s+(\w+)", text) if match[1] in self.called}
        for _ in range(_STEPS):
            named |= {
                item.name
                for other in (self.files_of(target) if target.kind == "test" else (file,))
                for item in self._items.get(other, ())
                if item.kind in ("fn", "macro") and not item.is_test and item.name not in _COMMON
                if not named.isdisjoint(self._words(other, item))
            }
        return named

    def _words(self, file: PurePosixPath, item: Item) -> Set[str]:
        key = (file, item.start)
        if key not in self._cache:
            words = [
                token.text for token in tokens_of(self._files[file][item.start : item.end]) if token.kind == "word"
            ]
            # Its own name as it is defined; a test may have the name of what it calls.
            self._cache[key] = {word for at, word in enumerate(words) if word != item.name or at > words.index(word)}
        return self._cache[key]
