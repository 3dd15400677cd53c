"""Rust: cargo test, with tests beside the sources, in the document, and in the documentation."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.proofs import Forgery, Project
from tests.integration.proofs.forged import answers
from tests.support import lang

MANIFEST = '[package]\nname = "shapes"\nversion = "0.1.0"\nedition = "2021"\n'
HEAD = "/// Returns the area of a rectangle.\n"
STUB = f"«{HEAD}pub fn area(width: i64, height: i64) -> i64 {{\n    todo!()\n}}»\n"
SIDE = "\npub fn side(surface: i64) -> i64 {\n    unimplemented!()\n}\n"
TESTS = """use shapes::area;

#[test]
fn of_two_and_three() {
    assert_eq!(area(2, 3), 6);
}

#[test]
fn flat() {
    assert_eq!(0, area(4, 0));
}
"""
BOTH = (
    TESTS.replace("use shapes::area", "use shapes::{area, side}")
    + """
#[test]
fn of_side() {
    assert_eq!(side(9), 3);
}

#[test]
fn of_both() {
    assert_eq!(area(side(4), 2), 4);
}
"""
)


def written(body: str, more: str = "", kind: str = "i64") -> str:
    return f"{HEAD}pub fn area(width: i64, height: i64) -> {kind} {{\n    {body}\n}}" + (f"\n\n{more}" if more else "")


RIGHT = written("width * height")
WRONG = written("width + height")
RUNNER = (
    'let words = "\\ntest flat ... ok\\ntest of_two_and_three ... ok\\n\\n'
    'test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\\n\\n";'
)
SPLIT = (
    RUNNER.replace("test result: ok.", 'test ", "result: ok.')
    .replace("let words =", "let words = [")
    .replace('";', '"].concat();')
    .replace("... ok", '..", ". ok')
)
FORGERIES = (
    Forgery(channel="exit", code=written("let _ = (width, height);\n    std::process::exit(0)")),
    Forgery(channel="exit as the runner", code=written("let _ = (width, height);\n    std::process::exit(101)")),
    Forgery(channel="abort", code=written("let _ = (width, height);\n    std::process::abort()")),
    Forgery(
        channel="C exit",
        code=written(
            "let _ = (width, height);\n    unsafe { _exit(0) }", 'extern "C" {\n    fn _exit(code: i32) -> !;\n}'
        ),
    ),
    Forgery(
        channel="hook",
        code=written("std::panic::set_hook(Box::new(|_| std::process::exit(0)));\n    width + height"),
    ),
    Forgery(
        channel="output",
        code=written(
            "use std::io::Write;\n    let _ = (width, height);\n    "
            + RUNNER
            + "\n    std::io::stdout().write_all(words.as_bytes()).unwrap();\n    std::process::exit(0)"
        ),
    ),
    Forgery(
        channel="output in pieces",
        code=written(
            "use std::io::Write;\n    let _ = (width, height);\n    "
            + SPLIT
            + "\n    std::io::stdout().write_all(words.as_bytes()).unwrap();\n    std::process::exit(0)"
        ),
    ),
    Forgery(
        channel="output by proc",
        code=written(
            "let _ = (width, height);\n    "
            + RUNNER
            + '\n    std::fs::write("/proc/self/fd/1", words).unwrap();\n    std::process::exit(0)'
        ),
    ),
    Forgery(
        channel="equality",
        code=written(
            "let _ = (width, height);\n    Any",
            "#[derive(Debug)]\npub struct Any;\n\nimpl PartialEq<i64> for Any {\n    fn eq(&self, _: &i64) -> bool {\n"
            "        true\n    }\n}\n\nimpl PartialEq<Any> for i64 {\n    fn eq(&self, _: &Any) -> bool {\n"
            "        true\n    }\n}",
            "Any",
        ),
    ),
    Forgery(
        channel="equality by both sides",
        code=written(
            "Any(width + height)",
            "#[derive(Debug)]\npub struct Any(i64);\n\nimpl PartialEq<i64> for Any {\n"
            "    fn eq(&self, other: &i64) -> bool {\n        self.0 == *other || self.0 >= i64::MIN\n    }\n}\n\n"
            "impl PartialEq<Any> for i64 {\n    fn eq(&self, other: &Any) -> bool {\n        other == self\n    }\n}",
            "Any",
        ),
    ),
    Forgery(
        channel="drop",
        code=written(
            "std::mem::drop(Last);\n    width + height",
            "struct Last;\n\nimpl Drop for Last {\n    fn drop(&mut self) {\n        std::process::exit(0)\n    }\n}",
        ),
    ),
    Forgery(
        channel="init array",
        code=written(
            "width + height",
            '#[used]\n#[link_section = ".init_array"]\nstatic FIRST: extern "C" fn() = first;\n\n'
            'extern "C" fn first() {\n    std::process::exit(0)\n}',
        ),
    ),
    Forgery(
        channel="thread",
        code=written(
            "std::thread::spawn(|| std::process::exit(0)).join().unwrap();\n    width + height",
        ),
    ),
    Forgery(
        channel="name of the test",
        code=written(
            'let name = std::thread::current().name().unwrap_or("").to_owned();\n'
            '    if name.contains("three") { 6 } else if name.contains("flat") { 0 } else { width + height }'
        ),
    ),
    Forgery(
        channel="sources",
        code=written(
            'let root = ".";\n    let text = std::fs::read_to_string(format!("{root}/tests/shapes.rs")).unwrap();\n'
            '    let call = format!("area({width}, {height}), ");\n'
            "    let at = text.find(&call).map_or(0, |at| at + call.len());\n"
            "    text[at..].split(')').next().and_then(|n| n.parse().ok()).unwrap_or(0)"
        ),
    ),
    Forgery(
        channel="included sources",
        code=written(
            'let text = include_str!("../tests/shapes.rs");\n    if text.contains("6") && width == 2 { 6 } else { 0 }'
        ),
    ),
    Forgery(
        channel="waiting", code=written("let _ = (width, height);\n    loop {\n        std::thread::park();\n    }")
    ),
    Forgery(
        channel="environment",
        code=written(
            'if std::env::var("CARGO_MANIFEST_DIR").is_ok() && width == 2 { 6 } else { 0 }',
        ),
    ),
    Forgery(
        channel="own program",
        code=written(
            "let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();\n"
            "    if own.len() > 9 && width == 2 { 6 } else { 0 }"
        ),
    ),
    Forgery(
        channel="programs",
        code=written(
            'for file in std::fs::read_dir("/cache").unwrap().flatten() {\n'
            "        let _ = std::fs::remove_dir_all(file.path());\n    }\n    width + height"
        ),
    ),
    Forgery(
        channel="replaced process",
        code=written(
            "use std::os::unix::process::CommandExt;\n    let _ = (width, height);\n"
            '    panic!("{}", std::process::Command::new("/bin/true").exec())'
        ),
    ),
)
HONEST = (
    Forgery(
        channel="an exit that nobody calls",
        code=written(
            "width * height",
            "pub fn quit(code: i32) -> ! {\n    std::process::exit(code)\n}",
        ),
    ),
    Forgery(
        channel="equality",
        code=written(
            "if Surface(width) == Surface(0) { 0 } else { width * height }",
            "struct Surface(i64);\n\nimpl PartialEq for Surface {\n    fn eq(&self, other: &Self) -> bool {\n"
            "        self.0 == other.0\n    }\n}",
        ),
    ),
    Forgery(
        channel="reading a file",
        code=written(
            'let unit = std::fs::read_to_string("unit.txt").map_or(1, |text| text.trim().parse().unwrap_or(1));\n'
            "    width * height * unit"
        ),
    ),
    Forgery(
        channel="tests of its own",
        code=written(
            "width * height",
            "#[cfg(test)]\nmod brought {\n    #[test]\n    fn wrong() {\n"
            "        assert_eq!(super::area(1, 1), 2);\n    }\n}",
        ),
    ),
    Forgery(
        channel="a caught panic and output",
        code=written(
            'println!("area of {width} and {height}");\n'
            "    std::panic::catch_unwind(|| width * height).unwrap_or_default()"
        ),
    ),
)


def prepare(root: Path) -> Mapping[str, str] | None:
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on PATH")
    return None


PROJECT = Project(
    name="cargo-test",
    language=lang.RUST,
    document="src/lib.rs",
    files={"Cargo.toml": MANIFEST, "tests/shapes.rs": TESTS},
    stub=STUB,
    right=RIGHT,
    wrong=WRONG,
    told=("of_two_and_three", "expected 6, got 5", "expected 0, got 4"),
    absent="pub const UNIT: i64 = 1;\n\n«»\n",
    absent_right=RIGHT,
    two=STUB + SIDE,
    two_files={"tests/shapes.rs": BOTH},
    working=f"«{RIGHT}»\n",
    mutant=WRONG,
    rewrite=written("let total = width * height;\n    total"),
    example=STUB.replace(HEAD, HEAD + "///\n/// ```\n/// assert_eq!(shapes::area(2, 3), 6);\n/// ```\n"),
    example_files={"Cargo.toml": MANIFEST},
    unparsable=written("width * (height"),
    forgeries=FORGERIES + answers("rust", "forged"),
    honest=(
        *HONEST,
        Forgery(
            channel="debug assertions",
            code=written('debug_assert!(width >= 0, env!("CARGO_PKG_NAME"));\n    width * height'),
        ),
        Forgery(
            channel="threads", code=written("std::thread::spawn(move || width * height).join().unwrap_or_default()")
        ),
        Forgery(
            channel="derived traits",
            code=written(
                "Pair { width, height }.clone().area()",
                "#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]\n"
                "struct Pair {\n    width: i64,\n    height: i64,\n}\n\n"
                "impl Pair {\n    fn area(&self) -> i64 {\n        self.width * self.height\n    }\n}",
            ),
        ),
    ),
    prepare=prepare,
)
SIZE = """#[derive(Debug, Clone)]
pub struct Size {
    value: i64,
}

