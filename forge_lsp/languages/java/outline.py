"""The outline of Java text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import COMMENTS, TreeReader, all_stubs, outline_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_java"]

_TYPES = (
    "class_declaration",
    "interface_declaration",
    "enum_declaration",
    "record_declaration",
    "annotation_type_declaration",
)
_CALLABLES = (
    "method_declaration",
    "constructor_declaration",
    "compact_constructor_declaration",
    "annotation_type_element_declaration",
)
_NOT_IMPLEMENTED = re.compile(
    r"throw\s+new\s+(?:(?:\w+\.)*(?:UnsupportedOperation|NotImplemented)\w*\s*\(|"
    r"[\w.]+\s*\(\s*\"[^\"]*(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|\bTODO\b))",
    re.I,
)
_DEFAULT = re.compile(
    r"return(?:\s+(?:null|[-+]?[01](?:\.0)?[LlFfDd]?|-1|\"\"|'.{0,2}'|true|false|"
    r"(?:List|Map|Set|Optional)\.(?:of|empty)\(\)))?\s*;"
)


def outline_java(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A fragment that reads only as members of a class (a constructor) is read so."""
    return outline_of(_Reader, text, language, parser)


class _Reader(TreeReader):
    """Reads one tree."""

    before_header = (*COMMENTS, "annotation", "marker_annotation")
    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def members(self, node: Node) -> tuple[Item, ...]:
        """The members of a type; of an enum those after its constants."""
        body = node.child_by_field_name("body")
        if body is None:
            return ()
        nodes: list[Node] = []
        for child in body.named_children:
            if child.type == "enum_body_declarations":
                nodes.extend(child.named_children)
            elif child.type != "enum_constant":
                nodes.append(child)
        return self.block(nodes)

    def _describe(self, node: Node) -> Iterable[Item]:
        place = self._source.range(node)
        kind = node.type
        if kind == "import_declaration":
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in _TYPES:
            yield self._type(node, place)
        elif kind in _CALLABLES:
            yield self._callable(node, place)
        elif kind in ("field_declaration", "constant_declaration", "local_variable_declaration"):
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._declared(node))
        else:
            yield self._other(node, place)

    def _type(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        children = self.members(node)
        methods = [child for child in children if child.kind is ItemKind.FUNCTION and child.name != self._name(node)]
        empty = body is not None and not children and node.type == "class_declaration"
        return self._defined(
            ItemKind.CLASS,
            node,
            place,
            body,
            name=self._name(node),
            parameters=_parameters(parameters, self._source) if parameters is not None else None,
            stub=empty or all_stubs(methods),
            children=children,
        )

    def _callable(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        missing = any(child.type == ";" and child.is_missing for child in node.children)
        return self._defined(
            ItemKind.FUNCTION,
            node,
            place,
            body,
            name=self._name(node),
            parameters=_parameters(parameters, self._source) if parameters is not None else None,
            stub=missing if body is None else self._does_nothing(node, body),
            children=self._definitions(body.named_children) if body is not None else (),
        )

    def _does_nothing(self, node: Node, body: Node) -> bool:
        returns = node.child_by_field_name("type")
        return self._idle(body, empty=returns is not None and self._source.of(returns) != "void")

    def _declared(self, node: Node) -> str | None:
        declarator = node.child_by_field_name("declarator")
        return self._name(declarator) if declarator is not None else None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        if child.type == "spread_parameter":
            child = next((inner for inner in child.named_children if inner.type == "variable_declarator"), child)
        name = child.child_by_field_name("name")
        if name is not None and child.type in ("formal_parameter", "variable_declarator"):
            names.append(source.of(name))
    return tuple(names)
