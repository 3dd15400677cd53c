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
        waiting: dict[int, float] = {}
        self.seconds = self._running + sum(_longer(waiting, course) for course in self._courses)

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
        if running <= limit + HAIR and self._settled(here, there, bit, other is None or one < other, running, limit):
            self.where[one] = there
            if other is not None:
                self.where[other] = here
            return True
        for number, left, right, top in undo:
            load = self._loads[number]
            load[here], load[there], self._tops[number] = left, right, top
        return False

    def _settled(self, here: int, there: int, bit: int, gains: bool, running: float, limit: float) -> bool:
        """Let the models of ``bit`` change between two devices, unless waiting makes that dearer than ``limit``.
        ``gains``: whether ``there`` is more likely to be short of memory then."""
        weigher, courses, masks = self.weigher, self._courses, self._masks
        weigher.effort += _WAITS
        waiting: dict[int, float] = {}
        # What the other devices wait for may show already that it is too dear, and then what one of the two does.
        seconds = running
        for device, course in enumerate(courses):
            if course.waiting and device != here and device != there:
                seconds += _longer(waiting, course)
        first, second = (there, here) if gains else (here, there)
        if seconds > limit + HAIR:
            return False
        one = weigher.course(first, masks[first] ^ bit)
        seconds += _longer(waiting, one)
        if seconds > limit + HAIR:
            return False
        two = weigher.course(second, masks[second] ^ bit)
        seconds += _longer(waiting, two)
        if seconds > limit + HAIR:
            return False
        courses[first], courses[second] = one, two
        masks[here] ^= bit
        masks[there] ^= bit
        self._running, self.seconds = running, seconds
        return True


def _longer(waiting: dict[int, float], course: Course) -> float:
    """Add what a device waits to what others do, and say by how much that is more."""
    more = 0.0
    for stage, wait in course.waiting.items():
        before = waiting.get(stage, 0.0)
        if wait > before:
            waiting[stage] = wait
            more += wait - before
    return more
