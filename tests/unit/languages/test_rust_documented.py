"""Rust's headers, literals and calls, as examples in documentation need them."""

from __future__ import annotations

import pytest

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.checking.examples.asking import asked_of
from forge_lsp.checking.examples.types import TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import call_in
from forge_lsp.languages.rust.calls import with_calls
from forge_lsp.languages.rust.declared import Callable, callable_of, type_of
from forge_lsp.languages.rust.documented import RustDriver
from forge_lsp.languages.rust.examples import asserted
from forge_lsp.languages.rust.literals import literal
from tests.support import lang
from tests.support.builds import task_of


def scope_of(text: str, name: str) -> Callable:
    found = callable_of(task_of(text, language=lang.RUST, name=name), text)
    assert found is not None
    return found


def driver() -> RustDriver:
    def none(*given: object) -> object:
        raise AssertionError(given)

    return RustDriver(none)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "declared", "said"),
    [
        ("3", "i32", "3i32"),
        ("-3", "i64", "-3i64"),
        ("2", "f64", "2.0f64"),
        ("nan", "f32", "f32::NAN"),
        ("'a'", "char", "'a'"),
        ("'ab\\n\u00e9'", "&str", '"ab\\u{a}\\u{e9}"'),
        ("'ab'", "String", '::std::string::String::from("ab")'),
        ("'ab'", "&String", '&::std::string::String::from("ab")'),
        ("[1, 2]", "Vec<u8>", "::std::vec![1u8, 2u8]"),
        ("[1, 2]", "&[i32]", "&[1i32, 2i32][..]"),
        ("[]", "&[i32]", "&[]"),
        ("[[1], []]", "&[Vec<i32>]", "&[::std::vec![1i32], ::std::vec![]][..]"),
        ("[1, 2]", "[i32; 2]", "[1i32, 2i32]"),
        ("[1, 2]", "&mut Vec<i32>", "&mut ::std::vec![1i32, 2i32]"),
        ("[1, 2]", "&mut [i32]", "&mut [1i32, 2i32]"),
        ("None", "Option<i32>", "None"),
        ("3", "Option<i32>", "Some(3i32)"),
        ("Some(3)", "Option<i32>", "Some(3i32)"),
        ("(1, 'a')", "(i32, &str)", '(1i32, "a")'),
        ("{'a': 1}", "HashMap<String, i32>", None),
        ("{1, 2}", "&BTreeSet<i32>", "&::std::collections::BTreeSet::from([1i32, 2i32])"),
        ("3", "Box<i64>", "::std::boxed::Box::new(3i64)"),
        ("'ab'", "Cow<'_, str>", '::std::borrow::Cow::from("ab")'),
        ("[1]", "impl Iterator<Item = u32>", "[1u32].into_iter()"),
        ("'ab'", "impl AsRef<str>", '"ab"'),
        ("['a']", "&[&str]", '&["a"][..]'),
        ("True", "bool", "true"),
    ],
)
def test_values_are_written_by_their_types(written: str, declared: str, said: str | None) -> None:
    type_ = type_of(declared)
    found = literal(fitted(parse(written), type_), type_)
    if said is not None:
        assert found == said


