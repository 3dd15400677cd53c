"""One temp copy in namespaces of its own: what is laid in the project's place, and how a command is started in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from forge_lsp.core.errors import SandboxUnavailable, ToolMissing
from forge_lsp.core.ports import ProcessResult, Tree
from forge_lsp.sandbox import process
from forge_lsp.sandbox.caches import BoxCache
from forge_lsp.sandbox.copying import CopyResult, CopyRules, copy_tree
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.kept import RunningCommand, keep
from forge_lsp.sandbox.limits import Limits, commands_at_once, rlimits, watched
from forge_lsp.sandbox.mounts import HOME, environment, hidden, identity, isolated, readable_beside
from forge_lsp.sandbox.overlay import read_beneath, read_layers, write_copy_files, write_layer
from forge_lsp.sandbox.profile import clean_environment, private_entries
from forge_lsp.sandbox.seccomp import Sockets, seccomp_filter
from forge_lsp.sandbox.status import StatusPipes

__all__ = ["BoxSettings", "BubblewrapBox"]

_log = logging.getLogger(__name__)
_EMPTY_ROOT = Path("/work")
_CACHE = Path("/cache")
_KEPT_SECONDS = 7 * 86400.0
"""CPU seconds over the number of cores that a command which stays may use."""
_EMPTYING = 1.0
"""Seconds to wait for the namespaces to be empty after the command ended: they are within milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSettings:
    """What all boxes of a sandbox have in common. ``overlay`` False: lay a real copy in the project's place."""

    program: Path
    folders: BoxFolders
    overlay: bool = True
    limits: Limits = field(default_factory=Limits)
    rules: CopyRules = field(default_factory=CopyRules)
    places: asyncio.Semaphore = field(default_factory=commands_at_once, compare=False)


