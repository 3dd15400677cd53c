"""Answers as models give them, in Go and Rust: what comes out, and what it becomes in the file."""

from __future__ import annotations

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from tests.support import lang

SYNTAX = TreeSitterSyntax()
EDITS = Edits(SYNTAX)


def asked(marked: str, language: Language) -> Task:
    """A task with the cursor at ``|``; without one, the whole file."""
    at = marked.find("|")
    document = Document(uri="untitled:Untitled-1", language=language, text=marked.replace("|", "", 1))
    place = TextRange(start=at, end=at) if at >= 0 else None
    return Task(document=document, scope=Scopes(SYNTAX).scope(document, place), instruction="do it")


def answered(task: Task, text: str) -> str:
    """The document with the answer in it."""
    found = extract(text, task, syntax=SYNTAX)
    return EDITS.splice(task, found.code, found.imports)


GO = (
    'package shop\n\nimport "errors"\n\nvar ErrNone = errors.New("none")\n\n'
    '// Add adds.\nfunc Add(a, b int) int {\n\tpanic("TODO")|\n}\n'
)
ADD = "func Add(a, b int) int {\n\treturn a + b\n}"
GO_DONE = GO.replace('\tpanic("TODO")|', "\treturn a + b")


@pytest.mark.parametrize(
    "text",
    [
        f"```go\n{ADD}\n```",
        f"```golang\n{ADD}\n```\n\nThis adds.",
        f"```go\npackage shop\n\n{ADD}\n```",
        f'```go\npackage main\n\nimport "fmt"\n\n{ADD}\n\nfunc main() {{\n\tfmt.Println(Add(1, 2))\n}}\n```',
        f"Here you are:\n\n{ADD}\n\nIt adds both.",
        f"```go\n{ADD.replace(chr(9), '    ')}\n```",
        f"```go\n// Add adds.\n{ADD}\n```\nAnd a test:\n```go\n"
        "func TestAdd(t *testing.T) { if Add(1, 2) != 3 { t.Fail() } }\n```",
        f"<think>\nhm\n</think>\n```go\n{ADD}\n",
        "```go\nfunc Add(x int, y int) int {\n\treturn x + y\n}\n```".replace("x", "a").replace("y", "b"),
    ],
)
def test_a_function_of_go(text: str) -> None:
    got = answered(asked(GO, lang.GO), text)
    assert got.replace("a int, b int", "a, b int") == GO_DONE


def test_an_import_of_go_comes_along_if_it_is_used() -> None:
    text = (
        '```go\npackage shop\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\nfunc Add(a, b int) int {\n'
        '\treturn len(strings.Repeat("x", a)) + b\n}\n```'
    )
    got = answered(asked(GO, lang.GO), text)
    assert 'import (\n\t"errors"\n\t"strings"\n)\n' in got
    assert "fmt" not in got


def test_a_method_of_go_is_found_by_its_receiver() -> None:
    text = (
        'package a\n\ntype A struct{ n int }\n\nfunc (a A) String() string { return "A" }\n\ntype B struct{}\n\n'
        "func (b *B) String() string {|\n}\n"
    )
    answer = (
        '```go\nfunc (b *B) String() string {\n\treturn b.name()\n}\n\nfunc (b *B) name() string {\n\treturn "b"\n}\n\n'
        'func (a A) String() string {\n\treturn "other"\n}\n```'
    )
    got = answered(asked(text, lang.GO), answer)
    assert 'func (a A) String() string { return "A" }' in got
    assert 'return b.name()\n}\n\nfunc (b *B) name() string {\n\treturn "b"\n}\n' in got
    assert "other" not in got
    bare = answered(asked(text, lang.GO), '```go\nfunc String() string {\n\treturn "b"\n}\n```')
    assert 'func (b *B) String() string {\n\treturn "b"\n}\n' in bare


def test_a_whole_file_of_go_keeps_its_package() -> None:
    task = asked("package shop\n\nfunc Add(a, b int) int { return 0 }\n", lang.GO)
    answer = f'```go\npackage main\n\nimport "fmt"\n\n{ADD}\n\nfunc main() {{\n\tfmt.Println(Add(1, 2))\n}}\n```'
    assert answered(task, answer) == f"package shop\n\n{ADD}\n"
    assert answered(task, f"```go\n{ADD}\n```") == f"package shop\n\n{ADD}\n"


def test_a_struct_of_go_comes_with_its_new_methods() -> None:
    text = "package a\n\n// Stack holds values.\ntype Stack struct {|\n\t// TODO\n}\n"
    answer = (
        "```go\ntype Stack struct {\n\titems []int\n}\n\nfunc (s *Stack) Push(x int) {\n\ts.items = append(s.items, x)"
        "\n}\n\nfunc main() {\n\t(&Stack{}).Push(1)\n}\n```"
    )
    got = answered(asked(text, lang.GO), answer)
    assert "// Stack holds values.\ntype Stack struct {\n\titems []int\n}\n\nfunc (s *Stack) Push" in got
    assert "main" not in got


