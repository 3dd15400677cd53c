"""What the ledger holds that can be counted: jobs, attempts, reviews and the calls of each stage, and the SQL for it.

Seconds are wall time, money is whole nano-USD. Of a job that was interrupted only itself and its calls are known.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.codec import decode
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.ensemble.opinion import spoken
from forge_lsp.jobs.rows import named_rows
from forge_lsp.jobs.schema import QUERIES

__all__ = ["AttemptSeen", "JobSeen", "Observed", "ReviewSeen", "StageSeen", "select_observed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """A job that is over. ``outcome`` None: it was interrupted. ``attempts`` are those that ran. ``grade`` is that of
    its candidate, ``applied`` whether the candidate was, ``became`` what it was when its document was saved next (kept,
    changed, undone; None: unknown). ``questions`` are those that the user was asked."""

    job_id: str
    created: str
    language: str
    outcome: str | None
    attempts: int
    seconds: float
    nano: int
    grade: str | None = None
    applied: bool = False
    became: str | None = None
    questions: tuple[AskedQuestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    all: tuple[AskedQuestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSeen:
    """An attempt of a job that ended. ``accepted``: it ended the job as accepted. ``score`` is the panel's;
    ``consensus`` False: a critical panel that found none. ``shown``: what was run speaks for the candidate that the
    panel scored (None: it says nothing)."""

    job_id: str
    number: int
    strategy: str
    generator: str
    panel: str
    accepted: bool
    skipped: bool
    seconds: float
    nano: int
    score: float | None
    consensus: bool | None
    shown: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSeen:
    """A reviewer's word. ``abstained`` is its reason where ``score`` is None."""

    job_id: str
    attempt: int
    model: str
    score: float | None
    abstained: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSeen:
    """The calls of one stage of one attempt. ``working`` is the sum of their seconds less those spent in a queue:
    what they would take one after another. ``wall`` is what the stage took (None: it did not end)."""

    job_id: str
    attempt: int
    stage: str
    calls: int
    working: float
    wall: float | None
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All of it, oldest job first."""

    jobs: tuple[JobSeen, ...] = ()
    attempts: tuple[AttemptSeen, ...] = ()
    reviews: tuple[ReviewSeen, ...] = ()
    stages: tuple[StageSeen, ...] = ()


def select_observed(db: sqlite3.Connection) -> Observed:
    """Return everything of jobs that are over; those that run are left out."""
    jobs, attempts, reviews, stages = (
        named_rows(db.execute(QUERIES[f"observed_{what}"])) for what in ("jobs", "attempts", "reviews", "stages")
    )
    return Observed(
        jobs=tuple(JobSeen(**{**row, **_job(row)}) for row in jobs),
        attempts=tuple(AttemptSeen(**{**row, **_attempt(row)}) for row in attempts),
        reviews=tuple(ReviewSeen(**row) for row in reviews),
        stages=tuple(StageSeen(**row) for row in stages),
    )


def _job(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the column of a job holds in another form."""
    asked = row["questions"]
    questions = decode(_Questions, {"all": json.loads(asked)}).all if asked else ()
    return {"applied": bool(row["applied"]), "questions": questions}


def _attempt(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the column of an attempt holds in another form."""
    consensus, evidence = row["consensus"], row["shown"]
    return {
        "accepted": bool(row["accepted"]),
        "skipped": bool(row["skipped"]),
        "consensus": None if consensus is None else bool(consensus),
        "shown": spoken(decode(Evidence, json.loads(evidence))) if evidence else None,
    }
