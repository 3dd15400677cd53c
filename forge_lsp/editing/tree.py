"""A parsed text: tree-sitter's nodes, and ranges in code points. The one file that imports tree-sitter.

tree-sitter and its grammars are imported when a text of their language is first parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from forge_lsp.core.languages import Language
from forge_lsp.core.task import TextRange
from forge_lsp.editing.lines import ByteOffsets

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

__all__ = ["Grammars", "ParsedText"]

# What the parser would stumble over, replaced by something of the same length in code points: a lone \r is a line
# end to editors but not to every grammar; NUL reads as the end of the text; lone surrogates have no UTF-8 form.
_LONE_CR = re.compile(r"\r(?!\n)")
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")


class ParsedText:
    """One text and its tree. Ranges are code points of the text that was asked about, ``base`` added."""

    __slots__ = ("_base", "_data", "_offsets", "root", "text")

    def __init__(self, text: str, data: bytes, offsets: ByteOffsets, root: Node, base: int) -> None:
        self.text = text
        self.root = root
        self._data = data
        self._offsets = offsets
        self._base = base

    def start(self, node: Node) -> int:
        """Where a node starts."""
        return self._offsets.point(node.start_byte) + self._base

    def end(self, node: Node) -> int:
        """Where a node ends, white space at its end left out (some grammars include a line ending)."""
        data, end = self._data, node.end_byte
        while end > node.start_byte and data[end - 1] in b" \t\r\n\f":
            end -= 1
        return self._offsets.point(end) + self._base

    def range(self, node: Node) -> TextRange:
        """A node's range."""
        start = self.start(node)
        return TextRange(start=start, end=max(start, self.end(node)))

    def of(self, node: Node) -> str:
        """A node's text."""
        return self.slice(self.start(node), max(self.start(node), self.end(node)))

    def slice(self, start: int, end: int) -> str:
        """Text between two offsets as :meth:`start` and :meth:`end` give them."""
        return self.text[start - self._base : end - self._base]

    def before_on_line(self, offset: int) -> str:
        """What stands before ``offset`` on its line."""
        local = offset - self._base
        line = max(self.text.rfind("\n", 0, local), self.text.rfind("\r", 0, local)) + 1
        return self.text[line:local]

    def errors(self) -> Iterator[TextRange]:
        """The outermost ranges that do not parse, in order; empty ones where something is missing."""
        stack = [self.root] if self.root.has_error else []
        while stack:
            node = stack.pop()
            if node.is_error or node.is_missing:
                yield self.range(node)
            else:
                stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)

    def find(self, *types: str) -> Iterator[Node]:
        """Every node of the given types that lies in no other of them, in order."""
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.type in types:
                yield node
            else:
                stack.extend(reversed(node.named_children))


class Grammars:
    """Parsers by grammar, made on first use."""

    def __init__(self) -> None:
        self._parsers: dict[tuple[str, str], Parser] = {}
        self._queries: dict[tuple[str, tuple[str, str]], Query] = {}

    def parse(self, text: str, language: Language, *, base: int = 0) -> ParsedText:
        """Parse ``text``; with several grammars for a language, the first that reads it without an error.

        Raises KeyError for a language without a grammar.
        """
        clean = _cleaned(text, language)
        data = clean.encode()
        return ParsedText(text, data, ByteOffsets(clean), self._read(data, language)[1], base)

    def matches(self, text: str, language: Language, queries: Mapping[str, str]) -> list[dict[str, list[Node]]]:
        """What a query finds in ``text``: the captures of each match. ``queries`` are by grammar, which is chosen as
        for :meth:`parse`. A lone ``\\r`` ends a line. Without queries nothing is parsed."""
        if not queries:
            return []
        import tree_sitter

        grammar, root = self._read(_cleaned(text, language).encode(), language)
        query = self._query(queries[grammar], language.editing().grammars[grammar])
        return [captures for _, captures in tree_sitter.QueryCursor(query).matches(root)]

    def _read(self, data: bytes, language: Language) -> tuple[str, Node]:
        """The grammar that was taken, and the tree's root."""
        first: tuple[str, Node] | None = None
        for name, source in language.editing().grammars.items():
            root = self._parser(source).parse(data).root_node
            if not root.has_error:
                return name, root
            first = first or (name, root)
        if first is None:
            raise KeyError(language.id)
        return first

    def _query(self, text: str, source: tuple[str, str]) -> Query:
        if (text, source) not in self._queries:
            import tree_sitter

            language = self._parser(source).language
            assert language is not None
            self._queries[text, source] = tree_sitter.Query(language, text)
        return self._queries[text, source]

    def _parser(self, source: tuple[str, str]) -> Parser:
        if source not in self._parsers:
            import tree_sitter

            module, function = source
            make = cast("Callable[[], object]", getattr(import_module(module), function))
            self._parsers[source] = tree_sitter.Parser(tree_sitter.Language(make()))
        return self._parsers[source]


def _cleaned(text: str, language: Language) -> str:
    clean = _UNENCODABLE.sub(" ", _LONE_CR.sub("\n", text) if "\r" in text else text)
    repaired = language.editing().repaired
    return repaired(clean) if repaired is not None else clean
