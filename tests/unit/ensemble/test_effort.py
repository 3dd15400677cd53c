"""Effort by need: each writer once without thinking where checks can tell, then the schedule in its order."""

from __future__ import annotations

import pytest

from forge_lsp.core.attempt import BuildStatus, Evidence, Outcome
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.events import CallStarted
from forge_lsp.ensemble.effort import ENOUGH, Record, first_writers, rows_by_need
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule, Thinking
from tests.support.scripted import GOOD, FakeToolchain, ScriptedModel, example, report, verdict_text
from tests.unit.ensemble.test_loop import Stand, decisions

SOLO, DUO = Thinking(strategy="solo", models=("p",)), Thinking(strategy="duo", models=("p", "q"))
SMALL, LARGE = Panel(kind="simple", members=("r1",)), Panel(kind="moderate", members=("r1", "r2"))
LADDER = Schedule(
    rows=(
        Row(attempts=(1, 2), generator=Generator(model="a"), thinking=SOLO, panel=SMALL),
        Row(attempts=(3, 4), generator=Generator(model="b"), thinking=DUO, panel=LARGE),
        Row(attempts=(5, 6), generator=Generator(model="c"), thinking=DUO, panel=LARGE),
        Row(attempts=(7, 8), generator=Generator(model="paid"), thinking=DUO, panel=LARGE),
    )
)
OWED = Evidence(results=(example(CheckStatus.OWED, actual="-1"),))
PROOF = Evidence(results=(example(CheckStatus.PROOF),))


def free(model: str) -> bool:
    return model != "paid"


def told(rows: tuple[Row, ...]) -> str:
    return " ".join(f"{row.generator.model}:{row.thinking.strategy}" for row in rows)


@pytest.mark.parametrize(
    ("attempts", "rows"),
    [
        (8, "a:none b:none c:none a:solo b:duo c:duo paid:duo paid:duo"),
        (6, "a:none b:none c:none a:solo b:duo c:duo"),
        (3, "a:none b:none a:solo"),
        (1, "a:none"),
    ],
)
def test_easy_first_and_paid_rungs_at_their_numbers(attempts: int, rows: str) -> None:
    assert told(rows_by_need(LADDER, attempts, free=free)) == rows


def beside(rows: tuple[Row, ...]) -> str:
    return " ".join("+".join(row.generator.writers) for row in rows)


@pytest.mark.parametrize(
    ("pairs", "attempts", "writers"),
    [
        ({"a": ("b",), "b": ("a",), "c": ("a",)}, 8, "a+b c a+b c paid paid"),
        ({"a": ("b", "c"), "b": ("a",), "c": ()}, 6, "a+b+c a+b+c"),
        ({"a": (), "b": ("c",), "c": ("b",)}, 6, "a b+c a b+c"),
        ({"a": ("paid", "b"), "b": (), "c": ()}, 6, "a+b c a+paid+b c"),
        ({"a": ("d", "b"), "b": (), "c": ()}, 6, "a+d+b c a+d+b c"),
    ],
)
def test_those_that_can_write_at_once_do_and_each_easy_writer_once(
    pairs: dict[str, tuple[str, ...]], attempts: int, writers: str
) -> None:
    schedule = Schedule(
        rows=tuple(
            Row(
                attempts=row.attempts,
                generator=Generator(model=row.generator.model, beside=pairs.get(row.generator.model, ())),
                thinking=row.thinking,
                panel=row.panel,
            )
            for row in LADDER.rows
        )
    )
    rows = rows_by_need(schedule, attempts, free=free)
    assert beside(rows) == writers
    easy = [row for row in rows if row.thinking.strategy == "none"]
    written = [writer for row in easy for writer in row.generator.writers]
    assert sorted(set(written) - {"d"}) == ["a", "b", "c"]
    assert len(set(written)) == len(written)
    assert "paid" not in written


