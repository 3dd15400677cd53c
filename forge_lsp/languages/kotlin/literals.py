"""Values in Kotlin's notation, by their declared types. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, integer_range
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value
from forge_lsp.checking.jvm.literals import float_of, units_of
from forge_lsp.reading import table_beside

__all__ = ["literal"]

_RANGES = {"Byte": 8, "Short": 16, "Int": 32, "Long": 64}
_SINGLE = ("Int", "Double", "String", "Boolean")
_TABLE = table_beside(__file__)
_MADE_BY: Mapping[str, str] = _TABLE["made_by"]
_WRAPPED: Mapping[str, str] = _TABLE["wrapped"]
_ESCAPED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", '"': '\\"', "\\": "\\\\", "'": "\\'", "$": "\\$"}


def literal(value: Value, declared: Type = ANY) -> str:
    """Return a value in Kotlin's notation. Raises Unfit for one that Kotlin's type cannot hold."""
    if declared.kind == "optional":
        return "null" if value is None else literal(value, declared.item)
    if declared.kind == "other" and not isinstance(value, LanguageValue) and value is not None:
        raise TypeMismatch(f"a plain value is no {declared.text}")
    match value:
        case None:
            if declared.kind == "other":
                raise TypeMismatch(f"null is no {declared.text}")
            return "null"
        case LanguageValue():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return _whole(value, declared)
        case float():
            return float_of(value, declared, decimal="java.math.BigDecimal")
        case str():
            return _text(value, declared)
        case Group():
            return _group(value, declared)
        case MapValue():
            key, item = declared.items if len(declared.items) == 2 else (ANY, ANY)
            pairs = [f"Pair({literal(one, key)}, {literal(other, item)})" for one, other in value.items]
            return f"{_MADE_BY.get(declared.text, 'mutableMapOf')}({', '.join(pairs)})"


def _whole(value: int, declared: Type) -> str:
    name = declared.text if declared.kind == "int" else "Int" if -(2**31) <= value < 2**31 else "Long"
    if name == "BigInteger" or (declared.kind != "int" and not -(2**63) <= value < 2**63):
        return f'java.math.BigInteger("{value}")'
    least, most = integer_range(_RANGES[name.removeprefix("U")], not name.startswith("U"))
    if not least <= value <= most:
        raise TypeMismatch(f"{value} is out of the range of {name}")
    if name in ("Int", "Long") and value == least:
        return f"{name}.MIN_VALUE"
    suffix = {"Long": "L", "ULong": "uL", "UInt": "u", "UShort": "u", "UByte": "u"}.get(name, "")
    return f"{value}{suffix}"


def _text(value: str, declared: Type) -> str:
    units = list(units_of(value))
    said = "".join(map(_unit, units))
    if declared.kind == "char":
        if len(units) != 1:
            raise TypeMismatch(f"'{value}' is more than one Char")
        return f"'{said}'"
    return f'StringBuilder("{said}")' if declared.text == "StringBuilder" else f'"{said}"'


def _unit(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    return char if " " <= char <= "~" else f"\\u{ord(char):04x}"


def _group(value: Group, declared: Type) -> str:
    if declared.kind == "tuple":
        return _tuple(value, declared)
    if declared.kind != "list" and declared.kind != "set" and value.kind == "tuple" and len(value.items) in (2, 3):
        return _tuple(value, Type(kind="tuple", text="Pair" if len(value.items) == 2 else "Triple"))
    inner = ", ".join(literal(item, declared.item) for item in value.items)
    if declared.text.endswith("Array") and declared.text != "Array":
        head = 2 if declared.text.startswith("U") else 1  # ubyteArrayOf
        return f"{declared.text[:head].lower()}{declared.text[head:]}Of({inner})"
    made = _MADE_BY.get(declared.text, "mutableSetOf" if value.kind == "set" else "mutableListOf")
    said = f"{made}{_element(value.items, declared)}({inner})"
    if declared.text in _WRAPPED:
        return f"{_WRAPPED[declared.text]}({said})"
    if declared.text == "Stack":
        return f"java.util.Stack<{_name(declared.item)}>().apply {{ addAll({said}) }}"
    return f"{said}.iterator()" if declared.text == "Iterator" else said


def _tuple(value: Group, declared: Type) -> str:
    types: Sequence[Type] = declared.items or (ANY,) * len(value.items)
    size = 3 if declared.text == "Triple" else 2
    if len(value.items) != size:
        raise TypeMismatch(f"{len(value.items)} values are no {declared.text}")
    inner = ", ".join(literal(item, one) for item, one in zip(value.items, types, strict=True))
    return f"java.util.AbstractMap.SimpleEntry({inner})" if declared.text == "Entry" else f"{declared.text}({inner})"


def _element(items: Sequence[Value], declared: Type) -> str:
    """The type of the elements where nothing else tells it: of an empty list of anything."""
    element = declared.item
    return "<Any>" if not items and element.kind == "any" and element.text in ("", "Any") else ""


def _name(declared: Type) -> str:
    return declared.text if declared.text in _SINGLE else "Any?"
