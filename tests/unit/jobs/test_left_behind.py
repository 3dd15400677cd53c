"""Jobs that go on without their editor, and the next editor that finds them. Two managers stand for two processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import BadRequest, ConsentRefused
from forge_lsp.core.events import AttemptStarted, Emit, JobEvent, JobFinished, QuestionAsked
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.core.questions import Choice, Question
from forge_lsp.jobs.asking import GivenAnswer, PendingQuestions
from forge_lsp.jobs.attendance import Attendance
from forge_lsp.jobs.contract import JobRequest, PreparedJob
from forge_lsp.jobs.handover import Handover, lingers_at
from forge_lsp.jobs.job import Job
from forge_lsp.jobs.ledger import UNSEEN_DAYS, Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.record import JobState
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.jobs.support import AFTER, HeldClock, accepted, prepared, record, request, task

WORK = Path("/w")
QUESTION = Question(id="q1", call="add(1, 2)", choices=(Choice(value="3"), Choice(value="4")), source="x", attempt=1)
ASKED = ConsentQuestion(server="claude", provider="anthropic", address="a", paid=True, estimate_usd=0.1)


async def nobody(question: ConsentQuestion, workspace: Path | None) -> bool:
    raise AssertionError("asked")


class Side:
    """One process: a manager over the ledger in ``folder``, whose jobs end when ``go`` is set."""

    def __init__(self, folder: Path) -> None:
        self.clock = HeldClock()
        self.ledger = Ledger(folder, clock=self.clock)
        self.manager = JobManager(languages=BUILT_IN, prepare=self._prepare, ledger=self.ledger, clock=self.clock)
        self.go = asyncio.Event()
        self.attendance = Attendance()
        self.pending = PendingQuestions(1)
        self.stop = asyncio.Event()

    async def _prepare(self, asked: JobRequest, job_id: str, earlier: object) -> PreparedJob:
        async def run(emit: Emit) -> Any:
            emit(
                AttemptStarted(
                    number=1, attempts=3, strategy="none", thinkers=(), generator="q", samples=1, panel="none"
                )
            )
            emit(QuestionAsked(number=1, question=QUESTION))
            self.pending.offer(QUESTION)
            await self.go.wait()
            return accepted()

        return prepared(run, pending=self.pending)

    async def begin(self, *, shown: bool = True) -> Job:
        asked = request()
        job = await self.manager.start(
            JobRequest(document=asked.document, selection=None, ask=asked.ask, workspace=WORK, shown=shown)
        )
        emitted = asyncio.Event()
        stop = job.listen(lambda event: emitted.set() if event.sequence > 2 else None)
        await asyncio.wait_for(emitted.wait(), 20)
        stop()
        return job

    def leave(self, *, trusted: bool = True, seconds: float = 30.0) -> asyncio.Task[str]:
        handover = Handover(self.manager, self.attendance, cast("Any", None), trusted=trusted, seconds=seconds)
        return asyncio.create_task(handover.run(self.stop))

    async def found(self, *folders: Path, trusted: bool = True, ask: Any = nobody, wanted: int = 1) -> tuple[Any, ...]:
        """What is found, once there is as much of it as wanted."""
        async with asyncio.timeout(20):
            while True:
                seen = await self.manager.found.look(folders or (WORK,), lambda _: False, trusted=trusted, ask=ask)
                if len(seen) >= wanted:
                    return seen
                await asyncio.sleep(0.02)

    async def none(self, *folders: Path, **more: Any) -> bool:
        return await self.manager.found.look(folders or (WORK,), lambda _: False, trusted=True, ask=nobody) == ()


@asynccontextmanager
async def sides(folder: Path, count: int = 2) -> AsyncIterator[list[Side]]:
    made = [Side(folder) for _ in range(count)]
    for side in made:
        await side.ledger.ready()
    try:
        yield made
    finally:
        for side in made:
            side.stop.set()
            await side.manager.aclose()


async def test_it_is_followed_answered_and_its_end_is_shown_once(tmp_path: Path) -> None:
    async with sides(tmp_path, 3) as (first, second, third):
        job = await first.begin()
        assert await second.none(), "its own editor is there"
        leaving = first.leave()
        (found,) = await second.found()
        assert await third.none(), "another window has it"
        heard: list[JobEvent] = []
        found.job.listen(heard.append)
        assert second.manager.found.running == (found.job,)
        status = json.loads(second.manager.status())["jobs"]
        assert [(one["jobId"], one["attempt"], one["state"]) for one in status] == [(job.id, 1, "running")]
        while len(heard) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asked = await second.manager.answer(job.id, "q1", GivenAnswer(choice=0), cast("Any", None))
        assert (asked.answer and asked.answer.value) == "3"
        assert [answer.value for answer in first.pending.given] == ["3"]
        with pytest.raises(BadRequest, match="q1"):
            await second.manager.answer(job.id, "q1", GivenAnswer(choice=1), cast("Any", None))
        first.go.set()
        result = await asyncio.wait_for(found.job.wait(), 20)
        assert (result.outcome, result.candidate and result.candidate.text) == (Outcome.ACCEPTED, AFTER)
        assert [event.sequence for event in heard] == list(range(1, len(heard) + 1))
        assert isinstance(heard[-1].body, JobFinished)
        assert await asyncio.wait_for(leaving, 20) == "all jobs have ended"
        assert await second.manager.found.claim(job.id)
        assert not await third.manager.found.claim(job.id)
        await first.manager.aclose()
        assert await third.none()


async def test_it_is_cancelled_from_elsewhere(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        job = await first.begin()
        leaving = first.leave()
        (found,) = await second.found()
        assert second.manager.cancel(job.id) == (job.id,)
        result = await asyncio.wait_for(found.job.wait(), 20)
        assert (result.outcome, result.reason) == (Outcome.CANCELLED, "cancelled by the user")
        assert await asyncio.wait_for(leaving, 20) == "all jobs have ended"
        assert second.manager.cancel(job.id) == ()


async def test_the_deadline_interrupts_it_and_counts_from_the_last_editor(tmp_path: Path) -> None:
    async with sides(tmp_path, 3) as (first, second, third):
        job = await first.begin()
        leaving = first.leave(seconds=1.0)
        await second.found()
        await asyncio.sleep(1.3)
        assert not leaving.done(), "an editor is there"
        await second.manager.found.aclose()
        why = await asyncio.wait_for(leaving, 20)
        assert why == "its editor was gone for 0 minutes"
        assert lingers_at(tmp_path / "live", "x").parent.is_dir()
        assert list((tmp_path / "live").glob("*.json")) == []
        await first.manager.aclose(reason=why)
        (found,) = await third.found()
        assert found.job is None
        assert (found.record.job_id, found.record.state, found.record.reason) == (job.id, JobState.INTERRUPTED, why)
        assert found.record.attempt_count == 1
        assert not any(isinstance(event.body, JobFinished) for event in found.record.events)
        assert await third.none(), "it is told once"


async def test_a_process_that_is_killed_leaves_an_interrupted_job(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        await first.begin()
        leaving = first.leave()
        (found,) = await second.found()
        heard: list[JobEvent] = []
        found.job.listen(heard.append)
        leaving.cancel()
        await asyncio.wait({leaving})
        result = await asyncio.wait_for(found.job.wait(), 20)
        assert (result.outcome, result.state, found.job.lost) == (Outcome.FAILED, JobState.INTERRUPTED, True)
        assert isinstance(heard[-1].body, JobFinished), "whoever shows it hears of its end"
        assert heard[-1].body.reason == result.reason
        with pytest.raises(BadRequest):
            await found.job.answer("q1", GivenAnswer(choice=0))
        await first.manager.aclose()
        (again,) = await second.found()
        assert (again.record.job_id, again.record.state, again.job) == (found.job.id, JobState.INTERRUPTED, None)


async def test_only_windows_of_that_workspace_find_it(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        await first.begin()
        first.leave()
        await asyncio.sleep(0.2)
        assert await second.none(Path("/elsewhere"))
        assert len(await second.found(Path("/elsewhere"), WORK)) == 1


async def test_a_workspace_that_is_not_trusted_any_more_stops_its_jobs(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        await first.begin()
        leaving = first.leave(trusted=True)
        while not leaving.done():
            assert await second.manager.found.look((WORK,), lambda _: False, trusted=False, ask=nobody) == ()
            await asyncio.sleep(0.02)
        assert await leaving == "the workspace is not trusted any more"


@pytest.mark.parametrize(("answer", "told"), [(True, True), (False, False), ("never", None)])
async def test_consent_is_asked_of_whoever_is_there(tmp_path: Path, answer: object, told: bool | None) -> None:
    asked: list[tuple[str, Path | None]] = []

    async def ask(question: ConsentQuestion, workspace: Path | None) -> bool:
        asked.append((question.server, workspace))
        if answer == "never":
            raise ConsentRefused("no")
        return answer is True

    async with sides(tmp_path) as (first, second):
        await first.begin()
        asking = asyncio.create_task(first.attendance.asking(WORK)(ASKED))
        first.leave()
        await asyncio.sleep(0.1)
        assert not asking.done(), "nobody is there"
        await second.found(ask=ask)
        if told is None:
            with pytest.raises(ConsentRefused):
                await asyncio.wait_for(asking, 20)
        else:
            assert await asyncio.wait_for(asking, 20) is told
        assert asked == [("claude", WORK)]


async def test_a_question_that_was_open_is_put_again(tmp_path: Path) -> None:
    attendance = Attendance()
    given: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    put: list[int] = []

    async def silent(question: ConsentQuestion, workspace: Path | None) -> bool:
        put.append(1)
        return await asyncio.get_running_loop().create_future()

    async def second(question: ConsentQuestion, workspace: Path | None) -> bool:
        put.append(2)
        return await given

    attendance.connect(silent)
    asking = asyncio.create_task(attendance.asking(None)(ASKED))
    await asyncio.sleep(0.01)
    attendance.disconnect()
    assert not attendance()
    await asyncio.sleep(0.01)
    attendance.connect(second)
    await asyncio.sleep(0.01)
    given.set_result(True)
    assert await asyncio.wait_for(asking, 5)
    assert put == [1, 2]


async def test_what_no_editor_shows_is_not_found(tmp_path: Path) -> None:
    """Jobs of the command line, those that an editor has shown, and those of long ago."""
    async with sides(tmp_path) as (first, second):
        first.go.set()
        for shown in (False, True):
            job = await first.begin(shown=shown)
            await job.wait()
        first.manager.seen(job.id)
        old = record("old", created=first.clock.now() - timedelta(days=UNSEEN_DAYS, seconds=1))
        first.ledger.begin(old, unseen=True)
        first.ledger.begin(record("new", created=first.clock.now()), unseen=True)
        await first.manager.aclose()
        found = await second.found()
        assert [one.record.job_id for one in found] == ["new"]


async def test_a_file_in_no_workspace_is_found_where_it_is_open(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        first.ledger.begin(record("lone", created=first.clock.now(), workspace=None), unseen=True)
        await first.manager.aclose()
        look = second.manager.found.look
        assert await look((WORK,), lambda _: False, trusted=True, ask=nobody) == ()
        (found,) = await look((WORK,), lambda uri: uri == task().document.uri, trusted=True, ask=nobody)
        assert found.record.job_id == "lone"


async def test_a_stranger_on_the_socket_does_no_harm(tmp_path: Path) -> None:
    async with sides(tmp_path) as (first, second):
        await first.begin()
        leaving = first.leave()
        told: list[Path] = []
        while not told:
            await asyncio.sleep(0.02)
            told = list((tmp_path / "live").glob("*.json"))
        socket = json.loads(told[0].read_text())["socket"]
        assert told[0].stat().st_mode & 0o077 == 0
        assert Path(socket).parent.stat().st_mode & 0o077 == 0
        for words in (b"", b"GET / HTTP/1.1\r\n", b"[]\n", b'{"folders": 1}\n', b"null\n"):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(words)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 10) in (b"", b'{"jobs": []}\n')
            writer.close()
        assert not leaving.done()
        assert len(await second.found()) == 1
