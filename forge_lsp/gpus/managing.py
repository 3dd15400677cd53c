"""Whose memory is ours to manage: servers of this machine that have a GPU each, which are all known."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from forge_lsp.gpus import inventory, ollama_api
from forge_lsp.gpus.calibration import Calibration, Seen
from forge_lsp.gpus.claims import Claims
from forge_lsp.gpus.devices import devices, told
from forge_lsp.gpus.dock import Berth, Mover
from forge_lsp.gpus.moves import Memory
from forge_lsp.gpus.plan import Device, Plan
from forge_lsp.gpus.planning import Wanted, arranged
from forge_lsp.gpus.residency import ManagedResidency, make_docks
from forge_lsp.gpus.survey import Seat, full
from forge_lsp.gpus.timing import Row

__all__ = ["in_force", "managed"]


async def managed(
    seats: Sequence[Seat],
    wanted: Sequence[Wanted],
    rows: Sequence[Row],
    *,
    mover: Mover,
    state_dir: Path,
    timeout: float,
) -> ManagedResidency | None:
    """A residency over the servers of ``seats``, each model where the settings have it; None where there is nothing
    to manage: a server without a GPU that is known, two on one GPU, one that does not answer, one elsewhere."""
    plan = await in_force(seats, wanted, rows, state_dir=state_dir)
    if plan is None:
        return None
    berths = {seat.gpu: _berth(seat, plan, wanted, state_dir) for seat in _used(seats, wanted) if seat.gpu is not None}
    claims = Claims(state_dir / "residency")
    return ManagedResidency(
        plan, make_docks(plan, berths, mover=mover, claims=claims, timeout=timeout), timeout=timeout
    )


async def in_force(
    seats: Sequence[Seat], wanted: Sequence[Wanted], rows: Sequence[Row], *, state_dir: Path
) -> Plan | None:
    """The plan that such servers are managed by: each model where it is, what is left to plan being when. None where
    there is nothing to manage."""
    mine = _used(seats, wanted)
    gpus = {seat.key: seat.gpu for seat in mine}
    if not mine or None in gpus.values() or len(set(gpus.values())) < len(mine):
        return None
    if any(seat.off_machine for seat in mine) or any(one.server not in gpus for one in wanted):
        return None
    if None in await asyncio.gather(*(ollama_api.version(seat.url) for seat in mine)):
        return None
    found = await _devices(mine)
    if found is None:
        return None
    slots = {seat.key: seat.parallel for seat in mine}
    here = [replace(one, gpu=gpus[one.server], fixed=True, slots=slots[one.server]) for one in wanted]
    return await arranged(here, rows, found, state_dir=state_dir)


def _used(seats: Sequence[Seat], wanted: Sequence[Wanted]) -> list[Seat]:
    used = {one.server for one in wanted}
    return [seat for seat in seats if seat.key in used]


async def _devices(seats: Sequence[Seat]) -> list[Device] | None:
    """The GPUs of the servers: as the driver shows them, else as the settings tell; None where one is unknown."""
    memory = {seat.gpu: seat.memory for seat in seats if seat.gpu is not None and seat.memory is not None}
    here = {device.uuid: device for device in (*told(memory), *await devices(await inventory.read()))}
    found = [here[seat.gpu] for seat in seats if seat.gpu in here]
    return found if len(found) == len(seats) else None


def _berth(seat: Seat, plan: Plan, wanted: Sequence[Wanted], state_dir: Path) -> Berth:
    ours = {one.key: one for one in wanted if one.server == seat.key}
    digests: dict[str, str] = {}
    calibration = Calibration(state_dir)

    async def look() -> Sequence[Memory] | None:
        found = await ollama_api.loaded(seat.url)
        digests.update({row.name: row.digest for row in found or ()})
        return found

    async def free() -> int | None:
        return next((gpu.free for gpu in (await inventory.read()).gpus if gpu.uuid == seat.gpu), None)

    async def measured(key: str, row: Memory, seconds: float) -> None:
        one = ours[key]
        parallel = plan.need(key).parallel
        seen = Seen(digest=digests[row.name], context=one.context, server=seat.key, parallel=parallel)
        await calibration.note({seen: (row.size, row.size_vram)})
        if seat.gpu is not None:
            await calibration.note_load(seat.gpu, row.size, seconds)

    names: Mapping[str, str] = {key: full(one.name) for key, one in ours.items()}
    return Berth(names=names, look=look, free=free, measured=measured)
