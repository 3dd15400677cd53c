"""Statements before a call, and calls of other members, made Java's: written in Java already, or in Python's notation.

``s = Stack([1, 2])`` becomes ``var s = new Stack($List(1, 2))``, ``s.add_item("a")`` ``s.addItem("a")``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from forge_lsp.checking.examples.types import ANY, Parameter, Unfit, fitted
from forge_lsp.checking.examples.values import closing, parse
from forge_lsp.checking.examples.written import call_in, same_name
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.languages.java.literals import literal
from forge_lsp.languages.java.texts import literals, plain, without_comments
from forge_lsp.languages.java.types import Names, header_of, variables_of

__all__ = ["Members", "members_of", "statement_in"]

_ASSIGNED = re.compile(
    r"(?P<type>(?:final\s+)?(?:let|const|val|var|[A-Za-z_][\w.]*(?:<.*?>)?(?:\s*\[\s*\])*)\s+)?"
    r"(?P<name>[A-Za-z_$]\w*)\s*=(?!=)\s*(?P<value>.+)$",
    re.S,
)
_INFERRED = re.compile(r"(?:final\s+)?(?:let|const|val|var)\s+")
_HEAD = re.compile(r"(?P<new>new\s+)?(?P<path>(?:[A-Za-z_$][\w$]*\.)*)(?P<name>[A-Za-z_$][\w$]*)(?:<[^()]*>)?\(")


def statement_in(text: str) -> str:
    """Return a statement without comments and its end. Raises Unfit for what is none."""
    code = " ".join(without_comments(text).split()).rstrip(";").strip()
    depth = 0
    for char in (bare := plain(code)):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            break
    closed = all(len(each) > 1 and each[0] == each[-1] for each in literals(code).split("\n") if each)
    if not code or depth or ";" in bare or not closed:
        raise Unfit(f"this is no statement: {text.strip()}")
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What the document declares: callables by name with their parameters, its types by name with what qualifies them
    (``Outer.Inner``)."""

    callables: tuple[tuple[str, tuple[Parameter, ...]], ...] = ()
    types: dict[str, str] = field(default_factory=dict[str, str])

    def statement(self, text: str, known: set[str]) -> str:
        """Return a statement in Java's notation; ``known`` are the variables that are declared before it."""
        match = _ASSIGNED.match(text)
        if match is None:
            return self.expression(text)
        given, name = match["type"] or "", match["name"]
        value = self.expression(match["value"])
        declared = "" if name in known else "var " if not given or _INFERRED.match(given) else self.qualified(given)
        known.add(name)
        return f"{declared}{name} = {value}"

    def expression(self, text: str) -> str:
        """Return an expression in Java's notation: its arguments, as far as they are plain values, by their types."""
        match = _HEAD.match(text)
        end = closing(text, match.end() - 1) if match is not None else None
        call = call_in(text)
        if match is None or end is None or call is None:
            return self._plain(text)
        name = self._name(match["name"], match["path"])
        made = name in self.types and not match["path"].endswith((".this.", ".super."))
        new = "new " if match["new"] or (made and name not in {one for one, _ in self.callables if one != name}) else ""
        arguments = self._arguments(name, call.arguments)
        after = text[end:]
        if (link := re.match(r"\s*\.\s*(?=\w+\s*\()", after)) is not None:
            after = link[0] + self.expression(after[link.end() :]).removeprefix("new ")
        path = self.qualified(match["path"] + name) if new else self.qualified(match["path"]) + name
        return f"{new}{path}({', '.join(arguments)}){after}"

    def qualified(self, text: str) -> str:
        """Return code with the names of inner types as they are known outside of their types, and with ``new`` where an
        object is made."""
        bare = plain(text)
        parts: list[str] = []
        at = 0
        for found in re.finditer(r"(?<![\w.$])[A-Z]\w*", bare):
            made = found[0] in self.types and bare[found.end() :].lstrip().startswith("(")
            new = "new " if made and not re.search(r"\bnew\s+$", bare[: found.start()]) else ""
            parts += [text[at : found.start()], new, self.types.get(found[0], found[0])]
            at = found.end()
        return "".join((*parts, text[at:]))

    def _plain(self, text: str) -> str:
        try:
            return literal(fitted(parse(text), ANY))
        except (ValueError, RecursionError, Unfit):
            return self.qualified(text)

    def _name(self, name: str, path: str) -> str:
        known = {one for one, _ in self.callables} | set(self.types)
        if name in known or (not path and name in self.types):
            return name
        return next((one for one in sorted(known) if same_name(one, name)), name)

    def _arguments(self, name: str, texts: Sequence[str]) -> Iterator[str]:
        fits = [parameters for one, parameters in self.callables if one == name and len(parameters) == len(texts)]
        for place, text in enumerate(texts):
            try:
                value = parse(text)
                declared = fits[0][place].type if len(fits) == 1 else None
                if declared is not None and declared.kind != "other":
                    yield literal(fitted(value, declared), declared)
                    continue
                yield self.qualified(text) if _is_java(text) else literal(fitted(value, ANY))
            except (ValueError, RecursionError, Unfit):
                yield self.expression(text)


def members_of(items: Sequence[Item], names: Names) -> Members:
    """Return what the items of a document declare."""
    callables: list[tuple[str, tuple[Parameter, ...]]] = []
    types: dict[str, str] = {}

    def walk(each: Sequence[Item], outer: str, within: Names) -> None:
        for item in each:
            if item.name is None:
                continue
            if item.kind is ItemKind.CLASS:
                header = item.signature or ""
                types[item.name] = f"{outer}{item.name}"
                inner = Names(own=names.own, variables=within.variables | variables_of(header))
                record = header_of(header, item.name, inner) if item.parameters is not None else None
                if record is not None:
                    callables.append((item.name, record[0]))
                walk(item.children, f"{outer}{item.name}.", inner)
            elif item.kind is ItemKind.FUNCTION:
                found = header_of(item.signature or "", item.name, within)
                if found is not None:
                    callables.append((item.name, found[0]))

    walk(items, "", names)
    return Members(callables=tuple(callables), types=types)


def _is_java(text: str) -> bool:
    """Whether a plain value is one in Java's notation, too: then it fits as it stands, whatever its type."""
    known = re.fullmatch(r"""-?[\w.]+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'""", text) is not None
    return known and text not in ("True", "False", "None", "nil", "undefined")
