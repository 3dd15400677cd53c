"""Whoever waits for a job or for the ledger gets an end, whatever fails on the way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import BudgetExceeded, EnvironmentFault
from forge_lsp.core.events import Emit, JobEvent, JobFinished
from forge_lsp.jobs import database
from forge_lsp.jobs import job as job_module
from forge_lsp.jobs import ledger as ledger_module
from forge_lsp.jobs.budget import JobSpending
from forge_lsp.jobs.database import Database
from forge_lsp.jobs.job import Job
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.record import JobRecord, JobState
from tests.unit.jobs.support import AFTER, Concluded, HeldClock, paid, prepared, request
from tests.unit.jobs.test_budget import purse
from tests.unit.jobs.test_job import Rig, hang


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    yield rig
    await rig.manager.aclose(1.0)


async def ended(job: Job) -> JobRecord:
    """The result; a wait without an end fails the test rather than hold it up."""
    async with asyncio.timeout(20):
        return await job.wait()


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("sk-secret")


@pytest.mark.parametrize("name", ["judge", "JobStarted"])
async def test_an_error_before_there_is_an_end_is_the_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    real, failures = getattr(job_module, name), [1]

    def once(*arguments: Any, **named: Any) -> Any:
        return broken() if failures and failures.pop() else real(*arguments, **named)

    monkeypatch.setattr(job_module, name, once)
    job = await rig.start()
    result = await ended(job)
    assert (result.outcome, result.candidate) == (Outcome.FAILED, None)
    assert result.reason is not None and "KeyError" in result.reason and "secret" not in result.reason
    assert "Traceback" in caplog.text
    assert job.state is JobState.ENDED and rig.manager.running == ()
    assert [event.body.type for event in rig.heard][-1:] == ["job.finished"]
    assert sum(isinstance(event.body, JobFinished) for event in rig.heard) == 1
    kept = await rig.ledger.record(job.id)
    assert kept is not None and (kept.outcome, kept.reason) == (Outcome.FAILED, result.reason)


async def test_even_where_every_way_to_tell_it_fails(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "judge", broken)
    monkeypatch.setattr(job_module, "JobFinished", broken)
    monkeypatch.setattr(Job, "record", broken)
    monkeypatch.setattr(Job, "seconds", property(broken))
    prepared_job = prepared(rig.run)
    job = Job(
        job_id="a",
        request=request(),
        prepared=prepared_job,
        clock=HeldClock(),
        on_event=broken,
        on_finish=broken,
        on_stray=broken,
        places=asyncio.Semaphore(1),
    )
    job.start()
    result = await ended(job)
    assert (result.outcome, result.seconds) == (Outcome.FAILED, 0.0)


class BrokenPurse(JobSpending):
    """A purse that cannot be summed up."""

    def close(self) -> float:
        return float(broken())


class Untellable(JobFinished):
    """An event that cannot be made."""

    __init__ = broken


@pytest.mark.parametrize("what", ["purse", "telling", "record", "ledger"])
async def test_what_fails_once_there_is_an_end_costs_no_result(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    if what == "purse":
        spending = purse(rig.ledger)
        spending.__class__ = BrokenPurse
        rig.prepared = lambda run: prepared(run, spending=spending)
    elif what == "telling":
        monkeypatch.setattr(job_module, "JobFinished", Untellable)
    elif what == "ledger":
        monkeypatch.setattr(rig.ledger, "finish", broken)
    job = await rig.start()
    if what == "record":
        monkeypatch.setattr(Job, "record", broken)
    result = await ended(job)
    assert result.outcome is Outcome.ACCEPTED
    assert result.candidate is not None and result.candidate.text == AFTER
    assert "KeyError" in caplog.text


async def test_a_listener_that_cancels_or_exits_does_not_keep_the_end(rig: Rig) -> None:
    def leave(event: JobEvent) -> None:
        if isinstance(event.body, JobFinished):
            raise asyncio.CancelledError

    job = await rig.start()
    job.listen(leave)
    assert (await ended(job)).outcome is Outcome.ACCEPTED


async def test_a_run_left_behind_that_cannot_be_held_is_no_hindrance(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    release = asyncio.Event()

    async def stubborn(emit: Emit) -> Concluded:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return Concluded()

    job = await rig.start(stubborn)
    monkeypatch.setattr(job, "on_stray", broken)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    job.cancel()
    result = await ended(job)
    assert (result.outcome, result.reason) == (Outcome.CANCELLED, "cancelled by the user")
    release.set()


async def test_a_ledger_that_hangs_holds_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(job_module, "KEEP_SECONDS", 0.05)
    monkeypatch.setattr(rig.ledger, "finish", never)
    assert (await ended(await rig.start())).outcome is Outcome.ACCEPTED
    assert "has not taken it" in caplog.text


@pytest.mark.parametrize("cancels", [1, 2, 3])
async def test_a_supervisor_that_is_cancelled_again_and_again_still_ends_the_job(rig: Rig, cancels: int) -> None:
    job = await rig.start(hang)
    for _ in range(5):
        await asyncio.sleep(0)
    supervisor = job._supervisor  # pyright: ignore[reportPrivateUsage] - what a closing event loop cancels
    assert supervisor is not None
    for _ in range(cancels):
        supervisor.cancel()
        await asyncio.sleep(0)
    result = await ended(job)
    assert (result.outcome, result.reason) == (Outcome.CANCELLED, "forge-lsp was stopped")
    await asyncio.gather(supervisor, return_exceptions=True)


async def test_a_job_that_cannot_begin_is_not_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "record", broken)
    with pytest.raises(KeyError):
        await rig.start()
    assert rig.manager.running == ()


# ------------------------------------------------------------------ the ledger


def test_a_thread_that_fails_tells_all_who_wait_and_all_who_come(caplog: pytest.LogCaptureFixture) -> None:
    go = threading.Event()

    def tend(connection: sqlite3.Connection, _: object) -> None:
        go.wait(20)
        raise RuntimeError("nobody thought of this")

    db = Database(None, tend=tend)
    waiting = [db.read(lambda _: 1), db.call(lambda _: 2)]
    db.post(lambda _: 3)
    go.set()
    for future in (*waiting, db.call(lambda _: 4)):
        with pytest.raises(RuntimeError, match=r"the ledger has stopped .*nobody thought of this"):
            future.result(20)
    assert "nobody thought of this" in (db.problem or "")
    assert "nobody thought of this" in caplog.text
    assert db.close()


def test_so_does_one_that_fails_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(None)
    assert db.call(lambda _: 1).result(20) == 1
    monkeypatch.setattr(database, "_settle", broken)
    with pytest.raises(RuntimeError, match="has stopped"):
        db.call(lambda _: 2).result(20)
    assert db.close()


def test_memory_that_cannot_be_had_either_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory() -> sqlite3.Connection:
        raise sqlite3.OperationalError("out of memory")

    monkeypatch.setattr(database, "memory", no_memory)
    (tmp_path / "state").write_text("a file where the folder should be")
    db = Database(tmp_path / "state")
    with pytest.raises(RuntimeError, match="out of memory"):
        db.read(lambda _: 1).result(20)
    assert db.close()


async def test_a_job_ends_without_a_ledger_that_has_stopped(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_settle", broken)
    with pytest.raises(RuntimeError, match="has stopped"):
        await rig.ledger.history()
    assert (await ended(await rig.start())).outcome is Outcome.ACCEPTED


class Held:
    """A ledger whose thread does nothing until it is released."""

    def __init__(self, ledger: Ledger) -> None:
        self.go = threading.Event()
        ledger._db.post(lambda _: self.go.wait(20))  # pyright: ignore[reportPrivateUsage] - a disk that hangs


async def test_a_disk_that_hangs_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(None, clock=HeldClock())
    try:
        await ledger.ready()
        monkeypatch.setattr(ledger_module, "ANSWER_SECONDS", 0.05)
        held = Held(ledger)
        for ask in (ledger.history, ledger.observed, lambda: ledger.record("a"), lambda: ledger.consent("w", "s", "a")):
            with pytest.raises(EnvironmentFault, match="the ledger has not answered"):
                await ask()
        spending = purse(ledger)
        with pytest.raises(BudgetExceeded, match="the budget cannot be checked"):
            await spending.admit(paid(), input_tokens=1000, output_tokens=1000)
        held.go.set()
        monkeypatch.setattr(ledger_module, "ANSWER_SECONDS", 60.0)
        assert await ledger.history() == ()
        assert await ledger.spent("2026-01") == 0  # nothing stays set aside
        assert spending.spent == 0
    finally:
        await ledger.aclose()
