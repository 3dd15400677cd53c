"""What scanners of languages with braces share: texts without comments and strings, and closing brackets. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["blanked", "closing", "without"]


def blanked(token: re.Pattern[str], text: str, *, literals: bool = True) -> str:
    """Return ``text`` with spaces for comments and (``literals``) for string literals, at the same places. ``token``
    matches any token of the language: a ``comment``, a literal (``text``), or one other character."""

    def spaces(match: re.Match[str]) -> str:
        if match["comment"] is not None or (literals and match["text"] is not None):
            return re.sub(r"[^\n]", " ", match[0])
        return match[0]

    return token.sub(spaces, text)


def without(text: str, start: int, end: int) -> str:
    """Return ``text`` with blanks from ``start`` to ``end``; its lines keep their numbers."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def closing(text: str, start: int, opener: str, closer: str) -> int | None:
    """Return where the bracket closes that is the first one to open at ``start`` or below; None where none does.
    ``text`` is blanked."""
    return _pairs(text, opener, closer).get(text.find(opener, start))


@lru_cache(maxsize=8)  # readers ask for one bracket after the other, of texts in which none may close
def _pairs(text: str, opener: str, closer: str) -> dict[int, int]:
    """Where the brackets of a text open, and where each of them closes."""
    open_: list[int] = []
    found: dict[int, int] = {}
    for match in re.compile(rf"[{re.escape(opener + closer)}]").finditer(text):
        if match[0] == opener:
            open_.append(match.start())
        elif open_:
            found[open_.pop()] = match.start()
    return found
