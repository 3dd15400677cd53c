"""A light reading of C and C++ texts: comments and literals blanked, functions found by their braces. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_lsp.checking import scanning

__all__ = ["Function", "blanked", "calls_in", "functions_in", "literals_in"]

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|"""
    r"""(?P<text>R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*')|.""",
    re.S,
)
_NAMED = re.compile(r"(?P<name>(?<![\w~])~?[A-Za-z_]\w*|\boperator\s*(?:\(\)|[^\s\w(]+))\s*\(")
_BEFORE_BODY = re.compile(
    r"\s*(?:(?:const|noexcept(?:\s*\([^()]*\))?|override|final|volatile|try|mutable|&{1,2}|throw\s*\([^()]*\)|"
    r"__attribute__\s*\(\([^{};]*?\)\))\s*|->[\w\s:<>,*&]+|:(?!:)[^;{}]*(?:\{[^{};]*\}\s*,[^;{}]*)*)*\{"
)
_NO_FUNCTION = frozenset(
    {
        *("if", "for", "while", "switch", "catch", "return", "sizeof", "alignof", "decltype", "static_assert"),
        *("defined", "__attribute__", "alignas", "noexcept", "throw", "typeof", "__typeof__", "_Alignof", "new"),
    }
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function's definition: its ``name``, what stands between its ``parameters``' parentheses, and where its body
    begins (behind the brace) and ends (before the brace)."""

    name: str
    parameters: str
    begin: int
    body: int
    end: int


def blanked(text: str, *, literals: bool = True) -> str:
    """Return ``text`` with spaces for comments and (``literals``) for what strings hold, at the same places."""
    return scanning.blanked(_TOKEN, text, literals=literals)


def literals_in(text: str) -> tuple[str, ...]:
    """Return the string literals of ``text`` as they are written, without their quotes."""
    return tuple(match["text"][1:-1] for match in _TOKEN.finditer(text) if match["text"] is not None)


def functions_in(text: str) -> tuple[Function, ...]:
    """Return the functions that ``text`` defines, members of its classes included."""
    plain = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: re.sub(r"[^\n]", " ", match[0]), blanked(text), flags=re.M)
    found: list[Function] = []
    at = 0
    while (match := _NAMED.search(plain, at)) is not None:
        at = match.end()
        if match["name"] in _NO_FUNCTION:
            continue
        close = scanning.closing(plain, match.end() - 1, "(", ")")
        opened = _BEFORE_BODY.match(plain, close + 1) if close is not None else None
        if close is None or opened is None:
            continue
        end = scanning.closing(plain, opened.end() - 1, "{", "}")
        if end is None:
            continue
        found.append(Function(match["name"], plain[match.end() : close], match.start(), opened.end(), end))
        at = end
    return tuple(found)


def calls_in(text: str) -> frozenset[str]:
    """Return the names that ``text`` calls."""
    return frozenset(match["name"] for match in _NAMED.finditer(blanked(text))) - _NO_FUNCTION
