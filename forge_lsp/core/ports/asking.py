"""Questions to the user while a job runs."""

from __future__ import annotations

from typing import Protocol

from forge_lsp.core.questions import Answer, Question

__all__ = ["Asker"]


class Asker(Protocol):
    """Where a job puts its questions. Nothing here waits: an answer is there when somebody gave one, or never."""

    @property
    def most(self) -> int:
        """How many questions the job may put; 0: nobody is there who could answer."""
        ...

    def offer(self, question: Question) -> None:
        """Put a question to the user."""
        ...

    def taken(self) -> tuple[Answer, ...]:
        """Return the answers that came since this was last called, in order."""
        ...
