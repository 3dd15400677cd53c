from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.became import EditFate
from forge_lsp.core.errors import Cause
from forge_lsp.core.events import CallFinished, JobEvent, Stage, StageStarted
from forge_lsp.jobs import database
from forge_lsp.jobs.database import Database, DatabaseBusy
from forge_lsp.jobs.document import job_document
from forge_lsp.jobs.ledger import BudgetLimits, Ledger, Reservation
from forge_lsp.jobs.presence import ProcessLock
from forge_lsp.jobs.record import JobState
from forge_lsp.jobs.schema import MIGRATIONS, TABLES, VERSION, migrate
from tests.unit.jobs.sample import full_record
from tests.unit.jobs.support import START, HeldClock, candidate, record


def open_ledger(folder: Path | None, **changes: Any) -> Ledger:
    return Ledger(folder, **({"clock": HeldClock(), "patience": 1.0} | changes))


def aside(folder: Path) -> list[Path]:
    return list(folder.glob("ledger.db.damaged-*"))


def event(job_id: str, sequence: int) -> JobEvent:
    return JobEvent(
        job_id=job_id, sequence=sequence, at=START, body=StageStarted(number=1, stage=Stage.CHECK, detail="ruff")
    )


async def test_a_whole_job_comes_back_as_it_was(tmp_path: Path) -> None:
    job = full_record()
    ledger = open_ledger(tmp_path / "state")
    ledger.begin(job)
    for entry in job.events:
        ledger.append(entry)
    await ledger.finish(replace(job, attempt_count=2))
    await ledger.aclose()
    ledger = open_ledger(tmp_path / "state")
    try:
        kept = await ledger.record(job.job_id)
        assert kept is not None
        assert kept.events == job.events
        assert [attempt.thought for attempt in kept.attempts] == [attempt.thought for attempt in job.attempts]
        # of the candidates, only the job's own is kept with its whole document
        assert kept.candidate == job.candidate
        assert all(attempt.candidate.text == "" for attempt in kept.attempts if attempt.candidate)
        assert kept.scope == job.scope
        assert (kept.outcome, kept.score, kept.sent, kept.toys) == (job.outcome, job.score, job.sent, job.toys)
        assert await ledger.events(job.job_id, len(job.events) - 1) == job.events[-1:]
        (entry,) = await ledger.history()
        assert (entry["jobId"], entry["attemptCount"], entry["state"]) == (job.job_id, 2, "ended")
        assert (entry["workspace"], entry["applyMode"]) == (job.workspace, job.apply)
        assert ledger.problem is None
    finally:
        await ledger.aclose()


async def test_why_a_job_failed_comes_back_and_older_jobs_have_none(tmp_path: Path) -> None:
    job = replace(full_record(), outcome=Outcome.FAILED, cause=Cause.CONSENT, remedy="ask again")
    ledger = open_ledger(tmp_path)
    ledger.begin(job)
    await ledger.finish(job)
    await ledger.aclose()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        assert db.execute("SELECT cause, remedy FROM jobs").fetchone() == ("consent", "ask again")
    ledger = open_ledger(tmp_path)
    kept = await ledger.record(job.job_id)
    await ledger.aclose()
    assert kept is not None
    assert (kept.cause, kept.remedy) == (Cause.CONSENT, "ask again")
    assert job_document(kept)["cause"] == "consent"
    with sqlite3.connect(tmp_path / "ledger.db") as db:  # as an older version left it
        for column in ("cause", "remedy", "asked_profile", "insights", "diagnostics"):
            db.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
        before = next(number for number, step in enumerate(MIGRATIONS) if "COLUMN cause" in step[0])
        db.execute(f"PRAGMA user_version = {before}")
    ledger = open_ledger(tmp_path)
    kept = await ledger.record(job.job_id)
    await ledger.aclose()
    assert kept is not None
    assert (kept.cause, kept.remedy, kept.reason) == (None, None, job.reason)
    assert "cause" not in job_document(kept)


