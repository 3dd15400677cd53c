"""C#'s declared types and headers, as far as examples in documentation need them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forge_lsp.checking.examples.types import Kind, Parameter, Signature, Type
from forge_lsp.checking.scanning import parts_of
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.languages.csharp.scanning import blanked
from forge_lsp.reading import table_beside

__all__ = ["Callable", "callable_of", "is_free", "type_of"]

_TABLE = table_beside(__file__)
_KINDS: Mapping[Kind, Sequence[str]] = _TABLE["kinds"]
_SPANS = frozenset({"Span", "ReadOnlySpan", "Memory", "ReadOnlyMemory", "ArraySegment"})
_VALUES = frozenset({"ValueTuple", "KeyValuePair", "ImmutableArray", "Memory", "ReadOnlyMemory", "ArraySegment"})
_TASKS = frozenset({"Task", "ValueTask"})
_MODIFIERS = frozenset(_TABLE["modifiers"])
_PASSED = re.compile(r"(?:(?:this|ref|out|in|params|scoped|readonly)\s+)*")
_ATTRIBUTE = re.compile(r"\s*\[[^\]]*\]\s*")
_PARAMETER = re.compile(r"(?P<type>.+?)\s*(?<=[\s>\])?])@?(?P<name>\w+)\s*$", re.S)
_TYPE = re.compile(r"\b(?:class|struct|interface|record(?:\s+(?:class|struct))?)\s+\w+\s*(?P<generic><)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callable(Signature):
    """A method, a constructor or a function of a program's top level in its text, the scope of ``task``.
    A value of its type can be made where that holds nothing."""

    task: Task
    found: ScopedItem
    constructor: bool = False

    @property
    def generic(self) -> bool:
        """Whether a type that holds it has parameters."""
        return any((match := _TYPE.search(one.signature or "")) and match["generic"] for one in self.found.holders)

    @property
    def members(self) -> tuple[str, ...]:
        """The names of what its type has, its own among them."""
        holder = self.found.holders[-1] if self.found.holders else None
        items = (*self.found.item.children, *(holder.children if holder is not None else self.found.top))
        return tuple(item.name for item in items if item.name)


def callable_of(task: Task, text: str) -> Callable | None:
    """Return the task's scope as it can be called in ``text``, a type by its constructor; None: it is not there."""
    found = scoped(task, text)
    if found is None:
        return None
    name = found.item.name or ""
    if found.item.kind is ItemKind.CLASS:
        makers = [one for one in found.item.children if one.kind is ItemKind.FUNCTION and one.name == name]
        inside = ScopedItem(
            item=makers[0] if makers else found.item, holders=(*found.holders, found.item), top=found.top
        )
        if not re.search(r"\b(?:static|abstract|interface)\b", found.item.signature or ""):
            return _callable(task, inside, name, text, makes=True)
    elif found.item.kind is ItemKind.FUNCTION and found.item.parameters is not None:
        return _callable(task, found, name, text)
    return Callable(name=name, parameters=(), task=task, found=found, refused=f"{name} cannot be called")


def _callable(task: Task, found: ScopedItem, name: str, text: str, *, makes: bool = False) -> Callable:
    """``makes``: its item is the constructor of the innermost holder, or that type itself where it has none."""
    header = blanked(found.item.signature or "")
    named = re.search(rf"(?<![\w.])(?:\w+\.)*{re.escape(name)}\s*(?P<generic><[^()]*?>)?\s*\(", header)
    generic = set(_parameters_of(found.holders))
    words: list[str] = []
    inside: tuple[str, ...] = ()
    result = ""
    if named is not None:
        before = header[: named.start()].split()
        generic |= set(re.findall(r"\w+", named["generic"] or ""))
        words = [word for word in before if word in _MODIFIERS]
        result = " ".join(before[len(words) :]).removeprefix("ref ").removeprefix("readonly ")
        inside = _inside(header, named.end() - 1)
    holder = found.holders[-1] if found.holders else None
    constructor = makes or (holder is not None and name == holder.name and not result)
    by_reference = any(re.match(r"(?:\[[^\]]*\]\s*)*(?:\w+\s+)*?(?:ref|out)\s", part) for part in inside)
    refused = ""
    if by_reference:
        refused = f"{name} takes a parameter by reference"
    elif any(one.kind is ItemKind.FUNCTION for one in found.holders):
        refused = f"{name} can be called in its method alone"
    return Callable(
        name=name,
        parameters=tuple(_parameter(part, frozenset(generic)) for part in inside),
        result=type_of(result, frozenset(generic), awaited=True) if not constructor else Type(kind="other", text=name),
        container=found.container,
        bound=holder is not None and "static" not in words and not constructor,
        receiver=f"new {holder.name}()" if holder is not None and _is_stateless(holder, text) else "",
        task=task,
        found=found,
        refused=refused,
        constructor=constructor,
    )


