"""What a document defined for others and defines no longer: a linker's errors, without the project's link."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePosixPath

from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.languages.c_family.units import Units

__all__ = ["DEFINED", "NEEDED", "NM", "lost", "mentioning", "outline", "symbols_in", "undefined"]

_MOST = 8
DEFINED = ("TDBRCG", "--defined-only")
"""nm's types of what an object defines for others, and its option."""
NEEDED = ("U", "-u")
"""The same for what it needs of others."""
NM = ("nm", "-C", "-g", "-P")
Needs = Callable[[PurePosixPath], Awaitable[frozenset[str] | None]]
"""What the object of a source needs of others; None where that cannot be told."""

_TOKEN = re.compile(
    r"""(?P<line>(?:(?<=\n)|\A)[ \t]*\#(?:\\\r?\n|[^\n])*)|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|"""
    r"""(?P<text>R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*')|"""
    r"""(?P<open>\{)|(?P<close>\})|[^{}"'/\#\n]+|.""",
    re.S,
)
_BODY = re.compile(r"\)\s*(?:(?:const|noexcept|override|final|volatile|try|mutable|&{1,2})\s*|->[\w\s:<>,*&]+)*\Z")


def symbols_in(listing: str, types: str) -> frozenset[str]:
    """The names of some types in nm's portable listing, ``name type value size``; weak ones are inline code."""
    found: set[str] = set()
    for line in listing.split("\n"):
        match = re.match(r"(?P<name>.+?) (?P<type>[A-Za-z])(?: [0-9a-f]*)*\s*$", line)
        if match is not None and match["type"] in types:
            found.add(match["name"])
    return frozenset(found)


def mentioning(symbol: str, others: Sequence[PurePosixPath], place: Place) -> list[PurePosixPath]:
    """Those of ``others`` that hold the bare name of ``symbol``; a few will do."""
    word = _word(symbol)
    return [other for other in others if word is not None and word.search(place.text(other) or "")][:_MOST]


def undefined(symbol: str, file: PurePosixPath, place: Place, source: str) -> Diagnostic:
    """The problem of ``file``, which needs ``symbol``, at the first line that uses it."""
    return problem_at(
        str(file),
        _line(place.text(file) or "", symbol),
        code="undefined-reference",
        message=f"undefined reference to `{symbol}': {place.document.name} no longer defines it",
        source=source,
    )


async def lost(
    before: frozenset[str], defined: frozenset[str], units: Units, place: Place, needs: Needs
) -> list[Diagnostic]:
    """What other sources need and the document no longer defines: their linker would say so, too late."""
    found: list[Diagnostic] = []
    needed: dict[PurePosixPath, frozenset[str] | None] = {}
    for symbol in sorted(before - defined):
        for other in mentioning(symbol, units.others, place):
            if other not in needed:
                needed[other] = await needs(other)
            if symbol in (needed[other] or ()):
                found.append(undefined(symbol, other, place, "ld"))
    return found


def outline(text: str) -> str:
    """``text`` without comments and without what functions do: two with the same outline define the same symbols.

    Where it is not sure that braces hold a function's body, they are kept.
    """
    kept: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["comment"] is not None:
            continue
        if token["line"] is not None:
            kept.append(token[0])  # a macro may stand for anything, inside of a body too
            continue
        if depth:
            depth += (token["open"] is not None) - (token["close"] is not None)
            continue
        if token["open"] is not None and _opens_body("".join(kept[-64:])):
            depth = 1
        kept.append(token[0])
    return re.sub(r"\s+", " ", "".join(kept))


def _opens_body(before: str) -> bool:
    statement = re.split(r"[;{}]", before)[-1]
    return _BODY.search(statement) is not None and re.search(r"\b(?:namespace|extern|enum)\b", statement) is None


def _name(symbol: str) -> str:
    return re.sub(r"\(.*$", "", symbol, flags=re.S).rpartition("::")[2].strip()


def _word(symbol: str) -> re.Pattern[str] | None:
    name = _name(symbol)
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if re.fullmatch(r"~?\w+", name) else None


def _line(text: str, symbol: str) -> int:
    word = _word(symbol)
    declared = re.compile(
        rf"\s*(?!return\b)[\w:<>,*&\s]*[\w>*&]\s*[\s*&]{re.escape(_name(symbol))}\s*\([^=]*\)[^(]*;\s*$"
    )
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        code = "" if line.lstrip().startswith("#") else line.partition("//")[0]
        if word is not None and word.search(code):
            if not declared.match(code):
                return number
            first = first or number
    return first
