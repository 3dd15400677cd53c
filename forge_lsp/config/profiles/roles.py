"""Who writes, thinks and reviews, of the models that are installed. Pure.

Writers come from different families, so that their agreement says something: the best coder for its time first, then
another family, and the strongest of what is left last. Thinkers and reviewers are the best planners, of different
families too. A weak model of another family still writes, in the last place: what two families agree on is evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge_lsp.config.profiles.fitness import Installed, traits, why_unfit
from forge_lsp.config.profiles.fitting import (
    CONTEXTS,
    AvailableModel,
    ServerDevices,
    fits,
    roomy,
    takes,
    writing_seconds,
)
from forge_lsp.placement.plan import GIB, Device
from forge_lsp.placement.rig import SPARE

__all__ = ["Member", "Roles", "panel", "roles_of"]

_CODER = 0.6
"""Share of the best writer's worth for its time from which on a model that was made to write code comes before it."""
_SECOND = 0.5
"""Share of the first writer's worth that a further writer should have."""
_RUNGS = 3
_PATIENCE = 120.0
"""Seconds of writing that halve a model's worth."""
_LARGER = 2
"""How much larger than the smallest a model may be that fits nowhere."""
_THINKER = 6.0
"""Billions of parameters from which on thinking first helps rather than hurts."""
_REVIEWER = 1.0
"""Billions of parameters from which on a score means something."""
_REVIEWERS, _VOTERS = 6, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model that may have a part. ``value`` is its worth for writing by the time it takes, ``plan`` the same for
    thinking and reviewing."""

    offer: AvailableModel
    devices: tuple[Device, ...]
    value: float
    plan: float

    @property
    def model(self) -> Installed:
        return self.offer.model

    @property
    def maker(self) -> str:
        return traits(self.model).maker

    @property
    def write(self) -> float:
        return traits(self.model).write


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """``writers``: one for each rung that is free, in order (some may be the same). ``left_out``: names with the reason
    why they have no part. ``spread``: no model fits one GPU, and these fit all GPUs of a server together."""

    writers: tuple[Member, ...]
    thinkers: tuple[Member, ...]
    reviewers: tuple[Member, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    spread: bool = False

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody who has a part, each once."""
        found = {member.model.name: member for member in (*self.writers, *self.thinkers, *self.reviewers)}
        return tuple(found.values())


def roles_of(offers: Sequence[AvailableModel], places: Sequence[ServerDevices]) -> Roles:
    """Give the parts to what is installed. ``writers`` is empty where nothing can write."""
    where = {place.server: place for place in places}
    left_out: list[tuple[str, str]] = []
    able: list[Member] = []
    for offer in offers:
        reason = why_unfit(offer.model)
        if reason is not None:
            left_out.append((offer.model.name, reason))
            continue
        able.append(_member(offer, [where[server] for server in offer.servers]))
    fitting, spread = _fitting(able, where)
    left_out += [(one.model.name, _too_large(one)) for one in able if one not in fitting]
    if not fitting:
        return Roles(writers=(), thinkers=(), reviewers=(), left_out=tuple(left_out))
    thinkers = [one for one in fitting if traits(one.model).total >= _THINKER]
    reviewers = [one for one in fitting if traits(one.model).total >= _REVIEWER] or fitting
    writers = _writers(fitting)
    chosen = _mixed(thinkers, lambda one: one.plan)
    if len(chosen) > 1 and chosen[0] is writers[0] and chosen[1].plan >= _SECOND * chosen[0].plan:
        chosen[:2] = [chosen[1], chosen[0]]  # whose plan it is and who writes by it are better two
    roles = Roles(
        writers=tuple(writers),
        thinkers=tuple(chosen[:_VOTERS]),
        reviewers=tuple(_mixed(reviewers, lambda one: one.plan)[:_REVIEWERS]),
        spread=spread,
    )
    spare = [(one.model.name, "others are fitter for every part") for one in fitting if one not in roles.members]
    return Roles(
        writers=roles.writers,
        thinkers=roles.thinkers,
        reviewers=roles.reviewers,
        left_out=(*left_out, *spare),
        spread=spread,
    )


