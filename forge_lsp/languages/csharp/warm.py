"""``dotnet build`` with MSBuild and the compiler server kept alive, in a box of the workspace's own.

A build that starts both spends most of its time on that. Here they stay, in a box that is as closed as any, while each
candidate is built in a tree of its own. Only projects that run nothing of their own come here (see
:mod:`~forge_lsp.languages.csharp.plain`): what ran in MSBuild for one candidate would still be there for the next.
Where anything is not as it should be the answer is None, and a build in a new box decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from forge_lsp.checking.daemons import DaemonLimits, Daemons
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import ProcessResult, Sandbox, Tree
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.workbench import Workbench

__all__ = ["WARM", "WarmBuilds"]

WARM = ("-nodeReuse:true", "-p:UseSharedCompilation=true")
"""What a build is told so that it leaves its servers running, and uses those that are there."""
_KEEPING = DaemonLimits(patience=10.0, idle=300.0, starts=4, window=600.0, most=2)
_MOST_WAITING = 2
"""Builds of one workspace, the one at work included: more would wait longer than a cold one takes."""


class WarmBuilds:
    """The kept boxes of all workspaces. Lives in one event loop; ends with :meth:`aclose`."""

    def __init__(self, sandbox: Sandbox, *, keeping: DaemonLimits | None = None) -> None:
        # Only bubblewrap can lay one tree after another under what goes on running.
        self._sandbox = sandbox if isinstance(sandbox, Bubblewrap) and sandbox.overlay else None
        self._benches: Daemons[Workbench] = Daemons(keeping or _KEEPING)
        self._waiting: Counter[Hashable] = Counter()

    @property
    def running(self) -> int:
        """How many boxes are kept, starting ones included."""
        return self._benches.running

    @property
    def able(self) -> bool:
        """Whether boxes can be kept here."""
        return self._sandbox is not None

    async def build(
        self,
        tree: Tree,
        command: Sequence[str],
        *,
        dotnet: Path,
        digest: str,
        timeout: float,
        env: Mapping[str, str],
        readable: Sequence[Path],
    ) -> ProcessResult | None:
        """Run one build; see :meth:`~forge_lsp.core.ports.Box.run` for the arguments. ``dotnet`` is what it runs,
        ``digest`` that of all that the servers may remember of the tree: another one gets another box. None: there is
        no word from here.
        """
        sandbox, source = self._sandbox, tree.source
        if sandbox is None or source is None:
            return None
        key = (source, dotnet, digest, tuple(readable), tuple(sorted(env.items())))
        if self._waiting[key] >= _MOST_WAITING:
            return None
        self._waiting[key] += 1
        kept = {name: value for name, value in env.items() if name != "MSBUILDDISABLENODEREUSE"}

        async def start() -> Workbench:
            return await sandbox.workbench(source=source, readable=readable, programs=dotnet.parent)

        try:
            async with self._benches.use(key, start) as bench:
                if bench is None:
                    return None
                async with sandbox.places:
                    told = {**kept, "DOTNET_CLI_USE_MSBUILD_SERVER": "1"}
                    result = await bench.run(tree, command, timeout=timeout, env=told)
                return result if bench.alive else None
        except (EnvironmentFault, OSError):
            return None
        finally:
            self._waiting[key] -= 1
            self._waiting += Counter()  # drops what is zero

    async def aclose(self) -> None:
        """End all boxes, and what runs in them."""
        await self._benches.aclose()
