"""Intervals against numbers of the tables, and what must hold for any numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from forge_lsp.jobs.intervals import mean, ratio, separation, share, student

numbers = some.lists(some.floats(0, 1e6), min_size=2, max_size=40)


@pytest.mark.parametrize(
    ("freedom", "point"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (30, 2.0423), (120, 1.9799), (10**6, 1.9600)],
)
def test_students_t_is_that_of_the_tables(freedom: int, point: float) -> None:
    assert student(freedom) == pytest.approx(point, abs=6e-5)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (7, 10, 0.3968, 0.8922), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_of_known_counts(hits: int, total: int, low: float, high: float) -> None:
    found = share(hits, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_mean_of_known_values() -> None:
    found = mean([10.0, 12.0, 14.0])  # stdev 2, t(2) 4.3027: 12 ± 4.97
    assert (found.value, found.low, found.high) == (
        12.0,
        pytest.approx(7.0317, abs=1e-3),
        pytest.approx(16.968, abs=1e-3),
    )


def test_a_ratio_of_known_pairs() -> None:
    found = ratio([6.0, 8.0, 10.0], [2.0, 4.0, 4.0])  # R 2.4; residuals 1.2, -1.6, 0.4; s 1.4422; ± 1.0748
    assert (found.value, found.high) == (pytest.approx(2.4), pytest.approx(2.4 + 1.0748, abs=1e-3))
    assert ratio([1.0], [0.0]).value is None
    with pytest.raises(ValueError, match="2 values above"):
        ratio([1.0, 2.0], [1.0])


def test_little_is_said_of_little() -> None:
    assert (share(0, 0).value, mean([]).value, ratio([], []).value) == (None, None, None)
    assert (mean([3.0]).value, mean([3.0]).low, mean([3.0]).high) == (3.0, None, None)
    one = share(1, 1)
    assert one.low is not None and one.low < 0.25


@given(some.integers(1, 2000).flatmap(lambda total: some.tuples(some.integers(0, total), some.just(total))))
def test_a_share_lies_in_its_interval_and_more_of_the_same_narrows_it(counts: tuple[int, int]) -> None:
    hits, total = counts
    few, many = share(hits, total), share(hits * 4, total * 4)
    assert few.low is not None and few.value is not None and few.high is not None
    assert 0 <= few.low <= few.value <= few.high <= 1
    assert many.low is not None and many.high is not None
    assert many.high - many.low < few.high - few.low
    other = share(total - hits, total)
    assert other.low == pytest.approx(1 - few.high) and other.high == pytest.approx(1 - few.low)


@given(numbers, some.floats(0.1, 100))
def test_a_mean_scales_and_lies_in_its_interval(values: list[float], by: float) -> None:
    found, scaled = mean(values), mean([value * by for value in values])
    assert found.low is not None and found.value is not None and found.high is not None
    assert 0 <= found.low <= found.value * (1 + 1e-12) and found.value <= found.high
    assert scaled.high == pytest.approx(found.high * by, rel=1e-6, abs=1e-6)
    assert mean(values[::-1]).value == pytest.approx(found.value)


@given(some.lists(some.floats(0.1, 1e3), min_size=2, max_size=20), some.floats(0.1, 10))
def test_a_ratio_that_never_varies_is_certain(below: list[float], by: float) -> None:
    found = ratio([value * by for value in below], below)
    assert found.value == pytest.approx(by)
    assert found.low is not None and found.high is not None
    assert math.isclose(found.low, found.high, rel_tol=1e-6)


def test_how_well_known_scores_separate() -> None:
    found = separation([9, 8, 8], [8, 3])  # of six pairs: 4 above, 2 equal
    assert (found.right, found.wrong, found.value) == (3, 2, pytest.approx(5 / 6))
    assert separation([1.0], []).value is None
    assert separation([], [1.0, 2.0]).low is None
    coin = separation([1, 2, 3, 4], [1, 2, 3, 4])
    assert coin.value == 0.5
    assert coin.low is not None and coin.high is not None
    assert coin.low + coin.high == pytest.approx(1.0)
    # At the edge the interval solves (1 - x)^2 = z^2 x (1 - x) (1 + h (1 - x) / (2 - x) + h x / (1 + x)) / mn.
    best = separation([9.0] * 10, [1.0] * 10)
    assert (best.value, best.high) == (1.0, 1.0)
    x = best.low
    assert x is not None and 0.5 < x < 1
    spread = x * (1 - x) * (1 + 9 * (1 - x) / (2 - x) + 9 * x / (1 + x)) / 100
    assert (1 - x) ** 2 == pytest.approx(1.959964**2 * spread, rel=1e-6)


scores = some.lists(some.integers(0, 10), min_size=1, max_size=8)


@settings(deadline=None, max_examples=40)
@given(scores, scores)
def test_a_separation_lies_in_its_interval_and_turns_around(right: list[int], wrong: list[int]) -> None:
    one, other = separation(right, wrong), separation(wrong, right)
    assert one.value is not None and one.low is not None and one.high is not None and other.value is not None
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.value + other.value == pytest.approx(1.0)
