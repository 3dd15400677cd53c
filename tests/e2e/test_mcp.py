"""``forge-lsp mcp`` with the SDK's own client, and with a plain old one, over real pipes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import forge_lsp
from tests.support.cli import hide_packages
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, row, settings, verdict
from tests.support.scripted_http import Script
from tests.support.tables import part

pytest.importorskip("mcp", reason="the extra mcp is not installed: pip install 'forge-lsp[mcp]'")

from mcp import Client, MCPError, StdioServerParameters
from mcp_types import ElicitResult

PATHS = str(Path(forge_lsp.__file__).parents[1])
STUB = '''"""Sums."""


def add(a: int, b: int) -> int:
    """The sum.

    >>> add(1, 2)
    3
    """
    raise NotImplementedError


def double(x: int) -> int:
    return x + x
'''
TEST = "from sums import double\n\n\ndef test_double() -> None:\n    assert double(4) == 8\n"
RIGHT = STUB.replace("raise NotImplementedError", "return a + b")
CODE = RIGHT[RIGHT.index("def add") : RIGHT.index("\n\n\ndef double")]
GOOD = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
DIFF = """--- a/sums.py
+++ b/sums.py
@@ -9,2 +9,2 @@
     \"\"\"
-    raise NotImplementedError
+    return a + b
"""
ERAS = ["legacy", "auto"]
"""The handshake of 2025 and before, and the protocol of 2026."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "sums"\nversion = "1"\n')
    (folder / "sums.py").write_text(STUB)
    (folder / "tests" / "test_sums.py").write_text(TEST)
    (tmp_path / "secret.py").write_text("KEY = 1\n")
    return folder


@contextlib.asynccontextmanager
async def client(work: Path, env: Mapping[str, str], *, mode: str = "auto", **more: Any) -> AsyncIterator[Client]:
    """The SDK's client with a server of its own."""
    paths = os.pathsep.join(part for part in (env.get("PYTHONPATH"), PATHS) if part)
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "forge_lsp", "mcp"], env={**env, "PYTHONPATH": paths}, cwd=work
    )
    async with Client(server, mode=mode, **more) as connected:  # type: ignore[arg-type]
        yield connected


