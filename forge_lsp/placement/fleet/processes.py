"""Which process is which, also after its number was given to another; and ending a process with all that it started.

A process is known by its number, its start time and its command line. Linux tells them in ``/proc``, macOS by ``ps``.
A server leads a process group of its own, and its runners are in it: a number is not reused while a group bears it,
so what is left of a group can be found when its leader is gone. Blocks for milliseconds: for threads, or where
nothing waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

__all__ = ["Process", "end", "is_alive", "look", "members", "until"]

_PS = ("ps", "-ww", "-o", "pid=,pgid=,state=,lstart=,command=")
_POLL = 0.05  # seconds between two looks at what is ending
_LOOKS, _BLINK = 10, 0.002  # seconds between looks at the command line of what is just becoming a program


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A living process. ``start`` is comparable for equality alone: boot and clock ticks, or a date."""

    pid: int
    group: int
    start: str
    command: str


def look(pid: int) -> Process | None:
    """The process of that number; None where there is none, or only a zombie."""
    if pid <= 0:
        return None
    if sys.platform == "linux":
        return _of_proc(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's: ps tells
    return next(_of_ps("-p", str(pid)), None)


def is_alive(pid: int | None, start: str | None) -> bool:
    """Whether the process that once was seen with this number and start is still there."""
    found = look(pid) if pid else None
    return found is not None and found.start == start


def members(group: int) -> tuple[Process, ...]:
    """All living processes of a process group."""
    if sys.platform == "linux":
        numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        found: Iterable[Process | None] = (_of_proc(number) for number in numbers)
    else:
        found = _of_ps("-A")
    return tuple(process for process in found if process is not None and process.group == group)


async def end(pid: int, start: str | None, *, words: Iterable[str] | None, patience: float) -> bool:
    """End the process that was seen with this number and start, and its group: SIGTERM, and after ``patience``
    seconds SIGKILL. Answers whether anything had to be ended.

    Nothing happens to a process that is another one by its start. Where the leader is gone, the group may be another's
    by now: then only those are ended whose command line holds one of ``words``; None: the caller saw it end just now.
    """
    leader = await asyncio.to_thread(look, pid)
    if leader is not None and leader.start != start:
        return False  # the number was given to another, so nothing of the group is left either
    marks = None if leader is not None or words is None else tuple(words)
    had = leader is not None
    if leader is not None:
        _signal(pid, signal.SIGTERM)
        await until(lambda: not is_alive(pid, start), patience)
    deadline = time.monotonic() + patience
    while left := [
        process
        for process in await asyncio.to_thread(members, pid)
        if marks is None or any(mark in process.command for mark in marks)
    ]:
        had = True
        for process in left:
            _signal(process.pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            break  # in the kernel's hands, as a process that waits for a dead disk
        await asyncio.sleep(_POLL)
    return had


async def until(true: Callable[[], bool], seconds: float, *, every: float = _POLL) -> bool:
    """Ask, in a thread, until it is so; False where it is not within ``seconds``. Nobody tells of another process."""
    deadline = time.monotonic() + seconds
    for _ in repeat(None):
        if await asyncio.to_thread(true):
            return True
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(every)
    return False


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _of_proc(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        command = _command(Path(f"/proc/{pid}"))
    except OSError:
        return None
    # proc(5): after the name in parentheses come state (3), ppid (4), pgrp (5) ... starttime (22).
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return Process(
        pid=pid,
        group=int(fields[2]),
        start=f"{_boot()}/{fields[19]}",
        command=command.replace(b"\0", b" ").decode("utf-8", "replace").strip(),
    )


def _command(folder: Path) -> bytes:
    """Its command line. While a process becomes a program it has none for a moment, though whoever started it has been
    told that it runs; kernel threads and zombies, which have no program, never have one."""
    for _ in range(_LOOKS):
        command = (folder / "cmdline").read_bytes()
        if command or not _has_program(folder):
            return command
        time.sleep(_BLINK)
    return b""


def _has_program(folder: Path) -> bool:
    try:
        return bool((folder / "exe").readlink())
    except PermissionError:
        return True  # another user's
    except OSError:
        return False


def _boot() -> str:
    """Ticks count from the boot, so that only with it they mean one moment."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:13]
    except OSError:
        return "boot"


def _of_ps(*which: str) -> Iterator[Process]:
    """Rows of ``ps``: pid, group, state, five words of a date, command line. The same words on macOS and Linux."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}  # the date in one language and one zone
    done = subprocess.run([*_PS, *which], capture_output=True, env=environment, timeout=10, check=False)
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        words = line.split(None, 8)
        if len(words) >= 8 and words[0].isdigit() and words[1].isdigit() and words[2][0] not in "ZX":
            yield Process(
                pid=int(words[0]),
                group=int(words[1]),
                start=" ".join(words[3:8]),
                command=words[8] if len(words) > 8 else "",
            )
