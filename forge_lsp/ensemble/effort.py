"""As much effort as a task needs: which row each attempt takes where the schedule is not followed to the letter. Pure.

Different models fail differently, and what a model writes without thinking first is often right; where checks of the
user's can tell, it is cheaper to try each writer once, and to think about what they all failed at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from forge_lsp.ensemble.schedule import Generator, Panel, Row, Schedule, Thinking

__all__ = ["ENOUGH", "MOST_EASY", "Record", "first_writers", "rows_by_need"]

MOST_EASY = 5
"""Attempts without thinking, and at most half of the free ones."""
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
    """``writers`` in the order in which they are tried: those with enough attempts to tell before all others where they
    won more than the rest of them did, the best first; the others as they are."""
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
    """The row of each attempt, in order, for a task that has checks to run.

    The first attempts are those of different free writers, each once, without thinking and with the smallest panel
    there is; those that can write at the same time do. Then the free rows follow in their order, from the first:
    thinking and panels grow with each failure, and who has a turn of its own waits for it. Rows that cost money or
    leave the machine (``free`` False) stay at their numbers.
    """
    due = [schedule.row_for(number) for number in range(1, attempts + 1)]
    local = [row for row in due if free(row.generator.model)]
    smallest = min((row.panel for row in local), key=lambda panel: len(panel.members), default=Panel())
    most = min(MOST_EASY, math.ceil(len(local) / 2))
    easy = [
        replace(row, generator=generator, thinking=Thinking(), panel=smallest)
        for row, generator in _each_once(local, free=free, records=records or {})[:most]
    ]
    leading = {row.generator.model for row in local}
    later = (replace(row, generator=_without(row.generator, leading)) for row in local)
    follow = iter([*easy, *later])
    return tuple(next(follow) if free(row.generator.model) else row for row in due)


def _each_once(
    rows: Sequence[Row], *, free: Callable[[str], bool], records: Mapping[str, Record]
) -> list[tuple[Row, Generator]]:
    """Who writes, attempt by attempt, until each writer of ``rows`` has written once: the one whose turn it is, and
    beside it those that a row lets write at the same time and that have not written yet."""
    turns: list[tuple[Row, Generator]] = []
    written: set[str] = set()
    for writer in first_writers(tuple(dict.fromkeys(row.generator.model for row in rows)), records):
        if writer in written:
            continue
        own = [row for row in rows if row.generator.model == writer]
        row = max(own, key=lambda one: len(_new(one, written, free)))  # the first of those with as many
        turns.append((row, replace(row.generator, beside=_new(row, written, free))))
        written |= {writer, *turns[-1][1].beside}
    return turns


def _new(row: Row, written: set[str], free: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(key for key in row.generator.writers[1:] if key not in written and free(key))


def _without(generator: Generator, others: Collection[str]) -> Generator:
    return replace(generator, beside=tuple(key for key in generator.beside if key not in others))
