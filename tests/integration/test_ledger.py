"""The ledger among several processes: killed, side by side, and on a full disk."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.record import JobState
from tests.unit.jobs.support import HeldClock

ROOT = Path(__file__).parents[2]

PRELUDE = """
import asyncio, json, os, sys
from pathlib import Path
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.events import AttemptStarted, JobEvent, Stage, StageStarted
from forge_lsp.core.ports import Usage
from forge_lsp.jobs.budget import Budget, JobSpending
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.pricing import Price, Prices
from forge_lsp.core.errors import BudgetExceeded
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.jobs.support import HeldClock, accepted, never_ask, paid, prepared, record, request

folder, name = Path(sys.argv[1]), sys.argv[2]
clock = HeldClock()

def purse(ledger, job_id, budget):
    return JobSpending(
        job_id=job_id, workspace=None, ledger=ledger, consents=Consents(ledger), budget=budget, ask=never_ask,
        prices=Prices(overrides={"sonnet": Price(input=1.0, output=1.0, cache_write=1.0)}), clock=clock,
        granted=frozenset({"claude"}),
    )
"""

# One job that has spent, is spending and has told of both; it then waits to be killed.
VICTIM = """
async def main():
    ledger = Ledger(folder, clock=clock)

    async def prepare(asked, job_id, earlier):
        spending = purse(ledger, job_id, Budget(job=9.0, day=9.0, month=9.0))

        async def run(emit):
            emit(AttemptStarted(number=1, attempts=3, strategy="solo", thinkers=("phi4",), generator="sonnet",
                                samples=1, panel="none"))
            first = await spending.admit(paid(), input_tokens=100_000, output_tokens=200_000)
            spending.settle(paid(), first, Usage(input_tokens=100_000, output_tokens=50_000))
            await spending.admit(paid(), input_tokens=300_000, output_tokens=400_000)
            emit(StageStarted(number=1, stage=Stage.GENERATE, detail="sonnet"))
            await ledger.history()
            print(json.dumps({"job": (await ledger.history())[0]["jobId"]}), flush=True)
            await asyncio.Event().wait()

        return prepared(run, spending=spending)

    job = await JobManager(prepare=prepare, languages=BUILT_IN, ledger=ledger, clock=clock).start(request())
    await job.wait()

asyncio.run(main())
"""

# As many reservations as the day allows, together with whoever else is at it.
SPENDER = """
async def main():
    ledger = Ledger(folder, clock=clock)
    made = 0
    for round in range(6):
        spending = purse(ledger, f"{name}-{round}", Budget(job=9.0, day=1.0, month=9.0))
        async def call():
            reserved = await spending.admit(paid(), input_tokens=30_000, output_tokens=20_000)
            spending.settle(paid(), reserved, Usage(input_tokens=30_000, output_tokens=20_000))
        outcomes = await asyncio.gather(*(call() for _ in range(3)), return_exceptions=True)
        strange = [o for o in outcomes if o is not None and not isinstance(o, BudgetExceeded)]
        assert not strange, strange
        made += outcomes.count(None)
    await ledger.aclose()
    print(json.dumps({"made": made, "problem": ledger.problem}))

asyncio.run(main())
"""

# Five jobs, start to end.
WRITER = """
async def main():
    ledger = Ledger(folder, clock=clock)

    async def prepare(asked, job_id, earlier):
        async def run(emit):
            for number in range(20):
                emit(StageStarted(number=number, stage=Stage.CHECK, detail=name))
                await asyncio.sleep(0)
            return accepted()
        return prepared(run)

    manager = JobManager(prepare=prepare, languages=BUILT_IN, ledger=ledger, clock=clock)
    jobs = [await manager.start(request()) for _ in range(5)]
    ids = [(await job.wait()).job_id for job in jobs]
    await manager.aclose(5.0)
    print(json.dumps({"ids": ids, "problem": ledger.problem}))

