"""What does not fit, in numbers, and what to do about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from forge_lsp.placement.footprint import largest_context
from forge_lsp.placement.plan import GIB, Device, ModelNeed, Plan, PlannedStage, Problem
from forge_lsp.placement.rig import SPARE, Rig

__all__ = ["explained", "gib", "overcommitted"]

#: Licences that forbid production use: such a model is used where a profile names it, and never proposed.
_RESTRICTED = re.compile(r"(.*/)?codestral", re.IGNORECASE)
_SUBSTITUTE = "qwen2.5-coder:14b"
_NEAREST = 'take the nearest profile that fits: profile = "one-gpu" makes its roles from what is installed'
_SLOW = 120.0
"""Seconds of a stage from which on a person has gone away."""


def gib(count: float) -> str:
    """``12.3``: bytes as GiB."""
    return f"{count / GIB:.1f}"


def explained(plan: Plan, configured: Sequence[ModelNeed], *, profile: str, contexts: Mapping[str, int]) -> Plan:
    """The plan with its problems. ``configured``: the models where the settings put them, with their servers' slots."""
    found = [
        *_nowhere(plan, profile, contexts),
        *overcommitted(plan.devices, configured, plan),
        *_turns(plan, profile),
        *_licence(plan, profile),
        *_guesses(plan),
        *_slow(plan),
    ]
    return replace(plan, problems=(*plan.problems, *found))


def overcommitted(
    devices: Sequence[Device], configured: Sequence[ModelNeed], plan: Plan | None = None
) -> tuple[Problem, ...]:
    """Devices that the settings put more on than they hold at once, with the sum, and where the plan puts it."""
    problems: list[Problem] = []
    for number, device in enumerate(devices):
        here = [need for need in configured if need.gpu == device.uuid]
        rig = Rig(devices=(device,), needs=tuple(here), steps=())
        if not here or rig.together(rig.everything, 0) is not None:
            continue
        total = sum(need.footprint.bytes for need in here)
        over = total + SPARE - device.free
        parts = " + ".join(f"{need.key} {gib(need.footprint.bytes)}" for need in rig.needs)
        wide = sorted({need.parallel for need in here if need.parallel > 1})
        slots = f" (with parallel = {wide[-1]}, which multiplies the KV cache)" if wide else ""
        held = f"{gib(device.free)} GiB free of {gib(device.total)}"
        if over > 0:
            text = (
                f"{_label(number, device)}: {parts} = {gib(total)} GiB{slots}, and {gib(SPARE)} to spare, of {held}: "
                f"overcommitted by {gib(over)} GiB"
            )
        else:
            text = (
                f"{_label(number, device)}: {parts} = {gib(total)} GiB of {held}{slots} would fit, but Ollama predicts "
                "more than 80% of what is free for the last ones, and would evict"
            )
        problems.append(
            Problem(
                kind="overcommit" if over > 0 else "order",
                text=text,
                remedy=_elsewhere(devices, here, plan),
                device=device.uuid,
                models=tuple(need.key for need in rig.needs),
                over=max(0, over),
            )
        )
    return tuple(problems)


def _elsewhere(devices: Sequence[Device], here: Sequence[ModelNeed], plan: Plan | None) -> str | None:
    if plan is None:
        return None
    numbers = {device.uuid: number for number, device in enumerate(devices)}
    moved = [
        f"{need.key} on GPU {numbers[plan.placement[need.key]]}"
        for need in here
        if need.key in plan.placement and plan.placement[need.key] != need.gpu
    ]
    slots = "parallel = 1" if any(need.parallel > 1 for need in here) else ""
    swaps = sorted(
        {
            key
            for scene in plan.scenes
            for move in scene.moves
            for key in (*move.load, *move.unload)
            if key in {need.key for need in here}
        }
    )
    turns = f"{' and '.join(swaps)} swapped in and out" if swaps else ""
    words = "; ".join(part for part in (", ".join(moved), slots, turns) if part)
    return f"the plan holds: {words} (`forge-lsp fleet up` starts servers by it)" if words else None


