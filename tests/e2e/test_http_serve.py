"""``forge-lsp serve`` as its users meet it: the real process on a socket, with scripted models behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cli import forge, hide_packages, started
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, part_of, row, settings, verdict
from tests.support.scripted_http import Script
from tests.support.shapes import JOB_DOCUMENT, misfits
from tests.support.tools import dotnet_environment

pytest.importorskip("fastapi", reason="the extra http is not installed")
pytest.importorskip("uvicorn", reason="the extra http is not installed")

ORCHESTRATE = "/api/orchestrator/orchestrate"
JOBS = "/api/orchestrator/jobs"
CODE = 'def add(a: int, b: int) -> int:\n    """The sum."""\n    return a + b'
ASKED: dict[str, object] = {"task": "Write add(a, b), which adds two numbers.", "language": "python"}
SHARP = """public class UserService
{
    private readonly System.Collections.Generic.Dictionary<int, string> _users = new();

    public void Create(int id, string name) => _users.Add(id, name);

    public string? Read(int id) => _users.TryGetValue(id, out var name) ? name : null;

    public void Update(int id, string name) => _users[id] = name;

    public bool Delete(int id) => _users.Remove(id);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    process: asyncio.subprocess.Process
    client: httpx.AsyncClient
    state: Path


@contextlib.asynccontextmanager
async def serve(folder: Path, values: Mapping[str, object], **env: str) -> AsyncIterator[Served]:
    """A server on a free port, and a client with its token."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    async with started("serve", "--port", "0", cwd=work, env=environment(folder, values, **env)) as process:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            line = (await process.stderr.readline()).decode()
            hint = (await process.stderr.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + hint
        state = folder / "state"
        token = env.get("FORGE_HTTP_TOKEN") or (state / "http-token").read_text().strip()
        assert token not in line + hint  # standard error is no terminal here, and may be kept
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=found[0], headers=headers, timeout=250, trust_env=False) as client:
            yield Served(process=process, client=client, state=state)


def ollama(**scripts: Any) -> FakeOllama:
    return FakeOllama(
        answer=ScriptedModels({"generate": Script.say(fenced(CODE)), **scripts}), models=[*MODELS.values()]
    )


async def until(what: Any, patience: float = 20.0) -> None:
    async with asyncio.timeout(patience):
        while not what():  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(0.01)


async def events(served: Served, job: str, *, stop: str = "", after: int = 0) -> list[dict[str, Any]]:
    """A job's events as they come, up to the first of type ``stop``; then the client is gone."""
    found: list[dict[str, Any]] = []
    headers = {"Last-Event-ID": str(after)}
    async with served.client.stream("GET", f"{JOBS}/{job}/events", headers=headers) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                if found[-1]["type"] == stop:
                    break
    return found


async def test_two_refused_attempts_and_the_third_accepted(tmp_path: Path) -> None:
    reviews = [Script.say(verdict(score, "Say more.")) for score in (7, 7.5, 8.2)]
    async with (
        ollama(review=reviews) as server,
        serve(tmp_path, settings(server.url, row(*range(1, 11)))) as served,
    ):
        assert stat.S_IMODE((served.state / "http-token").stat().st_mode) == 0o600
        answer = await served.client.post(ORCHESTRATE, json={**ASKED, "maxIterations": 10})
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert misfits(document, JOB_DOCUMENT) == []
        assert (document["outcome"], document["score"], document["costUsd"]) == ("accepted", 8.2, 0.0), document[
            "reason"
        ]
        assert "return a + b" in document["code"]
        told = [(attempt["score"], attempt["decision"]) for attempt in document["attempts"]]
        assert told == [(7.0, "retry"), (7.5, "retry"), (8.2, "accept")]
        assert (await served.client.get(f"{JOBS}/{document['jobId']}")).json() == document
        kept = await events(served, document["jobId"])
        assert [event["sequence"] for event in kept] == list(range(1, len(kept) + 1))
        assert (kept[0]["type"], kept[-1]["type"]) == ("job.started", "job.finished")


@pytest.mark.slow
@pytest.mark.timeout(280)
async def test_the_users_example_in_csharp(tmp_path: Path) -> None:
    everything = dotnet_environment()
    names = ("PATH", "RestoreSources", *(name for name in everything if name.startswith("DOTNET_")))
    known = {name: everything[name] for name in names if name in everything}
    reviews = [Script.say(verdict(score, "Say more.")) for score in (7, 7.5, 8.2)]
    async with (
        ollama(generate=Script.say(fenced(SHARP, "csharp")), review=reviews) as server,
        serve(tmp_path, settings(server.url, row(*range(1, 11))), **known) as served,
    ):
        asked = {"task": "Create UserService with CRUD", "language": "csharp", "maxIterations": 10}
        document = (await served.client.post(ORCHESTRATE, json=asked)).json()
        assert misfits(document, JOB_DOCUMENT) == []
        assert [attempt["compiled"] for attempt in document["attempts"]] == [True, True, True], document
        told = [(attempt["score"], attempt["decision"]) for attempt in document["attempts"]]
        assert told == [(7.0, "retry"), (7.5, "retry"), (8.2, "accept")]
        assert (document["outcome"], document["language"]) == ("accepted", "csharp")
        assert (document["task"], document["score"], document["costUsd"]) == (asked["task"], 8.2, 0.0)
        assert [attempt["panel"] for attempt in document["attempts"]] == ["simple"] * 3
        assert all(attempt["insights"] for attempt in document["attempts"][:2])
        assert document["code"].strip() == SHARP


async def test_a_client_that_vanishes_stops_its_job_and_one_that_only_looks_does_not(tmp_path: Path) -> None:
    stall = Script(pieces=("def",), end="stall")
    async with ollama(generate=stall) as server, serve(tmp_path, settings(server.url, row(1))) as served:
        waiting = asyncio.create_task(served.client.post(ORCHESTRATE, json=ASKED))
        await until(lambda: len(server.chats) == 1)
        began = await served.client.post(ORCHESTRATE, json=ASKED, headers={"Prefer": "respond-async"})
        assert began.status_code == 202
        job = began.headers["location"].rpartition("/")[2]
        await until(lambda: len(server.chats) == 2)
        seen = await events(served, job, stop="call.started")
        waiting.cancel()
        await asyncio.wait([waiting])
        first, second = server.chats
        await until(lambda: first.hung_up is not None, 5.0)
        listed = (await served.client.get(JOBS)).json()["jobs"]
        assert [(entry["jobId"] == job, entry["outcome"]) for entry in listed] == [
            (True, None),
            (False, "cancelled"),
        ]
        assert second.hung_up is None
        stopped = await served.client.delete(f"{JOBS}/{job}")
        assert (stopped.status_code, stopped.json()["outcome"]) == (200, "cancelled")
        await until(lambda: second.hung_up is not None, 5.0)
        rest = await events(served, job, after=seen[-1]["sequence"])
        assert [event["sequence"] for event in seen + rest] == list(range(1, len(seen + rest) + 1))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process holds open is told by Linux' /proc")
async def test_clients_that_vanish_leave_nothing_running(tmp_path: Path) -> None:
    def held() -> int:
        return len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))

    async def look_and_vanish(job: str) -> None:
        with contextlib.suppress(httpx.ReadTimeout):
            await events(served, job, stop="call.started")

    stall = Script(pieces=("def",), end="stall")
    async with ollama(generate=stall) as server, serve(tmp_path, settings(server.url, row(1))) as served:
        began = await served.client.post(ORCHESTRATE, json=ASKED, headers={"Prefer": "respond-async"})
        job = began.json()["jobId"]
        await until(lambda: len(server.chats) == 1)
        await look_and_vanish(job)
        await served.client.get(JOBS)
        before = held()
        await asyncio.gather(*(look_and_vanish(job) for _ in range(20)))
        await until(lambda: held() <= before + 2, 10.0)  # the client keeps some connections for the next request
        stopped = await served.client.delete(f"{JOBS}/{job}")
        assert stopped.json()["outcome"] == "cancelled"
        assert len(server.chats) == 1


