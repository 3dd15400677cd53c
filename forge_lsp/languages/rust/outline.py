"""The outline of Rust text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import TreeReader, all_stubs, comments_in, has_todo, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_rust"]

_FUNCTIONS = ("function_item", "function_signature_item")
_CONTAINERS = ("impl_item", "trait_item", "mod_item", "foreign_mod_item")
_TYPES = ("struct_item", "enum_item", "union_item")
_VALUES = ("const_item", "static_item", "type_item", "associated_type", "let_declaration")
_MACROS = ("macro_definition",)
_NOT_IMPLEMENTED = re.compile(
    r"(?:(?:std|core)::)?(?:todo!|unimplemented!|panic!\s*[\(\[{].*(?:not[\s_-]*(?:yet[\s_-]*)?implemented|\bTODO\b))",
    re.I | re.S,
)
_DEFAULT = re.compile(
    r"""(?:return\s+)?(?:Default::default\(\)|[\w:<>]+::(?:new|default)\(\)|vec!\[\]|None|Ok\(\(\)\)|false|true|"""
    r"""-?[01](?:\.0)?(?:[iuf]\w+)?|""|\(\))?;?"""
)


def outline_rust(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. ``impl`` blocks are classes by the name ``impl T`` or ``impl Trait for T``, so that they are
    told from the type itself; so are traits and modules."""
    return _Reader(parser.parse(text, language)).module()


class _Reader(TreeReader):
    """Reads one tree."""

    decorators = ("attribute_item",)
    before_header = ()
    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def _describe(self, node: Node) -> Iterable[Item]:
        place = self._source.range(node)
        kind = node.type
        if kind in ("use_declaration", "extern_crate_declaration"):
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in _FUNCTIONS:
            yield self._function(node, place)
        elif kind in _TYPES:
            yield self._type(node, place)
        elif kind in _CONTAINERS:
            yield self._container(node, place)
        elif kind in _VALUES or kind in _MACROS:
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        else:
            yield self._other(node, place)

    def _function(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        return self._defined(
            ItemKind.FUNCTION,
            node,
            place,
            body,
            name=self._name(node),
            parameters=_parameters(parameters, self._source) if parameters is not None else (),
            stub=body is not None and self._does_nothing(node, body),
            children=self._definitions(body.named_children) if body is not None else (),
        )

    def _type(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        fields = real_statements(body) if body is not None else []
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=self._name(node),
            signature=self._header(node, body),
            body=self._source.range(body) if body is not None else None,
            stub=body is not None and not fields and has_todo(comments_in(body, self._source)),
        )

    def _container(self, node: Node, place: TextRange) -> Item:
        body = node.child_by_field_name("body")
        children = self.block(body.named_children) if body is not None else ()
        methods = [child for child in children if child.kind is ItemKind.FUNCTION]
        if node.type == "mod_item" and body is None:
            return Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        inherent = node.type == "impl_item" and node.child_by_field_name("trait") is None
        empty = inherent and body is not None and not children
        name = self._implemented(node) if node.type == "impl_item" else self._name(node)
        stub = empty or all_stubs(methods)
        return self._defined(ItemKind.CLASS, node, place, body, name=name, stub=stub, children=children)

    def _implemented(self, node: Node) -> str | None:
        """``impl T``, ``impl Trait for T``: paths by their last part, the type without its arguments."""
        kind, trait = node.child_by_field_name("type"), node.child_by_field_name("trait")
        if kind is None:
            return None
        plain = kind.child_by_field_name("type") if kind.type == "generic_type" else None
        name = self._source.of(plain or kind).rpartition("::")[2]
        if trait is None:
            return f"impl {name}"
        path, bracket, rest = self._source.of(trait).partition("<")
        return f"impl {path.rpartition('::')[2]}{bracket}{rest} for {name}"

    def _does_nothing(self, node: Node, body: Node) -> bool:
        returns = node.child_by_field_name("return_type")
        return self._idle(body, empty=returns is not None and self._source.of(returns) not in ("()", "!"))

    def _name(self, node: Node) -> str | None:
        name = node.child_by_field_name("name") or node.child_by_field_name("pattern")
        return self._source.of(name) if name is not None and not name.is_missing else None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        if child.type == "self_parameter":
            names.append("self")
        elif child.type == "parameter":
            pattern = child.child_by_field_name("pattern")
            names.append(source.of(pattern) if pattern is not None else "_")
    return tuple(names)
