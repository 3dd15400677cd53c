"""TypeScript and JavaScript, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["JAVASCRIPT_CONTEXT", "TYPESCRIPT_CONTEXT"]

_FOLDER = Path(__file__).parent
_BOTH = _FOLDER.joinpath("definitions.scm").read_text("utf-8")
_TYPES = _FOLDER.joinpath("typescript.scm").read_text("utf-8")
_CLASSES = _FOLDER.joinpath("javascript.scm").read_text("utf-8")
_WORDS = r"function\*?|class|interface|type|enum|const|let|var|namespace"
_MEMBER = r"(?:(?:public|private|protected|static|readonly|abstract|async|get|set|override|declare)[ \t]+)*"
_DEFINES = re.compile(
    rf"\b(?:{_WORDS})[ \t]+([A-Za-z_$][\w$]*)|"
    rf"^[ \t]+{_MEMBER}#?([A-Za-z_$][\w$]*)(?=[?!]?(?:[ \t]*[:(<]|[ \t]*=[^=>]))|"
    r"\bthis\.([A-Za-z_$][\w$]*)[ \t]*=[^=]|\.([A-Za-z_$][\w$]*)[ \t]*=[ \t]*(?:async[ \t]+)?function\b",
    re.M,
)

TYPESCRIPT_CONTEXT = ContextSupport(
    queries={"typescript": _BOTH + _TYPES, "tsx": _BOTH + _TYPES},
    defines=_DEFINES,
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    owner=frozenset({"this"}),
    constructors=frozenset({"constructor"}),
)
JAVASCRIPT_CONTEXT = ContextSupport(
    queries={"javascript": _BOTH + _CLASSES},
    defines=_DEFINES,
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    owner=frozenset({"this"}),
    constructors=frozenset({"constructor"}),
)
