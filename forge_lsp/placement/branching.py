"""Branch and bound over placements, model by model, those that compute longest first. Pure. Internal to the search.

The bound of a start is what it computes and waits already, and for what is to come: each call alone on the device that
suits it best, and each parallel round no shorter than its longest call, nor than all of its work spread over the
devices by their speeds.

One more model can shorten what a device waits, in less than one case of a hundred, for what leaves and stays is decided
stage by stage. So the proof has a gap; benchmarks/placement.py tells how often it is seen.
"""

from __future__ import annotations

from collections.abc import Callable

from forge_lsp.placement.swapping import NOTHING, DeviceTimeline
from forge_lsp.placement.weighing import HAIR, Score, Weigher

__all__ = ["Branch", "Placed", "heaviest_first"]

Placed = tuple[Score, tuple[int, ...]]

#: Effort of looking at one more device for a model, and of reckoning what a start of a placement waits.
_LOOK, _NODE = 3, 9


def heaviest_first(weigher: Weigher) -> list[int]:
    """Return the models by the seconds that they compute, alone on their slowest device and together with others."""

    def seconds(model: int) -> float:
        alone = max(weigher.alone[model][device] for device in weigher.allowed[model])
        return alone + sum(times * calls.get(model, 0.0) for times, calls in weigher.rounds)

    return sorted(range(len(weigher.allowed)), key=lambda model: -seconds(model))


class Branch:
    """Depth first, the device that costs least first. A branch is cut where its bound is as much as the best found;
    with ``ties`` it has to be more, so that among the placements that take the least time the best is found.

    ``finished``: every branch was looked at or cut, so that no placement takes less time than ``best``, as far as one
    more model never shortens what a device waits.
    """

    def __init__(self, weigher: Weigher, best: Placed, until: Callable[[], bool], *, ties: bool = False) -> None:
        self.weigher, self.best, self.until, self.finished = weigher, best, until, True
        self._margin = HAIR if ties else -HAIR
        rig, devices = weigher.rig, len(weigher.rig.devices)
        self._order = heaviest_first(weigher)
        self._where, self._masks = [0] * len(self._order), [0] * devices
        self._courses: list[DeviceTimeline] = [NOTHING] * devices
        self._least = [min(weigher.alone[m][d] for d in allowed) for m, allowed in enumerate(weigher.allowed)]
        spread = sum(1 / speed for speed in rig.speed)
        #: Of each parallel round the seconds of each device, and the most of them, or what it takes at least.
        self._loads = [[0.0] * devices for _ in weigher.rounds]
        self._tops = [
            max(
                sum(calls.values()) / spread,
                *(s * min(rig.speed[device] for device in weigher.allowed[model]) for model, s in calls.items()),
            )
            for _, calls in weigher.rounds
        ]
        #: Of each model its parallel rounds: (number, seconds, times).
        self._calls = [
            [(number, calls[model], times) for number, (times, calls) in enumerate(weigher.rounds) if model in calls]
            for model in range(len(self._order))
        ]

    def run(self) -> Placed:
        """Return the best placement that was found."""
        least = sum(self._least) + sum(
            times * top for (times, _), top in zip(self.weigher.rounds, self._tops, strict=True)
        )
        self._place(0, self.weigher.fixed + least)
        return self.best

    def _place(self, at: int, running: float) -> None:
        weigher = self.weigher
        if at == len(self._order):
            score = weigher.score(self._where, limit=self.best[0])
            if score is not None and score < self.best[0]:
                self.best = score, tuple(self._where)
            return
        model, fresh = self._order[at], set[int]()
        branches: list[tuple[float, int, float, DeviceTimeline]] = []
        for device in weigher.allowed[model]:
            if self.until():
                self.finished = False
                return
            # a device that the settings give a model is not like its twins
            if not self._masks[device] and device not in weigher.preferred:
                if weigher.kind(device) in fresh:
                    continue
                fresh.add(weigher.kind(device))
            weigher.effort += _LOOK
            longer, speed = running + weigher.alone[model][device] - self._least[model], weigher.rig.speed[device]
            for number, seconds, times in self._calls[model]:
                over = self._loads[number][device] + seconds * speed - self._tops[number]
                if over > 0:
                    longer += times * over
            if longer <= self.best[0][0] + self._margin:
                weigher.effort += _NODE
                course = weigher.course(device, self._masks[device] | 1 << model)
                branches.append((longer + self._waits(device, course), device, longer, course))
        for bound, device, longer, course in sorted(branches, key=lambda branch: branch[:2]):
            if bound > self.best[0][0] + self._margin:
                return
            speed, before = weigher.rig.speed[device], (self._courses[device], self._masks[device])
            undo = [(number, self._loads[number][device], self._tops[number]) for number, _, _ in self._calls[model]]
            for number, seconds, _ in self._calls[model]:
                self._loads[number][device] += seconds * speed
                self._tops[number] = max(self._tops[number], self._loads[number][device])
            self._where[model], self._courses[device] = device, course
            self._masks[device] |= 1 << model
            self._place(at + 1, longer)
            self._courses[device], self._masks[device] = before
            for number, load, top in undo:
                self._loads[number][device], self._tops[number] = load, top
            if not self.finished:
                return

    def _waits(self, device: int, course: DeviceTimeline) -> float:
        """Return the seconds of waiting, if ``device`` did ``course``."""
        waiting = dict(course.waiting)
        for other, one in enumerate(self._courses):
            if other != device and one.waiting:
                for stage, wait in one.waiting.items():
                    if wait > waiting.get(stage, 0.0):
                        waiting[stage] = wait
        return sum(waiting.values())
