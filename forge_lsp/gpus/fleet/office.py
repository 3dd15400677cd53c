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
from forge_lsp.gpus.devices import devices, told
from forge_lsp.gpus.fleet.control import Control
from forge_lsp.gpus.fleet.layout import Layout, Wanted, lay_out
from forge_lsp.gpus.fleet.scout import scout
from forge_lsp.gpus.fleet.state import FleetSpec, Folder
from forge_lsp.gpus.inventory import Inventory
from forge_lsp.gpus.plan import Plan
from forge_lsp.gpus.planning import Wanted as Model
from forge_lsp.gpus.planning import arranged
from forge_lsp.gpus.timing import Row

__all__ = ["Office", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the settings say: the Ollama program (None: on PATH), its models' folder (None: its own), the servers, how
    many of them (None: one a GPU); the models that are called and the schedule that calls them; and bytes of the GPUs
    whose memory the settings tell, by UUID."""

    servers: Sequence[Wanted]
    program: str | None = None
    models: Path | None = None
    count: int | None = None
    called: Sequence[Model] = ()
    rows: Sequence[Row] = ()
    memory: Mapping[str, int] = field(default_factory=dict[str, int])


class Office:
    """See :class:`forge_lsp.domain.ports.fleet.Fleet`. ``wish`` gets the GPUs' UUIDs; it is asked by ``up`` alone, so
    that wrong settings keep nobody from looking or stopping."""

    def __init__(self, folder: Folder, wish: Callable[[Sequence[str]], Awaitable[Wish]]) -> None:
        self._folder = folder
        self._control = Control(folder)
        self._wish = wish

    async def up(self) -> FleetReport:
        """Raises SettingsError, EnvironmentFault."""
        found = await inventory.read()
        gpus = [gpu.uuid for gpu in found.gpus]
        wish = await self._wish(gpus)
        layout = lay_out(wish.servers, gpus, number=wish.count)
        program = await asyncio.to_thread(_program, wish.program)
        models = None if wish.models is None else str(wish.models.expanduser())
        spec = FleetSpec(program=program, models=models, servers=layout.servers)
        notes = await self._control.up(spec, lambda spec: self._planned(spec, wish, layout, found))
        report = await self._control.status(await inventory.read())
        return replace(report, notes=(*layout.notes, *notes, *report.notes))

    async def _planned(self, spec: FleetSpec, wish: Wish, layout: Layout, found: Inventory) -> FleetSpec:
        """Each model on the server of the GPU that the plan gives it, and each server told how many it is to hold.
        Without GPUs of a known size the settings' own assignment holds."""
        homes = {server.key: server.gpu for server in layout.servers}
        named = {gpu for gpu in homes.values() if gpu is not None}
        here = [*await devices(found), *told({gpu: wish.memory[gpu] for gpu in named if gpu in wish.memory})]
        given = {device.uuid: device for device in here if device.uuid in named}
        if not wish.called or len(named) < len(homes) or given.keys() != named:
            return spec
        self._folder.make()
        async with scout(spec.program, spec.models, self._folder.log("plan")) as url:
            called = [
                replace(model, url=url or model.url, gpu=homes.get(model.server), slots=1) for model in wish.called
            ]
            plan = await arranged(called, wish.rows, list(given.values()), state_dir=self._folder.path.parent)
        servers = {gpu: key for key, gpu in homes.items()}
        return replace(
            spec,
            placement={model: servers[gpu] for model, gpu in plan.placement.items()},
            servers=tuple(
                replace(one, parallel=1, loaded=max(1, _loaded(plan, one.gpu, one.loaded))) for one in spec.servers
            ),
        )

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


def _loaded(plan: Plan, gpu: str | None, otherwise: int) -> int:
    return plan.max_loaded.get(gpu, otherwise) if gpu is not None else otherwise


def _program(named: str | None) -> str:
    found = shutil.which(str(Path(named).expanduser()) if named else "ollama")
    if found is None:
        missing = f"fleet.program: there is no program {named}" if named else "there is no `ollama` on PATH"
        remedy = "install it from https://ollama.com/download, or name it: [fleet] program = '/path/to/ollama'"
        raise EnvironmentFault(missing, remedy=remedy)
    return str(Path(found).absolute())
