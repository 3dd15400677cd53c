"""From where the cursor is to what is to be replaced.

The rules, in order:

- no selection: the whole file; so is any selection in a file of nothing but white space;
- a selection over several lines: its whole lines, blank ones at its edges left out. If they are exactly one
  definition (its leading comments may be missing) the scope is that definition;
- a cursor (empty, or within one line): the innermost definition whose lines hold it, its decorators, attributes and
  doc comment included; overloads and their implementation are one definition for a cursor on an overload;
- a cursor on a TODO comment outside every function: that comment's lines, which the code replaces;
- a cursor on a blank line outside every function, or on another comment: an insertion there;
- a cursor on any other statement at the top: that statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.editing.lines import BOM, Lines, is_blank, leading_space
from forge_lsp.editing.outline import has_todo

__all__ = ["SelectedItem", "scope_at", "walk"]

_DEFINED = (ItemKind.FUNCTION, ItemKind.CLASS, ItemKind.ASSIGNMENT)
_COMMENT_LINE = re.compile(r"\s*(?:#|//|/\*|\*)")


@dataclass(frozen=True, slots=True)
class SelectedItem:
    """An item with what encloses it, outermost first; ``range`` may be wider than the item's (overloads)."""

    item: Item
    path: tuple[Item, ...]
    range: TextRange


def scope_at(document: Document, selection: TextRange | None, items: Sequence[Item]) -> Scope:
    """See the rules at the top of this module; ``items`` is the document's outline. Offsets beyond the text count as
    its end."""
    text = document.text
    lines = Lines(text)
    if selection is None or is_blank(text):
        return _file(lines, unfinished=is_blank(text) or any(_waits(item) for item in items))
    start, end = min(selection.start, len(text)), min(selection.end, len(text))
    first, last = lines.of(TextRange(start=start, end=end))
    found = list(walk(items, text, document.language.editing().overload))
    if first == last:
        return _Cursor(document, lines, found).scope(first)
    while first < last and lines.blank(first):
        first += 1
    while last > first and lines.blank(last):
        last -= 1
    if first == last and lines.blank(first):
        return _Cursor(document, lines, found).scope(first)
    return _selection(lines, found, first, last)


def walk(
    items: Sequence[Item], text: str, overload: Callable[[Item, str], bool], path: tuple[Item, ...] = ()
) -> Iterator[SelectedItem]:
    """Every item, outer before inner; ``path`` encloses them all. ``overload``: see EditingSupport."""
    announces = [item.kind is ItemKind.FUNCTION and item.name is not None and overload(item, text) for item in items]
    for index, item in enumerate(items):
        yield SelectedItem(item, path, _with_overloads(items, index, announces))
        yield from walk(item.children, text, overload, (*path, item) if item.name is not None else path)


def _with_overloads(items: Sequence[Item], index: int, announces: Sequence[bool]) -> TextRange:
    """For an overload: its fellows and the implementation as well."""
    item = items[index]
    if not announces[index]:
        return item.range
    first = last = index
    while first > 0 and items[first - 1].name == item.name and announces[first - 1]:
        first -= 1
    while last + 1 < len(items) and items[last + 1].name == item.name and items[last + 1].kind is ItemKind.FUNCTION:
        last += 1
        if not announces[last]:
            break
    if announces[last]:
        return item.range  # declarations alone: of an interface, of a library
    return TextRange(start=items[first].range.start, end=items[last].range.end)


