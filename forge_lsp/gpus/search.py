"""Which model goes where: branch and bound where that ends soon, else descent and annealing by moves and swaps. Pure.

The cost of a placement is, over all stages, the time of the slowest device (what it computes, round by round) plus the
longest wait for a load; then evictions count, then headroom, then how many models leave the device that the settings
give them. Effort is counted (a unit is about half a microsecond of work), not read from a clock: every process finds
the same plan, on a busy machine too.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.gpus.standing import Standing
from forge_lsp.gpus.weighing import HAIR, Score, Weigher

__all__ = ["EFFORT", "Found", "better", "exhaust", "search"]

#: Annealing accepts, at first and at last, a cost that is higher by these shares of the start.
WARM, COLD = 0.05, 0.004
#: Share of the changes that annealing tries which take one model elsewhere; the others exchange two.
MOVES = 0.3
#: Share of the effort that the first annealing may take.
FIRST = 0.4
#: Of a search, in units of about half a microsecond.
EFFORT = 145_000
#: Placements from which on branch and bound seldom ends.
HOPELESS = 10**11
#: Effort of a node of branch and bound.
_NODE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device number for each model, and what it comes to. ``optimal``: there is no better one."""

    where: tuple[int, ...]
    score: Score
    optimal: bool


def search(weigher: Weigher, *, effort: int = EFFORT, seed: int = 7) -> Found:
    """The best placement found with so much effort: a descent from a greedy start, annealing with a part of the
    effort, branch and bound with a part of what is left (less where there is little hope that it ends), and else
    annealing with the rest, from the best."""
    shaken = random.Random(seed)
    best = _descend(weigher, _greedy(weigher), weigher.until(effort))
    best = _cool(weigher, best, shaken, int(effort * FIRST))
    ways = math.prod(len(allowed) for allowed in weigher.allowed)
    part = 5 if ways < HOPELESS else 20
    branch = _Branch(weigher, best, weigher.until(weigher.effort + max(0, effort - weigher.effort) // part))
    best = branch.run()
    if not branch.finished:
        best = _cool(weigher, best, shaken, max(1, (effort - weigher.effort) * 19 // 20))
        best = _descend(weigher, best, weigher.until(effort))
    return Found(where=best[1], score=best[0], optimal=branch.finished)


def _cool(weigher: Weigher, start: _Placed, shaken: random.Random, effort: int) -> _Placed:
    """Simulated annealing (Kirkpatrick 1983) from ``start`` with so much effort."""
    standing, best = Standing(weigher, start[1]), start
    where, allowed, count = standing.where, weigher.allowed, len(start[1])
    begun, warm = weigher.effort, start[0][0] * WARM
    while (share := (weigher.effort - begun) / effort) < 1:
        heat = warm * (COLD / WARM) ** share
        weigher.effort += 1
        one = int(shaken.random() * count)
        here = where[one]
        other: int | None = None
        if shaken.random() < MOVES:
            there = allowed[one][int(shaken.random() * len(allowed[one]))]
        else:
            other = int(shaken.random() * count)
            there = where[other]
            if there not in allowed[one] or here not in allowed[other]:
                continue
        if here == there:
            continue
        limit = standing.seconds - heat * math.log(1.0 - shaken.random())
        if standing.shift(one, there, other, limit) and standing.seconds < best[0][0] - HAIR:
            best = standing.score, tuple(where)
    return best


def exhaust(weigher: Weigher, *, until: Callable[[], bool]) -> tuple[Found, bool]:
    """Branch and bound without a bound on the effort, and whether it came to its end: to hold other searches against
    it. ``until`` is asked now and then whether to stop."""
    branch = _Branch(weigher, _descend(weigher, _greedy(weigher), until), until)
    score, where = branch.run()
    return Found(where=where, score=score, optimal=branch.finished), branch.finished


def better(weigher: Weigher, found: Found, shaken: random.Random, *, until: Callable[[], bool]) -> Found:
    """One more descent, from a shaken ``found`` or from anywhere: the better of it and ``found``."""
    anywhere = [shaken.choice(allowed) for allowed in weigher.allowed]
    start = _weighed(weigher, anywhere) if shaken.random() < 0.3 else _shake(weigher, found.where, shaken)
    score, where = _descend(weigher, start, until)
    return found if found.score <= score else Found(where=where, score=score, optimal=False)


_Placed = tuple[Score, tuple[int, ...]]


def _weighed(weigher: Weigher, where: Sequence[int]) -> _Placed:
    score = weigher.score(where)
    assert score is not None  # without a limit there always is one
    return score, tuple(where)


def _greedy(weigher: Weigher) -> _Placed:
    """The larger first, each where memory lasts and the parallel rounds are shortest."""
    rig = weigher.rig
    used = [0] * len(rig.devices)
    loads = [[0.0] * len(rig.devices) for _ in weigher.rounds]
    where: list[int] = []
    for model in range(len(rig.needs)):

        def price(device: int, model: int = model) -> tuple[int, float, int]:
            over = max(0, used[device] + rig.size[model] - rig.free[device])
            seconds = weigher.alone[model][device]
            for (times, calls), load in zip(weigher.rounds, loads, strict=True):
                if model in calls:
                    seconds += times * max(0.0, load[device] + calls[model] * rig.speed[device] - max(load))
            return over, seconds, used[device] - rig.free[device]

        device = min(weigher.allowed[model], key=price)
        where.append(device)
        used[device] += rig.size[model]
        for (_, calls), load in zip(weigher.rounds, loads, strict=True):
            load[device] += calls.get(model, 0.0) * rig.speed[device]
    return _weighed(weigher, where)


def _descend(weigher: Weigher, start: _Placed, until: Callable[[], bool]) -> _Placed:
    """Moves and swaps, each taken as soon as it helps, until none does or the effort is spent."""
    best, standing = start[0], Standing(weigher, start[1])
    improved = True
    while improved:
        improved = False
        for one, there, other in _changes(weigher, standing.where):
            if until():
                return best, tuple(standing.where)
            here = standing.where[one]
            if not standing.shift(one, there, other, best[0]):
                continue
            score = standing.score
            if score < best:
                best, improved = score, True
            else:
                standing.shift(one, here, other, math.inf)
    return best, tuple(standing.where)


def _changes(weigher: Weigher, where: list[int]) -> Iterator[tuple[int, int, int | None]]:
    """One model elsewhere, or two in each other's place; looked up as they are asked for, as ``where`` changes."""
    count = len(where)
    for model in range(count):
        for device in weigher.allowed[model]:
            if device != where[model]:
                yield model, device, None
    for one in range(count):
        for other in range(one + 1, count):
            here, there = where[one], where[other]
            if here != there and there in weigher.allowed[one] and here in weigher.allowed[other]:
                yield one, there, other


def _shake(weigher: Weigher, where: Sequence[int], shaken: random.Random) -> _Placed:
    moved = list(where)
    for _ in range(shaken.randint(2, 2 + len(moved) // 4)):
        model = shaken.randrange(len(moved))
        moved[model] = shaken.choice(weigher.allowed[model])
    return _weighed(weigher, moved)


class _Branch:
    """Depth first, the larger models first, the device that costs least first. A branch is cut where computing alone,
    and the waits of what is placed, cost as much as the best found."""

    def __init__(self, weigher: Weigher, best: _Placed, until: Callable[[], bool]) -> None:
        self.weigher, self.best, self.until = weigher, best, until
        self.finished = True
        rig = weigher.rig
        self.count = len(rig.needs)
        self.where: list[int] = []
        self.masks = [0] * len(rig.devices)
        self.loads = [[0.0] * len(rig.devices) for _ in weigher.rounds]
        # What the models from here on cost at least, each alone on the device that suits it best.
        self.rest = [0.0] * (self.count + 1)
        for model in range(self.count - 1, -1, -1):
            self.rest[model] = self.rest[model + 1] + min(weigher.alone[model][d] for d in weigher.allowed[model])
        self.to_come = [self._to_come(calls) for _, calls in weigher.rounds]

    def _to_come(self, calls: dict[int, float]) -> list[tuple[float, float]]:
        """By number of models placed: the longest call still to come, and all of them, on the fastest device."""
        fastest = min(self.weigher.rig.speed)
        table = [(0.0, 0.0)] * (self.count + 1)
        for model in range(self.count - 1, -1, -1):
            seconds = calls.get(model, 0.0) * fastest
            longest, total = table[model + 1]
            table[model] = (max(longest, seconds), total + seconds)
        return table

    def run(self) -> _Placed:
        if self.count:
            self._place(0, self.weigher.fixed)
        return self.best

    def _bound(self, depth: int, spent: float) -> float:
        bound = spent + self.rest[depth]
        devices = len(self.masks)
        for (times, _), load, table in zip(self.weigher.rounds, self.loads, self.to_come, strict=True):
            longest, total = table[depth]
            bound += times * max(max(load), longest, (sum(load) + total) / devices)
        return bound

    def _waiting(self) -> float:
        waits: dict[int, float] = {}
        for device, mask in enumerate(self.masks):
            if mask:
                for stage, wait in self.weigher.course(device, mask).waiting.items():
                    waits[stage] = max(wait, waits.get(stage, 0.0))
        return sum(waits.values())

    def _place(self, depth: int, spent: float) -> None:
        if depth == self.count:
            score = self.weigher.score(self.where, limit=self.best[0])
            if score is not None and score < self.best[0]:
                self.best = score, tuple(self.where)
            return
        weigher = self.weigher
        branches: list[tuple[float, int]] = []
        fresh: set[int] = set()
        for device in weigher.allowed[depth]:
            if not self.masks[device] and not self._distinct(device):
                kind = weigher.kind(device)
                if kind in fresh:
                    continue  # empty devices that are alike lead to the same placements
                fresh.add(kind)
            self._put(depth, device)
            branches.append((self._bound(depth + 1, spent + weigher.alone[depth][device]), device))
            self._take(depth, device)
        for bound, device in sorted(branches):
            if self.until():
                self.finished = False
                return
            weigher.effort += _NODE
            limit = self.best[0][0] + HAIR
            if bound > limit:
                return
            self._put(depth, device)
            if bound + self._waiting() <= limit:
                self._place(depth + 1, spent + weigher.alone[depth][device])
            self._take(depth, device)

    def _distinct(self, device: int) -> bool:
        """Whether the settings give a model this very device: then it is not like its twins."""
        return device in self.weigher.wished

    def _put(self, model: int, device: int) -> None:
        self.where.append(device)
        self.masks[device] |= 1 << model
        self._shift(model, device, 1.0)

    def _take(self, model: int, device: int) -> None:
        self.where.pop()
        self.masks[device] &= ~(1 << model)
        self._shift(model, device, -1.0)

    def _shift(self, model: int, device: int, sign: float) -> None:
        speed = self.weigher.rig.speed[device] * sign
        for (_, calls), load in zip(self.weigher.rounds, self.loads, strict=True):
            if model in calls:
                load[device] += calls[model] * speed
