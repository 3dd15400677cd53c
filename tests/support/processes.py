"""The processes of a server, read from ``/proc``: who descends from it, and who of those is still there. Linux only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Seen", "descendants"]

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A process that was there: its number, and when it started, because numbers are given to others (clock ticks)."""

    pid: int
    start: int
    command: str

    @property
    def alive(self) -> bool:
        """Whether it still is; a zombie runs nothing and holds nothing."""
        found = _stat(self.pid)
        return found is not None and found[1] == self.start and found[2] not in "ZX"

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return float(Path("/proc/uptime").read_text().split()[0]) - self.start / _TICKS


def descendants(pid: int) -> set[Seen]:
    """All living children of a process, and theirs."""
    rows: dict[int, tuple[int, int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))) is not None:
            rows[int(entry.name)] = found
    family = {pid}
    grown = True
    while grown:
        more = {child for child, (parent, _, _) in rows.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return {
        Seen(child, rows[child][1], _command(child))
        for child in family - {pid}
        if child in rows and rows[child][2] not in "ZX"
    }


def _stat(pid: int) -> tuple[int, int, str] | None:
    """Parent, start time and state."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[19]), fields[0]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
