"""Merging the imports that a candidate wants into those that a file has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.editing.differences import apply_edits
from forge_lsp.editing.lines import BOM, Lines, dominant_ending, leading_space, normalised
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.imports import merge_c
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.imports import merge_ecmascript
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.imports import merge_go
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.imports import merge_java
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.imports import merge_python
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.imports import merge_rust

__all__ = ["merge_imports"]

_IMPORT_LINE = re.compile(r"\s*(?:import|using|use|#\s*include|package)\b")


def merge_imports(text: str, imports: Sequence[str], language: Language, syntax: Syntax) -> str:
    """``text`` with those of ``imports`` that it lacks, in its own style and line ending.

    ``imports`` are statements, one or several lines each. Blocks under ``try`` or ``if`` are left as they are.
    """
    wanted = [normalised(statement).strip() for statement in imports if statement.strip()]
    if not wanted:
        return text
    items = syntax.outline(text, language).items
    head = _head(items)
    if language is PYTHON:
        edits = merge_python(text, wanted, items, head)
    elif language in (TYPESCRIPT, JAVASCRIPT):
        edits = merge_ecmascript(text, wanted, items, head)
    elif language is JAVA:
        edits = merge_java(text, wanted, items, head)
    elif language in (C, CPP):
        edits = merge_c(text, wanted, head)
    elif language is GO:
        edits = merge_go(text, wanted, items, head)
    elif language is RUST:
        edits = merge_rust(text, wanted, items, head)
    else:
        edits = _merge_lines(text, wanted, items, head)
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


def _merge_lines(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """C# usings and the imports of languages without a grammar: a line each."""
    lines = Lines(text)
    present = {_key(lines.line(number)) for number in range(len(lines))}
    present |= {_key(item.range.of(text)) for item in items if item.kind is ItemKind.IMPORT}
    present |= {key.removeprefix("global ") for key in present}
    missing = [line for statement in wanted for line in statement.split("\n") if _key(line) not in present]
    missing = list(dict.fromkeys(line.strip() for line in missing if line.strip()))
    if not missing:
        return []
    if head:
        return _sorted_in(text, missing, head, lines)
    last = -1
    if not items:
        last = max((n for n in range(len(lines)) if _IMPORT_LINE.match(lines.line(n))), default=-1)
    if last >= 0:
        at = lines.end(last)
        return [TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in missing))]
    at = _after_header(lines)
    separator = "\n" if not text[at:].startswith(("\n", "\r")) and text[at:] else ""
    return [TextEdit(range=TextRange(start=at, end=at), text="".join(f"{line}\n" for line in missing) + separator)]


def _sorted_in(text: str, missing: Sequence[str], head: Sequence[Item], lines: Lines) -> list[TextEdit]:
    """Each after the last using that sorts before it where the file's are sorted, else after the last."""
    keys = [_sort_key(item.range.of(text)) for item in head]
    is_sorted = keys == sorted(keys)
    edits: list[TextEdit] = []
    for line in sorted(missing, key=_sort_key) if is_sorted else missing:
        after = [item for item, key in zip(head, keys, strict=True) if key <= _sort_key(line)] if is_sorted else head
        anchor = after[-1] if after else head[0]
        number = lines.at(anchor.range.end if after else anchor.range.start)
        indent = leading_space(lines.line(lines.at(anchor.range.start)))
        if after:
            at = lines.end(number)
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"\n{indent}{line}"))
        else:
            at = lines.start(number)
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"{indent}{line}\n"))
    return edits


def _sort_key(line: str) -> tuple[bool, str]:
    name = re.sub(r"^(?:global\s+)?using\s+|;.*$", "", line.strip(), flags=re.S)
    return not re.match(r"System\b", name), name


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
