"""The connection: standard input and output, or one TCP client; signals; return codes.

pygls' own loops are not used: they lose the return code, leave SIGINT hanging on the thread that reads standard
input, and let children inherit the stream that is the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from pygls.io_ import StdoutWriter, run_async

from forge_lsp.detached import Link
from forge_lsp.lsp.protocol import ForgeProtocol

__all__ = ["AfterDisconnect", "serve_stdio", "serve_tcp"]

logger = logging.getLogger(__name__)

_PIPE = 1 << 20  # bytes; 64 KiB unless asked for, as much as one forge.status of two hundred jobs
_HARD_STOP = 3.0  # seconds after the end for threads that others may have left behind


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterDisconnect:
    """How work goes on once the client has gone. ``depart`` lets go of all that is the client's, and answers whether
    there is such work; ``linger`` sees it through, until it is done or an event is set."""

    link: Link
    depart: Callable[[], Awaitable[bool]]
    linger: Callable[[asyncio.Event], Awaitable[None]]
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


def serve_stdio(
    protocol: ForgeProtocol, aclose: Callable[[], Awaitable[None]], going_on: AfterDisconnect | None = None
) -> int:
    """Speak on standard input and output until ``exit``, the end of input or a signal; the process' return code.

    From here on file descriptor 1 is standard error, and 0 is empty: neither a stray print nor a child process
    can touch the protocol.
    """
    source, sink = os.dup(0), os.dup(1)
    _widen(sink)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    sys.stdout.flush()
    os.dup2(2, 1)
    out = open(sink, "wb")  # noqa: PTH123, SIM115 - a descriptor, closed below
    try:
        return _run(protocol, _stdio(protocol, source, out, aclose, going_on), going_on)
    finally:
        with contextlib.suppress(BrokenPipeError):  # what was left for a client that is gone
            out.close()


def _widen(sink: int) -> None:
    """Room for what the client has not read yet: a write to a full pipe holds the event loop until it does."""
    with contextlib.suppress(ImportError, AttributeError, OSError):  # not Linux, or no pipe
        import fcntl

        fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, _PIPE)


def serve_tcp(protocol: ForgeProtocol, host: str, port: int, aclose: Callable[[], Awaitable[None]]) -> int:
    """Wait for one client on ``host:port``, speak with it, and end when it goes."""
    return _run(protocol, _tcp(protocol, host, port, aclose))


def _run(protocol: ForgeProtocol, main: Awaitable[int], going_on: AfterDisconnect | None = None) -> int:
    code = 1

    async def outer() -> int:
        nonlocal code
        with _signals(protocol, None if going_on is None else going_on.stopped):
            code = await main
        # asyncio waits for its worker threads at the end; one that hangs must not keep the process
        stop = threading.Timer(_HARD_STOP, lambda: os._exit(code))
        stop.daemon = True
        stop.start()
        stops.append(stop)
        return code

    stops: list[threading.Timer] = []
    try:
        return asyncio.run(outer())
    finally:
        for stop in stops:
            stop.cancel()


async def _stdio(
    protocol: ForgeProtocol,
    source: int,
    out: BinaryIO,
    aclose: Callable[[], Awaitable[None]],
    going_on: AfterDisconnect | None,
) -> int:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    thread = threading.Thread(target=_pump, args=(source, loop, reader), name="forge stdin", daemon=True)
    thread.start()  # a daemon on the bare descriptor: it may be blocked there when the process ends
    protocol.set_writer(StdoutWriter(out))
    return await _serve(protocol, reader, aclose, going_on)


def _pump(source: int, loop: asyncio.AbstractEventLoop, reader: asyncio.StreamReader) -> None:
    try:
        while chunk := os.read(source, 65536):
            loop.call_soon_threadsafe(reader.feed_data, chunk)
        loop.call_soon_threadsafe(reader.feed_eof)
    except (OSError, RuntimeError):  # the descriptor or the loop is closed: we are ending
        return


async def _tcp(protocol: ForgeProtocol, host: str, port: int, aclose: Callable[[], Awaitable[None]]) -> int:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    server = await asyncio.start_server(accept, host, port)
    async with server:
        where = ", ".join("{}:{}".format(*address.getsockname()[:2]) for address in server.sockets)
        sys.stderr.write(f"forge-lsp listens on {where}\n")
        sys.stderr.flush()
        waiting = asyncio.create_task(protocol.exited.wait())
        await asyncio.wait({connected, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        server.close()
        if not connected.done():
            await aclose()
            return protocol.exit_code or 0
        reader, writer = connected.result()
        protocol.set_writer(writer)  # pyright: ignore[reportArgumentType] - a StreamWriter writes and closes
        try:
            return await _serve(protocol, reader, aclose)
        finally:
            writer.close()


async def _serve(
    protocol: ForgeProtocol,
    reader: asyncio.StreamReader,
    aclose: Callable[[], Awaitable[None]],
    going_on: AfterDisconnect | None = None,
) -> int:
    """Handle messages until the end, then close. ``exit`` without ``shutdown``, and a lost client, are code 1."""
    link = Link() if going_on is None else going_on.link
    link.guard()
    stop = threading.Event()  # what pygls' loop looks at
    reading = asyncio.create_task(
        run_async(stop, reader, protocol, logger, lambda error, _: logger.error("A message failed: %s", error))
    )
    ended = asyncio.create_task(protocol.exited.wait())
    lost = asyncio.create_task(link.lost())
    lingers = False
    try:
        await asyncio.wait({reading, ended, lost}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done() and not reading.cancelled() and reading.exception() is not None:
            logger.info("The connection ended: %s", type(reading.exception()).__name__)
        if going_on is not None and link.outlives and not going_on.stopped.is_set():
            lingers = await going_on.depart()
        if not lingers:
            await aclose()
    finally:
        stop.set()
        for task in (reading, ended, lost):
            task.cancel()
        await asyncio.wait({reading, ended, lost})
    protocol.leave(1)  # no code so far: the client went without a word
    code = protocol.exit_code if protocol.exit_code is not None else 1
    if going_on is not None and lingers:
        protocol.hang_up()
        link.let_go(code)
        await going_on.linger(going_on.stopped)
        await aclose()
    return code


class _signals:  # noqa: N801 - reads as what it is where it is used
    """SIGINT and SIGTERM end the main loop with 128 + the signal's number, and set ``stopped``."""

    def __init__(self, protocol: ForgeProtocol, stopped: asyncio.Event | None = None) -> None:
        self._protocol = protocol
        self._stopped = stopped
        self._set: list[signal.Signals] = []

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._told, 128 + number)
                self._set.append(number)
            except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
                continue

    def _told(self, code: int) -> None:
        if self._stopped is not None:
            self._stopped.set()
        self._protocol.leave(code)

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in self._set:
            loop.remove_signal_handler(number)
