"""C#."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["CSHARP"]


def _context() -> ContextSupport:
    from forge_lsp.languages.csharp.context import CONTEXT

    return CONTEXT


def _extraction() -> ExtractionSupport:
    from forge_lsp.languages.csharp.extraction import EXTRACTION

    return EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.csharp.bench import BENCH

    return BENCH


CSHARP = Language(
    id="csharp",
    title="C#",
    suffixes=(".cs",),
    names=("c#", "c-sharp", "cs"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    output_folders=frozenset({"bin", "obj"}),
    context=_context,
    extraction=_extraction,
    bench=_bench,
)
