"""Merging the imports that a candidate wants into those that a file has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.editing.differences import apply_edits
from forge_lsp.editing.lines import BOM, Lines, dominant_ending, normalised

__all__ = ["first_imports", "merge_imports", "merge_lines", "missing_lines"]

_IMPORT_LINE = re.compile(r"\s*(?:import|using|use|#\s*include|package)\b")


def merge_imports(text: str, imports: Sequence[str], language: Language, syntax: Syntax) -> str:
    """``text`` with those of ``imports`` that it lacks, in its own style and line ending.

    ``imports`` are statements, one or several lines each. Blocks under ``try`` or ``if`` are left as they are.
    """
    wanted = [normalised(statement).strip() for statement in imports if statement.strip()]
    if not wanted:
        return text
    items = syntax.outline(text, language).items
    edits = (language.editing().merge_imports or merge_lines)(text, wanted, items, _head(items))
    ending = dominant_ending(text)
    ordered = sorted(edits, key=lambda edit: (edit.range.start, edit.range.end))
    return apply_edits(text, [TextEdit(range=e.range, text=e.text.replace("\n", ending)) for e in ordered])


def _head(items: Sequence[Item]) -> list[Item]:
    """The imports before the first definition."""
    found: list[Item] = []
    for item in items:
        if item.kind is ItemKind.IMPORT:
            found.append(item)
        elif item.kind in (ItemKind.FUNCTION, ItemKind.CLASS):
            break
    return found


def merge_lines(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: a line each that it lacks, after the last import, else below the comment at the top."""
    lines = Lines(text)
    missing = missing_lines(text, wanted, items)
    if not missing:
        return []
    last = lines.at(head[-1].range.end) if head else -1
    if not items:
        last = max((n for n in range(len(lines)) if _IMPORT_LINE.match(lines.line(n))), default=-1)
    if last >= 0:
        at = lines.end(last)
        return [TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in missing))]
    at = _after_header(lines)
    separator = "\n" if not text[at:].startswith(("\n", "\r")) and text[at:] else ""
    return [TextEdit(range=TextRange(start=at, end=at), text="".join(f"{line}\n" for line in missing) + separator)]


def first_imports(lines: Lines, new: Sequence[str], clause: re.Pattern[str], first: Item | None) -> TextEdit:
    """The edit that brings imports into a text that has none: below the line that ``clause`` matches, else above the
    item that stands ``first``."""
    block = "\n".join(sorted(new))
    number = next((n for n in range(len(lines)) if clause.match(lines.line(n))), None)
    if number is not None:
        at = lines.end(number)
        return TextEdit(range=TextRange(start=at, end=at), text=f"\n\n{block}")
    at = lines.start(lines.at(first.range.start)) if first is not None else lines.start(0)
    return TextEdit(range=TextRange(start=at, end=at), text=f"{block}\n\n" if lines.text[at:].strip() else f"{block}\n")


def missing_lines(text: str, wanted: Sequence[str], items: Sequence[Item]) -> list[str]:
    """The lines of ``wanted`` that are in ``text`` neither as a line nor as an import, each once."""
    lines = Lines(text)
    present = {_key(lines.line(number)) for number in range(len(lines))}
    present |= {_key(item.range.of(text)) for item in items if item.kind is ItemKind.IMPORT}
    present |= {key.removeprefix("global ") for key in present}
    missing = [line for statement in wanted for line in statement.split("\n") if _key(line) not in present]
    return list(dict.fromkeys(line.strip() for line in missing if line.strip()))


def _key(line: str) -> str:
    return re.sub(r"\s+", " ", line.strip().strip(BOM)).replace(" ;", ";")


def _after_header(lines: Lines) -> int:
    """After the comment or directives at the top (a licence, ``#nullable``) if a blank line ends it, else the top."""
    number = 0
    while number < len(lines) and lines.line(number).lstrip().startswith(("//", "/*", "*", "#", "package ")):
        number += 1
    if number and number < len(lines) and lines.blank(number):
        while number < len(lines) - 1 and lines.blank(number):
            number += 1
        return lines.start(number)
    return lines.start(0)
