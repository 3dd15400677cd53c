"""Which processes are alive: each holds a lock on a file of its own in the state folder.

The kernel lets go of a lock when its process ends, however it ends; a process number may be used again, mean another
process in another container, or be hidden. So the lock is asked, not the number.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["ProcessLock", "exclusive"]

logger = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class ProcessLock:
    """This process' lock in ``folder``; others' locks can be asked about. Raises OSError where none can be made.

    Call it under :func:`exclusive`, so that nobody takes the new file for an abandoned one before it is locked.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.owner = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._handle = os.open(self._path(self.owner), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if not _try_lock(self._handle):
            os.close(self._handle)
            raise OSError(f"a new file in {folder} could not be locked")

    def alive(self, owner: str) -> bool:
        """Whether the process of that name still runs. Its file is removed where it does not."""
        if owner == self.owner:
            return True
        path = self._path(owner)
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # we cannot know, and must not declare another's job dead
        try:
            dead = _try_lock(handle)
        finally:
            os.close(handle)
        if dead:
            for left in (path, path.with_suffix(".json")):
                with suppress(OSError):
                    left.unlink()
        return not dead

    def sweep(self) -> None:
        """Remove the files of processes that are gone."""
        for path in self._folder.glob("*.lock"):
            self.alive(path.stem)

    def close(self) -> None:
        """Let go. Safe to call twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            with suppress(OSError):
                self._path(self.owner).unlink()

    def _path(self, owner: str) -> Path:
        return self._folder / f"{Path(owner).name}.lock"


@contextmanager
def exclusive(path: Path, *, patience: float = 5.0) -> Generator[None]:
    """Hold the lock file ``path`` for a few file operations. After ``patience`` seconds it goes on without: what
    it guards is rare, and a stuck process must not stop this one. Blocks: for threads only."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                logger.warning("%s is held by another process for too long; going on without it", path)
                break
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)
