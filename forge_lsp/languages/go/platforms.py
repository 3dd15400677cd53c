"""For which system and processor a Go file is compiled, by its name and its build constraints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from forge_lsp.reading import table_beside

__all__ = ["CLAUSE", "platform_of"]

CLAUSE = re.compile(r"^package[ \t]+(\w+)", re.M)
"""The package clause of a file; its group is the name."""
_TABLE = table_beside(__file__)
_SYSTEMS: Sequence[str] = _TABLE["systems"]
_PROCESSORS: Sequence[str] = _TABLE["processors"]
_ONLY: Mapping[str, Sequence[str]] = _TABLE["only"]
_IMPLIED: Mapping[str, str] = _TABLE["implied"]
_NOT_UNIX = frozenset(("windows", "js", "wasip1", "plan9"))
_CONSTRAINT = re.compile(r"^//go:build[ \t]+(?P<expression>[^\n]+)", re.M)
_WORD = re.compile(r"\s*(?:(?P<mark>&&|\|\||[!()])|(?P<tag>[\w.]+))")


def platform_of(name: str, text: str) -> tuple[str, str] | None:
    """Return a system and a processor (``GOOS``, ``GOARCH``) for which a file of that name is compiled, the commonest
    first; None where there is none, or where it asks for more than these (a tag of its own, cgo, a newer Go)."""
    clause = CLAUSE.search(text)
    match = _CONSTRAINT.search(text[: clause.start()] if clause is not None else text)
    expression = match["expression"] if match is not None else ""
    return next((pair for pair in _pairs(name) if not expression or _holds(expression, _tags(*pair))), None)


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    """The platforms that a file's name allows: ``x_GOOS.go``, ``x_GOARCH.go``, ``x_GOOS_GOARCH.go``."""
    parts = name.removesuffix(".go").removesuffix("_test").split("_")[1:]
    processor = parts.pop() if parts and parts[-1] in _PROCESSORS else None
    system = parts[-1] if parts and parts[-1] in _SYSTEMS else None
    for one in (system,) if system is not None else _SYSTEMS:
        for other in _ONLY.get(one, _PROCESSORS[:-1]):
            if processor in (None, other):
                yield one, other


def _tags(system: str, processor: str) -> Set[str]:
    tags = {system, processor, "gc"}
    if system in _IMPLIED:
        tags.add(_IMPLIED[system])
    return tags if system in _NOT_UNIX else {*tags, "unix"}


def _holds(expression: str, tags: Set[str]) -> bool:
    """Whether a constraint holds; False where it cannot be read."""
    words = [match["mark"] or match["tag"] for match in _WORD.finditer(expression)]
    found, rest = _either(words, tags)
    return found and not rest


def _either(words: list[str], tags: Set[str]) -> tuple[bool, list[str]]:
    found, rest = _both(words, tags)
    while rest[:1] == ["||"]:
        other, rest = _both(rest[1:], tags)
        found = found or other
    return found, rest


def _both(words: list[str], tags: Set[str]) -> tuple[bool, list[str]]:
    found, rest = _one(words, tags)
    while rest[:1] == ["&&"]:
        other, rest = _one(rest[1:], tags)
        found = found and other
    return found, rest


def _one(words: list[str], tags: Set[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, [""]
    first, rest = words[0], words[1:]
    if first == "!":
        found, rest = _one(rest, tags)
        return not found, rest
    if first == "(":
        found, rest = _either(rest, tags)
        return found, rest[1:] if rest[:1] == [")"] else ["(", *rest]
    known = first in tags or (re.fullmatch(r"go1\.\d+", first) is not None)
    return known, rest
