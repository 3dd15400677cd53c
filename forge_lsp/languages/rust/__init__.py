"""Rust."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["RUST"]


def _context() -> ContextSupport:
    from forge_lsp.languages.rust.context import CONTEXT

    return CONTEXT


def _extraction() -> ExtractionSupport:
    from forge_lsp.languages.rust.extraction import EXTRACTION

    return EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.rust.bench import BENCH

    return BENCH


RUST = Language(
    id="rust",
    title="Rust",
    suffixes=(".rs",),
    names=("rs",),
    # Unit tests stand in other files as well.
    test_files=re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    output_folders=frozenset({"target"}),
    context=_context,
    extraction=_extraction,
    bench=_bench,
)
