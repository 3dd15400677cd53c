"""Promises in plain words: ``add(2, 3) == 5``, ``add(2, 3) -> 5``, ``add(2, 3)  # 5``, ``div(1, 0) raises ValueError``.

Conservative: the left side is a call, the right side a value that ends where its sentence does. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from forge_lsp.checking.examples.values import closing, outside_strings

__all__ = ["CallExpectation", "promises", "value_in", "with_error", "without_error"]

_CALL = re.compile(r"(?<![\w.'\"$])(?:new\s+)?[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*(?:<[\w, ]*>)?\(")
_OPERATOR = re.compile(
    r";?\s*(?:(?P<comment>(?:#+|//+)\s*(?:=>|->|[→➞⇒⟶]|[Rr]eturns?\b:?|[Oo]utputs?\b:?|[Pp]rints\b:?|={1,3})?)"
    r"|(?P<arrow>-{1,2}>|={1,2}>|[→➞⇒⟶])|(?P<equal>={1,3}(?!=|>))"
    r"|`?\s+(?P<word>returns?|gives?|yields?|evaluates? to|should (?:be|return|equal|give)|must (?:be|return|equal)"
    r"|is equal to|equals)\s)\s*`?"
)
_RAISES = re.compile(
    r";?\s*(?:(?:#+|//+|-{1,2}>|={1,2}>|[→➞⇒⟶])\s*)?`?\s*(?:raises?|throws?|should (?:raise|throw)"
    r"|must (?:raise|throw)|panics|[Tt]hrows:?)\s*"
    r"(?:(?:with\s+)?(?:an?\s+)?`?(?P<type>(?:[A-Za-z_]\w*(?:\.|::))*[A-Z]\w*|std::\w+))?"
)
_OPENING, _CLOSING = "([{", ")]}"
_QUOTES = "'\""  # in prose, `...` surrounds code
_LONGEST = 400
# What may not follow a value if it is to be the whole right side.
_GOES_ON = re.compile(r"\s*(?:[-+*/%|&^<>=\[({@]|(?:if|else|in|is|not|for)\b)")
# Go's second result: the value counts where it is nil.
_NO_ERROR = re.compile(r"\s*,\s*<?nil>?(?=\s*[.;`)]*\s*$)")
_ERROR = re.compile(
    r"(?P<value>[^,]+|.+[\]})\"]),\s*(?:an?\s+|non-nil\s+)?"
    r"(?:err|error|(?:\w+\.)?Err[A-Z]\w*|errors\.New\(.*\)|fmt\.Errorf\(.*\)|non-nil)\s*[.;`]*\s*$"
)
_BULLET = re.compile(r"\s*[-*+]\s+")
_HEADER = re.compile(r"(?:\b(?:def|class|func|fn|function|fun)|\bnot|[-+*/%!=<>@])\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExpectation:
    """A call and what should come of it: a value's text, or an exception's name ("": any). ``line`` counts from 0."""

    call: str
    line: int
    literal: str | None = None
    raises: str | None = None


def promises(
    lines: Iterable[str], *, is_call: Callable[[str], bool], is_value: Callable[[str], bool | None]
) -> Iterator[CallExpectation]:
    """Yield the promises in some lines of prose, in order.

    ``is_call`` says whether a text is a call that counts, ``is_value`` whether one is a value (None: nor is any
    beginning of it).
    """
    for number, line in enumerate(lines):
        position = 0
        if len(line) > _LONGEST:
            continue
        while (start := _CALL.search(line, position)) is not None:
            end = _call_end(line, start.end() - 1)
            if end is None:
                position = start.end()
                continue
            call = line[start.start() : end]
            if not is_call(call):
                position = start.end()  # what stands in its arguments may count
                continue
            position = end
            promise = _promise(line, start.start(), end, number, is_value)
            if promise is not None:
                yield promise


def value_in(text: str, is_value: Callable[[str], bool | None], *, alone: bool) -> str | None:
    """Return the value that ``text`` begins with; ``alone``: nothing but punctuation may follow it."""
    depth = 0
    stops: list[int] = []
    end = len(text)
    for index, char in outside_strings(text, 0, _QUOTES):
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
        known = is_value(written)
        if known is None:
            return None
        if not known:
            continue
        rest = text[stop:]
        if _GOES_ON.match(rest) or (alone and rest.strip(" .!?`")):
            return None
        return written
    return None


def without_error(text: str) -> str:
    """Return what is said of results without Go's ``nil`` behind them, which says that there is no error."""
    return _NO_ERROR.sub("", text)


def with_error(text: str, is_value: Callable[[str], bool | None]) -> bool:
    """Return whether what is said of results is a value and an error behind it, as Go's functions give them."""
    failing = _ERROR.match(text)
    return failing is not None and bool(is_value(failing["value"].strip()))


def _promise(
    line: str, start: int, end: int, number: int, is_value: Callable[[str], bool | None]
) -> CallExpectation | None:
    call = line[start:end]
    if _HEADER.search(line[:start]) and not _BULLET.fullmatch(line[:start]):
        return None  # a header, or only the end of a longer expression
    raised = _RAISES.match(line, end)
    if raised is not None:
        return CallExpectation(call=call, line=number, raises=raised["type"] or "")
    operator = _OPERATOR.match(line, end)
    if operator is None:
        return None
    if operator["comment"] is not None and line[:start].strip(" \t-*>`") not in ("", "assert"):
        return None
    said = without_error(line[operator.end() :])
    if with_error(said, is_value):
        return CallExpectation(call=call, line=number, raises="error")
    literal = value_in(said, is_value, alone=operator["comment"] is not None)
    return None if literal is None else CallExpectation(call=call, line=number, literal=literal)


def _call_end(line: str, opening: int) -> int | None:
    """The end of a call and of what is directly applied to its result: ``f(1)[0].x()``."""
    end = closing(line, opening, _QUOTES)
    while end is not None and end < len(line):
        if line[end] in "([":
            further = closing(line, end, _QUOTES)
            if further is None:
                return end
            end = further
            continue
        attribute = re.compile(r"(?:\.|->)[A-Za-z_]\w*").match(line, end)
        if attribute is None:
            break
        end = attribute.end()
    return end
