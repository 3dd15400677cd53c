"""The window is reloaded, closed or killed in the middle of a job: the job goes on, and the next editor of the
workspace shows it, cancels it, gets its result; or it was interrupted, and is gone on with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.raw_lsp import RawClient, Silent
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

TEXT = (
    'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n\n\nx = 1\n'
)
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
DONE = TEXT.replace("    ...\n", "    return number % 2 == 0\n")
GOOD = Script.say(fenced(CODE))
WRONG = Script.say(fenced("def is_even(number: int) -> bool:\n    return number % 2 == 1"))
KEY = {"ANTHROPIC_API_KEY": "sk-ant-test"}
PATIENCE = 90.0


@contextlib.asynccontextmanager
async def held(*answers: Script) -> AsyncIterator[tuple[FakeOllama, asyncio.Event]]:
    """A model server whose writer says nothing before the event is set."""
    gate = asyncio.Event()
    writes = answers or (Script(pieces=GOOD.pieces, gate=gate),)
    scripted = ScriptedModels({"generate": writes, "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        yield ollama, gate


async def begun(client: RawClient, folder: Path, **arguments: Any) -> str:
    """Start a job and wait for its call of the writer; its id."""
    path = folder / "work" / "even.py"
    uri = open_file(client, path, TEXT)
    told = await client.command("forge.generate", uri=uri, range=client.cursor(uri, "..."), **arguments)
    await client.until(lambda: any(one["stage"] == "generate" for one in events(client, "call.started")), PATIENCE)
    return told["jobId"]


async def leave(client: RawClient) -> None:
    """Go as an editor does that is closed or reloaded."""
    assert await asyncio.wait_for(client.request("shutdown"), 10) is None
    client.notify("exit")
    assert await asyncio.wait_for(client.process.wait(), 10) == 0


def lingering(folder: Path) -> list[Path]:
    return sorted((folder / "state" / "live").glob("*.json"))


async def sooner_or_later(met: Callable[[], Any], patience: float = PATIENCE) -> Any:
    async with asyncio.timeout(patience):
        while not (value := met()):  # noqa: ASYNC110 - it looks at files
            await asyncio.sleep(0.05)
        return value


def kept(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "state" / "ledger.db")) as db:
        return db.execute(query).fetchall()


def processes(folder: Path) -> list[int]:
    """The servers with this test's settings."""
    wanted = f"FORGE_CONFIG={folder / 'forge.toml'}".encode()
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mine = wanted in (process / "environ").read_bytes().split(b"\0")
            if mine and b"forge_lsp" in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


async def applied(client: RawClient, job: str, text: str = DONE) -> None:
    uri = next(iter(client.texts))
    await client.until(lambda: client.texts[uri] == text, PATIENCE)
    await client.until(lambda: client.progress("end"), PATIENCE)
    assert client.progress("end")[0]["message"].endswith("applied")
    (entry,) = await client.command("forge.history")
    assert (entry["jobId"], entry["outcome"], entry["applied"]) == (job, "accepted", True)


async def test_after_a_reload_the_job_is_shown_again_and_its_result_applied(tmp_path: Path) -> None:
    async with held() as (ollama, gate):
        values = settings(ollama.url)
        async with forge(tmp_path, values) as client:
            job = await begun(client, tmp_path)
            await leave(client)
        async with forge(tmp_path, values) as client:
            open_file(client, tmp_path / "work" / "even.py", TEXT)
            await client.until(lambda: client.progress("report"), PATIENCE)
            assert client.progress("begin")[0]["title"] == "Generate with ensemble"
            status = await client.command("forge.status")
            assert [(one["jobId"], one["stage"]) for one in status["jobs"]] == [(job, "generate")]
            assert [event["sequence"] for event in events(client, job=job)] == [
                *range(1, len(events(client, job=job)) + 1)
            ]
            gate.set()
            await applied(client, job)
            assert events(client, "job.finished", job=job)[0]["outcome"] == "accepted"
        assert len([call for call in ollama.chats if call.body["model"] == MODELS["coder"]]) == 1
    await sooner_or_later(lambda: not processes(tmp_path))
    assert lingering(tmp_path) == []


async def test_a_window_that_is_killed_leaves_its_job_too_and_the_text_may_move_on(tmp_path: Path) -> None:
    async with held() as (ollama, gate):
        values = settings(ollama.url)
        async with forge(tmp_path, values) as client:
            job = await begun(client, tmp_path)
            client.process.kill()
            await client.process.wait()
        async with forge(tmp_path, values) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            await client.until(lambda: client.progress("report"), PATIENCE)
            client.type(uri, "x = 1", "x = 22")
            gate.set()
            await applied(client, job, DONE.replace("x = 1", "x = 22"))  # merged, and checked again


