"""Java."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["JAVA"]

JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    # Gradle's build/ is none: sources that are generated there are compiled.
    output_folders={"target": ("pom.xml",), ".gradle": ()},
    listed=True,
    **supports("forge_lsp.languages.java"),
)
