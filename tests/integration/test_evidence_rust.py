"""A crate's doctests and tests, before and after, with the real tool."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind
from forge_lsp.languages.rust.toolchain import RustToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of

pytestmark = [pytest.mark.timeout(280), pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo on PATH")]

FILE = "src/lib.rs"
DOC = "/// A product.\n///\n/// ```\n/// assert_eq!(shop::area(2, 3), 6);\n/// ```\n"
MANIFEST = '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n'
FILES = {
    "Cargo.toml": MANIFEST,
    FILE: (
        f"«{DOC}pub fn area(w: i64, h: i64) -> i64 {{\n    todo!()\n}}»\n\n"
        "/// ```\n/// panic!();\n/// ```\npub fn other() {}\n\n"
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn zero() {\n        assert_eq!(super::half(4), 2);\n    }\n\n"
        "    #[test]\n    fn wrong() {\n        assert_eq!(super::half(4), 3);\n    }\n\n"
        "    #[test]\n    #[should_panic]\n    fn never() {\n        super::area(-1, 1);\n    }\n}\n\n"
        "pub fn half(x: i64) -> i64 {\n    x / 2\n}\n"
    ),
    "tests/all.rs": (
        '#[test]\nfn loopback() {\n    std::net::TcpListener::bind("127.0.0.1:0").unwrap();\n'
        "    assert_eq!(shop::area(1, 1), 1);\n}\n"
    ),
}
DOCTEST = f"cargo test:{FILE} - area (1)"


def code(body: str, doc: str = DOC) -> str:
    return f"{doc}pub fn area(w: i64, h: i64) -> i64 {{\n    {body}\n}}"


def statuses(evidence: Evidence) -> Mapping[str, CheckStatus]:
    return {result.id.removeprefix("cargo test:"): result.status for result in evidence.results}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def toolchain_of(sandbox: Sandbox) -> RustToolchain:
    return RustToolchain(sandbox, timeout=200, environment=dict(os.environ))


async def test_doctests_and_tests_before_and_after(sandbox: Sandbox, tmp_path: Path) -> None:
    toolchain = toolchain_of(sandbox)
    task = project_task(tmp_path, lang.RUST, FILES, FILE)
    good = await toolchain.evidence(task, candidate_of(task, code("assert!(w >= 0);\n    w * h")))
    assert statuses(good) == {
        f"{FILE}: tests::wrong": CheckStatus.UNRELATED,
        f"{FILE}: tests::never": CheckStatus.KEPT,
        "tests/all.rs: loopback": CheckStatus.PROOF,
        f"{FILE} - area (1)": CheckStatus.PROOF,
    }, good
    bad = await toolchain.evidence(task, candidate_of(task, f"{code('w + h')}\n\npub fn more() {{}}"))
    result = next(result for result in bad.results if result.id == DOCTEST)
    assert (result.kind, result.status) == (CheckKind.DOCTEST, CheckStatus.OWED)
    assert (result.expected, result.actual) == ("6", "5")
    assert statuses(bad)[f"{FILE}: tests::never"] is CheckStatus.FAILED
    panics = await toolchain.evidence(task, candidate_of(task, code('panic!("no area of {w}")')))
    owed = next(result for result in panics.results if result.id.endswith("loopback"))
    assert owed.status is CheckStatus.OWED
    assert "no area of 1" in owed.detail
    assert 'panic!("no area of {w}")' in owed.detail
    broken = await toolchain.evidence(task, candidate_of(task, "pub fn area(w: i64) -> i64 {\n    w\n}"))
    assert CheckStatus.PROOF not in statuses(broken).values(), broken
    assert statuses(broken)["tests/all.rs: loopback"] is CheckStatus.OWED, broken


async def test_the_tests_of_a_module_behind_a_feature_are_compiled_with_it(sandbox: Sandbox, tmp_path: Path) -> None:
    toolchain = toolchain_of(sandbox)
    files = {
        "Cargo.toml": f"{MANIFEST}\n[features]\nextra = []\n",
        "src/lib.rs": '#[cfg(feature = "extra")]\npub mod extra;\n\npub fn one() -> i64 {\n    1\n}\n',
        "src/extra.rs": "«pub fn area(w: i64, h: i64) -> i64 {\n    todo!()\n}»\n",
        "tests/area.rs": '#![cfg(feature = "extra")]\n\n#[test]\nfn area() {\n    '
        "assert_eq!(shop::extra::area(2, 3), 6);\n}\n",
        "tests/one.rs": "#[test]\nfn one() {\n    assert_eq!(shop::one(), 1);\n}\n",
    }
    task = project_task(tmp_path, lang.RUST, files, "src/extra.rs")
    for body, status in (("w * h", CheckStatus.PROOF), ("w + h", CheckStatus.OWED)):
        found = statuses(await toolchain.evidence(task, candidate_of(task, code(body, ""))))
        assert found["tests/area.rs: area"] is status, found
        assert "tests/one.rs: one" not in found, "it says nothing of it"


NO_RUN = DOC.replace("```\n/// assert", "```no_run\n/// assert")
BROUGHT = "\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn fine() {}\n}"
INSIDE = (
    "\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn six() {\n        assert_eq!(super::area(3, 2), 6);\n    }\n}"
)
EVASIONS = {
    "a changed example": code("w + h", DOC.replace("6", "5")),
    "an example that is not run": code("w + h", NO_RUN),
    "an ignored example": code("w + h", NO_RUN.replace("no_run", "ignore")),
    "an example that must not compile": code("w + h", NO_RUN.replace("no_run", "compile_fail")),
    "a plain text": code("w + h", NO_RUN.replace("no_run", "text")),
    "no example": code("w + h", "/// A product.\n"),
    "no documentation": code("w + h", ""),
    "an example in an attribute": code("w + h", '#[doc = "```\\nassert!(true);\\n```"]\n'),
    "an end of the process": code("let _ = (w, h);\n    std::process::exit(0)"),
    "an end of the process by a thread": code("std::thread::spawn(|| std::process::exit(0)).join().ok();\n    w + h"),
}


@pytest.mark.parametrize("edition", ["2021", "2024"])
async def test_examples_and_tests_are_the_users(sandbox: Sandbox, tmp_path: Path, edition: str) -> None:
    toolchain = toolchain_of(sandbox)
    files = {"Cargo.toml": MANIFEST.replace("2021", edition), FILE: f"«{code('todo!()')}{INSIDE}»\n"}
    task = project_task(tmp_path, lang.RUST, files, FILE)
    task = replace(task, scope=replace(task.scope, kind=ScopeKind.FILE, name=None))
    for name, text in EVASIONS.items() if edition == "2021" else list(EVASIONS.items())[-3:]:
        for tests in ("", BROUGHT):
            evidence = await toolchain.evidence(task, candidate_of(task, text + tests))
            found = statuses(evidence)
            assert found == {
                f"{FILE}: tests::six": CheckStatus.OWED,
                f"{FILE} - area (1)": CheckStatus.OWED,
            }, (name, evidence)
            if "end of" in name:
                assert evidence.doubt is not None
                break
    right = await toolchain.evidence(task, candidate_of(task, code("w * h", NO_RUN) + BROUGHT))
    assert set(statuses(right).values()) == {CheckStatus.PROOF}, right


UNFINISHED = """use shop::{area, depth as deep, Unit};

