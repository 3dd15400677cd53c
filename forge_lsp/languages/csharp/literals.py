"""Plain values in C#'s notation, by their declared types. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, fitted, in_range
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value, parse
from forge_lsp.checking.examples.written import call_in
from forge_lsp.languages.csharp.declared import is_free
from forge_lsp.reading import table_beside

__all__ = ["expression", "literal"]

_TABLE = table_beside(__file__)
_BITS: Mapping[str, tuple[int, bool, str]] = _TABLE["whole"]
_BIG = 'global::System.Numerics.BigInteger.Parse("{}")'
_FLOATS: Mapping[str, tuple[str, str]] = _TABLE["floats"]
_COLLECTIONS = "global::System.Collections.Generic."
_MADE = {name: f"{_COLLECTIONS}{made}" for name, made in _TABLE["made"].items()}
_CONSTRUCTED = frozenset({"Queue", "Stack", "LinkedList", "ConcurrentQueue", "ConcurrentBag", "ReadOnlyCollection"})
_IMMUTABLE = re.compile(r"I?(?P<name>Immutable\w+)")
_MAKES = re.compile(r"(?:[A-Z]\w*\.)*[A-Z]\w*(?:<.*>)?\(")
_ARRAYS = frozenset({"Span", "ReadOnlySpan", "Memory", "ReadOnlyMemory", "ArraySegment"})


def literal(value: Value, declared: Type) -> str:
    """Return a value, fitted to a declared type, as an expression of it. Raises Unfit."""
    free: dict[str, list[Value]] = {}
    for name, found in _free(value, declared):
        free.setdefault(name, []).append(found)
    known = {name: _common([_own(one) for one in found]) for name, found in free.items()}
    return _written(value, _bound(declared, known))


def expression(text: str) -> str:
    """Return an expression in Python's notation, or in C#'s, as C# has it: values, calls with values, types that are
    called to make one. Raises Unfit."""
    try:
        value = parse(text)
    except (ValueError, RecursionError):
        value = LanguageValue(text)
    if not isinstance(value, LanguageValue):
        return literal(fitted(value, ANY), ANY)
    call = call_in(text)
    if call is None:
        return text
    given = ", ".join(map(expression, call.arguments))
    made = "new " if _MAKES.match(text) and not call.head else ""
    return f"{made}{call.head}{call.name}({given}){call.after}"


def _free(value: Value, declared: Type) -> Iterator[tuple[str, Value]]:
    """The type parameters in a type, with the values that stand for them."""
    if is_free(declared):
        yield declared.text, value
    elif isinstance(value, Group):
        inner = declared.item if declared.kind == "optional" else declared
        tupled = inner.kind == "tuple" and len(inner.items) == len(value.items)
        types = inner.items if tupled else (inner.item,) * len(value.items)
        for item, type_ in zip(value.items, types, strict=True):
            yield from _free(item, type_)
        if not value.items and is_free(inner.item):
            yield inner.item.text, None
    elif isinstance(value, MapValue):
        inner = declared.item if declared.kind == "optional" else declared
        key, item = (*inner.items, ANY, ANY)[:2]
        for one, other in value.items:
            yield from _free(one, key)
            yield from _free(other, item)
    elif declared.kind == "optional":
        yield from _free(value, declared.item)


def _bound(declared: Type, known: dict[str, Type]) -> Type:
    """A type with types in the place of its parameters."""
    if is_free(declared):
        return known.get(declared.text, Type(kind="any", text="object"))
    text = re.sub(r"\w+", lambda match: known[match[0]].text if match[0] in known else match[0], declared.text)
    return Type(kind=declared.kind, text=text, items=tuple(_bound(item, known) for item in declared.items))


def _own(value: Value) -> Type:
    """The type that a value has by itself."""
    match value:
        case None:
            return Type(kind="any", text="object")
        case bool():
            return Type(kind="bool", text="bool")
        case int():
            fits = next((name for name in ("int", "long") if in_range(value, *_BITS[name][:2])), None)
            return Type(kind="int", text=fits or "global::System.Numerics.BigInteger")
        case float():
            return Type(kind="float", text="double")
        case str():
            return Type(kind="string", text="string")
        case MapValue():
            key = _common([_own(one) for one, _ in value.items])
            item = _common([_own(other) for _, other in value.items])
            return Type(kind="map", text=f"{_COLLECTIONS}Dictionary<{key.text}, {item.text}>", items=(key, item))
        case Group():
            items = tuple(_own(item) for item in value.items)
            if value.kind == "tuple" and len(items) > 1:
                return Type(kind="tuple", text=f"({', '.join(item.text for item in items)})", items=items)
            item = _common(items)
            kind, name = ("set", "HashSet") if value.kind in ("set", "braces") else ("list", "List")
            return Type(kind=kind, text=f"{_COLLECTIONS}{name}<{item.text}>", items=(item,))


def _common(types: Sequence[Type]) -> Type:
    texts = {type_.text for type_ in types}
    if len(texts) == 1:
        return types[0]
    if texts and texts <= {"int", "long"}:
        return next(type_ for type_ in types if type_.text == "long")
    if texts and texts <= {"int", "long", "double"}:
        return Type(kind="float", text="double")
    return Type(kind="any", text="object")


def _written(value: Value, declared: Type) -> str:
    if isinstance(value, LanguageValue):
        return expression(value)
    match declared.kind:
        case "other":
            raise TypeMismatch(f"a value of {declared.text} cannot be written as plain data")
        case "void":
            raise TypeMismatch("there is no value of void")
        case "any":
            return "null" if value is None else _written(value, _own(value))
        case "optional":
            return (
                f"({declared.text.rstrip('?') if _is_reference(declared) else declared.text})null"
                if (value is None)
                else _written(fitted(value, declared.item), declared.item)
            )
        case "bool":
            return "true" if value else "false"
        case "int" | "code":
            return _integer(cast("int", value), declared)
        case "float":
            return _floating(float(cast("float", value)), _short(declared))
        case "string":
            return _string(cast("str", value))
        case "char":
            return _character(cast("str", value), declared)
        case "tuple":
            return _tuple(cast("Group", value), declared)
        case "map":
            return _map(cast("MapValue", value), declared)
        case "list" | "set":
            return _list(cast("Group", value), declared)


def _is_reference(declared: Type) -> bool:
    return declared.item.kind in ("list", "set", "map", "string") or _short(declared) == "Tuple"


def _short(declared: Type) -> str:
    """A type's name without its namespace and its arguments."""
    return declared.text.partition("<")[0].rstrip("?").rpartition(".")[2].rpartition(":")[2].strip()


