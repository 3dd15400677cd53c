"""A crate's doctests and tests, before and after, with the real tool."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.builds.rust.toolchain import RustToolchain
from forge_lsp.domain.checks import CheckKind, CheckStatus
from forge_lsp.domain.ports import Sandbox
from forge_lsp.domain.task import Language
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support.builds import candidate_of

pytestmark = [pytest.mark.timeout(280), pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo on PATH")]

FILE = "src/lib.rs"
DOC = "/// A product.\n///\n/// ```\n/// assert_eq!(shop::area(2, 3), 6);\n/// ```\n"
FILES = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    FILE: (
        f"«{DOC}pub fn area(w: i64, h: i64) -> i64 {{\n    todo!()\n}}»\n\n"
        "/// ```\n/// panic!();\n/// ```\npub fn other() {}\n\n"
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn zero() {\n        assert_eq!(super::half(4), 2);\n    }\n\n"
        "    #[test]\n    fn wrong() {\n        assert_eq!(super::half(4), 3);\n    }\n}\n\n"
        "pub fn half(x: i64) -> i64 {\n    x / 2\n}\n"
    ),
    "tests/all.rs": (
        '#[test]\nfn loopback() {\n    std::net::TcpListener::bind("127.0.0.1:0").unwrap();\n'
        "    let _ = shop::half(1);\n}\n"
    ),
}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


async def test_doctests_and_tests_before_and_after(sandbox: Sandbox, tmp_path: Path) -> None:
    toolchain = RustToolchain(sandbox, timeout=200, environment=dict(os.environ))
    task = project_task(tmp_path, Language.RUST, FILES, FILE)
    good = await toolchain.evidence(
        task, candidate_of(task, f"{DOC}pub fn area(w: i64, h: i64) -> i64 {{\n    w * h\n}}")
    )
    found = {result.id: result for result in good.results}
    doctest = f"cargo test:{FILE} - area (1)"
    assert {name: result.status for name, result in found.items()} == {
        "cargo test:tests::zero": CheckStatus.PROOF,
        "cargo test:tests::wrong": CheckStatus.NOT_RUNNABLE,
        "cargo test:loopback": CheckStatus.PROOF,
        doctest: CheckStatus.PROOF,
    }, good
    code = f"{DOC}pub fn area(w: i64, h: i64) -> i64 {{\n    w + h\n}}\n\npub fn more() {{}}"
    bad = await toolchain.evidence(task, candidate_of(task, code))
    result = next(result for result in bad.results if result.id == doctest)
    assert (result.kind, result.status) == (CheckKind.DOCTEST, CheckStatus.FAILED)
    assert (result.expected, result.actual) == ("6", "5")
    broken = await toolchain.evidence(task, candidate_of(task, "pub fn area(w: i64) -> i64 {\n    w\n}"))
    assert any(result.status is CheckStatus.FAILED for result in broken.results)
    assert next(r for r in broken.results if r.id == doctest).status is not CheckStatus.PROOF
