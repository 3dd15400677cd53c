"""Follow one device with a set of models through all stages: what stays, what is swapped, what that costs. Pure.

Models that fit together are loaded once. Otherwise each stage loads its own models and evicts those that are needed
again the latest (Belady 1966: the schedule is known); what turns out not to be in the way stays. Models of one stage
that do not fit together take turns. A load may begin during the stage before, unless that stage uses what has to be
evicted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from forge_lsp.placement.rig import OPEN, SPARE, Hiding, Rig, StageNumbers, bits
from forge_lsp.placement.timing import UNLOAD

__all__ = ["NOTHING", "DeviceTimeline", "SwapStep", "SwapTrace", "follow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTimeline:
    """The result for a device. ``waiting``: seconds by number of the stage that are spent waiting for loads; ``peak``:
    the most bytes that are taken at any time; ``loads``: those of ``base``, the first models, included."""

    waiting: dict[int, float]
    evictions: int
    loads: int
    peak: int
    base: tuple[int, ...]


NOTHING = DeviceTimeline(waiting={}, evictions=0, loads=0, peak=0, base=())
"""The course of a device without models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapStep:
    """One move before turn ``turn`` of stage ``stage``."""

    stage: int
    turn: int
    unload: tuple[int, ...]
    load: tuple[int, ...]
    seconds: float
    hidden: float


@dataclass(slots=True)
class SwapTrace:
    """The moves one by one, and by stage what is resident as it begins and who is called in which turn."""

    acts: list[SwapStep] = field(default_factory=list[SwapStep])
    resident: list[int] = field(default_factory=list[int])
    turns: list[list[list[int]]] = field(default_factory=list[list[list[int]]])


def follow(rig: Rig, device: int, mask: int, trace: SwapTrace | None = None) -> DeviceTimeline:
    """Return what the device does in all stages. Every model must fit the device alone."""
    whole = rig.together(mask, device)
    if trace is None and whole is not None:
        return DeviceTimeline(waiting={}, evictions=0, loads=len(whole), peak=rig.bytes(mask), base=whole)
    return _Walk(rig, device, mask, trace).run()


