"""Which model goes where: a beam, branch and bound where that ends soon, else annealing by moves and swaps. Pure.

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

from forge_lsp.gpus.branching import Branch, Placed, beam
from forge_lsp.gpus.standing import Standing
from forge_lsp.gpus.weighing import HAIR, Score, Weigher

__all__ = ["EFFORT", "Found", "better", "exhaust", "search"]

#: Annealing accepts, at first and at last, a cost that is higher by these shares of the start.
WARM, COLD = 0.05, 0.004
#: Share of the changes that annealing tries which take one model elsewhere; the others exchange two.
MOVES = 0.3
#: Of a search, in units of about half a microsecond.
EFFORT = 145_000
#: Starts of each length that the beam keeps.
WIDTH = 20
#: Shares of what effort is left: for branch and bound; for each annealing, where that did not end; and where it did,
#: for one that looks for what cannot be.
BRANCHING, ANNEALING, DOUBT = 0.3, (0.5, 0.95), 0.3
#: Share of all effort, at most, for telling placements apart that take equally long.
TIES = 0.125


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device number for each model, and what it comes to. ``optimal``: branch and bound found none that takes less
    time, as far as its bound holds (see branching.py)."""

    where: tuple[int, ...]
    score: Score
    optimal: bool


def search(weigher: Weigher, *, effort: int = EFFORT, seed: int = 7) -> Found:
    """The best placement found with so much effort: the beam's, descended from; then branch and bound with a part of
    what is left. Where that does not end, annealing with the rest, twice, each from the best; where it does, the ties
    are looked through, and a short annealing looks for what cannot be."""
    shaken = random.Random(seed)
    until = weigher.until(effort)
    best = _descend(weigher, _weighed(weigher, beam(weigher, WIDTH)), until)
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
    return Found(where=best[1], score=best[0], optimal=optimal)


def _part(weigher: Weigher, effort: int, part: float) -> int:
    return max(1, int((effort - weigher.effort) * part))


def _cool(weigher: Weigher, start: Placed, shaken: random.Random, effort: int) -> Placed:
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
    guess = _weighed(weigher, [allowed[0] for allowed in weigher.allowed])
    branch = Branch(weigher, _descend(weigher, guess, until), until)
    score, where = branch.run()
    return Found(where=where, score=score, optimal=branch.finished), branch.finished


def better(weigher: Weigher, found: Found, shaken: random.Random, *, until: Callable[[], bool]) -> Found:
    """One more descent, from a shaken ``found`` or from anywhere: the better of it and ``found``."""
    anywhere = [shaken.choice(allowed) for allowed in weigher.allowed]
    start = _weighed(weigher, anywhere) if shaken.random() < 0.3 else _shake(weigher, found.where, shaken)
    score, where = _descend(weigher, start, until)
    return found if found.score <= score else Found(where=where, score=score, optimal=False)


def _weighed(weigher: Weigher, where: Sequence[int]) -> Placed:
    score = weigher.score(where)
    assert score is not None  # without a limit there always is one
    return score, tuple(where)


def _descend(weigher: Weigher, start: Placed, until: Callable[[], bool]) -> Placed:
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


def _shake(weigher: Weigher, where: Sequence[int], shaken: random.Random) -> Placed:
    moved = list(where)
    for _ in range(shaken.randint(2, 2 + len(moved) // 4)):
        model = shaken.randrange(len(moved))
        moved[model] = shaken.choice(weigher.allowed[model])
    return _weighed(weigher, moved)
