from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.became import EditFate
from forge_lsp.core.errors import BadRequest, ConsentRefused, ForgeError, JobUnknown, ToolMissing
from forge_lsp.core.events import (
    AttemptStarted,
    Emit,
    JobEvent,
    JobFinished,
    JobStarted,
    Stage,
    StageStarted,
)
from forge_lsp.jobs.contract import JobRequest, PreparedJob
from forge_lsp.jobs.document import outcome_document
from forge_lsp.jobs.job import Job, new_id
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.record import JobState
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.jobs.support import AFTER, BASE, START, Concluded, HeldClock, accepted, prepared, request

Run = Callable[[Emit], Awaitable[Any]]


class Rig:
    """A manager whose next job runs ``run``."""

    def __init__(self, at_once: int = 16) -> None:
        self.run: Run = self._accept
        self.prepared: Callable[[Run], PreparedJob] = prepared
        self.heard: list[JobEvent] = []
        self.clock = HeldClock()
        self.ledger = Ledger(None, clock=self.clock)
        self.manager = JobManager(
            languages=BUILT_IN,
            prepare=self._prepare,
            ledger=self.ledger,
            clock=self.clock,
            on_event=self.heard.append,
            keep=4,
            at_once=at_once,
        )

    async def _accept(self, emit: Emit) -> Concluded:
        emit(StageStarted(number=1, stage=Stage.GENERATE, detail="qwen"))
        return accepted()

    async def _prepare(self, asked: JobRequest, job_id: str, earlier: object) -> PreparedJob:
        return self.prepared(self.run)

    async def start(self, run: Run | None = None) -> Job:
        self.run = run or self.run
        return await self.manager.start(request())


@pytest.fixture
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """The parameter, where there is one, is how many jobs may run at once."""
    rig = Rig(getattr(request, "param", 16))
    yield rig
    await rig.manager.aclose(1.0)


async def hang(emit: Emit) -> Concluded:
    await asyncio.Event().wait()
    raise AssertionError


def types(events: Any) -> list[str]:
    return [event.body.type for event in events]


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    clock = HeldClock()
    ids: list[str] = []
    for _ in range(200):
        clock.advance(0.001)
        ids.append(new_id(clock.now()))
    assert ids == sorted(ids) and len(set(ids)) == 200
    assert {len(id_) for id_ in ids} == {20}
    assert len({new_id(START) for _ in range(1000)}) == 1000


async def test_start_returns_before_the_work_and_wait_tells_the_end(rig: Rig) -> None:
    go = asyncio.Event()

    async def run(emit: Emit) -> Concluded:
        await go.wait()
        rig.clock.advance(12.5)
        return accepted()

    job = await rig.start(run)
    assert job.state is JobState.QUEUED and job.result is None
    go.set()
    result = await job.wait()
    assert outcome_document(result) == {
        "jobId": job.id,
        "outcome": "accepted",
        "grade": None,
        "checks": {},
        "score": 8.2,
        "attemptCount": 0,
        "seconds": 12.5,
        "costUsd": 0.0,
        "applyMode": "edit",
        "applied": False,
        "reason": None,
    }
    assert result.candidate is not None and result.candidate.text == AFTER


@pytest.mark.parametrize(
    ("kind", "remedy", "more"),
    [
        (ConsentRefused, "say yes", {"cause": "consent", "remedy": "say yes"}),
        (ToolMissing, "pip install ruff", {"remedy": "pip install ruff", "command": "pip install ruff"}),
        (ForgeError, None, {}),
    ],
)
async def test_a_failure_tells_programs_why_and_what_to_do(
    rig: Rig, kind: type[ForgeError], remedy: str | None, more: dict[str, str]
) -> None:
    async def run(emit: Emit) -> Concluded:
        raise kind("it was refused", remedy=remedy)

    result = await (await rig.start(run)).wait()
    told = outcome_document(result)
    assert {key: told[key] for key in ("cause", "remedy", "command") if key in told} == more
    assert told["reason"] == kind("it was refused", remedy=remedy).full_message
    last = result.events[-1].to_json()
    assert (last["type"], last["cause"]) == ("job.finished", more.get("cause"))


async def test_the_ledger_has_the_end_when_wait_returns(rig: Rig) -> None:
    job = await rig.start()
    await job.wait()
    kept = await rig.ledger.record(job.id)
    assert kept is not None and kept == job.record()


