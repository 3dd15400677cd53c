"""Whether an equality written in C++ or C# compares its two sides with each other, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Comparison", "compares", "parameters_of"]

_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_NAME = re.compile(r"(?<!\w)([A-Za-z_]\w*+)\s*+(?:=[^=].*)?$", re.S)
_OPERATOR = re.compile(r"<=>|==|!=|<=|>=|(?<![<=-])<(?![<=])|(?<![>=-])>(?![>=])|(?<!-)-(?![->=])|\^")
_CALL = re.compile(
    r"(?P<on>(?:(?<!\w)[A-Za-z_]\w*+\.|\]\.)?)(?P<name>(?<!\w)[A-Za-z_]\w*+)\s*+(?:<[\w\s,.?]*+>\s*+)?\("
)
_COMPARING = re.compile(r"equal|compar|same|cmp|match|close|near|approx|diff|dist", re.I)
_ALWAYS = re.compile(r"\|\|\s*!*\s*(?:true|1)\b|\b(?:true|1)\s*\|\|")
_RETURN = re.compile(r"\breturn\b\s*([^;]*);")
_ALIASED = (
    re.compile(r"(?<![\w.])(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<init>[^;]+)"),
    re.compile(r"(?P<init>[\w.()?]+)\s+is\s+(?:not\s+)?[\w.<>?]+\s+(?P<name>(?!(?:and|or|not|when)\b)[A-Za-z_]\w*)"),
    re.compile(r"(?P<init>[\w.()?]+)\s+is\s+(?:not\s+)?[^;{}]*\{[^{}]*\b(?:var|int|string)\s+(?P<name>\w+)"),
)
_SHARED = re.compile(r"\b(?:static|constexpr|const(?=\s+\w+\s+\w+\s*=)|enum)\b")
_UNUSED = re.compile(r"\(\s*void\s*\)\s*\w+\s*;|static_cast\s*<\s*void\s*>\s*\(\s*\w+\s*\)\s*;|\b_\s*=\s*\w+\s*;")
_STOPS = frozenset(";{}?,=!<>|&")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An equality: the names of its ``parameters``, its ``body`` (literals and comments blanked), and the text of the
    type that it belongs to (``type_text``; "" where that is not known). ``helpers`` are the functions that the same
    author brought: their parameters' names and their bodies."""

    parameters: Sequence[str]
    body: str
    type_text: str = ""
    helpers: Mapping[str, tuple[Sequence[str], str]] = field(
        default_factory=dict[str, tuple[Sequence[str], str]], repr=False
    )


def compares(one: Comparison, *, depth: int = 3) -> bool:
    """Return whether the equality sets its own side against the other one, and can say no.

    A body that looks at each side by itself (``other < 100 && value < 100``), at one with itself, that writes down what
    it is given, or that always says yes, does not.
    """
    if not one.parameters:
        return False
    body = _plain(one.body)
    returned = [match[1].strip(" ()") for match in _RETURN.finditer(body)]
    if _ALWAYS.search(body) or (returned and all(re.fullmatch(r"!*(?:true|1)", value) for value in returned)):
        return False
    other = _with_aliases({one.parameters[-1]}, body)
    if len(one.parameters) > 1:
        own: set[str] | None = _with_aliases({one.parameters[0]}, body) - other
    else:
        own = _members(one.type_text)
        if own is not None and _writes(body, own):
            return False
        own = None if own is None else _with_aliases(own | {"this"}, body) - other
    return any(_apart(left, right, own, other) for left, right in _sides(body)) or _by_calls(
        one, body, own, other, depth
    )


def parameters_of(text: str) -> tuple[str, ...] | None:
    """Return the names of the parameters between a function's parentheses; None where one has no name."""
    found: list[str] = []
    for part in _arguments(re.sub(r"<[^<>]*>", "", text)):
        if part.strip() in ("", "void"):
            continue
        match = _NAME.search(part.strip())
        if match is None or not re.search(r"[\w>&*?\]]", part.strip()[: match.start()]):
            return None
        found.append(match[1])
    return tuple(found)