def told(result: Any) -> Mapping[str, Any]:
    """The structured answer of a tool that did not fail."""
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def ended(connected: Client, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer once the work has ended, on however busy a machine."""
    while answer["state"] == "running":
        answer = told(await connected.call_tool("report", {"id": answer["id"], "waitSeconds": 30}))
    return answer


@pytest.mark.parametrize("mode", ERAS)
async def test_check_without_a_model(tmp_path: Path, work: Path, mode: str) -> None:
    env = environment(tmp_path, {}, **hide_packages(tmp_path / "hidden", "xllamacpp"))
    async with client(work, env, mode=mode) as connected:
        tools = {tool.name: tool for tool in (await connected.list_tools()).tools}
        assert set(tools) == {"check", "generate", "report", "models", "cancel"}
        assert all(tool.output_schema for tool in tools.values())
        assert {name for name, tool in tools.items() if not tool.annotations.read_only_hint} == {"generate"}
        heard: list[str] = []

        async def progress(done: float, total: float | None, message: str | None) -> None:
            heard.append(message or "")

        right = await ended(
            connected, told(await connected.call_tool("check", {"diff": DIFF}, progress_callback=progress))
        )
        assert (right["outcome"], right["grade"]) == ("accepted", "proven")
        assert any("running tests and examples" in words for words in heard)
        arguments = {"file": "sums.py", "startLine": 4, "code": CODE.replace("a + b", "a - b")}
        wrong = await ended(connected, told(await connected.call_tool("check", arguments)))
        assert wrong["outcome"] == "refused"
        (place,) = wrong["files"][0]["places"]
        assert (place["name"], place["failing"][0]["expected"], place["failing"][0]["actual"]) == ("add", "3", "-1")
        again = told(await connected.call_tool("report", {"id": wrong["id"]}))
        assert again["outcome"] == "refused" and "expected 3, got -1" in again["report"]
        models = told(await connected.call_tool("models"))
        assert models["models"] == [] and "no model" in models["problem"]
    assert (work / "sums.py").read_text() == STUB


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("check", {"diff": DIFF.replace("sums.py", "../secret.py")}, "not a file inside the workspace"),
    ("check", {"diff": "+" * 3_000_000}, "at most 2097152 are taken"),
    ("check", {"file": "/etc/passwd", "code": "x"}, "not a file inside the workspace"),
    ("check", {"file": "sums.py", "code": "x" * 5_000_000}, "at most 4194304 are taken"),
    ("check", {"file": "sums.py", "startLine": 0, "code": "x"}, "not from 1 to"),
    ("check", {"file": "sums.py", "startLine": 900, "code": "x"}, "the file has lines 1 to"),
    ("check", {"file": "sums.py", "startLine": 4, "code": " \n"}, "code is empty"),
    (
        "check",
        {"file": "sums.py", "startLine": 4, "code": "def total(a, b):\n    return a + b\n"},
        "does not define it",
    ),
    ("check", {"file": "sums.py\0.txt", "code": "x"}, "is no path"),
    ("check", {"file": "link.py", "code": "x"}, "not a file inside the workspace"),
    ("check", {"diff": DIFF.replace("sums.py", "link.py")}, "not a file inside the workspace"),
    ("check", {"diff": DIFF.replace("sums.py", "away/secret.py")}, "not a file inside the workspace"),
    ("check", {"diff": DIFF.replace("sums.py", "sums.py\0")}, "is no path"),
    ("check", {"diff": DIFF.replace("sums.py", ".git/hooks/pre-commit")}, "belongs to git itself"),
    ("check", {"diff": DIFF.replace("@@ -9,2", "@@ -9,900000")}, "cut off"),
    ("check", {"file": "sums.py", "against": "--output=stolen"}, "cannot be compared"),
    ("check", {"fiel": "sums.py"}, "known: diff, file"),
    ("check", {"proof": "vibes"}, "not one of proven, kept, none"),
    ("check", {"trustTests": "yes"}, "not true or false"),
    ("generate", {"file": "../secret.py"}, "not a file inside the workspace"),
    ("generate", {}, "file is missing"),
    ("generate", {"file": "sums.py", "maxIterations": 99}, "not from 1 to 50"),
    ("report", {"id": "../../x"}, "no job has the id"),
    ("cancel", {"id": "check-0"}, "no job has the id"),
    ("steal", {}, "known: check, generate"),
]


async def test_hostile_arguments_are_refused_in_words(tmp_path: Path, work: Path) -> None:
    (work / "link.py").symlink_to(tmp_path / "secret.py")
    (work / "away").symlink_to(tmp_path)
    async with client(work, environment(tmp_path, {})) as connected:
        for tool, arguments, words in HOSTILE:
            result = await connected.call_tool(tool, arguments)
            assert result.is_error, arguments
            assert words in result.content[0].text


@pytest.mark.parametrize("mode", ERAS)
async def test_generate_answers_a_diff_and_writes_only_when_asked(tmp_path: Path, work: Path, mode: str) -> None:
    async with FakeOllama(answer=GOOD, models=list(MODELS.values())) as ollama:
        env = environment(tmp_path, settings(ollama.url, row(1)))
        async with client(work, env, mode=mode) as connected:
            asked = {"file": "sums.py", "startLine": 4}
            job = await ended(connected, told(await connected.call_tool("generate", asked)))
            assert (job["outcome"], job["grade"], job["applied"]) == ("accepted", "proven", False)
            assert "+    return a + b" in job["diff"]
            assert (work / "sums.py").read_text() == STUB
            job = await ended(connected, told(await connected.call_tool("generate", {**asked, "apply": True})))
            assert job["applied"] is True
    assert (work / "sums.py").read_text() == RIGHT


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_gives_up_loses_nothing_and_one_that_cancels_stops_the_job(
    tmp_path: Path, work: Path, mode: str
) -> None:
    async with FakeOllama(answer=ScriptedModels({"generate": Script.stall()}), models=list(MODELS.values())) as ollama:
        env = environment(tmp_path, settings(ollama.url, row(1)))
        async with client(work, env, mode=mode) as connected:
            asked = {"file": "sums.py", "startLine": 4}
            running = told(await connected.call_tool("generate", {**asked, "waitSeconds": 0}))
            assert running["state"] == "running"
            with pytest.raises(MCPError, match="timed out"):
                await connected.call_tool("report", {"id": running["id"], "waitSeconds": 60}, read_timeout_seconds=0.5)
            still = told(await connected.call_tool("report", {"id": running["id"]}))
            assert still["state"] == "running"
            waiting = asyncio.create_task(connected.call_tool("report", {"id": running["id"], "waitSeconds": 60}))
            await asyncio.sleep(0)
            stopped = told(await connected.call_tool("cancel", {"id": running["id"]}))
            assert stopped["cancelled"] is True
            assert told(await waiting)["outcome"] == "cancelled"
            begun = asyncio.Event()

            async def progress(*_: object) -> None:
                begun.set()

            calling = asyncio.create_task(connected.call_tool("generate", asked, progress_callback=progress))
            await begun.wait()
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            job = await _newest(tmp_path, env, other_than=running["id"])
            over = await ended(connected, told(await connected.call_tool("report", {"id": job, "waitSeconds": 30})))
            assert over["outcome"] == "cancelled"


async def _newest(folder: Path, env: Mapping[str, str], *, other_than: str) -> str:
    """The id of the other job, as the ledger has it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forge_lsp", "jobs", "--json"),
        env={**env, "PYTHONPATH": PATHS},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    (job,) = {entry["jobId"] for entry in json.loads(out)["jobs"]} - {other_than}
    return job


@pytest.mark.parametrize(("mode", "allow"), part([(mode, allow) for allow in (True, False, None) for mode in ERAS], 3))
async def test_consent_is_asked_of_the_user(tmp_path: Path, work: Path, mode: str, allow: bool | None) -> None:
    questions: list[str] = []

    async def elicit(_: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="accept", content={"allow": allow})

    more = {} if allow is None else {"elicitation_callback": elicit}
    async with (
        FakeOllama(answer=GOOD, models=list(MODELS.values())) as local,
        MessagesServer(answer=Script.say(fenced(CODE)), key="k") as cloud,
    ):
        values = settings(
            local.url,
            row(1, generator="opus"),
            servers={"claude": {"kind": "anthropic", "url": cloud.url, "paid": True}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 200000}},
        )
        env = environment(tmp_path, values, ANTHROPIC_API_KEY="k")
        async with client(work, env, mode=mode, **more) as connected:
            job = await ended(
                connected, told(await connected.call_tool("generate", {"file": "sums.py", "startLine": 4}))
            )
        sent = [one for one in cloud.exchanges if one.method == "POST"]
    if allow:
        assert job["outcome"] == "accepted" and len(sent) == 1
    else:
        assert job["outcome"] != "accepted" and not sent
        assert any("needs your consent" in note for note in job["notes"])
    assert len(questions) == (0 if allow is None else 1)
    assert all("server 'claude'" in words and "code of work" in words for words in questions)


