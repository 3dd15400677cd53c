"""Kotlin."""

import re

from forge_lsp.core.languages import Language, supports

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
    **supports("forge_lsp.languages.kotlin"),
)
