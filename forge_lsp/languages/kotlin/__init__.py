"""Kotlin."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["KOTLIN"]

KOTLIN = Language(
    id="kotlin",
    title="Kotlin",
    suffixes=(".kt", ".kts"),
    names=("kt",),
    beside=(".java",),
    test_files=re.compile(
        r"(?:.*/)?(?:(?:tests?|\w+Test|test[A-Z]\w*)/.*|Test[A-Z][^/]*|[^/]*(?:Tests?|TestCase|Spec|IT))\.kts?"
    ),
    # Gradle's build/ is none: sources that are generated there are compiled.
    output_folders={"target": ("pom.xml",), ".gradle": (), ".kotlin": ()},
    listed=True,
    editing=imported(EditingSupport, "forge_lsp.languages.kotlin.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.kotlin.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.kotlin.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.kotlin.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.kotlin.bench:BENCH"),
)
