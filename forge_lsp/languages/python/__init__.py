"""Python."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["PYTHON"]


def _context() -> ContextSupport:
    from forge_lsp.languages.python.context import CONTEXT

    return CONTEXT


def _checking() -> CheckingSupport:
    from forge_lsp.languages.python.checking import CHECKING

    return CHECKING


PYTHON = Language(
    id="python",
    title="Python",
    suffixes=(".py", ".pyi"),
    names=("py", "python3"),
    comment="#",
    indented=True,
    gap=2,
    test_files=re.compile(r"(?:.*/)?(?:(?:test[^/]*|[^/]*_tests?|conftest)\.pyi?|tests?/.*\.pyi?)"),
    output_folders=dict.fromkeys(
        ("__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache"), ()
    ),
    context=_context,
    checking=_checking,
)
