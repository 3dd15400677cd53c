"""Declared types of Kotlin, as far as the values of examples need them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from forge_lsp.checking.examples.types import Parameter, Type
from forge_lsp.checking.examples.values import closing
from forge_lsp.checking.scanning import parts_of
from forge_lsp.languages.kotlin.texts import plain

__all__ = ["Header", "Names", "header_of", "type_of", "variables_of"]

_WHOLE = ("Byte", "Short", "Int", "Long", "UByte", "UShort", "UInt", "ULong", "BigInteger")
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(_WHOLE, "int"),
    **dict.fromkeys(("Float", "Double", "BigDecimal"), "float"),
    **dict.fromkeys(("String", "CharSequence", "StringBuilder"), "string"),
    **dict.fromkeys(("Unit", "Nothing"), "void"),
    "Boolean": "bool",
    "Char": "char",
}
_ARRAYS = {f"{name}Array": name for name in (*_WHOLE[:-1], "Float", "Double", "Boolean", "Char")}
_LISTS = (
    *("List", "MutableList", "ArrayList", "Collection", "MutableCollection", "Iterable", "Array", "Sequence"),
    *("ArrayDeque", "LinkedList", "Deque", "Queue", "PriorityQueue", "Stack", "Iterator"),
)
_SETS = ("Set", "MutableSet", "HashSet", "LinkedHashSet", "SortedSet", "TreeSet")
_MAPS = ("Map", "MutableMap", "HashMap", "LinkedHashMap", "SortedMap", "TreeMap")
_TUPLES = {"Pair": 2, "Triple": 3, "Entry": 2}
_ANY = ("Any", "Number", "Comparable", "*")
_ANNOTATION = re.compile(r"@[\w.:]+(?:\([^()]*\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """``own`` are the types that the document declares, ``variables`` those that stand for any type."""

    own: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a function's header says. ``extends`` is the type that it is an extension of (""): none."""

    parameters: tuple[Parameter, ...]
    result: Type | None
    extends: str = ""


def type_of(text: str, names: Names) -> Type:
    """Return a declared type; one with a question mark is ``optional``."""
    text = " ".join(text.split())
    if text.endswith("?"):
        inner = type_of(text[:-1].strip(), names)
        return inner if inner.kind == "any" else Type(kind="optional", text=text, items=(inner,))
    if text.startswith("(") and closing(text, 0) == len(text):
        return type_of(text[1:-1], names)
    generic = re.fullmatch(r"(?P<name>[\w.]+)\s*(?:<(?P<items>.*)>)?", text)
    if generic is None:
        return Type(kind="other", text=text)
    name = generic["name"].rpartition(".")[2]
    if generic["name"] in names.variables:
        return Type(kind="any", text="")
    if generic["name"] in names.own:
        return Type(kind="other", text=text)
    if name in _ANY:
        return Type(kind="any", text=name)
    items = tuple(
        type_of(re.sub(r"^(?:in|out)\s+", "", item), names) for item in parts_of(generic["items"] or "", arrows="-")
    )
    if name in _KINDS:
        return Type(kind=_KINDS[name], text=name)  # type: ignore[arg-type]
    if name in _ARRAYS:
        return Type(kind="list", text=name, items=(Type(kind=_KINDS[_ARRAYS[name]], text=_ARRAYS[name]),))  # type: ignore[arg-type]
    if name in _LISTS:
        return Type(kind="list", text=name, items=items[:1])
    if name in _SETS:
        return Type(kind="set", text=name, items=items[:1])
    if name in _MAPS:
        return Type(kind="map", text=name, items=items[:2])
    if name in _TUPLES:
        return Type(kind="tuple", text=name, items=items if len(items) == _TUPLES[name] else ())
    return Type(kind="other", text=text)


def header_of(header: str, name: str, names: Names) -> Header | None:
    """Return what the header of a function, a class or a constructor says; None: it has no parameters. A result that is
    not written is known to the compiler alone."""
    code = _ANNOTATION.sub(lambda found: " " * len(found[0]), plain(header))
    found = re.search(
        rf"(?<![\w.])(?P<extends>(?:[\w.]+(?:<[^()]*>)?\??\.)?)`?{re.escape(name)}`?\s*(?:<[^()]*>)?\s*"
        r"(?:(?:private|internal|protected|public)?\s*constructor\s*)?\(",
        code,
    )
    end = closing(code, found.end() - 1) if found is not None else None
    if found is None or end is None:
        return None
    names = replace(names, variables=names.variables | variables_of(code[: found.start()] + " ", function=True))
    parameters = tuple(_parameter(part, names) for part in parts_of(code[found.end() : end - 1], arrows="-"))
    written = re.match(r"\s*:\s*(?P<type>.+?)\s*(?:\bwhere\b.*)?$", code[end:], re.S)
    result = type_of(written["type"], names) if written is not None else None
    return Header(parameters=parameters, result=result, extends=found["extends"].removesuffix("."))


def variables_of(header: str, *, function: bool = False) -> frozenset[str]:
    """Return the type variables of a type's header (``class Box<T : Item>``), or of a function's up to its name."""
    match = re.search(r"\bfun\s*<" if function else r"\w\s*<", header)
    if match is None:
        return frozenset()
    depth = 0
    for end in range(match.end() - 1, len(header)):
        depth += (header[end] == "<") - (header[end] == ">")
        if depth == 0:
            parts = (
                re.sub(r"\b(?:in|out|reified)\s+", "", part) for part in parts_of(header[match.end() : end], arrows="-")
            )
            return frozenset(part.partition(":")[0].strip() for part in parts)
    return frozenset()


def _parameter(text: str, names: Names) -> Parameter:
    match = re.fullmatch(
        r"(?:(?:override|private|internal|public|protected|crossinline|noinline|val|var)\s+)*(?P<rest>vararg\s+)?"
        r"(?:(?:val|var)\s+)?`?(?P<name>\w+)`?\s*:\s*(?P<type>.*?)\s*(?P<default>(?<![<>=!])=(?![=>]).*)?",
        text,
        re.S,
    )
    if match is None:
        return Parameter(name=text)
    declared = type_of(match["type"], names)
    return Parameter(
        name=match["name"], type=declared, optional=match["default"] is not None, rest=match["rest"] is not None
    )
