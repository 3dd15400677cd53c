"""Java."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["JAVA"]


def _context() -> ContextSupport:
    from forge_lsp.languages.java.context import CONTEXT

    return CONTEXT


def _extraction() -> ExtractionSupport:
    from forge_lsp.languages.java.extraction import EXTRACTION

    return EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.java.bench import BENCH

    return BENCH


JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    output_folders=frozenset({"target"}),
    context=_context,
    extraction=_extraction,
    bench=_bench,
)
