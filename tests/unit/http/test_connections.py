"""Half requests on a real socket: they are closed, and never keep others from an answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra http is not installed")

import uvicorn

from forge_lsp.http.connections import bounded_protocol

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@contextlib.asynccontextmanager
async def served(*, most: int, header_seconds: float, held: asyncio.Event | None = None) -> AsyncIterator[int]:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        del receive
        if held is not None and scope["path"] == "/held":
            await held.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        http=bounded_protocol(most=most, header_seconds=header_seconds),
        lifespan="off",
        port=0,
        log_config=None,
        timeout_graceful_shutdown=1,
    )

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Any:
            yield

    server = Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def opened(port: int, first: bytes, clients: contextlib.AsyncExitStack) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    clients.callback(writer.close)
    writer.write(first)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    return reader, writer


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(20):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def answered(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return (await reader.readuntil(b"ok"))[:12]


@pytest.mark.parametrize(
    "first", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", REQUEST + b"GET / HTTP/1.1\r\n"]
)
async def test_half_a_request_is_closed_after_its_deadline(first: bytes) -> None:
    async with served(most=100, header_seconds=0.3) as port, contextlib.AsyncExitStack() as clients:
        reader, _ = await opened(port, first, clients)
        if first.startswith(REQUEST):
            assert await answered(reader) == b"HTTP/1.1 200"
        assert await closed(reader)


async def test_a_client_that_goes_on_sending_headers_is_closed_as_well() -> None:
    async with served(most=100, header_seconds=0.5) as port, contextlib.AsyncExitStack() as clients:
        reader, writer = await opened(port, b"GET / HTTP/1.1\r\n", clients)

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"X: y\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert await closed(reader)
        dripping.cancel()


async def test_many_half_requests_keep_nobody_from_an_answer() -> None:
    async with served(most=20, header_seconds=60) as port, contextlib.AsyncExitStack() as clients:
        halves = [await opened(port, b"GET / HTTP/1.1\r\nHost: x\r\n", clients) for _ in range(60)]
        for _ in range(3):
            reader, _ = await opened(port, REQUEST, clients)
            assert await answered(reader) == b"HTTP/1.1 200"
        # The oldest went first.
        assert await closed(halves[0][0])


async def test_a_request_under_way_is_never_closed_for_others() -> None:
    held = asyncio.Event()
    async with served(most=5, header_seconds=0.2, held=held) as port, contextlib.AsyncExitStack() as clients:
        reader, _ = await opened(port, b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n", clients)
        halves = [await opened(port, b"GET", clients) for _ in range(30)]
        for half, _ in halves:
            assert await closed(half)
        held.set()
        assert await answered(reader) == b"HTTP/1.1 200"
