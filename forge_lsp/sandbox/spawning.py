"""Starting a process without holding the event loop.

``loop.subprocess_exec`` starts the process on the loop's own thread and waits there until the child has replaced
itself by the program: as long as it takes the child to get a core, which is tens of milliseconds where compilers have
them all. On Python 3.11 it also starts a thread for each child. Here both happen elsewhere: the start in a worker
thread, the wait on a file descriptor of the process where the system has those (Linux).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["spawn"]

P = TypeVar("P", bound=asyncio.SubprocessProtocol)


async def spawn(
    protocol: Callable[[], P],
    command: Sequence[str],
    *,
    stdin: int,
    cwd: Path | None,
    env: Mapping[str, str],
    pass_fds: Sequence[int],
) -> tuple[asyncio.SubprocessTransport, P]:
    """Start ``command`` in a session of its own, both outputs piped to ``protocol``; ``env`` is all it gets.

    The answer is as ``loop.subprocess_exec`` gives it. A cancel ends what was started. Raises OSError.
    """
    loop = asyncio.get_running_loop()
    if os.name != "posix":  # pipes there are made for the loop, which no plain Popen does
        return await loop.subprocess_exec(
            protocol, *command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=dict(env),
        )  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(command), bufsize=0, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=cwd, env=dict(env), start_new_session=True, pass_fds=tuple(pass_fds),
        )  # fmt: skip

    # A thread of the loop's own pool, not one for the occasion: a child that is to die with its parent (PDEATHSIG)
    # dies with the thread that started it.
    starting = loop.run_in_executor(None, start)
    cancelled = False
    while not starting.done():
        try:
            await asyncio.wait([starting])
        except asyncio.CancelledError:
            cancelled = True
    child = _Child(loop, starting.result(), protocol())
    try:
        if cancelled:
            raise asyncio.CancelledError
        await child.connect()
    except BaseException:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.get_pid(), signal.SIGKILL)
        child.close()
        raise
    return child, child.protocol


class _Child(asyncio.SubprocessTransport):
    """A process and its pipes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: subprocess.Popen[bytes], protocol: Any) -> None:
        super().__init__()
        self._loop = loop
        self._process = process
        self._pipes: dict[int, asyncio.BaseTransport] = {}
        self._early: list[tuple[Callable[..., None], tuple[object, ...]]] | None = []
        self._closed = False
        self.protocol = protocol
        self._watch()

    async def connect(self) -> None:
        """Join the pipes to the loop, then tell the protocol what came meanwhile. Raises OSError."""
        process, loop = self._process, self._loop
        if process.stdin is not None:
            self._pipes[0], _ = await loop.connect_write_pipe(lambda: _Pipe(self, 0), process.stdin)
        for number, stream in ((1, process.stdout), (2, process.stderr)):
            self._pipes[number], _ = await loop.connect_read_pipe(_pipe(self, number), stream)
        self.protocol.connection_made(self)
        early, self._early = self._early or [], None
        for tell, arguments in early:
            tell(*arguments)

    def tell(self, tell: Callable[..., None], *arguments: object) -> None:
        """Tell the protocol something, in order, and nothing before it knows its transport."""
        if self._early is None:
            tell(*arguments)
        else:
            self._early.append((tell, arguments))

    # ------------------------------------------------------------------ the end

    def _watch(self) -> None:
        try:
            descriptor = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):  # not Linux, or one too old
            threading.Thread(target=self._wait, name="forge child", daemon=True).start()
            return
        self._loop.add_reader(descriptor, self._ended, descriptor)

    def _ended(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._process.poll()
        self.tell(self.protocol.process_exited)

    def _wait(self) -> None:
        self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.tell, self.protocol.process_exited)

    # ------------------------------------------------------------------ asyncio's transport

    def get_pid(self) -> int:
        return self._process.pid

    def get_returncode(self) -> int | None:
        return self._process.returncode

    def get_pipe_transport(self, fd: int) -> asyncio.BaseTransport | None:
        return self._pipes.get(fd)

    def send_signal(self, signal: int) -> None:  # asyncio's signature
        self._process.send_signal(signal)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Close the pipes; kill the process where it still runs."""
        if self._closed:
            return
        self._closed = True
        for number, stream in enumerate((self._process.stdin, self._process.stdout, self._process.stderr)):
            if (pipe := self._pipes.get(number)) is not None:
                pipe.close()
            elif stream is not None:
                stream.close()
        if self._process.poll() is None:
            self._process.kill()


class _Pipe(asyncio.Protocol):
    """One of its pipes."""

    def __init__(self, child: _Child, number: int) -> None:
        self._child = child
        self._number = number

    def data_received(self, data: bytes) -> None:
        self._child.tell(self._child.protocol.pipe_data_received, self._number, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._child.tell(self._child.protocol.pipe_connection_lost, self._number, exc)


def _pipe(child: _Child, number: int) -> Callable[[], _Pipe]:
    return lambda: _Pipe(child, number)
