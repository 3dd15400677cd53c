"""Code that is half written, and the scope in it where the tree has no definition to show for it.

A function whose last statement stops in the middle, or whose closing bracket is missing, is read by a parser as
something else: a piece of an error, the rest of the file. Its layout still tells where it begins and ends. A guess by
indentation is tried: the text is read with nothing in the body's place, and counts where the errors there are gone and
a definition is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from forge_lsp.core.ports import ItemKind, Outline, Syntax
from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.editing.lines import Lines, dominant_ending, leading_space
from forge_lsp.editing.selecting import scope_at, walk

__all__ = ["scope_by_layout", "with_errors"]

_MOST_LINES = 400
"""How far up from the cursor the line that opens a body is looked for."""
_CLOSERS = ("}", "end")
"""What closes a body whose own end is missing, tried in this order."""
_ENDS = ("}", "end", ")", "]", "*/")


@dataclass(frozen=True, slots=True)
class _Body:
    """Lines ``first`` to ``last`` (``last`` < ``first``: none) below a heading that begins at line ``opening``.
    ``closed``: the line after them closes the block."""

    opening: int
    first: int
    last: int
    closed: bool


def scope_by_layout(document: Document, selection: TextRange, syntax: Syntax) -> Scope | None:
    """Return the definition around the cursor as the lines' indentation has it, with the range that it has in the
    document; None where the text has no errors, or where they are not in what stands around the cursor."""
    text, language = document.text, document.language
    outline = syntax.outline(text, language)
    if not outline.errors:
        return None
    lines = Lines(text)
    first, last = lines.of(TextRange(start=min(selection.start, len(text)), end=min(selection.end, len(text))))
    if first != last or lines.blank(first):
        return None
    seen = scope_at(document, selection, outline.items)
    lost = any(error.start == error.end >= seen.range.end for error in outline.errors)  # an end that is missing
    parsed = seen.kind is ScopeKind.DEFINITION and not any(_meet(seen.range, error) for error in outline.errors)
    if parsed and not lost and _is_one_block(lines, seen.range):
        return None
    for body in _bodies(lines, first):
        found = _tried(document, lines, body, outline, syntax)
        if found is not None:
            return found
    return None


def _is_one_block(lines: Lines, place: TextRange) -> bool:
    """Whether a definition ends where its layout has it, and no other block begins in it."""
    first, last = lines.of(place)
    width, deeper = _width(lines.line(first)), False
    for number in range(first, last):
        line = lines.line(number)
        if lines.blank(number):
            continue
        if _width(line) > width:
            deeper = True
        elif deeper and not line.lstrip().startswith((*_ENDS, "{")):
            return False
    return _width(lines.line(last)) >= width


def _is_function(scope: Scope, outline: Outline, document: Document) -> bool:
    """Whether a scope is no class: there the error may be anywhere."""
    every = walk(outline.items, document.text, document.language.editing().overload)
    first = next((found for found in every if found.range.start >= scope.range.start), None)
    return scope.kind is ScopeKind.DEFINITION and first is not None and first.item.kind is not ItemKind.CLASS


def _meet(one: TextRange, other: TextRange) -> bool:
    return one.start <= other.end and other.start <= one.end


def with_errors(scope: Scope, document: Document, syntax: Syntax) -> Scope:
    """Return a scope with what it says of errors of syntax: whether they are in it, in the rest of the document, or
    nowhere."""
    language = document.language
    parses = language.editing().parses

    def errors(text: str) -> int:
        return len(syntax.outline(text, language).errors) if parses is None else int(not parses(text))

    whole = errors(document.text)
    if not whole:
        return scope
    beside = errors(_without(scope, document))
    return replace(scope, half_written=beside < whole, errors_beside=bool(beside))


def _without(scope: Scope, document: Document) -> str:
    text, place = document.text, scope.range
    fill = f"{scope.indent}pass" if document.language.indented else ""
    return text[: place.start] + fill + text[place.end :]


def _width(line: str) -> int:
    return len(leading_space(line).expandtabs())


def _bodies(lines: Lines, number: int) -> Iterator[_Body]:
    """The blocks that hold line ``number`` or that it opens, the innermost first."""
    below = number + 1
    while below < len(lines) and lines.blank(below):
        below += 1
    if below < len(lines) and _width(lines.line(below)) > _width(lines.line(number)):
        yield _body(lines, number, below)
    width = _width(lines.line(number))
    # The line that closes a block belongs to it.
    closes = lines.line(number).lstrip().startswith(_ENDS)
    for above in range(number - 1, max(-1, number - _MOST_LINES), -1):
        if lines.blank(above):
            continue
        own = _width(lines.line(above))
        if own < width or (closes and own == width):
            width, closes = own, False
            yield _body(lines, above, above + 1)


def _body(lines: Lines, opening: int, first: int) -> _Body:
    width = _width(lines.line(opening))
    after = first
    while after < len(lines) and (lines.blank(after) or _width(lines.line(after)) > width):
        after += 1
    closed = after < len(lines) and _width(lines.line(after)) == width and lines.line(after).lstrip().startswith(_ENDS)
    last = after - 1
    while last > opening and lines.blank(last):
        last -= 1
    # Lines that are further in than the body's least are still the heading's.
    least = min((_width(lines.line(n)) for n in range(first, last + 1) if not lines.blank(n)), default=0)
    while first < last and _width(lines.line(first)) > least:
        first += 1
    return _Body(opening, first, last, closed)


def _tried(document: Document, lines: Lines, body: _Body, outline: Outline, syntax: Syntax) -> Scope | None:
    """Read the text with an empty body in the place of ``body``."""
    text, language = document.text, document.language
    indent = leading_space(lines.line(body.opening))
    start = lines.end(body.first - 1)
    end = lines.end(body.last) if body.last >= body.first else start
    ending = dominant_ending(text)
    if language.indented:
        fills = [f"{ending}{indent}    pass"]  # a word that parses as a statement
    else:
        # What closes it may be that of what is around it, where that is no further out.
        fills = [*([""] if body.closed else []), *(f"{ending}{indent}{closer}" for closer in _CLOSERS)]
    for fill in fills:
        tried = replace(document, text=text[:start] + fill + text[end:])
        items = syntax.outline(tried.text, language)
        if len(items.errors) >= len(outline.errors):
            continue
        scope = scope_at(tried, TextRange(start=start, end=start), items.items)
        place = scope.range
        if not _is_function(scope, items, tried) or place.end < start or any(_meet(place, e) for e in items.errors):
            continue
        stop = scope.range.end - len(fill) if scope.range.end > start + len(fill) else start
        return replace(scope, range=TextRange(start=scope.range.start, end=end + stop - start), unfinished=True)
    return None
