"""What ``effort = "need"`` saves: recorded answers of five models, played as jobs under both efforts.

The answers are those of grades.py (functions, checked by the product in the sandbox and graded by hidden tests). Two
ladders are played: the five models as the rungs of the ``three-gpu`` table, the weakest first (two attempts each; solo,
duo, trio, debate, vote; panels of two, three and five), and three of them as a local ladder of six attempts. All rungs
count as free. A job takes the rows that the product would take (``rows_by_need`` under ``need``, with the record of the
jobs before it as the ledger keeps it); the first answer that checks have nothing against is accepted, by a panel that
always says yes where one is called.

Counted are the model calls that the schedule would have made, and the seconds of the critical path, reckoned with those
that a three-GPU rig takes for each stage (solo 5, duo 13, trio 10, five a turn of a debate or a wave of a vote, writing
30, compiling 5, a panel 12). What thinking would have changed in the answers is not known from records: a model asked
again gives the same answer here, under both efforts alike.

Promised, of the whole table: at equal or better shares of tasks accepted and right, at most 40% of the calls and 50%
of the seconds (not surely more). Prints them with 95% intervals (bootstrap over tasks); exits 1 where that does not
hold. The short one is told beside it: where the first writer mostly succeeds, its writing is most of the time under
either effort.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.grades import DATA, LADDER, Seen, run
from forge_lsp.domain.checks import Grade
from forge_lsp.ensemble.effort import Record, rows_by_need
from forge_lsp.ensemble.schedule import Generator, Panel, Row, Schedule, Thinking
from tests.support.intervals import share

CALLS, SECONDS = 0.40, 0.50
THINK_CALLS = {"none": 0, "solo": 1, "duo": 3, "trio": 4, "debate": 9, "vote": 6}
THINK_SECONDS = {"none": 0.0, "solo": 5.0, "duo": 13.0, "trio": 10.0, "debate": 45.0, "vote": 10.0}
WRITE_SECONDS, COMPILE_SECONDS, PANEL_SECONDS = 30.0, 5.0, 12.0
PANELS = {"solo": ("simple", 2), "duo": ("moderate", 3), "trio": ("complex", 5), "debate": ("critical", 5)}


def ladder(writers: Sequence[str]) -> Schedule:
    """Two attempts each, with the strategies and panels of the three-gpu table in their order."""
    rows: list[Row] = []
    for number, (writer, strategy) in enumerate(zip(writers, list(THINK_CALLS)[1:], strict=False)):
        kind, size = PANELS.get(strategy, ("critical", 5))
        rows.append(
            Row(
                attempts=(2 * number + 1, 2 * number + 2),
                generator=Generator(model=writer),
                thinking=Thinking(strategy=strategy, models=("t1", "t2", "t3")),
                panel=Panel(kind=kind, members=("r1", "r2", "r3", "r4", "r5")[:size]),
            )
        )
    return Schedule(rows=tuple(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One job: what it took, and whether what it accepted is right (None: it accepted nothing)."""

    calls: int
    seconds: float
    right: bool | None


def play(pool: Sequence[Seen], rows: Sequence[Row], tally: dict[str, list[int]], *, spare_proven: bool) -> Played:
    """One job over its rows; ``tally`` counts the accepted and all attempts of each writer, as the ledger does."""
    answers = {seen.answer.model: seen for seen in pool}
    calls, seconds = 0, 0.0
    for row in rows:
        writer, strategy = row.generator.model, row.thinking.strategy
        seen = answers[writer]
        calls += THINK_CALLS[strategy] + 1
        seconds += THINK_SECONDS[strategy] + WRITE_SECONDS + COMPILE_SECONDS
        counts = tally.setdefault(writer, [0, 0])
        counts[1] += 1
        if not seen.accepted:
            continue
        if not (spare_proven and seen.evidence.grade is Grade.PROVEN):
            calls += len(row.panel.members)
            seconds += PANEL_SECONDS
        counts[0] += 1
        return Played(calls=calls, seconds=seconds, right=seen.answer.right)
    return Played(calls=calls, seconds=seconds, right=None)


def jobs(pools: Sequence[Sequence[Seen]], schedule: Schedule, *, need: bool) -> list[Played]:
    """All jobs, one after another. Under ``need`` with checks to run, each has the record of those before it."""
    tally: dict[str, list[int]] = {}
    played: list[Played] = []
    attempts = 2 * len(schedule.rows)
    for pool in pools:
        rows: Sequence[Row] = [schedule.row_for(number) for number in range(1, attempts + 1)]
        if need and any(seen.evidence.results for seen in pool):
            records = {writer: Record(won=won, tried=tried) for writer, (won, tried) in tally.items()}
            rows = rows_by_need(schedule, attempts, free=lambda _: True, records=records)
        played.append(play(pool, rows, tally, spare_proven=need))
    return played


def compare(pools: Sequence[Sequence[Seen]], writers: Sequence[str], seed: int) -> bool:
    """Play one ladder under both efforts, and print what it took; whether the promise holds for it."""
    whole = [pool for pool in pools if {seen.answer.model for seen in pool} >= set(writers)]
    schedule = ladder(writers)
    full, need = jobs(whole, schedule, need=False), jobs(whole, schedule, need=True)
    print(f"{len(whole)} tasks, ladder: {', '.join(writers)}")
    good: dict[str, int] = {}
    for label, played in (("full", full), ("need", need)):
        good[label] = sum(one.right is True for one in played)
        print(f"  {label}: accepted and right {share(good[label], len(played))}")
        print(f"  {label}: accepted and wrong {share(sum(one.right is False for one in played), len(played))}")
        print(
            f"  {label}: {sum(one.calls for one in played) / len(played):.1f} model calls,"
            f" {sum(one.seconds for one in played) / len(played):.0f} s a job"
        )
    calls = ratio([one.calls for one in need], [one.calls for one in full], seed)
    seconds = ratio([one.seconds for one in need], [one.seconds for one in full], seed)
    for what, (value, low, high) in (("model calls", calls), ("critical path", seconds)):
        print(f"  need takes {value:.0%} [{low:.0%}, {high:.0%}] of the {what} of full")
    # Of few tasks, some long jobs make up most of the time: only what is surely above breaks the promise.
    return calls[0] <= CALLS and seconds[1] <= SECONDS and good["need"] >= good["full"]


def ratio(need: Sequence[float], full: Sequence[float], seed: int) -> tuple[float, float, float]:
    """The ratio of the sums, and its 95% interval by resampling tasks."""
    rng, count = random.Random(seed), len(full)
    drawn: list[float] = []
    for _ in range(2000):
        picks = [rng.randrange(count) for _ in range(count)]
        drawn.append(sum(need[pick] for pick in picks) / sum(full[pick] for pick in picks))
    drawn.sort()
    return sum(need) / sum(full), drawn[50], drawn[-51]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks, from the first")
    parser.add_argument("--seed", type=int, default=1, help="in which order they come")
    options = parser.parse_args()
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (FORGE_FUNCTIONS names another folder)")
        return 0
    found = asyncio.run(run(options.tasks))
    pools = [found[key][1:] for key in sorted(found)]
    random.Random(options.seed).shuffle(pools)
    kept = compare(pools, LADDER, options.seed)
    compare(pools, LADDER[1:4], options.seed)
    print(f"promised of the first: at most {CALLS:.0%} of the calls, {SECONDS:.0%} of the path, as many right answers")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
