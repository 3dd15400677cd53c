"""What is looked for in an answer, and what was found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.support import ExtractionSupport
from forge_lsp.core.task import ScopeKind, Task, TextRange
from forge_lsp.ensemble.extraction.harvest import CodeBlock, with_plain_endings
from forge_lsp.ensemble.extraction.places import DefinitionPlace, all_places, place_at
from forge_lsp.ensemble.extraction.reshape import one_line, receiver

__all__ = ["DEFINITIONS", "FoundDefinition", "WantedDefinition", "has_imports", "members", "wanted_of"]

DEFINITIONS = (ItemKind.FUNCTION, ItemKind.CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDefinition:
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
    place: DefinitionPlace | None = None
    """The wanted definition in the document; None where nothing stands there yet."""
    group: tuple[DefinitionPlace, ...] = ()
    """What the scope holds of that name: one, or overloads with their implementation."""
    enclosed: bool = False
    """Whether a helper of the module cannot stand right beside it: it stands in a class, a function or a branch, or
    behind other declarations of its own."""
    rivals: tuple[DefinitionPlace, ...] = ()
    """The document's other definitions of that name, in any class, function or branch, in order."""

    @property
    def support(self) -> ExtractionSupport:
        """How code of the language is found."""
        return self.language.extraction()

    @property
    def key(self) -> str:
        """The name without what qualifies it."""
        return self.place.name if self.place is not None else (self.name or "")

    @property
    def home(self) -> str | None:
        """What the definition belongs to: what encloses it, or the receiver in its header."""
        return self.container or (receiver(self.item, self.language) if self.item is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDefinition:
    code: str
    blocks: tuple[CodeBlock, ...]
    note: str | None = None
    above: tuple[str, ...] = ()
    """Definitions of the module that the code uses, for above what encloses it."""


def wanted_of(task: Task, syntax: Syntax) -> WantedDefinition:
    language, scope = task.document.language, task.scope
    original = textwrap.dedent(with_plain_endings(task.original)).strip("\n")
    name = scope.name if scope.kind in (ScopeKind.DEFINITION, ScopeKind.SELECTION) else None
    outline = syntax.outline(original, language)
    item = next((item for item in outline.items if item.name == name), None) if name is not None else None
    document = syntax.outline(task.document.text, language)
    inside = scope.range
    places = list(all_places(document.items, task.document.text, language)) if name is not None else []
    place = place_at(places, inside, name)
    if item is None and place is not None:
        item = next((one for one in outline.items if one.name == place.item.name), None)
        name = place.item.name  # a C++ member that is defined outside its class was asked for without the class
    container = scope.container.rsplit(".", 1)[-1] if scope.container else None
    return WantedDefinition(
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
            one_line(item.range.of(task.document.text), language)
            for item in document.items
            if item.kind is ItemKind.IMPORT
        ),
        container_names=frozenset(
            item.name
            for item, owner in members(document.items)
            if owner is not None and owner.name == container and item.name is not None
        ),
        parameters=scope.parameters,
        syntax=syntax,
        place=place,
        enclosed=container is not None or (place is not None and (bool(place.owners) or _is_announced(places, place))),
        group=tuple(_group(places, place, inside)) if place is not None else (),
        rivals=tuple(_rivals(places, place, inside)) if place is not None else (),
    )


def _rivals(places: Sequence[DefinitionPlace], place: DefinitionPlace, inside: TextRange) -> Iterator[DefinitionPlace]:
    for one in places:
        announced = one.item.body is None and place.item.body is not None
        if _same(one, place) and not _within(one, inside) and not announced:
            yield one


def _group(places: Sequence[DefinitionPlace], place: DefinitionPlace, inside: TextRange) -> Iterator[DefinitionPlace]:
    for one in places:
        if _same(one, place) and one.path == place.path and _within(one, inside):
            yield one


def _is_announced(places: Sequence[DefinitionPlace], place: DefinitionPlace) -> bool:
    """Whether signatures of its own stand before it (TypeScript's overloads)."""
    may_be = place.language.extraction().overloads
    return may_be and any(_same(one, place) and one.path == place.path and one.item.body is None for one in places)


def _same(one: DefinitionPlace, place: DefinitionPlace) -> bool:
    return one.name == place.name and one.item.kind is place.item.kind


def _within(one: DefinitionPlace, inside: TextRange) -> bool:
    return inside.start <= one.item.range.start and one.item.range.end <= inside.end


def members(items: Sequence[Item], owner: Item | None = None) -> Iterator[tuple[Item, Item | None]]:
    """Yield all definitions with the class that encloses each, outermost first."""
    for item in items:
        yield item, owner
        if item.kind is ItemKind.CLASS:
            yield from members(item.children, item)


def has_imports(wanted: WantedDefinition) -> bool:
    outline = wanted.syntax.outline(wanted.original, wanted.language)
    return any(item.kind is ItemKind.IMPORT for item in outline.items)
