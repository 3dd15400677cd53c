"""A plan with simulated Ollama servers under it, and the residency that manages them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.placement.claims import Claims
from forge_lsp.placement.memory_manager import DeviceServer
from forge_lsp.placement.moves import ResidentModel
from forge_lsp.placement.plan import Plan
from forge_lsp.placement.residency import ManagedResidency, make_managers
from tests.support.ollama_sim import Scheduler, SimModel, TimedServer

__all__ = ["SimulatedGpus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    name: str
    size: int
    size_vram: int


class SimulatedGpus:
    """``scale`` shortens every second; ``free`` tells what the driver says is free on a device, None: nothing."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        *,
        scale: float = 0.002,
        bandwidth: float = 2e9,
        free: Callable[[str], int | None] = lambda device: None,
        timeout: float = 20.0,
    ) -> None:
        self.plan = plan
        models = {
            need.key: SimModel(name=need.key, predicted=need.footprint.predicted, size=need.footprint.bytes)
            for need in plan.needs
        }
        self.servers: Mapping[str, TimedServer] = {
            device.uuid: TimedServer(
                Scheduler(models=models, free=device.free, max_loaded=plan.max_loaded[device.uuid]),
                scale=scale,
                bandwidth=bandwidth,
            )
            for device in plan.devices
        }
        self.measured: list[str] = []
        self.seconds: dict[str, float] = {}
        self.loading: dict[str, asyncio.Task[None]] = {}
        self.free = free
        self._folder = folder
        self._timeout = timeout
        self.residency = self.another()

    def another(self) -> ManagedResidency:
        """A residency as another process would have it: nothing shared but the servers and the locks."""
        servers = {uuid: self._server(uuid) for uuid in self.servers}
        managers = make_managers(self.plan, servers, loader=self, claims=Claims(self._folder), timeout=self._timeout)
        return ManagedResidency(self.plan, managers, timeout=self._timeout)

    def server_of(self, key: str) -> TimedServer:
        return self.servers[self.plan.placement[key]]

    def on(self, key: str) -> bool:
        """Whether a model is in memory."""
        return key in self.server_of(key).scheduler.loaded

    def events(self, kind: str) -> list[str]:
        """The models of every event of a kind."""
        return [e.model for server in self.servers.values() for e in server.scheduler.events if e.kind == kind]

    async def load(self, key: str) -> float:
        # As the models room does it: a cancel does not reach a load.
        loading = self.loading.get(key)
        if loading is None:
            loading = self.loading[key] = asyncio.create_task(self.server_of(key).load(key))
        await asyncio.shield(loading)
        self.loading.pop(key, None)
        return 1.5

    async def unload(self, key: str) -> None:
        await self.server_of(key).unload(key)

    async def call(self, keys: Sequence[str], seconds: float) -> None:
        """Every model answers for so many simulated seconds, all at once."""

        async def one(key: str) -> None:
            server = self.server_of(key)
            async with server.use(key):
                await server.wait(seconds)

        await asyncio.gather(*(one(key) for key in keys))

    def _server(self, uuid: str) -> DeviceServer:
        async def look() -> list[ResidentModel]:
            rows = self.servers[uuid].scheduler.ps()
            return [
                _Row(name=str(r["name"]), size=int(str(r["size"])), size_vram=int(str(r["size_vram"]))) for r in rows
            ]

        async def free() -> int | None:
            return self.free(uuid)

        async def measured(key: str, row: ResidentModel, seconds: float) -> None:
            del row
            self.measured.append(key)
            self.seconds[key] = seconds

        names = {key: key for key, device in self.plan.placement.items() if device == uuid}
        return DeviceServer(names=names, look=look, free=free, measured=measured)
