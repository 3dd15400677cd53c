"""What a text has more often than another one, as the doubts about candidates in the JVM's languages ask. Pure."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["braced", "has_more", "in_one_piece"]


def in_one_piece(literals: str) -> str:
    """Return literals, a line each, and then all of them in one piece: paths and names may be put together."""
    return literals + "\n" + "".join(line.strip("\"'") for line in literals.split("\n"))


def has_more(pattern: re.Pattern[str], before: str, after: str) -> bool:
    """Return whether some match of ``pattern`` is in ``after`` more often than in ``before``."""
    found = Counter(match[0] for match in pattern.finditer(after))
    return bool(found - Counter(match[0] for match in pattern.finditer(before)))


def braced(code: str, start: int) -> str:
    """Return what is between the brace at ``start`` and the one that closes it; without one, all of the rest."""
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == "{") - (code[at] == "}")
        if depth == 0:
            return code[start + 1 : at]
    return code[start + 1 :]
