"""The files of its own project that a document imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import Syntax
from forge_lsp.core.task import Document
from forge_lsp.editing.files import Files

__all__ = ["imported_files"]


def imported_files(document: Document, files: Files, syntax: Syntax) -> Iterator[Path]:
    """Files of the workspace that ``document`` imports, in the order it does, each once. A language whose imports name
    no files has none."""
    find = document.language.editing().imported_files
    if document.path is None or find is None:
        return
    seen = {_resolved(document.path)}
    for path in find(document, document.path, files, syntax):
        key = _resolved(path)
        if key not in seen and files.text(path) is not None:
            seen.add(key)
            yield path


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