def panel(roles: Roles, writer: Member, count: int, devices: Sequence[Device]) -> tuple[Member, ...]:
    """Up to ``count`` reviewers of what ``writer`` wrote, never the writer unless nobody else is there:
    first those that can be in memory together, in the order of their worth."""
    others = [one for one in roles.reviewers if one is not writer] or list(roles.reviewers[:1])
    held = roomy([one.model for one in others], devices)
    resident = [one for one in others if one.model in held]
    chosen = [*resident, *(one for one in others if one not in resident)][:count]
    return tuple(one for one in others if one in chosen)


def _member(offer: AvailableModel, places: Sequence[ServerDevices]) -> Member:
    devices = tuple(dict.fromkeys(device for place in places for device in place.devices))
    known = tuple(dict.fromkeys(device for place in places for device in place.known))
    haste = 1 / (1 + writing_seconds(offer.model, devices) / _PATIENCE)
    worth = traits(offer.model)
    return Member(offer=offer, devices=known, value=worth.write * haste, plan=worth.plan * haste)


def _fitting(able: Sequence[Member], where: dict[str, ServerDevices]) -> tuple[list[Member], bool]:
    """Those that fit one device; where none does, those that fit all of a server's together; else the one that reads
    least for a token."""
    context = CONTEXTS[-1]
    fitting = [one for one in able if fits(one.model, context, one.devices)]
    if fitting or not able:
        return fitting, False
    over: list[Member] = []
    for one in able:
        room = max(sum(device.free for device in where[server].known) for server in one.offer.servers)
        if takes(one.model, context).bytes + SPARE <= room:
            over.append(one)
    if over:
        return over, True
    # Of what runs on the CPU in part, the one that reads least for a token is the least slow.
    least = min(one.model.size for one in able)
    able = [one for one in able if one.model.size <= _LARGER * least]
    return [min(able, key=lambda one: (writing_seconds(one.model, ()), one.model.name))], True


def _too_large(member: Member) -> str:
    needed = (takes(member.model, CONTEXTS[-1]).bytes + SPARE) / GIB
    free = max((device.free for device in member.devices), default=0) / GIB
    return f"it needs {needed:.1f} GiB, and the largest GPU of its server holds {free:.1f}"


def _writers(able: Sequence[Member]) -> list[Member]:
    """One for each free rung."""
    best = max(one.value for one in able)
    coders = [one for one in able if traits(one.model).coder and one.value >= _CODER * best]
    first = max(coders or able, key=lambda one: (one.value, one.model.name))
    rungs = [first]
    strong = [one for one in able if one.write >= _SECOND * first.write]
    for number in range(1, _RUNGS):
        makers = {one.maker for one in rungs}
        unused = [one for one in strong if one not in rungs]
        pool = [one for one in unused if one.maker not in makers] or unused
        if not pool:
            break
        last = number == _RUNGS - 1
        rungs.append(max(pool, key=lambda one: (one.write if last else one.value, one.model.name)))
    makers = {one.maker for one in rungs}
    others = [one for one in able if one.maker not in makers and traits(one.model).total >= _REVIEWER]
    if len(makers) == 1 and others:
        weak = max(others, key=lambda one: (one.value, one.model.name))
        return [*rungs[: _RUNGS - 1], *[first] * (_RUNGS - 1 - len(rungs)), weak]
    return [*rungs, *[first] * (_RUNGS - len(rungs))]


def _mixed(members: Sequence[Member], worth: Callable[[Member], float]) -> list[Member]:
    """The best of each family in the order of their worth, as far as it is not much less than the best; then all
    others."""
    ranked = sorted(members, key=lambda one: (-worth(one), one.model.name))
    first: list[Member] = []
    for one in ranked:
        if one.maker not in {other.maker for other in first} and worth(one) >= _SECOND * worth(ranked[0]):
            first.append(one)
    return [*first, *(one for one in ranked if one not in first)]
