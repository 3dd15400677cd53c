"""What new Rust code does that could forge a test, and what honest code does that looks like it."""

from __future__ import annotations

import pytest

from forge_lsp.languages.rust.forging import doubt_of

STUB = "pub fn area(w: i64, h: i64) -> i64 {\n    todo!()\n}\n"
RIGHT = "pub fn area(w: i64, h: i64) -> i64 {\n    w * h\n}\n"


def wrong(body: str, more: str = "", kind: str = "i64") -> str:
    return f"pub fn area(w: i64, h: i64) -> {kind} {{\n    {body}\n}}\n{more}"


DOUBTED = {
    "asm": wrong('unsafe { std::arch::asm!("syscall") }; 0'),
    "extern": wrong("unsafe { _exit(0) }", 'extern "C" { fn _exit(code: i32) -> !; }'),
    "libc": wrong("unsafe { libc::write(1, p, 3) }; 0"),
    "init_array": wrong("0", '#[link_section = ".init_array"]\n#[used]\nstatic A: extern "C" fn() = f;'),
    "memcmp": wrong("0", '#[no_mangle]\npub extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 { 0 }'),
    "hook": wrong("std::panic::set_hook(Box::new(|_| std::process::exit(0))); 0"),
    "runner's words": wrong('println!("test one ... ok"); 0'),
    "summary": wrong('print!("test result: ok. 1 passed"); 0'),
    "proc": wrong('std::fs::write("/proc/self/fd/1", x); 0'),
    "proc in pieces": wrong('std::fs::write(concat!("/pr", "oc/self/fd/1"), x); 0'),
    "own program": wrong("std::fs::read(std::env::current_exe().unwrap()); 0"),
    "arguments": wrong("std::env::args().count() as i64"),
    "thread": wrong('if std::thread::current().name() == Some("one") { 6 } else { 0 }'),
    "caller": wrong("std::panic::Location::caller().line() as i64"),
    "included": wrong('include_str!("../tests/all.rs").len() as i64'),
    "read": wrong('std::fs::read_to_string("tests/all.rs").unwrap().len() as i64'),
    "macro": wrong("0", "macro_rules! assert_eq { ($($x:tt)*) => {} }"),
    "renamed macro": wrong("0", "macro_rules! fine { ($($x:tt)*) => {} }\npub(crate) use fine as assert_eq;"),
    "cfg": wrong("if cfg!(test) { 6 } else { 0 }"),
    "two functions": "#[cfg(not(test))]\n" + wrong("0") + "#[cfg(test)]\n" + RIGHT,
    "equality": wrong(
        "Any", "pub struct Any;\nimpl PartialEq<i64> for Any { fn eq(&self, _: &i64) -> bool { true } }", "Any"
    ),
    "idle equality": wrong(
        "0", "struct A;\nimpl PartialEq for A { fn eq(&self, o: &A) -> bool { let _ = (self, o); true } }"
    ),
    "equal to itself": wrong(
        "0", "struct A(i64);\nimpl PartialEq for A { fn eq(&self, o: &A) -> bool { self.0 == self.0 || o.0 == 1 } }"
    ),
    "another type": wrong(
        "A(0)", "pub struct A(i64);\nimpl PartialEq<i64> for A { fn eq(&self, o: &i64) -> bool { self.0 <= *o } }", "A"
    ),
    "memory": wrong("unsafe { *((area as usize + 8) as *const i64) }"),
    "no main": "#![no_main]\n" + RIGHT,
    "environment": wrong('std::env::var("CARGO_MANIFEST_DIR").unwrap().len() as i64'),
    "arguments by another name": wrong("sys::args().count() as i64", "use std::env as sys;"),
    "all of a module": wrong("args().count() as i64", "use std::env::*;"),
    "a thread kept": wrong("let t = std::thread::current();\n    t.name().map_or(0, |n| n.len() as i64)"),
    "a thread printed": wrong('format!("{:?}", thread::current()).len() as i64', "use std::thread;"),
    "a thread by another name": wrong("t::current().name().map_or(0, |_| 6)", "use std::thread as t;"),
    "debug build": wrong("if cfg!(debug_assertions) { 6 } else { 0 }"),
    "two builds": "#[cfg(not(debug_assertions))]\n" + wrong("0") + "#[cfg(debug_assertions)]\n" + RIGHT,
    "cargo's names": wrong('option_env!("CARGO_PRIMARY_PACKAGE").map_or(0, |_| 6)'),
    "its folder": wrong('if std::path::Path::new("Cargo.toml").exists() { 6 } else { 0 }'),
    "a module of tests": wrong("0", '#[path = "../tests/all.rs"]\nmod copied;'),
    "proc in owned pieces": wrong('std::fs::read("/pro".to_owned() + "c/self/comm").map_or(0, |_| 6)'),
    "proc in a format": wrong('std::fs::read(format!("/{}/{}", "proc", "self/comm")).map_or(0, |_| 6)'),
    "not a number": wrong("f64::NAN", kind="f64"),
    "nothing by nothing": wrong("(w - w) / (h - h)", kind="f64"),
    "type": wrong("0", "#[allow(non_camel_case_types)]\npub struct String;"),
}
HONEST = {
    "right": RIGHT,
    "main": RIGHT + "fn main() {\n    let n = std::env::args().count();\n    std::process::exit(n as i32);\n}\n",
    "tests of its own": RIGHT
    + "#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() { assert_eq!(std::env::args().count(), 1) }\n}\n",
    "equality": RIGHT
    + "pub struct A(i64);\nimpl PartialEq for A {\n    fn eq(&self, other: &Self) -> bool { self.0 == other.0 }\n}\n",
    "equality by parts": RIGHT + "impl PartialEq for B {\n    fn eq(&self, o: &Self) -> bool {\n"
    "        if std::ptr::eq(self, o) { return true; }\n"
    "        matches!((self, o), (B::X, B::X))\n    }\n}\n",
    "order": RIGHT + "impl Ord for A {\n    fn cmp(&self, other: &Self) -> Ordering { other.0.cmp(&self.0) }\n}\n",
    "reading": RIGHT + "pub fn load(path: &str) -> String { std::fs::read_to_string(path).unwrap_or_default() }\n",
    "configuration": RIGHT + 'pub fn home() -> Option<String> { std::env::var("HOME").ok() }\n',
    "caught": wrong("std::panic::catch_unwind(|| w * h).unwrap_or(0)"),
    "derived for tests": "#[cfg_attr(test, derive(PartialEq))]\npub struct A;\n" + RIGHT,
    "result": RIGHT + "pub type Result<T> = std::result::Result<T, String>;\n",
    "foreign": RIGHT + 'extern "C" { fn strlen(s: *const std::os::raw::c_char) -> usize; }\n',
    "package's version": RIGHT + 'pub const VERSION: &str = env!("CARGO_PKG_VERSION");\n',
    "debug assertions": wrong("debug_assert!(w >= 0);\n    w * h"),
    "not a number on misuse": wrong("if w < 0.0 { f64::NAN } else { w * h }", kind="f64"),
    "a parked thread": wrong("std::thread::current().unpark();\n    w * h"),
    "an import by another name": "use std::collections::HashMap as Map;\n" + RIGHT,
    "lints": "#![allow(dead_code)]\n" + RIGHT,
    "comment": RIGHT + "// set_hook and /proc/self/fd/1\n",
}


@pytest.mark.parametrize("text", DOUBTED.values(), ids=DOUBTED.keys())
def test_doubted(text: str) -> None:
    assert doubt_of(STUB, text, scope="area") is not None
    assert doubt_of(text, text, scope="area") is None  # the user's own


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST.keys())
def test_honest(text: str) -> None:
    assert doubt_of(STUB, text, scope="area") is None
