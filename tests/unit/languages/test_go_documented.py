"""Go: declared types, values in its notation, calls and steps, and the file that makes them."""

from __future__ import annotations

import pytest

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.checking.examples.types import Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import call_in
from forge_lsp.languages.go.calling import calls_file
from forge_lsp.languages.go.declared import named_types, read_header
from forge_lsp.languages.go.documented import GoDriver, GoSignature
from forge_lsp.languages.go.literals import literal, natural
from tests.support import lang
from tests.support.builds import task_of

TYPES = (
    "package a\n\ntype P struct {\n\tX int\n}\n\ntype (\n\tGrid [][]int\n\tC = float64\n)\n\ntype E struct{}\n"
    "type D map[string]int\n// type No int\ntype F func(int) int\n"
    "type Set map[string]struct{}\n"
)
NAMED = named_types(TYPES)


def shape(declared: Type) -> object:
    return (declared.kind, *map(shape, declared.items)) if declared.items else declared.kind


def test_types_that_a_file_declares() -> None:
    assert NAMED == {
        "P": "struct",
        "Grid": "[][]int",
        "C": "float64",
        "E": "struct",
        "D": "map[string]int",
        "F": "func(int) int",
        "Set": "map[string]struct{}",
    }


def _type(declared: str) -> Type:
    found = read_header(f"func f(value {declared})", NAMED)
    assert found is not None
    return found.parameters[0].type


@pytest.mark.parametrize(
    ("header", "receiver", "parameters", "result", "fails"),
    [
        ("func area(w, h int) int", "", [("w", "int"), ("h", "int")], "int", False),
        ("func (s *Stack[T]) Push(x T, ys ...int) (n int, err error)", "Stack", [("x", "any"), ("ys", "int")], "int",
         True),
        ("func F() error {", "", [], "void", True),
        ("func G[K comparable, V any](m map[K]V, f func(a, b int) bool) ([]K, []V)", "",
         [("m", ("map", "any", "any")), ("f", "other")], ("tuple", ("list", "any"), ("list", "any")), False),
        ("func H(p *int, q *P, g Grid, c chan int, s map[string]struct{}) (q, r int)", "",
         [("p", ("optional", "int")), ("q", "other"), ("g", ("list", ("list", "int"))), ("c", "other"),
          ("s", ("set", "string"))], ("tuple", "int", "int"), False),
        ("func K([]int, string) (C, bool)", "", [("", ("list", "int")), ("", "string")], ("tuple", "float", "bool"),
         False),
        ("func spaced (a []byte, r rune) D", "", [("a", ("list", "code")), ("r", "code")], ("map", "string", "int"),
         False),
        ("func main()", "", [], "void", False),
        ("func L(x interface{}, y any) []interface{}", "", [("x", "any"), ("y", "any")], ("list", "any"), False),
    ],
)  # fmt: skip
def test_headers(header: str, receiver: str, parameters: list[object], result: object, fails: bool) -> None:
    found = read_header(header, NAMED)
    assert found is not None
    assert (found.receiver, found.fails, shape(found.result)) == (receiver, fails, result)
    assert [(one.name, shape(one.type)) for one in found.parameters] == parameters
    assert [one.rest for one in found.parameters] == [name == "ys" for name, _ in parameters]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        ("5", "int", "int(5)"),
        ("-128", "int8", "int8(-128)"),
        ("18446744073709551615", "uint64", "uint64(18446744073709551615)"),
        ("'a'", "rune", "rune(97)"),
        ("2", "float64", "float64(2.0)"),
        ("nan", "float32", "float32(forgeNaN())"),
        ("-inf", "C", "C(forgeInf(-1))"),
        ("True", "bool", "true"),
        ("'a\\n\"ä😀'", "string", '"a\\n\\"\\u00e4\\U0001f600"'),
        ("[1, 2]", "[]int", "[]int{int(1), int(2)}"),
        ("'ab'", "[]byte", "[]byte{byte(97), byte(98)}"),
        ("[[1]]", "Grid", "Grid{[]int{int(1)}}"),
        ("[1, 2]", "[2]int", "[2]int{int(1), int(2)}"),
        ("{'a': 1}", "map[string]int", 'map[string]int{"a": int(1)}'),
        ("{}", "D", "D{}"),
        ("{1, 2}", "map[int]struct{}", "map[int]struct{}{int(1): {}, int(2): {}}"),
        ("None", "*int", "nil"),
        ("3", "*int", "func() *int { v := int(3); return &v }()"),
        ("[1, 'a', None]", "[]interface{}", '[]interface{}{1, "a", nil}'),
        ("[1]", "any", "[]interface{}{1}"),
        ("{'a': [1.5]}", "interface{}", 'map[string]interface{}{"a": []interface{}{float64(1.5)}}'),
        ("{1, 'a'}", "P", 'P{1, "a"}'),
        ("{X: 1}", "*P", "&P{X: 1}"),
        ("None", "*P", "nil"),
        ("None", "error", "nil"),
    ],
)
def test_values(value: str, declared: str, expected: str) -> None:
    kind = _type(declared)
    assert literal(fitted(parse(value), kind), kind) == expected


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("-1", "uint"),
        ("256", "byte"),
        ("1.5", "int"),
        ("None", "int"),
        ("None", "[]int"),
        ("[1, 2, 3]", "[2]int"),
        ("'no'", "error"),
        ("5", "P"),
        ("None", "P"),
        ("'\\ud800'", "string"),
        ("{'a b': 1}", "P"),
    ],
)
def test_values_that_cannot_be_written(value: str, declared: str) -> None:
    kind = _type(declared)
    with pytest.raises(TypeMismatch):
        literal(fitted(parse(value), kind), kind)


