"""From devices, models and schedule to the plan. Pure; the search is in search.py, the words in explain.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_lsp.placement.plan import Device, ModelNeed, Move, Plan, PlannedStage, Problem, Stage, Step, Turn
from forge_lsp.placement.rig import Rig
from forge_lsp.placement.search import EFFORT, SearchResult, search
from forge_lsp.placement.swapping import SwapTrace, follow
from forge_lsp.placement.weighing import Weigher

__all__ = ["make", "weigher"]


def make(
    devices: Sequence[Device],
    needs: Sequence[ModelNeed],
    steps: Sequence[Step],
    *,
    problems: Sequence[Problem] = (),
    effort: int = EFFORT,
) -> Plan:
    """Return the best plan that is found. A model that fits no device is left out of ``placement``; the others are
    planned. ``effort`` bounds the search (see search.py)."""
    weigh = weigher(devices, needs, steps)
    if not weigh.rig.needs:
        found = SearchResult(where=(), score=(weigh.fixed, 0, 0, 0), optimal=True)
    else:
        found = search(weigh, effort=effort)
    return _written(weigh.rig, found, needs, problems)


def _fitting(need: ModelNeed, devices: Sequence[Device]) -> list[str]:
    rig = Rig(devices=tuple(devices), needs=(need,), steps=())
    allowed = [device.uuid for number, device in enumerate(devices) if rig.fits_alone(0, number)]
    return allowed if need.movable else [uuid for uuid in allowed if uuid == need.gpu]


def weigher(devices: Sequence[Device], needs: Sequence[ModelNeed], steps: Sequence[Step]) -> Weigher:
    """Return a weigher for the placements of the models that fit some device."""
    placeable = tuple(need for need in needs if _fitting(need, devices))
    rig = Rig(devices=tuple(devices), needs=placeable, steps=tuple(steps))
    numbers = {device.uuid: number for number, device in enumerate(devices)}
    allowed = [tuple(numbers[uuid] for uuid in _fitting(need, devices)) for need in rig.needs]
    preferred = [None if need.gpu is None else numbers.get(need.gpu) for need in rig.needs]
    return Weigher(rig=rig, allowed=allowed, preferred=preferred)


def _written(rig: Rig, found: SearchResult, needs: Sequence[ModelNeed], problems: Sequence[Problem]) -> Plan:
    masks = dict.fromkeys(range(len(rig.devices)), 0)
    for model, device in enumerate(found.where):
        masks[device] |= 1 << model
    base: dict[str, tuple[str, ...]] = {}
    traces: dict[str, SwapTrace] = {}
    waits: dict[int, float] = {}
    for number, mask in masks.items():
        uuid = rig.devices[number].uuid
        traces[uuid] = SwapTrace()
        course = follow(rig, number, mask, traces[uuid])
        base[uuid] = _keys(rig, course.base)
        for stage, wait in course.waiting.items():
            waits[stage] = max(wait, waits.get(stage, 0.0))
    scenes = tuple(_scene(rig, found.where, at, traces, waits.get(at, 0.0)) for at in range(len(rig.stages)))
    most = {
        uuid: max((mask.bit_count() for mask in (_mask(rig, base[uuid]), *trace.resident)), default=0)
        for uuid, trace in traces.items()
    }
    return Plan(
        devices=rig.devices,
        needs=tuple(needs),
        placement={need.key: rig.devices[device].uuid for need, device in zip(rig.needs, found.where, strict=True)},
        base=base,
        scenes=scenes,
        # the sets of later turns hold no more models than the device ever has at once
        max_loaded={uuid: max(1, count, _turned(traces[uuid])) for uuid, count in most.items()},
        problems=tuple(problems),
        optimal=found.optimal,
        cost=found.score[0],
        headroom=-found.score[2],
    )


def _scene(rig: Rig, where: Sequence[int], at: int, traces: Mapping[str, SwapTrace], waiting: float) -> PlannedStage:
    stage = rig.stages[at]
    step = rig.steps[stage.step]
    numbers = {need.key: number for number, need in enumerate(rig.needs)}
    seconds = step.elsewhere + waiting
    for each in step.rounds:
        load: dict[int, float] = {}
        for key, one in each.items():
            if key in numbers:
                device = where[numbers[key]]
                load[device] = load.get(device, 0.0) + one * rig.speed[device]
        seconds += max(load.values(), default=0.0)
    behind = rig.stages[at - 1] if at else None
    before: tuple[int, Stage] | None = None if behind is None else (behind.attempt, rig.steps[behind.step].stage)
    moves = tuple(
        Move(
            device=uuid,
            unload=_keys(rig, act.unload),
            load=_keys(rig, act.load),
            seconds=act.seconds,
            hidden=act.hidden,
            overlaps=before if act.turn == 0 else None,
            before=act.turn,
        )
        for uuid, trace in traces.items()
        for act in trace.acts
        if act.stage == at
    )
    return PlannedStage(
        attempt=stage.attempt,
        stage=step.stage,
        resident={uuid: _named(rig, trace.resident[at]) for uuid, trace in traces.items()},
        turns={uuid: _turns(rig, trace.turns[at]) for uuid, trace in traces.items() if trace.turns[at]},
        moves=moves,
        seconds=seconds,
        waiting=waiting,
    )


def _turns(rig: Rig, turns: Sequence[Sequence[int]]) -> tuple[Turn, ...]:
    return tuple(_keys(rig, turn) for turn in turns)


def _turned(trace: SwapTrace) -> int:
    """Return the most models that are in memory at once, moves within stages included."""
    most, resident, at = 0, 0, -1
    for act in trace.acts:
        if act.stage != at or act.turn == 0:
            resident, at = trace.resident[act.stage], act.stage
        if act.turn:
            for model in act.unload:
                resident &= ~(1 << model)
            for model in act.load:
                resident |= 1 << model
        most = max(most, resident.bit_count())
    return most


def _mask(rig: Rig, keys: Sequence[str]) -> int:
    return sum(1 << number for number, need in enumerate(rig.needs) if need.key in keys)


def _named(rig: Rig, mask: int) -> tuple[str, ...]:
    return tuple(need.key for number, need in enumerate(rig.needs) if mask >> number & 1)


def _keys(rig: Rig, models: Sequence[int]) -> tuple[str, ...]:
    return tuple(rig.needs[model].key for model in models)
