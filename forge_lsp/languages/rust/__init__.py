"""Rust."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["RUST"]


def _editing() -> EditingSupport:
    from forge_lsp.languages.rust.editing import EDITING

    return EDITING


def _context() -> ContextSupport:
    from forge_lsp.languages.rust.context import CONTEXT

    return CONTEXT


RUST = Language(
    id="rust",
    title="Rust",
    suffixes=(".rs",),
    names=("rs",),
    # Unit tests stand in other files as well.
    test_files=re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    output_folders=frozenset({"target"}),
    editing=_editing,
    context=_context,
)
