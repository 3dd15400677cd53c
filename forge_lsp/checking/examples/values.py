"""Values as people write them in documentation, in Python's, JSON's and the languages' own notations. Pure.

``[1, 2]``, ``List.of(1, 2)``, ``new int[] {1, 2}``, ``[]int{1, 2}`` and ``vec![1, 2]`` are the same list. What a
group in braces is (a list in Java and C++, a set in Python), its declared type says: see :mod:`.types`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from forge_lsp.checking.examples.words import HEADS, WORDS

__all__ = ["Group", "LanguageValue", "MapValue", "Value", "closing", "outside_strings", "parse", "shown", "split"]

GroupKind: TypeAlias = Literal["list", "tuple", "set", "braces"]


@dataclass(frozen=True, slots=True)
class Group:
    """Several values in order. ``braces``: ``{1, 2}``, of which only a type says what it is."""

    kind: GroupKind
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class MapValue:
    """A map, its pairs as written."""

    items: tuple[tuple[Value, Value], ...]


class LanguageValue(str):
    """What has no meaning outside of its language, as it is written: ``Color.RED``, the construction of an object."""

    __slots__ = ()


Value: TypeAlias = "bool | int | float | str | Group | MapValue | None"
"""A value as plain data. ``None`` stands for what the notations call null, nil, None, undefined or an empty option."""

_WORD = re.compile("|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True)) + r"(?![\w.])")
_NUMBER = re.compile(
    r"(?P<sign>[-+\u2212]?)\s*(?:(?P<hex>0[xX][\da-fA-F_]+)|(?P<whole>\d[\d_']*)?(?P<part>\.\d*)?(?P<power>[eE][-+]?\d+)?)"
    r"(?P<suffix>_?[iu](?:8|16|32|64|128|size)|_?f(?:32|64)|[uU]?[lL]{1,2}|[uUnmMfFdD])?(?![\w])"
)
_PREFIX = re.compile(r"(?:[rbuRBULf@$]|u8)?(?=[\"'`])")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b"}
_CODED = re.compile(r"\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|U([\da-fA-F]{8}))")
_AFTER = re.compile(r"\s*(?:\.(?:to_string|into|to_owned|toString|to_vec|freeze)\(\)|(?<=\")s\b)")
_OPENING, _CLOSING = "([{", ")]}"
_CONSTANT = re.compile(r"(?:[A-Za-z_]\w*(?:\.|::))*[A-Z]\w*(?:\.|::)[A-Z]\w*(?![\w.:({])")
_BARE_KEY = re.compile(r"[A-Za-z_$][\w$]*(?=\s*[:=])")
_DEEPEST = 40


def parse(text: str) -> Value:
    """Return the value that ``text`` is, whole. Raises ValueError where it is none."""
    reader = _Reader(text.strip())
    value = reader.value(0)
    if reader.rest():
        raise ValueError(f"not a value: {text.strip()[:80]}")
    return value


def shown(value: Value) -> str:
    """Return a value as people are shown it, equal values alike: ``[1, 2.5, "a", null]``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return f"{value:.12g}" if not value.is_integer() or abs(value) > 1e15 else f"{value:.1f}"
        case LanguageValue():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case MapValue():
            return "{" + ", ".join(sorted(f"{shown(key)}: {shown(item)}" for key, item in value.items)) + "}"
        case Group():
            parts = [shown(item) for item in value.items]
            if value.kind == "set":
                return "{" + ", ".join(sorted(parts)) + "}"
            return f"({', '.join(parts)})" if value.kind == "tuple" else f"[{', '.join(parts)}]"


def outside_strings(line: str, start: int, quotes: str = "'\"`") -> list[tuple[int, str]]:
    """Return positions and characters that are in no quoted string; an unclosed quote ends it all."""
    found: list[tuple[int, str]] = []
    index = start
    while index < len(line):
        char = line[index]
        if char in quotes:
            end = index + 1
            while end < len(line) and line[end] != char:
                end += 2 if line[end] == "\\" else 1
            if end >= len(line):
                break
            index = end + 1
            continue
        found.append((index, char))
        index += 1
    return found


def closing(line: str, opening: int, quotes: str = "'\"`") -> int | None:
    """Return the position after the bracket that closes the one at ``opening``; None: none does."""
    depth = 0
    for index, char in outside_strings(line, opening, quotes):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            if depth == 0:
                return index + 1
    return None


def split(text: str) -> tuple[str, ...]:
    """Return what stands between the commas of ``text`` that are in no bracket and no string."""
    parts: list[str] = []
    depth, start = 0, 0
    for index, char in outside_strings(text, 0):
        depth += (char in _OPENING) - (char in _CLOSING)
        if char == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return tuple(parts if parts[-1] else parts[:-1])


