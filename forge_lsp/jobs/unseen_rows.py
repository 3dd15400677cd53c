"""Jobs whose end no editor has shown, as rows: the SQL by which the next editor finds them, and has them alone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from forge_lsp.jobs.money import to_nano
from forge_lsp.jobs.presence import ProcessLock
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.rows import LIVE, sweep
from forge_lsp.jobs.schema import QUERIES

__all__ = ["UnseenJob", "claim", "select_unseen", "set_interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenJob:
    """A job that an editor asked for, of which none has shown the end. ``owner`` is the process that ran it, and
    ``alive`` says whether it still runs; ``workspace`` None: its file was in none."""

    job_id: str
    state: JobState
    owner: str
    workspace: str | None
    uri: str
    alive: bool


def select_unseen(db: sqlite3.Connection, presence: ProcessLock | None, oldest: str) -> tuple[UnseenJob, ...]:
    """Return the jobs of other processes that no editor has shown since ``oldest`` (an ISO time), the oldest first.
    None where the processes of others cannot be told."""
    if presence is None:
        return ()
    sweep(db, presence)
    found = db.execute(QUERIES["unseen"], (presence.owner, oldest)).fetchall()
    alive = {owner: presence.alive(owner) for owner in {row[2] for row in found}}
    return tuple(
        UnseenJob(job_id=id_, state=JobState(state), owner=owner, workspace=workspace, uri=uri, alive=alive[owner])
        for id_, state, owner, workspace, uri in found
    )


def claim(db: sqlite3.Connection, job_id: str) -> bool:
    """Take it that the end of a job is shown here. False: another has taken it, or it has not ended."""
    return db.execute(f"UPDATE jobs SET unseen = 0 WHERE id = ? AND unseen = 1 AND NOT {LIVE}", (job_id,)).rowcount == 1


def set_interrupted(db: sqlite3.Connection, record: JobRecord) -> None:
    """Record that a job was stopped because its editor had gone: it can be resumed."""
    names = ("job_id", "reason", "seconds", "attempt_count")
    row = {name: getattr(record, name) for name in names} | {"nano": to_nano(record.cost_usd)}
    db.execute(QUERIES["end_interrupted"], row)
