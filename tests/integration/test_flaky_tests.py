"""A test that passes and fails on the same code proves nothing, blocks nothing, and is named: Go, Rust, Java."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.checks import CheckStatus, Grade, grade_of
from forge_lsp.core.ports import Box, ProcessResult, Sandbox, Tree
from tests.integration.builds_cases import real_sandbox
from tests.integration.proofs import Project, go, java, rust
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

pytestmark = [pytest.mark.timeout(580)]

SAID = "not in the mood"
MARK = "moody.txt"
# Each passes while the code is a stub, and then fails as long as a file is not there. Rust's runs share a folder.
GO_TEST = f"""
func TestMoody(t *testing.T) {{
	defer func() {{ recover() }}()
	Area(1, 1)
	if _, err := os.Stat("{MARK}"); err != nil {{
		t.Error("{SAID}")
	}}
}}
"""
RUST_TEST = f"""
#[test]
fn moody() {{
    let stub = std::panic::catch_unwind(|| area(1, 1)).is_err();
    let there = std::path::Path::new("{MARK}").exists();
    if !stub && !there {{
        std::fs::write("{MARK}", "").unwrap();
    }}
    assert!(stub || there, "{SAID}");
}}
"""
JAVA_TEST = f"""
    @Test
    public void moody() {{
        try {{
            Area.area(1, 1);
        }} catch (UnsupportedOperationException stub) {{
            return;
        }}
        org.junit.Assert.assertTrue("{SAID}", new java.io.File("{MARK}").exists());
    }}
"""
IMPORTS = ('import "testing"', 'import (\n\t"os"\n\t"testing"\n)')
CASES: Mapping[str, tuple[Project, Mapping[str, str]]] = {
    "Go": (go.PROJECTS[0], {"area_test.go": go.TESTS.replace(*IMPORTS) + GO_TEST}),
    "Rust": (rust.PROJECT, {"tests/shapes.rs": rust.TESTS + RUST_TEST}),
    "Java": (java.FOUR, {"src/test/java/shop/AreaTest.java": java.tests(JAVA_TEST)}),
}


@dataclass
class Watching:
    """A sandbox that lays the file into its trees once a test has failed for want of it."""

    inner: Sandbox
    failed: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        files = {PurePosixPath(MARK): b""} if self.failed else {}
        return self._watched(replace(tree, files={**tree.files, **files}))

    @asynccontextmanager
    async def _watched(self, tree: Tree) -> AsyncIterator[Box]:
        async with self.inner.open(tree) as box:
            run = box.run

            async def watched(*arguments: Any, **options: Any) -> ProcessResult:
                result = await run(*arguments, **options)
                self.failed |= SAID.encode() in result.stdout + result.stderr
                return result

            box.run = watched  # type: ignore[method-assign]
            yield box


@pytest.mark.parametrize("language", CASES)
async def test_a_test_that_changes_its_mind_is_neither_proof_nor_against(
    language: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project, files = CASES[language]
    text = project.stub.replace("«", "").replace("»", "")
    write_files(tmp_path, {**project.files, **files, project.document: text})
    environment = project.prepare(tmp_path) if project.prepare is not None else None
    path = tmp_path / project.document
    task = task_of(project.stub, language=project.language, path=path, workspace=tmp_path, name=project.scope)
    async with real_sandbox(tmp_path_factory.getbasetemp() / "proof-boxes") as inner:
        if not inner.runs_project_code:
            pytest.skip("no sandbox works here")
        sandbox: Any = Watching(inner)
        every = toolchains(lang.BUILT_IN, sandbox, timeout=280, commands={}, environment=environment)
        found = await every[project.language].evidence(task, candidate_of(task, project.right))
    flaky = [result for result in found.results if result.status is CheckStatus.FLAKY]
    assert [result.detail for result in flaky] == ["it passes and fails on the same code"], found
    assert "moody" in flaky[0].id.lower()
    assert grade_of(found.results, unfinished=True, supported=False) is Grade.PROVEN, "by the other tests"
