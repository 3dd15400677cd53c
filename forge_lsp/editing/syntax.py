"""Parsing without running: the structure of a text by tree-sitter, in any state of completion."""

from __future__ import annotations

import threading

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Outline
from forge_lsp.core.task import TextRange
from forge_lsp.editing.tree import Grammars
from forge_lsp.recent import Recent

__all__ = ["TreeSitterSyntax"]

_REMEMBERED = 16


class TreeSitterSyntax:
    """The Syntax port. Safe to use from several threads; remembers the outlines of the last few texts."""

    def __init__(self) -> None:
        self._grammars = Grammars()
        self._lock = threading.Lock()
        self._outlines = Recent[tuple[Language, str], Outline](_REMEMBERED)

    def outline(self, text: str, language: Language) -> Outline:
        """The structure of ``text``. A language without a grammar has no items and no errors.

        A function's ``children`` are the functions and classes nested in it; those of an ``OTHER`` item are the
        definitions inside a compound statement (``if``, ``try``). ``signature`` is the header as written:
        decorators, attributes and the opening brace left out, Python's colon included.
        """
        read = language.editing().outline
        if read is None:
            return Outline(items=())
        key = (language, text)
        with self._lock:
            known = self._outlines.get(key)
            if known is None:
                known = read(text, language, self._grammars)
            self._outlines[key] = known
        return known

    def multiline_strings(self, text: str, language: Language) -> tuple[TextRange, ...]:
        """String literals that span lines, in order: where white space at the start of a line is data."""
        support = language.editing()
        if support.strings is not None:
            # Not by the tree: a fragment's indentation may keep it from parsing, and a string is a string still.
            found = (TextRange(start=m.start(), end=m.end()) for m in support.strings.finditer(text) if m.group(1))
        elif support.string_nodes:
            with self._lock:
                parsed = self._grammars.parse(text, language)
                found = iter([parsed.range(node) for node in parsed.find(*support.string_nodes)])
        else:
            return ()
        return tuple(place for place in found if "\n" in place.of(text) or "\r" in place.of(text))
