"""Python, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"python": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\n[ \t]*+(?:(?:async[ \t]++)?def[ \t]++|class[ \t]++|type[ \t]++|self\.)?([A-Za-z_]\w*+)"
        r"[ \t]*+(?:[(:\[]|=(?!=))"
    ),
    lead=re.compile(r"\s*(?:@|#)"),
    owner=frozenset({"self", "cls"}),
    is_test=re.compile(r"\bdef\s+test"),
    constructors=frozenset({"__init__", "__new__", "__post_init__"}),
)
