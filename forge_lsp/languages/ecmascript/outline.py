"""The outline of TypeScript and JavaScript text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import (
    DEFINED,
    TreeReader,
    all_stubs,
    comments_in,
    has_todo,
    members_alone,
    real_statements,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_ecmascript"]

_FUNCTIONS = ("function_declaration", "generator_function_declaration", "function_signature")
_FUNCTION_VALUES = ("arrow_function", "function_expression", "generator_function")
_CLASSES = ("class_declaration", "abstract_class_declaration", "interface_declaration", "enum_declaration", "class")
_MODULES = ("internal_module", "module")
_METHODS = ("method_definition", "method_signature", "abstract_method_signature")
_FIELDS = ("public_field_definition", "field_definition", "property_signature")
_NOT_IMPLEMENTED = re.compile(r"throw\b.*?(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|\bTODO\b)", re.I | re.S)
_NO_VALUE = re.compile(r":\s*(?:void|never|Promise\s*<\s*void\s*>|undefined)\s*$")
_DEFAULT = re.compile(
    r"""return(?:\s+(?:null|undefined|0|-1|""|''|``|\[\]|\{\}|true|false)(?:\s+as\s+\w+)?)?\s*;?""", re.S
)
_OBJECT_PREFIX = "_ = {\n"


def outline_ecmascript(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A fragment that reads only as members of a class, or of an object, is read so."""
    plain = _Reader(parser.parse(text, language)).module()
    if not plain.errors:
        return plain
    return members_alone(_Reader, text, language, parser) or _object_members(text, language, parser) or plain


def _object_members(text: str, language: Language, parser: Parser) -> Outline | None:
    wrapped = parser.parse(f"{_OBJECT_PREFIX}{text}\n}}", language, base=-len(_OBJECT_PREFIX))
    if wrapped.root.has_error or len(wrapped.root.named_children) != 1:
        return None
    objects = [node for node in wrapped.find("object") if node.parent is not None]
    items = _Reader(wrapped).functions(objects[0]) if objects else ()
    return Outline(items=items) if items else None


