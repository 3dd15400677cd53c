"""Ruby, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"ruby": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"^[ \t]*(?:(?:private|public|protected|module_function)[ \t]+)?def[ \t]+(?:self\.)?([A-Za-z_]\w*)|"
        r"^[ \t]*(?:class|module)[ \t]+(?:\w+::)*([A-Z]\w*)|^[ \t]*([A-Z]\w*)[ \t]*=[^=~]|"
        r"\battr_(?:reader|writer|accessor)[ \t]+:(\w+)",
        re.M,
    ),
    lead=re.compile(r"\s*#"),
    owner=frozenset({"self"}),
    is_test=re.compile(r"\bdef\s+test_"),
    constructors=frozenset({"initialize"}),
)
