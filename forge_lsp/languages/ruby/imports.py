"""What Ruby files require."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.imports import merge_lines
from forge_lsp.editing.lines import Lines

__all__ = ["imported_files", "imports_itself", "merge_ruby"]

_REQUIRE = re.compile(r"""^[ \t]*require(?P<near>_relative)?[ \t(]+["'](?P<path>[^"'#]+)["']""", re.M)
_MAGIC = re.compile(
    r"#!|#.*?coding[:=]|#\s*(?:frozen_string_literal|warn_indent|shareable_constant_value|typed):", re.I
)


def merge_ruby(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: a line each that it lacks, below the last one, else below the magic comments at the top."""
    present = {_plain(item.range.of(text)) for item in items if item.kind is ItemKind.IMPORT}
    missing = [one for one in wanted if _plain(one) not in present]
    lines = Lines(text)
    number = 0
    while number < len(lines) and _MAGIC.match(lines.line(number).lstrip("\ufeff")):
        number += 1
    if head or not number or not missing:
        return merge_lines(text, missing, items, head)
    at = lines.end(number - 1)
    separator = "" if number >= len(lines) or lines.blank(number) else "\n"
    added = "".join(f"\n{line}" for line in dict.fromkeys(missing))
    return [TextEdit(range=TextRange(start=at, end=at), text=f"\n{added}{separator}")]


def _plain(statement: str) -> str:
    return re.sub(r"[\s()]+", " ", statement.replace("'", '"')).strip()


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a ``require`` leads to the document, whose path in the workspace is ``below``."""
    del document
    found = _REQUIRE.match(statement)
    if found is None:
        return False
    path = found["path"].removesuffix(".rb")
    own = below.with_suffix("").as_posix()
    if found["near"]:
        return path.removeprefix("./") == below.stem
    return path == own or f"lib/{path}" == own or own.endswith(f"/lib/{path}")


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The files that the document requires: beside it, or below ``lib`` and the workspace's own folder."""
    workspace = files.workspace
    for found in _REQUIRE.finditer(document.text):
        name = found["path"].removesuffix(".rb") + ".rb"
        folders = (path.parent,) if found["near"] else (workspace / "lib", workspace, *_libraries(path, workspace))
        for folder in folders:
            target = Path(*_normal((folder / name).parts))
            if target.is_relative_to(workspace) and files.text(target) is not None:
                yield target
                break


def _libraries(path: Path, workspace: Path) -> Iterator[Path]:
    """Each ``lib`` above the document."""
    for folder in path.parents:
        if folder.name == "lib" and folder.is_relative_to(workspace):
            yield folder


def _normal(parts: Sequence[str]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if part == ".." and len(found) > 1:
            found.pop()
        elif part != ".":
            found.append(part)
    return found
