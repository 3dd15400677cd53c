"""The outline of C and C++ text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Outline, Parser, SyntaxTree
from forge_lsp.core.task import TextRange
from forge_lsp.editing.outline import (
    COMMENTS,
    TreeReader,
    all_stubs,
    build_items,
    comments_in,
    has_todo,
    members_alone,
    real_statements,
)
from forge_lsp.languages.c_family import C

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["outline_c"]

_TYPES = ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier")
_CONDITIONS = ("preproc_if", "preproc_ifdef", "preproc_elif", "preproc_elifdef", "preproc_else")
_WRAPPERS = ("pointer_declarator", "reference_declarator", "parenthesized_declarator", "attributed_declarator")
_GIVES_UP = re.compile(
    r"(?:(?:std::)?(?:abort|terminate|exit|_Exit)\s*\([^()]*\)|__builtin_(?:trap|unreachable)\s*\(\)|"
    r"assert\s*\(\s*(?:0|false)\b[^;]*\)|std::unreachable\s*\(\))\s*;"
)
_NOT_IMPLEMENTED = re.compile(r"throw\b.*?(?:not[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|\bTODO\b)", re.I | re.S)
_DEFAULT = re.compile(
    r"return(?:\s*(?:[-+]?[01](?:\.0?)?[fFuUlL]*|NULL|nullptr|false|true|\"\"|'\\0'|\{\s*\}|[\w:<>]+\s*(?:\{\s*\}|\(\s*\))|"
    r"\([^()]*\)\s*\{\s*0?\s*\}))?\s*;"
)
_UNUSED = re.compile(r"(?:\(void\)\s*\(?\w+\)?|UNUSED\s*\(\s*\w+\s*\)|std::ignore\s*=\s*\w+)\s*;")
# A macro before a declaration (EXPORT int f(void)), which no grammar can know to be none of the declaration's words.
_MACRO = re.compile(r"^[ \t]*(?:[A-Z][A-Z0-9_]{2,}(?:[ \t]*\([^()\n]*\))?[ \t]+)+(?=[a-z_]\w*[\s*&:<]+[\w*&])", re.M)
_MACROS_ONLY = re.compile(r"[ \t]*(?P<words>(?:[A-Z][A-Z0-9_]{2,}(?:[ \t]*\([^()\n]*\))?[ \t]+)+)")


def outline_c(text: str, language: Language, parser: Parser) -> Outline:
    """Items and errors; namespaces, ``extern "C"`` and preprocessor conditions are transparent.

    A definition outside of its class is called as it is written (``Stack::push``). A fragment that reads only as
    members of a class is read so. Macros before a declaration are no errors.
    """
    plain = _Reader(parser.parse(text, language)).module()
    if not plain.errors:
        return plain
    cleaned = _MACRO.sub(lambda match: " " * len(match[0]), text)
    if cleaned != text:
        parsed = parser.parse(cleaned, language)
        parsed.text = text
        fixed = _Reader(parsed).module()
        if len(fixed.errors) < len(plain.errors):
            plain = fixed
    if not plain.errors or language == C:
        return plain
    return members_alone(_Reader, text, language, parser) or plain


class _Reader(TreeReader):
    """Reads one tree."""

    before_header = (*COMMENTS, "attribute_declaration")
    within = ("struct _ {\n", "\n};", "struct_specifier")

    def members(self, node: Node) -> tuple[Item, ...]:
        """The members of a class or a namespace."""
        body = node.child_by_field_name("body")
        return self.block(body.named_children, inside=True) if body is not None else ()

    def block(self, nodes: Sequence[Node], *, inside: bool = False) -> tuple[Item, ...]:
        return build_items(nodes, self._source, lambda node: self._describe(node, inside=inside))

    def _describe(self, node: Node, outer: Node | None = None, *, inside: bool = False) -> Iterable[Item]:
        """``outer`` is the declaration whose range counts (a template's); ``inside`` that it is a class's member."""
        kind, outer = node.type, outer or node
        place = self._place(outer)
        if kind in ("preproc_include", "using_declaration", "import_declaration"):
            yield Item(kind=ItemKind.IMPORT, range=place)
        elif kind in ("preproc_def", "preproc_function_def"):
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        elif kind == "namespace_definition":
            body = node.child_by_field_name("body")
            yield from self.block(body.named_children) if body is not None else ()
        elif kind == "linkage_specification":
            yield from self._linked(node)
        elif kind in _CONDITIONS:
            yield from self._condition(node, inside=inside)
        elif kind == "template_declaration":
            inner = node.named_children[-1] if node.named_children else None
            if inner is not None:
                yield from self._describe(inner, outer, inside=inside)
        elif kind in _TYPES:
            yield self._type(node, outer)
        elif kind == "type_definition":
            yield self._typedef(node, outer)
        elif kind in ("alias_declaration", "concept_definition", "namespace_alias_definition"):
            yield Item(kind=ItemKind.ASSIGNMENT, range=place, name=self._name(node))
        elif kind in ("function_definition", "declaration", "field_declaration"):
            yield self._declared(node, outer, inside=inside)
        elif kind != "access_specifier":
            yield self._other(node, place)

    def _linked(self, node: Node) -> Iterator[Item]:
        body = node.child_by_field_name("body")
        if body is not None and body.type == "declaration_list":
            yield from self.block(body.named_children)
        elif body is not None:
            yield from self._describe(body, node, inside=False)

    def _condition(self, node: Node, *, inside: bool) -> Iterator[Item]:
        """What stands under a condition; its includes are imports only where the condition is an include guard."""
        children = [child for child in node.named_children if child.type not in COMMENTS]
        name = node.child_by_field_name("name")
        guard = (
            node.type == "preproc_ifdef"
            and len(children) > 1
            and children[1].type == "preproc_def"
            and name is not None
            and self._source.of(name) == self._name(children[1])
            and node.child_by_field_name("alternative") is None
        )
        skipped = (node.child_by_field_name("name"), node.child_by_field_name("condition"))
        nodes = [child for child in node.named_children if child not in skipped]
        for item in self.block(nodes, inside=inside):
            if guard or item.kind is not ItemKind.IMPORT:
                yield item
            else:
                yield replace(item, kind=ItemKind.OTHER)

    def _type(self, node: Node, outer: Node) -> Item:
        body = node.child_by_field_name("body")
        if body is None:  # class K;
            return Item(kind=ItemKind.OTHER, range=self._place(outer))
        name = self._name(node)
        children = () if node.type == "enum_specifier" else self.members(node)
        methods = [c for c in children if c.kind is ItemKind.FUNCTION and c.name not in (name, f"~{name}")]
        bodies = [method for method in methods if method.body is not None]
        empty = not children and node.type in ("struct_specifier", "class_specifier")
        return Item(
            kind=ItemKind.CLASS,
            range=self._place(outer),
            name=name,
            signature=self._signature(outer, body),
            body=self._source.range(body),
            stub=empty or (len(bodies) == len(methods) and all_stubs(bodies)),
            children=children,
        )

    def _typedef(self, node: Node, outer: Node) -> Item:
        declarator, inner = node.child_by_field_name("declarator"), node.child_by_field_name("type")
        name = _leaf(declarator, self._source) if declarator is not None else None
        if inner is not None and inner.type in _TYPES and inner.child_by_field_name("body") is not None:
            found = self._type(inner, outer)
            return replace(found, range=self._place(outer), name=name, stub=False)
        return Item(kind=ItemKind.ASSIGNMENT, range=self._place(outer), name=name)

    def _declared(self, node: Node, outer: Node, *, inside: bool) -> Item:
        """A function, its prototype, a variable, or a field."""
        source = self._source
        place = self._place(outer)
        declarator = node.child_by_field_name("declarator")
        kind = node.child_by_field_name("type")
        is_function = node.type == "function_definition"
        if (
            not is_function
            and kind is not None
            and kind.type in _TYPES
            and kind.child_by_field_name("body") is not None
        ):
            found = self._type(kind, outer)
            return found if found.name else replace(found, name=_leaf(declarator, source) if declarator else None)
        if declarator is not None and declarator.type == "operator_cast":
            function = declarator
        else:
            function = _function(declarator) if declarator is not None else None
        body = node.child_by_field_name("body")
        if function is None:
            name = _leaf(declarator, source) if declarator is not None else None
            return Item(kind=ItemKind.OTHER if is_function else ItemKind.ASSIGNMENT, range=place, name=name)
        inner = function.child_by_field_name("declarator")
        parameters = function.child_by_field_name("parameters")
        first = next((c for c in node.children if c.type == "field_initializer_list"), None) or body
        missing = any(child.type == ";" and child.is_missing for child in node.children)
        name = " ".join(source.of(inner).split()) if inner is not None else None
        if function.type == "operator_cast":
            name = " ".join(source.of(function).partition("(")[0].split())
        special = kind is None or (name or "").rpartition("::")[2].startswith(("~", "operator"))
        return Item(
            kind=ItemKind.FUNCTION,
            range=place,
            name=name,
            parameters=_parameters(parameters, source) if parameters is not None else None,
            signature=self._signature(outer, first),
            body=source.range(body) if body is not None else None,
            stub=missing if body is None else self._does_nothing(node, body, special=special, inside=inside),
        )

    def _does_nothing(self, node: Node, body: Node, *, special: bool, inside: bool) -> bool:
        """``special``: a constructor, a destructor or an operator, ``inside``: a method in its class; those may be
        empty for good."""
        source = self._source
        if body.type != "compound_statement":
            return False
        statements = [s for s in real_statements(body) if not _UNUSED.fullmatch(source.of(s))]
        todo = has_todo(comments_in(body, source))
        kind = node.child_by_field_name("type")
        declarator = node.child_by_field_name("declarator")
        plain = declarator is not None and declarator.type == "function_declarator"
        void = kind is not None and source.of(kind) == "void" and plain
        if not statements:
            return todo or not (special or (void and inside))
        texts = [source.of(statement) for statement in statements]
        if len(texts) == 1 and _NOT_IMPLEMENTED.match(texts[0]):
            return True
        gives_up = any(_GIVES_UP.fullmatch(text) for text in texts)
        idle = all(_GIVES_UP.fullmatch(text) or _DEFAULT.fullmatch(text) for text in texts)
        return idle and len(texts) <= 2 and (todo or (gives_up and not void and not special))

    def _place(self, node: Node) -> TextRange:
        """A declaration's range, with the semicolon that some grammars leave beside it."""
        found = self._source.range(node)
        start, end = self._begin(found.start), found.end
        after = node.next_sibling
        if node.type in (*_TYPES, "template_declaration") and after is not None and after.type == ";":
            end = max(end, self._source.end(after))
        return TextRange(start=start, end=end)

    def _begin(self, start: int) -> int:
        """``start``, or where the macros begin that stand before it on its line and were hidden from the grammar."""
        macros = _MACROS_ONLY.fullmatch(self._source.before_on_line(start))
        return start - len(macros["words"]) if macros is not None else start

    def _signature(self, node: Node, body: Node | None) -> str:
        """The header as written, ``template <...>`` included, attributes before it left out."""
        start = self._source.start(node)
        for child in node.children:
            if child.type not in ("attribute_declaration", *COMMENTS):
                start = self._begin(self._source.start(child))
                break
        return self._header(node, body, start)


def _inner(node: Node) -> Node | None:
    found = node.child_by_field_name("declarator")
    return found if found is not None else next(iter(reversed(node.named_children)), None)


def _function(node: Node) -> Node | None:
    """The declarator of a function below pointers and references to what it returns; None for a variable."""
    while node.type in _WRAPPERS:
        inner = _inner(node)
        if inner is None:
            return None
        node = inner
    if node.type != "function_declarator":
        return None
    inner = node.child_by_field_name("declarator")
    if inner is not None and inner.type == "parenthesized_declarator":
        return None if (below := _inner(inner)) is None or below.type == "pointer_declarator" else node
    return node


def _leaf(node: Node, source: SyntaxTree) -> str | None:
    """The name at the bottom of a declarator."""
    found: Node | None = node
    while found is not None and "declarator" in found.type:
        found = _inner(found)
    return source.of(found) if found is not None and not found.is_missing else None


def _parameters(node: Node, source: SyntaxTree) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children:
        if child.type == "variadic_parameter":
            names.append("...")
        elif child.type.endswith("parameter_declaration"):
            declarator = child.child_by_field_name("declarator")
            if declarator is not None:
                names.append(_leaf(declarator, source) or source.of(declarator))
            elif source.of(child) != "void":
                names.append("")
    return tuple(names)
