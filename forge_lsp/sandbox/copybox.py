"""Sandboxes that work on a real copy of the project, in a folder of ours; they differ in how a command is started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from forge_lsp.core.errors import SandboxUnavailable, ToolMissing
from forge_lsp.core.ports import Box, ProcessResult, Tree
from forge_lsp.sandbox import process
from forge_lsp.sandbox.caches import BoxCache
from forge_lsp.sandbox.copying import CopyRules, copy_tree
from forge_lsp.sandbox.exposure import folders_of
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.limits import Limits, commands_at_once, rlimits, watched
from forge_lsp.sandbox.overlay import read_beneath, write_copy_files
from forge_lsp.sandbox.profile import clean_environment, private_entries, system_environment

__all__ = ["Confinement", "CopySandbox", "Invocation", "Runner", "launch", "run_directly"]

_LAUNCHER = Path(__file__).with_name("launcher.py")
_GRACE = 5.0
"""Seconds that the launcher has to sweep up. It takes milliseconds; a fork bomb takes longer, and must not get away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One command to be run in a box. ``root``, ``home`` and ``temp`` are the folders that take writes; ``linked`` the
    host's folders that the copy links to."""

    command: tuple[str, ...]
    root: Path
    home: Path
    temp: Path
    env: Mapping[str, str]
    readable: tuple[Path, ...]
    linked: tuple[Path, ...]
    loopback: bool
    stdin: bytes
    timeout: float
    limits: Limits
    cache: Path | None = None

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that take writes."""
        return (self.root, self.home, self.temp, *((self.cache,) if self.cache is not None else ()))


Runner = Callable[[Invocation], Awaitable[ProcessResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What the launcher is to lock: paths (None: all may be read and written), and system calls."""

    read: tuple[str, ...] | None = None
    write: tuple[str, ...] = ()
    filters: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySandbox:
    """A :class:`~forge_lsp.core.ports.Sandbox` on real copies."""

    kind: str
    runs_project_code: bool
    runner: Runner
    folders: BoxFolders
    limits: Limits = field(default_factory=Limits)
    rules: CopyRules = field(default_factory=CopyRules)
    remedy: str | None = None
    places: asyncio.Semaphore = field(default_factory=commands_at_once, compare=False)

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        """A box whose root is the copy. Raises EnvironmentFault when the project is too large for one."""
        return self._open(tree)

    @asynccontextmanager
    async def _open(self, tree: Tree) -> AsyncGenerator[Box]:
        folder = self.folders.create()
        box = _CopyBox(self, tree, folder)
        try:
            await box.prepare()
            yield box
            await box.finish()
        finally:
            await self.folders.discard(folder)


class _CopyBox:
    def __init__(self, sandbox: CopySandbox, tree: Tree, folder: Path) -> None:
        self._sandbox = sandbox
        self._tree = tree
        self._folder = folder
        self._linked: tuple[Path, ...] = ()
        self._cache = BoxCache.of(tree, sandbox.folders.base, folder, overlay=False)
        name = tree.source.absolute().name if tree.source is not None else tree.name
        self._root = folder / "copy" / (name or "project")

    @property
    def root(self) -> Path:
        return self._root

    @property
    def cache(self) -> Path:
        return self._cache.folder if self._cache is not None else self._folder / "cache"

    async def finish(self) -> None:
        """Leave the cache to others where that was asked for."""
        if self._cache is not None:
            await process.to_the_end(asyncio.to_thread(self._cache.finish))

    async def prepare(self) -> None:
        """Copy the project and lay the tree's files over it."""
        for name in ("copy", "home", "tmp"):
            (self._folder / name).mkdir()
        if self._cache is not None:
            await process.to_the_end(asyncio.to_thread(self._cache.prepare))
        source = self._tree.source
        if source is None:
            self._root.mkdir()
        else:
            source = source.absolute()
            skip = (self._sandbox.folders.base.absolute(), *private_entries(source))
            copied = await copy_tree(source, self._root, self._sandbox.rules, skip=skip)
            self._linked = tuple(source / path for path in copied.linked)
            for path in copied.linked:
                (self._root / path).symlink_to(source / path, target_is_directory=True)
        await process.to_the_end(asyncio.to_thread(write_copy_files, self._tree, self._root))

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
        home, temp = self._folder / "home", self._folder / "tmp"
        invocation = Invocation(
            command=tuple(command),
            root=self._root,
            home=home,
            temp=temp,
            cache=self._cache.folder if self._cache is not None else None,
            env={**system_environment(), **clean_environment(str(home), str(temp), env)},
            readable=folders_of(readable, self._tree.source),
            linked=self._linked,
            loopback=loopback,
            stdin=stdin,
            timeout=timeout,
            limits=self._sandbox.limits,
        )
        async with self._sandbox.places:
            return await watched(self._sandbox.runner(invocation), self._folder, self._sandbox.limits)

    def read(self, path: PurePosixPath) -> bytes | None:
        return read_beneath(self._root, path)


async def run_directly(invocation: Invocation) -> ProcessResult:
    """Start the command as a plain child: where there is no launcher (Windows, macOS)."""
    return await process.run(
        invocation.command,
        cwd=invocation.root,
        env=invocation.env,
        timeout=invocation.timeout,
        stdin=invocation.stdin,
    )


async def launch(invocation: Invocation, confinement: Confinement) -> ProcessResult:
    """Start the command through :mod:`forge_lsp.sandbox.launcher`.

    Raises SandboxUnavailable when the confinement could not be set up, ToolMissing when the program is not there.
    """
    with contextlib.ExitStack() as open_files:
        status_read, status_write = os.pipe()
        open_files.callback(os.close, status_read)
        writing = open_files.enter_context(contextlib.ExitStack())
        writing.callback(os.close, status_write)
        spec_fd = os.memfd_create("spec")
        open_files.callback(os.close, spec_fd)
        spec = {
            "command": invocation.command,
            "cwd": str(invocation.root),
            "env": dict(invocation.env),
            "parent": os.getpid(),
            "status": status_write,
            "rlimits": rlimits(invocation.limits, timeout=invocation.timeout),
            "landlock": None
            if confinement.read is None
            else {"read": confinement.read, "write": (*confinement.write, "/dev/null", "/dev/zero", "/dev/full")},
            "filters": [program.hex() for program in confinement.filters],
        }
        os.write(spec_fd, json.dumps(spec).encode())
        os.lseek(spec_fd, 0, os.SEEK_SET)
        result = await process.run(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(spec_fd)],
            env=system_environment(),
            timeout=invocation.timeout,
            stdin=invocation.stdin,
            pass_fds=(spec_fd, status_write),
            grace=_GRACE,
        )
        writing.close()
        status = os.read(status_read, 4096)
    return _outcome(result, status, invocation.command[0])


def _outcome(result: ProcessResult, status: bytes, program: str) -> ProcessResult:
    words: dict[str, object] = json.loads(status) if status else {}
    if isinstance(code := words.get("code"), int):
        return replace(result, code=code)
    if result.timed_out:
        return result
    if words.get("step") == "exec":
        raise ToolMissing(f"The program {program} is not installed in a folder that the sandbox shows.")
    if "error" in words and isinstance(number := words["error"], int):
        raise SandboxUnavailable(
            f"The sandbox did not start: {words['step']}: {os.strerror(number)}.", remedy="forge-lsp doctor"
        )
    detail = result.stderr.decode(errors="replace").strip() or f"the launcher ended with {result.code}"
    raise SandboxUnavailable(f"The sandbox did not start: {detail}", remedy="forge-lsp doctor")
