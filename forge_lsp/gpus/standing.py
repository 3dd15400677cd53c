"""A placement that is changed again and again: what a move or an exchange makes of its cost, without reckoning all of
it anew. Pure. Internal to the search.
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.gpus.swapping import Course
from forge_lsp.gpus.weighing import HAIR, Score, Weigher

__all__ = ["Standing"]

#: Effort of a change that computing alone shows to be too dear, and of one whose waits are looked at too.
_LOOK, _WAITS = 6, 8


class Standing:
    """``where``: the device of each model; ``seconds``: what it costs, computing and waiting together."""

    def __init__(self, weigher: Weigher, where: Sequence[int]) -> None:
        rig = weigher.rig
        self.weigher, self.where = weigher, list(where)
        self._speed = rig.speed
        self._masks = [0] * len(rig.devices)
        for model, device in enumerate(where):
            self._masks[device] |= 1 << model
        self._calls: list[dict[int, float]] = [{} for _ in rig.needs]
        self._times = [times for times, _ in weigher.rounds]
        self._loads = [[0.0] * len(rig.devices) for _ in weigher.rounds]
        for number, (_, calls) in enumerate(weigher.rounds):
            for model, seconds in calls.items():
                self._calls[model][number] = seconds
                self._loads[number][where[model]] += seconds * rig.speed[where[model]]
        self._tops = [max(load) for load in self._loads]
        self._courses = [weigher.course(device, mask) for device, mask in enumerate(self._masks)]
        self._running = weigher.running(where)
        self.seconds = self._running + self._waits(self._courses)

    @property
    def score(self) -> Score:
        """As :meth:`Weigher.score` tells it."""
        found = self.weigher.score(self.where)
        assert found is not None  # without a limit there always is one
        return found

    def shift(self, one: int, there: int, other: int | None, limit: float) -> bool:
        """Put model ``one`` on device ``there``, and ``other``, if given, from there into its place. False where that
        costs more than ``limit`` seconds: then nothing has changed."""
        weigher, here = self.weigher, self.where[one]
        weigher.effort += _LOOK
        alone, calls = weigher.alone, self._calls
        running = self._running + alone[one][there] - alone[one][here]
        mine = calls[one]
        slow, fast = self._speed[here], self._speed[there]
        bit = 1 << one
        theirs: dict[int, float] = {}
        if other is not None:
            running += alone[other][here] - alone[other][there]
            theirs = calls[other]
            bit |= 1 << other
        undo: list[tuple[int, float, float, float]] = []
        for number in mine.keys() | theirs.keys() if theirs else mine:
            load, top = self._loads[number], self._tops[number]
            moved = mine.get(number, 0.0) - theirs.get(number, 0.0)
            undo.append((number, load[here], load[there], top))
            load[here] -= moved * slow
            load[there] += moved * fast
            self._tops[number] = most = max(load)
            running += self._times[number] * (most - top)
        if running <= limit + HAIR:
            courses = self._courses
            first, second = courses[here], courses[there]
            # What the other devices wait for may show already that it is too dear.
            courses[here] = courses[there] = _NOTHING
            if running + self._waits(courses) <= limit + HAIR:
                weigher.effort += _WAITS
                courses[here] = weigher.course(here, self._masks[here] ^ bit)
                if running + self._waits(courses) <= limit + HAIR:
                    courses[there] = weigher.course(there, self._masks[there] ^ bit)
                    seconds = running + self._waits(courses)
                    if seconds <= limit + HAIR:
                        self._masks[here] ^= bit
                        self._masks[there] ^= bit
                        self.where[one] = there
                        if other is not None:
                            self.where[other] = here
                        self._running, self.seconds = running, seconds
                        return True
            courses[here], courses[there] = first, second
        for number, left, right, top in undo:
            load = self._loads[number]
            load[here], load[there], self._tops[number] = left, right, top
        return False

    def _waits(self, courses: Sequence[Course]) -> float:
        waiting: dict[int, float] = {}
        for course in courses:
            for stage, wait in course.waiting.items():
                if wait > waiting.get(stage, 0.0):
                    waiting[stage] = wait
        return sum(waiting.values())


_NOTHING = Course(waiting={}, evictions=0, loads=0, peak=0, base=())
