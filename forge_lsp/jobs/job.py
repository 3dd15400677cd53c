"""One running job: its events, its listeners, its end.

A job has two tasks. The *run* is the ensemble's work; a cancel goes to it. The *supervisor* waits for the run, and
makes sure that the job ends in every case: exactly one ``job.started`` first, exactly one ``job.finished`` last.
A run that does not heed its cancel is left behind, observed, and can say nothing any more. Whatever fails on the way,
those who wait for the job get an end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Attempt, Outcome
from forge_lsp.core.events import (
    AttemptStarted,
    CallFinished,
    EventBody,
    JobEvent,
    JobFinished,
    JobStarted,
)
from forge_lsp.core.ports import Clock
from forge_lsp.core.task import Task
from forge_lsp.jobs.budget import JobSpending
from forge_lsp.jobs.contract import JobRequest, JobResult, Prepared, Recheck
from forge_lsp.jobs.discretion import without_secrets
from forge_lsp.jobs.ending import End, judge
from forge_lsp.jobs.event_log import EventLog, Listener
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.redaction import hidden

if TYPE_CHECKING:
    from forge_lsp.ensemble.loop import Conclusion

__all__ = ["CANCEL_GRACE", "KEEP_SECONDS", "Job", "new_id"]

logger = logging.getLogger(__name__)

CANCEL_GRACE = 0.15
"""Seconds a run has to end after its cancel, before the job ends without it. The contract's 200 ms, less what the
event loop may need to get here."""

KEEP_SECONDS = 30.0
"""How long the end of a job waits until the ledger has it; the ledger itself bears a lock for 15 s."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts like the number, nothing looks alike


def new_id(now: datetime) -> str:
    """A job id: 10 characters of time (milliseconds, so that ids sort by age) and 10 of chance (50 bits)."""
    number = (int(now.timestamp() * 1000) << 50) | secrets.randbits(50)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(95, -5, -5))


