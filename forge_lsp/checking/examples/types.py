"""Declared types as far as examples need them, and values fitted to them. Pure.

A language reads its own notation into :class:`Type` and writes a fitted value in its own notation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value, shown

__all__ = ["ANY", "Kind", "Parameter", "Signature", "Type", "TypeMismatch", "fitted", "in_range", "integer_range"]

Kind: TypeAlias = Literal[
    "int", "code", "float", "bool", "string", "char", "list", "set", "map", "tuple", "optional", "any", "void", "other"
]


class TypeMismatch(Exception):
    """A value that is not of its declared type; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A declared type. ``text`` is its notation in the language, ``items`` what it is made of: the element of a list, a
    set or an option, key and value of a map, the parts of a tuple. ``code``: an integer that may stand for a character
    (C's ``int``, Go's ``rune``). ``other``: a type of the project, whose values are written in the language alone.
    ``any``: values of every kind fit."""

    kind: Kind
    text: str = ""
    items: tuple[Type, ...] = ()

    @property
    def item(self) -> Type:
        """The first of what it is made of."""
        return self.items[0] if self.items else ANY


ANY = Type(kind="any")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. ``optional``: a call may leave it out; ``rest``: it takes all further arguments."""

    name: str
    type: Type = ANY
    optional: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What can be called. ``name`` as the language has it; ``container`` is the type that it is a member of (""): none;
    ``bound``: it needs a value of that type, and ``receiver`` makes one where an example does not (""): it has to.
    ``refused`` says why nothing of the kind can be called ("": it can). ``lines`` are those that its definition stands
    on, from 1, both included (0: not known). ``raises``: the language has exceptions or their like, so that a call may
    be said to raise. ``nullable``: texts, lists and the like may be null in it without being declared so."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type = ANY
    container: str = ""
    bound: bool = False
    receiver: str = ""
    refused: str = ""
    lines: tuple[int, int] = (0, 0)
    raises: bool = True
    nullable: bool = True


def fitted(value: Value, to: Type) -> Value:
    """Return ``value`` as one of the type: braces become what they are declared to be, whole numbers become floats.

    What only its language can read is of a type of the project. Raises Unfit.
    """
    if isinstance(value, LanguageValue) and to.kind != "optional":
        if to.kind == "other" or _made_by(value, to):
            return value
        raise TypeMismatch(f"{value} is no {to.text}" if to.text else f"{value} cannot be read")
    match to.kind:
        case "any" | "other":
            return _plain(value)
        case "void":
            if value is None:
                return None
        case "optional":
            return None if value is None else fitted(value, to.item)
        case "bool":
            if isinstance(value, bool):
                return value
        case "int" | "code":
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            if to.kind == "code" and isinstance(value, str) and len(value) == 1:
                return ord(value)
            if isinstance(value, float) and value.is_integer():
                return int(value)
        case "float":
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        case "string":
            if isinstance(value, str):
                return value
        case "char":
            if isinstance(value, str) and len(value) == 1:
                return value
        case "list" | "set":
            if isinstance(value, str) and to.item.kind in ("char", "code"):
                return Group(to.kind, tuple(fitted(item, to.item) for item in value))
            if isinstance(value, Group):
                return Group(to.kind, tuple(fitted(item, to.item) for item in value.items))
            if isinstance(value, MapValue) and not value.items:
                return Group(to.kind, ())
        case "tuple":
            if isinstance(value, Group) and (not to.items or len(value.items) == len(to.items)):
                types = to.items or (ANY,) * len(value.items)
                return Group("tuple", tuple(fitted(*pair) for pair in zip(value.items, types, strict=True)))
        case "map":
            if isinstance(value, MapValue):
                key, item = (*to.items, ANY, ANY)[:2]
                return MapValue(tuple((fitted(one, key), fitted(other, item)) for one, other in value.items))
            if isinstance(value, Group) and value.kind == "braces":
                pairs = [item.items for item in value.items if isinstance(item, Group) and len(item.items) == 2]
                if len(pairs) == len(value.items):  # {{1, 2}, {3, 4}}
                    return fitted(MapValue(tuple((pair[0], pair[1]) for pair in pairs)), to)
    raise TypeMismatch(f"{shown(value)} is no {to.text or to.kind}")


def _made_by(value: LanguageValue, to: Type) -> bool:
    """Whether a type's name makes a value: ``Stack{1, 2}`` of what is declared as a list."""
    return to.text.isidentifier() and value.startswith((f"{to.text}{{", f"{to.text}("))


def _plain(value: Value) -> Value:
    """A value for which no type says what its braces are: a set, as Python has it."""
    match value:
        case LanguageValue():
            raise TypeMismatch(f"{value} cannot be read")
        case Group():
            if value.kind == "braces" and not value.items:
                return MapValue(())
            return Group("set" if value.kind == "braces" else value.kind, tuple(map(_plain, value.items)))
        case MapValue():
            return MapValue(tuple((_plain(key), _plain(item)) for key, item in value.items))
        case _:
            return value


def integer_range(bits: int, signed: bool) -> tuple[int, int]:
    """Return the least and the greatest whole number of a type."""
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def in_range(value: int, bits: int, signed: bool) -> bool:
    """Return whether a whole number of so many bits can hold a value."""
    least, most = integer_range(bits, signed)
    return least <= value <= most