class _Reader:
    """Reads one text from its start to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at: int = 0

    def rest(self) -> str:
        return self._text[self._at :].strip()

    def value(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        self._blank()
        found = self._one(depth)
        while (match := _AFTER.match(self._text, self._at)) is not None:
            self._at = match.end()
        return found

    def _one(self, depth: int) -> Value:
        text, at = self._text, self._at
        prefix = _PREFIX.match(text, at)
        if prefix is not None:
            self._at = prefix.end()
            return self._string(raw=prefix[0] in ("r", "R", "@"))
        word = _WORD.match(text, at)
        if word is not None:
            self._at = word.end()
            return WORDS[word[0]]
        for pattern, kind in HEADS:
            head = pattern.match(text, at)
            if head is not None:
                self._at = head.end()
                return self._made(kind, depth)
        if at < len(text) and text[at] in _OPENING:
            return self._bracketed(depth)
        if text.startswith("-", at) and (word := _WORD.match(text, at + 1)) is not None and word[0].lower() != "nan":
            self._at = word.end()
            number = WORDS[word[0]]
            if isinstance(number, float):
                return -number
        constant = _CONSTANT.match(text, at)
        if constant is not None:
            self._at = constant.end()
            return LanguageValue(constant[0])
        return self._number()

    def _number(self) -> int | float:
        match = _NUMBER.match(self._text, self._at)
        if match is None or not (match["hex"] or match["whole"] or (match["part"] or ".") != "."):
            raise ValueError(f"not a value: {self.rest()[:80]}")
        self._at = match.end()
        sign = -1 if match["sign"] in ("-", "\u2212") else 1
        if match["hex"]:
            return sign * int(match["hex"].replace("_", ""), 16)
        whole = (match["whole"] or "0").replace("_", "").replace("'", "")
        suffix = (match["suffix"] or "").strip("_").lower()
        if match["part"] or match["power"] or suffix in ("f", "d", "m", "f32", "f64"):
            return sign * float(f"{whole}{match['part'] or ''}{match['power'] or ''}")
        return sign * int(whole)

    def _string(self, *, raw: bool) -> str:
        text, quote = self._text, self._text[self._at]
        if text.startswith(quote * 3, self._at):
            end = text.find(quote * 3, self._at + 3)
            if end < 0:
                raise ValueError("a string without an end")
            found, self._at = text[self._at + 3 : end], end + 3
            return found
        index, parts = self._at + 1, list[str]()
        while index < len(text) and text[index] != quote:
            if text[index] == "\\" and not raw:
                coded = _CODED.match(text, index)
                if coded is not None:
                    parts.append(chr(int(coded[coded.lastindex or 1], 16)))
                    index = coded.end()
                    continue
                following = text[index + 1 : index + 2]
                parts.append(_ESCAPES.get(following, following))
                index += 2
                continue
            parts.append(text[index])
            index += 1
        if index >= len(text):
            raise ValueError("a string without an end")
        self._at = index + 1
        if quote == "`" and "${" in "".join(parts):
            raise ValueError("a template")
        return "".join(parts)

    def _made(self, kind: str, depth: int) -> Value:
        inner = self._bracketed(depth)
        items = inner.items if isinstance(inner, Group) else None
        if kind == "one":
            if items is not None and len(items) == 1:
                return items[0]  # type: ignore[return-value]
            if isinstance(inner, Group | MapValue):
                raise ValueError("one value is expected")
            return inner
        if kind == "map":
            return _map_of(inner)
        if items is None:
            if kind in ("list", "set") and not isinstance(inner, MapValue):
                return Group("list" if kind == "list" else "set", (inner,))
            raise ValueError("a list is expected")
        if kind == "flat":
            if len(items) % 2:
                raise ValueError("a map of pairs is expected")
            return MapValue(tuple(zip(items[::2], items[1::2], strict=True)))
        wrapped = len(items) == 1 and isinstance(items[0], Group) and items[0].kind in ("list", "braces")
        if kind == "set" and wrapped and isinstance(items[0], Group):
            items = items[0].items  # new Set([1, 2])
        named: GroupKind = "set" if kind == "set" else "tuple" if kind == "tuple" else "list"
        return Group(named, items)

    def _bracketed(self, depth: int) -> Value:
        """What stands in brackets: a list, a tuple (or one value), a group in braces or a map."""
        text = self._text
        opening = text[self._at]
        close = _CLOSING[_OPENING.index(opening)]
        self._at += 1
        items: list[Value] = []
        pairs: list[tuple[Value, Value]] = []
        comma = False
        while True:
            self._blank()
            if text.startswith(close, self._at):
                self._at += 1
                break
            if self._at >= len(text) or ((items or pairs) and not comma):
                raise ValueError(f"no {close} where one is expected")
            bare = _BARE_KEY.match(text, self._at) if opening in "{(" else None
            if bare is not None and _WORD.match(text, self._at) is None:
                key: Value = bare[0]
                self._at = bare.end()
            else:
                key = self.value(depth + 1)
            self._blank()
            sign = re.compile(r":(?!:)|=>|=(?!=)|\bto\b").match(text, self._at)
            if sign is not None:
                self._at = sign.end()
                pairs.append((key, self.value(depth + 1)))
            else:
                items.append(key)
            self._blank()
            comma = text.startswith((",", ";"), self._at)
            self._at += 1 if comma else 0
        if pairs and not items:
            return MapValue(tuple(pairs))
        if pairs:
            raise ValueError("values and pairs in one group")
        if opening == "(" and len(items) == 1 and not comma:
            return items[0]
        return Group({"[": "list", "(": "tuple", "{": "braces"}[opening], tuple(items))  # type: ignore[arg-type]

    def _blank(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1


def _map_of(inner: Value) -> MapValue:
    """The map that a constructor's argument describes: pairs, or a list of two-element groups."""
    while isinstance(inner, Group) and len(inner.items) == 1 and isinstance(inner.items[0], Group | MapValue):
        only = inner.items[0]
        if isinstance(only, Group) and len(only.items) == 2 and not all(isinstance(one, Group) for one in only.items):
            break
        inner = only
    if isinstance(inner, MapValue):
        return inner
    if not isinstance(inner, Group):
        raise ValueError("a map is expected")
    pairs: list[tuple[Value, Value]] = []
    for item in inner.items:
        if not isinstance(item, Group) or len(item.items) != 2:
            raise ValueError("a map of pairs is expected")
        pairs.append((item.items[0], item.items[1]))
    return MapValue(tuple(pairs))
