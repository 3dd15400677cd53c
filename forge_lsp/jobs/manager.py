"""All jobs of one process: start, observe, cancel, remember, close."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forge_lsp.core.became import EditFate
from forge_lsp.core.errors import BadRequest, ForgeError, JobUnknown
from forge_lsp.core.events import JobEvent, JobFinished
from forge_lsp.core.languages import Languages
from forge_lsp.core.ports import Clock
from forge_lsp.core.questions import AskedQuestion, Effect
from forge_lsp.jobs.alternatives import alternatives_document, alternatives_of, candidate_of
from forge_lsp.jobs.asking import GivenAnswer, answer_of, contradiction, one_asked, with_answer
from forge_lsp.jobs.contract import JobRequest, Prepare, PreparedJob
from forge_lsp.jobs.discretion import for_the_ledger, refuse_lost
from forge_lsp.jobs.document import job_document
from forge_lsp.jobs.event_log import Listener
from forge_lsp.jobs.found import FoundJobs
from forge_lsp.jobs.job import Job, new_id
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.report import job_report
from forge_lsp.redaction import redact

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.ensemble.ending import Conclusion
    from forge_lsp.jobs.figures import CurrentRates, Statistics
    from forge_lsp.jobs.foreign import ForeignJob

__all__ = ["JobManager"]

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 5.0


@dataclass(eq=False, kw_only=True)
class JobManager:
    """Jobs by id. Lives on one event loop; the ledger is its own, and closed with it.

    ``prepare`` makes a job from a request, its id and what answers an earlier job, raising BadRequest or SettingsError
    where it cannot.
    ``on_event`` hears every event of every job. ``keep`` ended jobs stay in memory, with what a recheck needs; all
    others are told from the ledger. ``at_once`` jobs run, the others are queued: models and compilers are few, and many
    jobs in step with each other would all end late and leave the event loop no air.
    """

    prepare: Prepare
    ledger: Ledger
    """Where everything is kept: for purses, and for its :attr:`~forge_lsp.jobs.ledger.Ledger.problem`."""
    languages: Languages
    clock: Clock
    on_event: Listener | None = None
    keep: int = 32
    at_once: int = 16

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)
        self._jobs: dict[str, Job] = {}
        self._strays: set[asyncio.Task[Conclusion]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False
        self.found = FoundJobs(self.ledger, self.clock)
        """Those that an earlier editor left."""

    async def start(self, request: JobRequest) -> Job:
        """Begin a job and return at once with it. Raises BadRequest or SettingsError before there is a job."""
        if self._closed:
            raise ForgeError("forge-lsp is stopping, and starts no more jobs")
        job_id = new_id(self.clock.now())
        prepared = await self.prepare(request, job_id, self.record)
        if self._closed:
            await self._close_prepared(job_id, prepared)
            raise ForgeError("forge-lsp is stopping, and starts no more jobs")
        job = Job(
            job_id=job_id,
            request=request,
            prepared=prepared,
            clock=self.clock,
            on_event=self._hear,
            on_finish=self._finished,
            on_stray=self._hold,
            places=self._places,
        )
        self.ledger.begin(job.record(), unseen=request.shown)
        self._jobs[job_id] = job  # not before: a job that never starts would never end
        job.start()
        return job

    # ------------------------------------------------------------------ running jobs

    def job(self, job_id: str) -> Job:
        """Return a job of this process that runs, or ended lately. Raises JobUnknown."""
        job = self._jobs.get(job_id)
        if job is None:
            raise _unknown(job_id)
        return job

    def _known(self, job_id: str) -> Job | ForeignJob | None:
        """A job that is followed here, of this process or found."""
        return self._jobs.get(job_id) or self.found.get(job_id)

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have not ended, oldest first."""
        return tuple(job for job in self._jobs.values() if job.state is not JobState.ENDED)

    def cancel(self, job_id: str | None = None, reason: str = "cancelled by the user") -> tuple[str, ...]:
        """Cancel one job, or all; answers the ids of those that this stops. Raises JobUnknown."""
        one = None if job_id is None else (self.found.get(job_id) or self.job(job_id))
        jobs = (*self.running, *self.found.running) if one is None else (one,)
        return tuple(job.id for job in jobs if job.cancel(reason))

    def status(self, **more: object) -> str:
        """Return ``forge.status``: what runs now, as the text of a JSON object with ``more`` in it. ``ledger`` says
        what is wrong with the ledger, or null. Costs little however many jobs are queued: each has its part ready."""
        jobs = ", ".join(job.status for job in (*self.found.running, *self.running))
        ended = [record for job in self._jobs.values() if (record := job.result) is not None]
        contradicted = [
            {"jobId": record.job_id, "words": words} for record in ended if (words := contradiction(record)) is not None
        ]
        extra = {"contradicted": contradicted} if contradicted else {}
        rest = json.dumps({"ledger": self.ledger.problem, **extra, **more})
        return f'{{"jobs": [{jobs}], {rest[1:]}'

    # ------------------------------------------------------------------ any job, also of an earlier process

    async def record(self, job_id: str) -> JobRecord:
        """Return a whole job. Raises JobUnknown."""
        job = self._known(job_id)
        record = job.record() if job is not None else await self.ledger.record(job_id)
        if record is None:
            raise _unknown(job_id)
        return record

    async def result(self, job_id: str, candidate: str | None = None, editing: Editing | None = None) -> JobRecord:
        """Return a job that ended, offering its result, or the ``candidate`` of that id put in place by ``editing``.

        Raises JobUnknown, also where it has not ended, and BadRequest where it has no such candidate, or its code had a
        key of the user's words in it and its process is gone."""
        record = await self.record(job_id)
        if record.outcome is None:
            state = "was interrupted" if record.state is JobState.INTERRUPTED else "has not ended"
            raise JobUnknown(f"job {job_id} has no result: it {state}")
        if candidate is not None and editing is not None:
            record = replace(record, candidate=candidate_of(record, candidate, editing, self.languages))
        if not record.secrets:
            refuse_lost(record)
        return record

    async def history(self, limit: int | None = None) -> tuple[Mapping[str, object], ...]:
        """Return ``forge.history``: the newest jobs of all processes first, as short JSON objects; 50 unless said."""
        return await self.ledger.history(50 if limit is None else max(0, limit))

    async def statistics(self, rates: CurrentRates) -> Statistics:
        """Return what all jobs that are over come to; ``rates`` are those of the settings in force."""
        from forge_lsp.jobs.statistics import statistics_of

        return statistics_of(await self.ledger.observed(), rates)

    async def document(self, job_id: str) -> dict[str, object]:
        """Return the job document. Raises JobUnknown."""
        return job_document(await self.record(job_id))

    async def report(self, job_id: str) -> str:
        """Return ``forge.report``: Markdown. Raises JobUnknown."""
        return job_report(await self.record(job_id), note=self.ledger.problem)

    async def alternatives(self, job_id: str) -> dict[str, object]:
        """Return ``forge.alternatives``: every candidate that compiled. Raises JobUnknown."""
        return alternatives_document(await self.record(job_id))

    async def candidate_texts(self, job_id: str, editing: Editing) -> tuple[str, ...]:
        """Return the document with each candidate in place, the best first. Raises JobUnknown."""
        record = await self.record(job_id)
        return tuple(candidate_of(record, one.id, editing, self.languages).text for one in alternatives_of(record))

    async def events(self, job_id: str, after: int = 0) -> tuple[JobEvent, ...]:
        """Return the events after a sequence number. Raises JobUnknown."""
        job = self._known(job_id)
        if job is not None:
            return job.events[after:]
        return (await self.record(job_id)).events[after:]

    async def answer(self, job_id: str, question: str, given: GivenAnswer, editing: Editing) -> AskedQuestion:
        """Take the user's answer to a question of a job, now or after its end, and return the question with what the
        answer did as far as that is known. Raises JobUnknown, and BadRequest for a question that is not open."""
        elsewhere = self.found.get(job_id)
        if elsewhere is not None and elsewhere.state is not JobState.ENDED:
            return replace(one_asked(elsewhere.record(), question), answer=await elsewhere.answer(question, given))
        job = self._jobs.get(job_id)
        if job is not None and job.result is None:
            return replace(one_asked(job.record(), question), answer=job.answer(question, given))
        if job is not None:
            await job.wait()  # what ends it is kept before what changes it
        record = await self.record(job_id)
        if record.outcome is None:
            raise BadRequest(f"job {job_id} runs in another process, or was interrupted: it cannot be answered here")
        if given.value is not None:
            given = replace(given, value=redact(given.value, record.secrets).text)
        answer = answer_of(one_asked(record, question).question, given)
        languages = self.languages
        answered = with_answer(record, answer, lambda id_: candidate_of(record, id_, editing, languages))
        return await self._replaced(answered, question)

    async def keep_example(self, job_id: str, question: str) -> AskedQuestion:
        """Remember that an answer became an example of the documentation. Raises JobUnknown, BadRequest."""
        record = await self.record(job_id)
        one_asked(record, question)
        kept = (replace(one, kept=True) if one.question.id == question else one for one in record.questions)
        return await self._replaced(replace(record, questions=tuple(kept)), question)

    async def took(self, job_id: str, candidate: str) -> None:
        """Remember that a candidate was applied in the place of one that the user's answer contradicts."""
        record = await self.record(job_id)
        for one in record.questions:
            if one.other == candidate and one.effect is Effect.REFUTED:
                now = (replace(each, effect=Effect.CHANGED) if each is one else each for each in record.questions)
                await self._replaced(replace(record, questions=tuple(now)), one.question.id)

    async def _replaced(self, record: JobRecord, question: str) -> AskedQuestion:
        job = self._known(record.job_id)
        if job is not None:
            job.replace_result(record)
        await self.ledger.answered(for_the_ledger(record))
        return one_asked(record, question)

    async def mark_applied(self, job_id: str) -> None:
        """Remember that the job's result was applied: for this process at once, and in the ledger.

        On return other processes see it too, unless the disk takes longer than ``_KEPT_SECONDS``: then it is written
        in the background.
        """
        job = self._known(job_id)
        if job is not None:
            job.mark_applied()
        writing = self._write(job_id, self.ledger.mark_applied(job_id), "that it was applied")
        await asyncio.wait({self._in_background(writing)}, timeout=_KEPT_SECONDS)

    def seen(self, job_id: str) -> None:
        """Record that an editor has shown how a job of this process ended: no other will."""
        self.ledger.seen(job_id)

    def mark_became(self, job_id: str, became: EditFate) -> asyncio.Task[None]:
        """Keep what became of the job's applied result; kept in the ledger once the answer is awaited."""
        return self._in_background(self._write(job_id, self.ledger.mark_became(job_id, became), "what became of it"))

    async def aclose(self, grace: float = 2.0, reason: str = "forge-lsp was stopped") -> None:
        """Cancel all jobs, wait at most ``grace`` seconds for their ends, close what they held and the ledger. Those
        that an editor would have shown can be gone on with."""
        self._closed = True
        deadline = self.clock.monotonic() + grace
        running = self.running
        for job in running:
            job.cancel(reason, interrupt=job.request.shown)
        await self.found.aclose()
        if running:
            ends = [asyncio.create_task(job.wait()) for job in running]
            _, late = await asyncio.wait(ends, timeout=grace)
            for end in late:
                logger.warning("a job did not end within %.1f s", grace)
                end.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for job in self._jobs.values():
            self._release(job)
        self._jobs.clear()
        leaving = {*self._background, *self._strays}
        if leaving:
            await asyncio.wait(leaving, timeout=max(0.1, deadline - self.clock.monotonic()))
        await self.ledger.aclose(timeout=max(1.0, deadline - self.clock.monotonic()))

    # ------------------------------------------------------------------ inside

    def _hear(self, event: JobEvent) -> None:
        job = self._jobs.get(event.job_id)
        if job is None or not (job.interrupted and isinstance(event.body, JobFinished)):
            self.ledger.append(event)
        if self.on_event is not None:
            self.on_event(event)

    async def _finished(self, record: JobRecord) -> None:
        try:
            job = self._jobs.get(record.job_id)
            if job is not None and job.interrupted:
                await self.ledger.interrupted(record)
            else:
                await self.ledger.finish(for_the_ledger(record))
        finally:
            ended = [job for job in self._jobs.values() if job.state is JobState.ENDED]
            for job in ended[: max(0, len(ended) - self.keep)]:
                del self._jobs[job.id]
                self._release(job)

    def _release(self, job: Job) -> None:
        """Close what a job held, in a task of its own."""
        self._in_background(self._close_prepared(job.id, job.prepared))

    def _in_background(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    @staticmethod
    async def _write(job_id: str, work: Awaitable[None], what: str) -> None:
        try:
            await work
        except Exception:
            logger.exception("job %s: %s could not be kept", job_id, what)

    @staticmethod
    async def _close_prepared(job_id: str, prepared: PreparedJob) -> None:
        if prepared.aclose is None:
            return
        try:
            await prepared.aclose()
        except Exception:
            logger.exception("job %s: what it held could not be closed", job_id)

    def _hold(self, run: asyncio.Task[Conclusion]) -> None:
        """Keep a stray until it ends, and look at how: an error nobody looks at is a warning of asyncio's."""
        self._strays.add(run)
        run.add_done_callback(self._observe)

    def _observe(self, run: asyncio.Task[Conclusion]) -> None:
        self._strays.discard(run)
        error = None if run.cancelled() else run.exception()
        if error is not None:
            logger.warning("the work of a cancelled job failed in the end", exc_info=error)
        else:
            logger.info("the work of a cancelled job has ended")


def _unknown(job_id: str) -> JobUnknown:
    return JobUnknown(f"no job has the id {job_id!r}", remedy="forge-lsp jobs lists them")
