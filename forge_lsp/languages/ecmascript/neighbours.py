"""The modules of its own project that a file of TypeScript or JavaScript imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from forge_lsp.core.ports import ProjectFiles, Syntax
from forge_lsp.core.support import OwnFile
from forge_lsp.core.task import Document

__all__ = ["imported_files", "imports_itself"]

_SPECIFIER = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(?P<path>\.{1,2}/[^'"]*|\.{1,2})\1"""
)
_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".js", ".jsx", ".mjs", ".cjs")
_FROM = re.compile(r"(?:from\s*|require\(\s*|^import\s*)(?P<quote>['\"])(?P<module>[^'\"]+)(?P=quote)")


def imported_files(document: Document, path: Path, _files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The files that relative imports lead to."""
    for match in _SPECIFIER.finditer(document.text):
        target = path.parent / match["path"]
        bare = target.with_suffix("") if target.suffix in (".js", ".jsx", ".mjs", ".cjs") else target
        options = [target, *(bare.with_name(bare.name + ending) for ending in _ENDINGS)]
        options += [target / f"index{ending}" for ending in _ENDINGS]
        hit = next((option for option in options if option.is_file()), None)
        if hit is not None:
            yield hit


def imports_itself(statement: str, own: OwnFile) -> bool:
    """Whether a statement imports the module that the file is."""
    match = _FROM.search(statement)
    if match is None or not match["module"].startswith("."):
        return False
    target = PurePosixPath(_normal(f"{own.path.parent.as_posix()}/{match['module']}"))
    path = PurePosixPath(own.path.as_posix())
    stems = {path, path.with_suffix("")}
    if path.suffix in (".ts", ".tsx", ".mts", ".cts"):
        stems |= {path.with_suffix(ending) for ending in (".js", ".mjs", ".cjs", ".jsx")}  # as modules of Node say it
    return target in stems or (path.stem == "index" and target == path.parent)


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts).rstrip("/")
