"""What one device does through all stages when it is given some models: what stays, what goes, what that costs. Pure.

Where the models fit together nothing moves. Else each stage finds its own models in memory: what is needed again the
latest goes (Belady 1966, for the schedule is known), and what turns out not to be in the way stays. Models of one stage
that do not fit together take turns. A load may begin while the stage before is at work, as far as that stage does not
use what has to go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from forge_lsp.gpus.rig import SPARE, Rig, StageNumbers, bits
from forge_lsp.gpus.timing import UNLOAD

__all__ = ["Act", "Course", "Trace", "follow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What it comes to. ``waiting``: seconds by number of the stage that are spent waiting for loads; ``peak``: the
    most bytes that are taken at any time; ``loads``: those of ``base``, the first models, included."""

    waiting: dict[int, float]
    evictions: int
    loads: int
    peak: int
    base: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One move before turn ``turn`` of stage ``stage``."""

    stage: int
    turn: int
    unload: tuple[int, ...]
    load: tuple[int, ...]
    seconds: float
    hidden: float


@dataclass(slots=True)
class Trace:
    """The moves one by one, and by stage what is resident as it begins and who is called in which turn."""

    acts: list[Act] = field(default_factory=list[Act])
    resident: list[int] = field(default_factory=list[int])
    turns: list[list[list[int]]] = field(default_factory=list[list[list[int]]])


@dataclass(frozen=True, slots=True)
class _Hiding:
    """What a load can hide behind: ``after`` seconds in any case, ``least`` more where nothing of ``busy`` goes."""

    after: float = 0.0
    least: float = 0.0
    busy: int = 0


def follow(rig: Rig, device: int, mask: int, trace: Trace | None = None) -> Course:
    """Go through all stages. Every model must fit the device alone."""
    whole = rig.together(mask, device)
    if trace is None and whole is not None:
        return Course(waiting={}, evictions=0, loads=len(whole), peak=rig.bytes(mask), base=whole)
    return _Walk(rig, device, mask, trace).go()


class _Walk:
    def __init__(self, rig: Rig, device: int, mask: int, trace: Trace | None) -> None:
        self.rig, self.device, self.mask, self.trace = rig, device, mask, trace
        self.speed = rig.devices[device].load_bandwidth
        self.waiting: dict[int, float] = {}
        self.evictions = 0
        base = self._base()
        self.loads = len(base)
        self.resident = _mask(base)
        self.used = self.peak = rig.bytes(self.resident)
        self.base = base

    def go(self) -> Course:
        stages, mask, trace = self.rig.stages, self.mask, self.trace
        restless = False  # whether the stage before had more than one turn here
        for at, whole in enumerate(self.rig.masks):
            need = whole & mask
            if need & ~self.resident == 0:
                restless = False
            elif self.rig.together(need, self.device) is not None:
                self._bring(at, need, self._hiding(at, restless))
                restless = False
            else:
                restless = self._take_turns(at, stages[at], self._hiding(at, restless))
                continue
            if trace is not None:
                trace.resident.append(self.resident)
                trace.turns.append([bits(need)] if need else [])
        return Course(waiting=self.waiting, evictions=self.evictions, loads=self.loads, peak=self.peak, base=self.base)

    def _hiding(self, at: int, restless: bool) -> _Hiding:
        if at == 0:
            return _Hiding()
        before = self.rig.stages[at - 1]
        return _Hiding(before.after, 0.0 if restless else before.least, before.mask)

    def _base(self) -> tuple[int, ...]:
        """What is loaded before the first stage: by first use, as much as there is room for."""
        rig = self.rig
        best = rig.together(self.mask, self.device)
        if best is not None:
            return best
        best, chosen, left = (), 0, rig.free[self.device] - SPARE
        for model in rig.by_first_use:
            if not self.mask >> model & 1 or rig.size[model] > left:
                continue
            order = rig.together(chosen | 1 << model, self.device)
            if order is not None:
                chosen, best, left = chosen | 1 << model, order, left - rig.size[model]
        return best

    def _bring(self, at: int, need: int, hiding: _Hiding, *, turn: int = 0, soon: int = 0) -> None:
        """Make ``need`` resident."""
        rig = self.rig
        gone, order = self._room(at, need, soon)
        come, size = 0, 0
        for model in order:
            come |= 1 << model
            size += rig.size[model]
        seconds = size / self.speed + (UNLOAD if gone else 0.0)
        hidden = min(seconds, hiding.after + (0.0 if gone & hiding.busy else hiding.least))
        if seconds > hidden:
            self.waiting[at] = self.waiting.get(at, 0.0) + seconds - hidden
        self.evictions += gone.bit_count()
        self.loads += len(order)
        self.resident = self.resident & ~gone | come
        self.used += size - rig.bytes(gone)
        self.peak = max(self.peak, self.used)
        if self.trace is not None:
            away = tuple(bits(gone))
            self.trace.acts.append(Act(stage=at, turn=turn, unload=away, load=order, seconds=seconds, hidden=hidden))

    def _room(self, at: int, need: int, soon: int) -> tuple[int, tuple[int, ...]]:
        """What goes, and the order in which what is missing comes. ``soon``: needed later in the same stage."""
        rig, resident, size = self.rig, self.resident, self.rig.size
        missing = bits(need & ~resident)
        free = rig.free[self.device] - self.used
        least = rig.bytes(need & ~resident) + SPARE
        order = rig.order(missing, free, empty=not resident) if free >= least else None
        if order is not None:
            return 0, order
        later = rig.next_use_after[at]
        spare = bits(resident & ~need)
        spare.sort(key=later.__getitem__, reverse=True)
        if soon:
            spare.sort(key=lambda model: soon >> model & 1)
        gone, went = 0, list[int]()
        for model in spare:
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

    def _take_turns(self, at: int, stage: StageNumbers, hiding: _Hiding) -> bool:
        """Models of one stage that cannot all be there: those that are there are called first, then as many of the
        others as fit at once, and so on, round by round. Whether there was more than one turn."""
        rig = self.rig
        turns: list[list[int]] = [[]]
        calls = [[model for model in each if self.mask >> model & 1] for each in stage.rounds]
        start = self.resident
        for number, each in enumerate(calls):
            soon = _mask(model for later in calls[number + 1 :] for model in later)
            left = each
            while left:
                here = [model for model in left if self.resident >> model & 1]
                turns[-1] += here
                left = [model for model in left if not self.resident >> model & 1]
                if not left:
                    break
                group = 0
                for model in left:
                    if rig.together(group | 1 << model, self.device) is not None:
                        group |= 1 << model
                if turns == [[]]:
                    self._bring(at, group, hiding, soon=soon)
                    start = self.resident
                else:
                    self._bring(at, group, _Hiding(), turn=len(turns), soon=soon)
                    turns.append([])
        if self.trace is not None:
            self.trace.resident.append(start)
            self.trace.turns.append([list(dict.fromkeys(turn)) for turn in turns])
        return len(turns) > 1


def _mask(models: Iterable[int]) -> int:
    mask = 0
    for model in models:
        mask |= 1 << model
    return mask
