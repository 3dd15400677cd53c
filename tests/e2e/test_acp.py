"""``forge-lsp acp`` with the SDK's own client over real pipes: from a prompt to the edit, and what may go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import forge_lsp
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, prompt, row, settings, verdict
from tests.support.scripted_http import Script

pytest.importorskip("acp", reason="the extra acp is not installed: pip install 'forge-lsp[acp]'")

import acp
from acp import schema

PATHS = str(Path(forge_lsp.__file__).parents[1])
STUB = '''def add(a: int, b: int) -> int:
    """The sum.

    >>> add(1, 2)
    3
    """
    raise NotImplementedError
'''
CODE = STUB.replace("raise NotImplementedError", "return a + b").rstrip()
RIGHT = CODE + "\n"
GOOD = {"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))}


class Editor:
    """An editor: unsaved texts by path, what it was told, and how its user answers."""

    def __init__(self, *answers: str, unsaved: Mapping[Path, str] | None = None) -> None:
        self.answers = list(answers)
        self.texts = {str(path): text for path, text in (unsaved or {}).items()}
        self.updates: list[tuple[str, Any]] = []
        self.asked: list[Any] = []
        self.asking = asyncio.Event()

    def on_connect(self, conn: Any) -> None:
        self.conn = conn

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append((session_id, update))

    async def request_permission(self, session_id: str, tool_call: Any, options: Any, **_: Any) -> Any:
        self.asked.append(tool_call)
        self.asking.set()
        if not self.answers:
            await asyncio.Event().wait()
        wanted = self.answers.pop(0)
        assert wanted in {option.option_id for option in options}
        return schema.RequestPermissionResponse(outcome=schema.AllowedOutcome(outcome="selected", option_id=wanted))

    async def read_text_file(self, session_id: str, path: str, **_: Any) -> Any:
        if path not in self.texts:
            raise acp.RequestError.resource_not_found(path)
        return schema.ReadTextFileResponse(content=self.texts[path])

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> Any:
        self.texts[path] = content
        return schema.WriteTextFileResponse()

    def of(self, kind: type, session: str | None = None) -> list[Any]:
        return [update for id_, update in self.updates if isinstance(update, kind) and session in (None, id_)]

    def said(self, session: str | None = None) -> str:
        return "".join(update.content.text for update in self.of(schema.AgentMessageChunk, session))


@contextlib.asynccontextmanager
async def chat(
    editor: Editor, work: Path, env: Mapping[str, str], *, files: bool = True
) -> AsyncIterator[tuple[Any, asyncio.subprocess.Process]]:
    """The SDK's client with an agent of its own, as the head of a process group."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forge_lsp", "acp"),
        cwd=work,
        env={**env, "PYTHONPATH": PATHS},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    connection = acp.connect_to_agent(editor, process.stdin, process.stdout)  # type: ignore[arg-type]
    try:
        can = schema.FileSystemCapabilities(read_text_file=files, write_text_file=files)
        await connection.initialize(protocol_version=1, client_capabilities=schema.ClientCapabilities(fs=can))
        yield connection, process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "sums"\nversion = "1"\n')
    (folder / "sums.py").write_text(STUB)
    return folder


def ollama(parts: Mapping[str, Any] = GOOD) -> FakeOllama:
    return FakeOllama(answer=ScriptedModels(parts), models=list(MODELS.values()))


async def test_from_a_prompt_to_the_edit(tmp_path: Path, work: Path) -> None:
    """Unsaved text counts: it is what is written for, what the diff is against, and what the edit lands in."""
    path = work / "sums.py"
    unsaved = f"LIMIT = 3\n\n\n{STUB}"
    editor = Editor("apply", unsaved={path: unsaved})
    async with (
        ollama() as server,
        chat(editor, work, environment(tmp_path, settings(server.url, row(1, thinking=["phi4"])))) as (agent, _),
    ):
        session = await agent.new_session(cwd=str(work), mcp_servers=[])
        assert {"auto", "one-gpu", "cloud"} <= {mode.id for mode in session.modes.available_modes}
        words = [acp.text_block("Write it without a loop: @sums.py:add")]
        answer = await agent.prompt(session_id=session.session_id, prompt=words)
        assert answer.stop_reason == "end_turn"
        asked = [prompt(exchange.body) for exchange in server.to("/api/chat")]
    assert any("Write it without a loop" in text and "LIMIT = 3" in text for text in asked)
    plan = editor.of(schema.AgentPlanUpdate)[-1].entries
    assert [entry.status for entry in plan] == ["completed"] * 4
    assert "solo of phi4" in plan[0].content and "Write with coder" in plan[1].content
    starts, ends = editor.of(schema.ToolCallStart), editor.of(schema.ToolCallProgress)
    assert [call.kind for call in starts] == ["think", "edit", "execute", "read", "edit"]
    assert {call.tool_call_id for call in starts} == {call.tool_call_id for call in ends if call.status == "completed"}
    assert all(call.content for call in ends[:4])
    (diff,) = starts[-1].content
    assert (diff.path, diff.old_text, diff.new_text) == (str(path), unsaved, f"LIMIT = 3\n\n\n{RIGHT}")
    assert "Accepted (proven)" in editor.said()
    assert editor.texts[str(path)] == f"LIMIT = 3\n\n\n{RIGHT}"
    assert path.read_text() == STUB  # only the editor writes


