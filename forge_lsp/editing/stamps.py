"""What files and folders look like from outside, to tell whether they changed without reading them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["UNSURE", "Stamp", "file_stamp", "folder_stamp", "settled", "stamp_of", "unchanged"]

Stamp: TypeAlias = tuple[int, int, int]
"""Of a file when its text and when it itself was changed last (ns), and its size; of a folder when it was, and its
number; of an open buffer -1 and its text's checksum."""

UNSURE: Stamp = (-2, 0, 0)
"""The stamp of what may change again without another stamp: it is none that anything has."""

_FINE = 50_000_000  # ns: what clocks of file systems tell apart, generously
_COARSE = 2_500_000_000  # where times are of whole seconds, FAT's of two


def stamp_of(status: os.stat_result) -> Stamp:
    """A file's stamp."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def file_stamp(path: str, *, largest: int) -> Stamp | None:
    """The stamp of a plain file of at most ``largest`` bytes, a link followed; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of them are asked for
    except (OSError, ValueError):
        return None
    return stamp_of(status) if stat.S_ISREG(status.st_mode) and status.st_size <= largest else None


def folder_stamp(path: str) -> Stamp | None:
    """A folder's stamp, UNSURE where it changed only just; None where there is none."""
    at = time.time_ns()
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return settled((status.st_mtime_ns, status.st_ctime_ns, status.st_ino), at)


def unchanged(root: str, known: Mapping[str, Stamp]) -> set[str]:
    """Those of the folders ``known``, by their names below ``root``, that have the same stamp still."""
    found: set[str] = set()
    now, root = time.time_ns, root if root.endswith(os.sep) else root + os.sep
    for name, stamp in known.items():
        at = now()
        try:
            status = os.stat(root + name)  # noqa: PTH116
        except (OSError, ValueError):
            continue
        same = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino) == stamp and stat.S_ISDIR(status.st_mode)
        if same and settled(stamp, at) is stamp:
            found.add(name)
    return found


def settled(stamp: Stamp, at: int) -> Stamp:
    """``stamp``, or UNSURE where a change after ``at`` (ns) might not show in it: where it is of only just before.
    ``at`` is a time at which nothing had been read yet."""
    last = max(stamp[0], stamp[1])
    clock = _COARSE if last % 1_000_000_000 == 0 else _FINE
    return UNSURE if abs(at - last) < clock else stamp