def _nowhere(plan: Plan, profile: str, contexts: Mapping[str, int]) -> list[Problem]:
    most = max((device.free for device in plan.devices), default=0)
    problems: list[Problem] = []
    for need in plan.needs:
        if need.key in plan.placement:
            continue
        size = need.footprint.bytes
        ways: list[str] = []
        context = contexts.get(need.key, 8192)
        smaller = largest_context(need.footprint, context=context, room=most - SPARE)
        if smaller is not None:
            ways.append(f"set models.{need.key}.context = {smaller}")
        if _RESTRICTED.match(need.name):
            ways.append(f"take {_SUBSTITUTE} for it")
        if profile == "three-gpu":
            ways.append(_NEAREST)
        if not ways:
            ways.append('take a smaller model or a stronger quantisation, or profile = "embedded"')
        problems.append(
            Problem(
                kind="nowhere",
                text=f"{need.key} ({need.name}) needs {gib(size)} GiB and {gib(SPARE)} to spare; the largest device "
                f"has {gib(most)} GiB free: {gib(size + SPARE - most)} too few. Ollama would run part of it on the CPU",
                remedy=", or ".join(ways),
                models=(need.key,),
                over=size + SPARE - most,
            )
        )
    return problems


def _turns(plan: Plan, profile: str) -> list[Problem]:
    """Stages whose models cannot be in memory together, once for each set of models."""
    found: dict[tuple[str, str, frozenset[str]], list[PlannedStage]] = {}
    for scene in plan.scenes:
        for uuid, turns in scene.turns.items():
            if len(turns) > 1:
                keys = frozenset(key for turn in turns for key in turn)
                found.setdefault((uuid, scene.stage, keys), []).append(scene)
    numbers = {device.uuid: number for number, device in enumerate(plan.devices)}
    remedy = "fewer models in this stage, or smaller ones"
    if profile == "three-gpu":
        remedy = f"{_NEAREST}, or {remedy.replace('this stage', 'these stages')}"
    problems: list[Problem] = []
    for (uuid, stage, keys), scenes in found.items():
        named = sorted(keys, key=lambda key: (-plan.need(key).footprint.bytes, key))
        total = sum(plan.need(key).footprint.bytes for key in keys)
        device = plan.devices[numbers[uuid]]
        attempts = ", ".join(str(scene.attempt) for scene in scenes)
        problems.append(
            Problem(
                kind="turns",
                text=f"attempt {attempts}, {stage}: {', '.join(named)} = {gib(total)} GiB and {gib(SPARE)} to spare "
                f"cannot be on {_label(numbers[uuid], device)} together ({gib(device.free)} GiB free): they take "
                f"turns, and the stage waits up to {max(scene.waiting for scene in scenes):.0f} s for loads",
                remedy=remedy,
                device=uuid,
                models=tuple(named),
            )
        )
    return problems


def _licence(plan: Plan, profile: str) -> list[Problem]:
    if profile == "three-gpu":
        return []
    return [
        Problem(
            kind="licence",
            text=f"{need.key} ({need.name}): its licence forbids production use",
            remedy=f"{_SUBSTITUTE} is the free substitute",
            models=(need.key,),
        )
        for need in plan.needs
        if _RESTRICTED.match(need.name)
    ]


def _guesses(plan: Plan) -> list[Problem]:
    reasons: dict[tuple[str, bool], list[str]] = {}
    for need in plan.needs:
        found = need.footprint
        if found.guess and found.measured is None:
            reasons.setdefault((found.guess, found.installed), []).append(need.key)
    return [
        Problem(
            kind="guess",
            text=f"guessed sizes ({reason}): {', '.join(keys)}",
            remedy=None if installed else "fetch them with `forge-lsp models pull NAME`, then plan again",
            models=tuple(keys),
        )
        for (reason, installed), keys in reasons.items()
    ]


def _slow(plan: Plan) -> list[Problem]:
    slowest = max(plan.scenes, key=lambda scene: scene.seconds, default=None)
    if slowest is None or slowest.seconds < _SLOW or all(device.kind == "cuda" for device in plan.devices):
        return []
    return [
        Problem(
            kind="slow",
            text=f"attempt {slowest.attempt}, {slowest.stage} would take {slowest.seconds / 60:.0f} minutes on "
            f"{plan.devices[0].name}",
            remedy='profile = "embedded" is made for machines without a GPU',
        )
    ]


def _label(number: int, device: Device) -> str:
    return f"GPU {number} ({device.name})" if device.kind == "cuda" else device.name
