"""Go."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["GO"]


def _editing() -> EditingSupport:
    from forge_lsp.languages.go.editing import EDITING

    return EDITING


def _context() -> ContextSupport:
    from forge_lsp.languages.go.context import CONTEXT

    return CONTEXT


GO = Language(
    id="go",
    title="Go",
    suffixes=(".go",),
    names=("golang",),
    test_files=re.compile(r"(?:.*/)?[^/]*_test\.go"),
    editing=_editing,
    context=_context,
)
