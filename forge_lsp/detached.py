"""A server on standard input and output whose work may go on when its client has gone.

Clients end a server by closing its input, and some seconds later by signals to its whole process group. So the server
runs in a process and session of its own, with the same input and output; what the client started only waits for it.
That process ends when the server does, when the server says that its client has gone, or by a signal, which the
server then takes for the same. Nothing may have started a thread before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import IO

__all__ = ["Link", "run_detached"]


_MOST = 256
"""Descriptors that are looked at."""
_HANGS = 30.0
"""Seconds that an event loop may take to answer once the client is gone."""


class Link:
    """The server's end: hears when the process that the client started is gone, and lets that process go.

    Without pipes (no fork here) it does nothing; the client's closed input is then all that is known.
    """

    def __init__(self, alive: IO[bytes] | None = None, release: IO[bytes] | None = None) -> None:
        self._alive = alive
        self._release = release
        self._pipes = {found for number in range(3) if (found := _identity(number)) is not None}

    @property
    def outlives(self) -> bool:
        """Whether the server can go on once its client has gone."""
        return self._release is not None

    def guard(self) -> None:
        """From now on end this process where its event loop hangs once the client is gone: nobody else would. Called
        on that loop; safe to call where there are no pipes."""
        if self._alive is not None:
            watching = threading.Thread(
                target=_guard, args=(os.dup(self._alive.fileno()), asyncio.get_running_loop()), daemon=True
            )
            watching.start()

    async def lost(self) -> None:
        """Return once the process that the client started has ended; never where there is none."""
        if self._alive is None:
            await asyncio.get_running_loop().create_future()
        assert self._alive is not None
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(self._alive.fileno(), gone.set)  # nothing is ever written: readable means closed
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._alive.fileno())

    def let_go(self, code: int = 0) -> None:
        """The client has gone: its process may end with ``code``, and its pipes are no longer held. Safe to call
        twice."""
        if self._release is None or self._release.closed:
            return
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, os.O_RDWR)
            for number in range(_MOST):  # libraries keep copies of their own
                if number != null and _identity(number) in self._pipes:
                    os.dup2(null, number)
            os.close(null)
        with contextlib.suppress(OSError):
            self._release.write(bytes([code]))
            self._release.close()
        self._release = None


def _identity(number: int) -> tuple[int, int] | None:
    """Which file or pipe a descriptor is; None: it is closed."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _guard(alive: int, loop: asyncio.AbstractEventLoop) -> None:
    with os.fdopen(alive, "rb") as pipe:
        pipe.read()
    while True:
        answered = threading.Event()
        try:
            loop.call_soon_threadsafe(answered.set)
        except RuntimeError:  # the loop is closed: the process is ending
            return
        if not answered.wait(_HANGS):
            os._exit(1)
        time.sleep(_HANGS)


def run_detached(server: Callable[[Link], int]) -> int:
    """Run ``server`` in a process of its own where the system has fork, and answer its exit code, or the one that it
    gives once it goes on without its client. SIGINT and SIGTERM mean that the client has gone; the exit code is then
    128 + the signal."""
    if not hasattr(os, "fork"):
        return server(Link())
    alive_out, alive_in = os.pipe()
    release_out, release_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(alive_in)
        os.close(release_out)
        os.setsid()
        with os.fdopen(alive_out, "rb") as alive, os.fdopen(release_in, "wb", buffering=0) as release:
            return server(Link(alive, release))
    os.close(alive_out)
    os.close(release_in)
    signals: list[int] = []

    def gone(number: int, _: object) -> None:
        if not signals:
            os.close(alive_in)
        signals.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, gone)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):  # the server's alone: a client that closes its ends must be the last who held them
        os.dup2(null, number)
    said = os.read(release_out, 1)  # it goes on without its client, or has ended
    code = said[0] if said else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:  # by a signal, as a shell tells it
        code = 128 - code
    return 128 + signals[0] if signals else code
