"""What the outlines of all languages share: which comments and decorators belong to which definition, and what every
reader of a tree does."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forge_lsp.core.ports import Item, ItemKind, Outline, SyntaxTree
from forge_lsp.core.task import TextRange

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "COMMENTS",
    "DEFINED",
    "TODO",
    "Describe",
    "TreeReader",
    "build_items",
    "comments_in",
    "has_todo",
    "real_statements",
]

COMMENTS = ("comment", "line_comment", "block_comment")
"""What the grammars call comments."""
DEFINED = (ItemKind.FUNCTION, ItemKind.CLASS)
TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
_ENDING = re.compile(r"\r\n|\n|\r")
_FILE_COMMENT = re.compile(r"#!|#.*?coding[:=]")
_DEFINITIONS = (ItemKind.FUNCTION, ItemKind.CLASS, ItemKind.ASSIGNMENT)

Describe = Callable[["Node"], "Iterable[Item]"]
"""What a node that is neither a comment nor a decorator defines: usually one item, several for a transparent one."""


class TreeReader(ABC):
    """Read one tree: what its nodes define."""

    def __init__(self, source: SyntaxTree) -> None:
        self._source = source

    def module(self) -> Outline:
        """Return the outline of the whole text."""
        return Outline(items=self.block(self._source.root.named_children), errors=tuple(self._source.errors()))

    @abstractmethod
    def block(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        """Return the items of sibling nodes."""

    def members(self, node: Node) -> tuple[Item, ...]:
        """Return the members of a type or a namespace."""
        body = node.child_by_field_name("body")
        return self.block(body.named_children) if body is not None else ()

    def _definitions(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        """Return the functions and classes among sibling nodes."""
        return tuple(item for item in self.block(nodes) if item.kind in DEFINED)

    def _name(self, node: Node) -> str | None:
        name = node.child_by_field_name("name")
        return self._source.of(name) if name is not None and not name.is_missing else None

    def _header(self, node: Node, body: Node | None, start: int | None = None) -> str:
        """Return a definition's text from ``start``, or its own, to its body; a semicolon at its end is left out."""
        start = self._source.start(node) if start is None else start
        stop = self._source.start(body) if body is not None else self._source.end(node)
        return self._source.slice(start, max(start, stop)).strip().rstrip(";").rstrip()


@dataclass(slots=True)
class _LeadingLines:
    """Comments and decorators seen and not yet given to an item."""

    start: int
    end: int
    decorated: bool


def has_todo(text: str) -> bool:
    """Whether ``text`` holds a TODO, FIXME or XXX."""
    return TODO.search(text) is not None


def comments_in(node: Node, source: SyntaxTree) -> str:
    """The text of all comments below ``node``, a line each."""
    found: list[str] = []
    stack = [node]
    while stack:
        inner = stack.pop()
        if inner.type in COMMENTS:
            found.append(source.of(inner))
        else:
            stack.extend(reversed(inner.named_children))
    return "\n".join(found)


def real_statements(body: Node) -> list[Node]:
    """The statements of a block, comments left out."""
    return [child for child in body.named_children if child.type not in COMMENTS]


def build_items(
    nodes: Sequence[Node], source: SyntaxTree, describe: Describe, decorators: Sequence[str] = ()
) -> tuple[Item, ...]:
    """Items for sibling nodes: comments on lines of their own and ``decorators`` (types of nodes) directly above a
    definition (no blank line between) become part of its range; other comments become items of their own, a run of
    lines each."""
    items: list[Item] = []
    lead: _LeadingLines | None = None

    def flush() -> None:
        nonlocal lead
        if lead is not None:
            kind = ItemKind.OTHER if lead.decorated else ItemKind.COMMENT
            items.append(Item(kind=kind, range=TextRange(start=lead.start, end=lead.end)))
            lead = None

    for node in nodes:
        start, end = source.start(node), source.end(node)
        if lead is not None and _line_breaks(source, lead.end, start) > 1 and not lead.decorated:
            flush()
        decorates = node.type in decorators
        if node.type in COMMENTS or decorates:
            if node.type in COMMENTS and source.before_on_line(start).strip("\ufeff \t\f"):
                continue  # at the end of a line of code: it belongs to that line
            if lead is None:
                lead = _LeadingLines(start, end, decorates)
            else:
                lead.end = end
                lead.decorated = lead.decorated or decorates
            if _FILE_COMMENT.match(source.slice(start, end)) and start <= 1:
                flush()
            elif node.child_by_field_name("inner") is not None:
                flush()  # Rust's //! speaks of what encloses it
            continue
        described = list(describe(node))
        if lead is not None and described and described[0].kind in _DEFINITIONS:
            first = described[0]
            described[0] = replace(first, range=TextRange(start=lead.start, end=first.range.end))
            lead = None
        flush()
        items.extend(described)
    flush()
    return tuple(items)


def _line_breaks(source: SyntaxTree, start: int, end: int) -> int:
    return len(_ENDING.findall(source.slice(start, max(start, end))))
