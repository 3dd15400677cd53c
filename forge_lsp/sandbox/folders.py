"""The folders in which temp copies live: owned by one process, swept when that process is gone.

``<base>/forge-<pid>-<start time>-<random>/`` holds one process's boxes; ``<same name>.lock`` beside it is held with
``flock`` as long as the process lives. The lock, not the name, decides who is gone: process ids mean nothing across
containers that share a folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import stat
import sys
import time
from pathlib import Path

from forge_lsp.sandbox.process import to_the_end

__all__ = ["BoxFolders", "remove", "removed_or_left"]

_PREFIX = "forge-"
_LEAST_FREE = 64 * 1024  # bytes: less than that is a full disk
_PAUSES = (0.02, 0.1, 0.4, 1.0)
"""Seconds before a folder that somebody still writes to is tried again. Go's own helper, which leaves our process group
where there is no process namespace (macOS), is done within the first two."""

_log = logging.getLogger(__name__)


class BoxFolders:
    """This process's own folder of boxes below ``base``. Making one sweeps what dead processes left there.

    Raises OSError when ``base`` cannot be written, or its disk is full.
    """

    def __init__(self, base: Path) -> None:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.base = base
        sweep(base)
        name = f"{_PREFIX}{os.getpid()}-{_start_time()}-{secrets.token_hex(4)}"
        self._lock_path = base / f"{name}.lock"
        self._lock = _lock_new(self._lock_path)
        self.root = base / name
        self.root.mkdir(mode=0o700)
        filler = self.root / "filler"
        try:
            filler.write_bytes(bytes(_LEAST_FREE))
            filler.unlink()
        except OSError:
            self.close()
            raise

    def create(self) -> Path:
        """A new empty folder, mode 0700."""
        path = self.root / secrets.token_hex(6)
        path.mkdir(mode=0o700)
        return path

    async def discard(self, folder: Path) -> None:
        """Remove one of them, in a thread, and to its end: a cancel comes through only after it.

        What cannot be removed is said in the log and left to the sweep: no verdict is lost for it.
        """
        await to_the_end(asyncio.to_thread(removed_or_left, folder))

    def close(self) -> None:
        """Remove everything. Calling it again does nothing."""
        if self._lock is None:
            return
        if removed_or_left(self.root):
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None


def sweep(base: Path) -> int:
    """Remove the folders of processes that no longer live; how many there were."""
    swept = 0
    for lock_path in base.glob(f"{_PREFIX}*.lock"):
        lock = _lock_abandoned(lock_path)
        if lock is None:
            continue
        try:
            if removed_or_left(lock_path.with_suffix("")):
                lock_path.unlink(missing_ok=True)
                swept += 1
        finally:
            os.close(lock)
    return swept


def removed_or_left(folder: Path) -> bool:
    """Whether it is gone now; the log says why it is not."""
    try:
        remove(folder)
    except OSError as error:
        _log.warning("The temp folder %s could not be removed (%s); a later start sweeps it", folder, error)
        return False
    return True


def remove(root: Path) -> None:
    """Remove a folder whatever a hostile command made of it; absent is fine.

    Folders without permissions, names in any bytes, and nesting deeper than any path may be long: each folder is first
    moved to the top, so that no path grows and nothing recurses. Symbolic links are removed, never followed. A process
    that still writes there is given 1.5 s to be done.

    Raises OSError when it cannot be removed.
    """
    for pause in _PAUSES:
        try:
            _remove_now(root)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            time.sleep(pause)
        else:
            return
    _remove_now(root)


def _remove_now(root: Path) -> None:
    if not root.is_dir() or root.is_symlink():
        root.unlink(missing_ok=True)
        return
    _open_up(root)
    top = root / f".removing-{secrets.token_hex(4)}"
    top.mkdir(mode=0o700, exist_ok=True)
    pending = [os.fsencode(root)]
    keep = os.fsencode(top)
    count = 0
    while pending:
        folder = pending.pop()
        _open_up(Path(os.fsdecode(folder)))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.path == keep:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    _open_up(Path(os.fsdecode(entry.path)))
                    moved = os.path.join(keep, str(count).encode())  # noqa: PTH118 - bytes: names need not be text
                    count += 1
                    os.rename(entry.path, moved)  # noqa: PTH104
                    pending.append(moved)
                else:
                    os.unlink(entry.path)  # noqa: PTH108
        if folder != os.fsencode(root):
            os.rmdir(folder)  # noqa: PTH106
    top.rmdir()
    root.rmdir()


def _open_up(folder: Path) -> None:
    """Give ourselves all rights on a folder of our own: the overlay's work folder has none, hostile ones neither."""
    mode = folder.lstat().st_mode
    if stat.S_ISDIR(mode) and mode & 0o700 != 0o700:
        folder.chmod(0o700)


def _lock_new(path: Path) -> int | None:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform == "win32":
            return descriptor
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # a sweeper may have removed it between open and flock
            return descriptor
        os.close(descriptor)


def _lock_abandoned(path: Path) -> int | None:
    """The lock of a dead process, or None while its owner lives."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    if sys.platform == "win32":  # no flock: checks run in WSL2 there, and nothing is ever left here
        os.close(descriptor)
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _start_time() -> str:
    """When this process started, in clock ticks since boot (field 22 of ``/proc/self/stat``); ``0`` elsewhere."""
    with contextlib.suppress(OSError, IndexError):
        return Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return "0"
