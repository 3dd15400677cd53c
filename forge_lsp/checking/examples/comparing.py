"""Whether what a call gave is what an example says: the tested process knows no expectation. Pure."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any, cast

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value, shown

__all__ = ["Opaque", "alike", "comparable", "decoded", "unclear"]

_RELATIVE = 1e-6
_ABSOLUTE = 1e-9


class Opaque(str):
    """A value that is no plain data, by the text that it gives of itself."""

    __slots__ = ()


def decoded(tree: object) -> Value:
    """Return the value that a driver wrote as JSON: ``{"i": "1"}``, ``{"f": "1.5"}``, ``{"b": true}``, ``{"s": "a"}``,
    ``{"n": 0}``, ``{"l": [...]}``, ``{"t": [...]}`` (tuple), ``{"z": [...]}`` (set), ``{"m": [[key, value], ...]}``,
    ``{"o": "text"}`` (anything else). Raises ValueError for what is none of these.
    """
    if not isinstance(tree, dict) or len(cast("dict[str, Any]", tree)) != 1:
        raise ValueError("not an answer of a driver")
    ((kind, content),) = cast("dict[str, Any]", tree).items()
    match kind:
        case "i":
            return int(content)
        case "f":
            return float(content)
        case "b":
            return bool(content)
        case "s":
            return str(content)
        case "n":
            return None
        case "l" | "t" | "z":
            named = {"l": "list", "t": "tuple", "z": "set"}
            return Group(named[kind], tuple(decoded(item) for item in content))  # type: ignore[arg-type]
        case "m":
            return MapValue(tuple((decoded(key), decoded(item)) for key, item in content))
        case "o":
            return Opaque(content)
        case _:
            raise ValueError(f"not an answer of a driver: {kind}")


def alike(expected: Value, given: Value, declared: Type = ANY) -> bool:
    """Return whether a value is the expected one, read by the declared type: floats have a tolerance, sets and maps no
    order, a tuple is a list where the language has none, and what stands in braces may be an object's fields in
    order."""
    if _holds(declared, "other"):
        expected = _named(expected, given)
    with contextlib.suppress(TypeMismatch):  # it cannot be of the type: then it is compared as it is written
        expected = fitted(expected, declared)
    return _same(expected, given)


def comparable(expected: Value, declared: Type) -> bool:
    """Return whether a value of the declared type can be the expected one at all: a text is no number."""
    if isinstance(expected, bool) and declared.kind in ("int", "code"):
        return True
    if _has(expected, LanguageValue):
        return _holds(declared, "other", "any")
    try:
        fitted(expected, declared)
    except TypeMismatch:
        return False
    return True


def unclear(expected: Value, given: Value, declared: Type) -> bool:
    """Return whether nothing says if a value is the expected one: what only its language can read has to meet an
    object's own text, and an object of the project that is no plain data has to meet such a value."""
    if _has(expected, LanguageValue):
        return given is not None and not _has(given, Opaque)
    return _has(given, Opaque) and _holds(declared, "other")


def _named(expected: Value, given: Value) -> Value:
    """What is expected of an object with its fields' names, where it has values in their order alone."""
    match expected, given:
        case Group(), MapValue() if len(expected.items) == len(given.items):
            pairs = zip(expected.items, given.items, strict=True)
            return MapValue(tuple((key, _named(one, other)) for one, (key, other) in pairs))
        case Group(), Group() if len(expected.items) == len(given.items):
            return Group(expected.kind, tuple(map(_named, expected.items, given.items)))
        case MapValue(), MapValue():
            known = dict(given.items)
            return MapValue(tuple((key, _named(item, known.get(key))) for key, item in expected.items))
        case _:
            return expected


def _holds(declared: Type, *kinds: str) -> bool:
    return declared.kind in kinds or any(_holds(item, *kinds) for item in declared.items)


def _has(value: Value, kind: type[str]) -> bool:
    if isinstance(value, Group):
        return any(_has(item, kind) for item in value.items)
    if isinstance(value, MapValue):
        return any(_has(key, kind) or _has(item, kind) for key, item in value.items)
    return isinstance(value, kind)


def _same(expected: Value, given: Value) -> bool:
    if isinstance(expected, bool) or isinstance(given, bool):
        if isinstance(expected, bool) and isinstance(given, bool):
            return expected == given
        return isinstance(expected, bool) and isinstance(given, int) and given in (0, 1) and expected == bool(given)
    if isinstance(expected, int | float) and isinstance(given, int | float):
        if isinstance(expected, int) and isinstance(given, int):
            return expected == given
        if math.isnan(expected) or math.isnan(given):
            return math.isnan(expected) and math.isnan(given)
        return math.isclose(expected, given, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    if isinstance(expected, LanguageValue):  # Color.RED, which calls itself RED
        return isinstance(given, Opaque) and re.split(r"\.|::", expected)[-1] == re.split(r"\.|::", given)[-1]
    if isinstance(given, Opaque):
        return isinstance(expected, str) and expected == given
    if isinstance(expected, Group):
        if not isinstance(given, Group) or len(expected.items) != len(given.items):
            return isinstance(given, MapValue) and not expected.items and not given.items
        if "set" in (expected.kind, given.kind):
            return _unordered(expected.items, given.items)
        return all(map(_same, expected.items, given.items))
    if isinstance(expected, MapValue):
        if isinstance(given, Group):
            return not expected.items and not given.items
        if not isinstance(given, MapValue) or len(expected.items) != len(given.items):
            return False
        return _unordered(
            tuple(Group("tuple", (_key(key), item)) for key, item in expected.items),
            tuple(Group("tuple", (_key(key), item)) for key, item in given.items),
        )
    return type(expected) is type(given) and expected == given


def _key(key: Value) -> Value:
    """A key as text: objects of JavaScript and JSON have no others."""
    return key if isinstance(key, str) else shown(key)


def _unordered(expected: tuple[Value, ...], given: tuple[Value, ...]) -> bool:
    left = list(given)
    for item in expected:
        found = next((place for place, other in enumerate(left) if _same(item, other)), None)
        if found is None:
            return False
        del left[found]
    return True
