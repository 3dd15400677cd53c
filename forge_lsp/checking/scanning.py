"""What scanners of languages with braces share: texts without comments and strings, and closing brackets. Pure."""

from __future__ import annotations

import re

__all__ = ["blanked", "closing"]


def blanked(token: re.Pattern[str], text: str, *, literals: bool = True) -> str:
    """Return ``text`` with spaces for comments and (``literals``) for string literals, at the same places. ``token``
    matches any token of the language: a ``comment``, a literal (``text``), or one other character."""

    def spaces(match: re.Match[str]) -> str:
        if match["comment"] is not None or (literals and match["text"] is not None):
            return re.sub(r"[^\n]", " ", match[0])
        return match[0]

    return token.sub(spaces, text)


def closing(text: str, start: int, opener: str, closer: str) -> int | None:
    """Return where the bracket closes that opens at ``start``; None where it does not. ``text`` is blanked."""
    depth = 0
    for match in re.compile(rf"[{re.escape(opener + closer)}]").finditer(text, start):
        depth += 1 if match[0] == opener else -1
        if depth == 0:
            return match.start()
    return None
