"""Frozen dataclasses to JSON values and back, so that the ledger can keep attempts and events whole.

Encoding writes every field under its own name; decoding follows the type hints of the class. A field that the text
lacks takes its default, and one that the class no longer has is left out: what an older or a newer version wrote
stays readable.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: object) -> object:
    """A JSON value for a dataclass made of dataclasses, tuples, enums, paths, text, numbers and None."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"not a value that can be kept: {type(value).__name__}")


def decode(cls: type[T], data: object) -> T:
    """The dataclass that :func:`encode` wrote. Raises ValueError, TypeError or KeyError where ``data`` is not one."""
    return cast("T", _decode(cls, data))


def _decode(hint: Any, data: object) -> object:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if data is None:
            return None
        (inner,) = [option for option in get_args(hint) if option is not type(None)]
        return _decode(inner, data)
    if origin is tuple:
        inner = get_args(hint)[0]
        return tuple(_decode(inner, item) for item in cast("list[object]", data))
    if is_dataclass(hint):
        return _dataclass(cast("type[object]", hint), cast("Mapping[str, object]", data))
    if isinstance(hint, type) and issubclass(hint, (Enum, Path)):
        return hint(cast("str", data))
    if hint is float and isinstance(data, int):
        return float(data)
    return data


def _dataclass(cls: type[object], data: Mapping[str, object]) -> object:
    if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - it comes from a file
        raise TypeError(f"not a {cls.__name__}")
    hints = get_type_hints(cls)
    names = {field.name for field in fields(cast("Any", cls)) if field.init}
    return cls(**{name: _decode(hints[name], data[name]) for name in names if name in data})
