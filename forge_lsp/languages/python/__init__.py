"""Python."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

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
    editing=imported(EditingSupport, "forge_lsp.languages.python.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.python.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.python.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.python.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.python.bench:BENCH"),
)
