"""How deep each statement of a Python text is nested, whatever widths its blocks are indented by."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Statement", "statements"]

_BETWEEN = (tokenize.NL, tokenize.COMMENT)


@dataclass(frozen=True, slots=True)
class Statement:
    """A logical line: the number of its first line, from 0, and in how many blocks of the text it stands."""

    first: int
    depth: int


def statements(lines: Sequence[str]) -> Mapping[int, Statement] | None:
    """The statement of every line that belongs to one; comments and blank lines do not. None where Python cannot
    tell: a bracket is left open, or a block ends at a width where none began."""
    found: dict[int, Statement] = {}
    depth, first = 0, -1
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            match token.type:
                case tokenize.ERRORTOKEN:
                    return None
                case tokenize.INDENT:
                    depth += 1
                case tokenize.DEDENT:
                    depth -= 1
                case tokenize.NEWLINE:
                    statement = Statement(first, depth)
                    found |= dict.fromkeys(range(first, token.start[0]), statement)
                    first = -1
                case kind if first < 0 and kind not in _BETWEEN:
                    first = token.start[0] - 1
                case _:
                    pass
    except (tokenize.TokenError, SyntaxError):
        return None
    return found
