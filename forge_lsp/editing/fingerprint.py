"""Digests of code that a formatter does not change: of the syntax tree's leaves, and of how they are grouped.

Left out: white space, trailing commas, semicolons where the language needs none, parentheses that only group (the
grouping itself counts), a string's kind of quotes and, in comments and Python's triple-quoted strings, white space.
Blocks are groups, so that Python's indentation counts as far as it means something.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ItemKind
from forge_lsp.core.task import TextRange
from forge_lsp.editing.lines import Lines
from forge_lsp.editing.outline import COMMENTS
from forge_lsp.editing.selecting import SelectedItem, walk
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.editing.tree import Grammars
from forge_lsp.reading import table_beside

if TYPE_CHECKING:
    from tree_sitter import Node

    from forge_lsp.editing.tree import ParsedText

__all__ = ["ComparedText", "NormalToken"]

_KINDS = table_beside(__file__, "node_kinds.toml")
_STRINGS, _NUMBERS = frozenset[str](_KINDS["strings"]), frozenset[str](_KINDS["numbers"])
_GROUPING, _ALWAYS_GROUPS = frozenset[str](_KINDS["grouping"]), frozenset[str](_KINDS["always_groups"])
_PARENTHESES = ("(", ")")
_CLOSING = frozenset(")]}>")
_ESCAPED_QUOTE = re.compile(r"\\(['\"])")
_STRING = re.compile(r"([a-zA-Z]*)(\"{3}|'{3}|\"|')(.*)\2", re.S)


@dataclass(frozen=True, slots=True)
class NormalToken:
    """A token: its place in the text, and what it says once normalised."""

    start: int
    end: int
    text: str


class ComparedText:
    """One text as it is compared with another. Takes some 50 ms for 10 KB: it is meant for a thread.

    ``key`` (at most 64 bytes) makes its digests comparable with those of the same key alone. Shares no parser with
    anybody, so that nobody waits for it.
    """

    def __init__(self, text: str, language: Language, key: bytes) -> None:
        self.text = text
        self._language = language
        self._key = key
        outline = TreeSitterSyntax().outline(text, language)
        self.definitions: tuple[SelectedItem, ...] = tuple(
            found
            for found in walk(outline.items, text, language.editing().overload)
            if found.item.name is not None and found.item.kind is not ItemKind.IMPORT
        )
        imports = [item.range for item in outline.items if item.kind is ItemKind.IMPORT]
        self._events = list(_events(Grammars().parse(text, language), language, imports))

    @cached_property
    def leaves(self) -> tuple[NormalToken, ...]:
        """All tokens in order, those of imports left out."""
        return tuple(NormalToken(event.start, event.end, event.text) for event in self._events if event.is_token)

    def digest(self, place: TextRange) -> bytes:
        """What stands at ``place``."""
        parts: list[str] = []
        for at in range(bisect_left(self._events, place.start, key=lambda event: event.at), len(self._events)):
            event = self._events[at]
            if event.at > place.end:
                break
            inside = place.start <= event.start and event.end <= place.end
            if inside and (event.is_token or (event.start, event.end) != (place.start, place.end)):
                parts.append(event.text)
        return self.of(*parts)

    def of(self, *words: str) -> bytes:
        """A digest of words."""
        return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def between(self, place: TextRange) -> Sequence[NormalToken]:
        """The tokens at ``place``."""
        first = bisect_left(self.leaves, place.start, key=lambda leaf: leaf.start)
        last = bisect_left(self.leaves, place.end, key=lambda leaf: leaf.start)
        return self.leaves[first:last]

    def lines(self, leaves: Sequence[NormalToken]) -> frozenset[bytes]:
        """Digests of the lines that tokens stand on; lines of one token are left out, most of which are brackets."""
        lines = Lines(self.text)
        found: dict[int, list[str]] = {}
        for leaf in leaves:
            found.setdefault(lines.at(leaf.start), []).append(leaf.text)
        return frozenset(self.of(*words) for words in found.values() if len(words) > 1)


class _Event(NamedTuple):
    """A token, or the begin or the end of a group: ``at`` is where that is, ``start`` and ``end`` are of the whole."""

    at: int
    start: int
    end: int
    text: str
    is_token: bool


def _events(parsed: ParsedText, language: Language, imports: Sequence[TextRange]) -> Iterator[_Event]:
    """In order, so that ``at`` never falls."""
    starts = [place.start for place in imports]
    support = language.editing()
    stack: list[Node | _Event] = [parsed.root]
    while stack:
        node = stack.pop()
        if isinstance(node, _Event):
            yield node
            continue
        kind = node.type
        if kind == "line_continuation":
            continue
        is_token = not node.child_count or kind in _STRINGS or kind in COMMENTS
        kept = () if is_token else tuple(_kept(node, kind, support.semicolons))
        if len(kept) == 1 and kind not in _ALWAYS_GROUPS:
            stack.append(kept[0])
            continue
        start = parsed.start(node)
        end = max(start, parsed.end(node))
        nearest = bisect_right(starts, start) - 1
        if nearest >= 0 and end <= imports[nearest].end:
            continue
        if is_token:
            text = _words(parsed.slice(start, end), kind, support.same_quotes)
            if text:
                yield _Event(start, start, end, text, True)
            continue
        yield _Event(start, start, end, "\1", False)
        stack.append(_Event(end, start, end, "\2", False))
        stack.extend(reversed(kept))


def _kept(node: Node, kind: str, semicolons: bool) -> Iterator[Node]:
    """The children that say something."""
    children = node.children
    groups = kind in _GROUPING or (
        # x => x and (x) => x
        kind == "formal_parameters"
        and node.named_child_count == 1
        and node.parent is not None
        and node.parent.type == "arrow_function"
    )
    for index, child in enumerate(children):
        mark = child.type
        if mark in _PARENTHESES and groups and node.named_child_count:
            continue
        if mark == ";" and not semicolons and kind != "for_clause":
            continue
        if mark == ",":
            following = next((other.type for other in children[index + 1 :] if other.type not in COMMENTS), ")")
            if following in _CLOSING:
                continue
        yield child


def _words(text: str, kind: str, same_quotes: bool) -> str:
    if kind in COMMENTS:
        return "".join(text.split())
    if kind in _NUMBERS:
        return text.lower()
    if kind not in _STRINGS:
        return " ".join(text.split())
    match = _STRING.fullmatch(text) if same_quotes else None
    if match is None:
        return text
    quotes, body = match[2], match[3]
    prefix = match[1].lower().replace("u", "")
    if len(quotes) == 3:
        return f'{prefix}"""{" ".join(body.split())}"""'
    plain = _ESCAPED_QUOTE.sub(r"\1", body)
    return f'{prefix}"{plain}"'
