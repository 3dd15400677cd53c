"""The outline of C# text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import TreeReader, all_stubs, members_alone, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_csharp"]

_TYPES = (
    "class_declaration",
    "struct_declaration",
    "record_declaration",
    "record_struct_declaration",
    "interface_declaration",
    "enum_declaration",
)
_CALLABLES = (
    "method_declaration",
    "constructor_declaration",
    "destructor_declaration",
    "operator_declaration",
    "conversion_operator_declaration",
    "local_function_statement",
)
_PROPERTIES = ("property_declaration", "indexer_declaration", "event_declaration")
_NOT_IMPLEMENTED = re.compile(r"(?:=>\s*)?throw\s+new\s+(?:\w+\.)*NotImplementedException\b")
_DEFAULT = re.compile(r"""return(?:\s+(?:null!?|default!?(?:\([^)]*\))?|0|-1|""|string\.Empty|false|true|\[\]))?\s*;""")


def outline_csharp(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors; namespaces are transparent. A fragment that reads only as members of a class is read so."""
    plain = _Reader(parser.parse(text, language)).module()
    if not plain.errors and not _is_members(plain):
        return plain
    return members_alone(_Reader, text, language, parser) or plain


def _is_members(outline: Outline) -> bool:
    """Methods without their class read as local functions, their modifiers and all: better read as methods."""
    items = [item for item in outline.items if item.kind is not ItemKind.COMMENT]
    return bool(items) and all(
        item.kind is ItemKind.FUNCTION and re.match(r"(?:public|private|protected|internal)\b", item.signature or "")
        for item in items
    )


class _Reader(TreeReader):
    """Reads one tree."""

    before_header = ("attribute_list", "comment")
    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def _describe(self, node: Node) -> Iterable[Item]:
        place = self._source.range(node)
        kind = node.type
        if kind in ("using_directive", "extern_alias_directive"):
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind == "namespace_declaration":
            yield from self.members(node)
        elif kind.startswith("preproc_if") or kind in ("preproc_else", "preproc_elif"):
            yield from self.block(node.named_children)
        elif kind == "global_statement":
            yield from (item for child in node.named_children for item in self._describe(child))
        elif kind in _TYPES:
            yield self._type(node, place)
        elif kind in _CALLABLES:
            yield self._callable(node, place)
        elif kind in _PROPERTIES:
            yield self._property(node, place)
        elif kind in ("field_declaration", "event_field_declaration", "local_declaration_statement"):
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._declared(node))
        elif kind == "delegate_declaration":
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        else:
            yield self._other(node, place)

    def _type(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        primary = next((child for child in node.named_children if child.type == "parameter_list"), None)
        children = () if node.type == "enum_declaration" else self.members(node)
        methods = [child for child in children if child.kind is ItemKind.FUNCTION]
        empty = body is not None and not children and node.type in ("class_declaration", "struct_declaration")
        return self._defined(
            ItemKind.CLASS,
            node,
            place,
            body,
            name=self._name(node),
            parameters=_parameters(primary, self._source) if primary is not None else None,
            stub=empty or all_stubs(methods),
            children=children,
        )

    def _callable(self, node: Node, place: TextRange) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        name = self._name(node)
        if node.type == "destructor_declaration" and name is not None:
            name = f"~{name}"
        if node.type in ("operator_declaration", "conversion_operator_declaration"):
            sign = node.child_by_field_name("operator") or node.child_by_field_name("type")
            name = f"operator {source.of(sign)}" if sign is not None else "operator"
        nested: Iterator[Item] = iter(())
        if body is not None and body.type == "block":
            nested = (item for item in self.block(body.named_children) if item.kind is ItemKind.FUNCTION)
        missing = any(child.type == ";" and child.is_missing for child in node.children)
        return self._defined(
            ItemKind.FUNCTION,
            node,
            place,
            body,
            name=name,
            parameters=_parameters(parameters, source) if parameters is not None else None,
            stub=missing if body is None else self._does_nothing(node, body),
            children=tuple(nested),
        )

    def _property(self, node: Node, place: TextRange) -> Item:
        """With code a function without parameters, else (``{ get; set; }``) a field."""
        accessors = node.child_by_field_name("accessors")
        value = node.child_by_field_name("value")
        name = "this" if node.type == "indexer_declaration" else self._name(node)
        bodies: list[Node] = []
        if accessors is not None:
            found = (accessor.child_by_field_name("body") for accessor in accessors.named_children)
            bodies = [body for body in found if body is not None]
        if value is not None and value.type == "arrow_expression_clause":
            bodies.append(value)
        body = accessors if accessors is not None else value
        if not bodies:
            return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)
        stub = all(self._throws(inner) for inner in bodies)
        return self._defined(ItemKind.FUNCTION, node, place, body, name=name, stub=stub)

    def _does_nothing(self, node: Node, body: Node) -> bool:
        if body.type != "block":
            return self._throws(body)
        returns = node.child_by_field_name("returns") or node.child_by_field_name("type")
        has_value = returns is not None and self._source.of(returns) not in ("void", "Task", "ValueTask")
        return self._idle(body, empty=has_value)

    def _throws(self, body: Node) -> bool:
        """``=> throw new NotImplementedException()`` or a block of that alone."""
        if body.type == "block":
            statements = real_statements(body)
            return len(statements) == 1 and _NOT_IMPLEMENTED.match(self._source.of(statements[0])) is not None
        return _NOT_IMPLEMENTED.match(self._source.of(body)) is not None

    def _declared(self, node: Node) -> str | None:
        for child in node.named_children:
            if child.type == "variable_declaration":
                for inner in child.named_children:
                    if inner.type == "variable_declarator":
                        return self._name(inner)
        return None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names = (child.child_by_field_name("name") for child in node.named_children if child.type == "parameter")
    return tuple(source.of(name) for name in names if name is not None)
