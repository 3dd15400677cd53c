"""What a document defined for others and defines no longer: a linker's errors, without the project's link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from forge_lsp.builds.project import Place
from forge_lsp.domain.attempt import Diagnostic, Severity

__all__ = ["mentioning", "symbols_in", "undefined"]

_MOST = 8


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
    return Diagnostic(
        file=str(file),
        line=_line(place.text(file) or "", symbol),
        severity=Severity.ERROR,
        code="undefined-reference",
        message=f"undefined reference to `{symbol}': {place.document.name} no longer defines it",
        source=source,
    )


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
