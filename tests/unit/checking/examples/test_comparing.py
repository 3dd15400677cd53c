"""Values of a driver against what examples say, by declared types; and calls with one literal changed."""

from __future__ import annotations

import pytest

from forge_lsp.checking.examples.comparing import Opaque, alike, decoded
from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Group, MapValue, parse
from forge_lsp.checking.examples.variations import variations

INT, FLOAT, STRING, CHAR = (Type(kind=kind) for kind in ("int", "float", "string", "char"))
INTS = Type(kind="list", items=(INT,))


@pytest.mark.parametrize(
    ("expected", "tree", "declared", "same"),
    [
        ("1", {"i": "1"}, ANY, True),
        ("1", {"f": "1.0"}, ANY, True),
        ("0.3", {"f": "0.30000000000000004"}, ANY, True),
        ("0.3", {"f": "0.31"}, ANY, False),
        ("NaN", {"f": "NaN"}, ANY, True),
        ("True", {"b": True}, ANY, True),
        ("True", {"i": "1"}, ANY, True),
        ("True", {"i": "2"}, ANY, False),
        ("1", {"b": True}, ANY, False),
        ("'a'", {"s": "a"}, CHAR, True),
        ("'1'", {"i": "1"}, ANY, False),
        ("None", {"n": 0}, ANY, True),
        ("0", {"n": 0}, ANY, False),
        ("[1, 2]", {"l": [{"i": "1"}, {"i": "2"}]}, INTS, True),
        ("[1, 2]", {"l": [{"i": "2"}, {"i": "1"}]}, INTS, False),
        ("(1, 2)", {"l": [{"i": "1"}, {"i": "2"}]}, ANY, True),
        ("{1, 2}", {"l": [{"i": "1"}, {"i": "2"}]}, INTS, True),
        ("{1, 2}", {"z": [{"i": "2"}, {"i": "1"}]}, ANY, True),
        ("{1: 'a'}", {"m": [[{"s": "1"}, {"s": "a"}]]}, ANY, True),
        ("{1: 'a'}", {"m": [[{"i": "2"}, {"s": "a"}]]}, ANY, False),
        ("{}", {"m": []}, Type(kind="map"), True),
        ("'x'", {"o": "x"}, ANY, True),
        ("1", {"o": "1"}, ANY, False),
    ],
)
def test_alike(expected: str, tree: object, declared: Type, same: bool) -> None:
    assert alike(parse(expected), decoded(tree), declared) is same


def test_what_is_no_answer() -> None:
    for tree in (None, {}, {"i": "1", "f": "2"}, {"q": 1}, {"i": "x"}):
        with pytest.raises(ValueError):
            decoded(tree)
    assert isinstance(decoded({"o": "a"}), Opaque)


def test_values_are_fitted_to_their_types() -> None:
    assert fitted(parse("{1, 2}"), INTS) == Group("list", (1, 2))
    assert fitted(parse("{1, 2}"), ANY) == Group("set", (1, 2))
    assert fitted(1, FLOAT) == 1.0
    assert fitted(2.0, INT) == 2
    assert fitted(parse("{}"), Type(kind="map")) == MapValue(())
    assert fitted(None, Type(kind="optional", items=(INT,))) is None
    for value, to in ((1.5, INT), ("ab", CHAR), (True, INT), (None, INT), (1, STRING), (parse("[1, 'a']"), INTS)):
        with pytest.raises(TypeMismatch):
            fitted(value, to)


def test_variations_change_one_literal_and_are_bounded() -> None:
    calls = [(parse("[1, 2]"), 3), (parse("[5]"), 3)]
    found = variations(calls)
    assert len(found) <= 24
    assert len(set(map(str, found))) == len(found)
    assert not any(one in calls for one in found)
    assert all(
        sum(new != old for new, old in zip(one, call, strict=True)) == 1 for one in found[:1] for call in calls[:1]
    )
    assert variations([]) == ()
