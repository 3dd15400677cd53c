"""What ``effort = "need"`` saves: recorded answers of five models, played as jobs under both efforts.

The answers are those of grades.py (functions) and classes.py, checked by the product in the sandbox and graded
by hidden tests. Five models are the rungs of the ``three-gpu`` table, the weakest first (two attempts each; solo, duo,
trio, debate, vote; panels of two, three and five); three of them are a local ladder of six attempts. All rungs count as
free. ``full`` follows the table to the letter: one model writes at a time. Under ``need`` a job takes the rows that
the product would take (``rows_by_need``, with the record of the jobs before it as the ledger keeps it), and two models
write at the same time, as those of the profile ``local`` do where they fit in memory together on different GPUs. What
an attempt wrote is ranked, judged and accepted as the product does it, by a panel that always says yes where one is
called.

Counted are the model calls that the schedule would have made, and the seconds of the critical path, reckoned with those
that a three-GPU rig takes for each stage (solo 5, duo 13, trio 10, five a turn of a debate or a wave of a vote, writing
30, compiling 5, a panel 12). What thinking would have changed in the answers is not known from records: a model asked
again gives the same answer here, under both efforts alike.

Promised, of the whole table, over functions and classes together: at equal or better shares of tasks accepted and
right, at most 40% of the calls and at most 50% of the seconds. All with 95% intervals (bootstrap over tasks); exits 1
where that does not hold. Beside it: the seconds of the jobs that ``full`` brings to a result, the same with one writer
at a time, and the short ladder, whose first writer mostly succeeds: there its writing is most of the time under either
effort.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classes import CLASS_LADDER, checked_classes
from benchmarks.grades import DATA, LADDER, Seen, run
from forge_lsp.core.checks import Grade
from forge_lsp.ensemble.check_stage import Checks, rank
from forge_lsp.ensemble.effort import Record, rows_by_need
from forge_lsp.ensemble.schedule import Generator, Panel, Row, Schedule, Thinking
from tests.support import model_outputs
from tests.support.intervals import share

CALLS, SECONDS = 0.40, 0.50
AT_ONCE = 2
THINK_CALLS = {"none": 0, "solo": 1, "duo": 3, "trio": 4, "debate": 9, "vote": 6}
THINK_SECONDS = {"none": 0.0, "solo": 5.0, "duo": 13.0, "trio": 10.0, "debate": 45.0, "vote": 10.0}
WRITE_SECONDS, COMPILE_SECONDS, PANEL_SECONDS = 30.0, 5.0, 12.0
PANELS = {"solo": ("simple", 2), "duo": ("moderate", 3), "trio": ("complex", 5), "debate": ("critical", 5)}


def ladder(writers: Sequence[str], *, at_once: int = 1) -> Schedule:
    """Two attempts each, with the strategies and panels of the three-gpu table in their order; beside each writer the
    first of the others, until so many write ``at_once``."""
    rows: list[Row] = []
    for number, (writer, strategy) in enumerate(zip(writers, list(THINK_CALLS)[1:], strict=False)):
        kind, size = PANELS.get(strategy, ("critical", 5))
        beside = tuple(other for other in writers if other != writer)[: at_once - 1]
        rows.append(
            Row(
                attempts=(2 * number + 1, 2 * number + 2),
                generator=Generator(model=writer, beside=beside),
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
    checks = Checks(unfinished=True)
    calls, seconds = 0, 0.0
    for number, row in enumerate(rows, start=1):
        strategy = row.thinking.strategy
        written = [answers[writer] for writer in row.generator.writers]
        calls += THINK_CALLS[strategy] + len(written)
        seconds += THINK_SECONDS[strategy] + WRITE_SECONDS + COMPILE_SECONDS
        for one in written:
            checks.learn(one.checked)
        chosen = max(written, key=lambda one: rank(one.checked, checks))
        evidence = checks.settle(chosen.checked, last=number == len(rows))
        counts = tally.setdefault(chosen.answer.model, [0, 0])
        counts[1] += 1
        if not chosen.compiles or evidence.grade is None:
            continue
        if not (spare_proven and evidence.grade is Grade.PROVEN):
            calls += len(row.panel.members)
            seconds += PANEL_SECONDS
        counts[0] += 1
        return Played(calls=calls, seconds=seconds, right=chosen.answer.right)
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


Both = tuple[list[Played], list[Played]]
"""The same jobs in full and by need."""


def compare(pools: Sequence[Sequence[Seen]], writers: Sequence[str], seed: int, *, at_once: int = AT_ONCE) -> Both:
    """Play one ladder under both efforts, and print what it took."""
    whole = [pool for pool in pools if {seen.answer.model for seen in pool} >= set(writers)]
    full = jobs(whole, ladder(writers), need=False)
    need = jobs(whole, ladder(writers, at_once=at_once), need=True)
    checked = sum(any(seen.evidence.results for seen in pool) for pool in whole)
    print(f"{len(whole)} tasks ({checked} with examples), ladder: {', '.join(writers)}; {at_once} at once by need")
    kept(full, need, seed)
    return full, need


def kept(full: Sequence[Played], need: Sequence[Played], seed: int) -> bool:
    """Print what both took; whether the promise holds."""
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
    ended = [(one, other) for one, other in zip(full, need, strict=True) if one.right is not None]
    short = ratio([other.seconds for _, other in ended], [one.seconds for one, _ in ended], seed)
    told = (("model calls", calls), ("critical path", seconds), (f"critical path, {len(ended)} with a result", short))
    for what, (value, low, high) in told:
        print(f"  need takes {value:.0%} [{low:.0%}, {high:.0%}] of full: {what}")
    return calls[0] <= CALLS and seconds[0] <= SECONDS and good["need"] >= good["full"]


def ratio(need: Sequence[float], full: Sequence[float], seed: int) -> tuple[float, float, float]:
    """The ratio of the sums, and its 95% interval by resampling tasks."""
    rng, count = random.Random(seed), len(full)
    drawn: list[float] = []
    for _ in range(2000):
        picks = [rng.randrange(count) for _ in range(count)]
        drawn.append(sum(need[pick] for pick in picks) / sum(full[pick] for pick in picks))
    drawn.sort()
    return sum(need) / sum(full), drawn[50], drawn[-51]


def shuffled(found: dict[str, list[Seen]], seed: int) -> list[list[Seen]]:
    """The tasks' answers in some order."""
    pools = [found[key] for key in sorted(found)]
    random.Random(seed).shuffle(pools)
    return pools


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks of each kind, from the first")
    parser.add_argument("--seed", type=int, default=1, help="in which order they come")
    options = parser.parse_args()
    full: list[Played] = []
    need: list[Played] = []
    for kind, found, writers in played_tasks(options.tasks):
        print(f"\n{kind}")
        pools = shuffled(found, options.seed)
        whole = compare(pools, writers, options.seed)
        full += whole[0]
        need += whole[1]
        compare(pools, writers, options.seed, at_once=1)
        compare(pools, writers[1:4], options.seed)
    if not full:
        return 0
    print("\nboth, the whole table")
    held = kept(full, need, options.seed)
    print(f"promised: {CALLS:.0%} of the calls, {SECONDS:.0%} of the path, as many right answers")
    return 0 if held else 1


def played_tasks(count: int) -> Iterator[tuple[str, dict[str, list[Seen]], Sequence[str]]]:
    """The kinds of tasks whose recorded answers are here, checked, with the ladder of each."""
    if (DATA / "tasks.jsonl.xz").is_file():
        yield "functions", {key: seen[1:] for key, seen in asyncio.run(run(count)).items()}, LADDER
    else:
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
    if (reason := model_outputs.absent()) is None:
        yield "classes", asyncio.run(checked_classes(count)), CLASS_LADDER
    else:
        print(f"skipped: {reason}")


if __name__ == "__main__":
    sys.exit(main())
