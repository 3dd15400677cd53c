"""Java."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["JAVA"]

JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    # Gradle's build/ is none: sources that are generated there are compiled.
    output_folders={"target": ("pom.xml",), ".gradle": ()},
    listed=True,
    editing=imported(EditingSupport, "forge_lsp.languages.java.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.java.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.java.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.java.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.java.bench:BENCH"),
)
