"""Plain data in Go's notation, by declared types. Pure.

``forgeNaN`` and ``forgeInf`` are of the file that makes the calls: see ``runners/calls/calls_test.go``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value
from forge_lsp.languages.go.declared import element_of, whole_range

__all__ = ["literal", "natural", "quoted"]

_INT = whole_range("int") or (0, 0)


def literal(value: Value, declared: Type) -> str:
    """Return a value, fitted to its type already, as an argument. Raises Unfit."""
    text = declared.text
    if isinstance(value, LanguageValue):
        return str(value)
    match declared.kind:
        case "any":
            return natural(value, boxed=text.startswith(("interface", "any")))
        case "other" | "void":
            return _other(value, text)
        case "int" | "code":
            return _whole(value, text, declared)
        case "float":
            return _float(value, text)
        case "bool":
            return _in(text, "bool", "true" if value else "false")
        case "string":
            return _in(text, "string", quoted(value))
        case "optional":
            inner = declared.item
            return "nil" if value is None else f"func() {text} {{ v := {literal(value, inner)}; return &v }}()"
        case "list" | "set" | "map":
            return _composite(value, declared)
        case _:
            raise TypeMismatch(f"{value!r} is no {text}")


def natural(value: Value, *, boxed: bool = True) -> str:
    """Return a value of which no type is declared, by its own kind. ``boxed``: lists hold values of any kind, as what
    is put into an ``interface{}`` does; else all of one. Raises Unfit."""
    match value:
        case None:
            return "nil"
        case LanguageValue():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return _whole(value, "int" if _INT[0] <= value <= _INT[1] else "uint64", ANY)
        case float():
            return _float(value, "float64")
        case str():
            return quoted(value)
        case Group() if value.kind == "set":
            items = "".join(f"{natural(item, boxed=boxed)}: {{}}, " for item in value.items)
            return f"map[{_shared(value.items, boxed=boxed)}]struct{{}}{{{items}}}"
        case Group():
            items = ", ".join(natural(item, boxed=boxed) for item in value.items)
            return f"[]{_shared(value.items, boxed=boxed)}{{{items}}}"
        case _:
            keys = [key for key, _ in value.items]
            texts = boxed and all(isinstance(key, str) for key in keys)
            key = "string" if texts else _shared(keys, boxed=boxed)
            pairs = ", ".join(f"{natural(one, boxed=boxed)}: {natural(item, boxed=boxed)}" for one, item in value.items)
            return f"map[{key}]{_shared([item for _, item in value.items], boxed=boxed)}{{{pairs}}}"


def quoted(value: Value) -> str:
    """Return a string literal. Raises Unfit for what is no text."""
    if not isinstance(value, str) or re.search(r"[\ud800-\udfff]", value):
        raise TypeMismatch(f"{value!r} is no text")
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    parts = (
        named.get(char)
        or (char if " " <= char <= "~" else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
        for char in value
    )
    return f'"{"".join(parts)}"'


def _in(text: str, plain: str, written: str) -> str:
    return written if text in (plain, "") else f"{text}({written})"


def _whole(value: Value, text: str, declared: Type) -> str:
    if not isinstance(value, int):
        raise TypeMismatch(f"{value!r} is no {text}")
    limits = whole_range(text)
    if limits is not None and not limits[0] <= value <= limits[1]:
        raise TypeMismatch(f"{value} is out of the range of {text}")
    return f"{text}({value})" if declared.kind != "any" or text != "int" else str(value)


def _float(value: Value, text: str) -> str:
    if not isinstance(value, int | float):
        raise TypeMismatch(f"{value!r} is no {text}")
    value = float(value)
    if math.isnan(value):
        plain = "forgeNaN()"
    elif math.isinf(value):
        plain = f"forgeInf({1 if value > 0 else -1})"
    else:
        plain = repr(value)
    return f"{text}({plain})"


def _composite(value: Value, declared: Type) -> str:
    text = declared.text
    if isinstance(value, MapValue):
        key, item = (*declared.items, ANY, ANY)[:2]
        text = _closed(text, (key, [one for one, _ in value.items]), (item, [one for _, one in value.items]))
        pairs = (f"{literal(one, key)}: {literal(other, item)}" for one, other in value.items)
        return f"{text}{{{', '.join(pairs)}}}"
    if not isinstance(value, Group):
        raise TypeMismatch(f"{value!r} is no {text}")
    items = [literal(item, declared.item) for item in value.items]
    if declared.kind == "set":
        return f"{_closed(text, (declared.item, value.items))}{{{', '.join(f'{item}: {{}}' for item in items)}}}"
    size = element_of(text)[0] if text.startswith("[") else ""
    if size.isdigit() and int(size) != len(items):
        raise TypeMismatch(f"{len(items)} values are no {text}")
    return f"{_closed(text, (declared.item, value.items))}{{{', '.join(items)}}}"


def _closed(text: str, *parts: tuple[Type, Sequence[Value]]) -> str:
    """A type whose parameters are open with what the values are."""
    for declared, values in parts:
        if declared.kind == "any" and not declared.text.startswith(("interface", "any")):
            text = re.sub(rf"(?<!\w){re.escape(declared.text)}(?!\w)", _shared(values, boxed=False), text)
    return text


def _other(value: Value, text: str) -> str:
    """A value of a type of the project: nil, or its fields in braces."""
    if value is None and not re.fullmatch(r"[A-Z]\w*", text):
        return "nil"
    if not isinstance(value, Group | MapValue) or not re.fullmatch(r"\*?(?:\w+\.)?\w+", text) or text == "error":
        raise TypeMismatch(f"{value!r} is no {text}")
    if isinstance(value, MapValue):
        if not all(isinstance(key, str) and key.isidentifier() for key, _ in value.items):
            raise TypeMismatch(f"{value!r} is no {text}")
        inner = ", ".join(f"{key}: {natural(item, boxed=False)}" for key, item in value.items)
    else:
        inner = ", ".join(natural(item, boxed=False) for item in value.items)
    return f"{'&' if text.startswith('*') else ''}{text.lstrip('*')}{{{inner}}}"


def _shared(values: Sequence[Value], *, boxed: bool) -> str:
    """The type of some values."""
    if boxed:
        return "interface{}"
    kinds = {_kind(value) for value in values}
    if kinds == {"int", "float64"}:
        return "float64"
    if len(kinds) > 1:
        raise TypeMismatch("the values of a group are of different types")
    return kinds.pop() if kinds else "int"


def _kind(value: Value) -> str:
    match value:
        case LanguageValue():
            raise TypeMismatch(f"the type of {value} is not known")
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case Group() | MapValue():
            return natural(value, boxed=False).partition("{")[0]
        case _:
            raise TypeMismatch("nil is of no type that is declared")
