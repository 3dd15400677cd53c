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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Candidate, Outcome
from forge_lsp.core.codec import projected, to_json
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.events import AttemptStarted, EventBody, JobEvent, JobFinished, JobStarted, QuestionAnswered
from forge_lsp.core.futures import retrieve_exception
from forge_lsp.core.ports import Clock
from forge_lsp.core.questions import Answer
from forge_lsp.core.task import Task
from forge_lsp.jobs.alternatives import candidates_of
from forge_lsp.jobs.asking import GivenAnswer, asked_of, with_answer
from forge_lsp.jobs.contract import ApplyMode, JobRequest, PreparedJob, Recheck
from forge_lsp.jobs.discretion import without_secrets
from forge_lsp.jobs.ending import judge
from forge_lsp.jobs.event_log import EventLog, Listener
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.shapes import JobStatus
from forge_lsp.redaction import hidden, redact

if TYPE_CHECKING:
    from forge_lsp.ensemble.ending import Conclusion

__all__ = ["CANCEL_GRACE", "KEEP_SECONDS", "Job", "new_id"]

logger = logging.getLogger(__name__)

CANCEL_GRACE = 0.15
"""Seconds a run has to end after its cancel, before the job ends without it. The contract's 200 ms, less what the
event loop may need to get here."""

