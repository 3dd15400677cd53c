"""What a change touches: the functions, classes and values whose text differs, and what is left beside them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.ports import Item, ItemKind, Scoping, Syntax
from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.ensemble.check_stage import bare

__all__ = ["MOST_PLACES", "ChangedPlace", "places_of"]

MOST_PLACES = 40
"""Definitions of one file that are judged one by one; a change that touches more is judged as a whole."""
_NAMED = (ItemKind.FUNCTION, ItemKind.CLASS, ItemKind.ASSIGNMENT)
_SILENT = (ItemKind.IMPORT, ItemKind.COMMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPlace:
    """One thing that a change touches. ``scope`` is where it stands in the text before, ``code`` what stands there now
    ("": it is gone). ``lines`` are its first and last in the text after, or before where it is gone; they count from 1.
    """

    name: str
    scope: Scope
    code: str
    lines: tuple[int, int]

    @property
    def new(self) -> bool:
        """Whether it is a definition that was not there before."""
        return self.scope.kind is ScopeKind.INSERTION


@dataclass(frozen=True, slots=True)
class _Definition:
    """A definition and what encloses it (``Stack.push``). ``own`` is its text without the definitions inside."""

    name: str
    item: Item
    container: str
    own: str


def places_of(
    document: Document, after: str, *, syntax: Syntax, scoping: Scoping, lines: tuple[int, int] | None = None
) -> tuple[ChangedPlace, ...]:
    """Return what differs between a document's text and ``after``, in the order of the text after.

    A definition that is there in both is judged where it stood; one that is new at the place where it was put. A method
    that is not there any more counts by itself, unless its class is gone too. Whatever differs outside of definitions
    is one place, the file; so are imports and comments where nothing else differs. ``lines``: only places that these
    lines of the text after touch (both ends included).
    """
    language = document.language
    before = document.text
    old, new = (_definitions(syntax.outline(text, language).items, text) for text in (before, after))
    found = [
        *_changed(document, old, new, after, scoping),
        *_removed(document, old, new, scoping),
    ]
    if _rest(before, old, syntax, document) != _rest(after, new, syntax, document) or (not found and before != after):
        found.append(_file(document, after, scoping))
    if len(found) > MOST_PLACES:
        found = [_file(document, after, scoping)]
    if lines is not None:
        found = [place for place in found if place.lines[0] <= lines[1] and lines[0] <= place.lines[1]]
    return tuple(found)


def _definitions(items: Sequence[Item], text: str, container: str = "") -> dict[str, _Definition]:
    """The definitions by their dotted names, an outer one before those inside; a name's second bearer is ``name#2``."""
    found: dict[str, _Definition] = {}
    for item in items:
        if item.name is None or item.kind not in _NAMED:
            continue
        dotted = f"{container}.{item.name}" if container else item.name
        key, count = dotted, 1
        while key in found:
            count += 1
            key = f"{dotted}#{count}"
        inside = _definitions(item.children, text, dotted) if item.kind is ItemKind.CLASS else {}
        found[key] = _Definition(dotted, item, container, _own(item, text))
        found.update((name, one) for name, one in inside.items() if name not in found)
    return found


def _own(item: Item, text: str) -> str:
    """The text of an item; of a class what is left without its methods, and without its blank lines."""
    if item.kind is not ItemKind.CLASS:
        return item.range.of(text).replace("\r\n", "\n")
    parts: list[str] = []
    at = item.range.start
    for child in item.children:
        if child.kind in _NAMED and child.name is not None:
            parts.append(text[at : child.range.start])
            at = child.range.end
    parts.append(text[at : item.range.end])
    return bare("".join(parts))


def _changed(
    document: Document, old: dict[str, _Definition], new: dict[str, _Definition], after: str, scoping: Scoping
) -> Iterator[ChangedPlace]:
    """The definitions that differ, and those that are new; a method of a new class is a part of that class."""
    for key, now in new.items():
        was = old.get(key)
        if was is not None and was.own == now.own:
            continue
        if was is None and now.container and now.container not in old:
            continue
        scope = _inserted(document, now, old) if was is None else _scope_of(document, was, scoping)
        yield ChangedPlace(
            name=now.name, scope=scope, code=now.item.range.of(after), lines=_lines(after, now.item.range)
        )


def _removed(
    document: Document, old: dict[str, _Definition], new: dict[str, _Definition], scoping: Scoping
) -> Iterator[ChangedPlace]:
    for key, was in old.items():
        if key in new or (was.container and was.container not in new):
            continue
        lines = _lines(document.text, was.item.range)
        yield ChangedPlace(name=was.name, scope=_scope_of(document, was, scoping), code="", lines=lines)


def _scope_of(document: Document, found: _Definition, scoping: Scoping) -> Scope:
    """The scope that a cursor on a definition's header has."""
    item, text = found.item, document.text
    at = text.find(item.signature, item.range.start, item.range.end) if item.signature else -1
    at = item.range.start if at < 0 else at
    scope = scoping.scope(document, TextRange(start=at, end=at))
    if scope.name == item.name:
        return scope
    # One of several on a line, or in a form that a cursor takes for something larger.
    return replace(
        scope,
        kind=ScopeKind.DEFINITION,
        range=_whole_lines(text, item.range),
        name=item.name,
        container=found.container or None,
        signature=item.signature,
        parameters=item.parameters,
        unfinished=item.stub,
    )


def _inserted(document: Document, now: _Definition, old: dict[str, _Definition]) -> Scope:
    """The place of a definition that was not there: the end of what encloses it, else of the file."""
    around = old.get(now.container)
    at = around.item.range.end if around is not None else len(document.text)
    return Scope(
        kind=ScopeKind.INSERTION,
        range=TextRange(start=at, end=at),
        name=now.item.name,
        container=now.container or None,
        signature=now.item.signature,
        parameters=now.item.parameters,
        unfinished=True,
    )


def _file(document: Document, after: str, scoping: Scoping) -> ChangedPlace:
    """The whole file. It had working code unless it was empty, whatever stubs are in it."""
    scope = replace(scoping.scope(document, None), unfinished=not document.text.strip())
    return ChangedPlace(name="", scope=scope, code=after, lines=(1, max(1, after.count("\n"))))


def _rest(text: str, definitions: dict[str, _Definition], syntax: Syntax, document: Document) -> str:
    """What stands outside of every definition, imports and comments left out."""
    outline = syntax.outline(text, document.language)
    silent = [item.range for item in outline.items if item.kind in _SILENT]
    top = [one.item.range for one in definitions.values() if not one.container]
    parts: list[str] = []
    at = 0
    for place in sorted((*silent, *top), key=lambda place: place.start):
        parts.append(text[at : place.start])
        at = max(at, place.end)
    return bare("".join((*parts, text[at:])))


def _lines(text: str, place: TextRange) -> tuple[int, int]:
    first = text.count("\n", 0, place.start) + 1
    return first, first + text.count("\n", place.start, place.end)


def _whole_lines(text: str, place: TextRange) -> TextRange:
    end = text.find("\n", place.end)
    return TextRange(start=text.rfind("\n", 0, place.start) + 1, end=len(text) if end < 0 else end)