@pytest.mark.parametrize(("mode", "answer"), part([(mode, one) for one in ("right", "7", None) for mode in ERAS], 3))
async def test_the_question_is_an_elicitation_that_nobody_waits_for(
    tmp_path: Path, work: Path, mode: str, answer: str | None
) -> None:
    short = CODE.replace("return a + b", "return 3")
    parts = {
        "generate@deepseek-coder:6.7b": Script.say(fenced(short)),
        "generate@gemma3:12b": Script.say(fenced(CODE)),
        "review": [Script.say(verdict(9), first=3.0), Script.say(verdict(9))],
    }
    asked: list[str] = []

    async def elicit(_: Any, params: Any) -> ElicitResult:
        call = params.message.split("\n\n")[1]
        asked.append(call)
        if answer == "right":
            return ElicitResult(action="accept", content={"answer": str(eval(call, {"add": lambda a, b: a + b}))})
        return ElicitResult(action="accept", content={"answer": "None of these", "value": answer or ""})

    more = {} if answer is None else {"elicitation_callback": elicit}
    both = row(1) | {"generator": {"model": "coder", "beside": ["gemma3"]}}
    async with FakeOllama(answer=ScriptedModels(parts), models=list(MODELS.values())) as local:
        env = environment(tmp_path, settings(local.url, both))
        async with client(work, env, mode=mode, **more) as connected:
            wanted = {"file": "sums.py", "startLine": 4}
            job = await ended(connected, told(await connected.call_tool("generate", wanted)))
    assert len(asked) == (0 if answer is None else 1)
    if answer == "right":
        assert (job["outcome"], job["grade"]) == ("accepted", "proven")
        assert "+    return a + b" in job["diff"]
    elif answer is None:
        assert job["outcome"] == "accepted" and "+    return 3" in job["diff"]
    else:
        assert job["outcome"] == "unverified" and "you answered 7" in job["reason"]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18"])
