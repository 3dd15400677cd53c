"""Placements model by model, those that compute longest first, with what each start of one costs at least: branch and
bound, which ends with a proof, and a beam, which ends soon. Pure. Internal to the search.

The bound of a start is what it computes and waits already, and for what is to come: each call alone on the device that
suits it best, and each parallel round no shorter than its longest call, nor than all of its work spread over the
devices by their speeds. The order counts for more than the width of the beam: with the largest models first it was four
times as far from the optimum.

One more model can shorten what a device waits, in less than one case of a hundred, for what leaves and stays is decided
stage by stage. So the proof has a gap; benchmarks/placement.py tells how often it is seen.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge_lsp.gpus.swapping import NOTHING, Course
from forge_lsp.gpus.weighing import HAIR, Score, Weigher

__all__ = ["Branch", "Placed", "beam"]

Placed = tuple[Score, tuple[int, ...]]

#: Effort of looking at one more device for a model, and of reckoning what a start of a placement waits.
_LOOK, _NODE = 2, 9


class _Floor:
    """What is the same for all starts: by round the least it takes once so many models are placed."""

    def __init__(self, weigher: Weigher) -> None:
        rig = weigher.rig
        self.order = sorted(range(len(rig.needs)), key=lambda model: -_weight(weigher, model))
        self.weigher, self.count, self.devices = weigher, len(rig.needs), len(rig.devices)
        self.least = [min(weigher.alone[m][d] for d in weigher.allowed[m]) for m in range(self.count)]
        spread = sum(1 / speed for speed in rig.speed)
        #: Of each model its parallel rounds: (number, seconds, times, least length by number of models placed).
        self.calls: list[list[tuple[int, float, float, list[float]]]] = [[] for _ in rig.needs]
        self.levels: list[float] = []
        total = weigher.fixed + sum(self.least)
        for number, (times, calls) in enumerate(weigher.rounds):
            floor = [sum(calls.values()) / spread] * (self.count + 1)
            for at in range(self.count - 1, -1, -1):
                model = self.order[at]
                quickest = min(rig.speed[device] for device in weigher.allowed[model])
                floor[at] = max(floor[at + 1], calls.get(model, 0.0) * quickest)
            for model, seconds in calls.items():
                self.calls[model].append((number, seconds, times, floor))
            self.levels.append(floor[0])
            total += times * floor[0]
        self.total = total

    def sorted(self, where: Sequence[int]) -> tuple[int, ...]:
        """The devices in the order of the rig's models."""
        return tuple(device for _, device in sorted(zip(self.order, where, strict=True)))


def _weight(weigher: Weigher, model: int) -> float:
    """Seconds that a model computes in all, alone on its slowest device and together with others."""
    alone = max(weigher.alone[model][device] for device in weigher.allowed[model])
    return alone + sum(times * calls.get(model, 0.0) for times, calls in weigher.rounds)


@dataclass(slots=True)
class _Start:
    """The first models' devices. ``loads``: seconds by round and device, ``tops``: the most of them by round, and
    ``levels`` what the round takes at least; ``running``: what all computing comes to at least."""

    where: list[int]
    masks: list[int]
    courses: list[Course]
    loads: list[float]
    tops: list[float]
    levels: list[float]
    running: float

    @staticmethod
    def empty(floor: _Floor) -> _Start:
        devices, rounds = floor.devices, len(floor.levels)
        return _Start(
            where=[],
            masks=[0] * devices,
            courses=[NOTHING] * devices,
            loads=[0.0] * (devices * rounds),
            tops=[0.0] * rounds,
            levels=list(floor.levels),
            running=floor.total,
        )

    def copy(self) -> _Start:
        return _Start(
            list(self.where),
            list(self.masks),
            list(self.courses),
            list(self.loads),
            list(self.tops),
            list(self.levels),
            self.running,
        )

    def looks(self, floor: _Floor) -> list[tuple[float, int]]:
        """What computing comes to at least with the next model on each of its devices; of empty devices that are alike
        one, for they lead to the same placements."""
        weigher, after = floor.weigher, len(self.where) + 1
        model = floor.order[after - 1]
        devices, speed, alone, loads = floor.devices, weigher.rig.speed, weigher.alone[model], self.loads
        tops, levels = self.tops, self.levels
        rest = self.running - floor.least[model]
        fresh = 0
        found: list[tuple[float, int]] = []
        for device in weigher.allowed[model]:
            # one that the settings give a model is not like its twins
            if not self.masks[device] and device not in weigher.wished:
                kind = 1 << weigher.kind(device)
                if fresh & kind:
                    continue
                fresh |= kind
            running, pace = rest + alone[device], speed[device]
            for number, seconds, times, least in floor.calls[model]:
                level, load = least[after], loads[number * devices + device] + seconds * pace
                if load > level:
                    level = load
                if tops[number] > level:
                    level = tops[number]
                running += times * (level - levels[number])
            found.append((running, device))
        weigher.effort += _LOOK * len(found)
        return found

    def put(self, floor: _Floor, device: int, running: float, course: Course) -> None:
        """The next model on ``device``, which then does ``course``."""
        after = len(self.where) + 1
        model, devices, speed = floor.order[after - 1], floor.devices, floor.weigher.rig.speed[device]
        self.where.append(device)
        self.masks[device] |= 1 << model
        self.courses[device] = course
        self.running = running
        for number, seconds, _, least in floor.calls[model]:
            self.loads[number * devices + device] += seconds * speed
            top = max(self.tops[number], self.loads[number * devices + device])
            self.tops[number] = top
            self.levels[number] = max(top, least[after])

    def waits(self, device: int, course: Course) -> float:
        """Seconds of waiting, if ``device`` did ``course``."""
        waiting = dict(course.waiting)
        for other, one in enumerate(self.courses):
            if other != device and one.waiting:
                for stage, wait in one.waiting.items():
                    if wait > waiting.get(stage, 0.0):
                        waiting[stage] = wait
        return sum(waiting.values())


