"""Nothing outside ``languages/`` names a language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forge_lsp
from forge_lsp.languages.registry import BUILT_IN

ROOT = Path(forge_lsp.__file__).parent
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] != "languages"]
MAY_IMPORT = "forge_lsp.languages.registry"
# Prefixes of the names in a diff.
ALLOWED = {("changes/patch.py", "c")}
# Names of programs and folders on the disk, among them some that are a language's too.
NAMES_OF_FILES = ("sandbox/", "checking/jvm/")


def said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that a module says, docstrings left out."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_names_a_language(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text("utf-8"))
    known = {language.id for language in BUILT_IN} | {word for language in BUILT_IN for word in language.names}
    literals = [(line, text) for line, text in said(tree) if text in known and (name, text) not in ALLOWED]
    literals = [] if name.startswith(NAMES_OF_FILES) else literals
    assert not literals
    folders = [
        (line, module)
        for line, module in imported(tree)
        if module.startswith("forge_lsp.languages.") and module != MAY_IMPORT
    ]
    assert not folders
