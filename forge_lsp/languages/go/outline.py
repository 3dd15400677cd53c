"""The outline of Go text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import TreeReader, comments_in, has_todo, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_go"]

_FUNCTIONS = ("function_declaration", "method_declaration")
_VALUES = ("const_declaration", "var_declaration", "short_var_declaration")
_NOT_IMPLEMENTED = re.compile(
    r"""(?:panic|log\.(?:Fatal|Panic)f?)\s*\(.*(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|implement\s+me|\bTODO\b)""",
    re.I | re.S,
)
_ZERO = r"""(?:nil|0(?:\.0)?|-1|""|``|false|true|[\w.\[\]*]+\{\})"""
_DEFAULT = re.compile(rf"return(?:\s+{_ZERO}(?:\s*,\s*{_ZERO})*)?")


def outline_go(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A method stands at the top level, as in the text; its receiver is its first parameter."""
    return _Reader(parser.parse(text, language)).module()


class _Reader(TreeReader):
    """Reads one tree."""

    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def _describe(self, node: Node) -> Iterable[Item]:
        place = self._source.range(node)
        kind = node.type
        if kind == "import_declaration":
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in _FUNCTIONS:
            yield self._function(node, place)
        elif kind == "type_declaration":
            yield self._type(node, place)
        elif kind in _VALUES:
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._declared(node))
        else:
            yield self._other(node, place)

    def _function(self, node: Node, place: TextRange) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters: list[str] = []
        for field in ("receiver", "parameters"):
            found = node.child_by_field_name(field)
            if found is not None:
                parameters += _parameters(found, source)
        stop = source.start(body) if body is not None else source.end(node)
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=self._name(node),
            parameters=tuple(parameters),
            signature=source.slice(place.start, max(place.start, stop)).strip(),
            body=source.range(body) if body is not None else None,
            stub=body is None or self._does_nothing(node, body),
        )

    def _type(self, node: Node, place: TextRange) -> Item:
        """A struct or an interface is a class, any other type (and a group of types) a value with a name."""
        source = self._source
        specs = [child for child in node.named_children if child.type in ("type_spec", "type_alias")]
        name = self._name(specs[0]) if specs else None
        form = specs[0].child_by_field_name("type") if len(specs) == 1 else None
        if form is None or form.type not in ("struct_type", "interface_type"):
            return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)
        brace = next((child for child in _below(form) if child.type == "{"), None)
        stop = source.start(brace) if brace is not None else source.end(form)
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=name,
            signature=source.slice(place.start, max(place.start, stop)).strip(),
            body=TextRange(start=stop, end=max(stop, source.end(form))),
            stub=form.type == "struct_type" and has_todo(comments_in(form, source)) and not _fields(form),
        )

    def _does_nothing(self, node: Node, body: Node) -> bool:
        source = self._source
        statements: list[Node] = []
        for child in real_statements(body):
            statements += real_statements(child) if child.type == "statement_list" else [child]
        todo = has_todo(comments_in(body, source))
        if not statements:
            return todo or node.child_by_field_name("result") is not None
        return len(statements) == 1 and self._unwritten(source.of(statements[0]), todo=todo)

    def _declared(self, node: Node) -> str | None:
        left = node.child_by_field_name("left")
        if left is not None:
            return self._source.of(left).partition(",")[0].strip()
        specs = [inner for inner in _below(node) if inner.type in ("const_spec", "var_spec")]
        return self._name(specs[0]) if specs else None


def _below(node: Node) -> Iterable[Node]:
    """The children and the grandchildren."""
    for child in node.children:
        yield child
        yield from child.children


def _fields(form: Node) -> bool:
    return any(inner.type == "field_declaration" for inner in _below(form))


def _parameters(node: Node, source: SyntaxTree) -> list[str]:
    """A name each; ``_`` for one without a name."""
    names: list[str] = []
    for child in node.named_children:
        if child.type not in ("parameter_declaration", "variadic_parameter_declaration"):
            continue
        found = child.children_by_field_name("name")
        names += [source.of(name) for name in found] or ["_"]
    return names
