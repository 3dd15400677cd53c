"""What is answered without a turn of the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from forge_lsp.lsp.names import COMMANDS
from forge_lsp.lsp.protocol import ForgeProtocol, RawJson
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
        return RawJson('{"jobs": ["\u00e9"]}') if params.command == "forge.status" else None

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


async def test_a_status_that_fails_is_answered(protocol: ForgeProtocol, sent: Sent) -> None:
    def broken(_: lsp.ExecuteCommandParams) -> object:
        raise KeyError("jobs")

    protocol.at_once = broken
    ask(protocol, 7, "forge.status")
    (message,) = sent.messages
    assert (message["id"], message["error"]["code"]) == (7, -32603)
    assert "KeyError" in message["error"]["message"]


@pytest.mark.parametrize("result", [{"job": object.__new__(object)}, [object.__new__(object)], {1, 2}])
async def test_a_result_that_cannot_be_written_is_answered_by_an_error(
    protocol: ForgeProtocol, sent: Sent, result: object
) -> None:
    async def execute(_: lsp.ExecuteCommandParams) -> object:
        return result

    protocol.execute = execute
    ask(protocol, 7, "forge.history")
    async with asyncio.timeout(10):
        while not sent.messages:  # noqa: ASYNC110 - what is sent sets no event
            await asyncio.sleep(0)
    (message,) = sent.messages
    assert (message["id"], message["error"]["code"]) == (7, -32603)


async def test_a_notification_that_cannot_be_written_is_for_the_log(
    protocol: ForgeProtocol, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    protocol.notify("forge/jobEvent", {"job": object.__new__(object)})
    assert sent.messages == []
    assert "could not be written" in caplog.text
    protocol.notify("forge/jobEvent", {"jobId": "1"})
    assert len(sent.messages) == 1


@pytest.mark.parametrize("error", [BrokenPipeError(), ConnectionResetError(), ValueError("write to closed file")])
async def test_a_client_that_is_gone_ends_the_main_loop(protocol: ForgeProtocol, error: Exception) -> None:
    class Gone(Sent):
        def write(self, data: bytes) -> None:
            raise error

    protocol.set_writer(cast("Any", Gone()))
    protocol.notify("forge/jobEvent", {"jobId": "1"})
    assert protocol.exit_code == 1
    async with asyncio.timeout(10):
        await protocol.exited.wait()
