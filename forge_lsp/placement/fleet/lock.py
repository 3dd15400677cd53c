"""A lock between processes that leaves no file behind, and none that is held after a ``kill -9``.

The kernel lets go of it when its holder ends, however it ends. The holder removes the file before it lets go, so
whoever waited for that file looks whether it still is the one of that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from forge_lsp.core.errors import EnvironmentFault

__all__ = ["Lock", "exclusive"]

_POLL = 0.05  # seconds


class Lock:
    """A lock file that is tried, kept and let go of. The file holds a note of its holder for others to read.

    Unix only: fcntl is imported when it is used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def take(self, note: str = "") -> bool:
        """Take it if it is free. Raises OSError where the file cannot be made."""
        import fcntl

        while True:
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            if self._is_current(handle):
                break
            os.close(handle)
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode(), 0)
        self._handle = handle
        return True

    def release(self) -> None:
        """Remove the file and let go. Safe to call twice."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(handle)

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False


@asynccontextmanager
async def exclusive(path: Path, *, patience: float) -> AsyncGenerator[None]:
    """Hold the lock file ``path``; wait for another holder up to ``patience`` seconds, then EnvironmentFault."""
    lock = Lock(path)
    deadline = time.monotonic() + patience
    while not lock.take(str(os.getpid())):
        if time.monotonic() > deadline:
            raise _held(path, patience)
        await asyncio.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


def _held(path: Path, patience: float) -> EnvironmentFault:
    try:
        holder = path.read_text(encoding="utf-8")
    except OSError:
        holder = "unknown"
    return EnvironmentFault(
        f"another `forge-lsp fleet` (process {holder}) has been running for more than {patience:.0f} seconds",
        remedy=f"wait for it, or end it: kill {holder}",
    )
