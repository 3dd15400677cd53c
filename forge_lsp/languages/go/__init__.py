"""Go."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["GO"]


def _context() -> ContextSupport:
    from forge_lsp.languages.go.context import CONTEXT

    return CONTEXT


def _checking() -> CheckingSupport:
    from forge_lsp.languages.go.checking import CHECKING

    return CHECKING


GO = Language(
    id="go",
    title="Go",
    suffixes=(".go",),
    names=("golang",),
    test_files=re.compile(r"(?:.*/)?[^/]*_test\.go"),
    context=_context,
    checking=_checking,
)
