"""Jobs as rows: the SQL of the ledger. Every function is a work for :class:`~forge_lsp.jobs.database.Database`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast, get_args

from forge_lsp.core.attempt import Attempt
from forge_lsp.core.became import EditFate
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.codec import decode, encode, iso, to_json
from forge_lsp.core.events import CallFinished, EventBody, JobEvent
from forge_lsp.jobs.money import to_nano, to_usd
from forge_lsp.jobs.presence import ProcessLock
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.schema import QUERIES
from forge_lsp.jobs.shapes import JobEntry

__all__ = [
    "LIVE",
    "body_of",
    "insert_attempt",
    "insert_event",
    "insert_job",
    "named_rows",
    "select_events",
    "select_history",
    "select_job",
    "select_records",
    "set_applied",
    "set_became",
    "sweep",
    "update_answered",
    "update_ended",
    "weed",
]

_BODIES: dict[str, type[object]] = {body.type: body for body in get_args(EventBody)}
_BEGUN = (
    "workspace", "uri", "language", "profile", "task", "version", "base_text", "allowed_attempts", "apply",
    "follow_up_of", "accept_score", "asked_profile",
)  # fmt: skip
"""What a job has from its beginning, under its own name in the record and in the table."""
_OF_ATTEMPT = ("number", "strategy", "generator", "samples", "panel", "skipped", "seconds")
"""What an attempt has under its own name in the table."""
LIVE = "state IN ('queued', 'running')"
"""Of the jobs that have not ended."""


def _text(value: object) -> str:
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"))


def _fields(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", encode(value))


# ------------------------------------------------------------------ writing


def insert_job(db: sqlite3.Connection, record: JobRecord, owner: str, *, unseen: bool = False) -> None:
    """Insert a job that begins. ``unseen``: until an editor has shown how it ended."""
    row: dict[str, object] = {
        "id": record.job_id,
        "state": str(JobState.RUNNING),
        "owner": owner,
        "created": iso(record.created),
        "scope": _text(record.scope),
        "unseen": int(unseen),
        "toys": _text(record.toys),
        "insights": _text(record.insights),
        "diagnostics": _text(record.diagnostics),
        **{name: getattr(record, name) for name in _BEGUN},
    }
    _insert(db, "jobs", row)


def insert_event(db: sqlite3.Connection, event: JobEvent) -> None:
    """Insert an event, and the call it tells of."""
    body = event.body
    row: dict[str, object] = {
        "job_id": event.job_id,
        "sequence": event.sequence,
        "at": iso(event.at),
        "type": body.type,
        "body": _text(body),
    }
    _insert(db, "events", row)
    if isinstance(body, CallFinished):
        call = _fields(body)
        ended: dict[str, object] = {"job_id": event.job_id, "attempt": call.pop("number"), "ended": iso(event.at)}
        call.update(ended, cost_nano_usd=to_nano(call.pop("cost_usd")))
        _insert(db, "calls", call)


def update_ended(db: sqlite3.Connection, record: JobRecord) -> None:
    """Update a job that ended, with its attempts and reviews."""
    row: dict[str, object] = {
        "state": str(record.state),
        "outcome": str(record.outcome) if record.outcome else None,
        "cause": str(record.cause) if record.cause else None,
        "remedy": record.remedy,
        "seconds": record.seconds,
        "cost_nano_usd": to_nano(record.cost_usd),
        "attempt_count": record.attempt_count,
        "sent": _text(record.sent),
        **_judged(record),
    }
    _update_job(db, record.job_id, row)
    for attempt in record.attempts:
        insert_attempt(db, record.job_id, attempt)


def update_answered(db: sqlite3.Connection, record: JobRecord) -> None:
    """Update a job that ended, after an answer of the user's that came late."""
    _update_job(db, record.job_id, _judged(record))
    for attempt in record.attempts:
        grade = str(attempt.evidence.grade) if attempt.evidence.grade else None
        db.execute(
            "UPDATE attempts SET grade = ?, whole = ? WHERE job_id = ? AND number = ?",
            (grade, _whole(attempt), record.job_id, attempt.number),
        )


def _judged(record: JobRecord) -> dict[str, object]:
    """What an answer of the user's can change."""
    return {
        "score": record.score,
        "reason": record.reason,
        "candidate": _text(record.candidate) if record.candidate else None,
        "grade": str(record.grade) if record.grade else None,
        "checks": _text(record.checks),
        "questions": _text(record.questions),
    }


def _whole(attempt: Attempt) -> str:
    """An attempt without its documents: the one that is offered is kept once, with the job; ten copies of it would be
    most of the ledger."""
    whole = _fields(attempt)
    if attempt.candidate is not None:
        whole["candidate"] = cast("dict[str, object]", whole["candidate"]) | {"text": ""}
    for other in cast("list[dict[str, object]]", whole.get("others", [])):
        other["candidate"] = cast("dict[str, object]", other["candidate"]) | {"text": ""}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def insert_attempt(db: sqlite3.Connection, job_id: str, attempt: Attempt) -> None:
    """Insert an attempt that ended, in the place of what was known of it."""
    compiled = attempt.build.compiled if attempt.build else None
    row: dict[str, object] = {
        "job_id": job_id,
        **{name: getattr(attempt, name) for name in _OF_ATTEMPT},
        "compiled": None if compiled is None else int(compiled),
        "passed": attempt.evidence.count(CheckStatus.PROOF, CheckStatus.KEPT),
        "failed": attempt.evidence.against,
        "disputed": attempt.evidence.count(CheckStatus.DISPUTED),
        "grade": str(attempt.evidence.grade) if attempt.evidence.grade else None,
        "score": attempt.verdict.score if attempt.verdict else None,
        "decision": str(attempt.decision.kind),
        "cost_nano_usd": to_nano(attempt.cost_usd),
        "whole": _whole(attempt),
    }
    db.execute("DELETE FROM attempts WHERE job_id = ? AND number = ?", (job_id, attempt.number))
    db.execute("DELETE FROM reviews WHERE job_id = ? AND attempt = ?", (job_id, attempt.number))
    _insert(db, "attempts", row)
    for place, review in enumerate(attempt.verdict.reviews if attempt.verdict else ()):
        said = _fields(review)
        del said["reasoning"]
        said.update(job_id=job_id, attempt=attempt.number, place=place, issues=len(review.issues))
        _insert(db, "reviews", said)