def _plain(body: str) -> str:
    body = _UNUSED.sub(" ", body)
    return re.sub(r"\(\s*\)", "", re.sub(r"->|::|\?\.|!\.", ".", body))


def _members(type_text: str) -> set[str] | None:
    """The names that a type's own statements hold, those that all its values share left out."""
    if not type_text:
        return None
    statements = re.split(r"[;{}]", type_text)
    return {word for text in statements if not _SHARED.search(text) for word in _WORD.findall(text)}


def _with_aliases(names: set[str], body: str) -> set[str]:
    """``names`` and the variables of the body that are made of them."""
    found = set(names)
    for _ in range(3):
        for pattern in _ALIASED:
            found |= {match["name"] for match in pattern.finditer(body) if _mentions(match["init"], found)}
    return found


def _writes(body: str, members: set[str]) -> bool:
    """Whether the body changes the state of its own side."""
    for match in re.finditer(r"(?<![\w.])(?:this\.)?([A-Za-z_]\w*)\s*(?:=(?!=)|\+\+|--|[+*|&^-]=)", body):
        declared = re.search(r"[\w>&*?]\s+$|[&*>]$", body[: match.start()]) and not re.search(
            r"\b(?:return|else)\s+$", body[: match.start()]
        )
        if match[1] in members and not declared:
            return True
    return any(match[1] in members for match in re.finditer(r"(?:\+\+|--)\s*(?:this\.)?([A-Za-z_]\w*)", body))


def _mentions(text: str, names: set[str]) -> bool:
    return not names.isdisjoint(_WORD.findall(text))


def _apart(left: str, right: str, own: set[str] | None, other: set[str]) -> bool:
    """Whether one of two operands is of the own side alone and the other one of the other side."""
    for mine, theirs in ((left, right), (right, left)):
        if _mentions(mine, other) or not _mentions(theirs, other):
            continue
        if (own is None and _WORD.search(mine)) or (own is not None and _mentions(mine, own)):
            return True
    return False


def _sides(body: str) -> Iterator[tuple[str, str]]:
    """What stands to the left and to the right of each operator that sets two values against each other."""
    for match in _OPERATOR.finditer(body):
        yield _operand(body, match.start() - 1, -1), _operand(body, match.end(), 1)


def _operand(body: str, at: int, step: int, stops: frozenset[str] = _STOPS) -> str:
    depth, start = 0, at
    opens, closes = ("(", ")") if step > 0 else (")", "(")
    while 0 <= at < len(body):
        char = body[at]
        depth += (char == opens) - (char == closes)
        if depth < 0 or (depth == 0 and char in stops):
            break
        at += step
    return body[start:at] if step > 0 else body[at + 1 : start + 1]


def _by_calls(one: Comparison, body: str, own: set[str] | None, other: set[str], depth: int) -> bool:
    """Whether both sides are handed to something that compares them."""
    for match in _CALL.finditer(body):
        given = _arguments(_operand(body, match.end(), 1, frozenset()))
        receiver = match["on"].rstrip(".")
        helper = None if receiver not in ("", "this") else one.helpers.get(match["name"])
        if helper is not None and not _COMPARING.search(match["name"]):
            if depth and any(
                _apart(given[first], given[second], own, other)
                and compares(
                    Comparison(parameters=(helper[0][first], helper[0][second]), body=helper[1], helpers=one.helpers),
                    depth=depth - 1,
                )
                for first in range(min(len(given), len(helper[0])))
                for second in range(first + 1, min(len(given), len(helper[0])))
            ):
                return True
            continue
        if not _COMPARING.search(match["name"]):
            continue
        # A call of the own type's comparison, which is judged by itself: its own side is not written.
        sides = [*([receiver] if receiver and receiver not in ("base", "object") else ["this"]), *given]
        if any(_apart(first, second, own, other) for place, first in enumerate(sides) for second in sides[place + 1 :]):
            return True
    return False


def _arguments(text: str) -> list[str]:
    parts, depth, start = list[str](), 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
