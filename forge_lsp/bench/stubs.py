"""A definition without its body, as somebody writes it who wants it written. Pure."""

from __future__ import annotations

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item

__all__ = ["stubbed"]

_VOID = re.compile(r"\bvoid\s+[\w:~]+\s*\(")


def stubbed(text: str, item: Item, language: Language) -> str | None:
    """Return the text of ``item`` (its comments, decorators and docstring included) with a body that does nothing; None
    where it has no body of a form that is known, as an arrow function."""
    support = language.bench()
    if item.body is None or not support.body:
        return None
    head, body = text[item.range.start : item.body.start], item.body.of(text)
    first = text[text.rfind("\n", 0, _header(text, item)) + 1 :]
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    unit = "\t" if indent.startswith("\t") else support.indent
    if language.indented:
        # Comments may stand between the header and the body.
        header = text[item.range.start : _header(text, item) + len(item.signature or "")]
        if not header.endswith(":"):
            return None
        docstring = support.docstring.match(body)
        kept = f"\n{indent}{unit}{docstring[0].strip()}" if docstring is not None else ""
        return f"{header}{kept}\n{indent}{unit}{support.body}"
    closer = language.editing().closer
    opener = "{" if closer == "}" else ""
    if not body.startswith(opener) or not body.endswith(closer):
        return None
    is_void = _VOID.search(item.signature or "") is not None
    inside = (is_void and support.void_body) or support.body
    return f"{head}{opener}\n{indent}{unit}{inside}\n{indent}{closer}"


def _header(text: str, item: Item) -> int:
    """Where the header starts: after the comments and decorators that lead it."""
    at = text.find(item.signature, item.range.start, item.range.end) if item.signature else -1
    return item.range.start if at < 0 else at