class _Reader(TreeReader):
    """Reads one tree."""

    decorators = ("decorator",)

    def block(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        return tuple(_unimplemented_signatures(super().block(nodes), self._source))

    def _describe(self, node: Node, outer: Node | None = None) -> Iterable[Item]:
        """``outer`` is the statement whose range counts: ``export``, ``declare`` around ``node``."""
        kind, outer = node.type, outer or node
        place = self._source.range(outer)
        if kind == "import_statement":
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in ("export_statement", "ambient_declaration"):
            inner = node.child_by_field_name("declaration") or node.child_by_field_name("value")
            if inner is None and kind == "ambient_declaration":
                inner = next((child for child in node.named_children if child.type != "comment"), None)
            if inner is not None:
                yield from self._describe(inner, outer)
            else:
                yield Item(kind=ItemKind.OTHER, range=place)
        elif kind in _FUNCTIONS or kind in _FUNCTION_VALUES or kind in _METHODS:
            yield self._function(node, node, place, outer)
        elif kind in _CLASSES or kind in _MODULES:
            yield self._class(node, place, outer)
        elif kind == "type_alias_declaration":
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        elif kind in ("lexical_declaration", "variable_declaration"):
            yield self._variables(node, place, outer)
        elif kind in _FIELDS or kind == "pair":
            yield self._valued(node, place, outer)
        elif kind == "object":
            yield Item(kind=ItemKind.OTHER, range=place, children=self.functions(node))
        elif kind == "expression_statement":
            yield from self._expression(node, place, outer)
        else:
            yield self._other(node, place)

    def _expression(self, node: Node, place: TextRange, outer: Node) -> Iterable[Item]:
        inner = node.named_children[0] if node.named_children else None
        if inner is not None and inner.type in (*_MODULES, *_FUNCTION_VALUES, "class"):
            yield from self._describe(inner, outer)
            return
        if inner is not None and inner.type == "assignment_expression":
            left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
            name = self._source.of(left).rpartition(".")[2] if left is not None else None
            if right is not None and name == "exports":
                name = self._name(right) or name  # what the file itself is
            if right is not None and right.type in _FUNCTION_VALUES:
                yield replace(self._function(right, node, place, outer), name=name)
                return
            if right is not None and right.type == "class":
                yield replace(self._class(right, place, outer), name=name)
                return
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=name, children=self.functions(right))
            return
        yield Item(kind=ItemKind.OTHER, range=place)

    def functions(self, node: Node | None) -> tuple[Item, ...]:
        """The functions that an object holds, those in objects in it as well."""
        if node is None or node.type != "object":
            return ()
        members = [child for child in node.named_children if child.type != "shorthand_property_identifier"]
        kept = (item for item in super().block(members) if item.kind in DEFINED or item.children)
        return tuple(replace(item, stub=item.stub and not self._is_empty(item)) for item in kept)

    def _is_empty(self, item: Item) -> bool:
        """Whether nothing at all stands in its body: in an object that is a callback that is to do nothing."""
        body = self._source.slice(item.body.start, item.body.end) if item.body is not None else ""
        return not body.strip("{} \t\r\n")

    def _variables(self, node: Node, place: TextRange, outer: Node) -> Item:
        declarators = [child for child in node.named_children if child.type == "variable_declarator"]
        if len(declarators) == 1:
            value = declarators[0].child_by_field_name("value")
            if value is not None and re.match(r"(?:await\s+)?require\s*\(|import\s*\(", self._source.of(value)):
                return Item(kind=ItemKind.IMPORT, range=place)
            return self._valued(declarators[0], place, outer)
        name = self._name(declarators[0]) if declarators else None
        return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)

    def _valued(self, node: Node, place: TextRange, outer: Node) -> Item:
        """A variable or a field: a function or a class where its value is one."""
        value = node.child_by_field_name("value")
        if value is not None and value.type in _FUNCTION_VALUES:
            return replace(self._function(value, node, place, outer), name=self._name(node))
        if value is not None and value.type == "class":
            return replace(self._class(value, place, outer), name=self._name(node))
        return Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node), children=self.functions(value))

    def _function(self, node: Node, named: Node, place: TextRange, outer: Node) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        names = _parameters(parameters, source) if parameters is not None else ()
        single = node.child_by_field_name("parameter")
        if single is not None:
            names = (source.of(single),)
        name = self._name(named)
        signature = self._signature(outer, body)
        block = body is not None and body.type == "statement_block"
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=name,
            parameters=names,
            signature=signature,
            body=source.range(body) if body is not None else None,
            stub=body is not None and name != "constructor" and self._does_nothing(body, signature),
            children=self._definitions(body.named_children) if body is not None and block else (),
        )

    def _class(self, node: Node, place: TextRange, outer: Node) -> Item:
        body = node.child_by_field_name("body")
        children = () if node.type == "enum_declaration" else self.members(node)
        methods = [child for child in children if child.kind is ItemKind.FUNCTION and child.name != "constructor"]
        is_class = node.type in ("class_declaration", "abstract_class_declaration", "class")
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=self._name(node),
            signature=self._signature(outer, body),
            body=self._source.range(body) if body is not None else None,
            stub=is_class and body is not None and (not children or all_stubs(methods)),
            children=children,
        )

    def _does_nothing(self, body: Node, signature: str) -> bool:
        source = self._source
        if body.type != "statement_block":
            return False
        statements = real_statements(body)
        todo = has_todo(comments_in(body, source))
        if not statements:
            return todo or not _NO_VALUE.search(signature.removesuffix("=>").rstrip())
        if len(statements) > 1:
            return False
        text = source.of(statements[0])
        if statements[0].type == "throw_statement":
            return _NOT_IMPLEMENTED.match(text) is not None
        return todo and _DEFAULT.fullmatch(text) is not None

    def _name(self, node: Node) -> str | None:
        name = next(filter(None, map(node.child_by_field_name, ("name", "property", "key"))), None)
        return self._source.of(name) if name is not None and not name.is_missing else None

    def _signature(self, node: Node, body: Node | None) -> str:
        """From the statement's start, decorators left out, to its body."""
        start = self._source.start(node)
        for child in node.children:
            if child.type == "decorator":
                start = self._source.end(child)
            else:
                break
        return self._header(node, body, start)


def _unimplemented_signatures(items: Sequence[Item], source: SyntaxTree) -> Iterator[Item]:
    """``function f(): T`` with no implementation after it is a stub, unless it is declared elsewhere."""
    for index, item in enumerate(items):
        header = item.signature or ""
        if (
            item.kind is ItemKind.FUNCTION
            and item.body is None
            and re.match(r"(?:export\s+)?(?:default\s+)?(?:async\s+)?function\b", header)
            and not re.search(r"\bdeclare\b", source.slice(item.range.start, item.range.end).partition("function")[0])
            and not any(later.name == item.name and later.body is not None for later in items[index + 1 :])
        ):
            item = replace(item, stub=True)
        yield item


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        if child.type == "comment":
            continue
        found = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
        if found.type == "rest_pattern" and found.named_children:
            found = found.named_children[0]
        if found.type != "this":
            names.append(source.of(found))
    return tuple(names)