@dataclass(eq=False)
class _Cursor:
    """Finds the scope for a cursor."""

    document: Document
    lines: Lines
    found: Sequence[SelectedItem]

    def scope(self, number: int) -> Scope:
        """The scope for a cursor in line ``number``."""
        lines = self.lines
        around = [found for found in self.found if self._holds(found.range, number)]
        definitions = [found for found in around if found.item.kind in _DEFINED]
        if lines.blank(number):
            innermost = definitions[-1] if definitions else self._trailing(number)
            if innermost is None or innermost.item.kind is ItemKind.CLASS:
                return self._insertion(number, innermost)
            return _definition(lines, innermost)
        comment = next((found for found in reversed(around) if found.item.kind is ItemKind.COMMENT), None)
        if comment is not None and not any(
            found.item.kind is ItemKind.FUNCTION and found.item.range.start > comment.item.range.start
            for found in definitions
        ):
            return self._comment(comment)
        for candidate in reversed(definitions):
            if self._owns_lines(candidate.range):
                # Of overloads, which are one, the first.
                return _definition(lines, next(one for one in definitions if one.range == candidate.range))
        if around:
            top = around[0]
            if top.item.kind in (ItemKind.FUNCTION, ItemKind.CLASS):
                return _definition(lines, top)
            first, last = lines.of(top.range)
            if last - first < 60 and not top.item.children:
                return _plain(lines, self.found, first, last)
            return _plain(lines, self.found, number, number)
        if not self.found:
            first = last = number
            while first > 0 and not lines.blank(first - 1):
                first -= 1
            while last + 1 < len(lines) and not lines.blank(last + 1):
                last += 1
            return _plain(lines, self.found, first, last)
        if _COMMENT_LINE.match(lines.line(number)) and not has_todo(lines.line(number)):
            return self._insertion(number + 1, None) if number + 1 < len(lines) else self._insertion_at_end()
        return _plain(lines, self.found, number, number)

    def _holds(self, place: TextRange, number: int) -> bool:
        first, last = self.lines.of(place)
        return first <= number <= last

    def _owns_lines(self, place: TextRange) -> bool:
        """Whether nothing but white space and comments shares the lines of ``place``."""
        text = self.document.text
        lines = self.lines
        before = text[lines.start(lines.at(place.start)) : place.start]
        after = text[place.end : lines.end(lines.at(place.end))].strip().lstrip(";,").lstrip()
        return is_blank(before) and (not after or after.startswith(("#", "//", "/*")))

    def _trailing(self, number: int) -> SelectedItem | None:
        """Where blocks are told by indentation: an indented blank line after a definition still belongs to it."""
        indent = leading_space(self.lines.line(number))
        if not self.document.language.indented or not indent:
            return None
        above = number - 1
        while above >= 0 and self.lines.blank(above):
            above -= 1
        if above < 0:
            return None
        best: SelectedItem | None = None
        for found in self.found:
            if found.item.kind not in (ItemKind.FUNCTION, ItemKind.CLASS):
                continue
            first, last = self.lines.of(found.range)
            own = leading_space(self.lines.line(first))
            if last == above and len(indent.expandtabs()) > len(own.expandtabs()):
                best = found
        return best

    def _comment(self, found: SelectedItem) -> Scope:
        lines = self.lines
        first, last = lines.of(found.item.range)
        if has_todo(found.item.range.of(self.document.text)):
            return _plain(lines, self.found, first, last)
        if last + 1 < len(lines):
            at = lines.start(last + 1)
            return Scope(
                kind=ScopeKind.INSERTION,
                range=TextRange(start=at, end=at),
                indent=leading_space(lines.line(first)),
                container=_enclosing(found.path),
                unfinished=True,
            )
        return self._insertion_at_end()

    def _insertion(self, number: int, container: SelectedItem | None) -> Scope:
        at = self.lines.start(number)
        if container is None:
            return Scope(kind=ScopeKind.INSERTION, range=TextRange(start=at, end=at), unfinished=True)
        first = self.lines.of(container.range)[0]
        header = leading_space(self.lines.line(first))
        indent = leading_space(self.lines.line(number))
        members = [leading_space(self.lines.line(self.lines.at(c.range.start))) for c in container.item.children]
        members = [member for member in members if len(member) > len(header)]
        if members:
            indent = members[0]
        elif len(indent) <= len(header):
            indent = header + _unit(self.document.text)
        return Scope(
            kind=ScopeKind.INSERTION,
            range=TextRange(start=at, end=at),
            indent=indent,
            container=_enclosing((*container.path, container.item)),
            unfinished=True,
        )

    def _insertion_at_end(self) -> Scope:
        end = len(self.document.text)
        return Scope(kind=ScopeKind.INSERTION, range=TextRange(start=end, end=end), unfinished=True)


def _enclosing(path: Sequence[Item]) -> str | None:
    return ".".join(item.name for item in path if item.name is not None) or None


def _waits(item: Item) -> bool:
    """Whether a definition, or one inside it, has no code yet."""
    return item.stub or any(_waits(child) for child in item.children)


def _file(lines: Lines, *, unfinished: bool) -> Scope:
    """All lines, without the last one's ending: the final newline stays as it is."""
    text = lines.text
    start = 1 if text.startswith(BOM) else 0
    last = len(lines) - 1
    end = lines.end(last - 1) if last > 0 and not lines.line(last) else lines.end(last)
    if is_blank(text):
        end = len(text)
    return Scope(kind=ScopeKind.FILE, range=TextRange(start=start, end=max(start, end)), unfinished=unfinished)


def _definition(lines: Lines, found: SelectedItem) -> Scope:
    first, last = lines.of(found.range)
    item = found.item
    return Scope(
        kind=ScopeKind.DEFINITION,
        range=lines.span(first, last),
        indent=leading_space(lines.line(first)),
        name=item.name,
        container=_enclosing(found.path),
        signature=item.signature,
        parameters=item.parameters,
        unfinished=_waits(item),
    )


def _selection(lines: Lines, found: Sequence[SelectedItem], first: int, last: int) -> Scope:
    """Whole lines; a definition where they are exactly one."""
    for candidate in found:
        item = candidate.item
        if item.kind not in _DEFINED or item.name is None:
            continue
        top, bottom = lines.of(candidate.range)
        if bottom == last and top <= first and all(_COMMENT_LINE.match(lines.line(n)) for n in range(top, first)):
            scope = _definition(lines, candidate)
            return replace(scope, range=lines.span(first, last), indent=leading_space(lines.line(first)))
    return _plain(lines, found, first, last)


def _plain(lines: Lines, found: Sequence[SelectedItem], first: int, last: int) -> Scope:
    place = lines.span(first, last)
    around = [f for f in found if f.item.name is not None and f.range.start < place.start and place.end <= f.range.end]
    container = _enclosing((*around[-1].path, around[-1].item)) if around else None
    inside = [f.item for f in found if place.start <= f.range.start and f.range.end <= place.end]
    return Scope(
        kind=ScopeKind.SELECTION,
        range=place,
        indent=leading_space(lines.line(first)),
        container=container,
        unfinished=any(_waits(item) for item in inside)
        or all(is_blank(line) or _COMMENT_LINE.match(line) for line in place.of(lines.text).splitlines()),
    )


def _unit(text: str) -> str:
    """One step of indentation as the text has it; four blanks where it has none."""
    for line in text.splitlines():
        space = leading_space(line)
        if space and line.strip():
            return "\t" if space.startswith("\t") else " " * min(len(space), 8)
    return "    "
