"""How deep each statement of a Python text is nested, whatever widths its blocks are indented by."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from forge_lsp.editing.indentation import in_units, whole

__all__ = ["levels"]

_HANGING = re.compile(r"(?:[(\[{]\s*(?:#.*)?|\\)$")
_BETWEEN = (tokenize.NL, tokenize.COMMENT)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A logical line: the number of its first line, from 0, and in how many blocks of the text it stands."""

    first: int
    depth: int


def levels(lines: Sequence[str], steps: Mapping[int, str], prose: Set[int], unit: str) -> dict[int, str] | None:
    """The steps of lines, by number, by how deep each statement is nested; what goes on over lines keeps its place
    beside its first."""
    known = _statements(
        [step + lines[n].lstrip() if (step := steps.get(n)) is not None else lines[n] for n in range(len(lines))]
    )
    if known is None or any(statement.first not in steps for statement in known.values()):
        return None
    if all(steps[one.first] == unit * one.depth for one in known.values()):
        return dict(steps)
    own = min((steps[one.first] for one in known.values() if one.depth == 1), key=len, default=unit)
    result: dict[int, str] = {}
    for n, step in steps.items():
        if (statement := known.get(n)) is None:
            continue
        start = steps[statement.first]
        beyond = step[len(start) :] if step.startswith(start) else ""
        # What hangs below an open bracket goes by steps; what is aligned with something above stays below it.
        hangs = n not in prose and _HANGING.search(lines[statement.first]) is not None
        if hangs and whole(beyond, own):
            beyond = in_units(beyond, own, unit)
        result[n] = unit * statement.depth + beyond
    firsts = sorted({statement.first for statement in known.values()})
    for n in steps.keys() - known.keys():
        fellow = _fellow(steps, n, firsts)
        result[n] = result[fellow] if fellow is not None else ""
    return result


def _fellow(steps: Mapping[int, str], comment: int, firsts: Sequence[int]) -> int | None:
    """The statement beside which a comment stands: the next, or an earlier one as far in whose block goes on."""
    after = next((n for n in firsts if n > comment), None)
    if after is not None and steps[after] == steps[comment]:
        return after
    earlier = [n for n in firsts if n < comment]
    open_still = next((n for n in reversed(earlier) if len(steps[n]) <= len(steps[comment])), None)
    if open_still is not None and steps[open_still] == steps[comment]:
        return open_still
    return after if after is not None else open_still


def _statements(lines: Sequence[str]) -> Mapping[int, _Statement] | None:
    """The statement of every line that belongs to one; comments and blank lines do not. None where Python cannot
    tell: a bracket is left open, or a block ends at a width where none began."""
    found: dict[int, _Statement] = {}
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
                    statement = _Statement(first, depth)
                    found |= dict.fromkeys(range(first, token.start[0]), statement)
                    first = -1
                case kind if first < 0 and kind not in _BETWEEN:
                    first = token.start[0] - 1
                case _:
                    pass
    except (tokenize.TokenError, SyntaxError):
        return None
    return found