async def test_what_ended_while_nobody_was_there_is_applied_once_by_one_window(tmp_path: Path) -> None:
    async with held() as (ollama, gate), contextlib.AsyncExitStack() as stack:
        values = settings(ollama.url)
        async with forge(tmp_path, values) as client:
            job = await begun(client, tmp_path)
            await leave(client)
        gate.set()
        await sooner_or_later(lambda: kept(tmp_path, "SELECT state FROM jobs") == [("ended",)])
        await sooner_or_later(lambda: not processes(tmp_path))  # it does not stay longer than its jobs
        clients = [await stack.enter_async_context(forge(tmp_path, values)) for _ in range(2)]
        for client in clients:
            open_file(client, tmp_path / "work" / "even.py", TEXT)
        taken = await sooner_or_later(lambda: [one for one in clients if one.progress("end")])
        await applied(taken[0], job)
        await asyncio.sleep(3)
        assert [len(one.of("workspace/applyEdit")) for one in clients if one is not taken[0]] == [0]


async def test_where_its_file_is_not_open_the_result_is_offered_only(tmp_path: Path) -> None:
    async with held() as (ollama, gate):
        values = settings(ollama.url)
        async with forge(tmp_path, values) as client:
            await begun(client, tmp_path)
            await leave(client)
        gate.set()
        await sooner_or_later(lambda: kept(tmp_path, "SELECT state FROM jobs") == [("ended",)])
        async with forge(tmp_path, values) as client:
            asked: list[Any] = []
            client.answers["window/showMessageRequest"] = asked.append
            await client.until(lambda: asked, PATIENCE)
            assert "was not open in this window" in asked[0]["message"]
            assert [action["title"] for action in asked[0]["actions"]] == ["Apply anyway", "Show report", "Dismiss"]
            assert client.of("workspace/applyEdit") == []


async def test_it_is_cancelled_from_the_next_window(tmp_path: Path) -> None:
    async with held() as (ollama, _):
        values = settings(ollama.url)
        async with forge(tmp_path, values) as client:
            job = await begun(client, tmp_path)
            await leave(client)
        async with forge(tmp_path, values) as client:
            open_file(client, tmp_path / "work" / "even.py", TEXT)
            await client.until(lambda: client.progress("report"), PATIENCE)
            assert await client.command("forge.cancel", jobId=job) == {"cancelled": [job]}
            await client.until(lambda: client.progress("end"), PATIENCE)
            assert "cancelled" in client.progress("end")[0]["message"]
            (entry,) = await client.command("forge.history")
            assert (entry["state"], entry["outcome"]) == ("ended", "cancelled")
        await sooner_or_later(lambda: not processes(tmp_path))
        (call,) = [call for call in ollama.chats if call.body["model"] == MODELS["coder"]]
        assert call.hung_up is not None


def paid(ollama: FakeOllama, claude: MessagesServer, *rows: Mapping[str, object]) -> dict[str, object]:
    return settings(
        ollama.url,
        *rows,
        servers={"claude": {"kind": "anthropic", "url": claude.url, "paid": True}},
        models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 32_000}},
        prices={"opus": {"input": 5.0, "output": 25.0}},
    )


