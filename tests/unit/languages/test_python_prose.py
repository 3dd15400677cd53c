from __future__ import annotations

import pytest

from forge_lsp.languages.python.prose import CallExpectation, promises


@pytest.mark.parametrize(
    ("line", "call", "literal"),
    [
        ("add(2, 3) == 5", "add(2, 3)", "5"),
        ("    add(2, 3) -> 5", "add(2, 3)", "5"),
        ("add(2, 3) => 5.", "add(2, 3)", "5"),
        ("add(2, 3) → -5", "add(2, 3)", "-5"),
        ("add(2, 3) ➞ 5", "add(2, 3)", "5"),
        ("add(2, 3) ==> 5", "add(2, 3)", "5"),
        ("add(2, 3) ⇒ 5", "add(2, 3)", "5"),
        ("add(2, 3)  # 5", "add(2, 3)", "5"),
        ("add(2, 3)  # => 5", "add(2, 3)", "5"),
        ("assert add(2, 3) == 5", "add(2, 3)", "5"),
        ("e.g. `add(2, 3)` returns `5`, as one expects", "add(2, 3)", "5"),
        ("add(2, 3) should return 5 always", "add(2, 3)", "5"),
        ('f("a == (b", [1, 2]) == {"k": (1, 2)}', 'f("a == (b", [1, 2])', '{"k": (1, 2)}'),
        ("Stack([1]).push(2).items[0] == 1", "Stack([1]).push(2).items[0]", "1"),
        ("(see f(1) == 'x y')", "f(1)", "'x y'"),
        ("f(1) == None when empty", "f(1)", "None"),
    ],
)
def test_a_promise_is_a_call_and_a_literal(line: str, call: str, literal: str) -> None:
    assert list(promises([line])) == [CallExpectation(call=call, line=0, literal=literal)]


def test_several_promises_in_one_sentence() -> None:
    found = list(promises(["", "so that add(2, 3) == 5 and add(1, 1) == 2, div(1, 0) raises ZeroDivisionError"]))
    assert [(p.call, p.literal, p.raises, p.line) for p in found] == [
        ("add(2, 3)", "5", None, 1),
        ("add(1, 1)", "2", None, 1),
        ("div(1, 0)", None, "ZeroDivisionError", 1),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "def add(a, b) -> 5: ...",
        "add(a: int) -> int",
        "add(2, 3) == other(1)",
        "add(2, 3) == 5 + x",
        "add(2, 3) == 5 if x else 6",
        "not f(1) == True",
        "1 + f(1) == 3",
        'greet("Bob") -> Hello Bob',
        "x = f(1)  # 5 is the seed",
        "call f(1)  # 5",
        "if add(2, 3 == 5",
        "see add(2, 3)",
        "f(1) == " + "9" * 500,
    ],
)
def test_what_is_not_clearly_a_promise_is_left_alone(line: str) -> None:
    assert list(promises([line])) == []
