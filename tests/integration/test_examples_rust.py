"""The examples in Rust's documentation that rustdoc does not run, on candidates right and wrong, by the real tool."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.task import Task
from forge_lsp.languages.rust.toolchain import RustToolchain
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo on PATH"),
]

PROOF, OWED, NOT_RUNNABLE = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.NOT_RUNNABLE
MANIFEST = '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n'
FILE = "src/lib.rs"
STUB = "todo!()"


@pytest.fixture
async def toolchain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RustToolchain]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield RustToolchain(chosen, timeout=200, environment=dict(os.environ))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stub with examples, and what is written: ``right``, and ``wrong`` with what each example then gives."""

    text: str
    name: str
    right: str
    wrong: str
    proofs: tuple[str, ...]
    owed: Mapping[str, str]
    unread: tuple[str, ...] = ()
    manifest: str | None = MANIFEST
    file: str = FILE
    container: str | None = None


def task_in(root: Path, scene: Scene) -> Task:
    files = {scene.file: re.sub("[«»]", "", scene.text)} | ({"Cargo.toml": scene.manifest} if scene.manifest else {})
    write_files(root, files)
    return task_of(scene.text, language=lang.RUST, path=root / scene.file, workspace=root, name=scene.name)


def code_of(task: Task, body: str) -> str:
    return task.original.replace(STUB, body)


def told(found: Evidence) -> dict[str, tuple[CheckStatus, str]]:
    assert found.blocked is None, found
    return {
        result.source.rpartition("\n")[2]: (result.status, result.actual)
        for result in found.results
        if result.kind is CheckKind.EXAMPLE
    }


