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
    top = _SYNTAX.outline(text, language).items
    wanted = task.scope.name
    known = set[tuple[str, str]]()
    if wanted is None:
        known = {
            (item.name or "", ".".join(one.name or "" for one in holders))
            for item, holders in _all(_SYNTAX.outline(task.document.text, language).items)
        }
    container = task.scope.container or ""
    found: list[Found] = []
    for item, holders in _all(top):
        if item.name is None or item.kind is ItemKind.IMPORT:
            continue
        one = Found(item=item, holders=holders, top=top)
        if wanted is None:
            if item.kind is ItemKind.FUNCTION and (item.name, one.container) not in known:
                return one
        elif item.name == wanted.rpartition(".")[2]:
            found.append(one)
    exact = [one for one in found if one.container == container or one.container.endswith(f".{container}")]
    return min(exact or found, key=lambda one: _unlike(one.item, task), default=None)


def _unlike(item: Item, task: Task) -> int:
    """How far one of several definitions of one name (overloads) is from the scope: by its header, its parameters."""
    scope = task.scope
    if scope.signature is not None and "".join((item.signature or "").split()) == "".join(scope.signature.split()):
        return 0
    if scope.parameters is None:
        return 1
    return 1 if item.parameters == scope.parameters else 2 + (len(item.parameters or ()) != len(scope.parameters))


def _all(items: Sequence[Item], holders: tuple[Item, ...] = ()) -> Iterator[tuple[Item, tuple[Item, ...]]]:
    for item in items:
        yield item, holders
        yield from _all(item.children, (*holders, item))
