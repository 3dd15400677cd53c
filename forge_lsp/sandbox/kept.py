"""A command that is kept running and talked with over its stdin and stdout, until it is closed."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from forge_lsp.sandbox import process
from forge_lsp.sandbox.spawning import spawn

__all__ = ["RunningCommand", "keep"]

_TAIL = 4000
"""Bytes of stderr that are remembered."""
_AHEAD = 1024 * 1024
"""Bytes of stdout that may wait for us to read them."""


class _KeptStreams(asyncio.SubprocessProtocol):
    """stdout as a stream, the tail of stderr, and word of the end."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader(limit=_AHEAD, loop=loop)
        self.errors = b""
        self.exited: asyncio.Future[None] = loop.create_future()
        self.drained: asyncio.Future[None] = loop.create_future()
        self._open = {1, 2}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            stdout = transport.get_pipe_transport(1)
            if stdout is not None:
                self.reader.set_transport(stdout)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self.reader.feed_data(data)
        else:
            self.errors = (self.errors + data)[-_TAIL:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(fd)
        if fd == 1:
            self.reader.feed_eof()
        if not self._open and not self.drained.done():
            self.drained.set_result(None)

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)


class RunningCommand:
    """The running command. ``closing`` is what is to be done after its end, whoever ends it."""

    def __init__(self, transport: asyncio.SubprocessTransport, talk: _KeptStreams, closing: AsyncExitStack) -> None:
        self._transport = transport
        self._talk = talk
        self._closing = closing
        self._closed = False

    @property
    def pid(self) -> int:
        """Its process id; that of the sandbox's program where there is one."""
        return self._transport.get_pid()

    @property
    def reader(self) -> asyncio.StreamReader:
        """Its stdout; at its end the command is gone or will say no more."""
        return self._talk.reader

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return not self._closed and not self._talk.exited.done()

    @property
    def complaint(self) -> str:
        """The tail of its stderr."""
        return self._talk.errors.decode("utf-8", "replace").strip()

    def write(self, data: bytes) -> None:
        """Send ``data``; lost where it is gone."""
        pipe = self._transport.get_pipe_transport(0)
        if self.alive and isinstance(pipe, asyncio.WriteTransport) and not pipe.is_closing():
            pipe.write(data)

    async def aclose(self) -> None:
        """Kill it with all that it started, and clear up. Takes seconds at most, and is not interrupted by a cancel."""
        if self._closed:
            return
        self._closed = True
        await process.to_the_end(self._end())

    async def _end(self) -> None:
        try:
            await process.end(self._transport, self._talk, 0.0)
        finally:
            await self._closing.aclose()


async def keep(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str],
    pass_fds: Sequence[int] = (),
    started: Callable[[int], None] | None = None,
    closing: AsyncExitStack,
) -> RunningCommand:
    """Start ``command`` in a session of its own; ``env`` is its whole environment. Once this returns, ``closing`` is
    closed with it.

    Raises ToolMissing when the program is not there, EnvironmentFault when no process can be started.
    """
    spawning = asyncio.ensure_future(
        spawn(_KeptStreams, command, stdin=subprocess.PIPE, cwd=cwd, env=env, pass_fds=pass_fds)
    )
    try:
        transport, talk = await _spawned(spawning)
    except OSError as error:
        raise process.start_failure(error, command[0], cwd) from error
    process.step_back(transport.get_pid())
    if started is not None:
        started(transport.get_pid())
    return RunningCommand(transport, talk, closing)


async def _spawned(
    spawning: Awaitable[tuple[asyncio.SubprocessTransport, _KeptStreams]],
) -> tuple[asyncio.SubprocessTransport, _KeptStreams]:
    """A cancel in the middle must not lose sight of the child."""
    starting = asyncio.ensure_future(spawning)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        try:
            transport, talk = await starting
        except OSError:  # it never started: nothing to kill
            raise asyncio.CancelledError from None
        await process.to_the_end(process.end(transport, talk, 0.0))
        raise
