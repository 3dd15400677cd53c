"""PHP, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"php": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\b(?:function[ \t]+&?|class[ \t]+|interface[ \t]+|trait[ \t]+|enum[ \t]+|const[ \t]+|case[ \t]+)"
        r"([A-Za-z_]\w*)|\b(?:public|protected|private|readonly|static|var)\b[^;{(=\n]*\$([A-Za-z_]\w*)|"
        r"\bdefine\(\s*['\"](\w+)",
        re.M,
    ),
    lead=re.compile(r"\s*(?:#|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"$this"}),
    is_test=re.compile(r"\bfunction\s+test|#\[\\?(?:\w+\\)*Test\b|@test\b"),
    folder_is_package=True,
    constructors=frozenset({"__construct"}),
)
