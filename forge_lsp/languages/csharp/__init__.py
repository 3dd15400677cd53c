"""C#."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["CSHARP"]


def _editing() -> EditingSupport:
    from forge_lsp.languages.csharp.editing import EDITING

    return EDITING


def _context() -> ContextSupport:
    from forge_lsp.languages.csharp.context import CONTEXT

    return CONTEXT


CSHARP = Language(
    id="csharp",
    title="C#",
    suffixes=(".cs",),
    names=("c#", "c-sharp", "cs"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    output_folders=frozenset({"bin", "obj"}),
    editing=_editing,
    context=_context,
)
