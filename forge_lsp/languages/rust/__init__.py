"""Rust."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["RUST"]


def _context() -> ContextSupport:
    from forge_lsp.languages.rust.context import CONTEXT

    return CONTEXT


def _checking() -> CheckingSupport:
    from forge_lsp.languages.rust.checking import CHECKING

    return CHECKING


RUST = Language(
    id="rust",
    title="Rust",
    suffixes=(".rs",),
    names=("rs",),
    # Unit tests stand in other files as well.
    test_files=re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    output_folders={"target": ("Cargo.toml",)},
    context=_context,
    checking=_checking,
)
