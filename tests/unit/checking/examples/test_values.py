"""Values in the notations of Python, JSON and the languages."""

from __future__ import annotations

import math

import pytest

from forge_lsp.checking.examples.values import Group, MapValue, Value, parse, shown, split


def listed(*items: Value) -> Group:
    return Group("list", items)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("\u22123", -3),
        ("1e3", 1000.0),
        ("1_000", 1000),
        ("0x1F", 31),
        ("5u8", 5),
        ("2.5f", 2.5),
        ("3L", 3),
        ("True", True),
        ("null", None),
        ("Optional.empty()", None),
        ("-Infinity", -math.inf),
        ("'it\\'s'", "it's"),
        ('"a\\u0041\\n"', "aA\n"),
        ('r"a\\n"', "a\\n"),
        ('String::from("x")', "x"),
        ('"x".to_string()', "x"),
        ("Some(3)", 3),
        ("(1)", 1),
        ("[1, 2]", listed(1, 2)),
        ("[1,]", listed(1)),
        ("List.of(1, 2)", listed(1, 2)),
        ("Arrays.asList(1, 2)", listed(1, 2)),
        ("new ArrayList<>(List.of(1, 2))", listed(1, 2)),
        ("new int[] {1, 2}", listed(1, 2)),
        ("new List<int> {1, 2}", listed(1, 2)),
        ("[]int{1, 2}", listed(1, 2)),
        ("[2]string{\"a\", \"b\"}", listed("a", "b")),
        ("vec![1, 2]", listed(1, 2)),
        ("std::vector<long>{1, 2}", listed(1, 2)),
        ("listOf(1, 2)", listed(1, 2)),
        ("&[1, 2]", listed(1, 2)),
        ("{1, 2}", Group("braces", (1, 2))),
        ("(1, 2)", Group("tuple", (1, 2))),
        ("Pair.with(1, 'a')", Group("tuple", (1, "a"))),
        ("new Set([1, 2])", Group("set", (1, 2))),
        ("{'a': 1, b: [2]}", MapValue((("a", 1), ("b", listed(2))))),
        ('Map.of("a", 1)', MapValue((("a", 1),))),
        ('map[string]int{"a": 1}', MapValue((("a", 1),))),
        ('new Dictionary<string, int> { {"a", 1}, ["b"] = 2 }', None),
        ('new Dictionary<string, int> { {"a", 1}, {"b", 2} }', MapValue((("a", 1), ("b", 2)))),
        ('HashMap::from([("a", 1)])', MapValue((("a", 1),))),
        ('mapOf("a" to 1)', MapValue((("a", 1),))),
        ("[[1], []]", listed(listed(1), listed())),
    ],
)  # fmt: skip
def test_what_a_text_is(text: str, value: Value) -> None:
    if value is None and "Dictionary" in text:
        with pytest.raises(ValueError, match="values and pairs"):
            parse(text)
    else:
        assert parse(text) == value
        assert type(parse(text)) is type(value)


@pytest.mark.parametrize("text", ["", "x", "f(2)", "[1 2]", "[1", "'a", "`${x}`", "1 2", "a.b", "[" * 60 + "]" * 60])
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_nan() -> None:
    for text in ("NaN", "float('nan')", "Double.NaN", "math.NaN()", "f64::NAN"):
        value = parse(text)
        assert isinstance(value, float)
        assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2.0, 'a\"b', None]", '[1, 2.0, "a\\"b", null]'),
        ("new Set([2, 1])", "{1, 2}"),
        ("{b: 1, a: true}", '{"a": true, "b": 1}'),
        ("(1, 2)", "(1, 2)"),
        ("0.1", "0.1"),
    ],
)
def test_what_people_are_shown(text: str, words: str) -> None:
    assert shown(parse(text)) == words


def test_arguments_are_split_outside_of_brackets_and_strings() -> None:
    assert split("1, [2, 3], 'a, b', f(x, y)") == ("1", "[2, 3]", "'a, b'", "f(x, y)")
    assert split("") == ()
