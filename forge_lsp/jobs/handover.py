"""Jobs that go on without their editor: for some minutes, within reach of the next editor of that workspace.

The process that runs them listens on a socket in a folder that only its user can enter; ``live/OWNER.json`` in the
state folder names it. Who connects says which workspace folders it has, is told of their jobs (JSON, a line each), and
is there to be asked as long as it stays connected. See :mod:`forge_lsp.jobs.foreign` for its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_lsp.core.codec import decode, encode
from forge_lsp.core.errors import ConsentRefused, ForgeError
from forge_lsp.core.events import JobEvent
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.whole_file import write_whole

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.jobs.attendance import AskConsent, Attendance
    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.record import JobRecord

__all__ = ["LINGER", "LONGEST", "PROTOCOL", "Handover", "lingers_at"]

logger = logging.getLogger(__name__)

LINGER = 300.0
"""Seconds that jobs go on without an editor."""
LONGEST = 1 << 27
"""Bytes of a line: a record has the document and every candidate in it."""
PROTOCOL = 1
_GREETING = 5.0
_WRITTEN = 2.0


def lingers_at(live: Path, owner: str) -> Path:
    """Return the file that says where the process of that name can be reached while it goes on without its editor."""
    return live / f"{Path(owner).name}.json"


class Handover:
    """Sees the jobs of a process through whose editor has gone. ``trusted``: the user trusted that editor's workspace;
    one that is not trusted any more has its jobs stopped."""

    def __init__(
        self, jobs: JobManager, attendance: Attendance, editing: Editing, *, trusted: bool, seconds: float = LINGER
    ) -> None:
        self._jobs = jobs
        self._attendance = attendance
        self._editing = editing
        self._trusted = trusted
        self._seconds = seconds
        self._taker: asyncio.StreamWriter | None = None
        self._changed = asyncio.Event()
        self._telling: set[asyncio.Task[None]] = set()
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._asked = 0
        self._stopped: str | None = None

    async def run(self, stop: asyncio.Event) -> str:
        """Return why nothing goes on any more, once all jobs have ended, nobody came in time, or ``stop`` is set."""
        async with contextlib.AsyncExitStack() as stack:
            with contextlib.suppress(OSError):  # what ended is in the ledger even so
                await self._listen(stack)
            stopping = asyncio.create_task(stop.wait())
            stack.callback(stopping.cancel)
            stack.callback(self._hang_up)
            why = await self._see_through(stopping)
            if self._telling:
                await asyncio.wait(tuple(self._telling), timeout=_WRITTEN)
            return why

    def _hang_up(self) -> None:
        if self._taker is not None:
            self._taker.close()

    async def _see_through(self, stopping: asyncio.Task[bool]) -> str:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._seconds
        while running := self._jobs.running:
            left = None if self._taker is not None else max(0.0, deadline - clock())
            changed = asyncio.create_task(self._changed.wait())
            ends = [asyncio.create_task(job.wait()) for job in running]
            try:
                done, _ = await asyncio.wait(
                    {stopping, changed, *ends}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                for task in (changed, *ends):
                    task.cancel()
            if stopping.done():
                return "forge-lsp was stopped"
            if self._stopped is not None:
                return self._stopped
            if not done:
                return f"its editor was gone for {self._seconds / 60:.0f} minutes"
            if self._changed.is_set():
                self._changed.clear()
                deadline = clock() + self._seconds
        return "all jobs have ended"

    # ------------------------------------------------------------------ the socket

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        place = await self._jobs.ledger.live()
        if place is None:
            return
        folder = Path(tempfile.mkdtemp(prefix="forge-"))  # short, and of mode 0700
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = await asyncio.start_unix_server(self._serve, folder / "s", limit=LONGEST)
        stack.callback(server.close)
        told = lingers_at(*place)
        stack.callback(told.unlink, missing_ok=True)
        write_whole(told, json.dumps({"socket": str(folder / "s"), "protocol": PROTOCOL}))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unlisten: list[Callable[[], None]] = []
        try:
            async with asyncio.timeout(_GREETING):
                hello = json.loads(await reader.readline())
            jobs = self._offered(hello)
            _send(writer, {"jobs": [job.id for job in jobs]})
            if not jobs:
                return
            self._taker = writer
            self._attendance.connect(self._asking(writer))
            self._changed.set()
            for job in jobs:
                unlisten.append(job.listen(lambda event: _send(writer, {"event": event_of(event)})))
                self._tell(self._tell_end(job, writer))
            while line := await reader.readline():
                await self._hear(json.loads(line), writer)
        except (OSError, ValueError, TypeError, KeyError, TimeoutError) as error:
            logger.info("another forge-lsp hung up: %s", type(error).__name__)
        finally:
            for stop in unlisten:
                stop()
            if self._taker is writer:
                self._taker = None
                self._attendance.disconnect()
                self._changed.set()
            writer.close()

    def _offered(self, hello: Mapping[str, Any]) -> tuple[Job, ...]:
        folders = {str(folder) for folder in hello["folders"]}
        wanted = set(hello["lone"])
        jobs = tuple(
            job
            for job in self._jobs.running
            if (str(job.task.workspace) in folders if job.task.workspace else job.id in wanted)
        )
        if hello["protocol"] != PROTOCOL or self._taker is not None or not jobs:
            return ()
        if self._trusted and hello["trusted"] is not True:
            self._stopped = "the workspace is not trusted any more"
            self._changed.set()
            return ()
        return jobs

    def _asking(self, writer: asyncio.StreamWriter) -> AskConsent:
        """Return what puts a question of consent to the user of the editor at the other end."""

        async def ask(question: ConsentQuestion, workspace: Path | None) -> bool:
            self._asked += 1
            number = self._asked
            answer = self._answers[number] = asyncio.get_running_loop().create_future()
            try:
                folder = str(workspace) if workspace else None
                _send(writer, {"ask": number, "question": encode(question), "workspace": folder})
                said = await answer
            finally:
                del self._answers[number]
            if said == "never":
                raise ConsentRefused("The user does not want this workspace's code sent there.")
            return said == "yes"

        return ask

    async def _hear(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        if "cancel" in message:
            with contextlib.suppress(ForgeError):
                self._jobs.cancel(message["cancel"], message["reason"])
        elif "question" in message:
            given = decode(GivenAnswer, message["given"])
            problem: str | None = None
            try:
                await self._jobs.answer(message["job"], message["question"], given, self._editing)
            except ForgeError as error:
                problem = error.full_message
            _send(writer, {"answered": message["number"], "problem": problem})
        elif "said" in message:
            answer = self._answers.get(message["number"])
            if answer is not None and not answer.done():
                answer.set_result(message["said"])

    async def _tell_end(self, job: Job, writer: asyncio.StreamWriter) -> None:
        record = await job.wait()
        _send(writer, {"ended": job.id, "record": record_of(record)})
        with contextlib.suppress(OSError):
            await writer.drain()

    def _tell(self, telling: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def event_of(event: JobEvent) -> dict[str, object]:
    """Return an event as it goes over the socket."""
    body = encode(event.body)
    return {
        "job": event.job_id,
        "sequence": event.sequence,
        "at": encode(event.at),
        "type": event.body.type,
        "body": body,
    }


def record_of(record: JobRecord) -> object:
    """Return a whole job as it goes over the socket; its events go before it."""
    return encode(replace(record, events=()))


def _send(writer: asyncio.StreamWriter, message: Mapping[str, object]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(message).encode() + b"\n")
