"""C and C++, for the gathering of context."""

from __future__ import annotations

import re
from pathlib import Path

from forge_lsp.core.support import ContextSupport

__all__ = ["CPP_CONTEXT", "C_CONTEXT"]

_FOLDER = Path(__file__).parent
_BOTH = _FOLDER.joinpath("definitions.scm").read_text("utf-8")
_CPP = _FOLDER.joinpath("cpp.scm").read_text("utf-8")
_DEFINES = re.compile(
    r"\b(?:return|new|delete|else|throw|goto|case|co_return|co_await|co_yield|using[ \t]+namespace)[ \t]+[A-Za-z_]\w*|"
    # A macro may stand before a type's name: ``class LIBRARY_API Name``.
    r"\b(?:enum[ \t]+(?:class|struct)|struct|class|union|enum)(?:[ \t]+[A-Z_][A-Z0-9_]*(?:\([^()\n]*\))?)?"
    r"[ \t]+(?!final\b)(?:\w+::)*([A-Za-z_]\w*)|(?:#[ \t]*define|\busing)[ \t]+([A-Za-z_]\w*)|"
    r"[\w>*&][ \t*&]+(?:\w+::)*([A-Za-z_]\w*)(?=[ \t]*(?:\(|=[^=]|;|\[))|^[ \t]*\}[ \t]*([A-Za-z_]\w*)(?=[ \t]*;)|"
    r"^[ \t]+([A-Za-z_]\w*)(?=[ \t]*(?:,|=|$))",
    re.M,
)
# Macros, which no grammar can know to be none of the declaration's words: before it, between ``class`` and the name,
# after the parameters or the name, as the last of a template's, and those that open or close a namespace.
_HIDES = re.compile(
    r"^[ \t]*((?:[A-Z][A-Z0-9_]{2,}(?:[ \t]*\([^()\n]*\))?[ \t]+)+)"
    r"(?=[a-z_]\w*[\s*&:<]+[\w*&]|[A-Z]\w*[\w:<>,]*[ \t*&]+[\w:~]+[ \t]*\()|"
    r"\b(?:class|struct|union|enum(?:[ \t]+(?:class|struct))?)[ \t]+([A-Z][A-Z0-9_]{2,}(?:\([^()\n]*\))?)"
    r"(?=[ \t]+[A-Za-z_][\w:]*\s*(?:final\b\s*)?[:{<\n])|"
    r"(?<=\))(?:[ \t]*const)?[ \t]+([A-Z][A-Z0-9_]{2,})(?=\s*[{;:])|"
    r"(?<=[\w)\]])[ \t]+([A-Z][A-Z0-9_]{3,}[ \t]*\([^()\n]*\))(?=[ \t]*[;{])|"
    r"(,\s*[A-Z][A-Z0-9_]{3,}\((?:[^()]|\([^()]*\))*\))(?=\s*>)|"
    r"^[ \t]*((?:\w*_)?(?:BEGIN|END|OPEN|CLOSE)_[A-Z0-9_]+|[A-Z0-9_]+_(?:BEGIN|END))[ \t]*$",
    re.M,
)
_LEAD = re.compile(r"\s*(?://|/\*|\*|template\b|\[\[)")
_IS_TEST = re.compile(
    r"\b(?:static\s+)?(?:void|int)\s+\w*test\w*\s*\(|\bTEST(?:_F|_P|_CASE)?\s*\(|\bint\s+main\s*\(", re.I
)

C_CONTEXT = ContextSupport(
    queries={"c": _BOTH, "cpp": _BOTH + _CPP},
    defines=_DEFINES,
    lead=_LEAD,
    is_test=_IS_TEST,
    folder_is_package=True,
    imports_reach=True,
    hides=_HIDES,
    typed_values=True,
)
CPP_CONTEXT = ContextSupport(
    queries={"cpp": _BOTH + _CPP},
    defines=_DEFINES,
    lead=_LEAD,
    owner=frozenset({"this"}),
    # Members that templates have by custom: their names tell nothing about which of them is meant.
    standard=frozenset({"type", "value", "value_type", "template", "typename"}),
    is_test=_IS_TEST,
    folder_is_package=True,
    imports_reach=True,
    hides=_HIDES,
    typed_values=True,
)