async def test_events_begin_and_end_once_and_are_numbered_without_gaps(rig: Rig) -> None:
    async def run(emit: Emit) -> Concluded:
        # a stage that takes itself for the job is not heard
        emit(JobStarted(task="", uri="", language="", attempts=0))
        emit(StageStarted(number=1, stage=Stage.THINK, detail="phi4"))
        emit(JobFinished(outcome=Outcome.FAILED, score=None, attempt_count=0, seconds=0.0, cost_usd=0.0, reason="no"))
        return accepted()

    job = await rig.start(run)
    await job.wait()
    assert types(rig.heard) == ["job.started", "stage.started", "job.finished"]
    assert [event.sequence for event in rig.heard] == [1, 2, 3]
    assert await rig.manager.events(job.id, 1) == tuple(rig.heard[1:])


async def test_a_listener_hears_what_was_and_what_comes_in_order(rig: Rig) -> None:
    go, paused = asyncio.Event(), asyncio.Event()

    async def run(emit: Emit) -> Concluded:
        for number in range(1, 4):
            emit(StageStarted(number=number, stage=Stage.THINK, detail=""))
        paused.set()
        await go.wait()
        for number in range(4, 6):
            emit(StageStarted(number=number, stage=Stage.THINK, detail=""))
        return accepted()

    job = await rig.start(run)
    await paused.wait()
    everything: list[int] = []
    late: list[int] = []
    left: list[int] = []
    job.listen(lambda event: everything.append(event.sequence))
    job.listen(lambda event: late.append(event.sequence), 2)
    leave = job.listen(lambda event: left.append(event.sequence))
    assert (everything, late) == ([1, 2, 3, 4], [3, 4])
    leave()
    leave()
    go.set()
    await job.wait()
    assert everything == [1, 2, 3, 4, 5, 6, 7]
    assert late == [3, 4, 5, 6, 7]
    assert left == [1, 2, 3, 4]
    after: list[int] = []
    job.listen(lambda event: after.append(event.sequence), 6)
    assert after == [7]


