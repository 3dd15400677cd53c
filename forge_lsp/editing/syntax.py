"""Parsing without running: the structure of a text by tree-sitter, in any state of completion."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Outline
from forge_lsp.core.task import TextRange
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.outline import outline_c
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.outline import outline_csharp
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.outline import outline_ecmascript
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.outline import outline_go
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.outline import outline_java
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.outline import outline_python
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.outline import outline_rust

__all__ = ["TreeSitterSyntax"]

# A Python comment, or a string; group 2 holds the quotes of a triple-quoted one.
_PYTHON_STRING = re.compile(
    r"""\#[^\r\n]*|[a-zA-Z]{0,2}(?:(\"{3}|'{3})(?:\\.|(?!\1).)*?(?:\1|\Z)|"(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?)""",
    re.S,
)
_STRINGS = {
    CSHARP: (
        "string_literal",
        "verbatim_string_literal",
        "raw_string_literal",
        "interpolated_string_expression",
    ),
    TYPESCRIPT: ("template_string", "string"),
    JAVASCRIPT: ("template_string", "string"),
    JAVA: ("string_literal",),
    C: ("string_literal", "raw_string_literal"),
    CPP: ("string_literal", "raw_string_literal"),
    GO: ("raw_string_literal",),
    RUST: ("string_literal", "raw_string_literal"),
}
_REMEMBERED = 16


class TreeSitterSyntax:
    """The Syntax port. Safe to use from several threads; remembers the outlines of the last few texts."""

    def __init__(self) -> None:
        self._grammars = Grammars()
        self._lock = threading.Lock()
        self._outlines: OrderedDict[tuple[Language, str], Outline] = OrderedDict()

    def outline(self, text: str, language: Language) -> Outline:
        """The structure of ``text``. A language without a grammar has no items and no errors.

        A function's ``children`` are the functions and classes nested in it; those of an ``OTHER`` item are the
        definitions inside a compound statement (``if``, ``try``). ``signature`` is the header as written:
        decorators, attributes and the opening brace left out, Python's colon included.
        """
        if not self._grammars.knows(language):
            return Outline(items=())
        key = (language, text)
        with self._lock:
            known = self._outlines.get(key)
            if known is None:
                known = self._outlines[key] = self._read(text, language)
                while len(self._outlines) > _REMEMBERED:
                    self._outlines.popitem(last=False)
            else:
                self._outlines.move_to_end(key)
        return known

    def multiline_strings(self, text: str, language: Language) -> tuple[TextRange, ...]:
        """String literals that span lines, in order: where white space at the start of a line is data."""
        if language is PYTHON:
            # Not by the tree: a fragment's indentation may keep it from parsing, and a string is a string still.
            found = (TextRange(start=m.start(), end=m.end()) for m in _PYTHON_STRING.finditer(text) if m.group(1))
        elif self._grammars.knows(language):
            with self._lock:
                parsed = self._grammars.parse(text, language)
                found = iter([parsed.range(node) for node in parsed.find(*_STRINGS[language])])
        else:
            return ()
        return tuple(place for place in found if "\n" in place.of(text) or "\r" in place.of(text))

    def _read(self, text: str, language: Language) -> Outline:
        if language is PYTHON:
            return outline_python(text, self._grammars)
        if language is CSHARP:
            return outline_csharp(text, self._grammars)
        if language is JAVA:
            return outline_java(text, self._grammars)
        if language in (C, CPP):
            return outline_c(text, language, self._grammars)
        if language is GO:
            return outline_go(text, self._grammars)
        if language is RUST:
            return outline_rust(text, self._grammars)
        return outline_ecmascript(text, language, self._grammars)
