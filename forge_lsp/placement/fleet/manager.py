"""The fleet as the command line and the editors use it: the servers of the settings on the GPUs of this machine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports.fleet import FleetReport
from forge_lsp.placement import inventory
from forge_lsp.placement.devices import configured, devices
from forge_lsp.placement.fleet.control import Control
from forge_lsp.placement.fleet.layout import FleetLayout, ServerRequest, lay_out
from forge_lsp.placement.fleet.scout import scout
from forge_lsp.placement.fleet.state import FleetSpec, Folder
from forge_lsp.placement.inventory import Inventory
from forge_lsp.placement.plan import Plan
from forge_lsp.placement.planning import ModelRequest, arranged
from forge_lsp.placement.timing import TimedRow

__all__ = ["FleetManager", "FleetRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """What the settings ask for.

    ``program``: Ollama (None: the one on PATH); ``models``: the folder of its models (None: its default);
    ``count``: how many servers (None: one for each GPU); ``called`` and ``rows``: the models and the schedule that
    calls them; ``memory``: bytes of the GPUs whose memory the settings give, by UUID.
    """

    servers: Sequence[ServerRequest]
    program: str | None = None
    models: Path | None = None
    count: int | None = None
    called: Sequence[ModelRequest] = ()
    rows: Sequence[TimedRow] = ()
    memory: Mapping[str, int] = field(default_factory=dict[str, int])


class FleetManager:
    """See :class:`forge_lsp.core.ports.fleet.Fleet`. ``request`` is called with the GPUs' UUIDs, by ``up`` alone, so
    that wrong settings do not prevent ``status`` and ``down``."""

    def __init__(self, folder: Folder, request: Callable[[Sequence[str]], Awaitable[FleetRequest]]) -> None:
        self._folder = folder
        self._control = Control(folder)
        self._request = request

    async def up(self) -> FleetReport:
        """Start or restart the servers and return their state. Raises SettingsError, EnvironmentFault."""
        found = await inventory.read()
        gpus = [gpu.uuid for gpu in found.gpus]
        request = await self._request(gpus)
        layout = lay_out(request.servers, gpus, number=request.count)
        program = await asyncio.to_thread(_program, request.program)
        models = None if request.models is None else str(request.models.expanduser())
        spec = FleetSpec(program=program, models=models, servers=layout.servers)
        notes = await self._control.up(spec, lambda spec: self._planned(spec, request, layout, found))
        report = await self._control.status(await inventory.read())
        return replace(report, notes=(*layout.notes, *notes, *report.notes))

    async def _planned(
        self, spec: FleetSpec, request: FleetRequest, layout: FleetLayout, found: Inventory
    ) -> FleetSpec:
        """Return ``spec`` with each model on the server of the GPU that the plan chose, and with the number of models
        that each server holds. Without GPUs of a known size the settings' own assignment stays."""
        gpu_of = {server.key: server.gpu for server in layout.servers}
        named = {gpu for gpu in gpu_of.values() if gpu is not None}
        here = [
            *await devices(found),
            *configured({gpu: request.memory[gpu] for gpu in named if gpu in request.memory}),
        ]
        given = {device.uuid: device for device in here if device.uuid in named}
        if not request.called or len(named) < len(gpu_of) or given.keys() != named:
            return spec
        self._folder.make()
        async with scout(spec.program, spec.models, self._folder.log("plan")) as url:
            called = [
                replace(model, url=url or model.url, gpu=gpu_of.get(model.server), slots=1) for model in request.called
            ]
            plan = await arranged(called, request.rows, list(given.values()), state_dir=self._folder.path.parent)
        servers = {gpu: key for key, gpu in gpu_of.items()}
        return replace(
            spec,
            placement={model: servers[gpu] for model, gpu in plan.placement.items()},
            servers=tuple(
                replace(one, parallel=1, loaded=max(1, _loaded(plan, one.gpu, one.loaded))) for one in spec.servers
            ),
        )

    async def status(self) -> FleetReport:
        """Return the state of the servers. Raises EnvironmentFault."""
        return await self._control.status(await inventory.read())

    async def down(self) -> FleetReport:
        """Stop the servers and return what was running. Raises EnvironmentFault."""
        before = FleetReport()
        try:
            before = await self._control.status(inventory.Inventory())
        finally:  # a state file that cannot be read does not prevent ending the supervisor
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
