"""The words with which bwrap is told what a command sees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from forge_lsp.sandbox.exposure import mounts_of
from forge_lsp.sandbox.profile import ETC, SYSTEM, private_entries

__all__ = ["HOME", "environment", "hidden", "identity", "isolated", "readable_beside"]

HOME = "/home/forge"
_ORDINARY = 1000
_KERNEL = (
    *("acpi", "asound", "bus", "driver", "fs", "irq", "kcore", "kmsg", "latency_stats", "mtrr", "pressure", "scsi"),
    *("sys", "sysrq-trigger", "timer_list", "tty"),
)
"""Below ``/proc``: files of the machine, not of the box. To the kernel root's files are root's in any namespace, so
that what root started could write them with no capability at all: ``sys/kernel/core_pattern`` names a program that the
kernel runs as root outside."""
_SHARED_MEMORY = 256 * 1024 * 1024


def isolated(folder: Path) -> list[str]:
    """No network, no process but its own, no capability; the system, with this box's users, home and ``/tmp``."""
    words = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    words += ["--hostname", "forge", "--proc", "/proc", "--dev", "/dev", *_kernel_read_only()]
    uid, gid = identity()
    words += ["--uid", str(uid), "--gid", str(gid)]
    words += ["--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm"]
    words += _shown_of_the_system()
    for name in ("passwd", "group", "hosts"):
        words += ["--ro-bind", str(folder / "etc" / name), f"/etc/{name}"]
    # On disk rather than in memory: a tmpfs would count against the machine's memory, and last for one command.
    words += ["--bind", str(folder / "tmp"), "/tmp", "--bind", str(folder / "home"), HOME]
    return words


def identity() -> tuple[int, int]:
    """User and group as a command sees them: never root's, whoever runs this server."""
    return os.getuid() or _ORDINARY, os.getgid() or _ORDINARY


def readable_beside(source: Path | None, readable: Sequence[Path]) -> list[str]:
    """What a toolchain names, as far as neither the system nor the project at ``source`` holds it."""
    return [word for real, place in mounts_of(readable, source) for word in ("--ro-bind-try", str(real), str(place))]


def hidden(source: Path | None) -> list[str]:
    """The project's private entries are empty."""
    words: list[str] = []
    for entry in private_entries(source) if source is not None else ():
        words += ["--tmpfs", str(entry)] if entry.is_dir() else ["--ro-bind", "/dev/null", str(entry)]
    return words


def environment(env: Mapping[str, str]) -> list[str]:
    """The command's whole environment."""
    return [word for name, value in env.items() for word in ("--setenv", name, value)]


# What is the same for every command is not made again on the event loop for each of them.


@lru_cache(maxsize=1)
def _kernel_read_only() -> tuple[str, ...]:
    places = (f"/proc/{name}" for name in _KERNEL if Path("/proc", name).exists())
    return tuple(word for place in places for word in ("--ro-bind-try", place, place))


@lru_cache(maxsize=1)
def _shown_of_the_system() -> tuple[str, ...]:
    words: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return tuple(words)
