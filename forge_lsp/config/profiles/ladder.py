"""The whole ladder, made of what is installed: solo, duo, trio, debate, vote; panels of two to five; paid rungs last.

The table is the three-gpu profile's, as far as there are members for it. What it comes to on the GPUs is the planner's
word: contexts are as large as fit, as long as that costs little time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from forge_lsp.config.profiles.fitness import Installed, traits
from forge_lsp.config.profiles.fitting import (
    CONTEXTS,
    USUAL,
    AvailableModel,
    ServerDevices,
    context_at,
    takes,
    together,
)
from forge_lsp.config.profiles.roles import Member, Roles, panel, roles_of
from forge_lsp.placement.placement import make
from forge_lsp.placement.plan import Device, ModelNeed, Plan
from forge_lsp.placement.timing import TimedRow, steps

__all__ = ["LadderModel", "ModelLadder", "key_of", "ladder_of"]

_PANELS = (2, 3, 5, 5, 5)
"""Reviewers, row by row."""
_ASPECTS = (("quality", 0.2), ("security", 0.2), ("logic", 0.15), ("architecture", 0.25), ("patterns", 0.2))
_AT_ONCE = 3
"""Models that write at the same time, at most."""
_LATE = 0.7
"""Share of the strongest writer's worth from which on a model writes after a debate or a vote."""
_SLOWER = 1.1
"""How much longer all attempts may take for a larger context, and how many more swaps they may need."""
_EFFORT = 8_000
"""Of one search of the planner: some ten milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderModel:
    """A model of the ladder: where it runs and why it has its part. ``device`` is a UUID, None where none is known."""

    key: str
    model: Installed
    server: str
    context: int
    why: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLadder:
    """``values`` are settings: models, schedule, reviewers. ``left_out``: names with the reason why they have no part;
    ``plan``: the planner's, None where no memory is known."""

    entries: tuple[LadderModel, ...]
    values: Mapping[str, object]
    left_out: tuple[tuple[str, str], ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    """A row before it is settings. ``paid``: the settings key of the paid model that writes in place of ``writer``."""

    attempts: tuple[int, ...]
    strategy: str
    thinkers: tuple[Member, ...]
    writer: Member
    beside: tuple[Member, ...]
    panel: tuple[Member, ...]
    critical: bool = False
    paid: str | None = None


@lru_cache(maxsize=32)
def ladder_of(
    offers: tuple[AvailableModel, ...], places: tuple[ServerDevices, ...], paid: tuple[str, ...] = ()
) -> ModelLadder:
    """Return the ladder. ``paid``: settings keys of two paid models, cheaper first, or (). Raises ValueError where
    nothing that is installed can write."""
    roles = roles_of(offers, places)
    if not roles.writers:
        raise ValueError("no installed model writes")
    devices = tuple(dict.fromkeys(device for place in places for device in place.known))
    rungs = _rungs(roles, devices, paid)
    homes = {one.model.name: _home(one, places) for one in roles.members}
    plans = [_planned(roles, rungs, homes, places, most) for most in CONTEXTS if most >= USUAL]
    chosen = plans[-1]
    for rows, contexts, plan in plans:
        if plan is None or plans[-1][2] is None or _as_good(plan, plans[-1][2]):
            chosen = (rows, contexts, plan)
            break
    rungs, contexts, plan = chosen
    called = [one for one in roles.members if any(one in _called(rung) for rung in rungs)]
    keys = _keys([one.model.name for one in called])
    entries = tuple(
        _entry(one, roles, rungs, keys[one.model.name], contexts[one.model.name], homes, places, plan) for one in called
    )
    unused = [(one.model.name, "others are fitter for every part") for one in roles.members if one not in called]
    return ModelLadder(
        entries=entries, values=_values(entries, rungs, roles), left_out=(*roles.left_out, *unused), plan=plan
    )


def key_of(name: str) -> str:
    """The settings key of a model: its name without registry and namespace."""
    short = re.sub(r"-GGUF\b", "", name.rpartition("/")[2].removesuffix(":latest"), flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", short).strip("-")


def _keys(names: Sequence[str]) -> dict[str, str]:
    """Settings keys by name; where two names would have one, both are written out."""
    short = {name: key_of(name) for name in names}
    often = [key for key in short.values() if list(short.values()).count(key) > 1]
    whole = {name: re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") for name in names}
    return {name: whole[name] if key in often else key for name, key in short.items()}


# ---------------------------------------------------------------------- the table


def _rungs(roles: Roles, devices: Sequence[Device], paid: tuple[str, ...]) -> tuple[_Rung, ...]:
    ranked = sorted(roles.members, key=lambda one: (-one.write, one.model.name))
    strongest = [one for one in ranked if one.write >= _LATE * ranked[0].write]
    rungs: list[_Rung] = []
    for row, count in enumerate(_PANELS):
        free = row < len(roles.writers)
        late = row - len(roles.writers)
        writer = roles.writers[row] if free else strongest[late % len(strongest)]
        strategy, thinkers = _thinking(row, roles)
        rungs.append(
            _Rung(
                attempts=(2 * row + 1, 2 * row + 2),
                strategy=strategy,
                thinkers=thinkers,
                writer=writer,
                beside=_beside(writer, roles, devices) if free else (),
                panel=panel(roles, writer, count, devices),
                critical=not free,
                paid=paid[late] if paid and not free else None,
            )
        )
    return tuple(rungs)


def _thinking(row: int, roles: Roles) -> tuple[str, tuple[Member, ...]]:
    """Who thinks in a row, and how: the strategies of the table, as far as there are members for them."""
    have = len(roles.thinkers)
    if have == 0:
        return "none", ()
    wanted = ("solo", "duo", "trio", "debate", "vote")[row]
    if have == 1:
        return "solo", roles.thinkers
    if have == 2:
        wanted = {"trio": "duo", "vote": "debate"}.get(wanted, wanted)
    count = {"solo": 1, "duo": 2, "trio": 3, "debate": 3, "vote": have}[wanted]
    return wanted, roles.thinkers[:count]


def _beside(writer: Member, roles: Roles, devices: Sequence[Device]) -> tuple[Member, ...]:
    """Who writes at the same time: writers of other families that can be in memory with ``writer``."""
    chosen = [writer]
    for one in roles.writers:
        new = one.maker not in {other.maker for other in chosen}
        if new and devices and len(chosen) < _AT_ONCE and together([*(o.model for o in chosen), one.model], devices):
            chosen.append(one)
    return tuple(chosen[1:])


# ---------------------------------------------------------------------- where, and how large a context


def _home(member: Member, places: Sequence[ServerDevices]) -> str:
    """The server of a model before the plan is made: the one with the most memory that it fits."""
    held = [place for place in places if place.server in member.offer.servers]
    best = max(held, key=lambda place: max((device.free for device in place.known), default=0))
    return best.server


_Planned = tuple[tuple[_Rung, ...], dict[str, int], Plan | None]


def _planned(
    roles: Roles, rungs: tuple[_Rung, ...], homes: Mapping[str, str], places: Sequence[ServerDevices], most: int
) -> _Planned:
    contexts = {one.model.name: context_at(one.model, one.devices, most) or _least(one.model) for one in roles.members}
    while True:
        plan = _plan(roles, rungs, contexts, homes, places)
        kept = rungs if plan is None else tuple(_side_by_side(rung, plan) for rung in rungs)
        if kept == rungs:
            return rungs, contexts, plan
        rungs = kept


def _least(model: Installed) -> int:
    return min(CONTEXTS[-1], model.context or CONTEXTS[-1])


def _plan(
    roles: Roles,
    rungs: Sequence[_Rung],
    contexts: Mapping[str, int],
    homes: Mapping[str, str],
    places: Sequence[ServerDevices],
) -> Plan | None:
    devices = tuple(dict.fromkeys(device for place in places for device in place.known))
    if not devices or roles.spread:
        return None
    needs: list[ModelNeed] = []
    for one in roles.members:
        if not one.devices:
            continue
        name, everywhere = one.model.name, len(one.devices) == len(devices)
        home = next(place for place in places if place.server == homes[name])
        needs.append(
            ModelNeed(
                key=name,
                name=name,
                footprint=takes(one.model, contexts[name], name),
                server=home.server,
                gpu=None if everywhere else home.known[0].uuid,
                movable=everywhere,
            )
        )
    rows = [
        TimedRow(
            attempts=rung.attempts,
            strategy=rung.strategy,
            thinkers=tuple(one.model.name for one in rung.thinkers),
            generator=rung.paid or rung.writer.model.name,
            beside=tuple(one.model.name for one in rung.beside),
            members=tuple(one.model.name for one in rung.panel),
        )
        for rung in rungs
    ]
    return make(devices, needs, steps(rows, {need.key: need.footprint for need in needs}), effort=_EFFORT)


def _side_by_side(rung: _Rung, plan: Plan) -> _Rung:
    """The rung without those that would have to take turns with others of its writers."""
    scene = plan.scene(rung.attempts[0], "generate")
    if not rung.beside or scene is None or all(len(turns) == 1 for turns in scene.turns.values()):
        return rung
    return replace(rung, beside=rung.beside[:-1])


def _as_good(plan: Plan, usual: Plan) -> bool:
    dearer = plan.cost > usual.cost * _SLOWER or plan.evictions > usual.evictions * _SLOWER
    return not dearer and len(plan.placement) >= len(usual.placement)


# ---------------------------------------------------------------------- as settings


def _called(rung: _Rung) -> tuple[Member, ...]:
    writers = () if rung.paid else (rung.writer, *rung.beside)
    return (*rung.thinkers, *writers, *rung.panel)


def _entry(
    member: Member,
    roles: Roles,
    rungs: Sequence[_Rung],
    key: str,
    context: int,
    homes: Mapping[str, str],
    places: Sequence[ServerDevices],
    plan: Plan | None,
) -> LadderModel:
    name = member.model.name
    device = plan.placement.get(name) if plan is not None else None
    server = homes[name]
    if device is not None:
        having = [place for place in places if place.server in member.offer.servers]
        server = next((one.server for one in having if any(d.uuid == device for d in one.devices)), server)
    why = _why(member, roles, rungs)
    if roles.spread:
        why += "; it fits no single GPU: its server spreads it, or runs part of it on the CPU"
    return LadderModel(key=key, model=member.model, server=server, context=context, why=why, device=device)


def _why(member: Member, roles: Roles, rungs: Sequence[_Rung]) -> str:
    told: list[str] = []
    local = [rung for rung in rungs if not rung.paid]
    if any(rung.writer == member for rung in local):
        told.append(_why_writer(member, roles))
    elif any(member in rung.beside for rung in local):
        told.append("writes beside another family")
    if roles.thinkers and member == roles.thinkers[0]:
        told.append("the best planner for its time" if not told else "plans best")
    elif member in roles.thinkers:
        told.append("plans" if told else f"another view when plans are made ({member.maker})")
    if not told:
        told.append(f"reviews what others wrote ({member.maker})")
    return ", ".join(told)


def _why_writer(member: Member, roles: Roles) -> str:
    first = roles.writers[0]
    if member == first:
        return "the best coder for its time" if traits(member.model).coder else "the best writer for its time"
    if member.maker != first.maker:
        return f"another family than the first ({member.maker})"
    return "the strongest of those left"


def _values(entries: Sequence[LadderModel], rungs: Sequence[_Rung], roles: Roles) -> dict[str, object]:
    keys = {entry.model.name: entry.key for entry in entries}
    reviewing = {one.model.name for rung in rungs for one in rung.panel}
    ranked = [one.model.name for one in roles.reviewers if one.model.name in reviewing]
    models: dict[str, object] = {
        entry.key: {"server": entry.server, "name": entry.model.name, "context": entry.context} for entry in entries
    }
    reviewers: dict[str, object] = {}
    for number, name in enumerate(ranked):
        aspect, weight = _ASPECTS[number % len(_ASPECTS)]
        reviewers[keys[name]] = {"aspect": aspect, "weight": weight}
    return {"models": models, "schedule": [_row(rung, keys) for rung in rungs], "reviewers": reviewers}


def _row(rung: _Rung, keys: Mapping[str, str]) -> dict[str, object]:
    generator: dict[str, object] = {"model": rung.paid or keys[rung.writer.model.name]}
    if rung.beside and not rung.paid:
        generator["beside"] = [keys[one.model.name] for one in rung.beside]
    count = len(rung.panel)
    kind = "simple" if count < 3 else "critical" if rung.critical else "moderate" if count < 5 else "complex"
    return {
        "attempts": list(rung.attempts),
        "thinking": {"strategy": rung.strategy, "models": [keys[one.model.name] for one in rung.thinkers]},
        "generator": generator,
        "panel": {"kind": kind, "members": [keys[one.model.name] for one in rung.panel]},
    }
