"""TypeScript and JavaScript, for the benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forge_lsp.core.support import BenchSupport
from forge_lsp.core.task import TextRange

__all__ = ["JAVASCRIPT_BENCH", "TYPESCRIPT_BENCH"]

_CALLED = re.compile(
    r"^[ \t]*(?:test|it)(?:\.\w+)?\s*\(\s*(?P<quote>[\"'`])(?P<name>(?:\\.|(?!(?P=quote))[^\\\n])*+)(?P=quote)", re.M
)
_TEXT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`", re.S)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _tests_in(text: str) -> Iterator[tuple[str, TextRange]]:
    """Calls of ``test`` and ``it`` that begin a line, with the statement's semicolon."""
    for found in _CALLED.finditer(text):
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        end = _closed(text, text.index("(", start))
        if end is not None:
            tail = re.compile(r"[ \t]*;?").match(text, end)
            yield found["name"], TextRange(start=start, end=tail.end() if tail is not None else end)


def _closed(text: str, at: int) -> int | None:
    """The offset behind the bracket that closes the one at ``at``; None where none does."""
    awaited: list[str] = []
    while at < len(text):
        skipped = _TEXT.match(text, at)
        if skipped is not None:
            at = skipped.end()
            continue
        if text[at] in _CLOSING:
            awaited.append(_CLOSING[text[at]])
        elif awaited and text[at] == awaited[-1]:
            awaited.pop()
            if not awaited:
                return at + 1
        at += 1
    return None


JAVASCRIPT_BENCH = TYPESCRIPT_BENCH = BenchSupport(body='throw new Error("not implemented");', tests_in=_tests_in)