class BubblewrapBox:
    """One temp copy. ``run`` calls queue: two overlays may not share the folder that takes the writes."""

    def __init__(self, settings: BoxSettings, tree: Tree, folder: Path) -> None:
        self._settings = settings
        self._tree = tree
        self._folder = folder
        self._turn = asyncio.Lock()
        self._copied: CopyResult | None = None
        self._ran = False
        self._source = tree.source.absolute() if tree.source is not None else None
        self._cache = BoxCache.of(tree, settings.folders.base, folder, overlay=settings.overlay)

    @property
    def root(self) -> Path:
        return self._source or _EMPTY_ROOT / self._tree.name

    @property
    def cache(self) -> Path:
        return _CACHE

    async def prepare(self) -> None:
        """Make the layers: small files, but as many as the editor has open documents."""
        await process.to_the_end(asyncio.to_thread(self._make_folders))
        if self._cache is not None:
            await process.to_the_end(asyncio.to_thread(self._cache.prepare))
        if self._settings.overlay and self._source is not None:
            try:
                await process.to_the_end(asyncio.to_thread(write_layer, self._tree, self._folder / "files"))
            except PermissionError:  # no whiteouts on this file system
                await self._copy()
        else:
            await self._copy()

    async def finish(self) -> None:
        """Leave the cache to others where that was asked for."""
        if self._cache is not None:
            await process.to_the_end(asyncio.to_thread(self._cache.finish))

    def _make_folders(self) -> None:
        for name in ("written", "work", "home", "tmp", "etc", "files", "trees"):
            (self._folder / name).mkdir()
        uid, gid = identity()
        for name, text in {
            "passwd": f"forge:x:{uid}:{gid}:forge:{HOME}:/bin/sh\n",
            "group": f"forge:x:{gid}:\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        }.items():
            (self._folder / "etc" / name).write_text(text)

    async def _copy(self) -> None:
        """Give up the overlay: a real copy, laid in the same place."""
        copy = self._folder / "copy"
        if self._source is None:
            copy.mkdir()
            self._copied = CopyResult()
        else:
            skip = (self._settings.folders.base.absolute(), *private_entries(self._source))
            self._copied = await copy_tree(self._source, copy, self._settings.rules, skip=skip)
        await process.to_the_end(asyncio.to_thread(write_copy_files, self._tree, copy))

    async def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        loopback: bool = False,
        stdin: bytes = b"",
    ) -> ProcessResult:
        async with self._turn, self._settings.places:
            outcome = await self._run(command, timeout, env, readable, loopback, stdin)
            if outcome.failure is not None and not outcome.missing:
                # Once more, since nothing ran: a machine that is short of memory or namespaces may have refused. The
                # project may also lie on a file system that overlayfs cannot take as a layer (some network and FUSE
                # ones), and is copied then.
                _log.warning("The sandbox did not start (%s); it is started once more", outcome.failure)
                if self._copied is None and not self._ran and "overlay" in outcome.failure:
                    await self._copy()
                outcome = await self._run(command, timeout, env, readable, loopback, stdin)
            self._ran = True
        if outcome.failure is None:
            return outcome.result
        if outcome.missing:
            raise ToolMissing(f"The program {command[0]} is not installed in a folder that the sandbox shows.")
        raise SandboxUnavailable(f"The sandbox did not start: {outcome.failure}", remedy="forge-lsp doctor")

    def read(self, path: PurePosixPath) -> bytes | None:
        if self._copied is not None:
            return read_beneath(self._folder / "copy", path)
        layers = [self._folder / "written", self._folder / "files"]
        return read_layers([*layers, *([self._source] if self._source is not None else [])], path)

    async def _run(
        self,
        command: Sequence[str],
        timeout: float,
        env: Mapping[str, str] | None,
        readable: Sequence[Path],
        loopback: bool,
        stdin: bytes,
    ) -> _Outcome:
        with contextlib.ExitStack() as open_files:
            arguments = [
                *isolated(self._folder),
                *readable_beside(self._source, readable),
                *self._project(),
                *self._mounted_cache(),
                *("--chdir", str(self.root)),
                # Nothing but the project, /tmp and the home takes writes; the rest would be memory without a bound.
                *("--remount-ro", "/", "--remount-ro", "/dev"),
                *environment(clean_environment(HOME, "/tmp", env)),
            ]
            arguments_fd = _memory_file("arguments", b"".join(os.fsencode(a) + b"\0" for a in arguments), open_files)
            sockets = Sockets.LOOPBACK if loopback else Sockets.UNIX
            filter_fd = _memory_file("filter", seccomp_filter(sockets), open_files)
            status = StatusPipes(rlimits(self._settings.limits, timeout=timeout))
            open_files.callback(status.close)
            ours = ["--args", str(arguments_fd), "--seccomp", str(filter_fd), *status.arguments]
            try:
                result = await watched(
                    process.run(
                        [str(self._settings.program), *ours, "--", *command],
                        env={},
                        timeout=timeout,
                        stdin=stdin,
                        pass_fds=(arguments_fd, filter_fd, *status.passed),
                        started=status.started,
                    ),
                    self._folder,
                    self._settings.limits,
                )
            finally:
                await status.emptied(_EMPTYING)
            ran = status.finish()
        if status.failure is not None:
            return _Outcome(result=result, failure=f"its limits could not be set ({status.failure})")
        if ran or result.timed_out or (result.code == -signal.SIGKILL and not status.lost):
            return _Outcome(result=_with_signal(result))
        words = result.stderr.decode(errors="replace").strip()
        return _Outcome(result=result, failure=words or f"bwrap ended with {result.code}")

    async def keep(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None,
        readable: Sequence[Path],
        mounts: Sequence[str],
        closing: AsyncExitStack,
        *,
        filtered: bool = True,
    ) -> RunningCommand:
        """Start a command that is talked with; ``closing`` goes with it. Not ``filtered``: it filters what it starts
        itself."""
        try:
            await process.to_the_end(asyncio.to_thread(self._make_folders))
            open_files = closing.enter_context(contextlib.ExitStack())
            arguments = [
                *isolated(self._folder),
                *readable_beside(self._source, readable),
                *mounts,
                *("--remount-ro", "/", "--remount-ro", "/dev"),
                *environment(clean_environment(HOME, "/tmp", env)),
            ]
            arguments_fd = _memory_file("arguments", b"".join(os.fsencode(a) + b"\0" for a in arguments), open_files)
            filters: list[int] = []
            if filtered:
                # It sees the project's folder itself, not through an overlay: a socket in it could be connected to.
                filters.append(_memory_file("filter", seccomp_filter(Sockets.NONE), open_files))
            status = StatusPipes(rlimits(self._settings.limits, timeout=_KEPT_SECONDS))
            open_files.callback(status.close)
            closing.push_async_callback(status.emptied, _EMPTYING)
            ours = ["--args", str(arguments_fd), *status.arguments]
            ours += [word for descriptor in filters for word in ("--seccomp", str(descriptor))]
            return await keep(
                [str(self._settings.program), *ours, "--", *command],
                env={},
                pass_fds=(arguments_fd, *filters, *status.passed),
                started=status.started,
                closing=closing,
            )
        except BaseException:
            await closing.aclose()
            raise

    def _mounted_cache(self) -> list[str]:
        if self._cache is None:
            return []
        if self._cache.lower is None:
            return ["--bind", str(self._cache.folder), str(_CACHE)]
        work = self._cache.folder.with_name("cache-work")
        return ["--overlay-src", str(self._cache.lower), "--overlay", str(self._cache.folder), str(work), str(_CACHE)]

    def _project(self) -> list[str]:
        root = str(self.root)
        if self._copied is not None:
            arguments = ["--bind", str(self._folder / "copy"), root]
            for name in self._copied.linked:
                arguments += ["--ro-bind", str(self.root / name), str(self.root / name)]
            return arguments
        return [
            *("--overlay-src", str(self._source)),
            *(("--overlay-src", str(self._folder / "files")) if any((self._folder / "files").iterdir()) else ()),
            *("--overlay", str(self._folder / "written"), str(self._folder / "work"), root),
            *hidden(self._source),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """``failure`` is bwrap's own complaint where the command never ran."""

    result: ProcessResult
    failure: str | None = None

    @property
    def missing(self) -> bool:
        """Whether the command is not there."""
        return self.failure is not None and "execvp" in self.failure


def _with_signal(result: ProcessResult) -> ProcessResult:
    """bwrap tells a signal as a shell does, by 128 and its number; a :class:`ProcessResult` by a negative one."""
    number = result.code - 128
    return replace(result, code=-number) if number in signal.valid_signals() else result


def _memory_file(name: str, content: bytes, open_files: contextlib.ExitStack) -> int:
    descriptor = os.memfd_create(name)
    open_files.callback(os.close, descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