def beam(weigher: Weigher, width: int) -> tuple[int, ...]:
    """A placement by the ``width`` starts of each length that cost least so far (Lowerre 1976)."""
    floor = _Floor(weigher)
    rank = 0
    starts: list[tuple[float, int, _Start]] = [(floor.total, rank, _Start.empty(floor))]
    for model in floor.order:
        # What a device does is found out only for those that computing alone puts in front.
        queue: list[tuple[float, int, int, Course | None, _Start, float]] = []
        for _, number, start in starts:
            waited = start.waits(-1, NOTHING)
            for running, device in start.looks(floor):
                queue.append((running + waited, number, device, None, start, running))
        heapq.heapify(queue)
        starts = list[tuple[float, int, _Start]]()
        while queue and len(starts) < width:
            cost, number, device, course, start, running = heapq.heappop(queue)
            if course is None:
                weigher.effort += _NODE
                course = weigher.course(device, start.masks[device] | 1 << model)
                cost = running + start.waits(device, course)
                heapq.heappush(queue, (cost, number, device, course, start, running))
                continue
            rank += 1
            longer = start.copy()
            longer.put(floor, device, running, course)
            starts.append((cost, rank, longer))
    return floor.sorted(starts[0][2].where)


class Branch:
    """Depth first, the device that costs least first. A branch is cut where its bound is as much as the best found;
    with ``ties`` it has to be more, so that among the placements that take the least time the best is found.

    ``finished``: every branch was looked at or cut, so that no placement takes less time than ``best``, as far as one
    more model never shortens what a device waits.
    """

    def __init__(self, weigher: Weigher, best: Placed, until: Callable[[], bool], *, ties: bool = False) -> None:
        self.weigher, self.best, self.until = weigher, best, until
        self.finished = True
        self._margin = HAIR if ties else -HAIR
        self._floor = _Floor(weigher)

    def run(self) -> Placed:
        """The best placement that was found."""
        self._place(_Start.empty(self._floor))
        return self.best

    def _place(self, start: _Start) -> None:
        weigher, floor = self.weigher, self._floor
        if len(start.where) == floor.count:
            where = floor.sorted(start.where)
            score = weigher.score(where, limit=self.best[0])
            if score is not None and score < self.best[0]:
                self.best = score, where
            return
        model = floor.order[len(start.where)]
        branches: list[tuple[float, float, int, Course]] = []
        for running, device in sorted(start.looks(floor)):
            if self.until():
                self.finished = False
                return
            if running > self.best[0][0] + self._margin:
                break
            weigher.effort += _NODE
            course = weigher.course(device, start.masks[device] | 1 << model)
            branches.append((running + start.waits(device, course), running, device, course))
        for bound, running, device, course in sorted(branches, key=_order):
            if bound > self.best[0][0] + self._margin:
                return
            longer = start.copy()
            longer.put(floor, device, running, course)
            self._place(longer)
            if not self.finished:
                return


def _order(branch: Sequence[object]) -> tuple[object, object]:
    return branch[0], branch[2]
