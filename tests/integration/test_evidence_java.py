"""A Java project's own tests, run by JUnit in the sandbox, before and after."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.builds.java.toolchain import JavaToolchain
from forge_lsp.domain.attempt import Evidence
from forge_lsp.domain.checks import CheckKind, CheckStatus
from forge_lsp.domain.ports import Sandbox
from forge_lsp.domain.task import Language, Task
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support.builds import candidate_of

JARS = (Path("/usr/share/java/junit4.jar"), Path("/usr/share/java/hamcrest.jar"))
pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed (no javac on PATH)"),
    pytest.mark.skipif(not all(jar.is_file() for jar in JARS), reason="no JUnit (apt-get install junit4)"),
]

FILE = "src/main/java/shop/Area.java"
STUB = (
    "package shop;\n\npublic class Area {\n«    public static int area(int a, int b) {\n"
    "        throw new UnsupportedOperationException();\n    }»\n\n    public static int one() { return 1; }\n}\n"
)
TEST = (
    "package shop;\n\nimport static org.junit.Assert.assertEquals;\n\nimport org.junit.Test;\n\n"
    "public class {name} {{\n    @Test\n    public void works() {{\n        {body}\n    }}\n}}\n"
)
FILES = {
    "pom.xml": "<project></project>\n",
    FILE: STUB,
    "src/test/java/shop/AreaTest.java": TEST.format(name="AreaTest", body="assertEquals(6, Area.area(2, 3));"),
    "src/test/java/shop/OneTest.java": TEST.format(name="OneTest", body="assertEquals(1, Area.one());"),
    "src/test/java/shop/NoTest.java": TEST.format(name="NoTest", body="assertEquals(1, 2);"),
}
HEAD = "    public static int area(int a, int b) {\n"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def project(root: Path, *, jars: bool = True) -> Task:
    task = project_task(root, Language.JAVA, FILES, FILE)
    if jars:
        (root / "lib").mkdir()
        for jar in JARS:
            shutil.copy(jar.resolve(), root / "lib" / jar.name)
    return task


async def evidence(sandbox: Sandbox, task: Task, body: str) -> Evidence:
    toolchain = JavaToolchain(sandbox, timeout=90, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, f"{HEAD}        {body}\n    }}"))


async def test_the_tests_that_speak_of_the_class(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project(tmp_path)
    good = {result.id: result for result in (await evidence(sandbox, task, "return a * b;")).results}
    assert set(good) == {"JUnit:shop.AreaTest", "JUnit:shop.OneTest"}, "the third does not mention it"
    assert {(result.kind, result.status) for result in good.values()} == {(CheckKind.TEST, CheckStatus.PROOF)}
    wrong = {result.id: result for result in (await evidence(sandbox, task, "return a + b;")).results}
    assert wrong["JUnit:shop.AreaTest"].status is CheckStatus.NOT_RUNNABLE, "it failed before as well"
    assert "expected:<6> but was:<5>" in wrong["JUnit:shop.AreaTest"].detail
    ends = {
        result.id: result for result in (await evidence(sandbox, task, "return a; } static { System.exit(0);")).results
    }
    assert ends["JUnit:shop.OneTest"].status is CheckStatus.FAILED, "it passed before"
    assert sorted(path.name for path in (tmp_path / "src").iterdir()) == ["main", "test"]


async def test_without_junit_there_is_nothing_to_run(sandbox: Sandbox, tmp_path: Path) -> None:
    assert await evidence(sandbox, project(tmp_path, jars=False), "return a * b;") == Evidence()
