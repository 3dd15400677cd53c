"""Python."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["PYTHON"]


def _editing() -> EditingSupport:
    from forge_lsp.languages.python.editing import EDITING

    return EDITING


def _context() -> ContextSupport:
    from forge_lsp.languages.python.context import CONTEXT

    return CONTEXT


PYTHON = Language(
    id="python",
    title="Python",
    suffixes=(".py", ".pyi"),
    names=("py", "python3"),
    comment="#",
    indented=True,
    editor_keys=("python.pythonPath", "python.defaultInterpreterPath", "python.interpreterPath"),
    gap=2,
    test_files=re.compile(r"(?:.*/)?(?:(?:test[^/]*|[^/]*_tests?|conftest)\.pyi?|tests?/.*\.pyi?)"),
    output_folders=frozenset(
        {"__pycache__", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    ),
    editing=_editing,
    context=_context,
)
