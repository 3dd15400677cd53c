"""Rust."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["RUST"]

RUST = Language(
    id="rust",
    title="Rust",
    suffixes=(".rs",),
    names=("rs",),
    # Unit tests stand in other files as well.
    test_files=re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    output_folders={"target": ("Cargo.toml",)},
    editing=imported(EditingSupport, "forge_lsp.languages.rust.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.rust.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.rust.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.rust.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.rust.bench:BENCH"),
)