class Job:
    """One job. Made and started by the :class:`~forge_lsp.jobs.manager.JobManager`; lives on one event loop.

    ``on_event`` gets every event before the listeners do. ``on_finish`` gets the final record and returns when it
    is kept. ``on_stray`` gets a run that outlived its cancel, to hold it until it ends. ``places`` are those of the
    jobs that run at once: without one a job is queued, and first come is first served.
    """

    def __init__(
        self,
        *,
        job_id: str,
        request: JobRequest,
        prepared: Prepared,
        clock: Clock,
        on_event: Listener,
        on_finish: Callable[[JobRecord], Awaitable[None]],
        on_stray: Callable[[asyncio.Task[Conclusion]], None],
        places: asyncio.Semaphore,
    ) -> None:
        self._id = job_id
        self._request = request
        self._prepared = prepared
        self._clock = clock
        self._on_finish = on_finish
        self._on_stray = on_stray
        self._places = places
        self._created = clock.now()
        self._started = clock.monotonic()
        self._state = JobState.QUEUED
        self._log = EventLog(job_id, clock, on_event)
        self._cancel_reason: str | None = None
        self._cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done = asyncio.Event()
        self._run: asyncio.Task[Conclusion] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._silent = False
        self._end: End | None = None
        self._result: JobResult | None = None
        self._seconds = 0.0
        self._cost = 0.0
        self._queued: str | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return self._id

    @property
    def task(self) -> Task:
        """What was asked."""
        return self._prepared.task

    @property
    def request(self) -> JobRequest:
        """As the face put it."""
        return self._request

    @property
    def prepared(self) -> Prepared:
        """What :mod:`forge_lsp.app` made of the request: among it the apply mode and the profile."""
        return self._prepared

    @property
    def state(self) -> JobState:
        """queued, running or ended."""
        return self._state

    @property
    def events(self) -> tuple[JobEvent, ...]:
        """All events so far, in order."""
        return self._log.events

    @property
    def status(self) -> str:
        """Its entry in ``forge.status``, as JSON text. Of a queued job nothing changes, and it is written once; of the
        others the attempt and the stage are those that the events told last, noted as they came."""
        if self._state is JobState.QUEUED and self._queued is not None:
            return self._queued
        told = json.dumps(
            {
                "jobId": self._id,
                "state": str(self._state),
                "task": self.task.instruction,
                "uri": self.task.document.uri,
                "attempt": self._log.attempt,
                "attempts": self._prepared.attempts,
                "stage": None if self._log.stage is None else str(self._log.stage),
                "seconds": self.seconds,
                "costUsd": self.cost_usd,
            }
        )
        self._queued = told if self._state is JobState.QUEUED else None
        return told

    @property
    def result(self) -> JobResult | None:
        """How it ended; None while it runs."""
        return self._result

    @property
    def cost_usd(self) -> float:
        """What it has cost so far, open reservations at their estimate of what was sent."""
        if self._state is JobState.ENDED:
            return self._cost
        spending = self._prepared.spending
        if isinstance(spending, JobSpending):
            return spending.spent
        return sum((event.body.cost_usd for event in self.events if isinstance(event.body, CallFinished)), 0.0)

    @property
    def seconds(self) -> float:
        """Wall time since its start, or from start to end; 0 while it is queued."""
        match self._state:
            case JobState.QUEUED:
                return 0.0
            case JobState.ENDED:
                return self._seconds
            case _:
                return self._clock.monotonic() - self._started

    # ------------------------------------------------------------------ for faces

    def listen(self, callback: Listener, from_sequence: int = 0) -> Callable[[], None]:
        """Hear every event after ``from_sequence`` (0: all): those that were, at once, then those to come.

        In order, without a gap. Called on the event loop; a listener that raises is logged and dropped. The
        returned function stops it.
        """
        return self._log.subscribe(callback, from_sequence)

    async def wait(self) -> JobResult:
        """The result, once the job has ended and is kept in the ledger, or the ledger has not taken it for
        :data:`KEEP_SECONDS`. A cancelled wait leaves the job alone."""
        await self._done.wait()
        assert self._result is not None  # it is there before anybody is woken
        return self._result

    def cancel(self, reason: str = "cancelled by the user") -> bool:
        """Stop the job: it ends ``cancelled`` within 200 ms. False where it ends, or has ended, in another way."""
        if self._state is JobState.ENDED:
            return False
        if self._cancel_reason is not None:
            return True
        if self._run is not None and self._run.done():
            return False
        self._cancel_reason = reason
        if self._run is not None:
            self._run.cancel()
        if not self._cancelled.done():
            self._cancelled.set_result(None)
        return True

    async def recheck(self, text: str) -> Recheck:
        """Check another text of the document in the place of the candidate's, after a merge."""
        return await self._prepared.recheck(text)

    def record(self) -> JobRecord:
        """The whole job as it is now."""
        task, end = self.task, self._end
        return JobRecord(
            job_id=self._id,
            state=self._state,
            created=self._created,
            task=task.instruction,
            language=str(task.document.language),
            uri=task.document.uri,
            base_text=task.document.text,
            scope=task.scope,
            allowed_attempts=self._prepared.attempts,
            apply=str(self._prepared.apply),
            workspace=str(task.workspace) if task.workspace else None,
            profile=self._prepared.profile,
            version=task.document.version,
            follow_up_of=self._request.follow_up.job_id if self._request.follow_up else None,
            outcome=end.outcome if end else None,
            score=end.score if end else None,
            grade=end.grade if end else None,
            checks=end.checks if end else (),
            reason=end.reason if end else None,
            seconds=self.seconds,
            cost_usd=self.cost_usd,
            applied=self._result.applied if self._result else False,
            candidate=end.best if end else None,
            attempts=end.attempts if end else (),
            sent=end.sent if end else (),
            toys=self._prepared.toys,
            events=self.events,
            secrets=task.secrets,
        )

    # ------------------------------------------------------------------ for the manager

    def start(self) -> None:
        """Begin. Called once, by the manager."""
        self._supervisor = asyncio.create_task(self._supervise(), name=f"forge job {self._id}")

    def mark_applied(self) -> None:
        """Remember that the editor took the result."""
        if self._result is not None:
            self._result = replace(self._result, applied=True)

    # ------------------------------------------------------------------ inside

    async def _supervise(self) -> None:
        """See the job through to its end, or give it one: somebody waits for it."""
        try:
            await self._see_through()
        except BaseException as error:
            if self._result is None:
                self._break_off(error)
            if not isinstance(error, Exception):  # a cancel of a closing event loop
                raise
            logger.exception("job %s: its end failed", self._id)
            if not self._done.is_set():
                await self._keep()
        finally:
            self._done.set()

    async def _see_through(self) -> None:
        try:
            placed = await self._placed()
        except asyncio.CancelledError:  # by a closing event loop; the job still ends, and says so
            self.cancel("forge-lsp was stopped")
            await self._run_to_the_end()
            raise
        try:
            await self._run_to_the_end()
        finally:
            if placed:
                self._places.release()

    async def _placed(self) -> bool:
        """Wait for a place; False where a cancel came first, which wants none."""
        if not self._places.locked():
            return await self._places.acquire()
        place = asyncio.ensure_future(self._places.acquire())
        try:
            await asyncio.wait({place, self._cancelled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not place.done():
                place.cancel()
        return place.done()

    async def _run_to_the_end(self) -> None:
        task = self.task
        self._state, self._started = JobState.RUNNING, self._clock.monotonic()
        self._emit(
            JobStarted(
                task=task.instruction,
                uri=task.document.uri,
                language=str(task.document.language),
                attempts=self._prepared.attempts,
            )
        )
        run = self._run = asyncio.create_task(self._ensemble(), name=f"forge ensemble {self._id}")
        overdue = False
        try:
            if not self._cancelled.done():
                deadline = self._prepared.deadline
                await asyncio.wait({run, self._cancelled}, timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
                overdue = not run.done() and not self._cancelled.done()
            await self._stop(run)
        except asyncio.CancelledError:
            # Only a closing event loop cancels the supervisor. The job still ends, and says so, before we go.
            if self._cancel_reason is None and (not run.done() or run.cancelled()):
                self._cancel_reason = "forge-lsp was stopped"
            await self._stop(run)
            await self._finish(run, overdue=False)
            raise
        await self._finish(run, overdue=overdue)

    async def _ensemble(self) -> Conclusion:
        return await self._prepared.run(self._hear)

    async def _stop(self, run: asyncio.Task[Conclusion]) -> None:
        """Cancel a run that is not done, and give it a moment."""
        if not run.done():
            run.cancel()
            await asyncio.wait({run}, timeout=CANCEL_GRACE)

    async def _finish(self, run: asyncio.Task[Conclusion], *, overdue: bool) -> None:
        self._silent = True
        if not run.done():
            logger.warning("job %s: its work did not stop within %.2f s of the cancel", self._id, CANCEL_GRACE)
            self._on_stray(run)
        spending = self._prepared.spending
        end = judge(
            run,
            job_id=self._id,
            cancelled=self._cancel_reason,
            overdue=self._prepared.deadline if overdue else None,
            addresses=spending.addresses if isinstance(spending, JobSpending) else {},
        )
        self._conclude(end, attempt_count=_ran(end.attempts) if end.attempts else self.attempt_count)
        await self._keep()

    def _conclude(self, end: End, *, attempt_count: int) -> None:
        """The job has ended so; everybody who listens is told."""
        end = replace(end, reason=end.reason and hidden(end.reason, self.task.secrets))
        self._end, self._seconds, self._cost = end, self.seconds, self._paid()
        self._state = JobState.ENDED
        self._result = JobResult(
            job_id=self._id,
            outcome=end.outcome,
            score=end.score,
            grade=end.grade,
            checks=end.checks,
            attempt_count=attempt_count,
            seconds=self._seconds,
            cost_usd=self._cost,
            reason=end.reason,
            apply=self._prepared.apply,
            candidate=end.best,
        )
        self._log.append(
            JobFinished(
                outcome=end.outcome,
                score=end.score,
                grade=end.grade,
                attempt_count=attempt_count,
                seconds=self._seconds,
                cost_usd=self._cost,
                reason=end.reason,
            )
        )

    def _paid(self) -> float:
        """What the job cost, its purse closed (USD). A purse that fails costs no result."""
        try:
            spending = self._prepared.spending
            return spending.close() if isinstance(spending, JobSpending) else self.cost_usd
        except Exception:
            logger.exception("job %s: what it cost could not be summed up", self._id)
            return 0.0

    def _break_off(self, error: BaseException) -> None:
        """Something failed before there was an end: this is the end. Must not fail itself."""
        self._silent = True
        if self._run is not None and not self._run.done():
            self._run.cancel()
        reason = f"forge-lsp failed unexpectedly while the job ended ({type(error).__name__}); its log has the details"
        end = End(outcome=Outcome.FAILED, reason=reason)
        if self._cancel_reason is not None or isinstance(error, asyncio.CancelledError):
            end = End(outcome=Outcome.CANCELLED, reason=self._cancel_reason or "forge-lsp was stopped")
        try:
            self._conclude(end, attempt_count=0)
        except BaseException:
            logger.exception("job %s: its end could not be told", self._id)
        if self._result is None:
            self._end, self._state = end, JobState.ENDED
            self._result = JobResult(
                job_id=self._id,
                outcome=end.outcome,
                score=None,
                attempt_count=0,
                seconds=0.0,
                cost_usd=0.0,
                reason=end.reason,
                apply=self._prepared.apply,
            )

    async def _keep(self) -> None:
        """Have the end written down, for at most :data:`KEEP_SECONDS`, then wake those who wait."""
        try:
            await asyncio.wait_for(self._on_finish(self.record()), KEEP_SECONDS)
        except TimeoutError:
            logger.error("job %s: the ledger has not taken it for %.0f s; it goes on without", self._id, KEEP_SECONDS)
        except Exception:
            logger.exception("job %s could not be kept", self._id)
        finally:
            self._done.set()

    @property
    def attempt_count(self) -> int:
        """Attempts that ran; a skipped one did not."""
        end = self._end
        if end is not None and end.attempts:
            return _ran(end.attempts)
        return len({event.body.number for event in self.events if isinstance(event.body, AttemptStarted)})

    def _hear(self, body: EventBody) -> None:
        """An event of the ensemble. Start and end are the supervisor's to tell."""
        if isinstance(body, (JobStarted, JobFinished)):
            return
        self._emit(without_secrets(body, self.task.secrets))

    def _emit(self, body: EventBody) -> None:
        if self._silent:  # a stray: the job has ended, and its last event is job.finished
            return
        self._log.append(body)


def _ran(attempts: Sequence[Attempt]) -> int:
    return sum(attempt.skipped is None for attempt in attempts)
