"""Jobs that another process runs whose editor has gone, as this one follows, cancels and shows them.

The other end is :mod:`forge_lsp.jobs.handover`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.codec import decode, encode, projected, to_json
from forge_lsp.core.errors import BadRequest, ConsentRefused
from forge_lsp.core.events import AttemptStarted, JobEvent, JobFinished
from forge_lsp.core.ports import Clock, ConsentQuestion
from forge_lsp.core.questions import Answer
from forge_lsp.jobs.asking import GivenAnswer, answer_of, asked_of, one_asked
from forge_lsp.jobs.contract import ApplyMode
from forge_lsp.jobs.event_log import EventLog, Listener
from forge_lsp.jobs.handover import LONGEST, PROTOCOL, lingers_at
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.rows import body_of
from forge_lsp.jobs.shapes import JobStatus

if TYPE_CHECKING:
    from forge_lsp.jobs.attendance import AskConsent

__all__ = ["Connection", "ForeignJob", "reach"]

logger = logging.getLogger(__name__)

_GREETING = 5.0
_ANSWERED = 10.0


class ForeignJob:
    """A job that another process runs (``connection``), or that ended there. ``known`` is what the ledger has of it."""

    def __init__(self, known: JobRecord, clock: Clock, connection: Connection | None = None) -> None:
        self._record = known
        self._connection = connection
        self._ended = asyncio.Event()
        self._log = EventLog(known.job_id, clock, lambda event: None)  # noqa: ARG005
        self.lost = False
        """Whether the other process ended before the job did."""
        if connection is None:
            for event in known.events:
                self._log.take(event)
            self._ended.set()

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.job_id

    @property
    def apply(self) -> ApplyMode:
        """What happens to an accepted result."""
        return ApplyMode(self._record.apply)

    @property
    def state(self) -> JobState:
        """running or ended."""
        return JobState.ENDED if self._ended.is_set() else JobState.RUNNING

    @property
    def events(self) -> tuple[JobEvent, ...]:
        """All events so far, in order."""
        return self._log.events

    @property
    def status(self) -> str:
        """Its entry in ``forge.status``, as JSON text."""
        record = self.record()
        told = projected(
            JobStatus,
            record,
            attempt=self._log.attempt,
            attempts=record.allowed_attempts,
            stage=self._log.stage,
            seconds=record.seconds,
            cost_usd=record.cost_usd,
        )
        return json.dumps(to_json(told))

    def listen(self, callback: Listener, from_sequence: int = 0) -> Callable[[], None]:
        """Hear every event after ``from_sequence`` (0: all), as :meth:`forge_lsp.jobs.job.Job.listen` does."""
        return self._log.subscribe(callback, from_sequence)

    async def wait(self) -> JobRecord:
        """Return the result once the job has ended, or ``failed`` where its process ended before."""
        await self._ended.wait()
        return self.record()

    def cancel(self, reason: str = "cancelled by the user") -> bool:
        """Have the job stopped. False where it has ended."""
        if self._ended.is_set() or self._connection is None:
            return False
        self._connection.send({"cancel": self.id, "reason": reason})
        return True

    async def answer(self, question: str, given: GivenAnswer) -> Answer:
        """Take the user's answer to a question while the job runs. Raises BadRequest for one that is not open."""
        asked = one_asked(self.record(), question)
        if self._ended.is_set() or self._connection is None:
            raise BadRequest(f"job {self.id} has ended")
        await self._connection.answer(self.id, question, given)
        return answer_of(asked.question, given)

    def record(self) -> JobRecord:
        """The whole job as it is known now."""
        record = replace(self._record, events=self.events)
        if self._ended.is_set():
            return record
        began = self.events[0].at if self.events else record.created
        last = self.events[-1].at if self.events else record.created
        return replace(
            record,
            seconds=max(0.0, (last - began).total_seconds()),
            questions=asked_of(self.events),
            attempt_count=len({one.body.number for one in self.events if isinstance(one.body, AttemptStarted)}),
        )

    def replace_result(self, record: JobRecord) -> None:
        """Take what became of the job after its end."""
        self._record = replace(record, secrets=self._record.secrets)

    def mark_applied(self) -> None:
        """Remember that the editor took the result."""
        self._record = replace(self._record, applied=True)

    # ------------------------------------------------------------------ for the connection

    def hear(self, event: JobEvent) -> None:
        """Take in an event that the other process tells."""
        self._log.take(event)

    def end(self, record: JobRecord) -> None:
        """Take in how the job ended."""
        self._record = record
        self._ended.set()

    def lose(self) -> None:
        """Note that the other process is gone."""
        if not self._ended.is_set():
            self.lost = True
            reason = "it was interrupted: the process that ran it has ended"
            end = replace(self.record(), state=JobState.INTERRUPTED, outcome=Outcome.FAILED, reason=reason)
            self.end(end)
            if not (self.events and isinstance(self.events[-1].body, JobFinished)):
                self._log.append(projected(JobFinished, end))  # for those who show it; the ledger has no such event


