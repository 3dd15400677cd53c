"""The imports of PHP: merging them, and what they lead to in their own project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.imports import missing_lines
from forge_lsp.editing.lines import Lines
from forge_lsp.reading import parsed_json

__all__ = ["imported_files", "imports_itself", "merge_php", "namespace_of", "used_names"]

_USE = re.compile(r"use\s+(?P<kind>function\s+|const\s+)?(?P<names>\\?[\w\\]+[^;]*);")
_LOAD = re.compile(r"(?:require|include)(?:_once)?\b[^;]*?['\"](?P<path>[^'\"]+\.\w+)['\"]")
_NAMESPACE = re.compile(r"^[ \t]*(?:<\?php\s+)?namespace\s+(?P<name>[\w\\]+)\s*[;{]", re.M)
_TAG = re.compile(r"<\?php\b[^\n]*")
_HEAD = re.compile(r"^[ \t]*(?:declare\s*\([^)]*\)\s*;|namespace\s+[\w\\]+\s*[;{]).*$", re.M)
_DEFINES = re.compile(r"\b(?:class|interface|trait|enum)\s+(\w+)")

Used = tuple[str, str, str]
"""What a statement brings in: ``function``, ``const`` or "", the full name, and the name that it has here."""


def used_names(statement: str) -> list[Used]:
    """Return what a ``use`` statement brings in, in order."""
    match = _USE.match(statement.strip())
    if match is None:
        return []
    kind, names = (match["kind"] or "").strip(), match["names"].strip()
    group = re.fullmatch(r"(?P<prefix>[\w\\]+)\\\s*\{(?P<inner>[^}]*)\}", names, re.S)
    prefix, parts = (f"{group['prefix']}\\", group["inner"]) if group is not None else ("", names)
    found: list[Used] = []
    for part in parts.split(","):
        words = part.split()
        if not words:
            continue
        own = words.pop(0) if words[0] in ("function", "const") else kind
        full = f"{prefix}{words[0]}".lstrip("\\")
        alias = words[2] if len(words) == 3 and words[1].lower() == "as" else full.rpartition("\\")[2]
        found.append((own, full, alias))
    return found


def namespace_of(text: str) -> str:
    """Return the first namespace that a text declares; "": none."""
    match = _NAMESPACE.search(text)
    return match["name"] if match is not None else ""


def merge_php(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: what it lacks of ``wanted`` after the last import of its kind, else below the namespace, else
    below the opening tag. Nothing where it has no opening tag."""
    present = set(
        chain.from_iterable(used_names(item.range.of(text)) for item in items if item.kind is ItemKind.IMPORT)
    )
    here = namespace_of(text)
    uses: list[str] = []
    loads: list[str] = []
    for statement in wanted:
        names = used_names(statement)
        if not names:
            loads += missing_lines(text, [statement], items) if _LOAD.match(statement) else []
            continue
        for kind, full, alias in names:
            own = full.rpartition("\\")
            if (kind, full, alias) in present or (not kind and (own[0], own[2]) == (here, alias)):
                continue
            present.add((kind, full, alias))
            renamed = f" as {alias}" if alias != own[2] else ""
            uses.append(f"use {kind + ' ' if kind else ''}{full}{renamed};")
    edits: list[TextEdit] = []
    for block, mine in ((uses, True), (loads, False)):
        if block and (edit := _inserted(text, block, head, mine)) is not None:
            edits.append(edit)
    return edits


def _inserted(text: str, block: Sequence[str], head: Sequence[Item], uses: bool) -> TextEdit | None:
    lines = Lines(text)
    same = [item for item in head if bool(used_names(item.range.of(text))) is uses]
    if same:
        at = lines.end(lines.at(same[-1].range.end))
        return TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in block))
    tag = _TAG.search(text)
    if tag is None:
        return None
    limit = head[0].range.start if head else len(text)
    above = [found.end() for found in _HEAD.finditer(text) if found.end() <= limit] or [tag.end()]
    if not uses and head:
        above = [head[-1].range.end]
    at = lines.end(lines.at(above[-1]))
    return TextEdit(range=TextRange(start=at, end=at), text="\n\n" + "\n".join(block))


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a statement uses a type of the document's own by its full name, or loads its file."""
    loaded = _LOAD.match(statement.strip())
    if loaded is not None:
        return PurePosixPath(loaded["path"]).name == below.name
    here, own = namespace_of(document.text), set(_DEFINES.findall(document.text))
    names = [full.rpartition("\\") for kind, full, _ in used_names(statement) if not kind]
    return bool(names) and all(home == here and name in own for home, _, name in names)


def imported_files(document: Document, path: Path, files: ProjectFiles, syntax: Syntax) -> Iterator[Path]:
    """The files that a document loads by their path, and those of the types that it uses, by Composer's PSR-4."""
    del syntax
    for match in _LOAD.finditer(document.text):
        folder = path.parent if not match["path"].startswith("/") or "__DIR__" in match[0] else files.workspace
        yield Path(posixpath.normpath(folder / match["path"].lstrip("/")))
    roots = list(_roots(path, files))
    for match in re.finditer(r"^[ \t]*use\s[^;]+;", document.text, re.M):
        for kind, full, _ in used_names(match[0]):
            for prefix, folder in roots if not kind else ():
                if full.startswith(prefix):
                    yield folder / f"{full.removeprefix(prefix).replace(chr(92), '/')}.php"


def _roots(path: Path, files: ProjectFiles) -> Iterator[tuple[str, Path]]:
    """The folders of the nearest ``composer.json``, each with the start of the names that it holds."""
    for folder in path.parents:
        text = files.text(folder / "composer.json")
        if text is not None:
            break
        if folder == files.workspace:
            return
    else:
        return
    try:
        told: Any = parsed_json(text)
    except ValueError:
        return
    for section in ("autoload", "autoload-dev"):
        try:
            part = cast("dict[str, Any]", told[section]["psr-4"])
        except (KeyError, TypeError):
            continue
        for prefix, places in part.items():
            for place in cast("list[str]", places if isinstance(places, list) else [places]):
                yield prefix, folder / place