class _Walk:
    __slots__ = (
        "base",
        "device",
        "evictions",
        "loads",
        "mask",
        "peak",
        "resident",
        "rig",
        "speed",
        "trace",
        "used",
        "waiting",
    )

    def __init__(self, rig: Rig, device: int, mask: int, trace: SwapTrace | None) -> None:
        self.rig, self.device, self.mask, self.trace = rig, device, mask, trace
        self.speed = rig.devices[device].load_bandwidth
        self.waiting: dict[int, float] = {}
        self.evictions = 0
        base = self._base()
        self.loads = len(base)
        self.resident = _mask(base)
        self.used = self.peak = rig.bytes(self.resident)
        self.base = base

    def run(self) -> DeviceTimeline:
        rig, mask, trace, device = self.rig, self.mask, self.trace, self.device
        resident = self.resident
        restless = False  # whether the stage before had more than one turn here
        for at, whole in enumerate(rig.masks):
            need = whole & mask
            if not need & ~resident:
                restless = False
            else:
                hiding = rig.hiding[at]
                if restless:
                    hiding = (hiding[0], 0.0, hiding[2])
                if need & need - 1 == 0 or rig.together(need, device) is not None:
                    self._bring(at, need, hiding)
                    resident, restless = self.resident, False
                else:
                    restless = self._take_turns(at, rig.stages[at], hiding)
                    resident = self.resident
                    continue
            if trace is not None:
                trace.resident.append(resident)
                trace.turns.append([bits(need)] if need else [])
        return DeviceTimeline(
            waiting=self.waiting, evictions=self.evictions, loads=self.loads, peak=self.peak, base=self.base
        )

    def _base(self) -> tuple[int, ...]:
        """Return what is loaded before the first stage: by first use, as much as fits."""
        rig, size, claim, device = self.rig, self.rig.size, self.rig.claim, self.device
        whole = rig.together(self.mask, device)
        if whole is not None:
            return whole
        chosen, free = 0, rig.free[device]
        for model in rig.by_first_use:
            if not self.mask >> model & 1 or size[model] + SPARE > free:
                continue
            # what can come last need not be tried in other orders
            if claim[model] <= free or rig.together(chosen | 1 << model, device) is not None:
                chosen, free = chosen | 1 << model, free - size[model]
        return rig.together(chosen, device) or ()

    def _bring(self, at: int, need: int, hiding: Hiding, *, turn: int = 0, soon: int = 0) -> None:
        """Make ``need`` resident. ``soon``: needed later in the same stage."""
        rig, missing = self.rig, need & ~self.resident
        if missing & missing - 1:
            gone, order = self._room(at, need, soon)
            come = _mask(order)
            size = rig.bytes(come)
        else:
            come, model = missing, missing.bit_length() - 1
            gone, order, size = self._room_for_one(at, need, model, soon), (model,), rig.size[model]
            if (
                gone & need
            ):  # what stays would be in the way of the rule itself: all of it goes, and comes back in order
                order = rig.together(need, self.device) or ()
                come, size = need, rig.bytes(need)
        seconds = size / self.speed + (UNLOAD if gone else 0.0)
        after, least, busy = hiding
        hidden = after if gone & busy else after + least
        if seconds > hidden:
            self.waiting[at] = self.waiting.get(at, 0.0) + seconds - hidden
        else:
            hidden = seconds
        self.loads += len(order)
        self.resident = self.resident & ~gone | come
        self.used += size
        if gone:
            self.evictions += gone.bit_count()
            self.used -= rig.bytes(gone)
        if self.used > self.peak:
            self.peak = self.used
        if self.trace is not None:
            away = tuple(bits(gone))
            self.trace.acts.append(
                SwapStep(stage=at, turn=turn, unload=away, load=order, seconds=seconds, hidden=hidden)
            )

    def _idle(self, at: int, need: int, soon: int) -> list[int]:
        """Return what may be evicted, what is needed again the latest first."""
        idle = self.resident & ~need
        if idle & idle - 1 == 0:
            return [idle.bit_length() - 1] if idle else []
        found = [model for model in self.rig.latest_first[at] if idle >> model & 1]
        if idle & soon:
            found.sort(key=lambda model: soon >> model & 1)
        return found

    def _room_for_one(self, at: int, need: int, model: int, soon: int) -> int:
        """Return what is evicted for a single model: :meth:`_room` for the frequent case."""
        rig, size, resident = self.rig, self.rig.size, self.resident
        free, least = rig.free[self.device] - self.used, size[model] + SPARE
        asked = max(least, rig.claim[model])
        if free >= (asked if resident else least):
            return 0
        gone, went = 0, list[int]()
        for one in self._idle(at, need, soon):
            went.append(one)
            gone |= 1 << one
            free += size[one]
            if free >= (least if gone == resident else asked):
                break
        else:
            return resident
        for one in reversed(went[:-1]):
            if free - size[one] >= asked:
                free -= size[one]
                gone &= ~(1 << one)
        return gone

    def _room(self, at: int, need: int, soon: int) -> tuple[int, tuple[int, ...]]:
        """Return what is evicted, and the order in which the missing models are loaded."""
        rig, resident, size = self.rig, self.resident, self.rig.size
        missing = bits(need & ~resident)
        free = rig.free[self.device] - self.used
        least = rig.bytes(need & ~resident) + SPARE
        order = rig.order(missing, free, empty=not resident) if free >= least else None
        if order is not None:
            return 0, order
        gone, went = 0, list[int]()
        for model in self._idle(at, need, soon):
            went.append(model)
            gone |= 1 << model
            free += size[model]
            if free >= least and (order := rig.order(missing, free, empty=resident == gone)) is not None:
                break
        if order is None:
            # What stays is in the way of the rule itself: all of it goes, and comes back in the right order.
            return resident, rig.together(need, self.device) or ()
        for model in reversed(went[:-1]):
            if free - size[model] < least:
                continue
            kept = rig.order(missing, free - size[model], empty=False)
            if kept is not None:
                order, free, gone = kept, free - size[model], gone & ~(1 << model)
        return gone, order

    def _take_turns(self, at: int, stage: StageNumbers, hiding: Hiding) -> bool:
        """Call the models of one stage that do not fit together: first those in memory, then as many of the others as
        fit at once, and so on, round by round. Return whether there was more than one turn."""
        rig, mask, trace = self.rig, self.mask, self.trace
        turns: list[list[int]] = [[]]
        start, fresh = self.resident, True  # fresh: nothing was called or brought yet
        for each, whole, later in stage.calls:
            left, soon = whole & mask, later & mask
            while left:
                here = left & self.resident
                if here:
                    fresh = False
                    if trace is not None:
                        turns[-1] += [model for model in each if here >> model & 1]
                    left ^= here
                    if not left:
                        break
                group = 0 if left & left - 1 else left
                if not group:
                    for model in each:
                        bit = 1 << model
                        if left & bit and (not group or rig.together(group | bit, self.device) is not None):
                            group |= bit
                if fresh:
                    self._bring(at, group, hiding, soon=soon)
                    start = self.resident
                else:
                    self._bring(at, group, OPEN, turn=len(turns), soon=soon)
                    turns.append([])
        if trace is not None:
            trace.resident.append(start)
            trace.turns.append([list(dict.fromkeys(turn)) for turn in turns])
        return len(turns) > 1


def _mask(models: Iterable[int]) -> int:
    mask = 0
    for model in models:
        mask |= 1 << model
    return mask
