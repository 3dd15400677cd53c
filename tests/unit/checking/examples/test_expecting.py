"""Examples of documentation as far as all languages share them: what is read, what can be expected, what is alike."""

from __future__ import annotations

import math

import pytest

from forge_lsp.checking.examples.comparing import Opaque, alike, comparable, unclear
from forge_lsp.checking.examples.expecting import expectable
from forge_lsp.checking.examples.types import ANY, Signature, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Group, MapValue, Value, parse
from forge_lsp.checking.examples.written import DocumentationLine, WrittenExample, written_in

INT, CODE, TEXT = (Type(kind="int", text="int"), Type(kind="code", text="rune"), Type(kind="string", text="string"))
POINT = Type(kind="other", text="Point")


def told(text: str) -> list[tuple[str, str | None, str | None]]:
    lines = [DocumentationLine(number, line) for number, line in enumerate(text.split("\n"), 1)]
    return [(one.call, one.value, one.raises) for one in written_in(lines, lambda call: call.name == "f")]


@pytest.mark.parametrize(
    ("text", "value", "raises"),
    [
        ("f(2) = 4, nil", "4", None),
        ("f(2) = [1, 2], nil.", "[1, 2]", None),
        ("f(2) // 4, nil", "4", None),
        (">>> f(2)\n4, nil", "4", None),
        (">>> f(2)\n4 <nil>", "4 <nil>", None),
        ("f(0) = 0, ErrZero", None, "error"),
        ('f(0) = 0, errors.New("no")', None, "error"),
        (">>> f(0)\n0, error", None, "error"),
        ("f(2) = 4, error otherwise", "4", None),
        ("f(1) throws std::invalid_argument", None, "std::invalid_argument"),
        (">>> f(1)\nthrows std::out_of_range", None, "out_of_range"),
        (">>> f(1)\nraises", None, ""),
        (">>> f(1)\nValueError: no", None, "ValueError"),
    ],
)
def test_errors_are_read_in_the_forms_of_many_languages(text: str, value: str | None, raises: str | None) -> None:
    assert [(one[1], one[2]) for one in told(text)] == [(value, raises)]


def test_what_promises_something_by_itself_is_no_answer_of_the_prompt_above() -> None:
    assert told(">>> f(1)\n2\nf(2) == 3\nf(3) -> 4") == [("f(1)", "2", None), ("f(2)", "3", None), ("f(3)", "4", None)]
    assert told(">>> f(1)\n[1,\n 2]") == [("f(1)", "[1,\n 2]", None)]


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        ("'a'", CODE, 97),
        ("7", CODE, 7),
        ("'ab'", Type(kind="list", items=(CODE,)), Group("list", (97, 98))),
        ("'ab'", Type(kind="list", items=(Type(kind="char"),)), Group("list", ("a", "b"))),
        ("{{'x', 1}, {'y', 2}}", Type(kind="map", items=(TEXT, INT)), MapValue((("x", 1), ("y", 2)))),
        ("{}", Type(kind="map", items=(TEXT, INT)), MapValue(())),
    ],
)
def test_values_are_read_by_their_declared_types(value: str, declared: Type, expected: Value) -> None:
    assert fitted(parse(value), declared) == expected


@pytest.mark.parametrize(("value", "declared"), [("'a'", INT), ("'ab'", CODE), ("{{1}, {2, 3}}", Type(kind="map"))])
def test_values_of_other_types_do_not_fit(value: str, declared: Type) -> None:
    with pytest.raises(TypeMismatch):
        fitted(parse(value), declared)


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ("{1, 'a'}", MapValue((("x", 1), ("n", "a"))), True),
        ("{2, 'a'}", MapValue((("x", 1), ("n", "a"))), False),
        ("{1}", MapValue((("x", 1), ("n", "a"))), False),
        ("{x: 1, n: 'a'}", MapValue((("x", 1), ("n", "a"))), True),
        ("{{1, 'a'}, [{2, 'b'}]}", MapValue((("p", MapValue((("x", 1), ("n", "a")))),
                                          ("more", Group("list", (MapValue((("x", 2), ("n", "b"))),))))), True),
    ],
)  # fmt: skip
def test_an_object_is_its_fields_by_name_or_in_order(expected: str, given: Value, same: bool) -> None:
    assert alike(parse(expected), given, POINT) is same


def test_a_map_is_not_its_values_in_order() -> None:
    assert not alike(parse("{1}"), MapValue((("x", 1),)), ANY)


def test_objects_that_give_nothing_of_themselves_cannot_be_compared() -> None:
    assert unclear(1, Opaque("a pointer"), POINT)
    assert unclear(Group("list", (1,)), Group("list", (Opaque("a"),)), Type(kind="list", items=(POINT,)))
    assert not unclear(1, Opaque("a function"), ANY), "what is declared to be anything is wrong if it is no data"
    assert not unclear(1, 3, POINT)


def example(call: str, value: str | None = None, raises: str | None = None) -> WrittenExample:
    return WrittenExample(id="e", call=call, line=1, value=value, raises=raises)


def test_an_example_that_no_code_could_satisfy_is_not_held_against_any() -> None:
    plain = Signature(name="f", parameters=(), result=INT)
    for one in (example("f(1)", "4"), example("f(1)", "True"), example("f(1)", raises=""), example("f(1)[0]", "'a'")):
        expectable(one, plain)
    for one in (example("f(1)", "'a'"), example("f(1)", "2.5"), example("f(1)", "None"), example("f(1)", "x y")):
        with pytest.raises(TypeMismatch):
            expectable(one, plain)
    with pytest.raises(TypeMismatch, match="raises nothing"):
        expectable(example("f(1)", raises=""), Signature(name="f", parameters=(), raises=False))
    lists = Type(kind="list", items=(INT,))
    expectable(example("f(1)", "None"), Signature(name="f", parameters=(), result=lists))
    with pytest.raises(TypeMismatch):
        expectable(example("f(1)", "None"), Signature(name="f", parameters=(), result=lists, nullable=False))
    assert comparable(math.nan, Type(kind="float"))
