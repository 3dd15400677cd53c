"""C#."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["CSHARP"]

_PROJECTS = ("*.csproj", "*.fsproj", "*.vbproj")

CSHARP = Language(
    id="csharp",
    title="C#",
    suffixes=(".cs",),
    names=("c#", "c-sharp", "cs"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    output_folders={"bin": _PROJECTS, "obj": _PROJECTS, ".vs": ()},
    editing=imported(EditingSupport, "forge_lsp.languages.csharp.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.csharp.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.csharp.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.csharp.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.csharp.bench:BENCH"),
)
