"""Python."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["PYTHON"]


def _context() -> ContextSupport:
    from forge_lsp.languages.python.context import CONTEXT

    return CONTEXT


def _extraction() -> ExtractionSupport:
    from forge_lsp.languages.python.extraction import EXTRACTION

    return EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.python.bench import BENCH

    return BENCH


PYTHON = Language(
    id="python",
    title="Python",
    suffixes=(".py", ".pyi"),
    names=("py", "python3"),
    comment="#",
    indented=True,
    gap=2,
    test_files=re.compile(r"(?:.*/)?(?:(?:test[^/]*|[^/]*_tests?|conftest)\.pyi?|tests?/.*\.pyi?)"),
    output_folders=frozenset(
        {"__pycache__", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    ),
    context=_context,
    extraction=_extraction,
    bench=_bench,
)