FORMS = Scene(
    text="""use std::collections::HashMap;

«/// The surface of a rectangle.
/// >>> area(2, 3)
/// 6
/// >>> Area(3, 3) == 9
///
/// It holds that `area(4, 5) = 20`, area(1, 9) -> 9, and that area(-1, 2) panics.
/// area("a", 2) = 1 makes no sense, and area(300, 2) = 600 neither.
/// ```
/// assert_eq!(area(5, 5), 25);
/// assert!(area(6, 5) == 30);
/// ```
///
/// ```text
/// area(6, 6) // => 36
/// ```
fn area(width: i8, height: i64) -> Option<i64> {
    todo!()
}»

/// side(9) = 3
pub fn side(surface: i64) -> i64 {
    todo!()
}

#[cfg(test)]
mod tests {
    use super::not_there_yet;
}
""",
    name="area",
    right='assert!(width >= 0, "negative");\n    Some(width as i64 * height)',
    wrong="assert!(width >= 0);\n    Some(width as i64 + height)",
    proofs=(
        *("area(2, 3)", "Area(3, 3)", "area(4, 5)", "area(1, 9)", "area(-1, 2)", "area(5, 5)", "area(6, 5)"),
        "area(6, 6)",
    ),
    owed={"area(2, 3)": "5", "area(5, 5)": "10", "area(6, 6)": "12"},
    unread=('area("a", 2)', "area(300, 2)"),
)
VALUES = Scene(
    text="""use std::collections::{BTreeSet, HashMap};

mod inner {
    use super::*;

    type Pairs<'a> = [(&'a str, u32)];

«    /// >>> group(&[("a", 1), ("b", 2), ("a", 3)], None)
    /// {"a": [1, 3], "b": [2]}
    /// >>> group([], Some('x'))
    /// {}
    /// >>> group([('', 1)], 'x')
    /// raises ValueError
    ///
    /// group([("a", 1)], "x") = {'xa': {1.0}}
    /// group([("a", -1)], 'x') = {}
    fn group(pairs: &[(&str, u32)], prefix: Option<char>) -> Result<HashMap<String, Vec<f64>>, String> {
        todo!()
    }»
}
""",
    name="group",
    right="""let mut found: HashMap<String, Vec<f64>> = HashMap::new();
        for (name, value) in pairs {
            if name.is_empty() {
                return Err("no name".into());
            }
            let key = prefix.map(|one| one.to_string()).unwrap_or_default() + name;
            found.entry(key).or_default().push(*value as f64);
        }
        Ok(found)""",
    wrong='Ok(HashMap::from([("x".to_string(), vec![])]))',
    proofs=(*('group(&[("a", 1), ("b", 2), ("a", 3)], None)', "group([], Some('x'))", 'group([("a", 1)], "x")'),),
    owed={"group([], Some('x'))": '{"x": []}', "group([('', 1)], 'x')": '{"x": []}'},
    unread=("group([(\"a\", -1)], 'x')",),
)
INSTANCE = Scene(
    text="""#[derive(Debug, Default)]
pub struct Stack<T> {
    items: Vec<T>,
}

impl<T: Clone> Stack<T> {
    pub fn new() -> Self {
        Stack { items: Vec::new() }
    }

    pub fn push(&mut self, item: T) {
        self.items.push(item)
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

«    /// >>> let s = Stack::new();
    /// >>> s.push(1);
    /// >>> s.push(2);
    /// >>> s.take(1)
    /// [2]
    /// >>> s.len()
    /// 1
    /// >>> s.take(1).len()
    /// 1
    ///
    /// In another notation:
    /// >>> t = Stack()
    /// >>> t.push('a')
    /// >>> t.take(1)
    /// ['a']
    ///
    /// take(1) = [] says nothing.
    pub fn take(&mut self, count: usize) -> Vec<T> {
        todo!()
    }»
}
""",
    name="take",
    right="self.items.split_off(self.items.len() - count)",
    wrong="let _ = count;\n        self.items.clone()",
    proofs=("s.take(1)", "s.take(1).len()", "t.take(1)"),
    owed={"s.take(1)": "[1, 2]"},
    unread=("take(1)",),
)
LONE = Scene(
    text="""struct Point {
    x: i64,
}

«/// at(1).x = 1
/// ```
/// assert_eq!(at(2).x, 2);
/// ```
fn at(x: i64) -> Point {
    todo!()
}»

fn main() {
    std::process::exit(at(1).x as i32);
}
""",
    name="at",
    right="Point { x }",
    wrong="Point { x: -x }",
    proofs=("at(1).x", "at(2).x"),
    owed={"at(1).x": "-1"},
    manifest=None,
    file="points.rs",
)
SCENES = {"forms": FORMS, "values": VALUES, "instance": INSTANCE, "lone": LONE}


@pytest.mark.parametrize("name", SCENES)
async def test_examples_prove_what_is_right_and_are_owed_by_what_is_wrong(
    toolchain: RustToolchain, tmp_path: Path, name: str
) -> None:
    scene = SCENES[name]
    task = task_in(tmp_path, scene)
    right = await toolchain.evidence(task, candidate_of(task, code_of(task, scene.right)))
    found = told(right)
    assert right.doubt is None, right
    for call in scene.proofs:
        assert found[call][0] is PROOF, (call, right)
    for call in scene.unread:
        assert found[call][0] is NOT_RUNNABLE, (call, right)
    assert all(result.detail for result in right.results if result.status is NOT_RUNNABLE), right
    wrong = told(await toolchain.evidence(task, candidate_of(task, code_of(task, scene.wrong))))
    for call, actual in scene.owed.items():
        assert wrong[call] == (OWED, actual), (call, wrong)


RUSTDOC = """«/// Area.
/// ```
/// use shop::area;
/// assert!(area(2, 3) == 6);
/// assert_eq!(area(1, 3), 3);
/// ```
/// area(4, 5) = 20
pub fn area(width: i64, height: i64) -> i64 {
    todo!()
}»
"""


def rustdoc(root: Path, text: str = RUSTDOC) -> Task:
    write_files(root, {FILE: re.sub("[«»]", "", text), "Cargo.toml": MANIFEST})
    return task_of(text, language=lang.RUST, path=root / FILE, workspace=root, name="area")