async def test_calls_and_reviews_can_be_counted(tmp_path: Path) -> None:
    job = full_record()
    ledger = open_ledger(tmp_path)
    ledger.begin(job)
    for entry in job.events:
        ledger.append(entry)
    await ledger.finish(replace(job, attempt_count=2))
    await ledger.aclose()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        calls = db.execute("SELECT count(*), sum(input_tokens) FROM calls").fetchone()
        reviews = db.execute("SELECT count(*), count(score) FROM reviews").fetchone()
    db.close()
    bodies = [entry.body for entry in job.events if isinstance(entry.body, CallFinished)]
    assert calls == (len(bodies), sum(body.input_tokens for body in bodies))
    assert reviews == (3, 2)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX'")
async def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    ledger = open_ledger(state)
    ledger.begin(record())
    await ledger.history()
    try:
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        for path in state.rglob("*"):
            expected = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == expected, path
        assert {path.name for path in state.glob("ledger.db*")} >= {"ledger.db", "ledger.db-wal"}
    finally:
        await ledger.aclose()


async def test_a_job_of_a_live_process_is_running_and_of_a_dead_one_interrupted(tmp_path: Path) -> None:
    one, two = open_ledger(tmp_path), open_ledger(tmp_path)
    try:
        one.begin(record("a"))
        one.append(event("a", 1))
        await one.history()
        (entry,) = await two.history()
        assert entry["state"] == "running"
        await one.aclose()  # it went without a word about its job
        (entry,) = await two.history()
        assert entry["state"] == "interrupted"
        kept = await two.record("a")
        assert kept is not None and kept.state is JobState.INTERRUPTED and kept.events == (event("a", 1),)
    finally:
        await two.aclose()