def _integer(value: int, declared: Type) -> str:
    bits, signed, form = _BITS.get(_short(declared), (0, True, _BIG))
    if bits and not in_range(value, bits, signed):
        raise TypeMismatch(f"{value} is out of the range of {declared.text}")
    return form.format(value)


def _floating(value: float, name: str) -> str:
    known, suffix = _FLOATS.get(name, ("double", "d"))
    if not math.isfinite(value):
        if known == "decimal":
            raise TypeMismatch(f"decimal has no {value}")
        return f"{known}.{'NaN' if math.isnan(value) else 'PositiveInfinity' if value > 0 else 'NegativeInfinity'}"
    return f"{value!r}{suffix}" if suffix else f"({known})({value!r}d)"


def _string(value: str) -> str:
    return '"' + "".join(_escaped(char, '"') for char in value) + '"'


def _character(value: str, declared: Type) -> str:
    if _short(declared) == "Rune":
        return f"new global::System.Text.Rune({ord(value)})"
    if ord(value) > 0xFFFF:
        raise TypeMismatch(f"{value!r} is no single char")
    return f"'{_escaped(value, chr(39))}'"


def _escaped(char: str, quote: str) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    if " " <= char <= "~":
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def _tuple(value: Group, declared: Type) -> str:
    types = declared.items or (ANY,) * len(value.items)
    items = [_written(item, type_) for item, type_ in zip(value.items, types, strict=True)]
    if declared.text.startswith("("):
        typed = [
            f"({type_.text})({item})" if type_.kind in ("int", "float") else item
            for item, type_ in zip(items, types, strict=True)
        ]
        return f"({', '.join(typed)})"
    return f"new {declared.text}({', '.join(items)})"


def _map(value: MapValue, declared: Type) -> str:
    key, item = (*declared.items, ANY, ANY)[:2]
    pairs = [f"[{_written(one, key)}] = {_written(other, item)}" for one, other in value.items]
    short = _short(declared)
    immutable = _IMMUTABLE.fullmatch(short)
    if immutable is not None or short == "FrozenDictionary":
        made = f"new {_COLLECTIONS}Dictionary<{key.text}, {item.text}> {{ {', '.join(pairs)} }}"
        if immutable is None:
            return f"global::System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary({made})"
        name = immutable["name"]
        return f"global::System.Collections.Immutable.{name}.CreateRange({made})"
    return f"new {_made(declared)} {{ {', '.join(pairs)} }}"


def _list(value: Group, declared: Type) -> str:
    item = declared.item
    rank = re.search(r"\[([,\s]*,[,\s]*)\]$", declared.text)
    if rank is not None:
        return f"new {declared.text} {_rows(value, item, rank[1].count(','))}"
    items = ", ".join(_written(one, item) for one in value.items)
    if declared.text.endswith("]"):
        return f"new {declared.text} {{ {items} }}"
    short = _short(declared)
    if short in _ARRAYS:
        return f"new {_array_of(item)} {{ {items} }}"
    immutable = _IMMUTABLE.fullmatch(short)
    if immutable is not None:
        created = f"global::System.Collections.Immutable.{immutable['name']}.Create<{item.text}>"
        return f"{created}(new {_array_of(item)} {{ {items} }})"
    if short in _CONSTRUCTED:
        return f"new {declared.text}(new {_array_of(item)} {{ {items} }})"
    if short == "IAsyncEnumerable":
        raise TypeMismatch(f"a value of {declared.text} cannot be written as plain data")
    if not declared.items:  # those without type arguments
        return f"new {declared.text if short == 'ArrayList' else 'object[]'} {{ {items} }}"
    return f"new {_made(declared)} {{ {items} }}"


def _array_of(item: Type) -> str:
    """An array's type; the element's own brackets come last."""
    text = item.text or "object"
    base, brackets = re.fullmatch(r"(.*?)((?:\[[,\s]*\])*)", text, re.S).groups()  # type: ignore[union-attr]
    return f"{base}[]{brackets}"


def _rows(value: Group, item: Type, more: int) -> str:
    if more == 0:
        return "{ " + ", ".join(_written(one, item) for one in value.items) + " }"
    rows = [one for one in value.items if isinstance(one, Group)]
    if len({len(row.items) for row in rows}) > 1:
        raise TypeMismatch("the rows of a rectangular array have one length")
    return "{ " + ", ".join(_rows(row, item.item, more - 1) for row in rows) + " }"


def _made(declared: Type) -> str:
    """The type of which a value is made where one of ``declared`` is wanted."""
    name, bracket, rest = declared.text.partition("<")
    short = name.strip().rpartition(".")[2]
    return f"{_MADE[short]}{bracket}{rest}" if short in _MADE and bracket else declared.text