async def test_a_no_changes_nothing_and_files_are_read_where_the_editor_cannot(tmp_path: Path, work: Path) -> None:
    editor = Editor("no", "apply")
    async with (
        ollama() as server,
        chat(editor, work, environment(tmp_path, settings(server.url, row(1))), files=False) as (agent, _),
    ):
        session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
        link = acp.resource_link_block("sums.py", f"{(work / 'sums.py').as_uri()}#L1:7")
        await agent.prompt(session_id=session, prompt=[link])
        assert (work / "sums.py").read_text() == STUB and "Nothing was changed" in editor.said()
        await agent.set_session_mode(session_id=session, mode_id="settings")
        await agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")])
    assert (work / "sums.py").read_text() == RIGHT


async def test_what_cannot_be_done_is_told(tmp_path: Path, work: Path) -> None:
    editor = Editor()
    (tmp_path / "secret.py").write_text("KEY = 1\n")
    (work / "link.py").symlink_to(tmp_path / "secret.py")
    async with chat(editor, work, environment(tmp_path, settings("http://127.0.0.1:9"))) as (agent, _):
        session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
        for words, told in (
            ("hello", "Mention the place"),
            ("@../secret.py:1", "is not inside"),
            ("@link.py:1", "is not inside"),
            ("@sums.py:nobody", "no definition is called nobody"),
            ("@sums.py:900", "the file has lines 1 to"),
            ("@absent.py", "there is no such file"),
        ):
            editor.updates.clear()
            await agent.prompt(session_id=session, prompt=[acp.text_block(words)])
            assert told in editor.said(), editor.said()
        with pytest.raises(acp.RequestError):
            await agent.new_session(cwd="/nowhere/at/all", mcp_servers=[])
        with pytest.raises(acp.RequestError):
            await agent.prompt(session_id="nobody", prompt=[acp.text_block("x")])


