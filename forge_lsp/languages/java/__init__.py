"""Java."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["JAVA"]


def _editing() -> EditingSupport:
    from forge_lsp.languages.java.editing import EDITING

    return EDITING


def _context() -> ContextSupport:
    from forge_lsp.languages.java.context import CONTEXT

    return CONTEXT


JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    listed=True,
    output_folders=frozenset({"target"}),
    editing=_editing,
    context=_context,
)
