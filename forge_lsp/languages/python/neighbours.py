"""The modules of its own project that a Python file imports."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import ItemKind, ProjectFiles, Syntax
from forge_lsp.core.support import OwnFile
from forge_lsp.core.task import Document
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.python.imports import imports_of

__all__ = ["imported_files", "imports_itself"]

_IMPORT = re.compile(r"from\s+(?P<dots>\.*)(?P<module>[\w.]*)\s+import\b|import\s+(?P<whole>[\w.]+)\s*$")
_ROOTS = ("src", "lib", "python")


def imported_files(document: Document, path: Path, files: ProjectFiles, syntax: Syntax) -> Iterator[Path]:
    """The files that each import may mean, the first that is there."""
    workspace = files.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    roots = list(dict.fromkeys([workspace, workspace / "src", *above]))
    for item in syntax.outline(document.text, document.language).items:
        if item.kind is not ItemKind.IMPORT:
            continue
        for module, name, _ in imports_of(normalised(item.range.of(document.text))):
            dots = len(module) - len(module.lstrip("."))
            parts = [part for part in module.lstrip(".").split(".") if part]
            bases = [path.parents[dots - 1]] if 0 < dots <= len(path.parents) else [] if dots else roots
            for base in bases:
                target = base.joinpath(*parts)
                options = [target / f"{name}.py", target / f"{name}.pyi"] if name not in (None, "*") else []
                options += [target.with_suffix(".py"), target.with_suffix(".pyi")] if parts else []
                options += [target / "__init__.py"]
                hits = [option for option in options if files.text(option) is not None]
                if hits:
                    yield hits[0]
                    break


def imports_itself(statement: str, own: OwnFile) -> bool:
    """Whether a statement imports the module that the file is."""
    match = _IMPORT.match(statement.strip())
    if match is None:
        return False
    parts = list(own.below.with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    if is_package:
        parts.pop()
    if match["dots"]:
        levels = len(match["dots"]) - 1 + (not is_package)
        home = parts[: len(parts) - levels] if levels else parts
        module = match["module"].split(".") if match["module"] else []
        return bool(module) and [*home, *module] == parts
    named = (match["whole"] or match["module"]).split(".")
    parts = parts[1:] if parts and parts[0] in _ROOTS else parts
    if not parts or (len(named) == 1 and named[0] in sys.stdlib_module_names):
        return False
    return named == parts or (len(named) > 1 and named == parts[-len(named) :])
