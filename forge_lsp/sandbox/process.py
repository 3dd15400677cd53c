"""Running one command: bounded in time and output, and gone when we say so.

Written on asyncio's transports rather than on ``asyncio.subprocess``: the latter's ``wait`` lasts until every pipe is
closed, so a grandchild that keeps stdout open would hold us for as long as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.core.ports import ProcessResult
from forge_lsp.sandbox.spawning import spawn

__all__ = ["MAX_OUTPUT", "ProcessWatcher", "Started", "end", "run", "start_failure", "step_back", "to_the_end"]

MAX_OUTPUT = 8 * 1024 * 1024
"""Bytes kept of each of stdout and stderr; the rest is read and dropped, so that the command never blocks on us."""

_DRAIN = 0.1
"""Seconds that the pipes may stay open after the command and its group are dead."""

_NICENESS = 10
"""Of every command, above our own: an editor may have been started as a nice one."""

Started = Callable[[int], None]
"""Called with the process id as soon as the command runs."""


class _Capture(asyncio.SubprocessProtocol):
    """Keeps the head of both outputs and tells when the process and its pipes are done."""

    def __init__(self, max_output: int) -> None:
        loop = asyncio.get_running_loop()
        self.outputs = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self.exited: asyncio.Future[None] = loop.create_future()
        self.drained: asyncio.Future[None] = loop.create_future()
        self._open = {1, 2}
        self._max_output = max_output

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.outputs[fd]
        room = self._max_output - len(kept)
        self.truncated |= len(data) > room
        kept += data[:room]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(fd)
        if not self._open and not self.drained.done():
            self.drained.set_result(None)

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)


async def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str],
    timeout: float,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    max_output: int = MAX_OUTPUT,
    grace: float = 0.0,
    started: Started | None = None,
) -> ProcessResult:
    """Run ``command`` in a session of its own and wait for it, at most ``timeout`` seconds.

    ``env`` is the whole environment. ``stdin`` is what the command reads (empty: ``/dev/null``); our own stdin and
    stdout are never inherited. When the command ends, the time is up or the caller is cancelled, the whole process
    group gets SIGKILL and the leader is reaped. With ``grace`` (seconds) the leader gets SIGTERM first and that long
    to end by itself: for a launcher that sweeps up after its descendants. A result that was cut short by the
    timeout has ``timed_out`` set and the code of the signal.

    Raises ToolMissing when the program is not there or cannot be executed, EnvironmentFault when ``cwd`` is not there
    or the system refuses to start a process.
    """
    begin = time.monotonic()
    spawning = asyncio.ensure_future(
        spawn(
            lambda: _Capture(max_output),
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            cwd=cwd,
            env=env,
            pass_fds=pass_fds,
        )
    )
    try:
        transport, capture = await _spawned(spawning, grace)
    except OSError as error:
        raise start_failure(error, command[0], cwd) from error
    timed_out = False
    try:
        step_back(transport.get_pid())
        if started is not None:
            started(transport.get_pid())
        _feed(transport, stdin)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(capture.exited)
        except TimeoutError:
            timed_out = True
    finally:
        # A cancel arrives here too. What follows is bounded, so it is not itself interrupted by a second one.
        await to_the_end(end(transport, capture, grace))
    return ProcessResult(
        code=_code(transport),
        stdout=bytes(capture.outputs[1]),
        stderr=bytes(capture.outputs[2]),
        seconds=time.monotonic() - begin,
        timed_out=timed_out,
        truncated=capture.truncated,
    )


def step_back(pid: int) -> None:
    """Let a process, and what it starts from now on, give way to the editor and to us where cores are few."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS))


async def _spawned(
    spawning: asyncio.Future[tuple[asyncio.SubprocessTransport, _Capture]], grace: float
) -> tuple[asyncio.SubprocessTransport, _Capture]:
    """Wait for the process to be there. A cancel in the middle must not lose sight of the child."""
    try:
        return await asyncio.shield(spawning)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):  # it never started: nothing to kill
            transport, capture = await spawning
            await to_the_end(end(transport, capture, grace))
        raise


async def to_the_end(ending: Coroutine[None, None, object]) -> None:
    """Await a bounded piece of cleaning up to its end, and only then let a cancel through.

    Raises what ``ending`` raises.
    """
    task = asyncio.ensure_future(ending)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


class ProcessWatcher(Protocol):
    """Tells when a process and its pipes are done."""

    @property
    def exited(self) -> asyncio.Future[None]: ...

    @property
    def drained(self) -> asyncio.Future[None]: ...


async def end(transport: asyncio.SubprocessTransport, capture: ProcessWatcher, grace: float) -> None:
    """Kill the process group, reap its leader and close the pipes. Takes seconds at most."""
    pid = transport.get_pid()
    try:
        if grace and not capture.exited.done():
            with contextlib.suppress(ProcessLookupError):
                transport.terminate()
            await _settled(capture.exited, grace)
        # The group may outlive its leader; its id cannot be given to another process while it does.
        _kill_group(pid, transport)
        await _settled(capture.exited, 1.0)
        await _settled(capture.drained, _DRAIN)
    finally:
        stdin = transport.get_pipe_transport(0)
        if isinstance(stdin, asyncio.WriteTransport) and stdin.get_write_buffer_size():
            stdin.abort()  # close() would wait for a reader that may never read it
        transport.close()
    # Let the pipes' own close callbacks run, or the loop's end would find transports half closed.
    await asyncio.sleep(0)


async def _settled(future: asyncio.Future[None], seconds: float) -> None:
    if not future.done():
        await asyncio.wait([future], timeout=seconds)


def _kill_group(pid: int, transport: asyncio.SubprocessTransport) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(pid, signal.SIGKILL)
        else:
            transport.kill()


def _feed(transport: asyncio.SubprocessTransport, stdin: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        pipe.write(stdin)
        pipe.close()  # after the buffer is flushed; a command that does not read it costs nothing


def _code(transport: asyncio.SubprocessTransport) -> int:
    code = transport.get_returncode()
    return -signal.SIGTERM if code is None else code


def start_failure(error: OSError, program: str, cwd: Path | None) -> EnvironmentFault:
    if cwd is not None and not cwd.is_dir():
        return EnvironmentFault(f"The folder {cwd} does not exist.")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ToolMissing(f"The program {program} is not installed.", remedy=f"install {Path(program).name}")
    if isinstance(error, PermissionError) or error.errno == errno.ENOEXEC:
        return ToolMissing(f"The program {program} cannot be executed ({error.strerror}).")
    return EnvironmentFault(f"Starting {program} failed: {error.strerror}.")
