"""Merging the imports of Java, and what ties a file's text to its name: the package clause and the public type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.imports import first_imports
from forge_lsp.editing.lines import Lines
from forge_lsp.languages.java import JAVA

__all__ = ["fit_java_file", "imports_itself", "merge_java"]

_IMPORT = re.compile(r"import\s+(?P<static>static\s+)?(?P<name>[\w.]+(?:\s*\.\s*\*)?)\s*;")
_PACKAGE = re.compile(r"^[ \t]*package\s+[\w.]+\s*;", re.M)
_PUBLIC = re.compile(r"\bpublic\b")


def merge_java(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: each import after the one that shares most of its name; without imports below the package
    clause, else at the top. One that a ``*`` covers already is left out."""
    present = [found for item in head if (found := _parsed(item.range.of(text))) is not None]
    lines = Lines(text)
    places: dict[int, list[str]] = {}
    for statement in wanted:
        found = _parsed(statement)
        if found is None:
            continue
        static, name = found
        if found in present or (static, f"{name.rpartition('.')[0]}.*") in present:
            continue
        present.append(found)
        line = f"import {'static ' if static else ''}{name};"
        anchor = _anchor(found, head, text)
        at = lines.end(lines.at(anchor.range.end)) if anchor is not None else -1
        places.setdefault(at, []).append(line)
    edits = [_inserted(at, sorted(new)) for at, new in places.items() if at >= 0]
    if -1 in places:
        edits.append(_first(lines, places[-1], items))
    return edits


def fit_java_file(original: str, code: str, stem: str | None, syntax: Syntax) -> str:
    """``code``, the whole text of a file, with the package clause of ``original``, and its only public type by the
    file's name ``stem`` (the compiler demands it), where no type of ``code`` bears it yet."""
    clause = _PACKAGE.search(original)
    if clause is not None and _PACKAGE.search(code) is None:
        code = f"{clause[0].strip()}\n\n{code}"
    if stem is None or not stem.isidentifier():
        return code
    types = [item for item in syntax.outline(code, JAVA).items if item.kind is ItemKind.CLASS and item.name]
    public = [item for item in types if _PUBLIC.search((item.signature or "").partition(item.name or "")[0])]
    if len(public) != 1 or any(item.name == stem for item in types):
        return code
    return re.sub(rf"(?<![\w$.]){re.escape(public[0].name or '')}(?![\w$])", stem, code)


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a statement imports the class that the file is called after."""
    match = re.fullmatch(r"import\s+(?:static\s+)?([\w.]+?)(?:\.\*)?\s*;", statement.strip())
    package = re.search(r"^\s*package\s+([\w.]+)\s*;", document.text, re.M)
    name = f"{package[1]}.{below.stem}" if package is not None else below.stem
    return match is not None and (match[1] == name or match[1].startswith(f"{name}."))


def _parsed(statement: str) -> tuple[bool, str] | None:
    match = _IMPORT.search(statement)
    return (match["static"] is not None, re.sub(r"\s", "", match["name"])) if match is not None else None


def _anchor(found: tuple[bool, str], head: Sequence[Item], text: str) -> Item | None:
    """The import after which ``found`` goes: the last of those that share most with it and sort before it."""
    best: tuple[tuple[bool, int, bool], Item] | None = None
    for item in head:
        other = _parsed(item.range.of(text))
        if other is None:
            continue
        shared = 0
        for one, two in zip(found[1].split("."), other[1].split("."), strict=False):
            if one != two:
                break
            shared += 1
        score = (other[0] == found[0], shared, other[1] < found[1])
        if best is None or score >= best[0]:
            best = (score, item)
    return best[1] if best is not None else None


def _inserted(at: int, new: Sequence[str]) -> TextEdit:
    return TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in new))


def _first(lines: Lines, new: Sequence[str], items: Sequence[Item]) -> TextEdit:
    first = next((item for item in items if item.kind is not ItemKind.COMMENT), None)
    return first_imports(lines, new, _PACKAGE, first)
