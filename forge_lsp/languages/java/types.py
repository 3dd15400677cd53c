"""Declared types of Java, as far as the values of examples need them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from forge_lsp.checking.examples.types import ANY, Kind, Parameter, Type
from forge_lsp.checking.examples.values import closing
from forge_lsp.checking.scanning import closing_at, parts_of
from forge_lsp.languages.java.texts import ANNOTATION, plain

__all__ = ["Names", "header_of", "type_of", "variables_of"]

_VALUES: Mapping[str, Type] = {
    **{name: Type(kind="int", text=name) for name in ("byte", "short", "int", "long")},
    **{name: Type(kind="float", text=name) for name in ("float", "double")},
    "boolean": Type(kind="bool", text="boolean"),
    "char": Type(kind="char", text="char"),
    "void": Type(kind="void", text="void"),
}
_BOXED = {"Integer": "int", "Character": "char"} | {
    name.capitalize(): name for name in ("byte", "short", "long", "float", "double", "boolean")
}
_OBJECTS: Mapping[str, Type] = {
    "BigInteger": Type(kind="int", text="BigInteger"),
    "BigDecimal": Type(kind="float", text="BigDecimal"),
    **{name: Type(kind="string", text=name) for name in ("String", "CharSequence", "StringBuilder")},
}
_LISTS = (
    *("List", "ArrayList", "Collection", "Iterable", "AbstractList", "SequencedCollection"),
    *("LinkedList", "Queue", "Deque", "ArrayDeque", "PriorityQueue", "Stack", "Vector"),
    *("Iterator", "Stream"),
)
_GROUPS: Mapping[str, tuple[Kind, int]] = {
    **dict.fromkeys(_LISTS, ("list", 1)),
    **dict.fromkeys(("Set", "HashSet", "LinkedHashSet", "TreeSet", "SortedSet", "NavigableSet"), ("set", 1)),
    **dict.fromkeys(("Map", "HashMap", "LinkedHashMap", "TreeMap", "SortedMap", "NavigableMap"), ("map", 2)),
}


def _nullable(inner: Type) -> Type:
    return Type(kind="optional", text=inner.text, items=(inner,))


_NUMBERS = {"Int": _VALUES["int"], "Long": _VALUES["long"], "Double": _VALUES["double"]}
_FIXED: Mapping[str, Type] = {
    "Void": Type(kind="void", text="Void"),
    **{name: _nullable(_VALUES[own]) for name, own in _BOXED.items()},
    **{name: _nullable(own) for name, own in _OBJECTS.items()},
    **{
        f"{name}Stream": _nullable(Type(kind="list", text=f"{name}Stream", items=(own,)))
        for name, own in _NUMBERS.items()
    },
    **{
        f"Optional{name}": Type(kind="optional", text=f"Optional{name}", items=(own,)) for name, own in _NUMBERS.items()
    },
}
_ANY = ("Object", "Number", "Comparable", "Serializable", "Cloneable", "?")
_MODIFIERS = re.compile(
    r"(?:public|protected|private|static|final|abstract|synchronized|native|default|strictfp|sealed|non-sealed)\s+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """``own`` are the types that the document declares, ``variables`` those that stand for any type."""

    own: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


def type_of(text: str, names: Names) -> Type:
    """Return a declared type; what can be null is ``optional``, unless values of every kind fit it."""
    text = " ".join(text.split())
    if text.endswith("]") and (array := re.fullmatch(r"(.*?)\s*\[\s*\]", text)) is not None:
        return _nullable(Type(kind="list", text=f"{_erased(array[1])}[]", items=(type_of(array[1], names),)))
    bound = re.fullmatch(r"\?\s+(?:extends|super)\s+(.*)", text)
    if bound is not None:
        return type_of(bound[1], names)
    if text in _VALUES:
        return _VALUES[text]
    generic = re.fullmatch(r"(?P<name>[\w.]+)\s*(?:<(?P<items>.*)>)?", text)
    if generic is None:
        return Type(kind="other", text=text)
    name = generic["name"].rpartition(".")[2]
    if generic["name"] in names.variables or (name in _ANY and name not in names.own):
        return ANY
    if name in names.own and generic["name"] in names.own:
        return _nullable(Type(kind="other", text=text))
    items = tuple(type_of(item, names) for item in parts_of(generic["items"] or ""))
    return _known(name, items) or _nullable(Type(kind="other", text=text))


def _known(name: str, items: tuple[Type, ...]) -> Type | None:
    """A type of Java's own library."""
    if name in _FIXED:
        return _FIXED[name]
    if name == "Optional":
        return Type(kind="optional", text=name, items=items[:1])
    if name in ("Entry", "SimpleEntry"):
        return _nullable(Type(kind="tuple", text=name, items=items if len(items) == 2 else ()))
    if name in _GROUPS:
        kind, count = _GROUPS[name]
        return _nullable(Type(kind=kind, text=name, items=items[:count]))
    return None


def header_of(header: str, name: str, names: Names) -> tuple[tuple[Parameter, ...], Type] | None:
    """Return the parameters and the result of a method or constructor by its header; None: it has no parameters, as the
    short constructor of a record."""
    code = ANNOTATION.sub(" ", plain(header))
    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", code)
    end = closing(code, found.end() - 1) if found is not None else None
    if found is None or end is None:
        return None
    before = _MODIFIERS.sub("", code[: found.start()].strip() + " ").strip()
    if before.startswith("<"):
        generic = closing_at(before, 0, brackets="<")
        names = Names(own=names.own, variables=names.variables | variables_of(f"_{before[:generic]}"))
        before = before[generic:].strip()
    parameters = tuple(_parameter(part, names) for part in parts_of(code[found.end() : end - 1]))
    return parameters, type_of(before, names) if before else Type(kind="other", text=name)


def variables_of(header: str) -> frozenset[str]:
    """Return the type variables of a type's header (``class Box<T extends Item>``)."""
    match = re.search(r"\w\s*<", header)
    if match is None:
        return frozenset()
    start = match.end() - 1
    inner = header[start + 1 : start + closing_at(header[start:], 0, brackets="<") - 1]
    return frozenset(part.split()[0] for part in parts_of(inner))


def _parameter(text: str, names: Names) -> Parameter:
    match = re.fullmatch(
        r"(?:final\s+)*(?P<type>.+?)\s*(?P<rest>\.\.\.)?\s*\b(?P<name>\w+)\s*(?P<array>(?:\[\s*\])*)", text
    )
    if match is None:
        return Parameter(name=text)
    return Parameter(name=match["name"], type=type_of(match["type"] + match["array"], names), rest=bool(match["rest"]))


def _erased(text: str) -> str:
    return re.sub(r"\s*<.*>", "", text)
