"""What is looked for in an answer, and what was found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.domain.ports import Item, ItemKind, Syntax
from forge_lsp.domain.task import Language, ScopeKind, Task
from forge_lsp.ensemble.extraction.harvest import Block, normal
from forge_lsp.ensemble.extraction.reshape import one_line, receiver

__all__ = ["DEFINITIONS", "Found", "Wanted", "has_imports", "members", "wanted_of"]

DEFINITIONS = (ItemKind.FUNCTION, ItemKind.CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: a name, what the original of it looks like, and what the document has already."""

    name: str | None
    container: str | None
    language: Language
    original: str
    item: Item | None
    is_class: bool
    document_names: frozenset[str]
    document_imports: frozenset[str]
    container_names: frozenset[str]
    parameters: tuple[str, ...] | None
    syntax: Syntax

    @property
    def home(self) -> str | None:
        """What the definition belongs to: what encloses it, or the receiver in its header."""
        return self.container or (receiver(self.item, self.language) if self.item is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    code: str
    blocks: tuple[Block, ...]
    note: str | None = None


def wanted_of(task: Task, syntax: Syntax) -> Wanted:
    language, scope = task.document.language, task.scope
    original = textwrap.dedent(normal(task.original)).strip("\n")
    name = scope.name if scope.kind in (ScopeKind.DEFINITION, ScopeKind.SELECTION) else None
    outline = syntax.outline(original, language)
    item = next((item for item in outline.items if item.name == name), None) if name is not None else None
    document = syntax.outline(task.document.text, language)
    inside = scope.range
    container = scope.container.rsplit(".", 1)[-1] if scope.container else None
    return Wanted(
        name=name,
        container=container,
        language=language,
        original=original,
        item=item,
        is_class=item is not None and item.kind is ItemKind.CLASS,
        document_names=frozenset(
            item.name
            for item in document.items
            if item.name and not (inside.start <= item.range.start < inside.end and item.range.end <= inside.end)
        ),
        document_imports=frozenset(
            one_line(item.range.of(task.document.text)) for item in document.items if item.kind is ItemKind.IMPORT
        ),
        container_names=frozenset(
            item.name
            for item, owner in members(document.items)
            if owner is not None and owner.name == container and item.name is not None
        ),
        parameters=scope.parameters,
        syntax=syntax,
    )


def members(items: Sequence[Item], owner: Item | None = None) -> Iterator[tuple[Item, Item | None]]:
    """All definitions with the class that encloses each, outermost first."""
    for item in items:
        yield item, owner
        if item.kind is ItemKind.CLASS:
            yield from members(item.children, item)


def has_imports(wanted: Wanted) -> bool:
    outline = wanted.syntax.outline(wanted.original, wanted.language)
    return any(item.kind is ItemKind.IMPORT for item in outline.items)
