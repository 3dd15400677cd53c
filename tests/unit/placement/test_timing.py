"""The schedule as steps: which calls, when, and how long."""

from __future__ import annotations

import pytest

from forge_lsp.placement.timing import CHECK, ELSEWHERE, TimedRow, call_seconds, steps
from tests.support.rigs import rows, user_needs, user_steps

PRINTS = {need.key: need.footprint for need in user_needs()}


@pytest.mark.parametrize(
    ("strategy", "rounds"),
    [
        ("solo", [["phi4"]]),
        ("duo", [["phi4"], ["gemma3"], ["phi4"]]),
        ("trio", [["phi4", "gemma3", "qwen"], ["phi4"]]),
        ("debate", [["phi4"], ["gemma3"], ["qwen"]] * 3),
        ("vote", [["phi4", "gemma3", "qwen"]] * 2),
    ],
)
def test_each_strategy_calls_as_it_does(strategy: str, rounds: list[list[str]]) -> None:
    row = TimedRow(attempts=(1,), strategy=strategy, thinkers=("phi4", "gemma3", "qwen"), generator="qwen")
    assert [list(each) for each in steps([row], PRINTS)[0].rounds] == rounds


def test_without_thinking_or_a_panel_there_is_only_the_writing() -> None:
    [step] = steps([TimedRow(attempts=(1,), strategy="none", thinkers=(), generator="qwen")], PRINTS)
    assert step.stage == "generate"
    assert step.after == CHECK


def test_calls_elsewhere_take_time_and_no_memory() -> None:
    [step] = steps([TimedRow(attempts=(1,), strategy="none", thinkers=(), generator="sonnet")], PRINTS)
    assert step.rounds == ()
    assert step.elsewhere == ELSEWHERE["generate"]


def test_an_attempt_that_two_rows_hold_is_done_as_the_first_says() -> None:
    first = TimedRow(attempts=(1, 2), strategy="none", thinkers=(), generator="qwen")
    second = TimedRow(attempts=(2, 3), strategy="none", thinkers=(), generator="llama")
    assert [step.attempts for step in steps([first, second], PRINTS)] == [(1, 2), (3,)]


def test_samples_cost_less_than_as_many_calls() -> None:
    def seconds(samples: int) -> float:
        row = TimedRow(attempts=(1,), strategy="none", thinkers=(), generator="qwen", samples=samples)
        return steps([row], PRINTS)[0].rounds[0]["qwen"]

    assert seconds(1) < seconds(8) < 8 * seconds(1)


def test_the_rigs_times_are_those_its_user_expects() -> None:
    by_stage = {(step.attempts[0], step.stage): step for step in user_steps(user_needs())}
    assert len(rows()) == 5
    assert sum(by_stage[1, "think"].rounds[0].values()) == pytest.approx(5, abs=1)
    assert sum(sum(each.values()) for each in by_stage[3, "think"].rounds) == pytest.approx(13, abs=3)
    assert by_stage[5, "generate"].rounds[0]["codestral"] == pytest.approx(25, abs=5)


def test_a_call_reads_its_weights_once_a_token() -> None:
    assert call_seconds(6 * 10**9, 100, read=0, bandwidth=1e12) == pytest.approx(1.0)
