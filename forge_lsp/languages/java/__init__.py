"""Java."""

import re

from forge_lsp.core.languages import Language

__all__ = ["JAVA"]

JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    output_folders=frozenset({"target"}),
)
