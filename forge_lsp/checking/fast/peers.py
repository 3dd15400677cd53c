"""Talking with a checker that is kept running: JSON-RPC as language servers frame it, and one JSON document a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.sandbox.kept import RunningCommand

__all__ = ["LinePeer", "LspPeer", "opened_peer"]

logger = logging.getLogger(__name__)

_LARGEST = 64 * 1024 * 1024
"""Bytes of one message; more is a fault."""

Configuration = Callable[[str], object]
"""The settings of a section that a language server asks for."""


class LspPeer:
    """The client's end of a language server. Raises EnvironmentFault where the server is gone or answers an error."""

    def __init__(self, kept: RunningCommand, configuration: Configuration = lambda _: {}) -> None:
        self._kept = kept
        self._configuration = configuration
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last = 0
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def alive(self) -> bool:
        """Whether the server runs and talks sense."""
        return self._kept.alive and not self._listening.done()

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: object) -> Any:
        """Return the result of a request."""
        if not self.alive:
            raise EnvironmentFault(f"the language server is gone: {self._kept.complaint[-300:]}")
        self._last += 1
        number = self._last
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    async def aclose(self) -> None:
        """Kill the server."""
        self._listening.cancel()
        await self._kept.aclose()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([self._listening])

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps(message).encode()
        self._kept.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _listen(self) -> None:
        try:
            while (message := await self._receive()) is not None:
                self._take(message)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            # it died in the middle of a message, or speaks something else
            logger.info("A language server of the fast checks went away: %s: %s", type(error).__name__, error)
        finally:
            gone = EnvironmentFault("the language server went away")
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(gone)

    async def _receive(self) -> dict[str, Any] | None:
        length = 0
        while True:
            line = await self._kept.reader.readline()
            if not line:
                return None
            if line in (b"\r\n", b"\n"):
                break
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        if not 0 < length <= _LARGEST:
            raise ValueError(f"not a message: {length} bytes")
        return json.loads(await self._kept.reader.readexactly(length))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            if "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": self._answer(message)})
            return
        future = self._waiting.get(cast("int", message.get("id")))
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(EnvironmentFault(str(cast("dict[str, Any]", message["error"]).get("message"))))
        else:
            future.set_result(message.get("result"))

    def _answer(self, message: dict[str, Any]) -> object:
        if message["method"] != "workspace/configuration":
            return None
        items = cast("list[dict[str, Any]]", cast("dict[str, Any]", message.get("params") or {}).get("items") or [])
        return [self._configuration(str(item.get("section") or "")) for item in items]


async def opened_peer(kept: RunningCommand, request: object, *, seconds: float) -> tuple[LinePeer, dict[str, Any]]:
    """Return the peer of a command and its answer to the ``request`` to open a project, which may take ``seconds``; it
    is killed where that fails."""
    peer = LinePeer(kept)
    try:
        async with asyncio.timeout(seconds):
            return peer, await peer.ask({"open": request})
    except BaseException:
        await peer.aclose()
        raise


class LinePeer:
    """One of our own workers: a JSON document a line in, one a line out, in turn. Raises EnvironmentFault where it is
    gone or sends what is no answer. After a question that was cancelled it is of no more use."""

    def __init__(self, kept: RunningCommand) -> None:
        self._kept = kept
        self._turn = asyncio.Lock()
        self._spoiled = False

    @property
    def alive(self) -> bool:
        """Whether it runs and the next answer will be that to the next question."""
        return self._kept.alive and not self._spoiled

    async def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        """Return the answer to a question."""
        async with self._turn:
            if not self.alive:
                raise EnvironmentFault(f"the checker is gone: {self._kept.complaint[-300:]}")
            self._spoiled = True
            self._kept.write(json.dumps(question).encode() + b"\n")
            try:
                parts: list[bytes] = []
                length = 0
                while not parts or not parts[-1].endswith(b"\n"):
                    part = await self._kept.reader.read(65536)
                    if not part:
                        raise EnvironmentFault(f"the checker went away: {self._kept.complaint[-300:]}")
                    parts.append(part)
                    length += len(part)
                    if length > _LARGEST:
                        raise ValueError("a message without an end")
                answer = json.loads(b"".join(parts))
            except (OSError, ValueError) as error:
                raise EnvironmentFault(f"the checker sent an invalid answer: {error}") from error
            self._spoiled = False
        if not isinstance(answer, dict):
            raise EnvironmentFault("the checker answered no object")
        return cast("dict[str, Any]", answer)

    async def aclose(self) -> None:
        """Kill it."""
        await self._kept.aclose()
