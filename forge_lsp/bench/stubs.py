"""A definition without its body, as somebody writes it who wants it written. Pure."""

from __future__ import annotations

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

__all__ = ["stubbed"]

# What people leave in a body that is still to be written; the words TODO are part of it.
_BODIES = {
    PYTHON: "raise NotImplementedError",
    CSHARP: "throw new System.NotImplementedException();",
    TYPESCRIPT: 'throw new Error("not implemented");',
    JAVASCRIPT: 'throw new Error("not implemented");',
    GO: 'panic("not implemented")',
    RUST: "todo!()",
    JAVA: 'throw new UnsupportedOperationException("not implemented");',
    # A value, not an end of the program: the assertions after the first are to be seen, too.
    C: "return 0; /* TODO: implement */",
    CPP: "return {}; /* TODO: implement */",
}
_VOID_BODY = "return; /* TODO: implement */"
_VOID = re.compile(r"\bvoid\s+[\w:~]+\s*\(")
_DOCSTRING = re.compile(r"\s*[rRuU]?(?P<quotes>\"\"\"|'''|\"|').*?(?<!\\)(?P=quotes)[ \t]*(?=\r?\n|$|#)", re.S)


def stubbed(text: str, item: Item, language: Language) -> str | None:
    """Return the text of ``item`` (its comments, decorators and docstring included) with a body that does nothing; None
    where it has no body of a form that is known, as an arrow function."""
    if item.body is None:
        return None
    head, body = text[item.range.start : item.body.start], item.body.of(text)
    first = text[text.rfind("\n", 0, _header(text, item)) + 1 :]
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    unit = "\t" if language is GO or indent.startswith("\t") else "    "
    if language is PYTHON:
        colon = head if head.rstrip().endswith(":") else head + body[: body.find(":") + 1]
        rest = body if colon == head else body[body.find(":") + 1 :]
        docstring = _DOCSTRING.match(rest)
        kept = f"\n{indent}{unit}{docstring[0].strip()}" if docstring is not None else ""
        return f"{colon.rstrip()}{kept}\n{indent}{unit}{_BODIES[language]}"
    if not body.startswith("{") or not body.endswith("}"):
        return None
    is_void = language in (C, CPP) and _VOID.search(item.signature or "") is not None
    inside = _VOID_BODY if is_void else _BODIES[language]
    return f"{head}{{\n{indent}{unit}{inside}\n{indent}}}"


def _header(text: str, item: Item) -> int:
    """Where the header starts: after the comments and decorators that lead it."""
    at = text.find(item.signature, item.range.start, item.range.end) if item.signature else -1
    return item.range.start if at < 0 else at
