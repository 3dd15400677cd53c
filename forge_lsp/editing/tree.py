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
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

__all__ = ["Grammars", "ParsedText"]

# One entry a grammar: module and the function in it that answers the language.
_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "javascript": ("tree_sitter_javascript", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
}
_BY_LANGUAGE: dict[Language, tuple[str, ...]] = {
    PYTHON: ("python",),
    CSHARP: ("csharp",),
    # The language id does not tell .ts from .tsx: <T>x is a cast in one and an element in the other.
    TYPESCRIPT: ("typescript", "tsx"),
    JAVASCRIPT: ("javascript",),
    JAVA: ("java",),
    # A .h may hold either language, and editors call it C.
    C: ("c", "cpp"),
    CPP: ("cpp",),
    GO: ("go",),
    RUST: ("rust",),
}
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
        self._parsers: dict[str, Parser] = {}
        self._queries: dict[tuple[str, str], Query] = {}

    @staticmethod
    def knows(language: Language) -> bool:
        """Whether there is a grammar for ``language``."""
        return language in _BY_LANGUAGE

    def parse(self, text: str, language: Language, *, base: int = 0) -> ParsedText:
        """Parse ``text``; with several grammars for a language, the first that reads it without an error.

        Raises KeyError for a language without a grammar.
        """
        clean = _LONE_CR.sub("\n", text) if "\r" in text else text
        clean = _UNENCODABLE.sub(" ", clean)
        data = clean.encode()
        offsets = ByteOffsets(clean)
        first: Node | None = None
        for grammar in _BY_LANGUAGE[language]:
            root = self._parser(grammar).parse(data).root_node
            if not root.has_error:
                return ParsedText(text, data, offsets, root, base)
            first = first or root
        assert first is not None
        return ParsedText(text, data, offsets, first, base)

    def matches(self, text: str, language: Language, queries: Mapping[str, str]) -> list[dict[str, list[Node]]]:
        """What a query finds in ``text``: the captures of each match. ``queries`` are by grammar; the first grammar
        that reads the text without an error is taken, else the first. A lone ``\\r`` ends a line."""
        clean = _LONE_CR.sub("\n", text) if "\r" in text else text
        data = _UNENCODABLE.sub(" ", clean).encode()
        first: tuple[str, Node] | None = None
        for grammar in _BY_LANGUAGE[language]:
            root = self._parser(grammar).parse(data).root_node
            first = first or (grammar, root)
            if not root.has_error:
                first = (grammar, root)
                break
        assert first is not None
        import tree_sitter

        grammar, root = first
        cursor = tree_sitter.QueryCursor(self._query(grammar, queries[grammar]))
        return [captures for _, captures in cursor.matches(root)]

    def _query(self, grammar: str, text: str) -> Query:
        if (grammar, text) not in self._queries:
            import tree_sitter

            language = self._parser(grammar).language
            assert language is not None
            self._queries[grammar, text] = tree_sitter.Query(language, text)
        return self._queries[grammar, text]

    def _parser(self, grammar: str) -> Parser:
        if grammar not in self._parsers:
            import tree_sitter

            module, function = _GRAMMARS[grammar]
            make = cast("Callable[[], object]", getattr(import_module(module), function))
            self._parsers[grammar] = tree_sitter.Parser(tree_sitter.Language(make()))
        return self._parsers[grammar]
