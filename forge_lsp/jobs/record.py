"""A whole job as a value, and how it ended: the one record from which its last event, its outcome, its document, its
report, what it offers and its rows in the ledger are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from forge_lsp.core.attempt import Attempt, Candidate, Diagnostic, Insight, Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.errors import Cause
from forge_lsp.core.events import CallFinished, JobEvent
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.core.task import Scope

__all__ = ["JobRecord", "JobState", "SentFile"]


class JobState(StrEnum):
    """Where a job is. ``interrupted``: its process ended before it did."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """Text of ``file`` (relative to the workspace) went to ``server`` (settings key) at ``address`` ("": it has none,
    like the embedded model). ``why`` says what was shown of it, in plain words."""

    file: str
    server: str
    address: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as it is now. ``created`` is an aware UTC time, ``seconds`` wall time, ``cost_usd`` all its calls.

    ``base_text`` is the document before the candidate, ``version`` the editor's number for it. ``attempts`` are
    known in full when the job ended; until then, and for an interrupted job, ``events`` tell of them. ``attempt_count``
    are those that ran: a skipped one did not. ``outcome`` None: the job has not ended, or was interrupted.
    ``candidate`` is what it offers, None where there is nothing.
    ``toys`` are settings keys of models whose scores mean nothing. ``grade`` and ``checks`` (status and count, as in
    the document) are of the candidate. ``questions`` are those that the user was asked. ``secrets`` are the task's,
    known while its process runs; no ledger keeps them. ``accept_score`` is the score that its settings ask a panel for
    (``accept.score``); None: an older version kept the job. ``remedy`` fixes what ``reason`` tells, and is in it too;
    ``cause`` tells programs why the job failed. It was started with ``asked_profile`` (None: the settings'),
    ``insights`` (the user's words on an earlier result, and what they are about) and ``diagnostics`` (to be fixed).
    """

    job_id: str
    state: JobState
    created: datetime
    task: str
    language: str
    uri: str
    base_text: str
    scope: Scope
    allowed_attempts: int
    apply: str
    workspace: str | None = None
    profile: str = ""
    asked_profile: str | None = None
    insights: tuple[Insight, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    version: int | None = None
    follow_up_of: str | None = None
    outcome: Outcome | None = None
    score: float | None = None
    reason: str | None = None
    cause: Cause | None = None
    remedy: str | None = None
    seconds: float = 0.0
    cost_usd: float = 0.0
    attempt_count: int = 0
    applied: bool = False
    candidate: Candidate | None = None
    attempts: tuple[Attempt, ...] = ()
    sent: tuple[SentFile, ...] = ()
    toys: tuple[str, ...] = ()
    grade: Grade | None = None
    checks: tuple[tuple[str, int], ...] = ()
    questions: tuple[AskedQuestion, ...] = ()
    accept_score: float | None = None
    events: tuple[JobEvent, ...] = ()
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def outcome_words(self) -> str:
        """How it ended, as people are told; the state of a job that has not."""
        return str(self.state) if self.outcome is None else self.outcome.words(self.attempt_count)

    @property
    def calls(self) -> tuple[JobEvent, ...]:
        """The events of calls that ended, in order."""
        return tuple(event for event in self.events if isinstance(event.body, CallFinished))