async def test_the_history_tells_what_a_running_job_has_cost_so_far(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    try:
        ledger.begin(record("a"))
        held = Reservation(id="r", job_id="a", day="2026-01-31", model="m", server="s", nano=500, sent=200)
        await ledger.reserve(held, BudgetLimits(job=1000, day=1000, month=1000))
        assert [entry["costUsd"] for entry in await ledger.history()] == [pytest.approx(500e-9)]
        ledger.settle(held, 300)
        assert [entry["costUsd"] for entry in await ledger.history()] == [pytest.approx(300e-9)]
    finally:
        await ledger.aclose()


async def test_old_jobs_go_and_young_and_running_ones_stay(tmp_path: Path) -> None:
    clock = HeldClock()
    ledger = open_ledger(tmp_path, clock=clock)
    for job_id in ("old", "running"):
        ledger.begin(record(job_id))
        ledger.append(event(job_id, 1))
    await ledger.finish(record("old", state=JobState.ENDED, outcome=Outcome.ACCEPTED, attempt_count=1))
    clock.advance(86_400 * 20)
    ledger.begin(record("young", created=clock.now()))
    await ledger.finish(record("young", state=JobState.ENDED, outcome=Outcome.ACCEPTED, attempt_count=1))
    clock.advance(86_400 * 20)
    other = open_ledger(tmp_path, clock=clock, retention_days=30)
    try:
        assert {entry["jobId"] for entry in await other.history()} == {"running", "young"}
        assert await other.events("old") == ()
        assert len(await other.events("running")) == 1
    finally:
        await ledger.aclose()
        await other.aclose()


async def test_a_damaged_file_is_kept_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this was a database once" * 400)
    ledger = open_ledger(tmp_path)
    try:
        assert "was damaged" in (await ledger.ready() or "")
        assert "was damaged" in caplog.text
        (kept,) = aside(tmp_path)
        assert kept.read_bytes().startswith(b"this was a database once")
        ledger.begin(record())
        assert len(await ledger.history()) == 1
    finally:
        await ledger.aclose()


async def test_a_file_with_a_broken_page_is_kept_aside(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for number in range(50):
        ledger.begin(record(f"job{number}", base_text="x" * 3000))
    await ledger.history()
    await ledger.aclose()
    path = tmp_path / "ledger.db"
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    ledger = open_ledger(tmp_path)
    try:
        assert "was damaged" in (await ledger.ready() or "")
        assert await ledger.history() == ()
        assert len(aside(tmp_path)) == 1
    finally:
        await ledger.aclose()


async def test_a_file_that_breaks_while_it_is_used_is_kept_aside(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for number in range(100):
        ledger.begin(record(f"job{number:03}", base_text="x" * 3000))
    await ledger.history()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    path = tmp_path / "ledger.db"
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    try:
        await ledger.history()  # whatever it answers, it answers
        ledger.begin(record("after"))
        assert "after" in [entry["jobId"] for entry in await ledger.history()]
        assert ledger.problem is not None
        assert aside(tmp_path) or ledger.path is None
    finally:
        await ledger.aclose()


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
        db.execute("CREATE TABLE of_the_future (x)")
    db.close()
    before = (tmp_path / "ledger.db").read_bytes()
    ledger = open_ledger(tmp_path)
    try:
        assert "newer forge-lsp" in (await ledger.ready() or "")
        ledger.begin(record())
        assert len(await ledger.history()) == 1
        assert ledger.path == tmp_path / f"ledger-{VERSION}.db"
    finally:
        await ledger.aclose()
    assert (tmp_path / "ledger.db").read_bytes() == before


async def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    whole = json.dumps(
        {
            "number": 1,
            "strategy": "none",
            "thinkers": [],
            "generator": "g",
            "samples": 1,
            "panel": "none",
            "decision": {"kind": "accept", "reason": "it is so"},
            "seconds": 1.0,
            "cost_usd": 0.0,
            "evidence": {
                "results": [
                    {"id": "1", "kind": "test", "status": "passed", "source": "t", "proves": True, "unmet": False},
                    {"id": "2", "kind": "test", "status": "not_runnable", "source": "t", "unmet": True},
                ]
            },
        }
    )
    scope = json.dumps({"kind": "file", "range": {"start": 0, "end": 0}})
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        for statement in MIGRATIONS[0]:
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")
        db.execute(
            "INSERT INTO jobs (id, state, owner, created, uri, language, profile, task, base_text, scope,"
            " allowed_attempts, apply, toys, outcome) VALUES ('old', 'ended', 'o', '2026-01-31T12:00:00.000Z', 'file:///a',"
            " 'python', '', 't', '', ?, 1, 'edit', '[]', 'accepted')",
            (scope,),
        )
        db.execute(
            "INSERT INTO attempts VALUES"
            " ('old', 1, 'none', 'g', 1, 'none', 1, 1, 0, 0, NULL, 'accept', NULL, 1.0, 0, ?)",
            (whole,),
        )
    db.close()
    ledger = open_ledger(tmp_path)
    try:
        assert await ledger.ready() is None
        old = await ledger.record("old")
        assert old is not None
        assert (old.grade, old.checks) == (None, ())
        statuses = [str(result.status) for result in old.attempts[0].evidence.results]
        assert statuses == ["kept", "not_runnable"]
    finally:
        await ledger.aclose()


async def test_a_file_of_the_second_version_learns_what_became_of_its_jobs(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        for statement in (*MIGRATIONS[0], *MIGRATIONS[1]):
            db.execute(statement)
        db.execute("PRAGMA user_version = 2")
        db.execute(
            "INSERT INTO jobs (id, state, owner, created, uri, language, profile, task, base_text, scope,"
            " allowed_attempts, apply, toys, outcome, applied, grade) VALUES ('old', 'ended', 'o',"
            " '2026-01-31T12:00:00.000Z', 'file:///a', 'python', '', 't', '', '{}', 1, 'edit', '[]', 'accepted', 1,"
            " 'proven')"
        )
    db.close()
    ledger = open_ledger(tmp_path)
    try:
        assert await ledger.ready() is None
        assert [(job.grade, job.applied, job.became) for job in (await ledger.observed()).jobs] == [
            ("proven", True, None)
        ]
        await ledger.mark_became("old", EditFate.UNDONE)
        assert [job.became for job in (await ledger.observed()).jobs] == ["undone"]
    finally:
        await ledger.aclose()


async def test_the_score_that_was_asked_for_is_kept_and_older_jobs_have_none(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        for statement in (statement for step in MIGRATIONS[:4] for statement in step):
            db.execute(statement)
        db.execute("PRAGMA user_version = 4")
        db.execute(
            "INSERT INTO jobs (id, state, owner, created, uri, language, profile, task, base_text, scope,"
            " allowed_attempts, apply, toys, outcome) VALUES ('old', 'ended', 'o', '2026-01-31T12:00:00.000Z', 'file:///a',"
            " 'python', '', 't', '', ?, 1, 'edit', '[]', 'accepted')",
            (json.dumps({"kind": "file", "range": {"start": 0, "end": 0}}),),
        )
    db.close()
    ledger = open_ledger(tmp_path)
    try:
        assert await ledger.ready() is None
        ledger.begin(record("new", accept_score=6.5))
        await ledger.finish(record("new", state=JobState.ENDED, outcome=Outcome.ACCEPTED, accept_score=6.5))
        old, new = [await ledger.record(job_id) for job_id in ("old", "new")]
        assert old is not None and old.accept_score is None
        assert new is not None and new.accept_score == 6.5
    finally:
        await ledger.aclose()


async def test_what_became_of_an_applied_result_outlives_the_process(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for job_id in ("applied", "offered"):
        ledger.begin(record(job_id))
        await ledger.finish(record(job_id, state=JobState.ENDED, outcome=Outcome.ACCEPTED, attempt_count=1))
    await ledger.mark_applied("applied")
    await ledger.mark_became("applied", EditFate.UNDONE)
    await ledger.mark_became("offered", EditFate.KEPT)  # it was not applied
    await ledger.mark_became("unknown", EditFate.KEPT)
    await ledger.aclose()
    ledger = open_ledger(tmp_path)
    try:
        assert {job.job_id: job.became for job in (await ledger.observed()).jobs} == {
            "applied": "undone",
            "offered": None,
        }
        await ledger.mark_applied("applied")  # once more: what becomes of that is not known yet
        assert {job.became for job in (await ledger.observed()).jobs} == {None}
    finally:
        await ledger.aclose()


async def test_without_a_place_to_write_it_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    ledger = open_ledger(tmp_path / "state")
    try:
        assert "cannot be used" in (await ledger.ready() or "")
        ledger.begin(record())
        await ledger.finish(
            record(state=JobState.ENDED, outcome=Outcome.ACCEPTED, candidate=candidate(), attempt_count=1)
        )
        kept = await ledger.record("job1")
        assert kept is not None and kept.candidate == candidate()
    finally:
        await ledger.aclose()


async def test_a_file_that_cannot_be_written_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = open_ledger(tmp_path)
    ledger.begin(record("before"))
    ledger.append(event("before", 1))
    await ledger.aclose()

    def read_only(path: Path, *, patience: float) -> sqlite3.Connection:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    monkeypatch.setattr(database, "connect", read_only)
    ledger = open_ledger(tmp_path)
    try:
        assert "readonly" in (await ledger.ready() or "")
        assert ledger.path is None
        ledger.begin(record("now"))
        assert [entry["jobId"] for entry in await ledger.history()] == ["now", "before"]
        assert await ledger.events("before") == (event("before", 1),)
        kept = await ledger.record("before")
        assert kept is not None and kept.state is JobState.INTERRUPTED
    finally:
        await ledger.aclose()


async def test_a_locked_file_is_borne_and_then_done_without(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, patience=0.5)
    ledger.begin(record("before"))
    await ledger.history()
    blocker = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        paid = Reservation(id="r", job_id="job1", day="2026-01-31", model="m", server="s", nano=1, sent=1)
        with pytest.raises(DatabaseBusy):  # no budget is looked at without the others' spending
            await ledger.reserve(paid, BudgetLimits(job=9, day=9, month=9))
        ledger.begin(record("during"))
        assert {entry["jobId"] for entry in await ledger.history()} == {"before", "during"}
        assert "locked" in (ledger.problem or "")
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
        await ledger.aclose()


async def test_one_bad_write_does_not_spoil_the_others(caplog: pytest.LogCaptureFixture) -> None:
    ledger = open_ledger(None)
    try:
        ledger.begin(record("a"))
        ledger.begin(record("a"))  # no such thing twice
        ledger.begin(record("b"))
        assert {entry["jobId"] for entry in await ledger.history()} == {"a", "b"}
        assert "could not keep" in caplog.text
    finally:
        await ledger.aclose()


def test_work_runs_in_order_off_the_callers_thread_and_errors_come_back() -> None:
    db = Database(None)
    ran: list[int] = []
    threads: set[str] = set()

    def work(number: int, db: sqlite3.Connection) -> int:
        ran.append(number)
        threads.add(threading.current_thread().name)
        return number

    futures = [db.call(lambda c, n=n: work(n, c)) for n in range(50)]
    assert [future.result(5) for future in futures] == ran == list(range(50))
    assert threads == {"forge ledger"}
    with pytest.raises(sqlite3.OperationalError):
        db.call(lambda c: c.execute("SELECT * FROM nowhere")).result(5)
    assert db.problem is None  # that was the work's fault, not the disk's
    assert db.close() and db.close()
    with pytest.raises(RuntimeError):
        db.read(lambda c: None).result(5)


def test_migrations_bring_an_empty_file_to_now_and_are_no_news_twice() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    migrate(db)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == set(TABLES)
    db.close()


def test_presence_ends_with_its_holder(tmp_path: Path) -> None:
    one, two = ProcessLock(tmp_path), ProcessLock(tmp_path)
    assert one.alive(two.owner) and two.alive(one.owner) and one.alive(one.owner)
    owner = one.owner
    os.close(one._handle)  # pyright: ignore[reportPrivateUsage] - as a kill would
    assert not two.alive(owner)
    assert not (tmp_path / f"{owner}.lock").exists()
    assert not two.alive("nobody")
    one._handle = -1  # pyright: ignore[reportPrivateUsage]
    two.sweep()
    assert two.alive(two.owner)
    two.close()
    two.close()
    assert list(tmp_path.iterdir()) == []


async def test_answers_of_consent_survive(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.keep_consent("/w", "claude", "https://a", True)
    ledger.keep_consent("/w", "lan", "http://b", True)
    ledger.keep_consent("/w", "lan", "http://b", False)
    await ledger.aclose()
    ledger = open_ledger(tmp_path)
    try:
        assert await ledger.consent("/w", "claude", "https://a") is True
        assert await ledger.consent("/w", "lan", "http://b") is False
        assert await ledger.consent("/w", "claude", "https://elsewhere") is None
        assert await ledger.consent("/other", "claude", "https://a") is None
    finally:
        await ledger.aclose()


async def test_records_of_writers_are_by_language_and_of_jobs_that_were_decided(tmp_path: Path) -> None:
    """How often each writer's attempts ended in a result, and how often it tried."""
    job = full_record()
    ran = [attempt for attempt in job.attempts if attempt.skipped is None]
    ledger = open_ledger(tmp_path / "state")
    try:
        others = (
            ("2", {"language": "go"}),
            ("3", {"outcome": Outcome.CANCELLED}),
            ("4", {"outcome": Outcome.EXHAUSTED}),
        )
        for name, changes in (("1", {}), *others):
            made = replace(job, job_id=job.job_id[:-1] + name, events=(), **changes)
            ledger.begin(made)
            await ledger.finish(replace(made, attempt_count=2))
        found = await ledger.records(job.language)
        assert {writer: tried for writer, (_, tried) in found.items()} == {
            writer: 2 * count for writer, count in Counter(attempt.generator for attempt in ran).items()
        }
        assert sum(won for won, _ in found.values()) == 2 * sum(one.decision.kind == "accept" for one in ran)
        assert sum(tried for _, tried in (await ledger.records(job.language, jobs=1)).values()) == len(ran)
        assert await ledger.records("rust") == {}
        # Two wrote at the same time, and the code of the other one was taken.
        beside = [
            replace(one, candidate=replace(one.candidate, model="beside")) if one.candidate is not None else one
            for one in ran
        ]
        ledger.begin(replace(job, job_id=job.job_id[:-1] + "9", language="java", attempts=(), events=()))
        await ledger.finish(
            replace(
                job, job_id=job.job_id[:-1] + "9", language="java", attempts=tuple(beside), events=(), attempt_count=2
            )
        )
        assert (await ledger.records("java"))["beside"][0] == sum(one.decision.kind == "accept" for one in ran)
    finally:
        await ledger.aclose()
