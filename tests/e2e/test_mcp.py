"""``forge-lsp mcp`` with the SDK's own client, and with a plain old one, over real pipes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import forge_lsp
from tests.support.cli import hide_packages
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import MODELS, Cast, environment, fenced, row, settings, verdict
from tests.support.scripted_http import Script

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
GOOD = Cast({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
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
    async with FakeOllama(answer=Cast({"generate": Script.stall()}), models=list(MODELS.values())) as ollama:
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


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("allow", [True, False, None])
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
        assert any("needs consent" in note for note in job["notes"])
    assert len(questions) == (0 if allow is None else 1)
    assert all("server 'claude'" in words and "code of work" in words for words in questions)


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