async def test_a_listener_that_raises_is_dropped_and_harms_nobody(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    calls = 0

    def broken(event: JobEvent) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("the display is gone")

    job = await rig.start()
    job.listen(broken)
    job.listen(lambda event: heard.append(event.body.type))
    assert (await job.wait()).outcome is Outcome.ACCEPTED
    assert calls == 1
    assert heard == ["job.started", "stage.started", "job.finished"]
    assert "a listener failed" in caplog.text


async def test_a_listener_that_listens_and_leaves_while_it_hears(rig: Rig) -> None:
    heard: list[int] = []
    inner: list[int] = []
    job = await rig.start()

    def outer(event: JobEvent) -> None:
        heard.append(event.sequence)
        if event.sequence == 2:
            job.listen(lambda other: inner.append(other.sequence))
            leave()

    leave = job.listen(outer)
    await job.wait()
    assert heard == [1, 2]
    assert inner == [1, 2, 3]


async def test_a_cancel_stops_the_work_and_ends_the_job(rig: Rig) -> None:
    closed: list[str] = []

    async def run(emit: Emit) -> Concluded:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            closed.append("connection")
            raise
        raise AssertionError

    job = await rig.start(run)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert rig.manager.cancel(job.id) == (job.id,)
    assert rig.manager.cancel(None) == (job.id,)  # it is being cancelled: asking again is no news, and no error
    result = await job.wait()
    assert (result.outcome, result.reason, result.candidate) == (Outcome.CANCELLED, "cancelled by the user", None)
    assert closed == ["connection"]
    assert types(rig.heard)[-1] == "job.finished" and types(rig.heard).count("job.finished") == 1
    assert job.cancel() is False
    assert rig.manager.cancel(job.id) == ()


async def test_a_cancel_before_the_first_step_counts(rig: Rig) -> None:
    job = await rig.start(hang)
    job.cancel("changed my mind")
    result = await job.wait()
    assert (result.outcome, result.reason) == (Outcome.CANCELLED, "changed my mind")
    assert types(rig.heard) == ["job.started", "job.finished"]


async def test_work_that_does_not_heed_its_cancel_is_left_behind(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()
    told: list[Emit] = []

    async def stubborn(emit: Emit) -> Concluded:
        told.append(emit)
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        emit(StageStarted(number=9, stage=Stage.CHECK, detail="from the grave"))
        raise RuntimeError("nobody looks at this one")

    job = await rig.start(stubborn)
    await asyncio.sleep(0.01)
    begun = time.monotonic()
    job.cancel()
    assert (await job.wait()).outcome is Outcome.CANCELLED
    assert time.monotonic() - begun < 0.2 + 0.3  # 200 ms, and what a busy machine may need
    release.set()
    await asyncio.sleep(0.01)
    assert types(rig.heard) == ["job.started", "job.finished"]
    assert "did not stop" in caplog.text
    assert "failed in the end" in caplog.text


async def test_work_that_answers_after_the_cancel_is_still_cancelled(rig: Rig) -> None:
    async def run(emit: Emit) -> Concluded:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return accepted()
        raise AssertionError

    job = await rig.start(run)
    await asyncio.sleep(0.01)
    job.cancel()
    result = await job.wait()
    assert result.outcome is Outcome.CANCELLED and result.candidate is None


async def test_an_unexpected_error_is_a_sentence_and_a_traceback_in_the_log_only(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(emit: Emit) -> Concluded:
        raise KeyError("sk-secret")

    with caplog.at_level(logging.ERROR):
        result = await (await rig.start(run)).wait()
    assert result.outcome is Outcome.FAILED
    assert result.reason is not None and "KeyError" in result.reason and "secret" not in result.reason
    assert "Traceback" in caplog.text
    assert types(rig.heard)[-1] == "job.finished"


async def test_an_error_of_ours_is_told_with_its_remedy(rig: Rig) -> None:
    async def run(emit: Emit) -> Concluded:
        raise ToolMissing("ruff is not installed", remedy="pip install ruff")

    result = await (await rig.start(run)).wait()
    assert (result.outcome, result.reason) == (Outcome.FAILED, "ruff is not installed - pip install ruff")


async def test_a_cancel_from_inside_is_no_cancel_of_the_user(rig: Rig) -> None:
    async def run(emit: Emit) -> Concluded:
        raise asyncio.CancelledError

    result = await (await rig.start(run)).wait()
    assert result.outcome is Outcome.FAILED
    assert result.reason is not None and "unexpectedly" in result.reason


async def test_a_job_over_its_deadline_fails(rig: Rig) -> None:
    rig.prepared = lambda run: prepared(run, deadline=0.02)
    result = await (await rig.start(hang)).wait()
    assert result.outcome is Outcome.FAILED
    assert result.reason == "the job took longer than deadlines.job allows (0.02 s)"


async def test_a_cancelled_wait_leaves_the_job_alone(rig: Rig) -> None:
    go = asyncio.Event()

    async def run(emit: Emit) -> Concluded:
        await go.wait()
        return accepted()

    job = await rig.start(run)
    waiter = asyncio.create_task(job.wait())
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    go.set()
    assert (await job.wait()).outcome is Outcome.ACCEPTED


async def test_what_prepare_refuses_never_was_a_job(rig: Rig) -> None:
    async def refuse(asked: JobRequest, job_id: str, earlier: object) -> PreparedJob:
        raise BadRequest("maxIterations: 99 is not between 1 and 50")

    manager = JobManager(prepare=refuse, languages=BUILT_IN, ledger=rig.ledger, clock=rig.clock)
    with pytest.raises(BadRequest):
        await manager.start(request())
    assert json.loads(manager.status())["jobs"] == []
    assert await manager.history() == ()


async def test_jobs_run_side_by_side_and_status_tells_of_them(rig: Rig) -> None:
    async def run(emit: Emit) -> Concluded:
        emit(
            AttemptStarted(
                number=2, attempts=3, strategy="solo", thinkers=("phi4",), generator="qwen", samples=1, panel="none"
            )
        )
        emit(StageStarted(number=2, stage=Stage.REVIEW, detail=""))
        await asyncio.Event().wait()
        raise AssertionError

    jobs = [await rig.start(run) for _ in range(3)]
    await asyncio.sleep(0.01)
    status = json.loads(rig.manager.status())
    listed: Any = status["jobs"]
    assert [entry["jobId"] for entry in listed] == [job.id for job in jobs]
    assert (listed[0]["state"], listed[0]["attempt"], listed[0]["stage"]) == ("running", 2, "review")
    assert status["ledger"] is None
    assert rig.manager.cancel(jobs[1].id) == (jobs[1].id,)
    await jobs[1].wait()
    assert rig.manager.running == (jobs[0], jobs[2])
    assert set(rig.manager.cancel(None)) == {jobs[0].id, jobs[2].id}
    assert [(await job.wait()).outcome for job in jobs] == [Outcome.CANCELLED] * 3


async def test_an_attempt_begins_without_a_stage(rig: Rig) -> None:
    def attempt(number: int) -> AttemptStarted:
        return AttemptStarted(
            number=number, attempts=3, strategy="solo", thinkers=(), generator="qwen", samples=1, panel="none"
        )

    async def run(emit: Emit) -> Concluded:
        emit(attempt(1))
        emit(StageStarted(number=1, stage=Stage.REVIEW, detail=""))
        emit(attempt(2))
        await asyncio.Event().wait()
        raise AssertionError

    job = await rig.start(run)
    told = [json.loads(job.status)]
    await asyncio.sleep(0.01)
    told.append(json.loads(job.status))
    assert [(entry["state"], entry["attempt"], entry["stage"]) for entry in told] == [
        ("queued", None, None),
        ("running", 2, None),
    ]
    job.cancel()
    await job.wait()


async def test_only_the_newest_ended_jobs_stay_in_memory_and_the_others_are_told_all_the_same(rig: Rig) -> None:
    closed: list[int] = []

    async def aclose() -> None:
        closed.append(1)

    rig.prepared = lambda run: prepared(run, aclose=aclose)
    jobs: list[Job] = []
    for _ in range(6):
        rig.clock.advance(1)
        jobs.append(await rig.start())
        await jobs[-1].wait()
    await asyncio.sleep(0.01)
    assert len(closed) == 2
    with pytest.raises(JobUnknown):
        rig.manager.job(jobs[0].id)
    assert rig.manager.job(jobs[5].id) is jobs[5]
    first = await rig.manager.result(jobs[0].id)
    assert first.candidate is not None
    assert (first.base_text, first.candidate.text, first.version) == (BASE, AFTER, 7)
    assert [entry["jobId"] for entry in await rig.manager.history(3)] == [job.id for job in jobs[:2:-1]]
    assert (await rig.manager.document(jobs[0].id))["outcome"] == "accepted"
    assert f"- Job: `{jobs[0].id}`" in await rig.manager.report(jobs[0].id)
    await rig.manager.aclose(1.0)
    assert len(closed) == 6


async def test_applied_is_known_at_once_and_kept(rig: Rig) -> None:
    job = await rig.start()
    await job.wait()
    writing = asyncio.ensure_future(rig.manager.mark_applied(job.id))
    await asyncio.sleep(0)
    assert job.result is not None and job.result.applied
    await writing
    kept = await rig.ledger.record(job.id)
    assert kept is not None and kept.applied
    await rig.manager.mark_became(job.id, EditFate.CHANGED)
    assert [one.became for one in (await rig.ledger.observed()).jobs] == ["changed"]


async def test_a_slow_disk_does_not_hold_up_what_follows_an_edit(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await rig.start()
    await job.wait()
    held = asyncio.Event()

    async def slow(job_id: str) -> None:
        await held.wait()

    monkeypatch.setattr("forge_lsp.jobs.manager._KEPT_SECONDS", 0.01)
    monkeypatch.setattr(rig.ledger, "mark_applied", slow)
    await rig.manager.mark_applied(job.id)
    assert job.result is not None and job.result.applied
    held.set()


async def test_unknown_jobs_and_results_of_running_ones(rig: Rig) -> None:
    with pytest.raises(JobUnknown):
        rig.manager.cancel("nope")
    for query in (rig.manager.document, rig.manager.report, rig.manager.result, rig.manager.events):
        with pytest.raises(JobUnknown):
            await query("nope")
    job = await rig.start(hang)
    with pytest.raises(JobUnknown, match="has not ended"):
        await rig.manager.result(job.id)
    assert (await rig.manager.document(job.id))["outcome"] is None


async def test_closing_ends_all_jobs_in_time_even_stubborn_ones() -> None:
    rig = Rig()

    async def stubborn(emit: Emit) -> Concluded:
        for _ in range(20):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return accepted()

    one, two = await rig.start(hang), await rig.start(stubborn)
    await asyncio.sleep(0.01)
    await rig.manager.aclose(0.5)
    assert (await one.wait()).reason == "forge-lsp was stopped"
    assert (await two.wait()).outcome is Outcome.CANCELLED
    with pytest.raises(ForgeError):
        await rig.manager.start(request())
    await asyncio.sleep(1.1)  # the stray ends, observed: nothing is left pending on the loop


def test_a_closing_event_loop_still_ends_the_job() -> None:
    rigs: list[Rig] = []

    async def main() -> None:
        rig = Rig()
        rigs.append(rig)
        await rig.start(hang)
        await asyncio.sleep(0.01)

    asyncio.run(main())  # cancels every task on its way out
    assert types(rigs[0].heard) == ["job.started", "job.finished"]
    end = rigs[0].heard[-1].body
    assert isinstance(end, JobFinished) and end.outcome is Outcome.CANCELLED
    assert rigs[0].ledger._db.close()  # pyright: ignore[reportPrivateUsage] - there is no loop any more to close it on


async def test_a_ledger_that_fails_does_not_fail_the_job(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    await rig.ledger.aclose()
    result = await (await rig.start()).wait()
    assert result.outcome is Outcome.ACCEPTED
    assert "could not be kept" in caplog.text


@pytest.mark.parametrize("rig", [2], indirect=True)
async def test_more_jobs_than_may_run_wait_in_the_order_they_came(rig: Rig) -> None:
    began: list[int] = []
    gates = [asyncio.Event() for _ in range(4)]

    def numbered(number: int) -> Run:
        async def run(emit: Emit) -> Concluded:
            began.append(number)
            await gates[number].wait()
            return accepted()

        return run

    jobs = [await rig.start(numbered(number)) for number in range(4)]
    await asyncio.sleep(0.01)
    assert began == [0, 1]
    assert [job.state for job in jobs] == [JobState.RUNNING] * 2 + [JobState.QUEUED] * 2
    rig.clock.advance(5)
    assert [job.seconds for job in jobs] == [5, 5, 0, 0]
    assert jobs[3].status is jobs[3].status, "written once"
    assert [entry["state"] for entry in json.loads(rig.manager.status())["jobs"]] == ["running"] * 2 + ["queued"] * 2
    gates[1].set()
    await jobs[1].wait()
    await asyncio.sleep(0.01)
    assert began == [0, 1, 2]
    assert [json.loads(job.status)["state"] for job in jobs] == ["running", "ended", "running", "queued"]
    for gate in gates:
        gate.set()
    assert [(await job.wait()).seconds for job in jobs] == [5, 5, 0, 0]
    assert began == [0, 1, 2, 3]


@pytest.mark.parametrize("rig", [1], indirect=True)
async def test_a_queued_job_is_cancelled_at_once_and_takes_no_place(rig: Rig) -> None:
    go = asyncio.Event()

    async def until_told(emit: Emit) -> Concluded:
        await go.wait()
        return accepted()

    async def never(emit: Emit) -> Concluded:
        raise AssertionError("a cancelled job does no work")

    first, queued, last = await rig.start(until_told), await rig.start(never), await rig.start(until_told)
    await asyncio.sleep(0.01)
    assert queued.cancel()
    result = await queued.wait()
    assert (result.outcome, result.reason) == (Outcome.CANCELLED, "cancelled by the user")
    assert first.state is JobState.RUNNING and last.state is JobState.QUEUED
    go.set()
    assert [(await job.wait()).outcome for job in (first, last)] == [Outcome.ACCEPTED] * 2
    assert (await (await rig.start(until_told)).wait()).outcome is Outcome.ACCEPTED, "the place is free again"


def test_a_closing_event_loop_ends_queued_jobs_too() -> None:
    rigs: list[Rig] = []

    async def main() -> None:
        rig = Rig(at_once=1)
        rigs.append(rig)
        for _ in range(2):
            await rig.start(hang)
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert types(rigs[0].heard).count("job.finished") == 2
    assert rigs[0].ledger._db.close()  # pyright: ignore[reportPrivateUsage] - there is no loop any more to close it on
