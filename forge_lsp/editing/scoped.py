"""Where a task's scope is in a text, by its outline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Scope, Task
from forge_lsp.editing.syntax import TreeSitterSyntax

__all__ = ["ScopedItem", "scoped"]

_SYNTAX = TreeSitterSyntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedItem:
    """A definition: its ``item``, the items that hold it (outermost first), and the ``top`` items of the text."""

    item: Item
    holders: tuple[Item, ...]
    top: tuple[Item, ...]

    @property
    def container(self) -> str:
        """The dotted name of what holds it; "": nothing."""
        return ".".join(holder.name or "" for holder in self.holders)


def scoped(task: Task, text: str) -> ScopedItem | None:
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
        one = ScopedItem(item=item, holders=holders, top=top)
        if item.kind is ItemKind.FUNCTION and item.name is not None and (item.name, one.container) not in known:
            return one
    return None


def _named(task: Task, text: str) -> list[ScopedItem]:
    """The definitions of the scope's name, in its container where any is there."""
    top = _SYNTAX.outline(text, task.document.language).items
    name = (task.scope.name or "").rpartition(".")[2]
    container = task.scope.container or ""
    found = [
        ScopedItem(item=item, holders=holders, top=top)
        for item, holders in _all(top)
        if item.name == name and item.kind is not ItemKind.IMPORT
    ]
    exact = [one for one in found if one.container == container or one.container.endswith(f".{container}")]
    return sorted(exact or found, key=lambda one: one.item.body is None)  # definitions before their declarations


def _chosen(task: Task, found: Sequence[ScopedItem]) -> ScopedItem | None:
    """Of several of one name (overloads, methods of different types) the one that is meant: by its header, else by its
    parameters, else by its place among them in the untouched text."""
    scope = task.scope
    wanted = _plain(scope.signature)
    same = next((one for one in found if wanted and _plain(one.item.signature) == wanted), None)
    if same is not None or len(found) < 2:
        return same or next(iter(found), None)
    least = min(_unlike(one.item, scope) for one in found)
    near = [one for one in found if _unlike(one.item, scope) == least]
    before = [one.item.range for one in _named(task, task.document.text)]
    inside = [place for place, one in enumerate(before) if one.start < scope.range.end and scope.range.start < one.end]
    at = found[inside[-1]] if len(before) == len(found) and 0 < len(inside) < len(before) else near[0]
    return at if at in near else near[0]


def _unlike(item: Item, scope: Scope) -> int:
    """How far the parameters of a definition are from the scope's: of other names, of another number."""
    if scope.parameters is None:
        return 0
    given = item.parameters or ()
    return (given != scope.parameters) + (len(given) != len(scope.parameters))


def _plain(signature: str | None) -> str:
    return "".join((signature or "").split())


def _all(items: Sequence[Item], holders: tuple[Item, ...] = ()) -> Iterator[tuple[Item, tuple[Item, ...]]]:
    for item in items:
        yield item, holders
        yield from _all(item.children, (*holders, item))
