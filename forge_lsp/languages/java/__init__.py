"""Java."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["JAVA"]


def _context() -> ContextSupport:
    from forge_lsp.languages.java.context import CONTEXT

    return CONTEXT


def _checking() -> CheckingSupport:
    from forge_lsp.languages.java.checking import CHECKING

    return CHECKING


JAVA = Language(
    id="java",
    title="Java",
    suffixes=(".java",),
    test_files=re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    # Gradle's build/ is none: sources that are generated there are compiled.
    output_folders={"target": ("pom.xml",), ".gradle": ()},
    context=_context,
    checking=_checking,
)
