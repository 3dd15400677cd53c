"""What of a project no tool can use: named pipes and devices, names that are no text, sources of a gigabyte.

A checker that walks a project opens such a file, and then waits for ever, fills the memory, or gives up on the whole
project. A temp copy goes without them.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["LARGEST", "is_text", "unusable"]

LARGEST = 64 * 1024 * 1024
"""Bytes of a source, or of a settings file."""
# What checkers open when they walk a project: sources and settings, but no data, which a test may read.
_READ = (
    *(".py", ".pyi", ".ipynb", ".cs", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".go", ".rs"),
    *(".java", ".c", ".h", ".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".toml", ".json", "ignore"),
)
_PASSED_BY = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "__pycache__", "target", ".mypy_cache"}
)
_MOST = 200_000
_KERNEL = ("/proc/", "/sys/", "/dev/")
_FRESH = 5.0
"""Seconds for which an answer holds: a job opens many boxes at once."""
_known: dict[Path, tuple[float, tuple[PurePosixPath, ...]]] = {}


def unusable(source: Path) -> tuple[PurePosixPath, ...]:
    """Files and folders below ``source``, relative to it. Folders of packages and of version control are not looked
    into, and of very many files only the first 200,000 are."""
    now = time.monotonic()
    found = _known.get(source)
    if found is None or now - found[0] > _FRESH:
        if len(_known) > 64:
            _known.clear()
        found = _known[source] = (now, tuple(_found(source)))
    return found[1]


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _found(source: Path) -> Iterator[PurePosixPath]:
    pending = [""]
    count = 0
    while pending:
        prefix = pending.pop()
        try:
            entries = list(os.scandir(f"{source}/{prefix}"))
        except OSError:
            continue  # not ours to read: then no tool reads it either
        for entry in entries:
            count += 1
            if count > _MOST:
                return
            name = f"{prefix}{entry.name}"
            try:
                if not is_text(entry.name):
                    yield PurePosixPath(name)
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name not in _PASSED_BY:
                        pending.append(f"{name}/")
                elif entry.is_symlink():
                    if _leads_nowhere_good(entry.path):
                        yield PurePosixPath(name)
                elif not entry.is_file(follow_symlinks=False) or (
                    entry.name.endswith(_READ) and entry.stat(follow_symlinks=False).st_size > LARGEST
                ):
                    yield PurePosixPath(name)
            except OSError:
                continue  # removed meanwhile


def _leads_nowhere_good(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a Path for each link would cost more than the call
    except OSError:
        return False  # to nowhere: nothing is read
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return True
    return os.path.realpath(path).startswith(_KERNEL)
