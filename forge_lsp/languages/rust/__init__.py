"""Rust."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["RUST"]

RUST = Language(
    id="rust",
    title="Rust",
    suffixes=(".rs",),
    names=("rs",),
    # Unit tests stand in other files as well.
    test_files=re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    output_folders={"target": ("Cargo.toml",)},
    **supports("forge_lsp.languages.rust"),
)
