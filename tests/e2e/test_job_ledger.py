"""The ledger under real servers: killed in the middle of a paid call, ten of them writing at once, and two of them
that want the same day's money."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.processes import descendants
from tests.support.raw_lsp import RawClient
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
GOOD = Script.say(fenced("def is_even(number: int) -> bool:\n    return number % 2 == 0"))
KEY = {"ANTHROPIC_API_KEY": "sk-ant-test"}
EDITORS = 10


def local(score: float = 9.0) -> FakeOllama:
    scripted = ScriptedModels({"generate": GOOD, "review": Script.say(verdict(score, "Shorter."))})
    return FakeOllama(answer=scripted, models=[*MODELS.values()])


def paid(ollama: FakeOllama, claude: MessagesServer, *rows: Any, **tables: object) -> dict[str, object]:
    return settings(
        ollama.url,
        *rows,
        servers={"claude": {"kind": "anthropic", "url": claude.url, "paid": True}},
        models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 32_000}},
        prices={"opus": {"input": 5.0, "output": 25.0}},
        consent={"servers": ["claude"]},
        **tables,
    )


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute(query).fetchall()


async def test_a_killed_server_leaves_its_job_interrupted_with_its_costs(tmp_path: Path) -> None:
    # The first attempt is paid for and refused; the second is killed while Claude writes.
    answers = [GOOD, Script.stall("Here it")]
    async with local(5.0) as ollama, MessagesServer(answer=answers) as claude:
        values = paid(ollama, claude, row(1, 2, generator="opus"))
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            waiting = asyncio.create_task(generate(client, uri, token="t"))
            await claude.until(lambda: len(claude.calls) == 2, timeout=60)
            (first,) = [event for event in events(client, "call.finished") if event["model"] == "opus"]
            # what an editor was told is on its way to the disk: the second call's reservation is there already
            for server in descendants(client.process.pid):  # else it goes on without its editor
                os.kill(server.pid, signal.SIGKILL)
            await client.process.wait()
            waiting.cancel()
            await asyncio.wait([waiting])
        async with forge(tmp_path, values, env=KEY) as client:
            (kept,) = await client.command("forge.history")
            assert (kept["state"], kept["outcome"], kept["attemptCount"]) == ("interrupted", None, 2)
            # the first call as it was measured, the second for what was sent
            assert first["costUsd"] < kept["costUsd"] < 2 * first["costUsd"] + 0.05
            report = await client.command("forge.report", jobId=kept["jobId"])
            assert report.startswith("# Interrupted: `is_even` in `even.py`")
            assert "No file's text was sent" not in report
            assert "| 1 | none | opus |" in report
            status = await client.command("forge.status")
            assert (status["jobs"], status["ledger"]) == ([], None)
    path = tmp_path / "state" / "ledger.db"
    assert rows_of(path, "SELECT count(*) FROM spending WHERE open = 1") == [(0,)]
    assert rows_of(path, "SELECT count(*) FROM spending") == [(2,)]


async def test_ten_editors_at_once_lose_nothing(tmp_path: Path) -> None:
    async with local() as ollama, contextlib.AsyncExitStack() as stack:
        values = settings(ollama.url)

        async def editor(number: int) -> RawClient:
            return await stack.enter_async_context(forge(tmp_path, values))

        clients = [await editor(number) for number in range(EDITORS)]

        async def work(number: int, client: RawClient) -> dict[str, Any]:
            folder = tmp_path / "work" / str(number)
            folder.mkdir()
            return await generate(client, open_file(client, folder / "even.py", TEXT), patience=110)

        outcomes = await asyncio.gather(*(work(number, client) for number, client in enumerate(clients)))
        assert [outcome["outcome"] for outcome in outcomes] == ["accepted"] * EDITORS
        listed = await clients[0].command("forge.history")
        assert sorted(entry["jobId"] for entry in listed) == sorted(outcome["jobId"] for outcome in outcomes)
        assert {entry["applied"] for entry in listed} == {True}
        told = {outcome["jobId"]: len(events(client)) for outcome, client in zip(outcomes, clients, strict=True)}
        statuses = [await client.command("forge.status") for client in clients]
        assert [status["ledger"] for status in statuses] == [None] * EDITORS
    kept = rows_of(tmp_path / "state" / "ledger.db", "SELECT job_id, count(*) FROM events GROUP BY job_id")
    assert dict(kept) == told


async def test_two_jobs_at_once_cannot_together_pass_a_days_budget(tmp_path: Path) -> None:
    # A call may cost $0.03 at most and costs $0.028; the day holds five of them, and the two jobs want twenty.
    dear = Script(pieces=GOOD.pieces, first=0.1, input_tokens=5_500)
    async with local(5.0) as ollama, MessagesServer(answer=dear) as claude, contextlib.AsyncExitStack() as stack:
        values = paid(ollama, claude, row(*range(1, 11), generator="opus"), budget={"job": 1.0, "day": 0.15})
        clients = [await stack.enter_async_context(forge(tmp_path, values, env=KEY)) for _ in range(2)]

        async def work(number: int, client: RawClient) -> dict[str, Any]:
            folder = tmp_path / "work" / str(number)
            folder.mkdir()
            return await generate(client, open_file(client, folder / "even.py", TEXT), maxIterations=10)

        outcomes = await asyncio.gather(*(work(number, client) for number, client in enumerate(clients)))
        spent = sum(outcome["costUsd"] for outcome in outcomes)
        assert 0.1 < spent <= 0.15
        assert sum(outcome["attemptCount"] for outcome in outcomes) == len(claude.calls)
        for outcome in outcomes:
            assert outcome["outcome"] in ("exhausted", "failed")
            assert "raise budget.day" in outcome["reason"]
    (kept,) = rows_of(tmp_path / "state" / "ledger.db", "SELECT sum(nano_usd) FROM spending")
    assert kept[0] <= 150_000_000
