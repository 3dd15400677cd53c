"""Merging the imports of Kotlin, and the package clause of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.imports import first_imports
from forge_lsp.editing.lines import Lines
from forge_lsp.languages.kotlin.texts import IMPORT, declared, package_of

__all__ = ["fit_file", "imports_itself", "merge_kotlin"]

_CLAUSE = re.compile(r"^[ \t]*package[ \t]+[\w.`]+[ \t]*;?", re.M)
_Name = tuple[str, str]


def merge_kotlin(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: each import in the order of the names; without imports below the package clause, else at the
    top. One that a ``*`` covers already is left out."""
    present = [found for item in head if (found := _parsed(item.range.of(text))) is not None]
    lines = Lines(text)
    places: dict[int, list[str]] = {}
    for statement in wanted:
        found = _parsed(statement)
        if found is None:
            continue
        name, alias = found
        if found in present or (not alias and (f"{name.rpartition('.')[0]}.*", "") in present):
            continue
        present.append(found)
        line = f"import {name} as {alias}" if alias else f"import {name}"
        before = [item for item in head if (_parsed(item.range.of(text)) or ("", ""))[0] < name]
        at = -1
        if before:
            at = lines.end(lines.at(before[-1].range.end))
        elif head:
            at = lines.start(lines.at(head[0].range.start))
        places.setdefault(at, []).append(line)
    edits: list[TextEdit] = []
    starts = {lines.start(lines.at(head[0].range.start))} if head else set[int]()
    for at, new in places.items():
        if at < 0:
            edits.append(_first(lines, new, items))
        elif at in starts:
            edits.append(TextEdit(range=TextRange(start=at, end=at), text="".join(f"{line}\n" for line in sorted(new))))
        else:
            edits.append(TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in sorted(new))))
    return edits


def fit_file(original: str, code: str) -> str:
    """``code``, the whole text of a file, with the package clause of ``original`` where it has none."""
    clause = _CLAUSE.search(original)
    if clause is None or _CLAUSE.search(code) is not None:
        return code
    return f"{clause[0].strip()}\n\n{code}"


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a statement imports what the document itself declares."""
    del below
    found = _parsed(statement)
    if found is None or found[0].endswith(".*"):
        return False
    package, _, name = found[0].rpartition(".")
    return package == package_of(document.text) and name in declared(document.text)


def _parsed(statement: str) -> _Name | None:
    """The name that is imported, and what it is called here ("": the same)."""
    match = IMPORT.match(statement)
    return (f"{match['name']}{match['star'] or ''}", match["alias"] or "") if match is not None else None


def _first(lines: Lines, new: Sequence[str], items: Sequence[Item]) -> TextEdit:
    top = next((item for item in items if item.kind is not ItemKind.COMMENT), None)
    while top is not None and re.match(r"@file\b|#!", top.range.of(lines.text)):
        later = [item for item in items if item.range.start > top.range.start and item.kind is not ItemKind.COMMENT]
        top = later[0] if later else None
    return first_imports(lines, new, _CLAUSE, top)
