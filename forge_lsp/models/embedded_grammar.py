"""A JSON schema turned into a bounded grammar (GBNF) that a small model cannot ramble in. Pure.

llama.cpp converts JSON schemas by itself, but allows free white space between tokens and strings of any length where
the schema has no bound; a model of 135M parameters uses both until its tokens run out. Here everything is bounded: one
fixed layout, properties in the order of the schema and all of them present, every string, array and number limited.
Whatever the grammar accepts is valid for the schema; not everything valid is accepted (no escapes in strings, two
decimals at most).

Understood: ``type`` (also a list), ``properties``, ``items``, ``enum``, ``const``, ``anyOf``, ``oneOf``, ``$ref`` to
``$defs``, ``minItems``/``maxItems``, ``minLength``/``maxLength``, ``minimum``/``maximum`` and their exclusive forms.
GBNF's syntax: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["grammar"]

_MAX_LENGTH = 200
_MAX_ITEMS = 8
_MAX_DIGITS = 9
_MAX_DEPTH = 12
_CHARACTER = r"[^\x00-\x1F\x22\x5C\x7F]"
"""Any character that stands in a JSON string as itself: a quote or a backslash would need an escape."""
_IGNORED = frozenset(("title", "description", "default", "examples", "$schema", "$defs", "definitions", "$id"))
_KNOWN = _IGNORED | {
    *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "oneOf", "$ref"),
    *("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}

Schema = Mapping[str, Any]


def grammar(schema: Schema) -> str:
    """The GBNF for one JSON value that is valid for ``schema``. Raises ValueError for what cannot be bounded."""
    return f"root ::= {_value(schema, schema, 0)}\n"


def _value(schema: Schema, root: Schema, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise ValueError("it refers to itself, or is nested too deeply")
    if unknown := sorted(set(schema) - _KNOWN):
        raise ValueError(f"{', '.join(unknown)} is not supported")
    if "$ref" in schema:
        return _value(_resolve(str(schema["$ref"]), root), root, depth + 1)
    if "const" in schema:
        return _literal(json.dumps(schema["const"], ensure_ascii=False))
    if "enum" in schema:
        values = cast("Sequence[object]", schema["enum"])
        return _either([_literal(json.dumps(value, ensure_ascii=False)) for value in values])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _either([_value(cast("Schema", one), root, depth + 1) for one in schema[several]])
    kind: object = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kinds = cast("list[str]", kind)
        return _either([_value({**schema, "type": one}, root, depth + 1) for one in kinds])
    match kind:
        case "object":
            return _object(schema, root, depth)
        case "array":
            return _array(schema, root, depth)
        case "string":
            return _string(schema)
        case "integer":
            return _integer(*_bounds(schema, integer=True))
        case "number":
            return _number(*_bounds(schema, integer=False))
        case "boolean":
            return _either(['"true"', '"false"'])
        case "null":
            return '"null"'
        case _:
            raise ValueError(f"the type {kind!r} is not supported")


def _resolve(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping) or part not in found:
            raise ValueError(f"{reference} leads nowhere")
        found = cast("Schema", found)[part]
    return cast("Schema", found)


def _literal(text: str) -> str:
    """A GBNF string literal for exactly this text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _either(choices: Sequence[str]) -> str:
    if not choices:
        raise ValueError("a choice of nothing")
    return choices[0] if len(choices) == 1 else f"({' | '.join(choices)})"


def _repeat(item: str, least: int, most: int) -> str:
    return f"{item}{{{least},{most}}}"


def _object(schema: Schema, root: Schema, depth: int) -> str:
    parts: list[str] = []
    properties = cast("Mapping[str, Schema]", schema.get("properties") or {})
    if missing := sorted(set(cast("Sequence[str]", schema.get("required") or ())) - set(properties)):
        raise ValueError(f"it requires {', '.join(missing)} without saying what that is")
    for number, (name, value) in enumerate(properties.items()):
        opening = ("{" if number == 0 else ", ") + json.dumps(name, ensure_ascii=False) + ": "
        parts += [_literal(opening), _value(value, root, depth + 1)]
    parts.append('"}"' if parts else '"{}"')
    return f"({' '.join(parts)})"


