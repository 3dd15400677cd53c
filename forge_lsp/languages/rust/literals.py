"""Plain values in Rust's notation, by their declared types. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, in_range
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value
from forge_lsp.languages.rust.declared import INTEGERS, inner_of
from forge_lsp.reading import table_beside

__all__ = ["literal"]

_COLLECTIONS = "::std::collections::"
_WRAPPED: Mapping[str, str] = table_beside(__file__)


def literal(value: Value, declared: Type) -> str:
    """Return a value, fitted to a declared type, as an expression of it. Raises Unfit."""
    around = inner_of(declared)
    if isinstance(value, LanguageValue):
        mark = around[0] if around is not None and around[0].startswith("&") and not value.startswith("&") else ""
        return f"&mut {value}" if mark == "&mut" else f"{mark}{value}"
    if around is None:
        return _owned(value, declared)
    kind, text = around
    inner = replace(declared, text=text)
    if kind == "&mut":
        return f"&mut {_array(value, inner) if text.startswith('[') else literal(value, inner)}"
    if text == "str" and kind in ("&", "Cow", "Box", "Rc", "Arc"):
        return _string_of(value, kind)
    if text.startswith("[") and ";" not in text:
        return _slice(value, inner, kind)
    written = literal(value, inner)
    if kind == "&":
        return f"&{written}"
    if text.startswith("dyn "):
        raise TypeMismatch(f"a value of {declared.text} cannot be written as plain data")
    return f"{_WRAPPED[kind]}({written})"


def _string_of(value: Value, kind: str) -> str:
    text = _string(cast("str", value))
    if kind == "&":
        return text
    return f"::std::borrow::Cow::from({text})" if kind == "Cow" else f"{text}.into()"


def _slice(value: Value, inner: Type, kind: str) -> str:
    array = _array(value, inner)
    if kind == "&":
        return f"&{array}[..]" if array != "[]" else "&[]"
    if kind == "Cow":
        return f"::std::borrow::Cow::from(::std::vec!{array})"
    return f"::std::vec!{array}.into()"


def _array(value: Value, declared: Type) -> str:
    return "[" + ", ".join(literal(item, declared.item) for item in cast("Group", value).items) + "]"


def _owned(value: Value, declared: Type) -> str:
    match declared.kind:
        case "other":
            raise TypeMismatch(f"a value of {declared.text} cannot be written as plain data")
        case "void":
            return "()"
        case "any":
            return _own(value)
        case "optional":
            return "None" if value is None else f"Some({literal(value, declared.item)})"
        case "bool":
            return "true" if value else "false"
        case "int" | "code":
            return _integer(cast("int", value), declared.text)
        case "float":
            return _floating(float(cast("float", value)), declared.text)
        case "char":
            return f"'{_escaped(cast('str', value), chr(39))}'"
        case "string":
            text = _string(cast("str", value))
            return f"::std::string::String::from({text})" if declared.text.endswith("String") else text
        case "tuple":
            return _tuple(cast("Group", value), declared)
        case "map":
            key, item = (*declared.items, ANY, ANY)[:2]
            pairs = (f"({literal(one, key)}, {literal(other, item)})" for one, other in cast("MapValue", value).items)
            return f"{_COLLECTIONS}{_short(declared)}::from([{', '.join(pairs)}])"
        case "set":
            return f"{_COLLECTIONS}{_short(declared)}::from({_array(value, declared)})"
        case "list":
            return _list(value, declared)


def _list(value: Value, declared: Type) -> str:
    array = _array(value, declared)
    size = re.search(r";\s*(\d+)\s*\]$", declared.text)
    if declared.text.startswith("["):
        if size is not None and int(size[1]) != len(cast("Group", value).items):
            raise TypeMismatch(f"{declared.text} has {size[1]} elements")
        return array
    short = _short(declared)
    if short in ("VecDeque", "LinkedList", "BinaryHeap"):
        return f"{_COLLECTIONS}{short}::from({array})"
    return f"::std::vec!{array}" if short == "Vec" or "IntoIterator" in declared.text else f"{array}.into_iter()"


def _own(value: Value) -> str:
    """A value by what it is itself, where a type parameter or a trait is declared."""
    match value:
        case None:
            return "None"
        case bool():
            return "true" if value else "false"
        case int():
            kind = next((name for name in ("i32", "i64", "i128") if in_range(value, *INTEGERS[name])), "i128")
            return str(value) if kind == "i32" else _integer(value, kind)
        case float():
            return _floating(value, "f64")
        case str():
            return _string(value)
        case MapValue():
            pairs = (f"({_own(key)}, {_own(item)})" for key, item in value.items)
            return f"{_COLLECTIONS}HashMap::from([{', '.join(pairs)}])"
        case Group():
            items = ", ".join(map(_own, value.items))
            if value.kind == "tuple":
                return f"({items}{',' if len(value.items) == 1 else ''})"
            return f"{_COLLECTIONS}HashSet::from([{items}])" if value.kind == "set" else f"::std::vec![{items}]"


def _tuple(value: Group, declared: Type) -> str:
    types = declared.items or (ANY,) * len(value.items)
    items = ", ".join(literal(item, type_) for item, type_ in zip(value.items, types, strict=True))
    return f"({items}{',' if len(value.items) == 1 else ''})"


def _short(declared: Type) -> str:
    return declared.text.partition("<")[0].rpartition("::")[2].strip()


def _integer(value: int, name: str) -> str:
    bits, signed = INTEGERS[name]
    if not in_range(value, bits, signed):
        raise TypeMismatch(f"{value} is out of the range of {name}")
    return f"{value}{name}"


def _floating(value: float, name: str) -> str:
    if math.isfinite(value):
        return f"{value!r}{name}"
    return f"{name}::{'NAN' if math.isnan(value) else 'INFINITY' if value > 0 else 'NEG_INFINITY'}"


def _string(value: str) -> str:
    return '"' + "".join(_escaped(char, '"') for char in value) + '"'


def _escaped(char: str, quote: str) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    if " " <= char <= "~":
        return char
    if "\ud800" <= char <= "\udfff":
        raise TypeMismatch("half a surrogate pair is no char of Rust")
    return f"\\u{{{ord(char):x}}}"
