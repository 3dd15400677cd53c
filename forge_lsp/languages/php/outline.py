"""The outline of PHP text, of whole files and of pieces without an opening tag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import DEFINED, TreeReader, all_stubs, outline_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_php"]

_TYPES = ("class_declaration", "interface_declaration", "trait_declaration", "enum_declaration")
_FUNCTIONS = ("function_definition", "method_declaration")
_FUNCTION_VALUES = ("anonymous_function", "arrow_function")
_LOADS = ("require_once_expression", "require_expression", "include_once_expression", "include_expression")
_NOT_IMPLEMENTED = re.compile(
    r"(?:throw\s+new\b|trigger_error\s*\(|exit\b|die\b).*?"
    r"(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|implement\s+me|\bTODO\b)",
    re.I | re.S,
)
_DEFAULT = re.compile(r"""return(?:\s+(?:null|[-+]?[01](?:\.0)?|""|''|\[\]|array\(\)|true|false))?\s*;""", re.I)
_NO_VALUE = re.compile(r":\s*(?:void|never)\s*$", re.I)
_PIECE = Language(
    id="php-piece",
    title="A piece of PHP",
    suffixes=(),
    editing=lambda: EditingSupport(grammars={"php_only": ("tree_sitter_php", "language_php_only")}),
)
"""To the grammar of whole files, what has no opening tag is text."""


def outline_php(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A text without any opening tag is a piece of code, perhaps of members of a class."""
    if "<?" in text:
        return _Reader(parser.parse(text, language)).module()
    return outline_of(_Reader, text, _PIECE, parser)


class _Reader(TreeReader):
    """Reads one tree."""

    before_header = ("attribute_list", "comment")
    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def _describe(self, node: Node) -> Iterable[Item]:
        kind = node.type
        if kind == "php_tag":
            return
        place = self._source.range(node)
        if kind == "namespace_use_declaration":
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind == "namespace_definition" and (body := node.child_by_field_name("body")) is not None:
            yield from self.block(body.named_children)
        elif kind in _TYPES:
            yield self._type(node, place)
        elif kind in _FUNCTIONS:
            yield self._function(node, place)
        elif kind in ("property_declaration", "const_declaration", "enum_case"):
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._declared(node))
        elif kind == "expression_statement":
            yield self._expression(node, place)
        else:
            yield Item(kind=ItemKind.OTHER, range=place, children=tuple(self._inside(node)))

    def _expression(self, node: Node, place: TextRange) -> Item:
        inner = node.named_children[0] if node.named_children else None
        if inner is not None and inner.type in _LOADS:
            return Item(kind=ItemKind.IMPORT, range=place)
        if inner is None or inner.type != "assignment_expression":
            return Item(kind=ItemKind.OTHER, range=place)
        left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        name = self._source.of(left).lstrip("$") if left is not None and left.type == "variable_name" else None
        if right is not None and right.type in _FUNCTION_VALUES and name is not None:
            return replace(self._function(right, place), name=name)
        return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)

    def _inside(self, node: Node) -> Iterator[Item]:
        """The definitions in a compound statement (``if (!function_exists(...))``), or in what does not parse."""
        if node.type not in ("if_statement", "try_statement", "else_clause", "compound_statement", "ERROR"):
            return
        for child in self.block(node.named_children):
            if child.kind in DEFINED:
                yield child
            else:
                yield from child.children

    def _type(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        children = self.members(node)
        methods = [
            child
            for child in children
            if child.kind is ItemKind.FUNCTION and child.body and child.name != "__construct"
        ]
        clauses = {child.type for child in node.named_children}
        # An exception's class is often empty, and all there is to it.
        empty = node.type == "class_declaration" and not children and "base_clause" not in clauses
        stub = body is not None and (empty or all_stubs(methods))
        return self._defined(ItemKind.CLASS, node, place, body, name=self._name(node), stub=stub, children=children)

    def _function(self, node: Node, place: TextRange) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        name = self._name(node)
        signature = self._header(node, body, place.start) if name is None else self._signature(node, body)
        nested: Iterable[Item] = ()
        if body is not None and body.type == "compound_statement":
            nested = self._definitions(body.named_children)
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=name,
            parameters=_parameters(parameters, source) if parameters is not None else (),
            signature=signature,
            body=source.range(body) if body is not None else None,
            stub=body is not None and self._does_nothing(body, signature, name or ""),
            children=nested,
        )

    def _does_nothing(self, body: Node, signature: str, name: str) -> bool:
        if body.type != "compound_statement":
            return False
        # `private function __clone() {}`, and a constructor whose parameters are properties, are complete.
        return self._idle(body, empty=not (name.startswith("__") or _NO_VALUE.search(signature)))

    def _declared(self, node: Node) -> str | None:
        if node.type == "enum_case":
            return self._name(node)
        element = next((one for one in node.named_children if one.type in ("property_element", "const_element")), None)
        if element is None:
            return None
        name = element.child_by_field_name("name") or (element.named_children[0] if element.named_children else None)
        return self._source.of(name).lstrip("$") if name is not None else None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names = (child.child_by_field_name("name") for child in node.named_children)
    return tuple(source.of(name) for name in names if name is not None)
