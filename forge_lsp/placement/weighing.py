"""What a placement costs. Pure; what a device does with a set of models is computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from forge_lsp.placement.rig import Rig
from forge_lsp.placement.swapping import DeviceTimeline, follow

__all__ = ["HAIR", "Score", "Weigher"]

#: (seconds, evictions, -headroom in bytes, models away from where the settings put them); the least is best.
Score = tuple[float, int, int, int]

HAIR = 1e-6
"""Seconds that count for nothing."""
#: Effort of weighing a placement, of following a device through the schedule, of each move on it.
_WEIGHING, _WALK, _MOVE = 12, 30, 13


@dataclass(slots=True)
class Weigher:
    """Weighs placements. ``allowed[model]``: the devices it may be on; ``preferred[model]``: the settings' device."""

    rig: Rig
    allowed: Sequence[tuple[int, ...]]
    preferred: Sequence[int | None]
    alone: list[list[float]] = field(init=False)
    rounds: list[tuple[float, dict[int, float]]] = field(init=False)
    fixed: float = field(init=False)
    effort: int = field(init=False, default=0)
    _courses: dict[tuple[int, int], DeviceTimeline] = field(init=False)
    _kinds: list[int] = field(init=False)

    def __post_init__(self) -> None:
        rig = self.rig
        count = len(rig.devices)
        self.alone = [[0.0] * count for _ in rig.needs]
        self.fixed = sum((step.elsewhere + step.after) * len(step.attempts) for step in rig.steps)
        index = {need.key: number for number, need in enumerate(rig.needs)}
        together: dict[tuple[tuple[int, float], ...], float] = {}
        for step in rig.steps:
            for each in step.rounds:
                calls = tuple(sorted((index[key], seconds) for key, seconds in each.items() if key in index))
                if len(calls) > 1:
                    together[calls] = together.get(calls, 0.0) + len(step.attempts)
                    continue
                for model, seconds in calls:
                    for device in range(count):
                        self.alone[model][device] += seconds * rig.speed[device] * len(step.attempts)
        self.rounds = [(times, dict(calls)) for calls, times in together.items()]
        self._courses = {}
        # Devices of the same size and speed share what was found out about one of them.
        same = [(device.free, device.bandwidth, device.load_bandwidth) for device in rig.devices]
        self._kinds = [same.index(one) for one in same]

    def kind(self, device: int) -> int:
        """Return the first device that is like this one."""
        return self._kinds[device]

    def course(self, device: int, mask: int) -> DeviceTimeline:
        """Return what a device does with these models."""
        key = (self._kinds[device], mask)
        found = self._courses.get(key)
        if found is None:
            found = self._courses[key] = follow(self.rig, device, mask)
            self.effort += _WALK + _MOVE * (found.loads - len(found.base))
        return found

    def until(self, effort: int) -> Callable[[], bool]:
        """Return a function that says whether so much effort has been spent in all."""
        return lambda: self.effort >= effort

    def running(self, where: Sequence[int | None]) -> float:
        """Return the seconds of computing; models that are on no device (None) do not count."""
        total = self.fixed
        for model, device in enumerate(where):
            if device is not None:
                total += self.alone[model][device]
        speed = self.rig.speed
        for times, calls in self.rounds:
            load = [0.0] * len(speed)
            for model, seconds in calls.items():
                device = where[model]
                if device is not None:
                    load[device] += seconds * speed[device]
            total += times * max(load)
        return total

    def seconds(self, where: Sequence[int | None]) -> float:
        """Return the seconds of computing and waiting; models that are on no device (None) do not count."""
        self.effort += _WEIGHING
        masks: dict[int, int] = {}
        for model, device in enumerate(where):
            if device is not None:
                masks[device] = masks.get(device, 0) | 1 << model
        waiting: dict[int, float] = {}
        for device, mask in masks.items():
            for stage, wait in self.course(device, mask).waiting.items():
                waiting[stage] = max(wait, waiting.get(stage, 0.0))
        return self.running(where) + sum(waiting.values())

    def score(self, where: Sequence[int], *, limit: Score | None = None) -> Score | None:
        """Return the score of a placement, or None once it is known to be worse than ``limit``."""
        self.effort += _WEIGHING
        seconds = self.running(where)
        if limit is not None and seconds > limit[0] + HAIR:
            return None
        masks: dict[int, int] = {}
        for model, device in enumerate(where):
            masks[device] = masks.get(device, 0) | 1 << model
        waiting: dict[int, float] = {}
        evictions, least = 0, None
        # What is known first: it may show already that the rest need not be found out.
        for known in (True, False):
            for device, mask in masks.items():
                if ((self._kinds[device], mask) in self._courses) != known:
                    continue
                course = self.course(device, mask)
                for stage, wait in course.waiting.items():
                    if wait > waiting.get(stage, 0.0):
                        waiting[stage] = wait
                evictions += course.evictions
                room = self.rig.free[device] - course.peak
                least = room if least is None or room < least else least
            if limit is not None and seconds + sum(waiting.values()) > limit[0] + HAIR:
                return None
        moved = sum(wish is not None and wish != device for wish, device in zip(self.preferred, where, strict=True))
        # rounded, so that the order in which seconds are added does not decide
        return round(seconds + sum(waiting.values()), 6), evictions, -(least or 0), moved
