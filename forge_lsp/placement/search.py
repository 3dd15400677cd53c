"""Which model goes where: a beam, branch and bound, and annealing where that does not end. Pure.

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

from forge_lsp.placement.branching import Branch, Placed, heaviest_first
from forge_lsp.placement.weighing import HAIR, Score, Weigher

__all__ = ["EFFORT", "SearchResult", "search"]

#: Annealing accepts, at first and at last, a cost that is higher by these shares of the start.
WARM, COLD = 0.05, 0.004
#: Share of the changes that annealing tries which take one model elsewhere; the others exchange two.
MOVES = 0.3
#: Of a search, in units of about half a microsecond.
EFFORT = 120_000
#: Shares of what effort is left: for branch and bound; for each annealing, where that did not end; and where it did,
#: for one that looks for what cannot be.
BRANCHING, ANNEALING, DOUBT = 0.35, (0.5, 0.95), 0.3
#: Beginnings that the beam keeps.
WIDTH = 16
#: Share of all effort, at most, for telling placements apart that take equally long.
TIES = 0.125


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A device number for each model, and what it comes to. ``optimal``: branch and bound found none that takes less
    time, as far as its bound holds (see branching.py)."""

    where: tuple[int, ...]
    score: Score
    optimal: bool


def search(weigher: Weigher, *, effort: int = EFFORT, seed: int = 7) -> SearchResult:
    """Return the best placement that is found with so much effort.

    The beam's is improved by moves and swaps, then branch and bound gets a part of the effort that is left. Where it
    does not end, annealing gets the rest, twice, each from the best; where it does, the ties are looked through, and a
    short annealing looks for what cannot be.
    """
    shaken = random.Random(seed)
    until = weigher.until(effort)
    best = _descend(weigher, _weighed(weigher, _beam(weigher)), until)
    branch = Branch(weigher, best, weigher.until(weigher.effort + _part(weigher, effort, BRANCHING)))
    best = branch.run()
    optimal = branch.finished
    if optimal:
        least = best[0][0] - HAIR
        ties = weigher.until(min(effort, weigher.effort + int(effort * TIES)))
        best = Branch(weigher, best, ties, ties=True).run()
        best = _cool(weigher, best, shaken, _part(weigher, effort, DOUBT))
        optimal = best[0][0] > least
    else:
        for part in ANNEALING:
            best = _cool(weigher, best, shaken, _part(weigher, effort, part))
        best = _descend(weigher, best, until)
    return SearchResult(where=best[1], score=best[0], optimal=optimal)


def _beam(weigher: Weigher) -> tuple[int, ...]:
    """Return a placement made model by model, keeping the beginnings that cost least so far (Lowerre 1976). The order
    counts for more than the width: with the largest models first it was four times as far from the optimum."""
    nowhere: list[int | None] = [None] * len(weigher.allowed)
    starts = [(0.0, nowhere)]
    for model in heaviest_first(weigher):
        longer: list[tuple[float, list[int | None]]] = []
        for _, start in starts:
            for device in weigher.allowed[model]:
                where = start.copy()
                where[model] = device
                longer.append((weigher.seconds(where), where))
        starts = sorted(longer, key=lambda one: one[0])[:WIDTH]
    return tuple(device for device in starts[0][1] if device is not None)


def _part(weigher: Weigher, effort: int, part: float) -> int:
    return max(1, int((effort - weigher.effort) * part))


def _cool(weigher: Weigher, start: Placed, shaken: random.Random, effort: int) -> Placed:
    """Return the best placement seen by simulated annealing (Kirkpatrick 1983) from ``start`` with so much effort."""
    best, seconds, where = start, start[0][0], list(start[1])
    allowed, count, begun, warm = weigher.allowed, len(start[1]), weigher.effort, start[0][0] * WARM
    while (share := (weigher.effort - begun) / effort) < 1:
        heat = warm * (COLD / WARM) ** share
        weigher.effort += 1
        one = int(shaken.random() * count)
        other: int | None = None
        if shaken.random() < MOVES:
            there = allowed[one][int(shaken.random() * len(allowed[one]))]
        else:
            other = int(shaken.random() * count)
            there = where[other]
            if there not in allowed[one] or where[one] not in allowed[other]:
                continue
        here = where[one]
        if here == there:
            continue
        _change(where, one, there, other)
        limit = seconds - heat * math.log(1.0 - shaken.random())
        score = weigher.score(where, limit=(limit, 0, 0, 0))
        if score is None:
            _change(where, one, here, other)
            continue
        seconds = score[0]
        if score < best[0]:
            best = score, tuple(where)
    return best


def _change(where: list[int], one: int, there: int, other: int | None) -> None:
    """Put model ``one`` on device ``there``, and ``other``, if given, into its place."""
    if other is not None:
        where[other] = where[one]
    where[one] = there


def _weighed(weigher: Weigher, where: Sequence[int]) -> Placed:
    score = weigher.score(where)
    assert score is not None  # without a limit there always is one
    return score, tuple(where)


def _descend(weigher: Weigher, start: Placed, until: Callable[[], bool]) -> Placed:
    """Return what moves and swaps, each taken as soon as it helps, make of ``start`` until none does or ``until``."""
    best, where = start[0], list(start[1])
    improved = True
    while improved:
        improved = False
        for one, there, other in _changes(weigher, where):
            if until():
                return best, tuple(where)
            here = where[one]
            _change(where, one, there, other)
            score = weigher.score(where, limit=best)
            if score is not None and score < best:
                best, improved = score, True
            else:
                _change(where, one, here, other)
    return best, tuple(where)


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
