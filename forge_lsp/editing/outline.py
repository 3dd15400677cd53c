"""What the outlines of all languages share: which comments and decorators belong to which definition, and what every
reader of a tree does."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "COMMENTS",
    "DEFINED",
    "TODO",
    "Describe",
    "TreeReader",
    "all_stubs",
    "build_items",
    "comments_in",
    "has_todo",
    "members_alone",
    "outline_of",
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
    """Read one tree: what its nodes define.

    ``decorators`` are the types of nodes that belong to the definition below them, ``before_header`` those of nodes
    that are no part of a definition's header. A single statement that ``not_implemented`` matches is none yet, and so
    is one that is all of ``default`` where a comment beside it says that something is to be done. ``within`` is what
    members without their class are read in: what stands before and after them, and the type of the class's node.
    """

    decorators: ClassVar[Sequence[str]] = ()
    before_header: ClassVar[Sequence[str]] = COMMENTS
    not_implemented: ClassVar[re.Pattern[str]]
    default: ClassVar[re.Pattern[str]]
    within: ClassVar[tuple[str, str, str]] = ("class _ {\n", "\n}", "class_declaration")

    def __init__(self, source: SyntaxTree) -> None:
        self._source = source

    def module(self) -> Outline:
        """Return the outline of the whole text."""
        return Outline(items=self.block(self._source.root.named_children), errors=tuple(self._source.errors()))

    def block(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        """Return the items of sibling nodes."""
        return build_items(nodes, self._source, self._describe, self.decorators)

    @abstractmethod
    def _describe(self, node: Node) -> Iterable[Item]:
        """Return what a node defines that is neither a comment nor a decorator."""

    def broken(self) -> bool:
        """Return whether something does not parse."""
        return self._source.root.has_error

    def members(self, node: Node) -> tuple[Item, ...]:
        """Return the members of a type or a namespace."""
        body = node.child_by_field_name("body")
        return self.block(body.named_children) if body is not None else ()

    def _definitions(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        """Return the functions and classes among sibling nodes."""
        return tuple(item for item in self.block(nodes) if item.kind in DEFINED)

    def _other(self, node: Node, place: TextRange) -> Item:
        """What defines nothing by itself; where it does not parse, what does in it is told."""
        return Item(
            kind=ItemKind.OTHER,
            range=place,
            children=self._definitions(node.named_children) if node.is_error else (),
        )

    def _defined(
        self,
        kind: ItemKind,
        node: Node,
        place: TextRange,
        body: Node | None,
        *,
        name: str | None,
        stub: bool,
        parameters: tuple[str, ...] | None = None,
        children: tuple[Item, ...] = (),
    ) -> Item:
        """A definition with the header that ``node`` begins with and perhaps a ``body``."""
        return Item(
            kind=kind,
            range=place,
            name=name,
            parameters=parameters,
            signature=self._signature(node, body),
            body=self._source.range(body) if body is not None else None,
            stub=stub,
            children=children,
        )

    def _idle(self, body: Node, *, empty: bool) -> bool:
        """Whether a body does nothing yet; ``empty`` says whether one without statements is unfinished."""
        statements = real_statements(body)
        todo = has_todo(comments_in(body, self._source))
        if not statements:
            return todo or empty
        return len(statements) == 1 and self._unwritten(self._source.of(statements[0]), todo=todo)

    def _unwritten(self, statement: str, *, todo: bool) -> bool:
        """Whether a body's only statement stands for what is to be written."""
        return self.not_implemented.match(statement) is not None or (
            todo and self.default.fullmatch(statement) is not None
        )

    def _name(self, node: Node) -> str | None:
        name = node.child_by_field_name("name")
        return self._source.of(name) if name is not None and not name.is_missing else None

    def _signature(self, node: Node, body: Node | None) -> str:
        """Return the header as written, from its first word that is no attribute, annotation or comment."""
        for child in node.children:
            for inner in child.children if child.type == "modifiers" else [child]:
                if inner.type not in self.before_header:
                    return self._header(node, body, self._source.start(inner))
        return self._header(node, body)

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


def all_stubs(items: Iterable[Item]) -> bool:
    """Whether there are items, and all of them do nothing yet."""
    found = [item.stub for item in items]
    return bool(found) and all(found)


def members_alone(reader: type[TreeReader], text: str, language: Language, parser: Parser) -> Outline | None:
    """The outline of members without their class; None for a text that is none of such."""
    before, after, kind = reader.within
    # base: offsets are those of ``text`` although the parsed text starts earlier.
    found = reader(tree := parser.parse(f"{before}{text}{after}", language, base=-len(before)))
    types = [node for node in tree.root.named_children if node.type not in COMMENTS]
    if found.broken() or len(types) != 1 or types[0].type != kind:
        return None
    return Outline(items=found.members(types[0]))


def outline_of(reader: type[TreeReader], text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A fragment that reads only as members of a class is read so."""
    plain = reader(parser.parse(text, language)).module()
    return (members_alone(reader, text, language, parser) or plain) if plain.errors else plain


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
