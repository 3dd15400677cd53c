"""Where a document asks for code: empty bodies, and comments that say ``TODO(forge)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import Document, TextRange
from forge_lsp.editing.lines import Lines, leading_space

if TYPE_CHECKING:
    from forge_lsp.editing.edits import SourceSyntax

__all__ = ["unfinished"]

_WISH = re.compile(r"(?:#+|//+!?|/\*+|--)[ \t]*TODO\(forge\)|^[ \t]*\*[ \t]*TODO\(forge\)", re.M)


def unfinished(document: Document, syntax: SourceSyntax) -> tuple[TextRange, ...]:
    """The places that wait for code, in order: for an empty body the first line of the definition's header, for a
    comment its line; without indentation and line ending. One place for a definition, whatever its comments say.

    Meant to stay empty, and so left out: overloads, abstract methods, those of an interface, files of stubs.
    """
    if document.path is not None and document.path.name.endswith(document.language.editing().stub_files):
        return ()
    text = document.text
    lines = Lines(text)
    support = document.language.editing()
    stubs = list(_stubs(syntax.outline(text, document.language).items, text, support, declared=False))
    found = {lines.at(_header(item, text)) for item in stubs}
    wishes = [match.start() for match in _WISH.finditer(text)]
    if wishes:
        strings = syntax.multiline_strings(text, document.language)
        for wish in wishes:
            inside = any(place.start <= wish < place.end for place in (*strings, *(item.range for item in stubs)))
            if not inside and not _in_string(lines, wish, document.language):
                found.add(lines.at(wish))
    return tuple(_place(lines, number) for number in sorted(found))


def _stubs(items: Sequence[Item], text: str, support: EditingSupport, *, declared: bool) -> Iterator[Item]:
    for item in items:
        start = _header(item, text)
        if item.kind is ItemKind.FUNCTION and item.stub and not declared:
            if support.bare.search(text, item.range.start, start) is None:
                yield item
            continue
        interface = item.kind is ItemKind.CLASS and support.interface.search(item.signature or "") is not None
        yield from _stubs(item.children, text, support, declared=interface)


def _header(item: Item, text: str) -> int:
    """Where the header starts: after the comments, decorators and attributes that lead it."""
    if not item.signature:
        return item.range.start
    end = item.range.end if item.body is None else item.body.start
    at = text.rfind(item.signature, item.range.start, max(end, item.range.start + len(item.signature)))
    return item.range.start if at < 0 else at


def _in_string(lines: Lines, offset: int, language: Language) -> bool:
    """Whether what comes before on the line leaves a quote open."""
    before = lines.text[lines.start(lines.at(offset)) : offset]
    return any(before.count(quote) % 2 for quote in language.editing().quotes)


def _place(lines: Lines, number: int) -> TextRange:
    line = lines.line(number)
    start = lines.start(number)
    return TextRange(start=start + len(leading_space(line)), end=start + len(line.rstrip()))
