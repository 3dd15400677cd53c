"""A plan in words: tables, a bar for each device, what is swapped when, what it takes, what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from forge_lsp.core.ports.planning import Section
from forge_lsp.placement.explain import gib
from forge_lsp.placement.plan import Device, Move, Plan, Stage

__all__ = ["bar", "sections"]

_WIDTH = 32
_STAGES: tuple[Stage, ...] = ("think", "generate", "panel")


def sections(plan: Plan, *, note: str | None = None) -> tuple[Section, ...]:
    """What `forge-lsp plan` prints. ``note``: a line about the devices."""
    if not plan.needs:
        line = "these settings call no model of an Ollama server: there is nothing to place"
        return (_devices(plan, note), Section(title="Plan", lines=(line,)))
    return tuple(
        section
        for section in (_devices(plan, note), _models(plan), _moves(plan), _times(plan), _problems(plan))
        if section is not None
    )


def bar(used: int, free: int, width: int = _WIDTH) -> str:
    """``[#####---]``: how much of what loads may take is taken."""
    filled = min(width, -(-used * width // free)) if free > 0 else 0
    return f"[{'#' * filled}{'-' * (width - filled)}]"


def _devices(plan: Plan, note: str | None) -> Section:
    rows: list[tuple[str, ...]] = []
    for number, device in enumerate(plan.devices):
        peak = _peak(plan, device)
        rows.append(
            (
                _label(number, device),
                device.name,
                bar(peak, device.free),
                f"{gib(peak)} of {gib(device.free)}",
                gib(device.free - peak),
                str(plan.max_loaded.get(device.uuid, 1)) if plan.base.get(device.uuid) else "",
                ", ".join(plan.base.get(device.uuid, ())),
            )
        )
    head = ("device", "name", "at most", "GiB", "headroom", "max loaded", "loaded first, in this order")
    return Section(title="Devices", head=head, rows=tuple(rows), lines=() if note is None else (note,))


def _peak(plan: Plan, device: Device) -> int:
    sizes = {need.key: need.footprint.bytes for need in plan.needs}
    sets = [plan.base.get(device.uuid, ())]
    for scene in plan.scenes:
        here = set(scene.resident.get(device.uuid, ()))
        sets.append(tuple(here))
        for move in scene.moves:
            if move.device == device.uuid and move.before:
                here = (here - set(move.unload)) | set(move.load)
                sets.append(tuple(here))
    return max(sum(sizes[key] for key in keys) for keys in sets)


def _models(plan: Plan) -> Section:
    labels = _labels(plan)
    rows = tuple(
        (
            need.key,
            need.name,
            labels.get(plan.placement.get(need.key, ""), "nowhere"),
            labels.get(need.gpu or "", ""),
            gib(need.footprint.weights),
            gib(need.footprint.kv),
            gib(need.footprint.estimate) + ("?" if need.footprint.guess else ""),
            gib(need.footprint.predicted),
            "" if need.footprint.measured is None else gib(need.footprint.measured),
        )
        for need in plan.needs
    )
    head = ("model", "name", "on", "as set", "weights", "cache", "estimate", "Ollama predicts", "measured")
    return Section(title="Models (GiB)", head=head, rows=rows)


def _moves(plan: Plan) -> Section:
    labels = _labels(plan)
    rows = [
        (
            f"{scene.attempt} {scene.stage}",
            labels[move.device],
            ", ".join(move.unload),
            ", ".join(move.load),
            f"{move.seconds:.1f}",
            f"{move.hidden:.1f}{_behind(move)}",
        )
        for scene in plan.scenes
        for move in scene.moves
    ]
    count = sum(len(keys) for keys in plan.base.values())
    lines = (
        f"{plan.loads} loads in a job of {_last(plan)} attempts, {count} of them before the first; "
        f"{plan.evictions} evictions",
    )
    if not rows:
        return Section(title="Swaps", lines=("none: everything stays in memory", *lines))
    head = ("before", "device", "out", "in", "seconds", "hidden")
    return Section(title="Swaps", head=head, rows=tuple(rows), lines=lines)


def _behind(move: Move) -> str:
    return f" (from {move.overlaps[0]} {move.overlaps[1]})" if move.overlaps and move.hidden else ""


def _times(plan: Plan) -> Section:
    """Attempts that take the same share a line."""
    by_attempt: dict[int, dict[str, tuple[float, float]]] = {}
    for scene in plan.scenes:
        by_attempt.setdefault(scene.attempt, {})[scene.stage] = (scene.seconds, scene.waiting)
    groups: dict[tuple[str, ...], list[int]] = {}
    for attempt, stages in by_attempt.items():
        total = sum(seconds for seconds, _ in stages.values())
        cells = tuple(_seconds(stages.get(stage)) for stage in _STAGES)
        groups.setdefault((*cells, f"{total:.0f}"), []).append(attempt)
    rows = tuple((", ".join(map(str, attempts)), *cells) for cells, attempts in groups.items())
    found = "the best there is" if plan.optimal else "the best that was found"
    return Section(
        title="Expected seconds",
        head=("attempt", *_STAGES, "together"),
        rows=rows,
        lines=(f"{plan.cost:.0f} s for all attempts, checks included: {found}",),
    )


def _seconds(stage: tuple[float, float] | None) -> str:
    if stage is None:
        return ""
    seconds, waiting = stage
    return f"{seconds:.0f}" + (f" (of which {waiting:.0f} loading)" if waiting >= 0.5 else "")


def _problems(plan: Plan) -> Section | None:
    lines = [
        line
        for problem in plan.problems
        for line in (f"! {problem.text}", *((f"  -> {problem.remedy}",) if problem.remedy else ()))
    ]
    return Section(title="Problems", lines=tuple(lines)) if lines else None


def _labels(plan: Plan) -> Mapping[str, str]:
    return {device.uuid: _label(number, device) for number, device in enumerate(plan.devices)}


def _label(number: int, device: Device) -> str:
    return f"GPU {number}" if device.kind == "cuda" else device.kind


def _last(plan: Plan) -> int:
    return max((scene.attempt for scene in plan.scenes), default=0)