async def test_what_rustdoc_runs_is_not_run_twice(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = rustdoc(tmp_path)
    found = await toolchain.evidence(task, candidate_of(task, code_of(task, "width * height")))
    assert set(told(found)) == {"area(4, 5)"}, found
    assert {result.status for result in found.results} == {PROOF}, found
    assert {result.kind for result in found.results} == {CheckKind.DOCTEST, CheckKind.EXAMPLE}, found


async def test_a_doctest_that_names_nothing_holds_nobody_up(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = rustdoc(tmp_path, RUSTDOC.replace("/// use shop::area;\n", ""))
    found = await toolchain.evidence(task, candidate_of(task, code_of(task, "width * height")))
    assert set(told(found)) == {"area(2, 3)", "area(1, 3)", "area(4, 5)"}, found
    states = {result.kind: result.status for result in found.results}
    assert states == {CheckKind.DOCTEST: NOT_RUNNABLE, CheckKind.EXAMPLE: PROOF}, found


_PLAIN = RUSTDOC.replace(
    "/// area(4, 5) = 20\n", "/// area(2, 3) = 6, area(4, 5) = 20, area(6, 7) = 42, area(8, 9) = 72\n"
)
HOSTILE = re.sub(r"/// ```.*```\n", "", _PLAIN, flags=re.S)


async def test_a_call_that_hangs_or_ends_the_process_costs_itself(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = rustdoc(tmp_path, HOSTILE)
    body = "while width == 2 {}\n    if width == 6 { area(width, height) + 1 } else { width * height }"
    found = await toolchain.evidence(task, candidate_of(task, code_of(task, body)))
    assert {call: state for call, (state, _) in told(found).items()} == {
        "area(2, 3)": OWED,
        "area(4, 5)": PROOF,
        "area(6, 7)": OWED,
        "area(8, 9)": PROOF,
    }, found
    details = {result.source: result.detail for result in found.results}
    assert "did not end in time" in details["area(2, 3)"]
    assert "overflow" in details["area(6, 7)"]


ANY = (
    "pub struct Any;\nimpl PartialEq<i64> for Any {\n    fn eq(&self, _: &i64) -> bool { true }\n}\n"
    "impl std::fmt::Debug for Any {\n"
    '    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "6") }\n'
    "}\npub fn area(_: i64, _: i64) -> Any {\n    Any\n}"
)
FORGED = {
    "an end of the process": ("let _ = (width, height);\n    std::process::exit(0)", "ends the process"),
    "lines like the driver's": ('println!("\\n {{\\"state\\": \\"end\\"}}");\n    width + height', None),
    "an end after some values": (
        "if width == 6 {\n        std::process::exit(0)\n    }\n    width * height",
        "ends the process",
    ),
    "text that does not compile": ("missing", None),
    "its documentation": (
        'if std::fs::read_to_string("src/lib.rs").unwrap().contains("= 6") { 6 } else { width + height }',
        "reads the sources",
    ),
}


async def test_nothing_forged_is_a_proof(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = rustdoc(tmp_path, HOSTILE)
    for name, (body, doubt) in FORGED.items():
        found = await toolchain.evidence(task, candidate_of(task, code_of(task, body)))
        states = {state for state, _ in told(found).values()}
        assert PROOF not in states or (doubt is not None and doubt in (found.doubt or "")), (name, found)
    equal = told(await toolchain.evidence(task, candidate_of(task, ANY)))
    assert {state for state, _ in equal.values()} == {OWED}, equal
    renamed = candidate_of(task, task.original.replace("area(width", "surface(width"))
    gone = told(await toolchain.evidence(task, renamed))
    assert PROOF not in {state for state, _ in gone.values()}, gone
    candidate = candidate_of(task, code_of(task, "width * height / (width - 1)"))
    seen = await toolchain.observe(task, candidate, ["area(3, 4)", "Area(1, 1)", "area(", "area('a', 1)"])
    assert {one.call: one.answer for one in seen} == {"area(3, 4)": "6", "Area(1, 1)": "raises panic"}
