"""A light reading of C# texts: comments and literals blanked, methods found by their braces. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_lsp.checking import scanning

__all__ = ["Method", "blanked", "literals_in", "methods_in"]

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|"""
    r"""(?P<text>(?<!\$)\$*+(?P<raw>\"{3,}+).*?(?:(?P=raw)|\Z)|\$?@\$?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.[^'\n]*|[^'\\\n])')|.""",
    re.S,
)
_NAMED = re.compile(
    r"(?P<name>(?<![\w.@])[A-Za-z_]\w*|\boperator\s*(?:==|!=|<=|>=|<|>|true|false|\w+))\s*(?:<[\w\s,]*>\s*)?\("
)
_OPENS = re.compile(r"\s*+(?::\s*+(?:base|this)\s*+\([^{};]*\)\s*+)?(?:where\b[^{;=]*+)?(?P<how>\{|=>)")
_TYPE = re.compile(
    r"\b(?P<kind>namespace|class|struct|interface|record(?:\s++(?:class|struct))?)\s++(?P<name>[A-Za-z_][\w.]*+)"
    r"(?P<rest>[^;{]*+)(?P<end>[;{])"
)
_NO_METHOD = frozenset(
    {
        *("if", "for", "foreach", "while", "switch", "catch", "return", "sizeof", "typeof", "nameof", "using", "lock"),
        *("fixed", "when", "default", "checked", "unchecked", "base", "this", "new", "await", "throw", "stackalloc"),
    }
)

_NOT_BEFORE = re.compile(r"(?:\b(?:new|class|struct|record|return|await|throw)|[=(,+?&|!-])\s*$")


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its ``name``, the ``owner`` type with its namespace, what stands between its ``parameters``'
    parentheses; it begins at ``begin``, attributes included, its body at ``body``, and both end at ``end``."""

    name: str
    owner: str
    parameters: str
    begin: int
    body: int
    end: int

    @property
    def full_name(self) -> str:
        """With its type, as a test runner calls it."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


def blanked(text: str, *, literals: bool = True) -> str:
    """Return ``text`` with spaces for comments and (``literals``) for what strings hold, at the same places."""
    return scanning.blanked(_TOKEN, text, literals=literals)


def literals_in(text: str) -> tuple[str, ...]:
    """Return the string literals of ``text`` as they are written, with their quotes."""
    return tuple(match["text"] for match in _TOKEN.finditer(text) if match["text"] is not None)


def methods_in(text: str) -> tuple[Method, ...]:
    """Return the methods and constructors that ``text`` defines, in order."""
    plain = blanked(text)
    types = _types(plain)
    found: list[Method] = []
    at = 0
    while (match := _NAMED.search(plain, at)) is not None:
        at = match.end()
        if match["name"] in _NO_METHOD or _NOT_BEFORE.search(plain[max(match.start() - 24, 0) : match.start()]):
            continue
        close = scanning.closing(plain, match.end() - 1, "(", ")")
        opens = _OPENS.match(plain, close + 1) if close is not None else None
        if close is None or opens is None:
            continue
        braces = opens["how"] == "{"
        end = (
            scanning.closing(plain, opens.end() - 1, "{", "}") if braces else scanning.statement_end(plain, opens.end())
        )
        if end is None:
            continue
        begin = _beginning(plain, match.start())
        owner = ".".join(name for name, start, stop in types if start <= match.start() < stop)
        found.append(Method(match["name"], owner, plain[match.end() : close], begin, opens.end(), end))
        at = end
    return tuple(found)


def _types(plain: str) -> list[tuple[str, int, int]]:
    """The namespaces and types with what they span, outer ones first."""
    found: list[tuple[str, int, int]] = []
    for match in _TYPE.finditer(plain):
        if match["end"] == ";":
            if match["kind"] == "namespace":
                found.append((match["name"], match.end(), len(plain)))
            continue
        end = scanning.closing(plain, match.end() - 1, "{", "}")
        found.append((match["name"], match.end(), end if end is not None else len(plain)))
    return found


def _beginning(plain: str, at: int) -> int:
    """Where the member begins whose name stands at ``at``: behind the last statement or brace, attributes included."""
    depth = 0
    for place in range(at - 1, -1, -1):
        char = plain[place]
        if char in ")]":
            depth += 1
        elif char in "([":
            depth -= 1
            if depth < 0:
                return place + 1
        elif depth == 0 and char in ";{}":
            return place + 1
    return 0
