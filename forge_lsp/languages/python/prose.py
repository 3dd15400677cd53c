"""Examples in plain words: ``add(2, 3) == 5``, ``add(2, 3) -> 5``, ``add(2, 3)  # 5``, ``div(1, 0) raises ValueError``.

Conservative: the left side is a call that parses, the right side a literal that ends where its sentence does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Promise", "promises"]

_CALL = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\(")
_OPERATOR = re.compile(
    r"\s*(?:(?P<arrow>-{1,2}>|={1,2}>|[→➞⇒⟶])|(?P<equal>==)"
    r"|`?\s+(?P<word>returns?|gives?|yields?|evaluates? to|should (?:be|return|equal|give)|must (?:be|return|equal))\s"
    r"|(?P<comment>#+\s*(?:=>|->|[→➞⇒⟶]|returns?\b|==|=)?))\s*`?"
)
_RAISES = re.compile(r"`?\s+(?:raises?|should raise|must raise)\s+(?:an?\s+)?`?(?P<type>[A-Z]\w*)")
_OPENING, _CLOSING = "([{", ")]}"
_LONGEST = 400
# What may not follow a literal if it is to be the whole right side.
_GOES_ON = re.compile(r"\s*(?:[-+*/%|&^<>=\[({@]|(?:if|else|in|is|not|for)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A call and what should come of it: a literal's text, or an exception's name. ``line`` counts from 0."""

    call: str
    line: int
    literal: str | None = None
    raises: str | None = None


def promises(lines: Iterable[str]) -> Iterator[Promise]:
    """The promises in some lines of prose, in order."""
    for number, line in enumerate(lines):
        position = 0
        if len(line) > _LONGEST:
            continue
        while (start := _CALL.search(line, position)) is not None:
            end = _call_end(line, start.end() - 1)
            if end is None:
                position = start.end()
                continue
            position = end
            promise = _promise(line, start.start(), end, number)
            if promise is not None:
                yield promise


def _promise(line: str, start: int, end: int, number: int) -> Promise | None:
    call = line[start:end]
    try:
        tree = ast.parse(call, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return None
    if re.search(r"(?:\bdef|\bclass|\bnot|[-+*/%!=<>@])\s*$", line[:start]):
        return None  # a header, or only the end of a longer expression
    raised = _RAISES.match(line, end)
    if raised is not None:
        return Promise(call=call, line=number, raises=raised["type"])
    operator = _OPERATOR.match(line, end)
    if operator is None:
        return None
    if operator["comment"] is not None and line[:start].strip(" \t-*>`") not in ("", "assert"):
        return None
    literal = _literal(line[operator.end() :], alone=operator["comment"] is not None)
    return None if literal is None else Promise(call=call, line=number, literal=literal)


def _call_end(line: str, opening: int) -> int | None:
    """The end of a call and of what is directly applied to its result: ``f(1)[0].x()``."""
    end = _closing(line, opening)
    while end is not None and end < len(line):
        if line[end] in "([":
            further = _closing(line, end)
            if further is None:
                return end
            end = further
            continue
        attribute = re.compile(r"\.[A-Za-z_]\w*").match(line, end)
        if attribute is None:
            break
        end = attribute.end()
    return end


def _closing(line: str, opening: int) -> int | None:
    """The position after the bracket that closes the one at ``opening``."""
    depth = 0
    for index, char in _outside_strings(line, opening):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            if depth == 0:
                return index + 1
    return None


def _outside_strings(line: str, start: int) -> Iterator[tuple[int, str]]:
    """Positions and characters that are not inside a quoted string; an unclosed quote ends it all."""
    index = start
    while index < len(line):
        char = line[index]
        if char in "'\"":
            end = index + 1
            while end < len(line) and line[end] != char:
                end += 2 if line[end] == "\\" else 1
            if end >= len(line):
                return
            index = end + 1
            continue
        yield index, char
        index += 1


def _literal(text: str, *, alone: bool) -> str | None:
    """The literal that ``text`` begins with; ``alone``: nothing but punctuation may follow it."""
    depth = 0
    stops: list[int] = []
    end = len(text)
    for index, char in _outside_strings(text, 0):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            if depth < 0:
                end = index
                break
        elif depth == 0 and char in ",;#`":
            end = index
            break
        elif depth == 0 and char.isspace():
            stops.append(index)
    for stop in (end, *reversed([stop for stop in stops if stop < end])):
        written = text[:stop].strip().rstrip(".!?:*")
        if not written:
            continue
        try:
            value = ast.literal_eval(written)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if written.startswith("(") and not isinstance(value, tuple):
            return None  # `("Venus")`: who writes brackets may mean a tuple of one
        rest = text[stop:]
        if _GOES_ON.match(rest) or (alone and rest.strip(" .!?`")):
            return None
        return written
    return None