async def test_cancel_stops_the_model_calls_and_the_question(tmp_path: Path, work: Path) -> None:
    gate = asyncio.Event()
    held = dataclasses.replace(Script.say(fenced(CODE)), gate=gate)
    editor = Editor()
    async with (
        ollama({**GOOD, "generate": [held, Script.say(fenced(CODE))]}) as server,
        chat(editor, work, environment(tmp_path, settings(server.url, row(1)))) as (agent, _),
    ):
        session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
        asking = asyncio.create_task(agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")]))
        await server.until(lambda: bool(server.to("/api/chat")), timeout=60)
        await agent.cancel(session_id=session)
        assert (await asking).stop_reason == "cancelled"
        gate.set()
        # and while the result waits for its answer
        asking = asyncio.create_task(agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")]))
        await editor.asking.wait()
        await agent.cancel(session_id=session)
        assert (await asking).stop_reason == "cancelled"
    assert editor.texts == {} and (work / "sums.py").read_text() == STUB


async def test_two_sessions_at_once(tmp_path: Path, work: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sums.py").write_text(STUB)
    gate = asyncio.Event()
    held = dataclasses.replace(Script.say(fenced(CODE)), gate=gate)
    editor = Editor("apply", "apply")
    async with (
        ollama({**GOOD, "generate": held}) as server,
        chat(editor, work, environment(tmp_path, settings(server.url, row(1)))) as (agent, _),
    ):
        sessions = [(await agent.new_session(cwd=str(one), mcp_servers=[])).session_id for one in (work, other)]
        prompts = [
            asyncio.create_task(agent.prompt(session_id=id_, prompt=[acp.text_block("@sums.py:1")])) for id_ in sessions
        ]
        await server.until(lambda: len(server.to("/api/chat")) == 2, timeout=60)
        with pytest.raises(acp.RequestError):
            await agent.prompt(session_id=sessions[0], prompt=[acp.text_block("@sums.py:1")])
        gate.set()
        assert [answer.stop_reason for answer in await asyncio.gather(*prompts)] == ["end_turn"] * 2
        for id_ in sessions:
            assert len(editor.of(schema.ToolCallStart, id_)) == 4
    assert editor.texts == {str(one / "sums.py"): RIGHT for one in (work, other)}


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_consent_is_a_permission(tmp_path: Path, work: Path, answer: str) -> None:
    editor = Editor(answer, "apply")
    async with ollama() as local, MessagesServer(answer=Script.say(fenced(CODE)), key="k") as cloud:
        values = settings(
            local.url,
            row(1, generator="opus"),
            servers={"claude": {"kind": "anthropic", "url": cloud.url, "paid": True}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 200000}},
        )
        async with chat(editor, work, environment(tmp_path, values, ANTHROPIC_API_KEY="k")) as (agent, _):
            session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
            await agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")])
        assert "server 'claude'" in editor.asked[0].title and "code of work" in editor.asked[0].title
        assert len([one for one in cloud.exchanges if one.method == "POST"]) == (1 if answer == "yes" else 0)
    assert (editor.texts == {str(work / "sums.py"): RIGHT}) is (answer == "yes")


@pytest.mark.parametrize("answer", ["right", "none", None])
async def test_the_question_is_a_permission_that_nobody_waits_for(
    tmp_path: Path, work: Path, answer: str | None
) -> None:
    short, right = CODE.replace("return a + b", "return 3"), CODE
    parts = {
        "generate@deepseek-coder:6.7b": Script.say(fenced(short)),
        "generate@gemma3:12b": Script.say(fenced(right)),
        "review": [Script.say(verdict(9), first=3.0), Script.say(verdict(9))],
    }

    class Asked(Editor):
        async def request_permission(self, session_id: str, tool_call: Any, options: Any, **more: Any) -> Any:
            if not tool_call.title.startswith("What should"):
                return await super().request_permission(session_id, tool_call, options, **more)
            self.asked.append(tool_call)
            if answer is None:
                await asyncio.Event().wait()
            call = tool_call.title.split("`")[1]
            wanted = str(eval(call, {"add": lambda a, b: a + b})) if answer == "right" else "None of these"
            chosen = next(option.option_id for option in options if option.name == wanted)
            return schema.RequestPermissionResponse(outcome=schema.AllowedOutcome(outcome="selected", option_id=chosen))

    editor = Asked("apply")
    both = row(1) | {"generator": {"model": "coder", "beside": ["gemma3"]}}
    async with (
        ollama(parts) as server,
        chat(editor, work, environment(tmp_path, settings(server.url, both))) as (agent, _),
    ):
        session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
        await agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")])
    assert [one.title.startswith("What should") for one in editor.asked] == [True, False]
    landed = editor.texts[str(work / "sums.py")]
    assert landed == (RIGHT if answer == "right" else short + "\n")
    assert ("proven" in editor.said()) is (answer != "none")


async def test_a_client_that_dies_leaves_its_job_to_end(tmp_path: Path, work: Path) -> None:
    gate = asyncio.Event()
    held = dataclasses.replace(Script.say(fenced(CODE)), gate=gate)
    env = environment(tmp_path, {})
    async with ollama({**GOOD, "generate": held}) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        editor = Editor()
        async with chat(editor, work, env) as (agent, process):
            session = (await agent.new_session(cwd=str(work), mcp_servers=[])).session_id
            asking = asyncio.create_task(agent.prompt(session_id=session, prompt=[acp.text_block("@sums.py:1")]))
            await server.until(lambda: bool(server.to("/api/chat")), timeout=60)
            os.killpg(process.pid, signal.SIGKILL)
            await asyncio.gather(asking, return_exceptions=True)
        gate.set()
        await server.until(lambda: len(server.to("/api/chat")) == 2, timeout=60)  # it is reviewed without the client
    assert (work / "sums.py").read_text() == STUB
