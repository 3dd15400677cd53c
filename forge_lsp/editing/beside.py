"""Definitions of a module that new code in a class or a function uses: they go above what encloses it."""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import Scope
from forge_lsp.editing.lines import Lines, dominant_ending, leading_space, normalised

__all__ = ["is_definition", "with_above"]

_KINDS = (ItemKind.ASSIGNMENT, ItemKind.FUNCTION, ItemKind.CLASS)


def is_definition(statement: str, language: Language, syntax: Syntax) -> bool:
    """Whether ``statement`` defines constants, functions or types, and imports nothing."""
    items = syntax.outline(f"{normalised(statement)}\n", language).items
    kinds = {item.kind for item in items if item.kind is not ItemKind.COMMENT}
    return bool(kinds) and kinds <= set(_KINDS)


def with_above(before: str, after: str, scope: Scope, parts: Sequence[str], language: Language, syntax: Syntax) -> str:
    """``after``, the text ``before`` with new code in the place of ``scope``, with ``parts`` above the outermost class,
    function or statement that encloses it, each with the blank lines that the language has there."""
    lines = Lines(before)
    number = lines.at(_anchor(syntax.outline(before, language).items, before, scope, language))
    at, indent = lines.start(number), leading_space(lines.line(number))
    ending = dominant_ending(before)
    gap = ending * (2 if indent else language.gap + 1)
    texts: list[str] = []
    for part in parts:
        text = normalised(part).strip("\n").replace("\n", ending + indent)
        # Constants in a row stay together.
        close = texts and "\n" not in part and not texts[-1].count(ending)
        texts.append((ending if close else gap if texts else "") + indent + text)
    return f"{after[:at]}{''.join(texts)}{gap}{after[at:]}"


def _anchor(items: Sequence[Item], text: str, scope: Scope, language: Language) -> int:
    """Where the outermost item begins that holds the scope; modules within the file are looked into."""
    at = scope.range.start
    for number, item in enumerate(items):
        if not (item.range.start <= at < item.range.end or at <= item.range.start < scope.range.end):
            continue
        if item.children and language.editing().module.match(item.signature or ""):
            return _anchor(item.children, text, scope, language)
        while number and item.name is not None and items[number - 1].name == item.name:
            number -= 1  # signatures of overloads stay together
        return items[number].range.start
    return at
