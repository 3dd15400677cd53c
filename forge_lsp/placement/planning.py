"""A plan for the settings' models on this machine, or on one that is imagined: looks, reckons, explains."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from forge_lsp.core.ports.planning import PlanningResult
from forge_lsp.placement import inventory, ollama_api
from forge_lsp.placement.calibration import Calibration, MeasuredModel
from forge_lsp.placement.devices import devices, imagined
from forge_lsp.placement.explain import explained
from forge_lsp.placement.footprint import footprint, shape
from forge_lsp.placement.placement import make
from forge_lsp.placement.plan import Device, ModelNeed, Plan
from forge_lsp.placement.rendering import sections
from forge_lsp.placement.timing import TimedRow, steps

__all__ = ["ModelRequest", "arranged", "plan", "planned"]

_TOLD = 20.0
"""Seconds for a model's whole description: the list of its tokens alone is megabytes."""
_UP = (
    "this is the fleet that is up, each model where it was put when the fleet started; to plan again: "
    "`forge-lsp fleet down`, then `forge-lsp fleet up`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A model of an Ollama server in the settings. ``url``: the server's; ``slots``: calls that the settings let the
    server answer at once; ``gpu``: the UUID that the settings name, None where they name none. ``fixed``: the user
    themself put it on its server."""

    key: str
    name: str
    server: str
    url: str
    context: int
    slots: int = 1
    gpu: str | None = None
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _ModelState:
    """What a server tells of one model. ``resident``: (size, size_vram, context) of `/api/ps`."""

    size: int | None = None
    digest: str = ""
    info: Mapping[str, object] | None = None
    resident: tuple[int, int, int | None] | None = None


async def planned(
    wanted: Sequence[ModelRequest],
    rows: Sequence[TimedRow],
    *,
    profile: str,
    state_dir: Path,
    gib: tuple[float, ...] | None = None,
    fleet: Plan | None = None,
) -> PlanningResult:
    """The plan, told. ``gib``: plan for GPUs of these sizes in place of this machine's. ``fleet``: the plan of the
    fleet that is up, which is told in place of a new one."""
    if fleet is None:
        made = await plan(wanted, rows, profile=profile, state_dir=state_dir, gib=gib)
    else:
        contexts = {one.key: one.context for one in wanted}
        made = explained(fleet, fleet.needs, profile=profile, contexts=contexts)
    document = {"profile": profile, "imagined": gib is not None, "fleet": fleet is not None, **made.to_json()}
    told = sections(made, note=_UP if fleet is not None else None)
    return PlanningResult(document=document, sections=told, ok=len(made.placement) == len(made.needs))


async def plan(
    wanted: Sequence[ModelRequest],
    rows: Sequence[TimedRow],
    *,
    profile: str,
    state_dir: Path,
    gib: tuple[float, ...] | None = None,
) -> Plan:
    """Where each model goes. Models that no server has are reckoned by their names; sizes that were measured count
    more than estimates."""
    told = await _states(wanted)
    calibration = Calibration(state_dir)
    await calibration.note(
        {
            MeasuredModel(digest=told[one.key].digest, context=one.context, server=one.server): (size, vram)
            for one in wanted
            if (resident := told[one.key].resident) is not None
            for size, vram, context in (resident,)
            if context == one.context
        }
    )
    found = imagined(gib) if gib is not None else await devices(await inventory.read())
    gpus = _given(wanted, found)
    if gib is None:
        found = _timed(_emptied(found, wanted, told, gpus), await calibration.load_speeds())
    measured: Mapping[str, int] = {}
    if gib is None:
        measured = await calibration.read()

    def needs(*, configured: bool) -> tuple[ModelNeed, ...]:
        return tuple(_need(one, told[one.key], measured, gpus.get(one.key), configured=configured) for one in wanted)

    wishes, free = needs(configured=True), needs(configured=False)
    schedule = steps(rows, {need.key: need.footprint for need in free})
    made = await asyncio.to_thread(make, found, free, schedule)
    return explained(made, wishes, profile=profile, contexts={one.key: one.context for one in wanted})


async def arranged(
    wanted: Sequence[ModelRequest], rows: Sequence[TimedRow], found: Sequence[Device], *, state_dir: Path
) -> Plan:
    """Where each model goes on devices of which each has a server of its own. A model is on ``gpu`` until it is moved,
    and is not moved where it is ``fixed``; one without any may go anywhere."""
    told = await _states(wanted)
    measured = await Calibration(state_dir).read()
    needs = [
        replace(_need(one, told[one.key], measured, one.gpu, configured=True), movable=not (one.fixed and one.gpu))
        for one in wanted
    ]
    emptied = _emptied(found, wanted, told, {one.key: one.gpu for one in wanted if one.gpu})
    emptied = _timed(emptied, await Calibration(state_dir).load_speeds())
    schedule = steps(rows, {need.key: need.footprint for need in needs})
    return await asyncio.to_thread(make, emptied, needs, schedule)


def _need(
    one: ModelRequest, told: _ModelState, measured: Mapping[str, int], gpu: str | None, *, configured: bool
) -> ModelNeed:
    slots = one.slots if configured else 1
    seen = MeasuredModel(digest=told.digest, context=one.context, server=one.server, parallel=slots)
    made = footprint(
        one.key,
        name=one.name,
        size=told.size,
        info=told.info,
        context=one.context,
        parallel=slots,
        measured=measured.get(str(seen)) if told.digest else None,
    )
    return ModelNeed(key=one.key, name=one.name, footprint=made, server=one.server, parallel=slots, gpu=gpu)


def _given(wanted: Sequence[ModelRequest], found: Sequence[Device]) -> Mapping[str, str]:
    """The device that the settings give each model: by the UUID of its server; where no server has one, the servers
    are taken to be on the devices in the order in which both are listed."""
    known = {device.uuid for device in found}
    servers = list(dict.fromkeys(one.server for one in wanted))
    if any(one.gpu in known for one in wanted):
        return {one.key: one.gpu for one in wanted if one.gpu in known}
    order = {server: device.uuid for server, device in zip(servers, found, strict=False)}
    if len(servers) == 1 and len(found) > 1:
        return {}  # one server over several GPUs chooses among them by itself
    return {one.key: order[one.server] for one in wanted if one.server in order}


def _emptied(
    found: Sequence[Device], wanted: Sequence[ModelRequest], told: Mapping[str, _ModelState], gpus: Mapping[str, str]
) -> tuple[Device, ...]:
    """The devices as they would be without the models that are loaded now: the plan says afresh what is."""
    ours: dict[str, int] = {}
    for one in wanted:
        resident = told[one.key].resident
        if resident is not None and one.key in gpus:
            ours[gpus[one.key]] = ours.get(gpus[one.key], 0) + resident[1]
    return tuple(replace(device, free=min(device.total, device.free + ours.get(device.uuid, 0))) for device in found)


def _timed(found: Sequence[Device], speeds: Mapping[str, float]) -> tuple[Device, ...]:
    """The devices with the speed at which loads were seen to come into them."""
    return tuple(replace(one, load_bandwidth=speeds.get(one.uuid, one.load_bandwidth)) for one in found)


async def _states(wanted: Sequence[ModelRequest]) -> Mapping[str, _ModelState]:
    urls = list(dict.fromkeys(one.url for one in wanted))
    lists = dict(zip(urls, await asyncio.gather(*(_lists(url) for url in urls)), strict=True))
    answers = await asyncio.gather(*(_one(one, *lists[one.url]) for one in wanted))
    return {one.key: answer for one, answer in zip(wanted, answers, strict=True)}


async def _lists(url: str) -> tuple[Mapping[str, Mapping[str, Any]], Mapping[str, ollama_api.Loaded]]:
    tags, loaded = await asyncio.gather(ollama_api.get(url, "/api/tags"), ollama_api.loaded(url))
    rows = cast("list[Mapping[str, Any]]", (tags or {}).get("models") or [])
    return {str(row.get("name") or ""): row for row in rows}, {one.name: one for one in loaded or ()}


async def _one(
    one: ModelRequest, installed: Mapping[str, Mapping[str, Any]], loaded: Mapping[str, ollama_api.Loaded]
) -> _ModelState:
    name = one.name if ":" in one.name.rpartition("/")[2] else f"{one.name}:latest"
    row, here = installed.get(name), loaded.get(name)
    if row is None:
        return _ModelState()
    info = await ollama_api.model_info(one.url, one.name)
    form = shape(info)
    if form is not None and form.missing:
        # What it left out for its length is worth asking for: it is hundreds of megabytes of estimate.
        body = {"model": one.name, "verbose": True}
        whole = await ollama_api.get(one.url, "/api/show", body=body, timeout=_TOLD)
        info = cast("Mapping[str, object]", (whole or {}).get("model_info") or info)
    return _ModelState(
        size=int(row.get("size") or 0) or None,
        digest=str(row.get("digest") or ""),
        info=info,
        resident=None if here is None else (here.size, here.size_vram, here.context),
    )
