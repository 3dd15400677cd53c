"""What earlier editors of a workspace left: jobs that still run elsewhere, results that nobody has seen, jobs that were
interrupted. Each is found by one process alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.ports import Clock
from forge_lsp.jobs.foreign import Connection, ForeignJob, reach
from forge_lsp.jobs.record import JobRecord, JobState

if TYPE_CHECKING:
    from forge_lsp.jobs.attendance import AskConsent
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.unseen_rows import UnseenJob

__all__ = ["FoundJob", "FoundJobs"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """A job that was found. ``job`` None: it was interrupted, and there is nothing to follow."""

    record: JobRecord
    job: ForeignJob | None


class FoundJobs:
    """The jobs that were found, by id. Lives on one event loop."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._jobs: dict[str, ForeignJob] = {}
        self._connections: list[Connection] = []

    def get(self, job_id: str) -> ForeignJob | None:
        """Return the job of that id, None where it was not found here, or was lost since."""
        job = self._jobs.get(job_id)
        return None if job is None or job.lost else job

    @property
    def running(self) -> tuple[ForeignJob, ...]:
        """Those that have not ended."""
        return tuple(job for job in self._jobs.values() if job.state is JobState.RUNNING)

    async def look(
        self, folders: tuple[Path, ...], is_open: Callable[[str], bool], *, trusted: bool, ask: AskConsent
    ) -> tuple[FoundJob, ...]:
        """Find what belongs to these workspace folders, or, of files in none, to one that ``is_open`` (by its URI).

        What runs is taken over, and ``ask`` asks its questions of consent from now on.
        """
        names = {str(folder) for folder in folders}
        unseen = [
            one
            for one in await self._ledger.unseen()
            if self.get(one.job_id) is None and (one.workspace in names if one.workspace else is_open(one.uri))
        ]
        return (*await self._taken(unseen, folders, trusted=trusted, ask=ask), *await self._ended(unseen))

    async def claim(self, job_id: str) -> bool:
        """Whether the end of a job that was found running is to be shown here."""
        return await self._ledger.claim(job_id)

    async def aclose(self) -> None:
        """Leave those that run to the next editor."""
        for connection in self._connections:
            await connection.aclose()
        self._connections.clear()

    async def _taken(
        self, unseen: list[UnseenJob], folders: tuple[Path, ...], *, trusted: bool, ask: AskConsent
    ) -> tuple[FoundJob, ...]:
        place = await self._ledger.live()
        if place is None:
            return ()
        found: list[FoundJob] = []
        running = [one for one in unseen if one.alive and one.state in (JobState.QUEUED, JobState.RUNNING)]
        for owner in dict.fromkeys(one.owner for one in running):
            lone = tuple(one.job_id for one in running if one.owner == owner and one.workspace is None)
            reached = await reach(place[0], owner, folders=folders, lone=lone, trusted=trusted, ask=ask)
            if reached is None:
                continue
            connection, ids = reached
            self._connections.append(connection)
            taken: dict[str, ForeignJob] = {}
            for job_id in ids:
                known = await self._ledger.record(job_id)
                if known is not None:
                    taken[job_id] = ForeignJob(known, self._clock, connection)
                    found.append(FoundJob(record=known, job=taken[job_id]))
            self._jobs.update(taken)
            connection.follow(taken)
        return tuple(found)

    async def _ended(self, unseen: list[UnseenJob]) -> tuple[FoundJob, ...]:
        found: list[FoundJob] = []
        for one in unseen:
            # of a process that is alive, the job may be about to be shown by its own editor
            if (
                one.alive
                or one.state in (JobState.QUEUED, JobState.RUNNING)
                or not await self._ledger.claim(one.job_id)
            ):
                continue
            record = await self._ledger.record(one.job_id)
            if record is None:
                continue
            if record.state is JobState.INTERRUPTED:
                found.append(FoundJob(record=record, job=None))
            else:
                job = self._jobs[one.job_id] = ForeignJob(record, self._clock)
                found.append(FoundJob(record=record, job=job))
        return tuple(found)
