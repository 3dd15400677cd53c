"""Who uses a model, and who moves models of a device, told to other processes by file locks.

A lock is the kernel's: it ends with its process, so that a crash leaves none behind. On Windows, which has no such
locks, every process sees only itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

__all__ = ["Claims"]

_LOOK = 0.05
"""Seconds between two looks at a lock that somebody has."""


class Claims:
    """``folder`` is shared by all processes of a user; it is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def use(self, device: str, key: str, *, timeout: float) -> AsyncGenerator[bool, None]:
        """While this holds no other process may move the model out. False: one is doing so and did not end in time."""
        async with self._locked(f"{device}\0{key}", shared=True, timeout=timeout) as held:
            yield held

    @asynccontextmanager
    async def take_out(self, device: str, key: str, *, timeout: float) -> AsyncGenerator[bool, None]:
        """While this holds no other process uses the model. False: one still did when the time was over."""
        async with self._locked(f"{device}\0{key}", shared=False, timeout=timeout) as held:
            yield held

    @asynccontextmanager
    async def move(self, device: str, *, timeout: float) -> AsyncGenerator[bool, None]:
        """One process moves models of a device at a time."""
        async with self._locked(device, shared=False, timeout=timeout) as held:
            yield held

    @asynccontextmanager
    async def _locked(self, name: str, *, shared: bool, timeout: float) -> AsyncGenerator[bool, None]:
        if sys.platform == "win32":
            yield True
            return
        import fcntl

        handle = self._open(name)
        try:
            end = time.monotonic() + timeout
            held = False
            while not held:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                    held = True
                if not held:
                    if time.monotonic() >= end:
                        break
                    await asyncio.sleep(_LOOK)
            yield held
        finally:
            os.close(handle)  # and with it the lock

    def _open(self, name: str) -> int:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