def type_of(text: str, generic: frozenset[str] = frozenset(), *, awaited: bool = False) -> Type:
    """Return a type by its notation. ``generic`` are the names of type parameters; ``awaited``: what a task gives.

    What may be null is an option of what it holds.
    """
    text = re.sub(r"^global::", "", " ".join(text.split()))
    if text.endswith("?"):
        inner = type_of(text[:-1], generic)
        return inner if inner.kind in ("optional", "any") else _optional(text, inner)
    array = re.search(r"\[(?P<rank>[,\s]*)\]$", text)
    if array is not None:
        item = type_of(text[: array.start()], generic)
        for _ in range(array["rank"].count(",")):
            item = Type(kind="list", text="", items=(item,))
        return _optional(text, Type(kind="list", text=text, items=(item,)))
    if text.startswith("("):
        parts = [re.sub(r"\s+@?\w+$", "", part) for part in parts_of(text[1:-1])]
        return Type(kind="tuple", text=text, items=tuple(type_of(part, generic) for part in parts))
    name, _, rest = text.partition("<")
    short = name.strip().rpartition(".")[2]
    items = tuple(type_of(part, generic) for part in parts_of(rest[:-1])) if rest else ()
    if awaited and short in _TASKS:
        return items[0] if items else Type(kind="void", text=text)
    if short == "Nullable" and items:
        return _optional(text, items[0])
    found = _plain_type(text, short, items, generic)
    nullable = found.kind in ("list", "set", "map", "tuple", "string") and short not in _VALUES | _SPANS
    return _optional(text, found) if nullable else found


def is_free(type_: Type) -> bool:
    """Whether a type is a type parameter."""
    return type_.kind == "any" and type_.text.rpartition(".")[2] not in _KINDS["any"]


def _plain_type(text: str, short: str, items: tuple[Type, ...], generic: frozenset[str]) -> Type:
    if text in generic:
        return Type(kind="any", text=text)
    if short in _SPANS:
        if items and items[0].kind == "char" and short.startswith("ReadOnly"):
            return Type(kind="string", text=text)
        return Type(kind="list", text=text, items=items)
    for kind, names in _KINDS.items():
        if short in names and (items or kind != "tuple"):
            return Type(kind=kind, text=text, items=items)
    return Type(kind="other", text=text)


def _optional(text: str, inner: Type) -> Type:
    return Type(kind="optional", text=text, items=(inner,))


def _parameter(text: str, generic: frozenset[str]) -> Parameter:
    while (attribute := _ATTRIBUTE.match(text)) is not None and attribute.start() == 0 and text[:1] == "[":
        text = text[attribute.end() :]
    text, equals, _ = text.partition("=")
    passed = _PASSED.match(text)
    how = passed[0] if passed is not None else ""
    match = _PARAMETER.match(text[len(how) :])
    if match is None:
        return Parameter(name=text.strip())
    declared = type_of(match["type"], generic)
    if "params" in how.split():
        items = declared.item if declared.kind == "optional" else declared
        return Parameter(name=match["name"], type=items.item, rest=True)
    return Parameter(name=match["name"], type=declared, optional=bool(equals))


def _inside(header: str, opening: int) -> tuple[str, ...]:
    depth = 0
    for place in range(opening, len(header)):
        depth += (header[place] == "(") - (header[place] == ")")
        if depth == 0:
            return parts_of(header[opening + 1 : place])
    return ()


def _parameters_of(holders: tuple[Item, ...]) -> Iterator[str]:
    for holder in holders:
        match = re.search(rf"\b{re.escape(holder.name or '')}\s*<([^<>]*)>", holder.signature or "")
        if match is not None:
            yield from re.findall(r"\w+", match[1])


def _is_stateless(holder: Item, text: str) -> bool:
    """Whether ``new`` makes a value of a type without anything in it."""
    header = holder.signature or ""
    if re.search(r"\b(?:static|abstract|interface)\b", header) or holder.parameters:
        return False
    for item in holder.children:
        if item.kind is ItemKind.FUNCTION and item.name == holder.name and item.parameters:
            return False
        whole = item.range.of(text)
        if item.kind is ItemKind.ASSIGNMENT and not re.search(r"\b(?:static|const|delegate|event)\b", whole):
            return False
    return True
