"""What a Kotlin text declares, read from its tree: names, and the functions in which tests stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.kotlin import KOTLIN
from forge_lsp.languages.kotlin.outline import outline_kotlin
from forge_lsp.languages.kotlin.texts import plain

__all__ = ["TEST", "Function", "functions_of", "own_names", "top_names"]

TEST = re.compile(r"@(?:[\w.]+\.)?(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Theory)\b")
"""The annotation of a test."""
_BEFORE = re.compile(r"@(?:[\w.]+\.)?(?:Before\w*|After\w*)\b")
_PRIVATE = re.compile(r"\bprivate\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, or a property with its value: where it stands in the text, the types around it (``AreaTest.Inner``),
    the annotations before its name, and whether it is a test."""

    name: str
    type: str
    start: int
    body: int
    end: int
    lead: str
    called: bool

    @property
    def test(self) -> bool:
        """Whether it is a test."""
        return self.called and TEST.search(self.lead) is not None

    @property
    def hook(self) -> bool:
        """Whether it is run before or after tests."""
        return _BEFORE.search(self.lead) is not None


@lru_cache(maxsize=64)  # asked for each test of a file
def functions_of(text: str) -> tuple[Function, ...]:
    """The functions and values of a text, but for those within functions, in order."""
    return tuple(_functions(_items(text), text, ()))


def _functions(items: Sequence[Item], text: str, types: tuple[str, ...]) -> Iterator[Function]:
    for item in items:
        place = item.range
        if item.kind is ItemKind.CLASS and item.name:
            yield from _functions(item.children, text, (*types, item.name))
        elif item.kind in (ItemKind.FUNCTION, ItemKind.ASSIGNMENT) and item.name:
            body = item.body.start if item.body is not None else place.start
            lead = plain(text[place.start : body] if item.body is not None else "")
            yield Function(
                name=item.name,
                type=".".join(types),
                start=place.start,
                body=body,
                end=place.end,
                lead=lead,
                called=item.parameters is not None,
            )


@lru_cache(maxsize=16)
def _items(text: str) -> tuple[Item, ...]:
    return outline_kotlin(text, KOTLIN, Grammars()).items


def own_names(text: str) -> frozenset[str]:
    """The names of a text's types and of what stands in them or at the top, not those within functions."""
    return frozenset(_names(_items(text)))


def _names(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if item.name:
            yield item.name
        if item.kind is ItemKind.CLASS:
            yield from _names(item.children)


def top_names(text: str) -> frozenset[str]:
    """The names that a text brings into its package."""
    found: list[str] = []
    for item in _items(text):
        head = plain(text[item.range.start : item.range.end])
        at = head.find(item.name) if item.name else -1
        if item.name and _PRIVATE.search(head[: max(at, 0)]) is None:
            found.append(item.name)
    return frozenset(found)
