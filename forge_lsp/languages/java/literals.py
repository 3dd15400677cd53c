"""Values in Java's notation, by their declared types. Pure.

Lists, sets and maps are made by a few methods (:data:`HELPERS`) that stand beside the calls: what they return can be
changed, as code that is given a list may do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, integer_range
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value
from forge_lsp.checking.jvm.literals import float_of, units_of
from forge_lsp.reading import table_beside, text_beside

__all__ = ["HELPERS", "literal"]

_RANGES = {"byte": 8, "short": 16, "int": 32, "long": 64}
_MADE_BY: Mapping[str, str] = table_beside(__file__)
_STREAMS = ("IntStream", "LongStream", "DoubleStream")
_BOXES = {"int": "Integer", "char": "Character", "void": "Void"}
_ESCAPED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\", "'": "\\'"}

HELPERS = " ".join(text_beside(__file__, "runners/helpers.java").splitlines())
"""Methods on one line that make collections and pairs."""


def literal(value: Value, declared: Type = ANY) -> str:
    """Return a value in Java's notation. Raises Unfit for one that Java's type cannot hold."""
    if declared.kind == "optional" and declared.text.startswith("Optional"):
        if value is None:
            return f"java.util.{declared.text}.empty()"
        return f"java.util.{declared.text}.of({literal(value, declared.item)})"
    if declared.kind == "optional":
        declared = declared.item
    match value:
        case None:
            return _null(declared)
        case LanguageValue():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return _whole(value, declared)
        case float():
            return _float(value, declared)
        case str():
            return _text(value, declared)
        case Group():
            return _group(value, declared)
        case MapValue():
            return _map(value, declared)


def _null(declared: Type) -> str:
    match declared.kind:
        case "int" | "float" | "bool" | "char" if declared.text[:1].islower():
            name = _BOXES.get(declared.text, declared.text.capitalize())
            return f"(java.lang.{name}) null"
        case "string":
            return f"(java.lang.{declared.text}) null"
        case "list" if declared.text.endswith("]") and declared.item != ANY:
            return f"({declared.text}) null"
        case _:
            return "null"


def _whole(value: int, declared: Type) -> str:
    if declared.text == "BigInteger":
        return f'new java.math.BigInteger("{value}")'
    if declared.kind == "other":
        raise TypeMismatch(f"{value} is no {declared.text}")
    name = declared.text
    if declared.kind != "int":
        name = "int" if -(2**31) <= value < 2**31 else "long" if -(2**63) <= value < 2**63 else ""
        if not name:
            return f'new java.math.BigInteger("{value}")'
    least, most = integer_range(_RANGES[name], True)
    if not least <= value <= most:
        raise TypeMismatch(f"{value} is out of the range of {name}")
    match name:
        case "long":
            return f"{value}L"
        case "byte" | "short":
            return f"({name}) {value}" if value >= 0 else f"({name}) ({value})"
        case _:
            return str(value)


def _float(value: float, declared: Type) -> str:
    if declared.kind == "other":
        raise TypeMismatch(f"{value} is no {declared.text}")
    return float_of(value, declared, decimal="new java.math.BigDecimal")


def _text(value: str, declared: Type) -> str:
    if declared.kind == "other":
        raise TypeMismatch(f'"{value}" is no {declared.text}')
    units = list(units_of(value))
    said = "".join(map(_unit, units))
    if declared.kind == "char":
        if len(units) != 1:
            raise TypeMismatch(f"'{value}' is more than one char")
        return f"'{said}'"
    return f'new StringBuilder("{said}")' if declared.text == "StringBuilder" else f'"{said}"'


def _unit(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char < " ":
        return f"\\{ord(char):03o}"
    return char if char <= "~" else f"\\u{ord(char):04x}"


def _group(value: Group, declared: Type) -> str:
    if declared.kind == "other":
        raise TypeMismatch(f"a list is no {declared.text}")
    if declared.kind == "tuple":
        if len(value.items) != 2:
            raise TypeMismatch(f"{len(value.items)} values are no {declared.text}")
        key, item = declared.items or (ANY, ANY)
        return f"$Pair({literal(value.items[0], key)}, {literal(value.items[1], item)})"
    if declared.text.endswith("]"):
        inner = ", ".join(literal(item, declared.item) for item in value.items)
        element = declared.text[:-2]
        if declared.item == ANY and element not in ("Object", "Number", "Comparable"):  # T[]
            element = _common(value.items)
        return f"new {element}[] {{{inner}}}"
    if declared.text in _STREAMS:
        return f"java.util.stream.{declared.text}.of({', '.join(literal(item, declared.item) for item in value.items)})"
    made = "$Set" if value.kind == "set" else "$List"
    made = f"{_MADE_BY.get(declared.text, made)}({_items(value.items, declared.item)})"
    return f"{made}.{declared.text.lower()}()" if declared.text in ("Iterator", "Stream") else made


def _items(items: Sequence[Value], declared: Type) -> str:
    """The arguments of a method that takes any number: a single null needs its type."""
    said = [literal(item, declared) for item in items]
    return "(Object) null" if said == ["null"] else ", ".join(said)


def _common(items: Sequence[Value]) -> str:
    """The element of an array of any type, by what is in it."""
    kinds = {type(item).__name__ for item in items if item is not None}
    known = {"int": "Integer", "float": "Double", "str": "String", "bool": "Boolean"}
    return known.get(kinds.pop(), "Object") if len(kinds) == 1 else "Object"


def _map(value: MapValue, declared: Type) -> str:
    if declared.kind == "other":
        raise TypeMismatch(f"a map is no {declared.text}")
    key, item = declared.items if len(declared.items) == 2 else (ANY, ANY)
    pairs = ", ".join(f"$Pair({literal(one, key)}, {literal(other, item)})" for one, other in value.items)
    return f"{'$SortedMap' if declared.text in ('TreeMap', 'SortedMap', 'NavigableMap') else '$Map'}({pairs})"