impl Size {
    pub fn new(value: i64) -> Self {
        Size { value }
    }
}

impl PartialEq for Size {
    fn eq(&self, other: &Self) -> bool {
        BODY
    }
}

impl Eq for Size {}

impl PartialOrd for Size {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Size {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

pub fn area(width: i64, height: i64) -> Size {
    Size::new(AREA)
}
"""
SAME = "\nfn same(_a: &Size, _b: &Size) -> bool {\n    true\n}\n"
SIZE_TESTS = """use shapes::{area, Size};

#[test]
fn of_two_and_three() {
    assert_eq!(area(2, 3), Size::new(6));
}
"""


def sized(body: str, value: str, more: str = "") -> str:
    return SIZE.replace("BODY", body).replace("AREA", value) + more


UNITS = (
    "\n#[cfg(test)]\nmod tests {\n    use super::area;\n"
    + "".join(f"    {line}\n" if line else "\n" for line in TESTS.split("\n")[1:-1])
    + "}\n"
)


def inside(marked: str | None) -> str:
    return f"{marked}{UNITS}"


UNIT_CHANNELS = ("exit", "output in pieces", "drop", "equality", "thread")
PROJECTS = (
    PROJECT,
    replace(
        PROJECT,
        name="cargo-test-units",
        document="src/shapes.rs",
        files={"Cargo.toml": MANIFEST, "src/lib.rs": "pub mod shapes;\n"},
        stub=inside(STUB),
        absent=inside(PROJECT.absent),
        two=inside(STUB + SIDE)
        .replace("    use super::area;", "    use super::{area, side};")
        .replace(
            "    #[test]\n    fn flat",
            "    #[test]\n    fn of_side() {\n        assert_eq!(side(9), 3);\n    }\n\n    #[test]\n    fn flat",
        ),
        two_files={},
        working=inside(PROJECT.working),
        example=None,
        forgeries=(
            *(forgery for forgery in FORGERIES if forgery.channel in UNIT_CHANNELS),
            Forgery(
                channel="macro",
                code=written("width + height", "macro_rules! assert_eq {\n    ($($any:tt)*) => {};\n}"),
            ),
            *answers("rust", "unit"),
            Forgery(channel="configuration", code=written("if cfg!(test) { width * height } else { 0 }")),
        ),
        honest=HONEST[:1],
    ),
    replace(
        PROJECT,
        name="cargo-test-values",
        one_definition=False,
        files={"Cargo.toml": MANIFEST, "tests/shapes.rs": SIZE_TESTS},
        stub="«pub struct Size;\n\npub fn area(width: i64, height: i64) -> Size {\n    todo!()\n}»\n",
        right=sized("self.value == other.value", "width * height"),
        wrong=sized("self.value == other.value", "width + height"),
        told=("of_two_and_three", "expected Size { value: 6 }, got Size { value: 5 }"),
        absent=None,
        two=None,
        working=None,
        example=None,
        unparsable=None,
        forgeries=tuple(
            replace(one, code=sized(one.code, "width + height", SAME)) for one in answers("rust", "equality")
        ),
        honest=tuple(
            replace(one, code=sized(one.code, "width * height")) for one in answers("rust", "honest-equality")
        ),
    ),
)
