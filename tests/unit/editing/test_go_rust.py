"""Go and Rust: what an outline says, and what happens to imports and headers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.imports import merge_imports
from forge_lsp.languages.go.imports import fit_go, without_idle_go_imports
from tests.support import lang
from tests.unit.editing.support import SYNTAX, document, spliced

GO, RUST = lang.GO, lang.RUST


def kept(original: str, code: str, language: Language) -> str:
    """``code`` in the place of ``original``, with what the language keeps."""
    place = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=0, end=len(original)))
    keep = language.editing().keep
    assert keep is not None
    return keep(Task(document=document(original, language), scope=place, instruction="do it"), code, SYNTAX)


def named(text: str, language: Language, name: str) -> Item:
    """The first item of that name, at any depth."""
    pending = list(SYNTAX.outline(text, language).items)
    for item in pending:
        if item.name == name:
            return item
        pending += item.children
    raise AssertionError(name)


@pytest.mark.parametrize(
    "body",
    [
        'panic("TODO")',
        'panic("not implemented")',
        'panic(fmt.Sprintf("unimplemented: %d", a))',
        "// TODO: do it",
        "",
        "// TODO\n\treturn 0, nil",
        "// FIXME\n\treturn T{}, nil",
    ],
)
def test_stubs_of_go(body: str) -> None:
    assert named(f"package a\n\nfunc f(a int) (int, error) {{\n\t{body}\n}}\n", GO, "f").stub


@pytest.mark.parametrize(
    "body", ["return 0, nil", 'panic("a is negative")', "return a, nil // TODO faster", "g()\n\t// TODO"]
)
def test_no_stubs_of_go(body: str) -> None:
    assert not named(f"package a\n\nfunc f(a int) (int, error) {{\n\t{body}\n}}\n", GO, "f").stub
    assert not named("package a\n\nfunc f() {}\n", GO, "f").stub


@pytest.mark.parametrize(
    "body",
    [
        "todo!()",
        'unimplemented!("later")',
        'panic!("not yet implemented")',
        "// TODO",
        "",
        "// TODO\n    0",
        "// TODO\n    Vec::new()",
        "todo!();",
    ],
)
def test_stubs_of_rust(body: str) -> None:
    assert named(f"fn f(a: i32) -> i32 {{\n    {body}\n}}\n", RUST, "f").stub


@pytest.mark.parametrize("body", ["0", 'panic!("a is negative")', "a // TODO faster", "unreachable!()"])
def test_no_stubs_of_rust(body: str) -> None:
    assert not named(f"fn f(a: i32) -> i32 {{\n    {body}\n}}\n", RUST, "f").stub
    assert not named("fn f() {}\n", RUST, "f").stub
    assert not named("trait T { fn f(&self); }\n", RUST, "f").stub


def test_comments_of_the_file_belong_to_no_definition() -> None:
    text = "//! The crate.\nfn f() {}\n"
    first, second = SYNTAX.outline(text, RUST).items
    assert (first.kind, second.range.of(text)) == (ItemKind.COMMENT, "fn f() {}")
    text = "// Package a is.\npackage a\n\n//go:noinline\nfunc f() {}\n"
    assert named(text, GO, "f").range.of(text) == "//go:noinline\nfunc f() {}"


def test_impls_are_told_from_their_type_and_from_each_other() -> None:
    text = "struct P<T>(T);\nimpl<T> P<T> {}\nimpl<T> From<T> for P<T> {}\nimpl std::fmt::Debug for P<u8> {}\n"
    names = [item.name for item in SYNTAX.outline(text, RUST).items]
    assert names == ["P", "impl P", "impl From<T> for P", "impl Debug for P"]


FILE = 'package a\n\nimport (\n\t"fmt"\n\t"os"\n\n\t"example.com/x/go-yaml"\n)\n\nfunc f() {\n%s}\n'
USES = "\tfmt.Println(os.Args, yaml.A)\n"


@pytest.mark.parametrize(
    ("wanted", "body", "expected"),
    [
        (['import "sort"'], "\tsort.Ints(nil)\n", '\t"os"\n\t"sort"\n\n'),
        (['import "bytes"'], "\tbytes.A()\n", '\t"bytes"\n\t"fmt"\n'),
        (['import "example.com/a"'], "\ta.A()\n", '\n\t"example.com/a"\n\t"example.com/x/go-yaml"\n'),
        (
            ['import ( "example.com/y/v2" m "math" )'],
            "\ty.A(m.Pi)\n",
            '\tm "math"\n\t"os"\n\n\t"example.com/x/go-yaml"\n\t"example.com/y/v2"\n',
        ),
    ],
)
def test_imports_of_go_join_their_group(wanted: list[str], body: str, expected: str) -> None:
    assert expected in merge_imports(FILE % (USES + body), wanted, GO, SYNTAX)


@pytest.mark.parametrize(
    "wanted", ['import "sort"', 'import "fmt"', 'import f2 "sort"', 'import yaml "other.org/yaml"']
)
def test_imports_of_go_that_are_idle_or_there_stay_out(wanted: str) -> None:
    text = FILE % (USES + '\t// sort.Ints\n\tx := "sort.Ints"\n')
    assert merge_imports(text, [wanted], GO, SYNTAX) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("package a\n\nvar x = sort.A\n", 'package a\n\nimport "sort"\n\nvar x = sort.A\n'),
        (
            'package a\n\nimport "fmt"\n\nvar x = sort.A\n',
            'package a\n\nimport (\n\t"fmt"\n\t"sort"\n)\n\nvar x = sort.A\n',
        ),
        ("package a\r\n\r\nvar x = sort.A\r\n", 'package a\r\n\r\nimport "sort"\r\n\r\nvar x = sort.A\r\n'),
        ('package a\n\nimport "C"\n\nvar x = sort.A\n', 'package a\n\nimport "C"\nimport "sort"\n\nvar x = sort.A\n'),
    ],
)
def test_a_first_import_of_go(text: str, expected: str) -> None:
    assert merge_imports(text, ['import "sort"'], GO, SYNTAX) == expected


def test_an_import_of_go_goes_with_its_last_use() -> None:
    text = 'package a\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc f() string {|\n\treturn fmt.Sprint(os.Args)\n}\n'
    got = spliced(text, "func f() string {\n\treturn os.Args[0]\n}", language=GO)
    assert got == 'package a\n\nimport (\n\t"os"\n)\n\nfunc f() string {\n\treturn os.Args[0]\n}\n'
    never = 'package a\n\nimport "fmt"\n\nvar x = 1\n'
    assert without_idle_go_imports(never, never, SYNTAX) == never
    used = 'package a\n\nimport "fmt"\n\nvar x = fmt.A\n'
    assert without_idle_go_imports(used, used.replace("fmt.A", "1"), SYNTAX) == "package a\n\nvar x = 1\n"


def test_the_clause_of_a_package_stands_once() -> None:
    assert fit_go(None, "package main\n\nfunc f() {}", SYNTAX) == "func f() {}"
    assert fit_go("package a\n", "func f() {}", SYNTAX) == "package a\n\nfunc f() {}"
    assert fit_go("package a // x\n", "package b\n\nfunc f() {}", SYNTAX) == "package a // x\n\nfunc f() {}"
    program = "package main\n\nfunc main() {}\n"
    assert fit_go("package main\n", program, SYNTAX) == program


LIST = "use std::fmt;\nuse std::collections::{HashMap, HashSet as S};\n\nfn f() {}\n"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("use std::collections::BTreeMap;", "use std::collections::{HashMap, HashSet as S, BTreeMap};"),
        ("use std::collections::{HashMap, BTreeMap as B};", "{HashMap, HashSet as S, BTreeMap as B};"),
        ("use std::{fmt, io::{self, Read}};", "as S};\nuse std::io;\nuse std::io::Read;\n"),
        ("use std::cmp::{max, min};", "as S};\nuse std::cmp::{max, min};\n\nfn f"),
        ("use a::*;", "as S};\nuse a::*;\n"),
        ("extern crate z;", "as S};\nextern crate z;\n"),
    ],
)
def test_uses_of_rust(wanted: str, expected: str) -> None:
    assert expected in merge_imports(LIST, [wanted], RUST, SYNTAX)


@pytest.mark.parametrize(
    "wanted", ["use std::fmt;", "use std::collections::HashMap;", "use other::HashMap;", "use crate::f;"]
)
def test_a_name_of_rust_comes_in_once(wanted: str) -> None:
    assert merge_imports(LIST, [wanted], RUST, SYNTAX) == LIST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fn f() {}\n", "use a::b;\n\nfn f() {}\n"),
        ("//! Doc.\n\n#![allow(x)]\n\nfn f() {}\n", "//! Doc.\n\n#![allow(x)]\n\nuse a::b;\n\nfn f() {}\n"),
        ("//! Doc.\nfn f() {}\n", "//! Doc.\n\nuse a::b;\n\nfn f() {}\n"),
        ("use c::{\n    d,\n    e,\n};\n", "use c::{\n    d,\n    e,\n};\nuse a::b;\n"),
    ],
)
def test_a_first_use_of_rust(text: str, expected: str) -> None:
    assert merge_imports(text, ["use a::b;"], RUST, SYNTAX) == expected


def test_a_list_over_several_lines_grows_by_lines() -> None:
    text = "use c::{\n    d,\n    e,\n};\n"
    assert merge_imports(text, ["use c::f;"], RUST, SYNTAX) == "use c::{\n    d,\n    e,\n    f,\n};\n"


@pytest.mark.parametrize(
    ("language", "original", "code", "stays"),
    [
        (RUST, "pub fn f(a: i64) -> i64 { todo!() }", "fn f(a: i32) -> i32 { a }", True),
        (RUST, "pub fn f(a: i64) -> i64 { todo!() }", "fn f(b: i32) -> i32 { b }", False),
        (RUST, "pub fn f(a: i64) -> i64 { a }", "fn f(a: i64) -> i64 { a + 1 }", False),
        (GO, 'func (s *S) F(a int) int {\n\tpanic("TODO")\n}', "func F(a int) int { return s.n }", True),
        (GO, "func F(a int) (int, error) {\n}", "func F(a int) (n int, err error) { return }", False),
        (GO, "func F(a int64) int {\n}", "func F(a int) int { return a }", True),
    ],
)
def test_the_header_of_a_stub_stays(language: Language, original: str, code: str, stays: bool) -> None:
    got = kept(original, code, language)
    header = original.partition(" {")[0]
    assert got == (header + " {" + code.partition("{")[2] if stays else code)


def test_what_the_body_needs_of_a_header_stays() -> None:
    got = kept("pub fn f(a: u8) -> u8 { todo!() }", "fn f(mut a: u8) -> u8 { a += 1; a }", RUST)
    assert got == "pub fn f(mut a: u8) -> u8 { a += 1; a }"
    same = "fn f(mut a: u8) -> u8 { a += 1; a }"
    assert kept("fn f(a: u8) -> u8 { todo!() }", same, RUST) == same


PIECES = [
    "func f(",
    ") int {\n",
    "}\n",
    "package a\n",
    'import "fmt"\n',
    "/*",
    "*/",
    "// x\n",
    "fn f(",
    "impl A {\n",
    "use a::{b,\n",
]
PIECES += ["#[x]\n", "//! d\n", "type T struct {", "todo!()", "`", '"', "'", "\U0001f600", "\r\n", "(", "{", "\x00"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([GO, RUST]), st.lists(st.sampled_from(PIECES), max_size=14))
def test_anything_has_an_outline_and_takes_imports(language: Language, pieces: list[str]) -> None:
    text = "".join(pieces)
    for item in SYNTAX.outline(text, language).items:
        assert 0 <= item.range.start <= item.range.end <= len(text)
        assert item.body is None or item.range.start <= item.body.start <= item.body.end <= item.range.end
    merge_imports(text, ['import "sort"', "use a::c;"], language, SYNTAX)
    kept(text, text, language)
    fit_go(text, text, SYNTAX)
    without_idle_go_imports(text, text, SYNTAX)
