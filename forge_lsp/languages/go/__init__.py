"""Go."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["GO"]

GO = Language(
    id="go",
    title="Go",
    suffixes=(".go",),
    names=("golang",),
    test_files=re.compile(r"(?:.*/)?[^/]*_test\.go"),
    editing=imported(EditingSupport, "forge_lsp.languages.go.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.go.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.go.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.go.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.go.bench:BENCH"),
)