asyncio.run(main())
"""

# The disk is full after a while: no file of this process may grow beyond 256 KiB.
FULL = """
import resource
async def main():
    ledger = Ledger(folder, clock=clock)
    await ledger.ready()
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))
    spending = purse(ledger, "spender", Budget(job=9.0, day=1.0, month=9.0))
    reserved = await spending.admit(paid(), input_tokens=600_000, output_tokens=0)
    spending.settle(paid(), reserved, Usage(input_tokens=600_000))

    async def prepare(asked, job_id, earlier):
        async def run(emit):
            for number in range(200):
                emit(StageStarted(number=number, stage=Stage.CHECK, detail="x" * 2000))
                await asyncio.sleep(0)
            return accepted()
        return prepared(run)

    manager = JobManager(prepare=prepare, languages=BUILT_IN, ledger=ledger, clock=clock)
    jobs = [await manager.start(request()) for _ in range(4)]
    outcomes = [str((await job.wait()).outcome) for job in jobs]
    kept = await ledger.record(jobs[0].id)
    try:
        await purse(ledger, "other", Budget(job=9.0, day=1.0, month=9.0)).admit(
            paid(), input_tokens=500_000, output_tokens=0)
        over = False
    except BudgetExceeded:
        over = True
    history = await ledger.history()
    await manager.aclose(5.0)
    print(json.dumps({"outcomes": outcomes, "problem": ledger.problem, "over": over,
                      "events": len(kept.events) if kept else 0, "jobs": len(history)}))

asyncio.run(main())
"""


def start(script: str, folder: Path, name: str = "one") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + script, str(folder), name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX'")
async def test_a_killed_job_is_interrupted_and_its_costs_are_there(tmp_path: Path) -> None:
    process = start(VICTIM, tmp_path)
    assert process.stdout is not None and process.stderr is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line, process.stderr.read()
    job_id = json.loads(line)["job"]
    ledger = Ledger(tmp_path, clock=HeldClock())
    try:
        running = await ledger.record(job_id)
        assert running is not None and running.state is JobState.RUNNING
        # what is reserved counts for all: 0.15 spent, 0.70 set aside
        assert await ledger.spent("2026-01-31") == 850_000_000
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        kept = await ledger.record(job_id)
        assert kept is not None and kept.state is JobState.INTERRUPTED
        assert [event.body.type for event in kept.events] == ["job.started", "attempt.started", "stage.started"]
        # the call under way had sent its input: 0.30
        assert kept.cost_usd == pytest.approx(0.45)
        assert await ledger.spent("2026-01-31") == 450_000_000
        assert ledger.problem is None
    finally:
        await ledger.aclose()
        process.stdout.close()
        process.stderr.close()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert list((tmp_path / "live").iterdir()) == []


def test_processes_cannot_together_pass_a_days_budget(tmp_path: Path) -> None:
    processes = [start(SPENDER, tmp_path, name) for name in ("one", "two", "three")]
    answers = [answer(process) for process in processes]
    made = [entry["made"] for entry in answers]
    assert [entry["problem"] for entry in answers] == [None] * 3
    assert sum(made) == 20  # at 0.05 each, of 1.00: not one more, and none lost  # pyright: ignore


@pytest.mark.slow
def test_ten_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    processes = [start(WRITER, tmp_path, f"editor{number}") for number in range(10)]
    answers = [answer(process) for process in processes]
    assert [entry["problem"] for entry in answers] == [None] * 10
    ids = [job_id for entry in answers for job_id in entry["ids"]]  # pyright: ignore
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        kept = db.execute("SELECT id, state, outcome FROM jobs").fetchall()
        events = db.execute("SELECT job_id, count(*), max(sequence) FROM events GROUP BY job_id").fetchall()
    db.close()
    assert sorted(kept) == sorted((job_id, "ended", "accepted") for job_id in ids)
    assert sorted(events) == sorted((job_id, 22, 22) for job_id in ids)


@pytest.mark.skipif(os.name != "posix", reason="RLIMIT_FSIZE is POSIX'")
def test_a_full_disk_fails_no_job_and_no_budget(tmp_path: Path) -> None:
    told = answer(start(FULL, tmp_path))
    assert told["outcomes"] == ["accepted"] * 4
    assert "cannot be written" in str(told["problem"])
    assert told["events"] == 202
    assert told["jobs"] == 4
    assert told["over"] is True  # what was spent before the disk was full still counts


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read_and_the_rest_kept_in_memory(tmp_path: Path) -> None:
    assert answer(start(WRITER, tmp_path))["problem"] is None

    async def look() -> tuple[str | None, int]:
        ledger = Ledger(tmp_path, clock=HeldClock())
        try:
            return await ledger.ready(), len(await ledger.history())
        finally:
            await ledger.aclose()

    tmp_path.chmod(0o500)
    try:
        problem, jobs = asyncio.run(look())
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be used" in (problem or "")
    assert jobs == 5
