"""The gate of Kotlin with the real compiler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.checking.jvm.maven import Repositories
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.kotlin.compiler import INSTALL, Kotlinc, find_compiler
from forge_lsp.languages.kotlin.toolchain import KotlinToolchain, kotlin_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.tools import kotlin_environment

FILE = "src/main/kotlin/shop/Area.kt"
USE = "src/main/kotlin/shop/use/Use.kt"
FILES = {
    "build.gradle.kts": 'plugins {\n    kotlin("jvm") version "2.1.21"\n}\n\nkotlin { jvmToolchain(11) }\n',
    FILE: 'package shop\n\n«fun area(width: Int, height: Int): Int {\n    TODO("it")\n}»\n',
    USE: "package shop.use\n\nimport shop.area\n\nval total = area(2, 3)\n",
}
HEAD = "fun area(width: Int, height: Int): Int {\n"
GOOD = f"{HEAD}    return width * height\n}}"
CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}    return width *\n}}",
        file=FILE,
        line=4,
        codes=("SYNTAX",),
        message="Expecting an element",
    ),
    Case(
        name="unknown name",
        code=f"{HEAD}    return wid\n}}",
        file=FILE,
        line=4,
        codes=("UNRESOLVED_REFERENCE",),
        message="wid",
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}    return "w"\n}}',
        file=FILE,
        line=4,
        codes=("RETURN_TYPE_MISMATCH",),
        message="actual 'String'",
    ),
    Case(
        name="missing import",
        code=f"{HEAD}    return max(width, height)\n}}",
        file=FILE,
        line=4,
        codes=("UNRESOLVED_REFERENCE",),
        message="max",
    ),
    Case(
        name="break of another file",
        code="fun area(width: Int): Int = width",
        file=USE,
        line=5,
        codes=("TOO_MANY_ARGUMENTS",),
        message="area",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> KotlinToolchain:
    return KotlinToolchain(sandbox, timeout=120, environment=kotlin_environment())


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.KOTLIN, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message
    assert _names(tmp_path) == ["build.gradle.kts", "src"], "the user's tree is untouched"


async def test_problems_that_were_there_do_not_count_and_columns_are_code_points(
    toolchain: KotlinToolchain, tmp_path: Path
) -> None:
    text = "import gone.away.Thing\n\nfun old(): Thing? = gone\n«fun f(): Int = 0»\nclass Java(val held: Held)\n"
    task = task_of(text, language=lang.KOTLIN, path=tmp_path / "A.kt", workspace=tmp_path)
    write_files(tmp_path, {"Held.java": "class Held { int held() { return 1; } }\n"})
    passing = await toolchain.build(task, with_code(task, "fun f(): Int = Held().hashCode()"))
    assert passing.status is BuildStatus.UNVERIFIED
    assert "package gone.away does not exist (A.kt:1)" in (passing.reason or "")
    again = await toolchain.build(task, with_code(task, "fun f(thing: Thing): Int { return 1 }"))
    assert again.status is BuildStatus.UNVERIFIED, "what the import has brought is known to be missing"
    report = await toolchain.build(task, with_code(task, 'fun f(): Int {\treturn "é😀".length + wid }'))
    assert [(d.line, d.column, d.end_column) for d in report.diagnostics] == [(4, 37, 40)]
    flow = await toolchain.build(task, with_code(task, "fun f(a: Int): Int { if (a > 0) return 1 }"))
    assert [d.code for d in flow.diagnostics] == ["NO_RETURN_IN_FUNCTION_WITH_BLOCK_BODY"]


async def test_modules_of_one_build(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    files = {
        "settings.gradle.kts": 'include(":core", ":app")\n',
        "core/build.gradle.kts": 'plugins { kotlin("jvm") }\n',
        "core/src/main/kotlin/core/Area.kt": "package core\n\n«fun area(a: Int, b: Int): Int = TODO()»\n",
        "core/src/main/kotlin/core/More.kt": "package core\n\ninternal fun one() = 1\n",
        "app/build.gradle.kts": 'plugins { kotlin("jvm") }\ndependencies { implementation(project(":core")) }\n',
        "app/src/main/kotlin/app/App.kt": "package app\n\nimport core.area\n\nval all: Int = area(1, 2)\n",
    }
    task = project_task(tmp_path, lang.KOTLIN, files, "core/src/main/kotlin/core/Area.kt")
    good = await toolchain.build(task, with_code(task, "fun area(a: Int, b: Int): Int = a * b * one()"))
    assert good.status is BuildStatus.PASSED, good
    bad = await toolchain.build(task, with_code(task, "fun area(a: Int, b: Int): String = a.toString()"))
    found = [(d.file, d.line, d.code) for d in bad.diagnostics]
    assert ("app/src/main/kotlin/app/App.kt", 5, "INITIALIZER_TYPE_MISMATCH") in found
    user = project_task(
        tmp_path,
        lang.KOTLIN,
        {**files, "app/src/main/kotlin/app/App.kt": "package app\n\nimport core.area\n\n«fun all(): Int = TODO()»\n"},
        "app/src/main/kotlin/app/App.kt",
    )
    assert (await toolchain.build(user, with_code(user, "fun all(): Int = area(1, 2)"))).status is BuildStatus.PASSED


async def test_a_lone_file_one_without_a_name_and_a_script(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"B.kt": "fun b(): Int = 1\n", "Broken.kt": "class {"})
    task = task_of("«»", language=lang.KOTLIN, path=tmp_path / "A.kt")
    assert (await toolchain.build(task, "class A { val a = b() }\n")).compiled is True
    untitled = task_of("«»", language=lang.KOTLIN)
    report = await toolchain.build(untitled, 'class Cart { val a: Int = "x" }\n')
    assert [(d.file, d.line) for d in report.diagnostics] == [("untitled_1.kt", 1)]
    script = task_of("«»", language=lang.KOTLIN, path=tmp_path / "build.gradle.kts")
    said = await toolchain.build(script, 'import a.B\n\nplugins {\n    kotlin("jvm")\n}\n')
    assert said.status is BuildStatus.UNVERIFIED
    assert "only the syntax" in (said.reason or "")
    wrong = await toolchain.build(script, "import a.B\n\nplugins {\n    kotlin(\n}\n")
    assert wrong.status is BuildStatus.FAILED
    assert wrong.diagnostics[0].file == "build.gradle.kts"


async def test_without_a_compiler(sandbox: Sandbox, tmp_path: Path) -> None:
    bare = {**kotlin_environment(), "HOME": str(tmp_path / "empty")}
    task = task_of("«fun f(): Int = TODO()»\n", language=lang.KOTLIN, path=tmp_path / "A.kt", workspace=tmp_path)
    report = await KotlinToolchain(sandbox, timeout=60, environment=bare).build(task, "fun f(): Int = 1\n")
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, INSTALL)
    (absent,) = await kotlin_findings(sandbox, bare)
    assert (absent.name, absent.status, absent.remedy) == ("kotlinc", FindingStatus.ABSENT, INSTALL)
    (here,) = await kotlin_findings(sandbox, kotlin_environment())
    assert here.status is FindingStatus.OK, here
    assert "kotlinc-jvm 2" in here.detail


async def test_an_installed_compiler(sandbox: Sandbox, tmp_path: Path) -> None:
    """As it is unpacked: ``bin/kotlinc`` and ``lib``."""
    environment = kotlin_environment()
    fetched = find_compiler(environment, Repositories.of(environment), None)
    assert isinstance(fetched, Kotlinc)
    home = tmp_path / "kotlinc"
    (home / "lib").mkdir(parents=True)
    for jar in fetched.jars:
        (home / "lib" / jar.name).hardlink_to(jar)
    task = task_of("«fun f(): Int = TODO()»\n", language=lang.KOTLIN, path=tmp_path / "w" / "A.kt")
    (tmp_path / "w").mkdir()
    bare = {**environment, "HOME": str(tmp_path / "empty"), "KOTLIN_HOME": str(home)}
    toolchain = KotlinToolchain(sandbox, timeout=60, environment=bare)
    assert (await toolchain.build(task, "fun f(): Int = 1\n")).compiled is True
    assert (await toolchain.build(task, 'fun f(): Int = ""\n')).compiled is False


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