async def test_an_old_client_reads_nothing_but_the_protocol(tmp_path: Path, work: Path, version: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forge_lsp", "mcp"),
        cwd=work,
        env={**environment(tmp_path, {}), "PYTHONPATH": PATHS},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**22,
    )
    assert process.stdin is not None and process.stdout is not None
    handshake = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
    for message in (
        {"id": 1, "method": "initialize", "params": handshake},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "check", "arguments": {"diff": DIFF, "waitSeconds": 200}}},
    ):
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    answers: dict[int, Any] = {}
    while 3 not in answers:
        message = json.loads(await process.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        answers[message.get("id", 0)] = message
    assert answers[1]["result"]["protocolVersion"] == version
    assert len(answers[2]["result"]["tools"]) == 5
    assert json.loads(json.dumps(answers[3]))["result"]["structuredContent"]["grade"] == "proven"
    process.stdin.close()
    assert await process.stdout.read() == b""
    assert await process.wait() == 0


class Plain:
    """A client without the SDK: lines of JSON. Its server is the head of a process group, as clients start them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._numbers = itertools.count(1)

    @classmethod
    async def start(cls, work: Path, env: Mapping[str, str]) -> Plain:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "forge_lsp", "mcp"),
            cwd=work,
            env={**env, "PYTHONPATH": PATHS},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=2**22,
            start_new_session=True,
        )
        plain = cls(process)
        info = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
        await plain.ask("initialize", info)
        plain.send({"method": "notifications/initialized"})
        return plain

    def send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """The answer's result; every line that comes is one of the protocol."""
        assert self.process.stdout is not None
        number = next(self._numbers)
        self.send({"id": number, "method": method, "params": params})
        while True:
            message = json.loads(await self.process.stdout.readline())
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == number:
                return message["result"]

    async def call(self, tool: str, **arguments: object) -> Any:
        return (await self.ask("tools/call", {"name": tool, "arguments": arguments}))["structuredContent"]

    async def close(self) -> int:
        """As clients do it: the input is closed, then the whole process group is killed."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        for line in (await self.process.stdout.read()).splitlines():
            assert json.loads(line)["jsonrpc"] == "2.0"
        code = await self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return code


async def test_what_runs_when_the_client_closes_is_there_for_the_next_one(tmp_path: Path, work: Path) -> None:
    gate = asyncio.Event()
    scripted = ScriptedModels(
        {"generate": dataclasses.replace(Script.say(fenced(CODE)), gate=gate), "review": Script.say(verdict(9))}
    )
    async with FakeOllama(answer=scripted, models=list(MODELS.values())) as ollama:
        env = environment(tmp_path, settings(ollama.url, row(1), deadlines={"first_token": 300}))
        first = await Plain.start(work, env)
        job = await first.call("generate", file="sums.py", startLine=4, apply=True, waitSeconds=0)
        check = await first.call("check", diff=DIFF, waitSeconds=0)
        first.send({"id": 99, "method": "tools/call", "params": {"name": "report", "arguments": {"id": job["id"]}}})
        assert (job["state"], check["state"]) == ("running", "running")
        await ollama.until(lambda: bool(ollama.to("/api/chat")), timeout=60)
        assert await first.close() == 0
        second = await Plain.start(work, env)
        still = await second.call("report", id=job["id"])
        assert still["state"] == "running", still["report"]
        gate.set()
        told_ = await second.call("report", id=job["id"], waitSeconds=200)
        assert (told_["outcome"], told_["grade"]) == ("accepted", "proven")
        assert "return a + b" in told_["code"]
        assert (await second.call("report", id=check["id"], waitSeconds=200))["outcome"] == "accepted"
        assert await second.close() == 0
    assert (work / "sums.py").read_text() == STUB  # nobody was there to see it written


async def test_no_paid_call_is_begun_without_the_client(tmp_path: Path, work: Path) -> None:
    gate = asyncio.Event()
    async with (
        FakeOllama(
            answer=ScriptedModels({"generate": dataclasses.replace(Script.say("no code"), gate=gate)}),
            models=list(MODELS.values()),
        ) as local,
        MessagesServer(answer=Script.say(fenced(CODE)), key="k") as cloud,
    ):
        values = settings(
            local.url,
            row(1),
            row(2, generator="opus"),
            servers={"claude": {"kind": "anthropic", "url": cloud.url, "paid": True}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 200000}},
            consent={"servers": ["claude"]},
        )
        env = environment(tmp_path, values, ANTHROPIC_API_KEY="k")
        first = await Plain.start(work, env)
        job = await first.call("generate", file="sums.py", startLine=4, waitSeconds=0)
        await local.until(lambda: bool(local.to("/api/chat")), timeout=60)
        assert await first.close() == 0
        gate.set()
        second = await Plain.start(work, env)
        told_ = await second.call("report", id=job["id"], waitSeconds=200)
        assert await second.close() == 0
        assert told_["outcome"] != "accepted" and "has gone" in told_["report"]
        assert not [one for one in cloud.exchanges if one.method == "POST"]
