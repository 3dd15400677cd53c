"""The shapes in which jobs are told to programs: the editor, HTTP, ``--json``. Data alone; document.py, alternatives.py
and rows.py fill them from what is known of a job, :func:`~forge_lsp.core.codec.to_json` writes them, OpenAPI is made of
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Alternative",
    "Alternatives",
    "Attempt",
    "Checks",
    "Choice",
    "Diagnostic",
    "Difference",
    "Evidence",
    "Expectation",
    "Issue",
    "JobDocument",
    "JobEntry",
    "JobOutcome",
    "JobStatus",
    "Question",
    "Replacement",
    "Review",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A finding of a check; lines count from 1."""

    file: str
    line: int
    severity: str
    code: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Examples and tests that were run."""

    kinds: tuple[str, ...]
    passed: int
    failed: int
    disputed: int
    not_runnable: int
    agreement: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """How many checks have each status."""

    proof: int
    kept: int
    owed: int
    failed: int
    disputed: int
    unrelated: int
    not_runnable: int
    flaky: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a reviewer found."""

    severity: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One member's vote; an abstention has its reason in ``abstained``."""

    model: str
    aspect: str
    weight: float
    score: float | None
    abstained: str | None
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A model that gave no usable answer in its role, and the one that played it on (null: none could)."""

    role: str
    model: str
    by: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """An example of a model that did not write the candidate: what it expects of a call, and whether it came."""

    author: str
    call: str
    value: str
    passed: bool


_Grade = Literal["reviewed", "supported", "kept", "proven"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt."""

    number: int
    strategy: str
    thinkers: tuple[str, ...]
    generator: str
    samples: int
    compiled: bool | None
    diagnostics: tuple[Diagnostic, ...]
    evidence: Evidence
    checks: Checks
    grade: _Grade | None
    panel: str | None
    reviews: tuple[Review, ...]
    score: float | None
    decision: Literal["accept", "retry", "give_up", "skip"] | None
    insights: tuple[str, ...]
    skipped: str | None
    seconds: float
    cost_usd: float
    replacements: tuple[Replacement, ...] = ()
    committee: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer that can be chosen, and the models whose code gives it."""

    value: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the user was asked. ``answer`` is null until there is one or where the user cannot say or gave none;
    ``answered`` tells which. ``own``: none of the choices. ``other`` is a candidate that gives the answer where what
    was applied does not; ``kept``: it became an example of the documentation."""

    id: str
    call: str
    choices: tuple[Choice, ...]
    source: str
    line: int | None
    expected: str | None
    answered: bool
    answer: str | None
    own: bool
    effect: Literal["nothing", "confirmed", "changed", "refuted"] | None
    late: bool
    other: str | None
    kept: bool


_Cause = Literal["consent"]
_State = Literal["queued", "running", "ended", "interrupted"]
_Outcome = Literal["accepted", "unverified", "exhausted", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDocument:
    """A whole job. ``outcome`` is null until it ended; ``code`` replaces the document. ``cause`` ``consent``: it failed
    since the use of a paid or remote model was not allowed."""

    job_id: str
    state: _State
    outcome: _Outcome | None
    task: str
    language: str
    uri: str
    created: str
    score: float | None
    grade: _Grade | None
    code: str | None
    reason: str | None
    seconds: float
    cost_usd: float
    attempts: tuple[Attempt, ...]
    questions: tuple[Question, ...] = ()
    cause: _Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """How a job ended, as a command that waited for it is answered. ``remedy`` is what ``reason`` says last of how to
    fix it, ``command`` the command line in it, where there is one."""

    job_id: str
    outcome: _Outcome
    grade: _Grade | None
    checks: Mapping[str, int]
    score: float | None
    attempt_count: int
    seconds: float
    cost_usd: float
    apply_mode: Literal["edit", "preview", "none"]
    applied: bool
    reason: str | None
    questions: tuple[Question, ...] = ()
    cause: _Cause | None = None
    remedy: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """A job that has not ended."""

    job_id: str
    state: _State
    task: str
    uri: str
    attempt: int | None
    attempts: int
    stage: str | None
    seconds: float
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """A job in short."""

    job_id: str
    state: _State
    outcome: _Outcome | None
    created: str
    task: str
    language: str
    uri: str
    workspace: str | None
    score: float | None
    grade: _Grade | None
    attempt_count: int | None
    seconds: float | None
    cost_usd: float
    apply_mode: Literal["edit", "preview", "none"]
    applied: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A call that a candidate answers otherwise than the first one does."""

    call: str
    answer: str
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One candidate that compiled. ``candidate`` names it within its job; ``result``: it is what the job offers;
    ``alike`` are the ids of others with the same code."""

    candidate: str
    attempt: int
    model: str
    compiled: bool | None
    grade: _Grade | None
    checks: Checks
    score: float | None
    result: bool
    alike: tuple[str, ...]
    code: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """Every candidate of a job that compiled, the best first."""

    job_id: str
    uri: str
    alternatives: tuple[Alternative, ...]