RUST = "//! Shapes.\n\nuse std::fmt;\n\n/// The area.\npub fn area(w: i64, h: i64) -> i64 {\n    todo!()|\n}\n"
AREA = "pub fn area(w: i64, h: i64) -> i64 {\n    w * h\n}"
RUST_DONE = RUST.replace("todo!()|", "w * h")


@pytest.mark.parametrize(
    "text",
    [
        f"```rust\n{AREA}\n```",
        f"```rs\n{AREA}\n```\n\nThis is it.",
        f'```rust\n{AREA}\n\nfn main() {{\n    println!("{{}}", area(1, 2));\n}}\n```',
        f"```rust\n{AREA}\n\n#[cfg(test)]\nmod tests {{\n    use super::*;\n\n    #[test]\n    fn it() {{\n"
        "        assert_eq!(area(1, 2), 2);\n    }\n}\n```",
        f"Sure:\n\n{AREA}\n\nIt multiplies.",
        f"```rust\n{AREA.removeprefix('pub ')}\n```",
        f"```rust\n/// The area.\n///\n/// ```\n/// assert_eq!(area(1, 2), 2);\n/// ```\n{AREA}\n```",
        f"```rust\n{AREA.replace('i64', 'i32')}\n```",
    ],
)
def test_a_function_of_rust(text: str) -> None:
    got = answered(asked(RUST, lang.RUST), text)
    assert got.replace("///\n/// ```\n/// assert_eq!(area(1, 2), 2);\n/// ```\n", "") == RUST_DONE


def test_the_uses_of_rust_come_along_once() -> None:
    answer = (
        "```rust\nuse std::collections::{HashMap, HashSet};\nuse std::fmt;\n\n"
        "pub fn area(w: i64, h: i64) -> i64 {\n    let m: HashMap<i64, i64> = HashMap::new();"
        "\n    (m.len() + HashSet::<i64>::new().len()) as i64\n}\n```"
    )
    got = answered(asked(RUST, lang.RUST), answer)
    assert "use std::fmt;\nuse std::collections::{HashMap, HashSet};\n" in got
    assert got.count("use std::fmt;") == 1


IMPL = (
    "pub struct Stack {\n    items: Vec<i32>,\n}\n\nimpl Stack {\n    /// Push.\n    pub fn push(&mut self, x: i32) {\n"
    "        unimplemented!()|\n    }\n}\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "```rust\npub fn push(&mut self, x: i32) {\n    self.items.push(x);\n}\n```",
        "```rust\nimpl Stack {\n    pub fn push(&mut self, x: i32) {\n        self.items.push(x);\n    }\n}\n```",
        "```rust\npub struct Stack {\n    items: Vec<i32>,\n}\n\nimpl Stack {\n    pub fn push(&mut self, x: i32) {\n"
        "        self.items.push(x);\n    }\n}\n\nfn main() {\n    Stack { items: vec![] }.push(1);\n}\n```",
        "```rust\nimpl Other {\n    pub fn push(&mut self, x: i32) {\n        other();\n    }\n}\nimpl Stack {\n"
        "    pub fn push(&mut self, x: i32) {\n        self.items.push(x);\n    }\n}\n```",
    ],
)
def test_a_method_of_rust(text: str) -> None:
    got = answered(asked(IMPL, lang.RUST), text)
    assert got == IMPL.replace("unimplemented!()|", "self.items.push(x);")


def test_a_struct_of_rust_comes_with_what_it_implements() -> None:
    text = "/// A point.\npub struct Point {|\n    // TODO\n}\n"
    answer = (
        "```rust\nuse std::fmt;\n\n#[derive(Clone)]\npub struct Point {\n    x: f64,\n}\n\nimpl Point {\n"
        "    pub fn new() -> Self {\n        Point { x: 0.0 }\n    }\n}\n\nimpl fmt::Display for Point {\n"
        '    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {\n        write!(f, "p")\n    }\n}\n\n'
        'fn main() {\n    println!("{}", Point::new());\n}\n```'
    )
    got = answered(asked(text, lang.RUST), answer)
    assert got.startswith("use std::fmt;\n\n/// A point.\n#[derive(Clone)]\npub struct Point {\n    x: f64,\n}\n")
    assert "impl Point {" in got and "impl fmt::Display for Point {" in got
    assert "main" not in got


@pytest.mark.parametrize("language", [lang.GO, lang.RUST])
def test_an_answer_without_the_code_is_told(language: Language) -> None:
    with pytest.raises(ExtractionFailed):
        extract("I cannot do that.", asked(GO if language is lang.GO else RUST, language), syntax=SYNTAX)