def _array(schema: Schema, root: Schema, depth: int) -> str:
    least = int(schema.get("minItems", 0))
    most = int(schema.get("maxItems", max(_MAX_ITEMS, least)))
    if most < least:
        raise ValueError("an array with maxItems below minItems")
    if most == 0:
        return '"[]"'
    if "items" not in schema:
        raise ValueError("an array without items")
    item = _value(cast("Schema", schema["items"]), root, depth + 1)
    rest = "" if most == 1 else " " + _repeat(f'(", " {item})', max(least - 1, 0), most - 1)
    some = f'("[" {item}{rest} "]")'
    return some if least else _either(['"[]"', some])


def _string(schema: Schema) -> str:
    least = int(schema.get("minLength", 0))
    most = int(schema.get("maxLength", max(_MAX_LENGTH, least)))
    if most < least:
        raise ValueError("a string with maxLength below minLength")
    quote = _literal('"')
    return f"({quote} {_repeat(_CHARACTER, least, most)} {quote})" if most else _literal('""')


# ------------------------------------------------------------------ numbers


def _bounds(schema: Schema, *, integer: bool) -> tuple[float, float]:
    """Inclusive limits; an exclusive one moves inwards, by 1 for integers and by 0.01, the last decimal, else."""
    step = 1 if integer else 0.01
    most = 10**_MAX_DIGITS - 1
    low = max(float(schema.get("minimum", -most)), float(schema.get("exclusiveMinimum", -most - step)) + step)
    high = min(float(schema.get("maximum", most)), float(schema.get("exclusiveMaximum", most + step)) - step)
    return low, high


def _integer(low: float, high: float) -> str:
    least, most = math.ceil(low), math.floor(high)
    if least > most:
        raise ValueError("no integer lies between its minimum and maximum")
    choices = [f'("-" {part})' for part in _magnitudes(max(1, -most), -least)] if least < 0 else []
    choices += _magnitudes(max(0, least), most) if most >= 0 else []
    return _either(choices)


def _number(low: float, high: float) -> str:
    """Integers in the range, and two decimals after those whose whole unit lies in it."""
    decimals = r'("." [0-9]{1,2})?'
    choices: list[str] = []
    if low < 0:
        above, below = max(0, math.ceil(-high)), math.floor(-low)
        choices += [f'("-" ({_either(parts)}) {decimals})' for parts in [_magnitudes(above, below - 1)] if parts]
        choices += [f'("-" {_literal(str(below))})'] if below >= max(1, above) else []
    if high >= 0:
        above, below = max(0, math.ceil(low)), math.floor(high)
        choices += [f"({_either(parts)} {decimals})" for parts in [_magnitudes(above, below - 1)] if parts]
        choices += [f'({_literal(str(below))} ("." "0"{{1,2}})?)'] if below >= above else []
    if not choices:
        raise ValueError("no number with two decimals at most lies between its minimum and maximum")
    return _either(choices)


def _magnitudes(least: int, most: int) -> list[str]:
    """Patterns for the decimal numerals of ``least`` to ``most``, both 0 or more and included."""
    patterns: list[str] = []
    for digits in range(len(str(least)), len(str(max(most, 0))) + 1):
        low = max(least, 10 ** (digits - 1) if digits > 1 else 0)
        high = min(most, 10**digits - 1)
        if low <= high:
            patterns += _same_length(str(low), str(high))
    return patterns


def _same_length(low: str, high: str) -> list[str]:
    """Patterns for the numerals from ``low`` to ``high``, which have equally many digits."""
    if low == high:
        return [_literal(low)]
    rest = len(low) - 1
    zeros, nines = "0" * rest, "9" * rest
    if low[1:] == zeros and high[1:] == nines:
        head = f"[{low[0]}-{high[0]}]" if low[0] != high[0] else _literal(low[0])
        return [f"({head} [0-9]{{{rest},{rest}}})" if rest else head]
    if low[0] == high[0]:
        return [f"({_literal(low[0])} {_either(_same_length(low[1:], high[1:]))})"]
    patterns: list[str] = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != zeros:
        patterns += _same_length(low, low[0] + nines)
        first += 1
    if high[1:] != nines:
        patterns += _same_length(high[0] + zeros, high)
        last -= 1
    if first <= last:
        patterns += _same_length(f"{first}{zeros}", f"{last}{nines}")
    return patterns