async def test_no_paid_call_is_begun_while_nobody_is_there(tmp_path: Path) -> None:
    gate = asyncio.Event()
    scripted = ScriptedModels({"propose": Script(pieces=("Divide.",), gate=gate), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama, MessagesServer(answer=GOOD) as claude:
        values = paid(ollama, claude, row(1, thinking=["phi4"], generator="opus")) | {
            "consent": {"servers": ["claude"]}
        }
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            told = await client.command("forge.generate", uri=uri, range=client.cursor(uri, "..."))
            await client.until(lambda: events(client, "call.started"), PATIENCE)
            await leave(client)
        gate.set()
        await sooner_or_later(
            lambda: kept(tmp_path, "SELECT 1 FROM events WHERE type = 'stage.started' AND body LIKE '%generate%'")
        )
        await asyncio.sleep(2)
        assert claude.calls == []
        async with forge(tmp_path, values, env=KEY) as client:
            open_file(client, tmp_path / "work" / "even.py", TEXT)
            await applied(client, told["jobId"])
        assert len(claude.calls) == 1


async def test_a_question_of_consent_is_put_again_by_the_next_window(tmp_path: Path) -> None:
    async with held() as (ollama, _), MessagesServer(answer=GOOD) as claude:
        values = paid(ollama, claude, row(1, generator="opus"))
        async with forge(tmp_path, values, env=KEY) as client:
            client.answers["window/showMessageRequest"] = lambda _: Silent
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            told = await client.command("forge.generate", uri=uri, range=client.cursor(uri, "..."))
            await client.until(lambda: client.of("window/showMessageRequest"), PATIENCE)
            await leave(client)
        async with forge(tmp_path, values, env=KEY) as client:
            asked: list[str] = []

            def allow(params: Any) -> Any:
                asked.append(params["message"])
                return {"title": "Allow"}

            client.answers["window/showMessageRequest"] = allow
            open_file(client, tmp_path / "work" / "even.py", TEXT)
            await applied(client, told["jobId"])
            assert [words.partition(" (http")[0] for words in asked] == ["Send code of work (even.py) to anthropic"]
        assert len(claude.calls) == 1


async def test_a_job_whose_process_is_killed_is_gone_on_with_after_what_was_bought(tmp_path: Path) -> None:
    calls = [WRONG, Script.stall("Here it"), GOOD]
    async with held() as (ollama, _), MessagesServer(answer=calls) as claude:
        values = paid(ollama, claude, row(1, 2, 3, generator="opus")) | {"consent": {"servers": ["claude"]}}
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            told = await client.command("forge.generate", uri=uri, range=client.cursor(uri, "..."))
            await claude.until(lambda: len(claude.calls) == 2, timeout=PATIENCE)
            await sooner_or_later(lambda: kept(tmp_path, "SELECT number FROM attempts") == [(1,)])
            for process in processes(tmp_path):
                os.kill(process, signal.SIGKILL)
            await client.process.wait()
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            asked: list[Any] = []

            def resume(params: Any) -> Any:
                asked.append(params["message"])
                return {"title": "Resume"}

            client.answers["window/showMessageRequest"] = resume
            await client.until(lambda: client.progress("end"), PATIENCE)
            assert asked[0].startswith("forge-lsp: the job in even.py was interrupted in attempt 2: ")
            assert client.texts[uri] == DONE
            heard = events(client, "attempt.started", "attempt.finished", "call.started")
            assert [(event["type"], event["number"]) for event in heard[:4]] == [
                ("attempt.started", 1),  # what was made before is told again, without its calls
                ("attempt.finished", 1),
                ("attempt.started", 2),
                ("call.started", 2),
            ]
            (second, first) = await client.command("forge.history")
            assert (first["jobId"], first["state"]) == (told["jobId"], "interrupted")
            assert (second["outcome"], second["attemptCount"], second["applied"]) == ("accepted", 2, True)
            report = await client.command("forge.report", jobId=second["jobId"])
            assert f"Goes on from job {first['jobId']}" in report
        assert len(claude.calls) == 3
        # what the first attempt showed is told to the one that goes on
        assert "is_even(2)" in json.dumps(claude.calls[2].body)


async def test_what_is_gone_on_with_has_the_users_words_and_the_profile_of_the_start(tmp_path: Path) -> None:
    calls = [GOOD, WRONG, Script.stall("Here it"), GOOD]
    (tmp_path / "mine.toml").write_text("[ask]\nquestions = 0\n", encoding="utf-8")
    start = {"profile": str(tmp_path / "mine.toml"), "apply": "none"}
    async with held() as (ollama, _), MessagesServer(answer=calls) as claude:
        values = paid(ollama, claude, row(1, 2, 3, generator="opus")) | {"consent": {"servers": ["claude"]}}
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
            first = await generate(client, uri, **start)
            assert first["outcome"] == "accepted"
            problem = {
                "range": client.cursor(uri, "x = 1"),
                "message": "x is never read",
                "severity": 2,
                "source": "linter",
            }
            await client.command(
                "forge.generate",
                uri=uri,
                range=client.cursor(uri, "..."),
                followUp={"jobId": first["jobId"], "feedback": "Do not divide."},
                diagnostics=[problem],
                **start,
            )
            await claude.until(lambda: len(claude.calls) == 3, timeout=PATIENCE)
            await sooner_or_later(lambda: kept(tmp_path, "SELECT count(*) FROM attempts") == [(2,)])
            for process in processes(tmp_path):
                os.kill(process, signal.SIGKILL)
            await client.process.wait()
        async with forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", "\n" + TEXT)
            client.answers["window/showMessageRequest"] = lambda _: {"title": "Resume"}
            await client.until(lambda: client.progress("end"), PATIENCE)
            entries = await client.command("forge.history")
            assert [one["outcome"] for one in entries] == ["accepted", None, "accepted"]
        assert len(claude.calls) == 4
        for call in claude.calls[1:]:
            assert "Do not divide." in json.dumps(call.body)
            assert "The code that these words are about" in json.dumps(call.body)
        assert "Do not divide." not in json.dumps(claude.calls[0].body)
    rows = kept(tmp_path, "SELECT asked_profile, insights, diagnostics FROM jobs ORDER BY id")
    assert {profile for profile, _, _ in rows} == {start["profile"]}
    (_, _, words), (_, insights, before), (_, again, after) = rows
    assert (json.loads(words), json.loads(insights)[0]["text"]) == ([], "Do not divide.")
    assert json.loads(again) == json.loads(insights)
    assert [one["message"] for one in json.loads(after)] == ["x is never read"]
    assert json.loads(after)[0]["line"] == json.loads(before)[0]["line"] + 1, "where the line is now"
