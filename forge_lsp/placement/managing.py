"""The servers whose memory forge-lsp manages: those of this machine that each have a GPU of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from forge_lsp.core.addresses import full_name
from forge_lsp.placement import inventory, ollama_api
from forge_lsp.placement.calibration import Calibration, MeasuredModel
from forge_lsp.placement.claims import Claims
from forge_lsp.placement.devices import configured, devices
from forge_lsp.placement.memory_manager import DeviceServer, ModelLoader
from forge_lsp.placement.moves import ResidentModel
from forge_lsp.placement.plan import Device, Plan
from forge_lsp.placement.planning import ModelRequest, arranged
from forge_lsp.placement.residency import ManagedResidency, make_managers
from forge_lsp.placement.survey import ServerSettings
from forge_lsp.placement.timing import TimedRow

__all__ = ["in_force", "managed"]


async def managed(
    servers: Sequence[ServerSettings],
    wanted: Sequence[ModelRequest],
    rows: Sequence[TimedRow],
    *,
    loader: ModelLoader,
    state_dir: Path,
    timeout: float,
) -> ManagedResidency | None:
    """Return a residency over ``servers``, with each model where the settings put it.

    Return None where there is nothing to manage: a server without a known GPU, two servers on one GPU, one that does
    not answer, or one on another machine.
    """
    plan = await in_force(servers, wanted, rows, state_dir=state_dir)
    if plan is None:
        return None
    by_gpu = {
        server.gpu: _server(server, plan, wanted, state_dir)
        for server in _used(servers, wanted)
        if server.gpu is not None
    }
    claims = Claims(state_dir / "residency")
    return ManagedResidency(
        plan, make_managers(plan, by_gpu, loader=loader, claims=claims, timeout=timeout), timeout=timeout
    )


async def in_force(
    servers: Sequence[ServerSettings], wanted: Sequence[ModelRequest], rows: Sequence[TimedRow], *, state_dir: Path
) -> Plan | None:
    """Return the plan by which such servers are managed: each model stays where it is, and the plan says when it is
    loaded. Return None where there is nothing to manage."""
    mine = _used(servers, wanted)
    gpus = {server.key: server.gpu for server in mine}
    if not mine or None in gpus.values() or len(set(gpus.values())) < len(mine):
        return None
    if any(server.off_machine for server in mine) or any(one.server not in gpus for one in wanted):
        return None
    if None in await asyncio.gather(*(ollama_api.version(server.url) for server in mine)):
        return None
    found = await _devices(mine)
    if found is None:
        return None
    slots = {server.key: server.parallel for server in mine}
    here = [replace(one, gpu=gpus[one.server], fixed=True, slots=slots[one.server]) for one in wanted]
    return await arranged(here, rows, found, state_dir=state_dir)


def _used(servers: Sequence[ServerSettings], wanted: Sequence[ModelRequest]) -> list[ServerSettings]:
    used = {one.server for one in wanted}
    return [server for server in servers if server.key in used]


async def _devices(servers: Sequence[ServerSettings]) -> list[Device] | None:
    """Return the servers' GPUs, by the driver or else by the settings; None where one of them is unknown."""
    memory = {server.gpu: server.memory for server in servers if server.gpu is not None and server.memory is not None}
    here = {device.uuid: device for device in (*configured(memory), *await devices(await inventory.read()))}
    found = [here[server.gpu] for server in servers if server.gpu in here]
    return found if len(found) == len(servers) else None


def _server(server: ServerSettings, plan: Plan, wanted: Sequence[ModelRequest], state_dir: Path) -> DeviceServer:
    ours = {one.key: one for one in wanted if one.server == server.key}
    digests: dict[str, str] = {}
    calibration = Calibration(state_dir)

    async def look() -> Sequence[ResidentModel] | None:
        found = await ollama_api.loaded(server.url)
        digests.update({row.name: row.digest for row in found or ()})
        return found

    async def free() -> int | None:
        return next((gpu.free for gpu in (await inventory.read()).gpus if gpu.uuid == server.gpu), None)

    async def measured(key: str, row: ResidentModel, seconds: float) -> None:
        one = ours[key]
        parallel = plan.need(key).parallel
        seen = MeasuredModel(digest=digests[row.name], context=one.context, server=server.key, parallel=parallel)
        await calibration.note({seen: (row.size, row.size_vram)})
        if server.gpu is not None:
            await calibration.note_load(server.gpu, row.size, seconds)

    names: Mapping[str, str] = {key: full_name(one.name) for key, one in ours.items()}
    return DeviceServer(names=names, look=look, free=free, measured=measured)
