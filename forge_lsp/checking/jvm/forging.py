"""What a text has more often than another one, as the doubts about candidates in the JVM's languages ask. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from forge_lsp.checking.comparisons import Function, compares

__all__ = ["braced", "has_more", "in_one_piece", "one_sided"]


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


def one_sided(name: str, sides: Sequence[str], body: str, functions: Mapping[str, Function], *, equality: bool) -> bool:
    """Return whether a function's answer does not come from all of its ``sides``. ``equality`` says that it compares
    two, one of which may be its own object; ``body`` is on one line."""
    if not equality:
        asked = all(re.search(rf"\b{re.escape(side)}\b", body) for side in sides)
        return not asked and not re.fullmatch(r"return false ?;?|throw [^;]*;?", body)
    if len(sides) not in (1, 2) or re.fullmatch(rf"return super\.{name}\( ?{re.escape(sides[0])} ?\) ?;?", body):
        return False
    one = Function(left=sides[0] if len(sides) == 2 else "", right=sides[-1], body=body)
    return not compares(one, functions, seen=(name,))
