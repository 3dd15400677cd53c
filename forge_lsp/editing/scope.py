"""What is to be replaced, and a sentence that says what is wanted there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.editing.following import RememberedCode, follow
from forge_lsp.editing.half_written import scope_by_layout, with_errors
from forge_lsp.editing.lines import is_blank
from forge_lsp.editing.outline import TODO
from forge_lsp.editing.selecting import scope_at, walk
from forge_lsp.editing.unfinished import unfinished

if TYPE_CHECKING:
    from forge_lsp.editing.edits import SourceSyntax

__all__ = ["Scopes"]


class Scopes:
    """The Scoping port."""

    def __init__(self, syntax: SourceSyntax) -> None:
        self._syntax = syntax

    def scope(self, document: Document, selection: TextRange | None) -> Scope:
        """See :mod:`forge_lsp.editing.selecting` and, for text that does not parse there,
        :mod:`forge_lsp.editing.half_written`. Offsets beyond the text count as its end."""
        found = scope_by_layout(document, selection, self._syntax) if selection is not None else None
        if found is None:
            items = self._syntax.outline(document.text, document.language).items
            found = scope_at(document, selection, items)
        return with_errors(found, document, self._syntax)

    def instruction(
        self, document: Document, scope: Scope, words: str | None, diagnostics: tuple[Diagnostic, ...]
    ) -> str:
        """The user's words; else what the diagnostics, a TODO or the scope itself ask for. Never empty."""
        if words is not None and words.strip():
            return words.strip()
        if diagnostics:
            return "\n".join(f"Fix: {found.message.strip()}" + _line_of(found) for found in diagnostics)
        original = scope.range.of(document.text)
        wish = _wish(original)
        name = ".".join(part for part in (scope.container, scope.name) if part)
        if scope.kind is ScopeKind.FILE:
            return self._file_instruction(document, wish)
        if scope.kind is ScopeKind.INSERTION:
            inside = f", inside `{scope.container}`" if scope.container else ""
            return f"Write the code that belongs at this place{inside}."
        if scope.kind is ScopeKind.DEFINITION and name:
            if wish is not None:
                return f"Implement `{name}`. Write the code that its comment asks for: {wish}"
            if self._is_stub(document, scope):
                return f"Implement `{name}`."
            return f"Rewrite `{name}` so that it is complete and correct."
        if wish is not None:
            return f"Write the code that the comment asks for: {wish}"
        return "Rewrite the selected code so that it is complete and correct."

    def unfinished(self, document: Document) -> tuple[TextRange, ...]:
        """See :func:`forge_lsp.editing.unfinished.unfinished`."""
        return unfinished(document, self._syntax)

    def follow(self, language: Language, scope: Scope, *, base: str, before: str, after: str) -> RememberedCode | None:
        """See :func:`forge_lsp.editing.following.follow`."""
        return follow(language, scope, base, before, after)

    def _file_instruction(self, document: Document, wish: str | None) -> str:
        if document.path is not None:
            name = document.path.name
        else:
            parts = urlsplit(document.uri)
            name = unquote(parts.path).rpartition("/")[2] if parts.scheme != "untitled" else ""
        where = f"the file {name}" if name else "this file"
        if is_blank(document.text):
            return f"Write {where}."
        if wish is not None:
            return f"Complete {where}. Write the code that its comment asks for: {wish}"
        return f"Complete {where}: implement what is missing, and keep what works."

    def _is_stub(self, document: Document, scope: Scope) -> bool:
        if scope.kind is not ScopeKind.DEFINITION:
            return False
        outline = self._syntax.outline(document.text, document.language)
        found = walk(outline.items, document.text, document.language.editing().overload)
        inside = [f.item for f in found if _within(f.item.range, scope.range) and f.item.name == scope.name]
        return any(item.stub for item in inside[-1:])


def _within(inner: TextRange, outer: TextRange) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _wish(text: str) -> str | None:
    """The first TODO comment of ``text``, in one line, with the comment lines that follow it. A call of a function of
    that name is none."""
    found = (one for one in TODO.finditer(text) if not _is_call(text, one.start(), one.end()))
    match = next(found, None)
    if match is None:
        return None
    lines = text[match.start() :].splitlines()
    words = [re.sub(r"\s*\*/\s*$", "", lines[0]).strip()]
    for line in lines[1:6]:
        stripped = line.strip()
        if not stripped.startswith(("#", "//", "*")) or stripped.startswith("*/") or TODO.search(stripped):
            break
        words.append(re.sub(r"^(?:#+|/{2,}|\*)\s*|\s*\*/\s*$", "", stripped))
    return " ".join(word for word in words if word)


def _is_call(text: str, start: int, end: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start].lstrip()
    return text.startswith("(", end) and not before.startswith("*") and re.search(r"//|/\*|#|--", before) is None


def _line_of(found: Diagnostic) -> str:
    return f" (line {found.line})" if found.line else ""
