"""From a document with a cursor (``|``) and a model's answer to the document after the edit."""

from __future__ import annotations

from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract

__all__ = ["landed", "landing_task", "replaced"]

SYNTAX = TreeSitterSyntax()
SCOPES = Scopes(SYNTAX)
EDITS = Edits(SYNTAX)


def landing_task(
    text: str,
    language: Language,
    *,
    words: str | None = None,
    path: str | None = None,
    workspace: str | None = None,
    whole: bool = False,
) -> Task:
    """The task at the mark of ``text``; two marks are a selection. ``whole``: the file, without a mark."""
    parts = [text] if whole else text.split("|>")
    plain = "".join(parts)
    place = None
    if not whole:
        start = len(parts[0])
        place = TextRange(start=start, end=start + (len(parts[1]) if len(parts) > 2 else 0))
    document = Document(
        uri="untitled:Untitled-1", language=language, text=plain, path=Path(path) if path is not None else None
    )
    scope = SCOPES.scope(document, place)
    instruction = SCOPES.instruction(document, scope, words, ())
    folder = Path(workspace) if workspace is not None else None
    return Task(document=document, scope=scope, instruction=instruction, workspace=folder)


def landed(task: Task, answer: str) -> str:
    """The document after the edit. Raises ExtractionFailed."""
    found = extract(answer, task, syntax=SYNTAX)
    return EDITS.splice(task, found.code, found.imports)


def replaced(text: str, old: str, new: str) -> str:
    """``text`` without marks, ``old`` as ``new`` once; both must be there."""
    plain = text.replace("|>", "")
    assert plain.count(old) == 1, (old, plain)
    return plain.replace(old, new)
