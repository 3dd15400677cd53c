"""Go."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["GO"]


def _context() -> ContextSupport:
    from forge_lsp.languages.go.context import CONTEXT

    return CONTEXT


def _extraction() -> ExtractionSupport:
    from forge_lsp.languages.go.extraction import EXTRACTION

    return EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.go.bench import BENCH

    return BENCH


GO = Language(
    id="go",
    title="Go",
    suffixes=(".go",),
    names=("golang",),
    test_files=re.compile(r"(?:.*/)?[^/]*_test\.go"),
    context=_context,
    extraction=_extraction,
    bench=_bench,
)
