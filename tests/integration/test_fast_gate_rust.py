"""The fast gate for Rust with the real cargo: the verdict of the build gate, on what the user sees."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_findings
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.languages.rust import fast as rust_gate
from forge_lsp.languages.rust.fast import RustOpener
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from tests.integration import test_build_rust as rust
from tests.integration.builds_cases import project_task
from tests.integration.fast_gates import looked, same_verdict, sandbox
from tests.integration.fast_looks import PATIENT, replaced_and_none_left
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.processes import descendants

__all__ = ["sandbox"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def gate(sandbox: Sandbox) -> AsyncIterator[DaemonGate]:
    opener = RustOpener(sandbox, rust.environment())
    made = DaemonGate(sandbox, {lang.RUST: opener}, keeping=PATIENT)
    try:
        yield made
    finally:
        await made.aclose()


def found(reports: Sequence[FastReport | None]) -> list[list[tuple[str, int]] | None]:
    return [None if one is None else [(p.file, p.line) for p in one.problems] for one in reports]


async def test_the_cases_of_the_build_gate(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.RUST, rust.FILES, rust.FILE)
    before = {path: path.stat().st_mtime_ns for path in rust.everything(tmp_path)}
    codes = [rust.GOOD, *(case.code for case in rust.CASES)]
    opener = RustOpener(sandbox, rust.environment())
    same_verdict(await looked(sandbox, lang.RUST, opener, task, codes), rust.CASES)
    assert {path: path.stat().st_mtime_ns for path in rust.everything(tmp_path)} == before


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    files = {**rust.FILES, "shapes/src/lib.rs": "pub mod area;\npub mod other;\n"}
    files["shapes/src/other.rs"] = "pub fn old() -> i64 { 1 }\n"
    task = project_task(tmp_path, lang.RUST, files, rust.FILE)

    def using(call: str) -> str:
        return with_code(task, f"{rust.HEAD}    width * height + crate::{call}()\n}}")

    wrong = [(rust.FILE, 3)]
    assert found(await gate.look(task, [using("other::old"), using("other::new")])) == [[], wrong]
    write_files(tmp_path, {"shapes/src/other.rs": "pub fn new() -> i64 { 1 }\n"})
    assert found(await gate.look(task, [using("other::old"), using("other::new")])) == [wrong, []]
    write_files(tmp_path, {"shapes/src/lib.rs": "pub mod area;\npub mod fresh;\n"})
    write_files(tmp_path, {"shapes/src/fresh.rs": "pub fn made() -> i64 { 1 }\n"})
    (tmp_path / "shapes/src/other.rs").unlink()
    assert found(await gate.look(task, [using("fresh::made"), using("other::new")])) == [[], wrong]
    buffers = {tmp_path / "shapes/src/fresh.rs": "pub fn typed() -> i64 { 1 }\n"}
    marked = rust.FILES[rust.FILE]
    typing = task_of(marked, language=lang.RUST, path=tmp_path / rust.FILE, workspace=tmp_path, buffers=buffers)
    assert found(await gate.look(typing, [using("fresh::typed"), using("fresh::made")])) == [[], wrong]
    assert found(await gate.look(task, [using("fresh::typed"), using("fresh::made")])) == [wrong, []]
    assert gate.running == 1, "one for the workspace"


async def test_what_was_wrong_before_and_what_the_tests_need(gate: DaemonGate, tmp_path: Path) -> None:
    more = "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn halves() {\n        let _ = super::half(4);\n    }\n}\n"
    files = {**rust.FILES, "shop/src/main.rs": "fn main() {\n    nobody();\n}\n"}
    files[rust.FILE] += more
    files[rust.FILE] = files[rust.FILE].replace("}»\n\n", "}\n\n").replace("x / 2\n}\n", "x / 2\n}»\n", 1)
    task = project_task(tmp_path, lang.RUST, files, rust.FILE)
    half = "\n\npub fn half(x: i64) -> i64 {\n    x / 2\n}"
    texts = [with_code(task, rust.GOOD + half), with_code(task, rust.GOOD + half.replace("x: i64", "x: i64, _: i64"))]
    good, wider = found(await gate.look(task, texts))
    assert good == []
    assert wider == [(rust.FILE, 14)]


async def test_a_library_alone_with_code_that_tests_do_not_see(gate: DaemonGate, tmp_path: Path) -> None:
    files = {"Cargo.toml": rust.CRATE.format(name="alone"), "src/lib.rs": "pub mod one;\npub mod two;\n"}
    files |= {
        "src/one.rs": "«pub fn one() -> i64 { 1 }»\n",
        "src/two.rs": "pub fn two() -> i64 { crate::one::one() }\n",
    }
    task = project_task(tmp_path, lang.RUST, files, "src/one.rs")
    good, wide = "pub fn one() -> i64 { 2 }\n", "pub fn one(_: i64) -> i64 { 2 }\n"
    hidden = "pub fn one() -> i64 { 2 }\n\n#[cfg(not(test))]\npub fn more() -> i64 { nobody }\n"
    shown = hidden.replace("not(test)", "test")
    reports = found(await gate.look(task, [good, wide, hidden, shown]))
    assert reports == [[], [("src/two.rs", 1)], [("src/one.rs", 4)], [("src/one.rs", 4)]]
    write_files(tmp_path, {"src/two.rs": f"#[cfg(not(test))]\n{files['src/two.rs']}"})
    assert found(await gate.look(task, [good, wide])) == [[], [("src/two.rs", 2)]]


async def test_files_that_no_package_holds(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"help.rs": "pub fn help() -> i32 { 1 }\n"})
    lone = task_of("«»", language=lang.RUST, path=tmp_path / "a.rs")
    texts = [f"mod help;\nfn main() {{ help::{name}(); }}\n" for name in ("help", "none")]
    assert found(await gate.look(lone, texts)) == [[], [("a.rs", 2)]]
    assert not (tmp_path / "a.rs").exists(), "nothing is written beside it"
    project_task(tmp_path / "work", lang.RUST, rust.FILES, rust.FILE)
    stray = tmp_path / "work/shapes/src/stray.rs"
    task = task_of("«»", language=lang.RUST, path=stray, workspace=tmp_path / "work")
    assert await gate.look(task, ["pub fn f() -> i32 { nobody }\n"]) == [None], "no target includes it"


DAEMON = """use std::process::{Command, Stdio};
fn main() {
    let mut child = Command::new("setsid");
    child.args(["sleep", "86399"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    if std::fs::write("WORK/planted", "x").is_ok() || std::fs::read("OUT/key").is_ok() { panic!("got out"); }
    println!("cargo:rustc-cfg=ran");
}
"""


async def test_a_build_script_stays_in_the_sandbox_and_leaves_nothing(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"out/key": "secret"})
    work = tmp_path / "work"
    script = DAEMON.replace("WORK", str(work)).replace("OUT", str(tmp_path / "out"))
    marked = rust.FILES[rust.FILE].replace("«", '#[cfg(not(ran))]\ncompile_error!("it did not run");\n\n«')
    task = project_task(work, lang.RUST, {**rust.FILES, rust.FILE: marked, "shapes/build.rs": script}, rust.FILE)
    assert found(await gate.look(task, [with_code(task, rust.GOOD)])) == [[]]
    assert not (work / "planted").exists()
    assert not [seen for seen in descendants(os.getpid()) if "86399" in seen.command]


async def test_outside_a_sandbox_the_runner_does_nothing(tmp_path: Path) -> None:
    runner = Path(rust_gate.__file__).with_name("runners") / "copying.py"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(runner), str(tmp_path), str(tmp_path / "copy")),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, words = await process.communicate()
    assert (process.returncode, words) == (1, b"not in a sandbox of its own\n")
    assert not (tmp_path / "copy").exists()


async def test_one_that_dies_is_replaced_and_none_is_left(gate: DaemonGate, sandbox: Sandbox, tmp_path: Path) -> None:
    assert isinstance(sandbox, Bubblewrap)
    before = set(sandbox.folders.base.iterdir())
    task = project_task(tmp_path, lang.RUST, rust.FILES, rust.FILE)
    good = with_code(task, rust.GOOD)
    assert await replaced_and_none_left(gate, task, "copying.py", good, good) == [[]]
    assert set(sandbox.folders.base.iterdir()) == before


async def test_a_cancel_leaves_no_cargo(gate: DaemonGate, tmp_path: Path) -> None:
    before = descendants(os.getpid())  # servers that other tests of this process share
    task = project_task(tmp_path, lang.RUST, rust.FILES, rust.FILE)
    looking = asyncio.ensure_future(gate.look(task, [with_code(task, rust.GOOD)]))
    for _ in range(2000):
        if any("cargo check" in seen.command or "rustc" in seen.command for seen in descendants(os.getpid())):
            break
        await asyncio.sleep(0.01)
    started = descendants(os.getpid()) - before
    begin = time.monotonic()
    looking.cancel()
    await gate.aclose()
    assert time.monotonic() - begin < 10
    assert not [seen for seen in started if seen.alive]


def test_the_doctor_names_it(sandbox: Sandbox) -> None:
    (finding,) = fast_findings(lang.BUILT_IN, sandbox, rust.environment())
    assert "rust" in cast("list[str]", finding.facts["languages"])
    (absent,) = fast_findings(lang.BUILT_IN, sandbox, {"PATH": "/nonexistent"})
    assert "rust" not in cast("list[str]", absent.facts["languages"])
