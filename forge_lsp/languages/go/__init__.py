"""Go."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["GO"]

GO = Language(
    id="go",
    title="Go",
    suffixes=(".go",),
    names=("golang",),
    test_files=re.compile(r"(?:.*/)?[^/]*_test\.go"),
    **supports("forge_lsp.languages.go"),
)
