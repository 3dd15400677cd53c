"""The outline of Ruby text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import DEFINED, TreeReader, all_stubs, comments_in, has_todo, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["REQUIRES", "outline_ruby"]

REQUIRES = frozenset({"require", "require_relative", "load", "autoload"})
"""The methods that load another file."""
_METHODS = ("method", "singleton_method")
_CLASSES = ("class", "module")
_NOT_IMPLEMENTED = re.compile(
    r"(?:raise|fail|abort)\b\s*+\(?\s*+(?:::)?(?:NotImplementedError\b|.*?"
    r"(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|implement\s+me|\bTODO\b))",
    re.I | re.S,
)
# An abstract method says so to the classes that are to define it.
_ABSTRACT = re.compile(r"\b(?:subclass(?:es)?|abstract|must\s+(?:be\s+)?(?:implement|overrid|define))", re.I)
_DEFAULT = re.compile(r"""(?:return\b\s*)?(?:nil|0(?:\.0)?|-1|""|''|\[\]|\{\}|true|false)?""")
# Methods that others call, whether they do anything or not.
_HOOKS = re.compile(
    r"initialize|(?:before_|after_)?(?:setup|teardown)|inherited|included|extended|prepended|\w+_(?:added|removed)"
)


def outline_ruby(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A method of ``class << self`` is one of the class around it."""
    return _Reader(parser.parse(text, language)).module()


class _Reader(TreeReader):
    """Reads one tree."""

    def block(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        return super().block([node for node in nodes if node.type != "heredoc_body"])

    def members(self, node: Node) -> tuple[Item, ...]:
        """The items in a class, a module or a block; comments before the first one stand beside its body."""
        body = node.child_by_field_name("body")
        nodes = [child for child in node.named_children if child.type == "comment"]
        nodes += body.named_children if body is not None else []
        return self.block(sorted(nodes, key=lambda one: one.start_byte))

    def _describe(self, node: Node) -> Iterable[Item]:
        for item in self._described(node):
            yield replace(item, range=TextRange(start=item.range.start, end=max(item.range.end, self._end(node))))

    def _end(self, node: Node) -> int:
        """Where a node ends, the here documents that begin in it included: their texts stand beside it."""
        end = self._source.end(node)
        last = node
        while (following := last.next_named_sibling) is not None and following.type == "heredoc_body":
            end, last = self._source.end(following), following
        return end

    def _described(self, node: Node) -> Iterable[Item]:
        kind, place = node.type, self._source.range(node)
        if kind in _METHODS:
            yield self._method(node, place)
        elif kind in _CLASSES:
            yield self._class(node, self._name(node), place)
        elif kind == "singleton_class":
            yield Item(kind=ItemKind.OTHER, range=place, children=_defined(self.members(node)))
        elif kind == "assignment":
            yield self._assignment(node, place)
        elif kind == "call":
            yield self._call(node, place)
        elif node.is_error:
            yield Item(kind=ItemKind.OTHER, range=place, children=_defined(self.block(node.named_children)))
        else:
            yield Item(kind=ItemKind.OTHER, range=place, children=_defined(self.block(list(_definitions(node)))))

    def _call(self, node: Node, place: TextRange) -> Item:
        source = self._source
        method = node.child_by_field_name("method")
        arguments = node.child_by_field_name("arguments")
        plain = node.child_by_field_name("receiver") is None
        if plain and method is not None and source.of(method) in REQUIRES:
            return Item(kind=ItemKind.IMPORT, range=place)
        if plain and arguments is not None and arguments.named_child_count == 1:
            inner = arguments.named_children[0]
            if inner.type in _METHODS:  # private def ...
                return self._method(inner, place)
        block = node.child_by_field_name("block")
        children = _defined(self.members(block)) if block is not None else ()
        return Item(kind=ItemKind.OTHER, range=place, children=children)

    def _assignment(self, node: Node, place: TextRange) -> Item:
        """A class where a constant is given one with a block (``Point = Struct.new(:x) do``), else a value."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        name = self._source.of(left).lstrip("@$") if left is not None else None
        block = right.child_by_field_name("block") if right is not None and right.type == "call" else None
        if left is not None and left.type == "constant" and block is not None:
            members = self.members(block)
            if _defined(members):
                return self._class(node, name, place, block)
        return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)

    def _class(self, node: Node, name: str | None, place: TextRange, block: Node | None = None) -> Item:
        source = self._source
        inner = block if block is not None else node
        children = self.members(inner)
        if block is not None:
            stop = source.start(block) + len("do")
        else:
            head = [node.child_by_field_name(field) for field in ("name", "superclass")]
            stop = max((source.end(one) for one in head if one is not None), default=place.start)
        methods = [child for child in _methods(children) if child.name != "initialize"]
        todo = has_todo(comments_in(inner, source))
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=name,
            signature=source.slice(place.start, stop).strip(),
            body=TextRange(start=stop, end=max(stop, place.end)),
            stub=(not children and todo) or all_stubs(methods),
            children=children,
        )

    def _method(self, node: Node, place: TextRange) -> Item:
        source = self._source
        parameters = node.child_by_field_name("parameters")
        named = node.child_by_field_name("name")
        name = source.of(named) if named is not None and not named.is_missing else None
        stop = max((source.end(one) for one in (parameters, named) if one is not None), default=place.start)
        body = node.child_by_field_name("body")
        children: tuple[Item, ...] = ()
        if body is not None and body.type == "body_statement":
            children = _defined(self.block(list(_definitions(body))))
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=name,
            parameters=_parameters(parameters, source),
            signature=source.slice(place.start, stop).strip(),
            body=TextRange(start=stop, end=max(stop, source.end(node))),
            stub=self._does_nothing(node, body, name or ""),
            children=children,
        )

    def _does_nothing(self, node: Node, body: Node | None, name: str) -> bool:
        source = self._source
        todo = has_todo(comments_in(node, source))
        statements = [one for one in _statements(body) if one.type != "heredoc_body"]
        if not statements:
            return todo or _HOOKS.fullmatch(name) is None
        if len(statements) > 1:
            return False
        text = source.of(statements[0])
        if _NOT_IMPLEMENTED.match(text) is not None:
            return _ABSTRACT.search(text) is None
        return todo and _DEFAULT.fullmatch(text) is not None


def _statements(body: Node | None) -> list[Node]:
    if body is None:
        return []
    return real_statements(body) if body.type == "body_statement" else [body]


def _definitions(node: Node) -> Iterable[Node]:
    """Return the outermost definitions below a node that is none itself: in ``if``, ``begin``, ``else``."""
    for child in node.named_children:
        if child.type in (*_METHODS, *_CLASSES):
            yield child
        elif child.type not in ("string", "heredoc_body", "comment"):
            yield from _definitions(child)


def _defined(items: Sequence[Item]) -> tuple[Item, ...]:
    """The definitions among items, and what holds some."""
    return tuple(item for item in items if item.kind in DEFINED or item.children)


def _methods(items: Sequence[Item]) -> Iterable[Item]:
    for item in items:
        if item.kind is ItemKind.FUNCTION:
            yield item
        elif item.kind is ItemKind.OTHER:
            yield from _methods(item.children)


def _parameters(node: Node | None, source: SyntaxTree) -> tuple[str, ...]:
    """A name each, without the marks of rest and block parameters."""
    names: list[str] = []
    for child in node.named_children if node is not None else ():
        name = child.child_by_field_name("name") or child
        if child.type != "comment":
            names.append(source.of(name))
    return tuple(names)
