from __future__ import annotations

import pytest

from forge_lsp.ensemble import review, thinking
from forge_lsp.ensemble.prompting import has_template
from forge_lsp.ensemble.schedule import (
    PANELS,
    STRATEGIES,
    Accept,
    Generator,
    Panel,
    Reviewer,
    Row,
    Schedule,
    Thinking,
)


def row(*attempts: int, model: str = "m", panel: Panel | None = None, thought: Thinking | None = None) -> Row:
    return Row(
        attempts=attempts,
        generator=Generator(model=model),
        thinking=thought or Thinking(),
        panel=panel or Panel(kind="simple", members=("a",)),
    )


def test_the_first_row_that_holds_a_number_is_used() -> None:
    table = Schedule(rows=(row(1, 2, model="x"), row(2, 3, model="y"), row(7, model="z")))
    used = [table.row_for(number).generator.model for number in range(1, 10)]
    # 4-6 stand in no row and 8-9 are past the table: the row that came last goes on.
    assert used == ["x", "x", "y", "y", "y", "y", "z", "z", "z"]


def test_a_number_before_every_row_takes_the_earliest() -> None:
    table = Schedule(rows=(row(5, model="late"), row(3, model="early")))
    assert table.row_for(1).generator.model == "early"


def test_an_empty_schedule_has_no_row_and_says_so() -> None:
    assert Schedule(rows=()).validate() == ("schedule: no rows; nothing could be attempted",)
    with pytest.raises(ValueError, match="no rows"):
        Schedule(rows=()).row_for(1)


def test_names_in_the_tables_have_code_and_words_behind_them() -> None:
    assert set(thinking.STRATEGIES) == set(STRATEGIES)
    assert set(review.PANELS) == set(PANELS) - {"none"}
    assert all(has_template(f"aspect_{a}") for a in ("patterns", "architecture", "quality", "security", "logic"))


def test_a_sound_schedule_has_no_problems() -> None:
    table = Schedule(
        rows=(
            row(1, thought=Thinking(strategy="solo", models=("a",))),
            row(
                2, thought=Thinking(strategy="duo", models=("a", "b")), panel=Panel(kind="complex", members=("a", "b"))
            ),
        ),
        reviewers={"a": Reviewer(aspect="logic", weight=1.0)},
    )
    assert table.validate() == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (row(1, thought=Thinking(strategy="quartet", models=("a", "b", "c"))), "no strategy 'quartet' here"),
        (row(1, thought=Thinking(strategy="duo", models=("a",))), "duo needs 2, 1 given"),
        (row(1, thought=Thinking(strategy="trio", models=("a",))), "trio needs 2, 1 given"),
        (row(1, thought=Thinking(strategy="debate", models=("a",))), "debate needs 2, 1 given"),
        (row(1, thought=Thinking(strategy="vote", models=("a",))), "vote needs 2, 1 given"),
        (row(1, thought=Thinking(strategy="trio", models=tuple("abcd"))), "trio takes at most 3, 4 given"),
        (row(1, thought=Thinking(strategy="vote", models=tuple(map(str, range(27))))), "vote takes at most 26, 27"),
        (row(1, thought=Thinking(strategy="vote", models=("a", "b", "a"))), "a model votes once"),
        (row(1, panel=Panel(kind="grand", members=("a",))), "no panel 'grand' here"),
        (row(1, panel=Panel(kind="critical")), "a critical panel needs members"),
        (row(1, panel=Panel(kind="simple")), "a simple panel needs members"),
        (row(1, panel=Panel(kind="simple", members=("a", "a"))), "sits in a panel once"),
        (row(1, panel=Panel()), "nothing reaches a score"),
        (row(0), "from 1"),
        (row(), "from 1"),
        (
            Row(attempts=(1,), generator=Generator(model="m", samples=33), panel=Panel(kind="simple", members=("a",))),
            "33",
        ),
    ],
)
def test_problems_name_the_key(rows: Row, said: str) -> None:
    (line,) = Schedule(rows=(rows,)).validate()
    assert line.startswith("schedule.0.")
    assert said in line


def test_weights_and_scores_are_bounded() -> None:
    table = Schedule(rows=(row(1),), reviewers={"a": Reviewer(weight=0.0)}, accept=Accept(score=11))
    assert [line.split(":")[0] for line in table.validate()] == ["reviewers.a.weight", "accept.score"]
    evidence = Schedule(rows=(row(1, panel=Panel()),), accept=Accept(rule="evidence"))
    assert evidence.validate() == ()
