"""What one box may use of the machine, and the watch over what no rlimit covers."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from forge_lsp.core.ports import ProcessResult

__all__ = ["FreeSpace", "Limits", "commands_at_once", "rlimits", "watched"]

_MIB = 1024 * 1024
_WATCH_INTERVAL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes.

    ``file_size``: one file; .NET maps 2 GiB of one for its generated code, so no less. ``memory``: the private writable
    memory of one process (RLIMIT_DATA; the address space is no measure, since runtimes reserve far more than they
    use). ``processes``: processes and threads of the box, where they can be counted apart from the user's own.
    ``disk`` and ``files``: how much the box may take of the temp folder's file system. ``memory_floor``: the share of
    the machine's memory that must stay available.
    """

    file_size: int = 4096 * _MIB
    memory: int = 8192 * _MIB
    open_files: int = 4096
    processes: int = 2048
    disk: int = 8192 * _MIB
    files: int = 1_000_000
    memory_floor: float = 0.03


def rlimits(limits: Limits, *, timeout: float) -> dict[str, int]:
    """The limits by their names in the ``resource`` module. CPU seconds only back up the timeout: a process whose
    threads keep all cores busy may use that many times the wall time."""
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(timeout * (os.cpu_count() or 1)) + 2,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_DATA": limits.memory,
        "RLIMIT_NPROC": limits.processes,
    }


def commands_at_once() -> asyncio.Semaphore:
    """Places for the commands of all boxes of a sandbox: a compiler a core. More would only take each other's time,
    and that of the editor; a few more than the cores of small machines, since tests also sleep."""
    return asyncio.Semaphore(max(4, os.cpu_count() or 1))


class FreeSpace(NamedTuple):
    """What is free now: bytes and inodes on the temp folder's file system, share of the memory (1.0: not known)."""

    disk: int
    files: int
    memory: float

    @classmethod
    def at(cls, folder: Path) -> FreeSpace:
        """Measure. Costs some tens of microseconds."""
        if not hasattr(os, "statvfs"):
            return cls(0, 0, 1.0)
        status = os.statvfs(folder)
        return cls(status.f_bavail * status.f_frsize, status.f_favail, _available_memory())


async def watched(
    run: Awaitable[ProcessResult], folder: Path, limits: Limits, measure: Callable[[Path], FreeSpace] = FreeSpace.at
) -> ProcessResult:
    """Await ``run``, and end it when it fills the disk or the memory: the result then has code -9 and says so."""
    task = asyncio.ensure_future(run)
    before = measure(folder)
    async with _cancelled_with(task):
        while not task.done():
            await asyncio.wait([task], timeout=_WATCH_INTERVAL)
            reason = _exhausted(before, measure(folder), limits)
            if reason is not None and not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
                if task.cancelled():
                    return ProcessResult(code=-9, stdout=b"", stderr=f"stopped: {reason}\n".encode(), seconds=0.0)
    return task.result()


@contextlib.asynccontextmanager
async def _cancelled_with(task: asyncio.Future[ProcessResult]) -> AsyncGenerator[None]:
    """A cancel of the caller is a cancel of ``task``, awaited to its end."""
    try:
        yield
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise


def _exhausted(before: FreeSpace, now: FreeSpace, limits: Limits) -> str | None:
    if before.disk - now.disk > limits.disk:
        return f"the command filled more than {limits.disk // _MIB} MiB of disk"
    if before.files - now.files > limits.files:
        return f"the command made more than {limits.files} files"
    if now.memory < limits.memory_floor <= before.memory:
        return f"less than {limits.memory_floor:.0%} of the machine's memory was left"
    return None


def _available_memory() -> float:
    with contextlib.suppress(OSError, KeyError, ValueError, ZeroDivisionError):
        with open("/proc/meminfo", "rb", buffering=0) as file:  # noqa: PTH123 - several times a command, on the loop
            lines = file.read(256).split(b"\n")[:4]  # MemTotal, MemFree, MemAvailable; some fifty others follow
        values = {name: int(rest.split()[0]) for name, _, rest in (line.partition(b":") for line in lines) if rest}
        return values[b"MemAvailable"] / values[b"MemTotal"]
    return 1.0
