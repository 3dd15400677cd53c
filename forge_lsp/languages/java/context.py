"""Java, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"java": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\b(?:new|return|throw|else|case|yield|assert|instanceof)[ \t]+[A-Za-z_]\w*|"
        r"\b(?:class|interface|enum|record)[ \t]+([A-Za-z_]\w*)|[\w>\]][ \t]+([A-Za-z_]\w*)(?=[ \t]*(?:\(|=[^=]|;))|"
        r"^[ \t]+([A-Z][A-Z0-9_]+)(?=[ \t]*[(,;])",
        re.M,
    ),
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"this"}),
    is_test=re.compile(r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest)\b|\bvoid\s+test"),
    folder_is_package=True,
    typed_values=True,
    space=re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.M),
    opened=re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)\.\*", re.M),
)