def test_the_best_by_the_ledger_writes_first_with_whom_it_can() -> None:
    rows = Schedule(
        rows=(
            Row(attempts=(1, 2), generator=Generator(model="a", beside=("b",)), thinking=SOLO, panel=SMALL),
            Row(attempts=(3, 4), generator=Generator(model="b", beside=("c",)), thinking=SOLO, panel=SMALL),
            Row(attempts=(5, 6), generator=Generator(model="c", beside=("b",)), thinking=SOLO, panel=SMALL),
        )
    )
    records = {"a": Record(won=1, tried=2 * ENOUGH), "c": Record(won=ENOUGH - 2, tried=ENOUGH)}
    assert beside(rows_by_need(rows, 6, free=free, records=records)[:2]) == "c+b a"


def test_the_first_panels_are_the_smallest_that_there_are() -> None:
    rows = rows_by_need(LADDER, 6, free=free)
    assert [row.panel.kind for row in rows] == ["simple", "simple", "simple", "simple", "moderate", "moderate"]


def test_the_ledger_chooses_the_first_rung_once_there_are_enough_attempts() -> None:
    many, few = Record(won=9, tried=ENOUGH), Record(won=ENOUGH - 1, tried=ENOUGH - 1)
    poor = Record(won=1, tried=2 * ENOUGH)
    writers = ("a", "b", "c")
    assert first_writers(writers, {}) == writers
    assert first_writers(writers, {"c": few}) == writers
    assert first_writers(writers, {"a": poor, "c": many}) == ("c", "a", "b")
    assert first_writers(writers, {"b": Record(won=0, tried=50)}) == writers
    assert first_writers(writers, {"b": many, "c": Record(won=90, tried=120), "a": poor}) == ("c", "b", "a")
    rows = rows_by_need(LADDER, 6, free=free, records={"a": poor, "c": many})
    assert told(rows).startswith("c:none a:none b:none a:solo")
    assert Record(won=0, tried=0).least == 0.0


def stand(*answers: str, proofs: dict[str, Evidence]) -> Stand:
    models = [ScriptedModel(key, *answers, repeat=True) for key in ("a", "b", "c")]
    models += [ScriptedModel(key, "A plan.", repeat=True) for key in ("p", "q")]
    models += [ScriptedModel(key, verdict_text(9), repeat=True) for key in ("r1", "r2")]
    models += [ScriptedModel("paid", GOOD, repeat=True, paid=True)]
    return Stand(tuple(models), toolchain=FakeToolchain(proofs=proofs))


def need(accept: Accept | None = None) -> Schedule:
    return Schedule(rows=LADDER.rows, accept=accept or Accept(panel="unproven"), effort="need")


def calls(one: Stand) -> list[tuple[str, str]]:
    return [(body.role, body.model) for body in one.events.bodies if isinstance(body, CallStarted)]


async def test_what_is_proven_at_once_takes_one_call() -> None:
    one = stand(GOOD, proofs={"return a + b": PROOF, "def add": OWED})
    end = await one.run(need(), attempts=6)
    assert (end.outcome, calls(one)) == (Outcome.ACCEPTED, [("generate", "a")])


async def test_thinking_follows_when_every_writer_failed() -> None:
    bad = "```python\ndef add(a, b):\n    return a - b\n```"
    one = stand(bad, proofs={"def add": OWED})
    assert one.toolchain is not None
    one.toolchain.builds["a - b"] = report(BuildStatus.FAILED)
    end = await one.run(need(), attempts=5)
    assert end.outcome is not Outcome.ACCEPTED
    assert [(attempt.generator, attempt.strategy) for attempt in end.attempts] == [
        ("a", "none"),
        ("b", "none"),
        ("c", "none"),
        ("a", "solo"),
        ("b", "duo"),
    ]
    assert len(calls(one)) == 9


async def test_without_checks_and_in_full_the_schedule_holds_to_the_letter() -> None:
    for schedule, proofs in ((need(), {}), (LADDER, {"return a + b": PROOF, "def add": OWED})):
        one = stand(GOOD, proofs=proofs)
        end = await one.run(schedule, attempts=6)
        assert (end.outcome, decisions(end)) == (Outcome.ACCEPTED, ["accept"])
        assert calls(one) == [("propose", "p"), ("generate", "a"), ("review", "r1")]
