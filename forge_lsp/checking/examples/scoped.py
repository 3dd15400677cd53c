"""Where a task's scope is in a text, by its outline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.syntax import TreeSitterSyntax

__all__ = ["Found", "scoped"]

_SYNTAX = TreeSitterSyntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A definition: its ``item``, the items that hold it (outermost first), and the ``top`` items of the text."""

    item: Item
    holders: tuple[Item, ...]
    top: tuple[Item, ...]

    @property
    def container(self) -> str:
        """The dotted name of what holds it; "": nothing."""
        return ".".join(holder.name or "" for holder in self.holders)


def scoped(task: Task, text: str) -> Found | None:
    """Return the definition that is the task's scope in ``text``: of its name, in its container; where the scope has no
    name, the first callable one that the untouched text has not. None: there is none."""
    language = task.document.language
    if task.scope.name is not None:
        return _chosen(task, _named(task, text))
    known = {
        (item.name or "", ".".join(one.name or "" for one in holders))
        for item, holders in _all(_SYNTAX.outline(task.document.text, language).items)
    }
    for item, holders in _all(top := _SYNTAX.outline(text, language).items):
        one = Found(item=item, holders=holders, top=top)
        if item.kind is ItemKind.FUNCTION and item.name is not None and (item.name, one.container) not in known:
            return one
    return None


def _named(task: Task, text: str) -> list[Found]:
    """The definitions of the scope's name, in its container where any is there."""
    top = _SYNTAX.outline(text, task.document.language).items
    name = (task.scope.name or "").rpartition(".")[2]
    container = task.scope.container or ""
    found = [
        Found(item=item, holders=holders, top=top)
        for item, holders in _all(top)
        if item.name == name and item.kind is not ItemKind.IMPORT
    ]
    exact = [one for one in found if one.container == container or one.container.endswith(f".{container}")]
    return sorted(exact or found, key=lambda one: one.item.body is None)  # definitions before their declarations


def _chosen(task: Task, found: Sequence[Found]) -> Found | None:
    """Of several of one name (overloads, methods of different types) the one that is meant: by its header, else by its
    place among them in the untouched text."""
    if len(found) < 2:
        return next(iter(found), None)
    wanted = _plain(task.scope.signature)
    same = [one for one in found if wanted and _plain(one.item.signature) == wanted]
    if same:
        return same[0]
    scope = task.scope.range
    before = [one.item.range for one in _named(task, task.document.text)]
    inside = [place for place, one in enumerate(before) if one.start < scope.end and scope.start < one.end]
    return found[inside[-1]] if inside and len(before) == len(found) else found[0]


def _plain(signature: str | None) -> str:
    return "".join((signature or "").split())


def _all(items: Sequence[Item], holders: tuple[Item, ...] = ()) -> Iterator[tuple[Item, tuple[Item, ...]]]:
    for item in items:
        yield item, holders
        yield from _all(item.children, (*holders, item))
