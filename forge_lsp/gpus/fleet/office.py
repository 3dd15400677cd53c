"""The fleet as the command line and the editors use it: what the settings wish, laid out on the GPUs that are there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports.fleet import FleetReport
from forge_lsp.gpus import inventory
from forge_lsp.gpus.fleet.control import Control
from forge_lsp.gpus.fleet.layout import Wanted, lay_out
from forge_lsp.gpus.fleet.state import FleetSpec, Folder

__all__ = ["Office", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the settings say: the Ollama program (None: on PATH), its models' folder (None: its own), the servers, how
    many of them (None: one a GPU), and the plan's OLLAMA_MAX_LOADED_MODELS by GPU."""

    servers: Sequence[Wanted]
    program: str | None = None
    models: Path | None = None
    count: int | None = None
    loaded: Mapping[str, int] = field(default_factory=dict[str, int])


class Office:
    """See :class:`forge_lsp.domain.ports.fleet.Fleet`. ``wish`` gets the GPUs' UUIDs; it is asked by ``up`` alone, so
    that wrong settings keep nobody from looking or stopping."""

    def __init__(self, folder: Folder, wish: Callable[[Sequence[str]], Awaitable[Wish]]) -> None:
        self._control = Control(folder)
        self._wish = wish

    async def up(self) -> FleetReport:
        """Raises SettingsError, EnvironmentFault."""
        found = await inventory.read()
        gpus = [gpu.uuid for gpu in found.gpus]
        wish = await self._wish(gpus)
        layout = lay_out(wish.servers, gpus, number=wish.count, loaded=wish.loaded)
        program = await asyncio.to_thread(_program, wish.program)
        models = None if wish.models is None else str(wish.models.expanduser())
        notes = await self._control.up(FleetSpec(program=program, models=models, servers=layout.servers))
        report = await self._control.status(await inventory.read())
        return replace(report, notes=(*layout.notes, *notes, *report.notes))

    async def status(self) -> FleetReport:
        """Raises EnvironmentFault."""
        return await self._control.status(await inventory.read())

    async def down(self) -> FleetReport:
        """Raises EnvironmentFault."""
        before = FleetReport()
        try:
            before = await self._control.status(inventory.Inventory())
        finally:  # a state file that cannot be read keeps no supervisor from being ended
            await self._control.down()
        return before


def _program(named: str | None) -> str:
    found = shutil.which(str(Path(named).expanduser()) if named else "ollama")
    if found is None:
        missing = f"fleet.program: there is no program {named}" if named else "there is no `ollama` on PATH"
        remedy = "install it from https://ollama.com/download, or name it: [fleet] program = '/path/to/ollama'"
        raise EnvironmentFault(missing, remedy=remedy)
    return str(Path(found).absolute())
