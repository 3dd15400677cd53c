"""Reading what models say of calls, as JSON and in words."""

from __future__ import annotations

import json

import pytest

from forge_lsp.core.task import Scope, ScopeKind, TextRange
from forge_lsp.ensemble.answers import Unusable
from forge_lsp.ensemble.expectations import (
    MOST_CALLS,
    MOST_EXAMPLES,
    parse_calls,
    parse_examples,
    speaks_of,
    stated_calls,
    stated_examples,
)


def examples(*pairs: tuple[object, object]) -> str:
    return json.dumps({"examples": [{"call": call, "value": value} for call, value in pairs]})


def test_calls_and_values_of_a_json_answer() -> None:
    text = examples(
        ("add(2, 3)", "5"), (">>> f('a')", "'A'"), ("s = S()\ns.pop()", "raises IndexError"), ("g()", [1, None])
    )
    assert parse_examples(f"Here they are:\n{text}") == (
        ("add(2, 3)", "5"),
        ("f('a')", "'A'"),
        ("s = S()\ns.pop()", "raises IndexError"),
        ("g()", "[1, None]"),
    )


def test_entries_that_say_nothing_are_left_out_and_there_are_never_many() -> None:
    some = examples(("add", "5"), (3, "5"), ("f(1)", ""), ("f(2)", "4"), ("f(2)", "5"))
    assert parse_examples(some) == (("f(2)", "4"),)
    many = examples(*((f"f({n})", str(n)) for n in range(50)))
    assert len(parse_examples(many)) == MOST_EXAMPLES
    other = '{"examples": [{"input": "f(1)", "expected": 1}, "f(2) == 2", {"call": "f(3)"}]}'
    assert parse_examples(other) == (("f(1)", "1"),)


@pytest.mark.parametrize("text", ["", "no", "{}", '{"examples": 3}', '{"examples": []}', '{"properties": {}}'])
def test_what_holds_none_is_not_usable(text: str) -> None:
    with pytest.raises(Unusable):
        parse_examples(text)


def test_examples_in_words() -> None:
    text = """Of course:
- `add(2, 3) == 5`
- add([1], [2]) -> [1, 2]
assert add("a", 'b)') == "ab", "texts"
>>> add(0, 0)
0
add(1, None) raises TypeError
add(5, 5) should return 10.
print(add(1, 1))
def add(a, b): return a
"""
    assert stated_examples(text) == (
        ("add(2, 3)", "5"),
        ("add([1], [2])", "[1, 2]"),
        ("add(\"a\", 'b)')", "'ab'"),
        ("add(0, 0)", "0"),
        ("add(1, None)", "raises TypeError"),
        ("add(5, 5)", "10"),
    )
    assert stated_examples("I cannot say.") is None


def test_calls_of_a_json_answer_and_in_words() -> None:
    assert parse_calls('{"calls": ["f(1)", "f(1)", "x", 3, "s = S()\\ns.run(2)"]}') == ("f(1)", "s = S()\ns.run(2)")
    assert len(parse_calls(json.dumps({"calls": [f"f({n})" for n in range(50)]}))) == MOST_CALLS
    with pytest.raises(Unusable):
        parse_calls('{"calls": ["x"]}')
    assert stated_calls("- `f(1)`\n2. f('a)')\nTry f(3) too\nf(4);") == ("f(1)", "f('a)')", "f(4)")
    assert stated_calls("none") is None


def test_a_call_speaks_of_the_scope_or_of_what_encloses_it() -> None:
    scope = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=0, end=1), name="makePalindrome")
    method = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=0, end=1), name="pop", container="a.Stack")
    assert speaks_of("make_palindrome('a')", scope)
    assert not speaks_of("make('a')", scope)
    assert speaks_of("Stack(3).push(1)", method)
    assert not speaks_of("popular()", method)
