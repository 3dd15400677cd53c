"""C#."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["CSHARP"]

_PROJECTS = ("*.csproj", "*.fsproj", "*.vbproj")

CSHARP = Language(
    id="csharp",
    title="C#",
    suffixes=(".cs",),
    names=("c#", "c-sharp", "cs"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    output_folders={"bin": _PROJECTS, "obj": _PROJECTS, ".vs": ()},
    **supports("forge_lsp.languages.csharp"),
)
