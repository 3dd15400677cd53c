"""The modules of its own crate that a Rust file uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import ProjectFiles, Syntax
from forge_lsp.core.support import OwnFile
from forge_lsp.core.task import Document

__all__ = ["imported_files", "imports_itself"]

_USE = re.compile(r"\buse\s+(?P<path>(?:crate|super|self)(?:::[a-z_]\w*)*)")


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The modules that the document names in a ``use``."""
    workspace = files.workspace
    roots = [
        folder for folder in path.parents if folder.is_relative_to(workspace) and (folder / "Cargo.toml").is_file()
    ]
    root = roots[0] / "src" if roots else path.parent
    home = path.parent if path.stem in ("mod", "lib", "main") else path.parent / path.stem
    for match in _USE.finditer(document.text):
        first, *parts = match["path"].split("::")
        base = {"crate": root, "super": home.parent, "self": home}[first]
        for part in parts:
            options = (base / f"{part}.rs", base / part / "mod.rs")
            yield from (option for option in options if option.is_file())
            base = base.parent if part == "super" else base / part
        if not parts:
            yield from (option for option in (base / "mod.rs", base / "lib.rs") if option.is_file())


def imports_itself(statement: str, own: OwnFile) -> bool:
    """Whether a ``use`` names what the file itself defines."""
    match = re.match(r"(?:pub(?:\([^)]*\))?\s+)?use\s+crate::(?P<path>[\w:]+)", statement.strip())
    if match is None:
        return re.match(r"use\s+self::(\w+)\s*;", statement.strip()) is not None
    parts = list(own.below.with_suffix("").parts)
    parts = parts[parts.index("src") + 1 :] if "src" in parts else parts
    if parts and parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    used = [part for part in match["path"].split("::") if part]
    if used[: len(parts)] != parts:
        return False
    inner = used[len(parts) : len(parts) + 1]
    names = inner if inner else re.findall(r"\w+", statement.partition("{")[2])
    defined = r"\b(?:fn|struct|enum|trait|type|const|static|union)\s+{}\b"
    return bool(names) and all(re.search(defined.format(name), own.text) for name in names)
