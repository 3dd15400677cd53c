"""Whether two texts stand for one value."""

from __future__ import annotations

import pytest

from forge_lsp.ensemble.values import canonical, raises, returns, same, written


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1, 2]", "[1,2]"),
        ("'a'", '"a"'),
        ("true", "True"),
        ("null", "None"),
        ("5.0", "5"),
        ("{2, 1}", "{1, 2}"),
        ("{'b': 1, 'a': [true]}", '{"a": [True], "b": 1}'),
        ("raises ValueError", "raises builtins.ValueError: no"),
        ("ValueError", "raises a ValueError"),
        ("Point( x = 1 )", "Point(x=1)"),
        ("0.30000000000000004", "0.3"),
    ],
)
def test_one_value_in_two_notations(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "True"), ("'5'", "5"), ("[1]", "(1,)"), ("'ValueError'", "ValueError"), ("'a b'", "'ab'"), ("0", "None")],
)
def test_two_values(one: str, other: str) -> None:
    assert not same(one, other)


def test_what_a_model_wrote_for_a_value() -> None:
    assert written(5) == "5"
    assert written([1, "a", None]) == "[1, 'a', None]"
    assert written("[1,2]") == "[1, 2]"
    assert written("`'ab'`") == "'ab'"
    assert written("a b") == "'a b'"
    assert written("raises KeyError('x')") == "raises KeyError"
    assert written("  ") is None


def test_errors_are_known_by_their_kind() -> None:
    assert raises("throws std::out_of_range") == "out_of_range"
    assert raises("'raises ValueError'") is None
    assert raises("42") is None
    assert returns("42")
    assert not returns("raises KeyError")


def test_hostile_values_are_compared_as_they_stand() -> None:
    deep = "[" * 5_000
    assert canonical(deep) == deep
    assert same("'" + "a" * 30_000 + "'", "'" + "a" * 30_000 + "'")
