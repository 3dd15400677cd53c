"""What happened in a job, in order: the only thing that comes back up the pipeline.

Progress, the ledger, the HTTP stream and the command line's display listen to the same events. A stage makes
an :class:`EventBody`; the job manager numbers it and stamps it with the time, which makes a :class:`JobEvent`.
The JSON form (``forge/jobEvent``, SSE, the ledger) is :meth:`JobEvent.to_json`, documented in docs/events.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.codec import to_json
from forge_lsp.core.errors import Cause
from forge_lsp.core.questions import Answer, Question

__all__ = [
    "AttemptFinished",
    "AttemptStarted",
    "BestSoFar",
    "CallFinished",
    "CallStarted",
    "Degraded",
    "Emit",
    "EventBody",
    "JobEvent",
    "JobFinished",
    "JobStarted",
    "QuestionAnswered",
    "QuestionAsked",
    "RungSkipped",
    "Stage",
    "StageFinished",
    "StageStarted",
]


class Stage(StrEnum):
    """The stages of an attempt that take time."""

    THINK = "think"
    GENERATE = "generate"
    CHECK = "check"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted:
    """``attempts`` is how many the job may take."""

    type: ClassVar[str] = "job.started"
    task: str
    uri: str
    language: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """Attempt ``number`` (from 1) begins. Models are settings keys."""

    type: ClassVar[str] = "attempt.started"
    number: int
    attempts: int
    strategy: str
    thinkers: tuple[str, ...]
    generator: str
    samples: int
    panel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """``detail`` is for people: ``duo: phi4, gemma3``."""

    type: ClassVar[str] = "stage.started"
    number: int
    stage: Stage
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A model call is about to be sent. ``call`` is unique in the job; ``estimate_usd`` its price before it is made."""

    type: ClassVar[str] = "call.started"
    number: int
    call: int
    stage: Stage
    role: str
    model: str
    server: str
    estimate_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished:
    """A model call ended: answered (``error`` None), failed or was cancelled. Seconds are wall time."""

    type: ClassVar[str] = "call.finished"
    number: int
    call: int
    stage: Stage
    role: str
    model: str
    server: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    queue_seconds: float
    load_seconds: float
    first_token_seconds: float
    seconds: float
    cost_usd: float
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """Something did not go as set, and the job went on without it: a thinker failed, a reviewer abstained ..."""

    type: ClassVar[str] = "degraded"
    number: int
    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RungSkipped:
    """Attempt ``number`` did not run."""

    type: ClassVar[str] = "rung.skipped"
    number: int
    generator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished:
    """``detail`` is for people: ``compiled, 3 of 3 examples pass``."""

    type: ClassVar[str] = "stage.finished"
    number: int
    stage: Stage
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """Candidates differ on a call, or against a check, and the user may say what is right. The job goes on."""

    type: ClassVar[str] = "question.asked"
    number: int
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """The user answered, while the job ran."""

    type: ClassVar[str] = "question.answered"
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSoFar:
    """The best candidate that a job has: whose it is, from which attempt, what was seen of it, for people."""

    attempt: int
    model: str
    seen: str
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFinished:
    """``decision`` is accept, retry, give_up or skip; ``score`` and ``grade`` (of proof) None where there is none.
    ``best`` is the best candidate of all attempts until now; None: none compiles. ``unverified``: something could not
    be checked, so that the result is offered and not applied."""

    type: ClassVar[str] = "attempt.finished"
    number: int
    decision: str
    reason: str
    compiled: bool | None
    score: float | None
    seconds: float
    cost_usd: float
    grade: Grade | None = None
    best: BestSoFar | None = None
    unverified: bool = False

    @property
    def decided(self) -> str:
        """The decision as people are told: ``accept``, ``give up``, ``unverified``."""
        return "unverified" if self.unverified else self.decision.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFinished:
    """The last event of every job. ``grade`` is that of its candidate: proven, kept, supported or reviewed. ``cause``
    says why it failed, where a program may treat that in its own way: consent (the use of a model was not allowed)."""

    type: ClassVar[str] = "job.finished"
    outcome: Outcome
    score: float | None
    attempt_count: int
    seconds: float
    cost_usd: float
    reason: str | None
    grade: Grade | None = None
    cause: Cause | None = None


EventBody: TypeAlias = (
    JobStarted
    | AttemptStarted
    | StageStarted
    | CallStarted
    | CallFinished
    | Degraded
    | RungSkipped
    | StageFinished
    | QuestionAsked
    | QuestionAnswered
    | AttemptFinished
    | JobFinished
)
Emit: TypeAlias = Callable[[EventBody], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One event of one job. ``sequence`` counts from 1 without gaps; ``at`` is an aware UTC time."""

    job_id: str
    sequence: int
    at: datetime
    body: EventBody

    def to_json(self) -> dict[str, object]:
        """The wire form: ``{jobId, sequence, at, type, ...}``, keys in camelCase, enums as their values."""
        whole = to_json(self)
        body = whole.pop("body")
        return {**whole, "type": self.body.type, **body}
