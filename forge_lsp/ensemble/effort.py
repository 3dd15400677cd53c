"""As much effort as a task needs: which row each attempt takes where the schedule is not followed to the letter. Pure.

Different models fail differently, and what a model writes without thinking first is often right; where checks of the
user's can tell, it is cheaper to try each writer once, and to think about what they all failed at.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from forge_lsp.ensemble.schedule import Panel, Row, Schedule, Thinking

__all__ = ["ENOUGH", "MOST_EASY", "Record", "first_writers", "rows_by_need"]

MOST_EASY = 5
"""Attempts without thinking, and at most half of the free rows."""
ENOUGH = 12
"""Attempts of a writer in a language before its record says anything."""
_Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How often a writer's attempts in one language, on this machine, ended in an accepted result."""

    won: int
    tried: int

    @property
    def least(self) -> float:
        """The lower end of Wilson's 95% interval of its share."""
        if not self.tried:
            return 0.0
        share, n = self.won / self.tried, self.tried
        middle = share + _Z**2 / (2 * n)
        half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        return (middle - half) / (1 + _Z**2 / n)


def first_writers(writers: Sequence[str], records: Mapping[str, Record]) -> tuple[str, ...]:
    """Return ``writers`` in the order in which they are tried: those with enough attempts to tell before all others
    where they won more than the rest of them did, the best first; the others as they are."""
    told = {key: records[key] for key in writers if key in records and records[key].tried >= ENOUGH}
    if not told:
        return tuple(writers)
    overall = sum(one.won for one in told.values()) / sum(one.tried for one in told.values())
    better = sorted(
        (key for key, one in told.items() if one.won / one.tried >= overall and one.won),
        key=lambda key: (-told[key].least, writers.index(key)),
    )
    return (*better, *(key for key in writers if key not in better))


def rows_by_need(
    schedule: Schedule,
    attempts: int,
    *,
    free: Callable[[str], bool],
    records: Mapping[str, Record] | None = None,
) -> tuple[Row, ...]:
    """Return the row of each attempt, in order, for a task that has checks to run.

    Each writer has as many turns as the schedule gives it in ``attempts``. Two that write at the same time share an
    attempt, which takes a turn of each, so that there are fewer attempts. The first turn of each free writer is
    without thinking and with the smallest panel there is. The turns that are left follow in the schedule's order, with
    the thinking and the panel of their rows, which grow with each failure. Rows that cost money or leave the machine
    (``free`` False) come after as many free turns as the schedule has before them.
    """
    due = [schedule.row_for(number) for number in range(1, attempts + 1)]
    local = [row for row in due if free(row.generator.model)]
    turns = Counter(row.generator.model for row in local)
    smallest = min((row.panel for row in local), key=lambda panel: len(panel.members), default=Panel())
    most = min(MOST_EASY, math.ceil(len(local) / 2))
    rounds: list[tuple[Row, int]] = []
    for writer in first_writers(tuple(turns), records or {}):
        own = [row for row in local if row.generator.model == writer]
        tried = {key for row, _ in rounds for key in row.generator.writers}
        if writer in tried or len(rounds) == most:
            continue
        # Of its rows the first of those that let most others write beside it who have not written yet.
        beside, row = max(((_new(row, tried, free), row) for row in own), key=lambda pair: len(pair[0]))
        easy = replace(row, generator=replace(row.generator, beside=beside), thinking=Thinking(), panel=smallest)
        rounds.append((easy, _take(turns, easy)))
    for row in local:
        if turns[row.generator.model]:
            beside = tuple(key for key in row.generator.beside if key not in turns or turns[key])
            row = replace(row, generator=replace(row.generator, beside=beside))
            rounds.append((row, _take(turns, row)))
    return _in_order(due, rounds, free)


def _new(row: Row, tried: Collection[str], free: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(key for key in row.generator.beside if key not in tried and free(key))


def _take(turns: Counter[str], row: Row) -> int:
    """Take a turn from each writer of ``row`` that has turns of its own; how many those are."""
    takers = [key for key in dict.fromkeys(row.generator.writers) if key in turns]
    turns.subtract(takers)
    return len(takers)


def _in_order(due: Sequence[Row], rounds: Sequence[tuple[Row, int]], free: Callable[[str], bool]) -> tuple[Row, ...]:
    """The free ``rounds``, each with the turns that it takes, in the place of the free rows of ``due``."""
    order: list[Row] = []
    left = list(reversed(rounds))
    wanted = taken = 0
    for row in due:
        if not free(row.generator.model):
            order.append(row)
            continue
        wanted += 1
        while taken < wanted:
            order.append(left[-1][0])
            taken += left.pop()[1]
    return tuple(order)
