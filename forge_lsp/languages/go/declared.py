"""Declared types of Go as far as examples need them, read out of headers as they are written. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from forge_lsp.checking.examples.types import ANY, Parameter, Type, integer_range
from forge_lsp.checking.scanning import closing_at, parts_of
from forge_lsp.languages.go.sources import masked

__all__ = ["Declared", "element_of", "named_types", "read_header", "whole_range"]

_BITS: Mapping[str, tuple[int, bool]] = {
    **{f"int{bits}": (bits, True) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (bits, False) for bits in (8, 16, 32, 64)},
    "int": (64, True),
    "uint": (64, False),
    "uintptr": (64, False),
    "byte": (8, False),
    "rune": (32, True),
}
_CODES = frozenset({"byte", "uint8", "rune", "int32"})
_NAMED = re.compile(
    r"^[ \t]*(?:type[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]+(?:=[ \t]*)?(?P<type>[^\s=(][^\n]*?)[ \t]*$", re.M
)
_TYPES = re.compile(r"^type[ \t]*(?:\((?P<block>[^)]*)\)|[^\n]*)", re.M)
_HEADER = re.compile(r"func\s*(?P<receiver>\([^)]*\))?\s*(?P<name>\w+)\s*(?=[\[(])")
_RECEIVER = re.compile(r"\(\s*(?:\w+\s+)?\*?\s*(?P<type>\w+)")
_OPEN, _CLOSED = "([{", ")]}"
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A function's header. ``result`` is what it gives beside an error at the end, its ``text`` all that it gives;
    ``receiver`` is the type that it is a method of ("": none)."""

    parameters: tuple[Parameter, ...]
    result: Type
    receiver: str
    fails: bool


def named_types(text: str) -> dict[str, str]:
    """Return what the types that a file declares are made of (``struct``, ``[]int``), by their names."""
    found: dict[str, str] = {}
    for match in _TYPES.finditer(masked(text)):
        for one in _NAMED.finditer(match["block"] if match["block"] is not None else match[0]):
            kind = re.match(r"(?:struct|interface)\b", one["type"])
            found[one["name"]] = kind[0] if kind is not None else one["type"]
    return found


def read_header(header: str, named: Mapping[str, str]) -> Declared | None:
    """Return what a function's header declares; None where it is none."""
    plain = " ".join(masked(header).split())
    match = _HEADER.match(plain)
    if match is None:
        return None
    at, generic = match.end(), list[str]()
    if plain[at] == "[":
        end = closing_at(plain, at, brackets="([{")
        generic = [name for part in parts_of(plain[at + 1 : end - 1], brackets="([{") for name in part.split()[:1]]
        at = plain.find("(", end)
    receiver = match["receiver"] or ""
    generic += re.findall(r"\w+", receiver.partition("[")[2])
    end = closing_at(plain, at, brackets="([{")
    reader = _Reader(named, frozenset(generic))
    results = plain[end:].strip().removesuffix("{").strip()
    inner = results[1:-1] if results.startswith("(") else results
    kinds = [kind for _, kind in _fields(inner)]
    fails = kinds[-1:] == ["error"]
    given = tuple(map(reader.type, kinds[:-1] if fails else kinds))
    result = given[0] if len(given) == 1 else Type(kind="tuple" if given else "void", items=given)
    holder = _RECEIVER.match(receiver)
    return Declared(
        parameters=tuple(reader.parameter(name, kind) for name, kind in _fields(plain[at + 1 : end - 1])),
        result=Type(kind=result.kind, text=results or "nothing", items=result.items),
        receiver=holder["type"] if holder is not None else "",
        fails=fails,
    )


def element_of(text: str) -> tuple[str, str]:
    """Return what stands in the first brackets of a type (``3`` of ``[3]int``, ``string`` of ``map[string]int``), and
    what behind them."""
    opened = text.find("[")
    end = closing_at(text, opened, brackets="([{")
    return text[opened + 1 : end - 1].strip(), text[end:].strip()


def whole_range(text: str) -> tuple[int, int] | None:
    """Return the least and the greatest value of an integer type; None where it is none."""
    if text not in _BITS:
        return None
    bits, signed = _BITS[text]
    return integer_range(bits, signed)


def _fields(text: str) -> list[tuple[str, str]]:
    """Name and type of parameters or results: ``a, b int, c ...string``; names are "" where only types stand."""
    parts = parts_of(text, brackets="([{")
    split = [re.match(r"([^\W\d]\w*)\s+(?![.\s])(.+)$|([^\W\d]\w*)\s+(\.\.\..+)$", part) for part in parts]
    keyword = ("chan", "func", "map", "struct", "interface")
    named = [match is not None and (match[1] or match[3]) not in keyword for match in split]
    if not any(named):
        return [("", part) for part in parts]
    found: list[tuple[str, str]] = []
    kind = ""
    for part, match, own in reversed(list(zip(parts, split, named, strict=True))):
        name = part
        if own and match is not None:
            name, kind = (match[1], match[2]) if match[1] else (match[3], match[4])
        found.append((name, kind))
    return found[::-1]


class _Reader:
    def __init__(self, named: Mapping[str, str], generic: frozenset[str]) -> None:
        self._named = named
        self._generic = generic

    def parameter(self, name: str, kind: str) -> Parameter:
        rest = kind.startswith("...")
        return Parameter(name=name, type=self.type(kind.removeprefix("...")), optional=rest, rest=rest)

    def type(self, text: str, depth: int = 0) -> Type:
        """The type; one of the project's that is no structure has its name, and the form of what it is made of."""
        text = " ".join(text.split())
        if depth > _DEEPEST:
            return ANY
        if text in self._generic or text in ("any", "interface{}", "interface {}"):
            return Type(kind="any", text=text)
        if text == "bool":
            return Type(kind="bool", text=text)
        if text == "string":
            return Type(kind="string", text=text)
        if text in ("float32", "float64"):
            return Type(kind="float", text=text)
        if text in _BITS:
            return Type(kind="code" if text in _CODES else "int", text=text)
        if text.startswith("*"):
            item = self.type(text[1:], depth + 1)
            plain = item.kind not in ("other", "any", "optional")
            return Type(kind="optional", text=text, items=(item,)) if plain else Type(kind="other", text=text)
        if text.startswith("["):
            return Type(kind="list", text=text, items=(self.type(element_of(text)[1], depth + 1),))
        if text.startswith("map["):
            key, item = element_of(text)
            if item.replace(" ", "") == "struct{}":
                return Type(kind="set", text=text, items=(self.type(key, depth + 1),))
            return Type(kind="map", text=text, items=(self.type(key, depth + 1), self.type(item, depth + 1)))
        made = self._named.get(text, "")
        if made and not made.startswith(("struct", "interface", "func", "chan", "*")):
            found = self.type(made, depth + 1)
            return Type(kind=found.kind if found.kind != "any" else "other", text=text, items=found.items)
        return Type(kind="other", text=text)