fn square(side: i64) -> i64 {
    area(side, side)
}

#[test]
fn by_name() {
    assert_eq!(area(2, 3), 6);
}

#[test]
fn by_helper() {
    assert_eq!(square(3), 9);
}

#[test]
fn of_another() {
    assert_eq!(deep(1), 1);
}

#[test]
fn of_both() {
    assert_eq!(area(deep(1), 1), 1);
}

#[test]
fn of_what_is_there() {
    assert_eq!(Unit::new().half(), 1);
}

#[test]
fn of_a_method() {
    assert_eq!(Unit::new().double(), 4);
}
"""
UNIT = "pub struct Unit(i64);\n\nimpl Unit {\n    pub fn new() -> Self {\n        Unit(2)\n    }\n\n"
UNIT += "    pub fn half(&self) -> i64 {\n        self.0 / 2\n    }\n}\n"


async def test_each_test_is_judged_by_what_it_needs(sandbox: Sandbox, tmp_path: Path) -> None:
    toolchain = toolchain_of(sandbox)
    files = {"Cargo.toml": MANIFEST, FILE: f"{UNIT}\n«»\n", "tests/all.rs": UNFINISHED, "tests/other.rs": "broken!\n"}
    files["tests/own.rs"] = "#[test]\nfn of_area() {\n    assert_eq!(shop::area(1, 2), 2);\n}\n"
    task = project_task(tmp_path, lang.RUST, files, FILE)
    task = replace(task, scope=replace(task.scope, kind=ScopeKind.INSERTION, unfinished=True))
    right = await toolchain.evidence(task, candidate_of(task, code("w * h", "")))
    found = statuses(right)
    assert found["tests/all.rs: by_name"] is CheckStatus.PROOF, right
    assert found["tests/all.rs: by_helper"] is CheckStatus.PROOF, right
    assert found["tests/own.rs: of_area"] is CheckStatus.PROOF, right
    assert found.get("tests/all.rs: of_both") in (CheckStatus.NOT_RUNNABLE, CheckStatus.UNRELATED), right
    assert not {CheckStatus.OWED, CheckStatus.FAILED} & set(found.values()), right
    wrong = await toolchain.evidence(task, candidate_of(task, code("w + h", "")))
    assert statuses(wrong)["tests/all.rs: by_name"] is CheckStatus.OWED, wrong


async def test_tests_that_macros_make_are_run(sandbox: Sandbox, tmp_path: Path) -> None:
    made = (
        "pub fn double(x: i64) -> i64 {\n    crate::area(x, 2)\n}\n\n#[cfg(test)]\nmod tests {\n"
        "    macro_rules! t {\n        ($name:ident: $x:expr => $is:expr) => {\n            #[test]\n"
        "            fn $name() {\n                assert_eq!(super::double($x), $is)\n            }\n"
        "        };\n    }\n\n"
        "    t!(three: 3 => 6);\n    t!(four: 4 => 8);\n}\n"
    )
    body = "mod double;\npub use double::double;\n\n«fn area(w: i64, h: i64) -> i64 {\n    w * h\n}»\n"
    task = project_task(tmp_path, lang.RUST, {"Cargo.toml": MANIFEST, FILE: body, "src/double.rs": made}, FILE)
    toolchain = toolchain_of(sandbox)
    head = "fn area(w: i64, h: i64) -> i64 {\n    "
    right = statuses(await toolchain.evidence(task, candidate_of(task, f"{head}h * w\n}}")))
    assert right == dict.fromkeys((f"{FILE}: double::tests::three", f"{FILE}: double::tests::four"), CheckStatus.KEPT)
    wrong = statuses(await toolchain.evidence(task, candidate_of(task, f"{head}w + h + 1\n}}")))
    assert wrong == {
        f"{FILE}: double::tests::three": CheckStatus.KEPT,
        f"{FILE}: double::tests::four": CheckStatus.FAILED,
    }