async def test_no_consent_no_call(tmp_path: Path) -> None:
    async with ollama() as local, MessagesServer(answer=Script.say(fenced(CODE))) as claude:
        values = settings(
            local.url,
            row(1, generator="opus"),
            servers={"claude": {"kind": "anthropic", "url": claude.url, "paid": True}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-1", "context": 200_000}},
        )
        async with serve(tmp_path, values, ANTHROPIC_API_KEY="sk-ant-test") as served:
            document = (await served.client.post(ORCHESTRATE, json=ASKED)).json()
            assert document["outcome"] in ("failed", "exhausted")
            assert document["attempts"][0]["skipped"], document
        assert claude.calls == []


async def test_a_job_of_another_process_is_followed_but_not_cancelled(tmp_path: Path) -> None:
    async with ollama(review=Script.say(verdict(9), first=2.0)) as server:
        values = settings(server.url, row(1))
        async with serve(tmp_path, values) as one, serve(tmp_path, values) as other:
            assert one.client.headers == other.client.headers  # one token for both
            began = await one.client.post(ORCHESTRATE, json=ASKED, headers={"Prefer": "respond-async"})
            job = began.json()["jobId"]
            await until(lambda: any(part_of(chat.body) == "review" for chat in server.chats))
            assert (await other.client.delete(f"{JOBS}/{job}")).status_code == 409
            seen = await events(other, job)
            assert seen == await events(one, job)
            assert (seen[-1]["type"], seen[-1]["outcome"]) == ("job.finished", "accepted")


async def test_what_is_refused(tmp_path: Path) -> None:
    async with serve(tmp_path, settings("http://127.0.0.1:9"), FORGE_HTTP_TOKEN="given-by-the-user") as served:
        assert not (served.state / "http-token").exists()
        for headers, status in (
            ({"Authorization": ""}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Host": "evil.example"}, 403),
            ({"Origin": "http://evil.example"}, 403),
        ):
            answer = await served.client.post(ORCHESTRATE, json=ASKED, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert (await served.client.post(ORCHESTRATE, content=b" " * (3 << 20))).status_code == 413
        assert (await served.client.post(ORCHESTRATE, content=b'{"a":' * 100_000)).status_code == 422
        assert (await served.client.post(ORCHESTRATE, json={**ASKED, "language": "cobol"})).status_code == 422
        assert (await served.client.get(JOBS)).json() == {"jobs": []}
        statuses = [
            answer.status_code for answer in await asyncio.gather(*(served.client.get("/nothing") for _ in range(5)))
        ]
        assert statuses == [404] * 5


async def test_ctrl_c_ends_the_jobs_and_the_server(tmp_path: Path) -> None:
    async with (
        ollama(generate=Script(pieces=("def",), end="stall")) as server,
        serve(tmp_path, settings(server.url, row(1))) as served,
    ):
        waiting = asyncio.create_task(served.client.post(ORCHESTRATE, json=ASKED))
        await until(lambda: len(server.chats) == 1)
        served.process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(served.process.communicate(), 20)
        assert (served.process.returncode, err.decode()) == (130, "")
        answer = await waiting
        assert (answer.status_code, answer.json()["outcome"]) == (200, "cancelled")
        assert server.chats[0].hung_up is not None


async def test_a_port_that_is_taken_and_an_extra_that_is_missing(tmp_path: Path) -> None:
    values = settings("http://127.0.0.1:9")
    async with serve(tmp_path, values) as served:
        port = str(served.client.base_url.port)
        taken = await forge("serve", "--port", port, cwd=tmp_path / "work", env=environment(tmp_path, values))
        assert (taken.code, taken.out) == (1, "")
        assert "in use" in taken.err and "--port" in taken.err
    hidden = hide_packages(tmp_path / "hidden", "fastapi")
    bare = await forge("serve", cwd=tmp_path / "work", env=environment(tmp_path, values, **hidden))
    assert bare.code == 1
    assert "pip install 'forge-lsp[http]'" in bare.err
    wrong = await forge("serve", "--port", "70000", cwd=tmp_path / "work", env=environment(tmp_path, values))
    assert wrong.code == 2
