"""The outline of Kotlin text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import COMMENTS, TreeReader, all_stubs, build_items, comments_in, has_todo, outline_of
from forge_lsp.languages.kotlin.texts import LITERAL

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_kotlin", "repaired"]

_TYPES = ("class_declaration", "object_declaration", "companion_object")
_BODIES = ("class_body", "enum_class_body")
_ACCESSORS = ("getter", "setter")
_NO_BODY = frozenset({"abstract", "expect", "external"})
_NOT_IMPLEMENTED = re.compile(
    r"(?:return\s+)?(?:(?:kotlin\.)?TODO\s*\(|throw\s+(?:\w+\.)*(?:NotImplemented|UnsupportedOperation)\w*\s*\(|"
    r"(?:error|throw\s+[\w.]+)\s*\(\s*\"[^\"]*(?:not[\s_-]*(?:yet[\s_-]*)?(?:implemented|written)|unimplemented|"
    r"\bTODO\b))",
    re.I,
)
_DEFAULT = re.compile(
    r"(?:return\s+)?(?:return|null|[-+]?[01](?:\.0)?[LFf]?|\"\"|'.{0,2}'|true|false|"
    r"(?:empty(?:List|Map|Set|Array|Sequence)|listOf|mapOf|setOf|arrayOf)(?:<.*>)?\(\))"
)
_INLINE_END = re.compile(rf"(?:{LITERAL.pattern})|(?P<blank>[ \t](?=\}}))", re.S)
_SEPARATOR = "_class_member_semi"


def repaired(text: str) -> str:
    """``text`` as the grammar wants it, which reads the brace that ends a class only on a line of its own: with a line
    break in the place of the blank before one."""
    return _INLINE_END.sub(lambda found: "\n" if found["blank"] else found[0], text)


def outline_kotlin(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors. A fragment that reads only as members of a class (a constructor) is read so."""
    return outline_of(_Reader, text, language, parser)


class _Reader(TreeReader):
    """Reads one tree."""

    before_header = (*COMMENTS, "annotation")
    not_implemented = _NOT_IMPLEMENTED
    default = _DEFAULT

    def module(self) -> Outline:
        """The whole text."""
        return Outline(
            items=self.block(self._source.root.named_children), errors=tuple(map(self._source.range, self.faults()))
        )

    def faults(self) -> list[Node]:
        """The outermost nodes that do not parse, but for the line break that no compiler wants."""
        found: list[Node] = []
        stack = [self._source.root]
        while stack:
            node = stack.pop()
            if node.is_error or (node.is_missing and node.type != _SEPARATOR):
                found.append(node)
            else:
                stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
        return found

    def broken(self) -> bool:
        """Return whether something does not parse that a compiler wants."""
        return bool(self.faults())

    def members(self, node: Node) -> tuple[Item, ...]:
        """The members of a type; of an enum those after its entries."""
        body = _child(node, *_BODIES)
        if body is None:
            return ()
        bare = any(child.type == "interface" for child in node.children)
        return self.block([child for child in body.named_children if child.type != "enum_entry"], bare=bare)

    def block(self, nodes: Sequence[Node], *, bare: bool = False) -> tuple[Item, ...]:
        return build_items(nodes, self._source, lambda node: self._describe(node, bare=bare))

    def _describe(self, node: Node, *, bare: bool = False) -> Iterable[Item]:
        place = self._source.range(node)
        kind = node.type
        if kind == "import":
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in _TYPES:
            yield self._type(node, place)
        elif kind in ("function_declaration", "secondary_constructor"):
            yield self._callable(node, place, bare=bare)
        elif kind == "property_declaration":
            yield self._property(node, place)
        elif kind == "type_alias":
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        else:
            yield self._other(node, place)

    def _type(self, node: Node, place: TextRange) -> Item:
        body = _child(node, *_BODIES)
        primary = _child(node, "primary_constructor")
        children = self.members(node)
        methods = [child for child in children if child.kind is ItemKind.FUNCTION]
        plain = node.type == "class_declaration" and body is not None and body.type == "class_body"
        name = self._name(node) or ("Companion" if node.type == "companion_object" else None)
        return self._defined(
            ItemKind.CLASS,
            node,
            place,
            body,
            name=name,
            parameters=self._parameters(primary) if primary is not None else None,
            stub=(plain and not children) or all_stubs(methods),
            children=children,
        )

    def _callable(self, node: Node, place: TextRange, *, bare: bool) -> Item:
        body = _child(node, "function_body", "block")
        parameters = _child(node, "function_value_parameters")
        nested: tuple[Item, ...] = ()
        if body is not None:
            block = _child(body, "block") if body.type == "function_body" else body
            nested = self._definitions(block.named_children) if block is not None else ()
        constructor = node.type == "secondary_constructor"
        declared = bare or constructor or bool(self._modifiers(node) & _NO_BODY)
        return self._defined(
            ItemKind.FUNCTION,
            node,
            place,
            body,
            name="constructor" if constructor else self._name(node),
            parameters=self._parameters(parameters) if parameters is not None else None,
            stub=not declared if body is None else self._does_nothing(node, body),
            children=nested,
        )

    def _property(self, node: Node, place: TextRange) -> Item:
        """With accessors of its own a function without parameters, else a value."""
        declared = _child(node, "variable_declaration")
        name = self._name(declared) if declared is not None else None
        accessors = [child for child in node.named_children if child.type in _ACCESSORS]
        bodies = [body for child in accessors if (body := _child(child, "function_body")) is not None]
        if not bodies:
            return Item(kind=ItemKind.ASSIGNMENT, range=place, name=name)
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=name,
            signature=self._signature(node, accessors[0]),
            body=TextRange(start=self._source.start(accessors[0]), end=self._source.end(accessors[-1])),
            stub=all(self._does_nothing(None, body) for body in bodies),
        )

    def _does_nothing(self, node: Node | None, body: Node) -> bool:
        block = _child(body, "block") if body.type == "function_body" else body
        if block is None:
            todo = has_todo(comments_in(body, self._source))
            return self._unwritten(self._source.of(body).lstrip("=").lstrip(), todo=todo)
        return self._idle(block, empty=node is not None and self._gives_value(node))

    def _gives_value(self, node: Node) -> bool:
        """Whether a function says that it returns something."""
        children = node.children
        at = next((at for at, child in enumerate(children) if child.type == "function_value_parameters"), None)
        if at is None or at + 2 >= len(children) or children[at + 1].type != ":":
            return False
        return self._source.of(children[at + 2]) not in ("Unit", "Nothing")

    def _modifiers(self, node: Node) -> set[str]:
        modifiers = _child(node, "modifiers")
        return set(self._source.of(modifiers).split()) if modifiers is not None else set()

    def _name(self, node: Node) -> str | None:
        name = node.child_by_field_name("name") or _child(node, "identifier")
        return self._source.of(name).strip("`") if name is not None and not name.is_missing else None

    def _parameters(self, node: Node) -> tuple[str, ...]:
        if node.type == "primary_constructor":
            node = _child(node, "class_parameters") or node
        found = (_child(child, "identifier") for child in node.named_children if child.type.endswith("parameter"))
        return tuple(self._source.of(name).strip("`") for name in found if name is not None)


def _child(node: Node, *types: str) -> Node | None:
    return next((child for child in node.children if child.type in types), None)
