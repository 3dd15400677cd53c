"""The outline of Python text, unfinished code included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.domain.ports import Item, ItemKind, Outline
from forge_lsp.domain.task import Language, TextRange
from forge_lsp.source.lines import Lines, is_blank, leading_space
from forge_lsp.source.outline import build_items, comments_in, has_todo, real_statements

if TYPE_CHECKING:
    from tree_sitter import Node

    from forge_lsp.source.tree import Grammars, ParsedText

__all__ = ["outline_python"]

_DEFINED = (ItemKind.FUNCTION, ItemKind.CLASS)
_IMPORTS = ("import_statement", "import_from_statement", "future_import_statement")
_COMPOUND = ("if_statement", "try_statement", "with_statement", "for_statement", "while_statement", "match_statement")
_NOT_A_STUB = re.compile(r"@\s*(?:\w+\.)*(?:overload|abstractmethod|abstractproperty)\b")
_DEFAULT = re.compile(r"""return(?:\s+(?:None|True|False|0(?:\.0)?|-1|""|''|\[\]|\{\}|\(\)))?""")
_STARTS = re.compile(r"(?:async\s+def|def|class)\b|@")


def outline_python(text: str, grammars: Grammars) -> Outline:
    """Items and errors. Where one unfinished statement swallows the definitions after it, these are parsed apart."""
    whole = grammars.parse(text, Language.PYTHON)
    reader = _Reader(whole)
    items, errors = reader.module()
    if not errors or not _swallowed(text, errors, items):
        return Outline(items=items, errors=errors)
    found: list[Item] = []
    broken: list[TextRange] = []
    for chunk in _chunks(text, 0, ""):
        part, wrong = _chunk(text, chunk, grammars)
        found.extend(part)
        broken.extend(wrong)
    return Outline(items=tuple(found), errors=tuple(broken) or errors)


def _swallowed(text: str, errors: Sequence[TextRange], items: Sequence[Item]) -> bool:
    """Whether a definition that a line starts is not among the items."""
    known = _starts(items)
    lines = Lines(text)
    for error in errors:
        first, last = lines.of(error)
        for number in range(first, last + 1):
            line = lines.line(number)
            if _STARTS.match(line.strip()) and lines.start(number) + len(leading_space(line)) not in known:
                return True
    return False


def _starts(items: Sequence[Item]) -> set[int]:
    found: set[int] = set()
    for item in items:
        if item.kind in _DEFINED:
            found.add(item.range.start)
        found |= _starts(item.children)
    return found


def _chunks(text: str, start: int, indent: str, end: int | None = None) -> Iterator[TextRange]:
    """``text`` cut before every line that starts a definition at ``indent`` (decorators lead)."""
    lines = Lines(text)
    begin = start
    leading = False
    for number in range(lines.at(start), len(lines)):
        at = lines.start(number)
        if end is not None and at >= end:
            break
        line = lines.line(number)
        if is_blank(line) or leading_space(line) != indent:
            continue
        lead = line[len(indent) :]
        starts = _STARTS.match(lead) is not None or (not indent and not lead.startswith((")", "]", "}", "#")))
        if starts and not leading and at > begin:
            yield TextRange(start=begin, end=at)
            begin = at
        leading = lead.startswith("@")
    yield TextRange(start=begin, end=len(text) if end is None else end)


def _chunk(text: str, chunk: TextRange, grammars: Grammars) -> tuple[tuple[Item, ...], tuple[TextRange, ...]]:
    parsed = grammars.parse(chunk.of(text), Language.PYTHON, base=chunk.start)
    items, errors = _Reader(parsed).module()
    header = _class_header(text, chunk) if errors else None
    if header is None:
        return (_rescued(text, chunk, grammars) if errors else ()) or items, errors
    # A class with a broken method: each method is read with all the others blanked out.
    body_start, indent = header
    members: list[Item] = []
    broken: list[TextRange] = []
    outer: Item | None = None
    for part in _chunks(text, body_start, indent, chunk.end):
        blanked = text[chunk.start : body_start] + re.sub(r"[^\r\n]", " ", text[body_start : part.start])
        masked = grammars.parse(blanked + part.of(text), Language.PYTHON, base=chunk.start)
        found, wrong = _Reader(masked).module()
        broken.extend(error for error in wrong if error.end >= part.start)
        klass = next((item for item in found if item.kind is ItemKind.CLASS), None)
        outer = outer or klass
        members.extend((_rescued(text, part, grammars) if wrong else ()) or (klass.children if klass else ()))
    outer = outer or next(iter(_rescued(text, chunk, grammars)), None)
    if outer is None:
        return items, errors
    last = Lines(text).of(chunk)[1]
    lines = Lines(text)
    while last > 0 and lines.blank(last):
        last -= 1
    whole = TextRange(start=outer.range.start, end=max(outer.range.end, lines.end(last)))
    body = TextRange(start=body_start, end=whole.end)
    return (replace(outer, range=whole, body=body, children=tuple(members), stub=False),), tuple(broken)


def _rescued(text: str, part: TextRange, grammars: Grammars) -> tuple[Item, ...]:
    """The definition whose header ``part`` starts with, when its broken body keeps the grammar from seeing it."""
    lines = Lines(text)
    first, last = lines.of(part)
    while last > first and lines.blank(last):
        last -= 1
    number = first
    while number < last and not re.match(r"\s*(?:async\s+def|def|class)\b", lines.line(number)):
        if not lines.blank(number) and not lines.line(number).lstrip().startswith(("@", "#")):
            return ()
        number += 1
    start = lines.start(number) + len(leading_space(lines.line(number)))
    while number <= last and not lines.line(number).split("#")[0].rstrip().endswith(":"):
        number += 1
    if number > last:
        return ()
    end = lines.start(number) + len(lines.line(number).split("#")[0].rstrip())
    header = _Reader(grammars.parse(text[start:end] + " 0", Language.PYTHON, base=start)).module()
    if header[1] or len(header[0]) != 1 or header[0][0].kind not in _DEFINED:
        return ()
    while lines.blank(first):
        first += 1
    whole = TextRange(start=lines.start(first) + len(leading_space(lines.line(first))), end=max(end, lines.end(last)))
    return (replace(header[0][0], range=whole, body=TextRange(start=end, end=whole.end)),)


def _class_header(text: str, chunk: TextRange) -> tuple[int, str] | None:
    """Where the body of the class that ``chunk`` holds starts, and its indentation."""
    lines = Lines(text)
    first, last = lines.of(chunk)
    while first <= last and not re.match(r"class\b", lines.line(first)):
        if not is_blank(lines.line(first)) and not lines.line(first).startswith(("@", "#", "\ufeff")):
            return None
        first += 1
    while first <= last and not lines.line(first).split("#")[0].rstrip().endswith(":"):
        first += 1
    for number in range(first + 1, last + 1):
        line = lines.line(number)
        if not is_blank(line):
            indent = leading_space(line)
            return (lines.start(first + 1), indent) if indent else None
    return None


class _Reader:
    """Reads one tree."""

    def __init__(self, source: ParsedText) -> None:
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
            inner = [item for item in self._block(node.children) if item.kind in _DEFINED]
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
            if child.type == "block":
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
        if item.kind in _DEFINED:
            yield item
        elif item.kind is ItemKind.OTHER:
            yield from item.children


def _name(node: Node, source: ParsedText) -> str | None:
    name = node.child_by_field_name("name")
    return source.of(name) if name is not None and not name.is_missing else None


def _parameters(node: Node, source: ParsedText) -> tuple[str, ...]:
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


def _does_nothing(body: Node, text: str, source: ParsedText) -> bool:
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


def _is_placeholder(node: Node, source: ParsedText) -> bool:
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


def _is_ellipsis(body: Node, source: ParsedText) -> bool:
    return [source.of(node) for node in real_statements(body) if not _is_string(node)] in ([], ["..."])
