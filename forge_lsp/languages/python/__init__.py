"""Python."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["PYTHON"]

PYTHON = Language(
    id="python",
    title="Python",
    suffixes=(".py", ".pyi"),
    names=("py", "python3"),
    comment="#",
    indented=True,
    mixed=(".ipynb",),
    gap=2,
    editor_keys=("python.pythonPath", "python.defaultInterpreterPath", "python.interpreterPath"),
    test_files=re.compile(r"(?:.*/)?(?:(?:test[^/]*|[^/]*_tests?|conftest)\.pyi?|tests?/.*\.pyi?)"),
    output_folders=dict.fromkeys(
        ("__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache"), ()
    ),
    **supports("forge_lsp.languages.python"),
)