def test_generic_types_are_those_of_the_values() -> None:
    found = read_header("func Max[T cmp.Ordered](xs []T, m map[T]int) T", {})
    assert found is not None
    kinds = [one.type for one in found.parameters]
    assert literal(fitted(parse("[1, 2.5]"), kinds[0]), kinds[0]) == "[]float64{1, float64(2.5)}"
    assert literal(fitted(parse("{'a': 1}"), kinds[1]), kinds[1]) == 'map[string]int{"a": int(1)}'
    with pytest.raises(TypeMismatch, match="different types"):
        literal(fitted(parse("[1, 'a']"), kinds[0]), kinds[0])
    assert natural(parse("[[1], [2]]"), boxed=False) == "[][]int{[]int{1}, []int{2}}"


def driver() -> GoDriver:
    return GoDriver(None, timeout=1, environment={})  # type: ignore[arg-type]


def called(marked: str, name: str, text: str) -> str:
    task = task_of(marked, language=lang.GO, name=name)
    known, call = driver().signature(task, task.document.text), call_in(text)
    assert isinstance(known, GoSignature)
    assert call is not None
    return driver().expression(known, list(call.arguments), call)


def test_calls() -> None:
    assert called("package a\n\n«func Area(a int) int { return a }»\n", "Area", "a.area(1)") == "Area(1)"
    method = "package a\n\ntype S struct{}\n\n«func (s *S) Pop() int { return 1 }»\n"
    assert called(method, "Pop", "s.pop()") == "s.Pop()"
    for text in ("Pop()", "S.Pop()"):
        with pytest.raises(TypeMismatch, match="makes none"):
            called(method, "Pop", text)


def test_of_methods_of_one_name_the_one_is_meant_that_the_scope_covers() -> None:
    first = "package a\n\nfunc (a A) Name() string { return a.x }\n\n"
    text = first + "«func (b B) Name() (string, error) { return b.x, nil }»\n"
    task = task_of(text, language=lang.GO, name="Name")
    known = driver().signature(task, task.document.text)
    assert known is not None
    assert (known.container, known.fails, known.bound) == ("B", True, True)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("s := NewStack(1, 2)", "s := NewStack(1, 2)"),
        ("s = Stack([1, 2], 'ab')", 's := Stack([]int{1, 2}, "ab")'),
        ("var s Stack", "var s Stack"),
        ("a, err := f()", "a, err := f()"),
        ("s.push(True);", "s.push(true)"),
        ("xs = [1]", "xs := []int{1}"),
        ("s := &Stack{}", "s := &Stack{}"),
    ],
)
def test_steps_of_any_notation(step: str, expected: str) -> None:
    assert driver().step(step) == expected


@pytest.mark.parametrize("step", ["import stack", "for x in y", "s := (1", "a\nb", "f() // x"])
def test_what_is_no_step(step: str) -> None:
    with pytest.raises(TypeMismatch):
        driver().step(step)


STACK = (
    "package shop\n\ntype Stack struct {\n\titems []int\n}\n\ntype Bag struct{}\n\n"
    "func NewStack(items ...int) *Stack { return &Stack{items} }\n\nfunc (s *Stack) PushAll(x []int) {}\n"
)


def test_the_file_that_makes_the_calls() -> None:
    steps = ("s := Stack()", "s.push_all([]int{1})", "s := Stack(3)", "b := Bag()", "var c Bag")
    calls = [AskedCall(id="a", call="s.Pop()", steps=steps), AskedCall(id="b", call="F(forgeNaN())")]
    text, tests = calls_file(STACK, calls, token="0123", fails=True, void=False)
    assert text.count("package shop\n") == 1
    assert [tests[one] in text for one in calls] == [True, True]
    body = text[text.index(tests[calls[0]]) :]
    assert "\ts := NewStack()\n\t\t_ = s\n\t\ts.PushAll([]int{1})\n\t\ts = NewStack(3)\n" in body
    assert "\tb := &Bag{}\n\t\t_ = b\n\t\tvar c Bag\n\t\t_ = c\n\t\treturn forge0123List(s.Pop())\n" in body
    assert "forge0123List(F(forge0123NaN()))" in text
    void, _ = calls_file(STACK, calls[1:], token="0123", fails=False, void=True)
    assert "\t\tF(forge0123NaN())\n\t\treturn nil\n" in void
