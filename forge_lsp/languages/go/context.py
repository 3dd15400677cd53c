"""Go, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"go": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\n(?:func[ \t]+(?:\([^)\n]*\)[ \t]*)?|type[ \t]+|var[ \t]+|const[ \t]+|\t)([A-Za-z_]\w*)(?=[\[(\s,=])"
    ),
    lead=re.compile(r"\s*(?://|/\*|\*)"),
    is_test=re.compile(r"\bfunc\s+(?:Test|Example|Fuzz)"),
    folder_is_package=True,
)