@pytest.mark.parametrize(
    ("written", "declared", "why"),
    [
        ("-1", "u32", "out of the range of u32"),
        ("None", "i32", "is no i32"),
        ("[1]", "[i32; 2]", "has 2 elements"),
        ("3", "Shape", "a value of Shape"),
        ("'ab'", "char", "is no char"),
        ("3", "impl Fn(i32) -> i32", "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_told(written: str, declared: str, why: str) -> None:
    type_ = type_of(declared)
    with pytest.raises(TypeMismatch, match=why):
        literal(fitted(parse(written), type_), type_)


HEADERS = """use std::collections::HashMap;

pub type Grid = Vec<Vec<i32>>;

pub struct Stack<T> { items: Vec<T> }
pub struct Solution;

impl<T: Clone> Stack<T> {
    pub fn new() -> Self { Stack { items: vec![] } }
    pub fn push(&mut self, item: T) -> Option<T> { None }
}

impl Solution {
    pub fn half(&self, x: i32) -> i32 { x / 2 }
    pub fn twice(x: i32) -> i32 { x * 2 }
}

pub fn merge<'a, T, F>(from: &'a HashMap<String, Vec<T>>, mut rest: Grid, by: F) -> Result<&'a [T], String>
where
    F: Fn(i32) -> i32,
{
    todo!()
}

pub fn evens(limit: u32) -> impl Iterator<Item = u32> { (0..limit).step_by(2) }
async fn load(path: &str) -> i32 { 1 }
fn nothing() {}

mod inner {
    fn hidden(x: i32) -> i32 { x }
}
"""


def test_headers_are_read() -> None:
    merge = scope_of(HEADERS, "merge")
    assert [(one.name, one.type.kind, one.type.text) for one in merge.parameters] == [
        ("from", "map", "&HashMap<String, Vec<T>>"),
        ("rest", "list", "Vec<Vec<i32>>"),
        ("by", "any", "F"),
    ]
    assert (merge.fallible, merge.result.kind) == (True, "list")
    push = scope_of(HEADERS, "push")
    assert (push.bound, push.owner, push.result.kind, push.parameters[0].type.kind) == (
        True,
        "Stack",
        "optional",
        "any",
    )
    assert not scope_of(HEADERS, "new").bound
    assert scope_of(HEADERS, "evens").many
    assert "asynchronous" in scope_of(HEADERS, "load").refused
    assert scope_of(HEADERS, "nothing").result.kind == "void"


def test_calls_are_made_by_the_languages_own_name() -> None:
    one = driver()

    def said(name: str, call: str) -> str:
        found = call_in(call)
        assert found is not None
        return one.expression(scope_of(HEADERS, name), found.arguments, found)

    assert said("evens", "shop::evens(2)") == "evens(2)/**/"
    assert said("new", "Stack()") == "Stack::new()/**/"
    assert said("push", "s.push(2)") == "(s).push(2)/**/"
    assert said("half", "half(2)") == "(Solution {}).half(2)/**/"
    assert said("twice", "twice(2)") == "Solution::twice(2)/**/"
    with pytest.raises(TypeMismatch, match="needs a value of Stack"):
        said("push", "push(2)")
    with pytest.raises(TypeMismatch, match="asynchronous"):
        asked_of(one, "e", 'load("a")', (), scope_of(HEADERS, "load"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("let s = Stack::new();", "let mut s = Stack::new();"),
        ("let mut s = Stack::new()", "let mut s = Stack::new();"),
        ("s = Stack()", "let mut s = Stack::new();"),
        ("n = 5", "let mut n = 5;"),
        ("s.push('a')", 'let _ = s.push("a");'),
        ("s.count", "let _ = s.count;"),
        ("let v = vec![1, 2];", "let mut v = vec![1, 2];"),
    ],
)
def test_statements_before_a_call(written: str, said: str) -> None:
    assert driver().step(written) == said


def test_a_statement_that_is_none_is_told() -> None:
    with pytest.raises(TypeMismatch, match="cannot be read"):
        driver().step("for x in y")


def test_calls_stand_in_the_innermost_module() -> None:
    laid = with_calls(HEADERS, scope_of(HEADERS, "hidden"), [AskedCall(id="e1", call="hidden(2)/**/")], name="calls_x")
    lines = laid.text.split("\n")
    (number,) = {line for line in laid.lines if "hidden(2)" in lines[line - 1]}
    assert lines[number - 1].startswith("fn call_e1()")
    before = next(place for place, line in enumerate(lines) if line.startswith("mod inner"))
    assert before < laid.module.start - 1
    assert lines[laid.module.stop - 2 : laid.module.stop] == ["}", "}"]
    assert laid.own(laid.module.stop) == len(HEADERS.rstrip("\n").split("\n"))
    assert laid.own(2) == 2


def test_tests_of_the_text_are_left_out() -> None:
    text = f"{HEADERS}\n#[cfg(test)]\nmod tests {{\n    use super::missing;\n}}\n"
    laid = with_calls(text, scope_of(text, "nothing"), [AskedCall(id="e1", call="nothing()/**/")], name="calls_x")
    assert "missing" not in laid.text
    assert laid.own(3) == 3


def test_assertions_in_fences_are_comparisons() -> None:
    lines = [
        "```",
        "assert_eq!(area(2, 3), 6);",
        "# assert!(area(1, 1) == 1);",
        "```",
        ">>> area(1, 2)",
        "```text",
        "area(9, 9) = 81",
        "```",
        "```",
        "use shop::area;",
        "assert_eq!(area(2, 2), 4);",
        "```",
    ]
    found = asserted(lines)
    assert found[1:3] == [("area(2, 3) == 6", False), ("area(1, 1) == 1", False)]
    assert found[4:9] == [None] * 5
    assert found[9:11] == [("use shop::area;", True), ("area(2, 2) == 4", True)]
