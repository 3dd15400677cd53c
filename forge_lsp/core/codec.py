"""Frozen dataclasses to JSON values and back: the one place that knows how a value of ours is written.

:func:`to_json` is what programs outside are told, with names in camelCase or as :func:`told_as` says. :func:`encode` is
what the ledger keeps, every field under its own name; :func:`decode` reads that by the type hints of the class. A field
that the text lacks takes its default, and one that the class no longer has is left out: what an older or a newer
version wrote stays readable.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["camel", "decode", "encode", "iso", "projected", "to_json", "told_as"]

T = TypeVar("T")


def iso(when: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a Z: sorts like the time."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def camel(name: str) -> str:
    """``cost_usd`` as ``costUsd``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def projected(cls: type[T], value: object, **more: object) -> T:
    """A ``cls`` with the fields that ``value`` has under the same names; ``more`` are the others."""
    names = (one.name for one in fields(cast("Any", cls)) if one.name not in more)
    return cls(**{name: getattr(value, name) for name in names}, **more)


def to_json(value: object) -> dict[str, Any]:
    """A JSON object for a dataclass, the names of its fields in camelCase."""
    return cast("dict[str, Any]", encode(value, _told_name))


def told_as(name: str) -> Any:
    """A field of a dataclass that programs outside know by another name than its own."""
    return field(metadata={"told": name})


def _own_name(one: Field[Any]) -> str:
    return one.name


def _told_name(one: Field[Any]) -> str:
    return one.metadata.get("told") or camel(one.name)


def encode(value: object, named: Callable[[Field[Any]], str] = _own_name) -> object:
    """A JSON value for a dataclass made of dataclasses, tuples, mappings, enums, times, paths, text, numbers and None;
    ``named`` gives the names of its fields."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {named(one): encode(getattr(value, one.name), named) for one in fields(value)}
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(item, named) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, Mapping):
        return {key: encode(item, named) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, datetime):
        return iso(value)
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
    if origin is Mapping and isinstance(data, Mapping):
        inner = get_args(hint)[1]
        return {key: _decode(inner, item) for key, item in cast("Mapping[str, object]", data).items()}
    if is_dataclass(hint):
        return _dataclass(cast("type[object]", hint), cast("Mapping[str, object]", data))
    if isinstance(hint, type) and issubclass(hint, (Enum, Path)):
        return hint(cast("str", data))
    if hint is datetime:
        return datetime.fromisoformat(cast("str", data))
    if hint is float and isinstance(data, int):
        return float(data)
    return data


def _dataclass(cls: type[object], data: Mapping[str, object]) -> object:
    if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - it comes from a file
        raise TypeError(f"not a {cls.__name__}")
    hints = get_type_hints(cls)
    names = {one.name for one in fields(cast("Any", cls)) if one.init}
    return cls(**{name: _decode(hints[name], data[name]) for name in names if name in data})
