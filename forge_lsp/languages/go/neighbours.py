"""The packages of its own module that a Go file imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import ProjectFiles, Syntax
from forge_lsp.core.support import OwnFile
from forge_lsp.core.task import Document

__all__ = ["imported_files", "imports_itself"]

_MODULE = re.compile(r"^module[ \t]+(?P<path>\S+)", re.M)
_IMPORT = re.compile(r"^(?:import)?[ \t]*(?:[\w.]+[ \t]+)?\"(?P<path>[\w./~-]+)\"", re.M)


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The files of the packages, tests left out."""
    workspace = files.workspace
    for folder in path.parents:
        if not folder.is_relative_to(workspace):
            return
        module = _MODULE.search(files.text(folder / "go.mod") or "")
        if module is None:
            continue
        for match in _IMPORT.finditer(document.text):
            inside = match["path"].removeprefix(module["path"])
            if inside != match["path"] and (not inside or inside.startswith("/")):
                package = folder / inside.strip("/")
                yield from sorted(p for p in package.glob("*.go") if not p.name.endswith("_test.go"))
        return


def imports_itself(statement: str, own: OwnFile) -> bool:
    """By the folder: ``example.com/shop/cart`` in ``cart``, where the first part is a host's name."""
    match = re.fullmatch(r'import\s+(?:[\w.]+\s+)?"([^"]+)"', statement.strip())
    folder = own.below.parent.as_posix()
    if match is None or folder == "." or "." not in match[1].split("/")[0]:
        return False
    return match[1].endswith(f"/{folder}")