def set_applied(db: sqlite3.Connection, job_id: str) -> None:
    """Record that the editor took the result. What became of it when it was applied before counts no more."""
    db.execute("UPDATE jobs SET applied = 1, became = NULL WHERE id = ?", (job_id,))


def set_became(db: sqlite3.Connection, job_id: str, became: EditFate) -> None:
    """Record what had become of the applied result when its document was saved."""
    db.execute("UPDATE jobs SET became = ? WHERE id = ? AND applied = 1", (str(became), job_id))


def sweep(db: sqlite3.Connection, presence: ProcessLock | None) -> None:
    """Mark jobs whose process is gone as ``interrupted``. What their open calls had sent counts as spent."""
    if presence is None:
        return
    for (owner,) in db.execute(f"SELECT DISTINCT owner FROM jobs WHERE {LIVE}").fetchall():
        if presence.alive(owner):
            continue
        db.execute(QUERIES["spend_open"], (owner,))
        db.execute(QUERIES["interrupt"], (owner,))


def weed(db: sqlite3.Connection, now: datetime, retention_days: int) -> None:
    """Remove ended jobs older than the retention. Spending is kept for two months at least: the budgets need it."""
    oldest = iso(now - timedelta(days=retention_days))
    db.execute(f"DELETE FROM jobs WHERE created < ? AND NOT {LIVE}", (oldest,))
    for table in ("attempts", "reviews", "calls", "events"):
        db.execute(f"DELETE FROM {table} WHERE job_id NOT IN (SELECT id FROM jobs)")
    day = (now - timedelta(days=max(retention_days, 62))).date().isoformat()
    # What a killed benchmark left open belongs to no job here; no budget looks back so far.
    gone = "(open = 0 OR job_id NOT IN (SELECT id FROM jobs))"
    db.execute(f"DELETE FROM spending WHERE day < ? AND {gone}", (day,))


def _insert(db: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    places = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)


def _update_job(db: sqlite3.Connection, job_id: str, row: dict[str, object]) -> None:
    values = ", ".join(f"{name} = :{name}" for name in row)
    db.execute(f"UPDATE jobs SET {values} WHERE id = :id", {**row, "id": job_id})


# ------------------------------------------------------------------ reading


def named_rows(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    """The rows by the names of their columns."""
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def select_history(db: sqlite3.Connection, limit: int) -> list[dict[str, object]]:
    """Return the newest jobs first, as short JSON objects."""
    rows = list(named_rows(db.execute(QUERIES["history"], (limit,))))
    for row in rows:
        row.update(cost_usd=to_usd(row["cost_usd"]), applied=bool(row["applied"]))
    return [to_json(JobEntry(**row)) for row in rows]


def select_records(db: sqlite3.Connection, language: str, jobs: int) -> dict[str, tuple[int, int]]:
    """By writer: accepted attempts and all that ran, of the last ``jobs`` in a language that ended by a decision. Where
    several wrote, an attempt is that of the one whose code was taken."""
    found = db.execute(QUERIES["records"], (language, jobs))
    return {writer: (int(won), int(tried)) for writer, won, tried in found}


def select_events(db: sqlite3.Connection, job_id: str, after: int = 0) -> tuple[JobEvent, ...]:
    """Return events after a sequence number, in order. Those of a newer version's types are left out."""
    rows = db.execute(
        "SELECT sequence, at, type, body FROM events WHERE job_id = ? AND sequence > ? ORDER BY sequence",
        (job_id, after),
    )
    return tuple(
        JobEvent(
            job_id=job_id,
            sequence=sequence,
            at=datetime.fromisoformat(at),
            body=body_of(type_, json.loads(body)),
        )
        for sequence, at, type_, body in rows
        if type_ in _BODIES
    )


def body_of(type_: str, data: object) -> EventBody:
    """Return an event of the type of that name. Raises KeyError for a newer version's."""
    return cast("EventBody", decode(_BODIES[type_], data))


def select_job(db: sqlite3.Connection, job_id: str) -> JobRecord | None:
    """Return a whole job, or None."""
    row = next(named_rows(db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,))), None)
    if row is None:
        return None
    attempts = db.execute("SELECT whole FROM attempts WHERE job_id = ? ORDER BY number", (job_id,)).fetchall()
    cost = row["cost_nano_usd"]
    if cost is None:
        (cost,) = db.execute("SELECT sum(nano_usd) FROM spending WHERE job_id = ?", (job_id,)).fetchone()
    texts = ("scope", "candidate", "sent", "toys", "checks", "questions", "insights", "diagnostics")
    row.update({name: json.loads(row[name]) for name in texts if row[name]})
    row.update(job_id=job_id, cost_usd=to_usd(cost or 0), applied=bool(row["applied"]))
    row["attempts"] = [json.loads(whole) for (whole,) in attempts]
    record = decode(JobRecord, {name: value for name, value in row.items() if value is not None})
    return replace(record, events=select_events(db, job_id))
