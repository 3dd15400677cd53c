"""The headers of its own project that a file of C or C++ includes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import ProjectFiles, Syntax
from forge_lsp.core.support import OwnFile
from forge_lsp.core.task import Document

__all__ = ["imported_files", "imports_itself"]

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"](?P<path>[^>\"\r\n]+)[>\"]", re.M)
_INCLUDED_FROM = ("", "include", "inc", "src", "lib")


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The headers, looked for beside the file and in the usual folders above."""
    workspace = files.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    for match in _INCLUDE.finditer(document.text):
        options = [folder / name / match["path"] for folder in above for name in _INCLUDED_FROM]
        hit = next((option for option in options if files.text(option) is not None), None)
        if hit is not None:
            yield hit


def imports_itself(statement: str, own: OwnFile) -> bool:
    """Whether a statement includes the file."""
    match = re.match(r'#\s*include\s*"(?:[^"]*/)?([^"/]+)"', statement)
    return match is not None and match[1] == own.path.name
