"""The outline of Java text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import COMMENTS, TreeReader, build_items, comments_in, has_todo, real_statements

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
_PREFIX = "class _ {\n"


def outline_java(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A fragment that reads only as members of a class (a constructor) is read so."""
    plain = _Reader(parser.parse(text, language)).module()
    if not plain.errors:
        return plain
    wrapped = parser.parse(f"{_PREFIX}{text}\n}}", language, base=-len(_PREFIX))
    types = [node for node in wrapped.root.named_children if node.type not in COMMENTS]
    if wrapped.root.has_error or len(types) != 1 or types[0].type != "class_declaration":
        return plain
    return Outline(items=_Reader(wrapped).members(types[0]))


class _Reader(TreeReader):
    """Reads one tree."""

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

    def block(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        return build_items(nodes, self._source, self._describe)

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
        elif node.is_error:
            yield Item(kind=ItemKind.OTHER, range=place, children=self._definitions(node.named_children))
        else:
            yield Item(kind=ItemKind.OTHER, range=place)

    def _type(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        children = self.members(node)
        methods = [child for child in children if child.kind is ItemKind.FUNCTION and child.name != self._name(node)]
        empty = body is not None and not children and node.type == "class_declaration"
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=self._name(node),
            parameters=_parameters(parameters, self._source) if parameters is not None else None,
            signature=self._signature(node, body),
            body=self._source.range(body) if body is not None else None,
            stub=empty or (bool(methods) and all(method.stub for method in methods)),
            children=children,
        )

    def _callable(self, node: Node, place: TextRange) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        nested: tuple[Item, ...] = ()
        if body is not None:
            nested = self._definitions(body.named_children)
        missing = any(child.type == ";" and child.is_missing for child in node.children)
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=self._name(node),
            parameters=_parameters(parameters, source) if parameters is not None else None,
            signature=self._signature(node, body),
            body=source.range(body) if body is not None else None,
            stub=missing if body is None else self._does_nothing(node, body),
            children=nested,
        )

    def _does_nothing(self, node: Node, body: Node) -> bool:
        source = self._source
        statements = real_statements(body)
        todo = has_todo(comments_in(body, source))
        if not statements:
            returns = node.child_by_field_name("type")
            return todo or (returns is not None and source.of(returns) != "void")
        if len(statements) > 1:
            return False
        text = source.of(statements[0])
        return _NOT_IMPLEMENTED.match(text) is not None or (todo and _DEFAULT.fullmatch(text) is not None)

    def _declared(self, node: Node) -> str | None:
        declarator = node.child_by_field_name("declarator")
        return self._name(declarator) if declarator is not None else None

    def _signature(self, node: Node, body: Node | None) -> str:
        """The header as written, the annotations before its first keyword left out."""
        start = self._source.start(node)
        for child in node.children:
            inner = child.children if child.type == "modifiers" else [child]
            found = next((one for one in inner if "annotation" not in one.type and one.type not in COMMENTS), None)
            if found is not None:
                start = self._source.start(found)
                break
        return self._header(node, body, start)


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        if child.type == "spread_parameter":
            child = next((inner for inner in child.named_children if inner.type == "variable_declarator"), child)
        name = child.child_by_field_name("name")
        if name is not None and child.type in ("formal_parameter", "variable_declarator"):
            names.append(source.of(name))
    return tuple(names)