KEEP_SECONDS = 30.0
"""How long the end of a job waits until the ledger has it; the ledger itself bears a lock for 15 s."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts like the number, nothing looks alike


def new_id(now: datetime) -> str:
    """Return a job id: 10 characters of time (milliseconds, so that ids sort by age) and 10 of chance (50 bits)."""
    number = (int(now.timestamp() * 1000) << 50) | secrets.randbits(50)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(95, -5, -5))


@dataclass(eq=False, repr=False, kw_only=True)
class Job:
    """One job. Made and started by the :class:`~forge_lsp.jobs.manager.JobManager`; lives on one event loop.

    ``on_event`` gets every event before the listeners do. ``on_finish`` gets the final record and returns when it
    is kept. ``on_stray`` gets a run that outlived its cancel, to hold it until it ends. ``places`` are those of the
    jobs that run at once: without one a job is queued, and first come is first served.
    """

    job_id: str
    request: JobRequest
    """As the front end put it."""
    prepared: PreparedJob
    """What :mod:`forge_lsp.app` made of the request: among it the apply mode and the profile."""
    clock: Clock
    on_event: Listener
    on_finish: Callable[[JobRecord], Awaitable[None]]
    on_stray: Callable[[asyncio.Task[Conclusion]], None]
    places: asyncio.Semaphore

    def __post_init__(self) -> None:
        self._started = self.clock.monotonic()
        task = self.prepared.task
        self._record = JobRecord(
            job_id=self.job_id,
            state=JobState.QUEUED,
            created=self.clock.now(),
            task=task.instruction,
            language=str(task.document.language),
            uri=task.document.uri,
            base_text=task.document.text,
            scope=task.scope,
            allowed_attempts=self.prepared.attempts,
            apply=str(self.prepared.apply),
            workspace=str(task.workspace) if task.workspace else None,
            profile=self.prepared.profile,
            asked_profile=self.request.profile,
            insights=without_secrets(task.insights, task.secrets),
            diagnostics=without_secrets(task.diagnostics, task.secrets),
            version=task.document.version,
            follow_up_of=_continued_job(self.request),
            toys=self.prepared.toys,
            accept_score=self.prepared.accept_score,
            secrets=task.secrets,
        )
        self._log = EventLog(self.job_id, self.clock, self.on_event)
        self._cancel_reason: str | None = None
        self.interrupted = False
        self._cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done = asyncio.Event()
        self._run: asyncio.Task[Conclusion] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._silent = False
        self._queued: str | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.job_id

    @property
    def task(self) -> Task:
        """What was asked."""
        return self.prepared.task

    @property
    def apply(self) -> ApplyMode:
        """What happens to an accepted result."""
        return self.prepared.apply

    @property
    def state(self) -> JobState:
        """queued, running or ended."""
        return self._record.state

    @property
    def events(self) -> tuple[JobEvent, ...]:
        """All events so far, in order."""
        return self._log.events

    @property
    def status(self) -> str:
        """Its entry in ``forge.status``, as JSON text. Of a queued job nothing changes, and it is written once; of the
        others the attempt and the stage are those that the events told last, noted as they came."""
        queued = self.state is JobState.QUEUED
        if queued and self._queued is not None:
            return self._queued
        told = json.dumps(
            to_json(
                projected(
                    JobStatus,
                    self._record,
                    attempt=self._log.attempt,
                    attempts=self.prepared.attempts,
                    stage=self._log.stage,
                    seconds=self.seconds,
                    cost_usd=self.cost_usd,
                )
            )
        )
        self._queued = told if queued else None
        return told

    @property
    def result(self) -> JobRecord | None:
        """How it ended; None while it runs."""
        return None if self._record.outcome is None else self._record

    @property
    def cost_usd(self) -> float:
        """What it has cost so far, open reservations at their estimate of what was sent."""
        return self._record.cost_usd if self.state is JobState.ENDED else self.prepared.spending.spent

    @property
    def seconds(self) -> float:
        """Wall time since its start, or from start to end; 0 while it is queued."""
        match self.state:
            case JobState.QUEUED:
                return 0.0
            case JobState.ENDED:
                return self._record.seconds
            case _:
                return self.clock.monotonic() - self._started

    # ------------------------------------------------------------------ for front ends

    def listen(self, callback: Listener, from_sequence: int = 0) -> Callable[[], None]:
        """Hear every event after ``from_sequence`` (0: all): those that were, at once, then those to come.

        In order, without a gap. Called on the event loop; a listener that raises is logged and dropped. The
        returned function stops it.
        """
        return self._log.subscribe(callback, from_sequence)

    async def wait(self) -> JobRecord:
        """Return the result, once the job has ended and is kept in the ledger, or the ledger has not taken it for
        :data:`KEEP_SECONDS`. A cancelled wait leaves the job alone."""
        await self._done.wait()
        return self._record

    def cancel(self, reason: str = "cancelled by the user", *, interrupt: bool = False) -> bool:
        """Stop the job: it ends ``cancelled`` within 200 ms. False where it ends, or has ended, in another way.
        ``interrupt``: nobody wanted that, and the ledger has it as one that can be gone on with."""
        if self.state is JobState.ENDED:
            return False
        if self._cancel_reason is not None:
            return True
        if self._run is not None and self._run.done():
            return False
        self._cancel_reason, self.interrupted = reason, interrupt
        if self._run is not None:
            self._run.cancel()
        if not self._cancelled.done():
            self._cancelled.set_result(None)
        return True

    async def recheck(self, text: str) -> Recheck:
        """Check another text of the document in the place of the candidate's, after a merge."""
        return await self.prepared.recheck(text)

    def answer(self, question: str, given: GivenAnswer) -> Answer:
        """Take the user's answer to a question while the job runs. Raises BadRequest for one that is not open."""
        pending = self.prepared.questions
        if pending is None:
            raise BadRequest("the job has asked no question")
        if given.value is not None:
            given = replace(given, value=redact(given.value, self.task.secrets).text)
        answer = pending.answer(question, given)
        self._hear(QuestionAnswered(answer=answer))
        return answer

    def replace_result(self, record: JobRecord) -> None:
        """Take what an answer made of a job that has ended."""
        if self.result is not None:
            self._record = replace(record, events=self._record.events, secrets=self._record.secrets)

    def record(self) -> JobRecord:
        """The whole job as it is now."""
        record = self._record
        if record.state is not JobState.ENDED:
            record = replace(
                record,
                seconds=self.seconds,
                cost_usd=self.cost_usd,
                attempt_count=self._attempt_count,
                questions=asked_of(self.events),
            )
        return replace(record, events=self.events)

    # ------------------------------------------------------------------ for the manager

    def start(self) -> None:
        """Begin. Called once, by the manager."""
        self._supervisor = asyncio.create_task(self._supervise(), name=f"forge job {self.id}")

    def mark_applied(self) -> None:
        """Remember that the editor took the result."""
        if self.result is not None:
            self._record = replace(self._record, applied=True)

    # ------------------------------------------------------------------ inside

    async def _supervise(self) -> None:
        """See the job through to its end, or give it one: somebody waits for it."""
        try:
            await self._see_through()
        except BaseException as error:
            if self.result is None:
                self._break_off(error)
            if not isinstance(error, Exception):  # a cancel of a closing event loop
                raise
            logger.exception("job %s: its end failed", self.id)
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
                self.places.release()

    async def _placed(self) -> bool:
        """Wait for a place; False where a cancel came first, which wants none."""
        if not self.places.locked():
            return await self.places.acquire()
        place = asyncio.ensure_future(self.places.acquire())
        try:
            await asyncio.wait({place, self._cancelled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not place.done():
                place.cancel()
        return place.done()

    async def _run_to_the_end(self) -> None:
        task = self.task
        self._record, self._started = replace(self._record, state=JobState.RUNNING), self.clock.monotonic()
        self._emit(
            JobStarted(
                task=task.instruction,
                uri=task.document.uri,
                language=str(task.document.language),
                attempts=self.prepared.attempts,
            )
        )
        run = self._run = asyncio.create_task(self._ensemble(), name=f"forge ensemble {self.id}")
        overdue = False
        try:
            if not self._cancelled.done():
                deadline = self.prepared.deadline
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
        return await self.prepared.run(self._hear)

    async def _stop(self, run: asyncio.Task[Conclusion]) -> None:
        """Cancel a run that is not done, and give it a moment."""
        if not run.done():
            run.cancel()
            await asyncio.wait({run}, timeout=CANCEL_GRACE)

    async def _finish(self, run: asyncio.Task[Conclusion], *, overdue: bool) -> None:
        self._silent = True
        if not run.done():
            logger.warning("job %s: its work did not stop within %.2f s of the cancel", self.id, CANCEL_GRACE)
            self.on_stray(run)
        end = judge(
            self._record,
            run,
            cancelled=self._cancel_reason,
            overdue=self.prepared.deadline if overdue else None,
            addresses=self.prepared.spending.addresses,
        )
        self._conclude(end)
        await self._keep()

    def _conclude(self, end: JobRecord) -> None:
        """The job has ended so; everybody who listens is told."""
        ran = sum(attempt.skipped is None for attempt in end.attempts)
        self._record = replace(
            end,
            state=JobState.ENDED,
            reason=end.reason and hidden(end.reason, self.task.secrets),
            remedy=end.remedy and hidden(end.remedy, self.task.secrets),
            seconds=self.seconds,
            cost_usd=self._paid(),
            attempt_count=ran if end.attempts else self._attempt_count,
            questions=end.questions or asked_of(self.events),
        )
        self._unheard()
        self._log.append(projected(JobFinished, self._record))
        self._record = replace(self._record, events=self.events)

    def _unheard(self) -> None:
        """Take in the answers that came while the work of the job was ending, and that it did not see any more."""
        pending = self.prepared.questions
        if pending is None or self._record.outcome is Outcome.CANCELLED:
            return
        for answer in pending.taken():
            try:
                self._record = with_answer(self._record, without_secrets(answer, self.task.secrets), self._candidate)
            except Exception:  # an answer must not cost the result
                logger.exception("job %s: an answer could not be used", self.id)

    def _candidate(self, id_: str) -> Candidate:
        return next(one.candidate for one in candidates_of(self._record) if one.id == id_)

    def _paid(self) -> float:
        """What the job cost, its purse closed (USD). A purse that fails costs no result."""
        try:
            return self.prepared.spending.close()
        except Exception:
            logger.exception("job %s: what it cost could not be summed up", self.id)
            return 0.0

    def _break_off(self, error: BaseException) -> None:
        """Something failed before there was an end: this is the end. Must not fail itself."""
        self._silent = True
        if self._run is not None:
            self._run.cancel()
            self._run.add_done_callback(retrieve_exception)
        reason = f"forge-lsp failed unexpectedly while the job ended ({type(error).__name__}); its log has the details"
        end = replace(self._record, outcome=Outcome.FAILED, reason=reason)
        if self._cancel_reason is not None or isinstance(error, asyncio.CancelledError):
            reason = self._cancel_reason or "forge-lsp was stopped"
            end = replace(end, outcome=Outcome.CANCELLED, reason=reason)
        try:
            self._conclude(end)
        except BaseException:
            logger.exception("job %s: its end could not be told", self.id)
        if self.result is None:
            self._record = replace(end, state=JobState.ENDED)

    async def _keep(self) -> None:
        """Have the end written down, for at most :data:`KEEP_SECONDS`, then wake those who wait."""
        try:
            await asyncio.wait_for(self.on_finish(self.record()), KEEP_SECONDS)
        except TimeoutError:
            logger.error("job %s: the ledger has not taken it for %.0f s; it goes on without", self.id, KEEP_SECONDS)
        except Exception:
            logger.exception("job %s could not be kept", self.id)
        finally:
            self._done.set()

    @property
    def _attempt_count(self) -> int:
        """Attempts that ran so far, as the events tell."""
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


def _continued_job(request: JobRequest) -> str | None:
    if request.follow_up is not None:
        return request.follow_up.job_id
    return None if request.resumed is None else request.resumed.job_id
