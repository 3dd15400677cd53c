"""Statements before a call, and calls of other members, in a language's notation: written in it, or in Python's.

``s = Stack([1, 2])`` becomes ``var s = new Stack($List(1, 2))`` in Java, ``s.add_item("a")`` ``s.addItem("a")``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from forge_lsp.checking.examples.types import ANY, Parameter, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Value, closing, parse
from forge_lsp.checking.examples.written import call_in, same_name
from forge_lsp.core.ports import Item, ItemKind

__all__ = ["Members", "Notation", "members_of"]

_INFERRED = re.compile(r"(?:final\s+)?(?:let|const|val|var)\s+")
_HEAD = re.compile(r"(?P<new>new\s+)?(?P<path>(?:[A-Za-z_$][\w$]*\.)*)(?P<name>[A-Za-z_$][\w$]*)(?P<of><[^()]*>)?\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """How a language writes statements.

    ``literal`` writes a value by its type (raises Unfit). ``plain`` blanks comments and literals of a text, every other
    character stays where it is; ``literals`` are the literals, a line each; ``bare`` leaves comments out. ``new`` is
    before the construction of an object, ``variable`` before the name of a new variable. ``assigned`` matches an
    assignment: what is ``given`` before the ``name``, the ``type`` after it, and the ``value``.
    """

    literal: Callable[[Value, Type], str]
    plain: Callable[[str], str]
    literals: Callable[[str], str]
    bare: Callable[[str], str]
    assigned: re.Pattern[str]
    new: str = ""
    variable: str = "var "

    def statement(self, text: str) -> str:
        """Return a statement without comments and its end. Raises Unfit for what is none."""
        code = " ".join(self.bare(text).split()).rstrip(";").strip()
        depth = 0
        for char in (blank := self.plain(code)):
            depth += (char in "([{") - (char in ")]}")
            if depth < 0:
                break
        closed = all(len(each) > 1 and each[0] == each[-1] for each in self.literals(code).split("\n") if each)
        if not code or depth or ";" in blank or not closed:
            raise TypeMismatch(f"this is no statement: {text.strip()}")
        return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What the document declares: callables by name with their parameters, its types by name with what qualifies them
    (``Outer.Inner``), and what stands behind the name of a ``generic`` one where nothing says what it is of."""

    notation: Notation
    callables: tuple[tuple[str, tuple[Parameter, ...]], ...] = ()
    types: dict[str, str] = field(default_factory=dict[str, str])
    generic: dict[str, str] = field(default_factory=dict[str, str])

    def statement(self, text: str, known: set[str]) -> str:
        """Return a statement in the language's notation; ``known`` are the variables that are declared before it."""
        match = self.notation.assigned.match(text)
        if match is None:
            return self.expression(text)
        given, name, typed = match["given"] or "", match["name"], match.groupdict().get("type") or ""
        value = self.expression(match["value"], typed=bool(typed))
        new = self.notation.variable if not given or _INFERRED.match(given) else self.qualified(given)
        declared = "" if name in known else new
        known.add(name)
        return f"{declared}{name}{f': {self.qualified(typed.strip())}' if typed and declared else ''} = {value}"

    def expression(self, text: str, *, typed: bool = False) -> str:
        """Return an expression in the language's notation: its arguments, as far as they are plain values, by their
        types. ``typed``: where it stands says of which type it is."""
        match = _HEAD.match(text)
        end = closing(text, match.end() - 1) if match is not None else None
        call = call_in(text)
        if match is None or end is None or call is None:
            return self._plain(text)
        name = self._name(match["name"])
        made = match["new"] or (name in self.types and all(one != name for one, _ in self.functions))
        arguments = tuple(self._arguments(name, call.arguments))
        told = any(one.type.kind == "any" for each, all_ in self.callables if each == name for one in all_)
        of = self.qualified(match["of"] or "") or ("" if told or typed or not made else self.generic.get(name, ""))
        after = text[end:]
        if (link := re.match(r"\s*\.\s*(?=\w+\s*\()", after)) is not None:
            after = link[0] + self.expression(after[link.end() :]).removeprefix("new ")
        path = self.qualified(match["path"] + name) if made else self.qualified(match["path"]) + name
        return f"{self.notation.new if made else ''}{path}{of}({', '.join(arguments)}){after}"

    @property
    def functions(self) -> tuple[tuple[str, tuple[Parameter, ...]], ...]:
        """The callables that make no object."""
        return tuple(one for one in self.callables if one[0] not in self.types)

    def qualified(self, text: str) -> str:
        """Return code with the names of inner types as they are known outside of their types, and with ``new`` where an
        object is made."""
        bare = self.notation.plain(text)
        parts: list[str] = []
        at = 0
        for found in re.finditer(r"(?<![\w.$])[A-Z]\w*", bare):
            made = found[0] in self.types and bare[found.end() :].lstrip().startswith("(")
            new = self.notation.new if made and not re.search(r"\bnew\s+$", bare[: found.start()]) else ""
            parts += [text[at : found.start()], new, self.types.get(found[0], found[0])]
            at = found.end()
        return "".join((*parts, text[at:]))

    def _plain(self, text: str) -> str:
        try:
            return self.notation.literal(fitted(parse(text), ANY), ANY)
        except (ValueError, RecursionError, TypeMismatch):
            return self.qualified(text)

    def _name(self, name: str) -> str:
        known = {one for one, _ in self.callables} | set(self.types)
        if name in known:
            return name
        return next((one for one in sorted(known) if same_name(one, name)), name)

    def _arguments(self, name: str, texts: Sequence[str]) -> Iterator[str]:
        fits = [parameters for one, parameters in self.callables if one == name and len(parameters) == len(texts)]
        for place, text in enumerate(texts):
            try:
                value = parse(text)
                declared = fits[0][place].type if len(fits) == 1 else None
                if declared is not None and declared.kind != "other":
                    yield self.notation.literal(fitted(value, declared), declared)
                else:
                    yield self.qualified(text) if _is_own(text) else self.notation.literal(fitted(value, ANY), ANY)
            except (ValueError, RecursionError, TypeMismatch):
                yield self.expression(text)


def members_of(
    items: Sequence[Item],
    notation: Notation,
    described: Callable[[Item, tuple[Item, ...]], tuple[Parameter, ...] | None],
    generic: Callable[[Item], str] | None = None,
) -> Members:
    """Return what the items of a document declare. ``described`` reads the parameters of a callable, or of a type with
    its own, given what holds it; ``generic`` what a type is of where nothing says it."""
    callables: list[tuple[str, tuple[Parameter, ...]]] = []
    types: dict[str, str] = {}
    generics: dict[str, str] = {}

    def walk(each: Sequence[Item], holders: tuple[Item, ...]) -> None:
        for item in each:
            if item.name is None:
                continue
            if item.kind is ItemKind.CLASS:
                types[item.name] = ".".join(one.name or "" for one in (*holders, item))
                generics[item.name] = generic(item) if generic is not None else ""
            parameters = described(item, holders) if item.parameters is not None else None
            if parameters is not None:
                made = holders[-1].name if item.name == "constructor" and holders else None
                callables.append((made or item.name, parameters))
            if item.kind is ItemKind.CLASS:
                walk(item.children, (*holders, item))

    walk(items, ())
    return Members(notation=notation, callables=tuple(callables), types=types, generic=generics)


def _is_own(text: str) -> bool:
    """Whether a plain value is one in the language's notation, too: then it fits as it stands, whatever its type."""
    known = re.fullmatch(r"""-?[\w.]+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'""", text) is not None
    return known and text not in ("True", "False", "None", "nil", "undefined")
