"""Rust, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"rust": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)[ \t]+([A-Za-z_]\w*)|"
        r"^[ \t]+(?:pub(?:\([^)\n]*\))?[ \t]+)?([A-Za-z_]\w*)(?=[ \t]*(?:: |,$|\(|\{$))",
        re.M,
    ),
    lead=re.compile(r"\s*(?:///|//|#\[|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"self", "Self"}),
    is_test=re.compile(r"#\[(?:\w+::)*test\b"),
    folder_is_package=False,
    constructors=frozenset({"new", "default"}),
)
