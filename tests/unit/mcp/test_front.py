"""The server's end towards its client, over streams in memory, by the SDK's own client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from forge_lsp.core.errors import ForgeError, SettingsError
from forge_lsp.detached import Link
from forge_lsp.mcp.tools import WorkspaceTools
from forge_lsp.mcp.work import ToolAnswer, Work, WorkRegistry

pytest.importorskip("mcp", reason="the extra mcp is not installed: pip install 'forge-lsp[mcp]'")

from mcp.client.session import ClientSession
from mcp.shared.memory import create_client_server_memory_streams

from forge_lsp.mcp import serving
from forge_lsp.mcp.server import FrontEnd


class Jobs:
    """There are no jobs to cancel."""

    def cancel(self, *, reason: str) -> None:
        assert reason


class Behind:
    """Tools that know one answer."""

    def __init__(self) -> None:
        self.works, self.services = WorkRegistry(), self
        self.jobs = Jobs()

    async def models(self) -> ToolAnswer:
        return ToolAnswer(document={"models": [], "problem": None}, text="no model is set up")

    async def left(self, let_go: object) -> None:
        assert callable(let_go)


@contextlib.asynccontextmanager
async def served() -> AsyncGenerator[tuple[FrontEnd, ClientSession]]:
    """A front, and a client that has not said anything yet."""
    async with create_client_server_memory_streams() as (ours, theirs):

        @contextlib.asynccontextmanager
        async def transport() -> AsyncGenerator[Any]:
            yield theirs

        front = FrontEnd(Link(), transport)
        async with ClientSession(*ours) as session:
            yield front, session


async def test_the_client_knows_the_tools_before_there_is_anything_behind_them() -> None:
    async with served() as (front, session):
        greeted = asyncio.create_task(front.greeted())
        await session.initialize()
        assert "check" in {tool.name for tool in (await session.list_tools()).tools}
        await greeted
        called = asyncio.create_task(session.call_tool("models", {}))
        await asyncio.wait({called}, timeout=0.1)
        assert not called.done()
        serving_ = asyncio.create_task(front.serve(cast(WorkspaceTools, Behind())))
        assert (await called).structured_content == {"models": [], "problem": None}
        serving_.cancel()
        await asyncio.wait({serving_})


async def test_what_hinders_the_server_is_the_answer_to_each_call() -> None:
    async with served() as (front, session):
        await session.initialize()
        refusing = asyncio.create_task(front.refuse(SettingsError(("servers.gpu0: no url",))))
        for tool in ("models", "check"):
            result = await session.call_tool(tool, {})
            assert result.is_error and "servers.gpu0: no url" in cast(Any, result.content[0]).text
        assert not refusing.done()
        refusing.cancel()
        await asyncio.wait({refusing})


async def test_the_client_is_greeted_before_the_services_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    class Watched(FrontEnd):
        def __init__(self, link: Link) -> None:
            assert link
            heard.append("there")

        async def greeted(self) -> None:
            heard.append("greeted")

        async def serve(self, tools: WorkspaceTools) -> None:
            heard.append(f"serves {tools.workspace}")

        async def refuse(self, error: ForgeError) -> None:
            heard.append(error.full_message)

    async def make(behind: serving.Serve) -> int:
        heard.append("made")
        return await behind(cast(Any, None), cast(Any, None))

    async def fail(behind: serving.Serve) -> int:
        assert behind
        raise ForgeError("no state folder")

    monkeypatch.setattr("forge_lsp.mcp.server.FrontEnd", Watched)
    more: dict[str, Any] = {"workspace": Path("work"), "allow": frozenset[str](), "link": Link()}
    assert await serving.serve(make, **more) == 0
    assert heard == ["there", "greeted", "made", "serves work"]
    with pytest.raises(ForgeError, match="no state folder"):
        await serving.serve(fail, **more)
    assert heard[-2:] == ["greeted", "no state folder"]


def test_a_running_answer_says_what_to_do_now() -> None:
    """Agents show their model the document without the words beside it."""
    work = Work("check-1")
    work.report("running tests")
    answer = WorkspaceTools(services=cast(Any, None), workspace=Path("work"), files=cast(Any, None)).running(work)
    assert answer.document["reason"] == "running tests"
    assert answer.document["next"] == 'Call report with id "check-1" and waitSeconds 45.'
    assert str(answer.document["next"]) in answer.text
