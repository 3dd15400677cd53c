"""The outline of Python text, unfinished code included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser
from forge_lsp.core.task import TextRange
from forge_lsp.editing.lines import Lines, is_blank, leading_space
from forge_lsp.editing.outline import DEFINED
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.reader import PythonReader

__all__ = ["STARTS", "outline_python"]

STARTS = re.compile(r"(?:async\s+def|def|class)\b|@")


def outline_python(text: str, _language: Language, parser: Parser) -> Outline:
    """Items and errors. Where one unfinished statement swallows the definitions after it, these are parsed apart."""
    whole = parser.parse(text, PYTHON)
    reader = PythonReader(whole)
    items, errors = reader.module()
    if not errors or not _swallowed(text, errors, items):
        return Outline(items=items, errors=errors)
    found: list[Item] = []
    broken: list[TextRange] = []
    for chunk in _chunks(text, 0, ""):
        part, wrong = _chunk(text, chunk, parser)
        found.extend(part)
        broken.extend(wrong)
    return Outline(items=tuple(found), errors=tuple(broken) or errors)


def _swallowed(text: str, errors: Sequence[TextRange], items: Sequence[Item]) -> bool:
    """Whether a definition that a line starts is not among the items."""
    known = _starts(items)
    lines = Lines(text)
    for error in errors:
        first, last = lines.of(error)
        for number in range(first, last + 1):
            line = lines.line(number)
            if STARTS.match(line.strip()) and lines.start(number) + len(leading_space(line)) not in known:
                return True
    return False


def _starts(items: Sequence[Item]) -> set[int]:
    found: set[int] = set()
    for item in items:
        if item.kind in DEFINED:
            found.add(item.range.start)
        found |= _starts(item.children)
    return found


def _chunks(text: str, start: int, indent: str, end: int | None = None) -> Iterator[TextRange]:
    """``text`` cut before every line that starts a definition at ``indent`` (decorators lead)."""
    lines = Lines(text)
    begin = start
    leading = False
    for number in range(lines.at(start), len(lines)):
        at = lines.start(number)
        if end is not None and at >= end:
            break
        line = lines.line(number)
        if is_blank(line) or leading_space(line) != indent:
            continue
        lead = line[len(indent) :]
        starts = STARTS.match(lead) is not None or (not indent and not lead.startswith((")", "]", "}", "#")))
        if starts and not leading and at > begin:
            yield TextRange(start=begin, end=at)
            begin = at
        leading = lead.startswith("@")
    yield TextRange(start=begin, end=len(text) if end is None else end)


def _chunk(text: str, chunk: TextRange, parser: Parser) -> tuple[tuple[Item, ...], tuple[TextRange, ...]]:
    parsed = parser.parse(chunk.of(text), PYTHON, base=chunk.start)
    items, errors = PythonReader(parsed).module()
    header = _class_header(text, chunk) if errors else None
    if header is None:
        return (_rescued(text, chunk, parser) if errors else ()) or items, errors
    # A class with a broken method: each method is read with all the others blanked out.
    body_start, indent = header
    members: list[Item] = []
    broken: list[TextRange] = []
    outer: Item | None = None
    for part in _chunks(text, body_start, indent, chunk.end):
        blanked = text[chunk.start : body_start] + re.sub(r"[^\r\n]", " ", text[body_start : part.start])
        masked = parser.parse(blanked + part.of(text), PYTHON, base=chunk.start)
        found, wrong = PythonReader(masked).module()
        broken.extend(error for error in wrong if error.end >= part.start)
        klass = next((item for item in found if item.kind is ItemKind.CLASS), None)
        outer = outer or klass
        members.extend((_rescued(text, part, parser) if wrong else ()) or (klass.children if klass else ()))
    outer = outer or next(iter(_rescued(text, chunk, parser)), None)
    if outer is None:
        return items, errors
    last = Lines(text).of(chunk)[1]
    lines = Lines(text)
    while last > 0 and lines.blank(last):
        last -= 1
    whole = TextRange(start=outer.range.start, end=max(outer.range.end, lines.end(last)))
    body = TextRange(start=body_start, end=whole.end)
    return (replace(outer, range=whole, body=body, children=tuple(members), stub=False),), tuple(broken)


def _rescued(text: str, part: TextRange, parser: Parser) -> tuple[Item, ...]:
    """The definition whose header ``part`` starts with, when its broken body keeps the grammar from seeing it."""
    lines = Lines(text)
    first, last = lines.of(part)
    while last > first and lines.blank(last):
        last -= 1
    number = first
    while number < last and not re.match(r"\s*(?:async\s+def|def|class)\b", lines.line(number)):
        if not lines.blank(number) and not lines.line(number).lstrip().startswith(("@", "#")):
            return ()
        number += 1
    start = lines.start(number) + len(leading_space(lines.line(number)))
    while number <= last and not lines.line(number).split("#")[0].rstrip().endswith(":"):
        number += 1
    if number > last:
        return ()
    end = lines.start(number) + len(lines.line(number).split("#")[0].rstrip())
    header = PythonReader(parser.parse(text[start:end] + " 0", PYTHON, base=start)).module()
    if header[1] or len(header[0]) != 1 or header[0][0].kind not in DEFINED:
        return ()
    while lines.blank(first):
        first += 1
    whole = TextRange(start=lines.start(first) + len(leading_space(lines.line(first))), end=max(end, lines.end(last)))
    return (replace(header[0][0], range=whole, body=TextRange(start=end, end=whole.end)),)


def _class_header(text: str, chunk: TextRange) -> tuple[int, str] | None:
    """Where the body of the class that ``chunk`` holds starts, and its indentation."""
    lines = Lines(text)
    first, last = lines.of(chunk)
    while first <= last and not re.match(r"class\b", lines.line(first)):
        if not is_blank(lines.line(first)) and not lines.line(first).startswith(("@", "#", "\ufeff")):
            return None
        first += 1
    while first <= last and not lines.line(first).split("#")[0].rstrip().endswith(":"):
        first += 1
    for number in range(first + 1, last + 1):
        line = lines.line(number)
        if not is_blank(line):
            indent = leading_space(line)
            return (lines.start(first + 1), indent) if indent else None
    return None
