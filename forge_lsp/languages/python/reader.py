"""Reading one Python tree: its items, and what in it does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from forge_lsp.core.ports import Item, ItemKind, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import DEFINED, build_items, comments_in, has_todo, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["PythonReader"]

_IMPORTS = ("import_statement", "import_from_statement", "future_import_statement")
_COMPOUND = ("if_statement", "try_statement", "with_statement", "for_statement", "while_statement", "match_statement")
_NOT_A_STUB = re.compile(r"@\s*(?:\w+\.)*(?:overload|abstractmethod|abstractproperty)\b")
_DEFAULT = re.compile(r"""return(?:\s+(?:None|True|False|0(?:\.0)?|-1|""|''|\[\]|\{\}|\(\)))?""")


class PythonReader:
    """Reads one tree."""

    def __init__(self, source: SyntaxTree) -> None:
        self._source = source
        self._incomplete: list[TextRange] = []

    def module(self) -> tuple[tuple[Item, ...], tuple[TextRange, ...]]:
        """Top-level items, and what does not parse: tree-sitter's errors, definitions without a body, Python 2."""
        items = self._block(self._source.root.children)
        errors = [*self._source.errors(), *self._incomplete]
        errors.extend(self._source.range(node) for node in self._source.find("print_statement", "exec_statement"))
        return items, tuple(sorted(errors, key=lambda place: (place.start, place.end)))

    def _block(self, nodes: Sequence[Node], *, protocol: bool = False) -> tuple[Item, ...]:
        nodes = [node for node in nodes if node.is_named]
        adopted: set[int] = set()
        ends: dict[int, int] = {}
        for index, node in enumerate(nodes):
            if node.id in adopted:
                continue
            # A body of comments alone is left outside the definition by the grammar: bring it home.
            column = node.start_point.column
            definition = _definition(node)
            body = definition.child_by_field_name("body") if definition is not None else None
            if body is None or real_statements(body):
                continue
            for later in nodes[index + 1 :]:
                if later.type != "comment" or later.start_point.column <= column:
                    break
                adopted.add(later.id)
                ends[node.id] = self._source.end(later)

        def describe(node: Node) -> Iterable[Item]:
            return self._describe(node, ends.get(node.id), protocol=protocol)

        return build_items([node for node in nodes if node.id not in adopted], self._source, describe)

    def _describe(self, node: Node, end: int | None, *, protocol: bool) -> Iterable[Item]:
        source = self._source
        place = source.range(node)
        if end is not None:
            place = TextRange(start=place.start, end=end)
        definition = _definition(node)
        if definition is not None:
            if definition.type == "class_definition":
                yield self._class(definition, place)
            else:
                yield self._function(definition, place, protocol=protocol)
        elif node.type in _IMPORTS:
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif node.type in _COMPOUND:
            yield self._compound(node, place)
        elif node.type == "expression_statement" and node.named_child_count == 1:
            yield self._expression(node, place)
        elif node.type == "type_alias_statement":
            name = node.child_by_field_name("left")
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=source.of(name) if name is not None else None)
        elif node.is_error:
            inner = [item for item in self._block(node.children) if item.kind in DEFINED]
            yield Item(kind=ItemKind.OTHER, range=place, children=tuple(inner))
        elif node.type not in ("block",):
            yield Item(kind=ItemKind.OTHER, range=place)

    def _function(self, node: Node, place: TextRange, *, protocol: bool) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        text = source.slice(place.start, place.end)
        lead = source.slice(place.start, source.start(node))
        stub = body is not None and not node.has_error and _does_nothing(body, text, source)
        if _NOT_A_STUB.search(lead) or (protocol and body is not None and _is_ellipsis(body, source)):
            stub = False
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=_name(node, source),
            parameters=_parameters(parameters, source) if parameters is not None else None,
            signature=self._signature(node, body),
            body=self._body(node, body, place),
            stub=stub,
            children=tuple(_nested(self._block(body.children))) if body is not None else (),
        )

    def _class(self, node: Node, place: TextRange) -> Item:
        source = self._source
        body = node.child_by_field_name("body")
        bases = node.child_by_field_name("superclasses")
        protocol = bases is not None and re.search(r"\bProtocol\b", source.of(bases)) is not None
        # Comments before the first statement stand beside the block, not in it.
        beside = [child for child in node.children if child.type == "comment"] if body is not None else []
        children = self._block([*beside, *body.children], protocol=protocol) if body is not None else ()
        methods = [child for child in children if child.kind is ItemKind.FUNCTION]
        empty = body is not None and not node.has_error and _does_nothing(body, "", source)
        return Item(
            kind=ItemKind.CLASS,
            range=place,
            name=_name(node, source),
            signature=self._signature(node, body),
            body=self._body(node, body, place),
            stub=empty or (bool(methods) and all(method.stub for method in methods)),
            children=children,
        )

    def _signature(self, node: Node, body: Node | None) -> str:
        """The header as written, its colon included; comments between it and the body left out."""
        stop = body.start_byte if body is not None else node.end_byte
        last = node
        for child in node.children:
            if child.type == ":" and child.start_byte <= stop:
                last = child
                break
        start = self._source.start(node)
        return self._source.slice(start, max(start, self._source.end(last))).strip()

    def _body(self, node: Node, body: Node | None, place: TextRange) -> TextRange | None:
        if body is None:
            return None
        if not body.named_children:
            self._incomplete.append(self._source.range(node))
            end = self._source.end(node)
            return TextRange(start=min(end, place.end), end=place.end)
        start = self._source.start(body)
        return TextRange(start=start, end=max(start, place.end))

    def _compound(self, node: Node, place: TextRange) -> Item:
        """``if TYPE_CHECKING:``, ``try: import``: an import when it holds little else; its definitions otherwise."""
        inner = list(self._inner_items(node))
        kinds = {item.kind for item in inner}
        if ItemKind.IMPORT in kinds and kinds <= {ItemKind.IMPORT, ItemKind.ASSIGNMENT, ItemKind.COMMENT}:
            return Item(kind=ItemKind.IMPORT, range=place)
        return Item(kind=ItemKind.OTHER, range=place, children=tuple(_nested(inner)))

    def _inner_items(self, node: Node) -> Iterator[Item]:
        for child in node.named_children:
            if child.type == "block" and node.type == "match_statement":
                yield from self._inner_items(child)
            elif child.type == "block":
                yield from (
                    item
                    for item in self._block(child.children)
                    if item.kind is not ItemKind.OTHER or self._source.slice(*_ends(item)) != "pass" or item.children
                )
            elif child.type.endswith("_clause"):
                yield from self._inner_items(child)

    def _expression(self, node: Node, place: TextRange) -> Item:
        inner = node.named_children[0]
        if inner.type == "assignment":
            left = inner.child_by_field_name("left")
            name = self._source.of(left) if left is not None and left.type == "identifier" else None
            return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)
        return Item(kind=ItemKind.OTHER, range=place)