class Connection:
    """The connection to a process that goes on without its editor. ``ask`` puts its questions of consent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: AskConsent) -> None:
        self._reader = reader
        self._writer = writer
        self._consent = ask
        self._jobs: dict[str, ForeignJob] = {}
        self._answered: dict[int, asyncio.Future[str | None]] = {}
        self._numbers = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None

    def follow(self, jobs: Mapping[str, ForeignJob]) -> None:
        """Hear of these jobs from now on."""
        self._jobs = dict(jobs)
        self._reading = asyncio.create_task(self._read(), name="forge connection")

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def answer(self, job_id: str, question: str, given: GivenAnswer) -> None:
        """Hand on an answer of the user's. Raises BadRequest where it comes too late."""
        self._numbers += 1
        number = self._numbers
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answered[number] = told
        self.send({"job": job_id, "question": question, "given": encode(given), "number": number})
        try:
            async with asyncio.timeout(_ANSWERED):
                problem = await told
        except TimeoutError:
            problem = "the process that runs the job does not answer"
        finally:
            self._answered.pop(number, None)
        if problem is not None:
            raise BadRequest(problem)

    async def aclose(self) -> None:
        """Close the connection: nobody is there for these jobs any more."""
        for task in (*self._asking, *([self._reading] if self._reading else [])):
            task.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._hear(json.loads(line))
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.info("the connection to another forge-lsp broke: %s", type(error).__name__)
        for job in self._jobs.values():
            job.lose()
        for told in self._answered.values():
            if not told.done():
                told.set_result("the process that ran the job has ended")
        self._writer.close()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            told = message["event"]
            with contextlib.suppress(KeyError):  # of a newer version
                body = body_of(told["type"], told["body"])
                at = datetime.fromisoformat(told["at"])
                event = JobEvent(job_id=told["job"], sequence=told["sequence"], at=at, body=body)
                self._jobs[told["job"]].hear(event)
        elif "ended" in message:
            self._jobs[message["ended"]].end(decode(JobRecord, message["record"]))
        elif "ask" in message:
            task = asyncio.create_task(self._ask(message))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        elif "answered" in message:
            told = self._answered.get(message["answered"])
            if told is not None and not told.done():
                told.set_result(message["problem"])

    async def _ask(self, message: Mapping[str, Any]) -> None:
        workspace = message["workspace"]
        try:
            question = decode(ConsentQuestion, message["question"])
            yes = await self._consent(question, Path(workspace) if workspace else None)
            said = "yes" if yes else "no"
        except ConsentRefused:
            said = "never"
        self.send({"said": said, "number": message["ask"]})


async def reach(
    live: Path, owner: str, *, folders: tuple[Path, ...], lone: tuple[str, ...], trusted: bool, ask: AskConsent
) -> tuple[Connection, tuple[str, ...]] | None:
    """Take over what a process runs for these workspace folders, and the ``lone`` jobs of files in none; answers the
    ids of the jobs. None: it has its own editor, another has it, or it cannot be reached."""
    try:
        told = json.loads(await asyncio.to_thread(lingers_at(live, owner).read_text, "utf-8"))
        async with asyncio.timeout(_GREETING):
            reader, writer = await asyncio.open_unix_connection(told["socket"], limit=LONGEST)
            hello = {"protocol": PROTOCOL, "folders": [str(one) for one in folders], "lone": lone, "trusted": trusted}
            writer.write(json.dumps(hello).encode() + b"\n")
            jobs = json.loads(await reader.readline())["jobs"]
    except (OSError, ValueError, KeyError, TypeError, TimeoutError):
        return None
    if not jobs:
        writer.close()
        return None
    return Connection(reader, writer, ask), tuple(jobs)
