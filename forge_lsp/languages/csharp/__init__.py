"""C#."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["CSHARP"]

_PROJECTS = ("*.csproj", "*.fsproj", "*.vbproj")


def _context() -> ContextSupport:
    from forge_lsp.languages.csharp.context import CONTEXT

    return CONTEXT


def _checking() -> CheckingSupport:
    from forge_lsp.languages.csharp.checking import CHECKING

    return CHECKING


CSHARP = Language(
    id="csharp",
    title="C#",
    suffixes=(".cs",),
    names=("c#", "c-sharp", "cs"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    output_folders={"bin": _PROJECTS, "obj": _PROJECTS, ".vs": ()},
    context=_context,
    checking=_checking,
)
