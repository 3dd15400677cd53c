"""A package without tests of its own for the scope, in a workspace where another package's tests call it: they are
run, a stub is proven by them, and working code is not broken unseen."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """A workspace: ``working`` is the document with its scope marked, ``stub`` what stands there first, ``wrong`` an
    answer on which the ``test`` of another package fails. ``needs`` are jars, ``built`` the folders of classes."""

    language: Language
    document: str
    working: str
    stub: str
    wrong: str
    scope: str
    test: str
    files: Mapping[str, str]
    needs: tuple[str, ...] = ()
    built: tuple[str, ...] = ()


RUST = Siblings(
    language=lang.RUST,
    document="core/src/lib.rs",
    working="/// The double.\n«pub fn double(value: i32) -> i32 {\n    value * 2\n}»\n",
    stub="pub fn double(value: i32) -> i32 {\n    todo!()\n}",
    wrong="pub fn double(value: i32) -> i32 {\n    value * 3\n}",
    scope="double",
    test="doubles",
    files={
        "Cargo.toml": '[workspace]\nmembers = ["core", "suite"]\nresolver = "2"\n',
        "core/Cargo.toml": '[package]\nname = "shop-core"\nversion = "0.1.0"\nedition = "2021"\n',
        "suite/Cargo.toml": '[package]\nname = "suite"\nversion = "0.1.0"\nedition = "2021"\n\n'
        '[dependencies]\nshop-core = { path = "../core" }\n',
        "suite/src/lib.rs": "pub fn twice(value: i32) -> i32 {\n    shop_core::double(value)\n}\n",
        "suite/tests/doubling.rs": "#[test]\nfn doubles() {\n    assert_eq!(suite::twice(2), 4);\n"
        '    assert!(std::path::Path::new("data.txt").exists());\n}\n',
        "suite/data.txt": "read from the package's own folder\n",
    },
)
GO = Siblings(
    language=lang.GO,
    document="internal/double/double.go",
    working="package double\n\n// Of returns the double.\n«func Of(value int) int {\n\treturn value * 2\n}»\n",
    stub='func Of(value int) int {\n\tpanic("not implemented")\n}',
    wrong="func Of(value int) int {\n\treturn value * 3\n}",
    scope="Of",
    test="TestTwice",
    files={
        "go.mod": "module example.com/shop\n\ngo 1.21\n",
        "shop.go": 'package shop\n\nimport "example.com/shop/internal/double"\n\n'
        "func Twice(value int) int { return double.Of(value) }\n",
        "shop_test.go": 'package shop_test\n\nimport (\n\t"os"\n\t"testing"\n\n\t"example.com/shop"\n)\n\n'
        'func TestTwice(t *testing.T) {\n\tif _, err := os.ReadFile("testdata/data.txt"); err != nil {\n'
        '\t\tt.Fatal(err)\n\t}\n\tif got := shop.Twice(2); got != 4 {\n\t\tt.Errorf("got %d, want 4", got)\n\t}\n}\n',
        "testdata/data.txt": "read from the package's own folder\n",
    },
)
_POM = "<project><groupId>shop</groupId><artifactId>{}</artifactId><version>1</version>{}</project>\n"
JAVA = Siblings(
    language=lang.JAVA,
    document="core/src/main/java/core/Doubling.java",
    working="package core;\n\npublic class Doubling {\n"
    "«    public static int of(int value) {\n        return value * 2;\n    }»\n}\n",
    stub="    public static int of(int value) {\n        throw new UnsupportedOperationException();\n    }",
    wrong="    public static int of(int value) {\n        return value * 3;\n    }",
    scope="of",
    test="TotalsTest",
    files={
        "pom.xml": _POM.format(
            "all", "<packaging>pom</packaging><modules><module>core</module><module>app</module></modules>"
        ),
        "core/pom.xml": _POM.format("core", ""),
        "app/pom.xml": _POM.format(
            "app",
            "<dependencies><dependency><groupId>shop</groupId><artifactId>core</artifactId><version>1</version>"
            "</dependency></dependencies>",
        ),
        "app/src/main/java/app/Totals.java": "package app;\n\nimport core.Doubling;\n\npublic class Totals {\n"
        "    public static int twice(int value) {\n        return Doubling.of(value);\n    }\n}\n",
        "app/src/test/java/app/TotalsTest.java": "package app;\n\nimport static org.junit.Assert.assertEquals;\n\n"
        "import org.junit.Test;\n\npublic class TotalsTest {\n    @Test\n    public void doubles() {\n"
        "        assertEquals(4, Totals.twice(2));\n    }\n}\n",
    },
    needs=("/usr/share/java/junit4.jar", "/usr/share/java/hamcrest.jar"),
    built=("core/target/classes", "app/target/classes"),
)
"""Its modules were built before: what lies in ``target/classes`` is no longer what is written."""


def lay_down(siblings: Siblings, root: Path) -> None:
    """The workspace, with the jars that it needs, and built as it is when it works."""
    write_files(root, {**siblings.files, siblings.document: siblings.working.replace("«", "").replace("»", "")})
    for jar in siblings.needs:
        if not Path(jar).is_file():
            pytest.skip(f"no {jar}")
        for module in siblings.built:
            lib = root / Path(module).parts[0] / "lib"
            lib.mkdir(exist_ok=True)
            shutil.copy(Path(jar).resolve(), lib / Path(jar).name)
    for module in siblings.built:
        sources = [str(file) for file in sorted(root.rglob("src/main/java/**/*.java"))]
        subprocess.run(("javac", "-d", str(root / module), *sources), check=True)


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.getbasetemp() / "sibling-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.mark.parametrize("siblings", [RUST, GO, JAVA], ids=lambda one: str(one.language))
async def test_the_tests_of_another_package_are_run(siblings: Siblings, tmp_path: Path, sandbox: Sandbox) -> None:
    checks = toolchains(lang.BUILT_IN, sandbox, timeout=180, commands={})[siblings.language]
    begin, end = siblings.working.index("«"), siblings.working.index("»")
    right = siblings.working[begin + 1 : end]
    if siblings.built and shutil.which("javac") is None:
        pytest.skip("no JDK is installed (no javac on PATH)")
    await asyncio.to_thread(lay_down, siblings, tmp_path)
    stubbed = f"{siblings.working[: begin + 1]}{siblings.stub}{siblings.working[end:]}"
    for marked, good, bad in (
        (stubbed, CheckStatus.PROOF, CheckStatus.OWED),
        (siblings.working, CheckStatus.KEPT, CheckStatus.FAILED),
    ):
        text = marked.replace("«", "").replace("»", "")
        write_files(tmp_path, {siblings.document: text})
        path = tmp_path / siblings.document
        task = task_of(marked, language=siblings.language, path=path, workspace=tmp_path, name=siblings.scope)
        for code, status in ((right, good), (siblings.wrong, bad)):
            evidence = await checks.evidence(task, candidate_of(task, code))
            assert [one.status for one in evidence.results if siblings.test in one.source] == [status], evidence
            assert evidence.doubt is None
