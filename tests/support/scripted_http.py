"""A small HTTP server on the test's own loop, whose answers follow a script and which notes who hung up and when.

It knows nothing of models: ``faulty_ollama``, ``messages_server`` and ``openai_server`` speak the wire formats.
Times are ``time.monotonic()``, which is one clock for all processes of a machine.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["Answer", "Exchange", "Responder", "Script", "ScriptedServer", "Scripts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How one call is answered. Times in seconds. Use the class methods.

    ``first`` passes before the first piece, ``between`` before each later one. ``end`` is what comes after the last:
    ``done``; ``cut`` (the connection ends properly, the answer does not); ``drop`` (the connection breaks); ``stall``
    (nothing, until the client hangs up); ``error`` (an error in the middle, its words in ``message``); ``forever``
    (the pieces again and again). A ``status`` other than 200 is a refusal with ``message`` and ``headers``.
    """

    pieces: tuple[str, ...] = ()
    first: float = 0.0
    between: float = 0.0
    end: str = "done"
    reason: str = "stop"
    status: int = 200
    message: str = ""
    kind: str = "api_error"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    input_tokens: int = 20
    gate: asyncio.Event | None = None
    """Nothing is said before it is set."""

    @classmethod
    def say(
        cls, text: str, *, first: float = 0.0, between: float = 0.0, size: int = 12, reason: str = "stop"
    ) -> Script:
        """The whole ``text`` in pieces of ``size`` characters."""
        return cls(pieces=_cut(text, size), first=first, between=between, reason=reason)

    @classmethod
    def refuse(
        cls,
        status: int,
        message: str,
        *,
        kind: str = "api_error",
        headers: Mapping[str, str] | None = None,
        first: float = 0.0,
    ) -> Script:
        """An HTTP error. ``kind`` is Anthropic's ``error.type``."""
        return cls(status=status, message=message, kind=kind, headers=dict(headers or {}), first=first)

    @classmethod
    def stall(cls, after: str = "") -> Script:
        """``after``, then silence."""
        return cls(pieces=_cut(after, 12), end="stall")

    @classmethod
    def cut(cls, after: str = "half an ans") -> Script:
        """``after``, then the stream ends without its end."""
        return cls(pieces=_cut(after, 12), end="cut")

    @classmethod
    def drop(cls, after: str = "half an ans") -> Script:
        """``after``, then the connection breaks."""
        return cls(pieces=_cut(after, 12), end="drop")

    @classmethod
    def ramble(cls, piece: str = "    \n", *, between: float = 0.0) -> Script:
        """``piece`` without end."""
        return cls(pieces=(piece,), between=between, end="forever")

    @classmethod
    def fail_midway(cls, after: str, message: str, *, kind: str = "overloaded_error") -> Script:
        """``after``, then an error inside the stream."""
        return cls(pieces=_cut(after, 12), end="error", message=message, kind=kind)

    async def texts(self) -> AsyncIterator[str]:
        """The pieces at their times; the first delay passes even where there is none."""
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(self.first)
        start = True
        while True:
            for piece in self.pieces:
                if not start:
                    await asyncio.sleep(self.between)
                start = False
                yield piece
            if self.end != "forever":
                return
            await asyncio.sleep(0)  # the client is read from in the same loop

    async def finish(self, responder: Responder) -> bool:
        """Do what ``end`` says of the connection. True: the format's own end is still to be written."""
        match self.end:
            case "stall":
                await asyncio.Event().wait()
            case "drop":
                responder.drop()
            case "cut":
                pass
            case _:
                return True
        return False


def _cut(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text), size))


Answer = Callable[[dict[str, Any]], Script]
"""From a request's JSON body to how it is answered."""
Scripts = Answer | Script | Sequence[Script]
"""One for each call in turn (the last one for all later calls), always the same, or chosen by the request."""


def as_answer(scripts: Scripts) -> Answer:
    """Any of the ways to give scripts, as a function."""
    if isinstance(scripts, Script):
        return lambda _body: scripts
    if callable(scripts):
        return scripts
    left = list(scripts)
    return lambda _body: left.pop(0) if len(left) > 1 else left[0]


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what became of it. ``hung_up`` is when the client closed before the answer was complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    started: float
    ended: float | None = None
    hung_up: float | None = None

    @property
    def open(self) -> bool:
        """Still being answered."""
        return self.ended is None


class Responder:
    """Writes one answer."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._begun = False
        self._dropped = False

    async def json(self, document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer."""
        await self.begin(status=status, kind="application/json", headers=headers)
        await self.write(json.dumps(document))

    async def begin(self, *, status: int = 200, kind: str, headers: Mapping[str, str] | None = None) -> None:
        """The head of an answer whose body follows in pieces."""
        self._begun = True
        lines = [f"HTTP/1.1 {status} As scripted"]
        lines += [f"content-type: {kind}", "transfer-encoding: chunked", "connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._writer.drain()

    async def write(self, text: str) -> None:
        """One piece of the body."""
        data = text.encode()
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    def drop(self) -> None:
        """Break the connection in the middle."""
        self._dropped = True

    async def end(self) -> None:
        """The end of the body, unless the connection is to break."""
        if self._begun and not self._dropped:
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()


Handler = Callable[[Exchange, Responder], Awaitable[None]]
Made = TypeVar("Made", bound="ScriptedServer")


class ScriptedServer:
    """``async with`` it; ``url`` is then where it listens. Subclasses give ``handle``."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.errors: list[BaseException] = []
        """What went wrong in the script itself; raised by ``stop``."""
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        """Answer one request."""
        raise NotImplementedError

    async def start(self, port: int = 0) -> None:
        """Listen on a port of loopback; 0: any that is free."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening and break what is still open."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        if self.errors:
            raise self.errors[0]

    async def __aenter__(self: Made) -> Made:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def to(self, path: str) -> list[Exchange]:
        """The exchanges of one path, in order."""
        return [exchange for exchange in self.exchanges if exchange.path == path]

    async def until(self, condition: Callable[[], bool], *, timeout: float = 5.0) -> None:
        """Wait for something to become true of this server."""
        async with asyncio.timeout(timeout):
            while not condition():  # noqa: ASYNC110 - the condition is any function of the exchanges
                await asyncio.sleep(0.002)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the server stops; asyncio's own callback would call this an error
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        exchange = Exchange(
            method=method,
            path=path.partition("?")[0],
            headers=headers,
            body=json.loads(body) if body else {},
            started=time.monotonic(),
        )
        self.exchanges.append(exchange)
        responder = Responder(writer)
        answering = asyncio.create_task(self._respond(exchange, responder))
        # A client sends nothing more, so the next thing to be read is its hanging up.
        watching = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait([answering, watching], return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                exchange.hung_up = time.monotonic()
        finally:
            for task in (answering, watching):
                task.cancel()
            await asyncio.wait([answering, watching])
            exchange.ended = time.monotonic()
            if not watching.cancelled():
                watching.exception()
        if not answering.cancelled() and (error := answering.exception()) is not None:
            if isinstance(error, ConnectionError):
                exchange.hung_up = exchange.hung_up or exchange.ended
            else:
                self.errors.append(error)

    async def _respond(self, exchange: Exchange, responder: Responder) -> None:
        await self.handle(exchange, responder)
        await responder.end()
