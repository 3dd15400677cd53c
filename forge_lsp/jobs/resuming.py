"""What an interrupted job has left for the one that goes on with it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Attempt, Candidate, Diagnostic, Evidence
from forge_lsp.jobs.record import JobRecord

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.core.task import Document, Scope, Task

__all__ = ["resumed_attempts", "resumed_diagnostics"]


def resumed_attempts(record: JobRecord, task: Task, editing: Editing) -> tuple[Attempt, ...]:
    """Return the attempts of ``record`` that ended, for ``task``, which is about the same code.

    Where the document has changed elsewhere meanwhile, what was learnt stays, and the candidates go: what their checks
    showed is of another text.
    """
    same = record.base_text == task.document.text and record.scope == task.scope

    def whole(candidate: Candidate) -> Candidate:
        return replace(candidate, text=editing.splice(task, candidate.code, candidate.imports))

    def kept(attempt: Attempt) -> Attempt:
        if not same:
            return replace(attempt, candidate=None, build=None, evidence=Evidence(), verdict=None, others=())
        return replace(
            attempt,
            candidate=None if attempt.candidate is None else whole(attempt.candidate),
            others=tuple(replace(other, candidate=whole(other.candidate)) for other in attempt.others),
        )

    return tuple(map(kept, record.attempts))


def resumed_diagnostics(record: JobRecord, document: Document, scope: Scope) -> tuple[Diagnostic, ...]:
    """Return the diagnostics that ``record`` is to fix, on the lines where they are now: the code moved as a whole."""
    lines = _lines_before(document.text, scope) - _lines_before(record.base_text, record.scope)
    return tuple(
        replace(one, line=one.line and one.line + lines, end_line=one.end_line and one.end_line + lines)
        for one in record.diagnostics
    )


def _lines_before(text: str, scope: Scope) -> int:
    return text.count("\n", 0, scope.range.start)
