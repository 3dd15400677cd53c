"""Texts with marks in them: ``|`` is the cursor, two of them a selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.python.docstrings import Parsed, indented_as, parsed
from tests.support import lang

SYNTAX = TreeSitterSyntax()
SCOPES = Scopes(SYNTAX)
EDITS = Edits(SYNTAX)
PYTHON, CSHARP = lang.PYTHON, lang.CSHARP
TYPESCRIPT, JAVASCRIPT = lang.TYPESCRIPT, lang.JAVASCRIPT


def document(text: str, language: Language = PYTHON, path: Path | None = None) -> Document:
    return Document(uri=path.as_uri() if path else "untitled:Untitled-1", language=language, text=text, path=path)


def marked(text: str, mark: str = "|") -> tuple[str, TextRange | None]:
    """The text without its marks, and what they select; None without a mark."""
    parts = text.split(mark)
    if len(parts) == 1:
        return text, None
    start = len(parts[0])
    return "".join(parts), TextRange(start=start, end=start + (len(parts[1]) if len(parts) > 2 else 0))


def scope_of(text: str, language: Language = PYTHON, mark: str = "|") -> tuple[Scope, str]:
    """The scope at the mark, and the text it covers."""
    plain, place = marked(text, mark)
    scope = SCOPES.scope(document(plain, language), place)
    return scope, scope.range.of(plain)


def spliced(text: str, code: str, *imports: str, language: Language = PYTHON, mark: str = "|") -> str:
    """The text with ``code`` at the scope of the mark."""
    plain, place = marked(text, mark)
    doc = document(plain, language)
    task = Task(document=doc, scope=SCOPES.scope(doc, place), instruction="do it")
    return EDITS.splice(task, code, imports)


def kept_by(keep: Callable[..., Parsed], original: str, code: str, **named: bool) -> str:
    """``code`` after one step of what keeps Python alone."""
    before, after = parsed(original), parsed(code)
    if before is None or after is None:
        return code
    kept = keep(before, after, **named)
    return code if kept is after else indented_as(code, kept.text)
