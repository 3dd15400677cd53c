"""Equalities that set their two sides against each other, and those that only seem to."""

from __future__ import annotations

import pytest

from forge_lsp.checking.comparing import Comparison, compares, parameters_of

TYPE = "struct Size { int value; mutable int known; static const int limit; }"


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ("int other", "return value == other;"),
        ("const Size &other", "return other.value == this->value;"),
        ("const Size &other", "return std::tie(value, known) == std::tie(other.value, other.known);"),
        ("const Size &other", "return memcmp(this, &other, sizeof other) == 0;"),
        ("const Size &other", "return !(*this == other);"),
        ("const Size &a, const Size &b", "return a.value == b.value;"),
        ("const Size &a, int b", "double apart = a.value - b; return apart < 1e-9 && apart > -1e-9;"),
        ("Size? other", "return other is not null && value == other.value;"),
        ("object? other", "Equals(other as Size)"),
        ("object? other", "other is Size size && size.value == value"),
        ("Size? other", "value.CompareTo(other?.value)"),
        ("Size other", "if (other is null) return false; if (ReferenceEquals(this, other)) return true; "
         "return value == other.value;"),
        ("const Size &o", "for (int i = 0; i < 3; i++) if (value[i] != o.value[i]) return false; return true;"),
    ],
)  # fmt: skip
def test_sides_that_are_compared(parameters: str, body: str) -> None:
    names = parameters_of(parameters)
    assert names is not None
    assert compares(Comparison(parameters=names, body=body, type_text=TYPE))


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ("int other", "return true;"),
        ("int other", "return other == other && value == value;"),
        ("int other", "return other < 100 && value < 100;"),
        ("int other", "return other < limit;"),
        ("int other", "known = other; return known == other;"),
        ("int other", "return value == other || true;"),
        ("object? other", "other is int"),
        ("object? other", "other!.Equals(other)"),
        ("const Size &one, const T &other", "return &one != nullptr || other == T{};"),
    ],
)
def test_sides_that_are_not(parameters: str, body: str) -> None:
    names = parameters_of(parameters)
    assert names is not None
    assert not compares(Comparison(parameters=names, body=body, type_text=TYPE))


def test_a_helper_is_looked_into_and_a_side_without_a_name_is_not_looked_at() -> None:
    for body, good in (("return true;", False), ("return a == b;", True)):
        helpers = {"alike": (("a", "b"), body)}
        one = Comparison(parameters=("other",), body="return alike(value, other);", type_text=TYPE, helpers=helpers)
        assert compares(one) is good
    assert parameters_of("const Size &, int") is None
    assert parameters_of("std::map<int, int> const &a, T b = 3") == ("a", "b")
