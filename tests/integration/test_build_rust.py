"""The Rust gate with the real tool: what rustup or the system has, edition 2021."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.rust.toolchain import RustToolchain, rust_findings
from forge_lsp.sandbox import choosing
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files

pytestmark = pytest.mark.timeout(240)

FILE = "shapes/src/area.rs"
CRATE = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["shapes", "shop"]\nresolver = "2"\n',
    "shapes/Cargo.toml": CRATE.format(name="shapes"),
    "shapes/src/lib.rs": "pub mod area;\n",
    FILE: (
        "/// A product.\n«pub fn area(width: i64, height: i64) -> i64 {\n    todo!()\n}»\n\n"
        "pub fn half(x: i64) -> i64 {\n    x / 2\n}\n"
    ),
    "shop/Cargo.toml": CRATE.format(name="shop") + '\n[dependencies]\nshapes = { path = "../shapes" }\n',
    "shop/src/main.rs": 'fn main() {\n    let total: i64 = shapes::area::area(2, 3);\n    println!("{total}");\n}\n',
}
HEAD = "pub fn area(width: i64, height: i64) -> i64 {\n"
GOOD = f"{HEAD}    width * height\n}}"
CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}    width *\n}}",
        file=FILE,
        line=4,
        codes=("",),
        message="expected expression",
    ),
    Case(name="unknown name", code=f"{HEAD}    wid\n}}", file=FILE, line=3, codes=("E0425",), message="wid"),
    Case(name="wrong type", code=f'{HEAD}    "w"\n}}', file=FILE, line=3, codes=("E0308",), message="mismatched types"),
    Case(
        name="wrong arity",
        code=f"{HEAD}    half(width, height)\n}}",
        file=FILE,
        line=3,
        codes=("E0061",),
        message="1 argument",
    ),
    Case(
        name="missing import",
        code=f"{HEAD}    HashMap::<i64, i64>::new().len() as i64 + width * height\n}}",
        file=FILE,
        line=3,
        codes=("E0433",),
        message="HashMap",
    ),
    Case(
        name="break of another file",
        code="pub fn area(width: i64) -> i64 {\n    width\n}",
        file="shop/src/main.rs",
        line=2,
        codes=("E0061",),
        message="1 argument",
    ),
]


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def environment() -> dict[str, str]:
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on PATH")
    return dict(os.environ)


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> RustToolchain:
    return RustToolchain(sandbox, timeout=180, environment=environment())


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.RUST, FILES, FILE)
    before = {path: path.stat().st_mtime_ns for path in everything(tmp_path)}
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    assert {path: path.stat().st_mtime_ns for path in everything(tmp_path)} == before


async def test_what_one_candidate_made_is_not_there_for_the_next(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.RUST, FILES, FILE)
    wide = "pub fn area(width: i64, height: i64) -> i64 {\n    width * height\n}\n\npub fn more() {}"
    assert (await toolchain.build(task, with_code(task, wide))).compiled is True
    shop = task_of(
        FILES["shop/src/main.rs"].replace("println", "«println").replace('");', '");»'),
        language=lang.RUST,
        path=tmp_path / "shop/src/main.rs",
        workspace=tmp_path,
    )
    report = await toolchain.build(shop, with_code(shop, "shapes::area::more();"))
    assert [(d.file, d.line, d.code) for d in report.diagnostics] == [("shop/src/main.rs", 3, "E0425")]


async def test_a_buffer_that_was_given_up_leaves_nothing(toolchain: RustToolchain, tmp_path: Path) -> None:
    """Cargo goes by time stamps: a file on disk is older than what was made from a buffer laid over it."""
    project_task(tmp_path, lang.RUST, FILES, FILE)
    marked = FILES["shop/src/main.rs"].replace("println", "«println").replace('");', '");»')
    buffer = {tmp_path / FILE: FILES[FILE].replace("«", "").replace("»", "") + "\npub fn more() {}\n"}
    main = tmp_path / "shop/src/main.rs"
    first = task_of(marked, language=lang.RUST, path=main, workspace=tmp_path, buffers=buffer)
    assert (await toolchain.build(first, with_code(first, "shapes::area::more();"))).compiled is True
    second = task_of(marked, language=lang.RUST, path=main, workspace=tmp_path)
    report = await toolchain.build(second, with_code(second, "shapes::area::more();"))
    assert [(d.file, d.code) for d in report.diagnostics] == [("shop/src/main.rs", "E0425")]


async def test_columns_and_borrows(toolchain: RustToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.RUST, FILES, FILE)
    report = await toolchain.build(task, with_code(task, f'{HEAD}    let s = ("é😀", wid); s.0.len() as i64\n}}'))
    assert [(d.line, d.column) for d in report.diagnostics] == [(3, 20)]
    moved = f"{HEAD}    let v = vec![width];\n    drop(v);\n    v[0] * height\n}}"
    report = await toolchain.build(task, with_code(task, moved))
    assert [(d.line, d.code) for d in report.diagnostics] == [(5, "E0382")]


async def test_crates_that_are_not_there(toolchain: RustToolchain, tmp_path: Path) -> None:
    files = {
        **FILES,
        "shapes/Cargo.toml": FILES["shapes/Cargo.toml"] + '\n[dependencies]\ncrate-that-nobody-published = "1"\n',
    }
    task = project_task(tmp_path, lang.RUST, files, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "cargo fetch"), report


async def test_a_toolchain_that_is_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.RUST, FILES, FILE)
    bare = RustToolchain(sandbox, timeout=20, environment={"PATH": "/nonexistent"})
    report = await bare.build(task, with_code(task, GOOD))
    assert (report.status, bool(report.remedy)) == (BuildStatus.UNVERIFIED, True)
    if shutil.which("rustup") is None:
        pytest.skip("no rustup: toolchains by name are its part")
    write_files(tmp_path, {"rust-toolchain.toml": '[toolchain]\nchannel = "1.2.3"\n'})
    named = RustToolchain(sandbox, timeout=20, environment={**environment(), "RUSTUP_TOOLCHAIN": ""})
    report = await named.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "rustup toolchain install 1.2.3")


async def test_a_file_that_no_target_includes(toolchain: RustToolchain, tmp_path: Path) -> None:
    project_task(tmp_path, lang.RUST, FILES, FILE)
    path = tmp_path / "shapes/src/stray.rs"
    task = task_of("«»", language=lang.RUST, path=path, workspace=tmp_path)
    report = await toolchain.build(task, "pub fn f() -> i32 { nobody }\n")
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "declare it: mod stray;")


async def test_what_stands_beside_the_document_and_what_is_behind_a_feature(
    toolchain: RustToolchain, tmp_path: Path
) -> None:
    crate = {"Cargo.toml": CRATE.format(name="shapes") + "\n[features]\nextra = []\n"}
    stub = FILES[FILE].replace("/// A product.", '#[cfg(feature = "extra")]')
    files = {**crate, "src/lib.rs": stub, "tests/broken.rs": '#[test]\nfn broken() {\n    let _: i64 = "a";\n}\n'}
    task = project_task(tmp_path, lang.RUST, files, "src/lib.rs")
    report = await toolchain.build(task, with_code(task, GOOD))
    assert report.status is BuildStatus.PASSED, "a test of another file that does not compile hides nothing"
    report = await toolchain.build(task, with_code(task, GOOD.replace("width *", "width.nonsense()*")))
    assert report.status is BuildStatus.FAILED, "the feature is on"
    windows = project_task(tmp_path, lang.RUST, {**files, "src/lib.rs": f"#![cfg(windows)]\n{stub}"}, "src/lib.rs")
    report = await toolchain.build(windows, with_code(windows, GOOD))
    assert report.status is BuildStatus.UNVERIFIED
    assert report.reason == "not compiled here: `area` is behind cfg(windows), which does not hold on this machine"
    future = {**files, "Cargo.toml": crate["Cargo.toml"].replace("2021", "2999")}
    task = project_task(tmp_path, lang.RUST, future, "src/lib.rs")
    report = await toolchain.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "rustup update"), report


async def test_a_lone_file(toolchain: RustToolchain, tmp_path: Path) -> None:
    lone = task_of("«»", language=lang.RUST)
    assert (await toolchain.build(lone, "pub fn f() -> i32 { 1 }\n")).compiled is True
    assert (await toolchain.build(lone, 'pub fn f() -> i32 { "" }\n')).compiled is False
    assert (await toolchain.build(lone, 'fn main() {\n    println!("{}", 1);\n}\n')).compiled is True
    write_files(tmp_path, {"help.rs": "pub fn help() -> i32 { 1 }\n", "a.rs": ""})
    task = task_of("mod help;\n«fn main() {}»\n", language=lang.RUST, path=tmp_path / "a.rs")
    assert (await toolchain.build(task, with_code(task, "fn main() { help::help(); }"))).compiled is True
    assert (await toolchain.build(task, with_code(task, "fn main() { help::none(); }"))).compiled is False


HOSTILE = """
use std::io::Write;
fn main() {
    let mut said = String::new();
    if std::fs::read_to_string("SECRET").is_ok() { said.push_str("read "); }
    if std::net::TcpStream::connect("127.0.0.1:PORT").is_ok() { said.push_str("sent "); }
    if std::env::var("FORGE_PROBE_SECRET").is_ok() { said.push_str("env "); }
    let _ = std::fs::write("WORKSPACE/planted", "x");
    let _ = std::fs::File::create("OUTSIDE/planted").map(|mut f| f.write_all(b"x"));
    println!("cargo:rustc-env=SAID={}", said);
    if !said.is_empty() { panic!("{}", said); }
}
"""


async def test_a_hostile_build_script(
    toolchain: RustToolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "key"
    secret.write_text("secret")
    monkeypatch.setenv("FORGE_PROBE_SECRET", "1")
    hits: list[int] = []
    server = await asyncio.start_server(lambda _, writer: (hits.append(1), writer.close())[1], "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    work = tmp_path / "work"
    script = HOSTILE.replace('SECRET"', f'{secret}"', 1).replace("PORT", str(port))
    script = script.replace("WORKSPACE", str(work)).replace("OUTSIDE", str(outside))
    # The script itself is what a candidate writes.
    files = {**FILES, "shapes/build.rs": "«fn main() {}»\n", FILE: FILES[FILE].replace("«", "").replace("»", "")}
    write_files(work, {name: text.replace("«", "").replace("»", "") for name, text in files.items()})
    task = task_of(files["shapes/build.rs"], language=lang.RUST, path=work / "shapes/build.rs", workspace=work)
    async with server:
        report = await toolchain.build(task, with_code(task, script))
        stopped = await toolchain.build(task, with_code(task, 'fn main() { panic!("it ran"); }'))
    assert stopped.compiled is not True  # scripts do run
    assert report.status is BuildStatus.PASSED, report  # it ran, and came by nothing that it could complain of
    assert not hits
    assert not (work / "planted").exists()
    assert not (outside / "planted").exists()


async def test_without_a_sandbox_cargo_is_not_started(tmp_path: Path) -> None:
    chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=tmp_path / "boxes"))
    folders = await chooser._temp()  # pyright: ignore[reportPrivateUsage]
    none = choosing._plain("none", folders, chooser._config, remedy="fix it")  # pyright: ignore[reportPrivateUsage]
    task: Task = project_task(tmp_path / "work", lang.RUST, FILES, FILE)
    report = await RustToolchain(none, timeout=20, environment=environment()).build(task, with_code(task, GOOD))
    chooser.close()
    assert report.status is BuildStatus.UNVERIFIED
    assert "fix it" in (report.remedy or "")


async def test_the_doctor_finds_cargo(sandbox: Sandbox) -> None:
    (finding,) = await rust_findings(sandbox, environment())
    assert (finding.name, finding.status) == ("cargo", FindingStatus.OK), finding
    (absent,) = await rust_findings(sandbox, {"PATH": "/nonexistent"})
    assert (absent.status, bool(absent.remedy)) == (FindingStatus.ABSENT, True)


async def test_a_package_among_whose_needs_is_another_version_of_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    old = CRATE.replace("0.1.0", "0.0.9").format(name="shapes")
    files = {
        "Cargo.toml": '[workspace]\nexclude = ["old", "bench"]\n\n'
        + CRATE.format(name="shapes")
        + '\n[dev-dependencies]\nbench = { path = "bench" }\n',
        "src/lib.rs": "«pub fn area(width: i64, height: i64) -> i64 {\n    width * height\n}»\n",
        "tests/area.rs": "#[test]\nfn area_is_a_product() {\n    assert_eq!(shapes::area(2, 3), 6);\n}\n",
        "old/Cargo.toml": old,
        "old/src/lib.rs": "pub fn old() {}\n",
        "bench/Cargo.toml": CRATE.format(name="bench") + '\n[dependencies]\nshapes = { path = "../old" }\n',
        "bench/src/lib.rs": "pub fn bench() {\n    shapes::old()\n}\n",
    }
    task = project_task(tmp_path, lang.RUST, files, "src/lib.rs")
    toolchain = RustToolchain(sandbox, timeout=120, environment=os.environ)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert report.compiled is True, report.reason
    found = await toolchain.evidence(task, candidate_of(task, f"{HEAD}    width + height\n}}"))
    assert [result.status for result in found.results] == [CheckStatus.FAILED], found
