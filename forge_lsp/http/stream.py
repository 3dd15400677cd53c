"""A job's events as server-sent events: ``event`` is the type, ``id`` the sequence."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator

from forge_lsp.core.errors import JobUnknown
from forge_lsp.core.events import JobEvent, JobFinished
from forge_lsp.jobs.job import Job
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.record import JobState

__all__ = ["frame", "frames"]

_HEARTBEAT = 15.0  # seconds of silence after which a comment is sent: it finds out who has gone
_POLL = 0.5  # seconds between two looks at a job of another process


def frame(event: JobEvent) -> bytes:
    """One event on the wire."""
    return f"id: {event.sequence}\nevent: {event.body.type}\ndata: {json.dumps(event.to_json())}\n\n".encode()


async def frames(jobs: JobManager, job_id: str, after: int) -> AsyncGenerator[bytes] | None:
    """The events after a sequence number, up to the job's end. None: it has ended, and there are no more.

    Closing the generator leaves the job alone. Raises JobUnknown.
    """
    try:
        job = jobs.job(job_id)
    except JobUnknown:
        record = await jobs.record(job_id)
        over = record.state in (JobState.ENDED, JobState.INTERRUPTED)
        return None if over and not _after(record.events, after) else _kept(jobs, job_id, after)
    return None if job.state is JobState.ENDED and not _after(job.events, after) else _live(job, after)


async def _live(job: Job, after: int) -> AsyncGenerator[bytes]:
    """A job of this process."""
    waiting: deque[JobEvent] = deque()
    wake = asyncio.Event()

    def hear(event: JobEvent) -> None:
        waiting.append(event)
        wake.set()

    stop = job.listen(hear, after)
    try:
        while True:
            while waiting:
                event = waiting.popleft()
                yield frame(event)
                if isinstance(event.body, JobFinished):
                    return
            if job.state is JobState.ENDED and not waiting:  # it ended at or before `after`
                return
            wake.clear()
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await wake.wait()
            except TimeoutError:
                yield b": waiting\n\n"
    finally:
        stop()


async def _kept(jobs: JobManager, job_id: str, after: int) -> AsyncGenerator[bytes]:
    """A job of another process, or an earlier one, as the ledger tells it."""
    silent = 0.0
    while True:
        record = await jobs.record(job_id)
        fresh = _after(record.events, after)
        for event in fresh:
            yield frame(event)
            after = event.sequence
        if record.state in (JobState.ENDED, JobState.INTERRUPTED):
            return
        await asyncio.sleep(_POLL)
        silent = 0.0 if fresh else silent + _POLL
        if silent >= _HEARTBEAT:
            silent = 0.0
            yield b": waiting\n\n"


def _after(events: tuple[JobEvent, ...], sequence: int) -> list[JobEvent]:
    return [event for event in events if event.sequence > sequence]
