"""What is answered without a turn of the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from forge_lsp.lsp.names import COMMANDS
from forge_lsp.lsp.protocol import ForgeProtocol, Written
from forge_lsp.lsp.server import create_server
from tests.unit.lsp.test_documents import workspace


class Sent:
    """The client's end."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}\r\n".encode() in head
        self.messages.append(json.loads(body))

    def close(self) -> None: ...


async def never(*_: object) -> Any:
    raise AssertionError("nothing is built here")


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
async def protocol(sent: Sent) -> AsyncIterator[ForgeProtocol]:
    server = create_server(build=never, version="1")
    server.protocol.set_writer(cast("Any", sent))
    server.protocol._workspace = workspace()
    yield server.protocol
    server.log.close()  # else it keeps what all later tests log


def ask(protocol: ForgeProtocol, number: int, command: str) -> None:
    params = lsp.ExecuteCommandParams(command=command, arguments=[{}])
    protocol.handle_message(lsp.ExecuteCommandRequest(id=number, params=params))


async def test_status_waits_for_nothing_that_was_begun_before_it(protocol: ForgeProtocol, sent: Sent) -> None:
    begun: list[str] = []

    async def execute(params: lsp.ExecuteCommandParams) -> object:
        begun.append(params.command)
        return {"jobId": "1"}

    def at_once(params: lsp.ExecuteCommandParams) -> object | None:
        return Written('{"jobs": ["\u00e9"]}') if params.command == "forge.status" else None

    protocol.execute, protocol.at_once = execute, at_once
    for number in range(50):
        ask(protocol, number, "forge.generate")
    ask(protocol, 50, "forge.status")
    assert sent.messages == [{"jsonrpc": "2.0", "id": 50, "result": {"jobs": ["\u00e9"]}}]
    assert not begun
    async with asyncio.timeout(10):
        while len(sent.messages) < 51:  # noqa: ASYNC110 - what is sent sets no event
            await asyncio.sleep(0)
    assert [message["id"] for message in sent.messages[1:]] == list(range(50))


async def test_status_waits_where_nothing_is_built(protocol: ForgeProtocol, sent: Sent) -> None:
    assert "forge.status" in COMMANDS
    ask(protocol, 1, "forge.status")
    for _ in range(10):
        await asyncio.sleep(0)
    assert sent.messages == []