def _ends(item: Item) -> tuple[int, int]:
    return item.range.start, item.range.end


def _definition(node: Node) -> Node | None:
    """The function or class that ``node`` is, decorated or not."""
    if node.type == "decorated_definition":
        return node.child_by_field_name("definition")
    return node if node.type in ("function_definition", "class_definition") else None


def _nested(items: Iterable[Item]) -> Iterator[Item]:
    """The functions and classes among ``items`` and inside compound statements."""
    for item in items:
        if item.kind in DEFINED:
            yield item
        elif item.kind is ItemKind.OTHER:
            yield from item.children


def _name(node: Node, source: SyntaxTree) -> str | None:
    name = node.child_by_field_name("name")
    return source.of(name) if name is not None and not name.is_missing else None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        found = child
        while found.type != "identifier":
            inner = found.child_by_field_name("name") or (found.named_children[0] if found.named_children else None)
            if inner is None:
                break
            found = inner
        if found.type == "identifier":
            names.append(source.of(found))
    return tuple(names)


def _does_nothing(body: Node, text: str, source: SyntaxTree) -> bool:
    """Whether a body is a stub: nothing but a docstring, ``pass``, ``...``, ``raise NotImplementedError``, or a
    constant returned beside a TODO."""
    statements = real_statements(body)
    if statements and _is_string(statements[0]):
        statements = statements[1:]
    if all(_is_placeholder(statement, source) for statement in statements):
        return True
    if len(statements) == 1 and statements[0].type == "return_statement":
        constant = _DEFAULT.fullmatch(source.of(statements[0])) is not None
        return constant and (has_todo(comments_in(body, source)) or has_todo(text))
    return False


def _is_placeholder(node: Node, source: SyntaxTree) -> bool:
    if node.type == "pass_statement":
        return True
    if node.type == "expression_statement":
        return [child.type for child in node.named_children] == ["ellipsis"]
    return node.type == "raise_statement" and re.match(r"raise\s+NotImplementedError\b", source.of(node)) is not None


def _is_string(node: Node) -> bool:
    return node.type == "expression_statement" and [child.type for child in node.named_children] in (
        ["string"],
        ["concatenated_string"],
    )


def _is_ellipsis(body: Node, source: SyntaxTree) -> bool:
    return [source.of(node) for node in real_statements(body) if not _is_string(node)] in ([], ["..."])
