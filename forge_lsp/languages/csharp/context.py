"""C#, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={"csharp": Path(__file__).with_name("definitions.scm").read_text("utf-8")},
    defines=re.compile(
        r"\b(?:new|return|await|throw|else|in|is|as|not|case|using|namespace|goto)[ \t]+[A-Za-z_]\w*|"
        r"\b(?:class|interface|enum|record(?:[ \t]+(?:struct|class))?|struct|delegate[ \t]+\S+)[ \t]+([A-Za-z_]\w*)|"
        r"[\w>\]?][ \t]+([A-Za-z_]\w*)(?=[ \t]*(?:<[^>\n]*>)?(?:\(|=[^=]|;|\{|\n))|^[ \t]+([A-Z]\w+)(?=[ \t]*[,=])",
        re.M,
    ),
    lead=re.compile(r"\s*(?:\[|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"this"}),
    is_test=re.compile(r"\[\s*(?:\w+\.)*(?:Test|Fact|Theory|TestMethod|TestCase|TestCaseSource|DataTestMethod)\b"),
    folder_is_package=True,
    extends=re.compile(r"\(\s*this\s"),
    space=re.compile(r"^[ \t]*namespace[ \t]+([\w.]+)", re.M),
    opened=re.compile(r"^[ \t]*(?:global[ \t]+)?using[ \t]+(?:static[ \t]+)?([\w.]+)[ \t]*;", re.M),
    everywhere=re.compile(r"^[ \t]*global[ \t]+using[ \t]+(?:static[ \t]+)?([\w.]+)[ \t]*;", re.M),
    everywhere_word="global",
    unnamed_is_seen=True,
    typed_values=True,
)
