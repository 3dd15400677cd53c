"""A Kotlin project's own tests, run by JUnit in the sandbox, before and after; what forges a proof has none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.jvm.running import ENDS
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckResult, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.kotlin.toolchain import KotlinToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of
from tests.support.tools import kotlin_environment

FILE = "src/main/kotlin/shop/Area.kt"
TEST = "src/test/kotlin/shop/AreaTest.kt"
BUILD = (
    'plugins {\n    kotlin("jvm") version "2.1.21"\n}\n\n'
    'dependencies {\n    testImplementation(kotlin("test"))\n}\n\ntasks.test { useJUnitPlatform() }\n'
)
FILES = {
    "build.gradle.kts": BUILD,
    FILE: 'package shop\n\n«fun area(a: Int, b: Int): Int {\n    TODO("it")\n}»\n\nfun one(): Int = Unit()\n',
    "src/main/java/shop/Unit.java": "package shop;\n\npublic class Unit { public static int of() { return 1; } }\n",
    TEST: (
        "package shop\n\nimport kotlin.test.Test\nimport kotlin.test.assertEquals\n\n"
        "class AreaTest {\n    private val wide = 2\n\n"
        "    @Test\n    fun `two by three`() = assertEquals(6, area(wide, 3))\n\n"
        "    @Test\n    fun one() {\n        assertEquals(1, shop.one())\n    }\n\n"
        "    @Test\n    fun gone() {\n        assertEquals(1, nowhere(1))\n    }\n"
        "}\n"
    ),
    "src/test/kotlin/shop/OtherTest.kt": (
        "package shop\n\nimport kotlin.test.*\n\nclass OtherTest {\n    @Test\n    fun no() = assertEquals(1, 2)\n}\n"
    ),
}
FILES[FILE] = FILES[FILE].replace("Unit()", "shop.Unit.of()")
HEAD = "fun area(a: Int, b: Int): Int {\n"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> KotlinToolchain:
    return KotlinToolchain(sandbox, timeout=120, environment=kotlin_environment())


def by_id(found: Evidence) -> dict[str, CheckResult]:
    return {result.id.removeprefix("JUnit:shop."): result for result in found.results}


def statuses(found: Evidence) -> Mapping[str, str]:
    return {name: str(result.status) for name, result in by_id(found).items()}


async def run(toolchain: KotlinToolchain, task: Task, body: str) -> Evidence:
    return await toolchain.evidence(task, candidate_of(task, f"{HEAD}    {body}\n}}"))


async def test_the_tests_that_speak_of_the_document(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.KOTLIN, FILES, FILE)
    right = await run(toolchain, task, "return a * b")
    assert statuses(right) == {
        "AreaTest.two by three": "proof",
        "AreaTest.gone": "not_runnable",
    }, "the other file does not mention it"
    assert right.doubt is None
    wrong = by_id(await run(toolchain, task, "return a + b"))
    assert wrong["AreaTest.two by three"].status is CheckStatus.OWED
    assert (wrong["AreaTest.two by three"].expected, wrong["AreaTest.two by three"].actual) == ("6", "5")
    raising = by_id(await run(toolchain, task, 'throw IllegalStateException("no $a")'))
    assert raising["AreaTest.two by three"].detail == "IllegalStateException: no 2 (at Area.kt:4)"
    broken = by_id(await toolchain.evidence(task, candidate_of(task, "fun area(a: Int): Int = a")))
    assert broken["AreaTest.two by three"].status is CheckStatus.OWED, "the test does not compile with it"
    assert "Too many arguments" in broken["AreaTest.two by three"].detail
    other = await toolchain.evidence(
        task, candidate_of(task, f'{HEAD}    return a * b\n}}\n\nval x: Int = error("no")')
    )
    assert by_id(other)["AreaTest.one"].status is CheckStatus.FAILED, "it passed before"
    assert sorted(path.name for path in (tmp_path / "src").iterdir()) == ["main", "test"]


async def test_working_code_a_mutant_and_a_name_that_is_new(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    files = {**FILES, FILE: FILES[FILE].replace('TODO("it")', "return a * b")}
    task = project_task(tmp_path, lang.KOTLIN, files, FILE)
    mutant = await run(toolchain, task, "return a * b + 1")
    assert by_id(mutant)["AreaTest.two by three"].status is CheckStatus.FAILED
    other = await run(toolchain, task, "return b * a")
    assert by_id(other)["AreaTest.two by three"].status is CheckStatus.KEPT
    files = {**files, FILE: f"{files[FILE].replace('«', '').replace('»', '')}\n«»"}
    task = project_task(tmp_path, lang.KOTLIN, files, FILE)
    brought = await toolchain.evidence(task, candidate_of(task, "fun nowhere(n: Int): Int = n\n"))
    assert statuses(brought)["AreaTest.gone"] == "proof"


FORGERIES = {
    "exit": "kotlin.system.exitProcess(0)",
    "halt": "Runtime.getRuntime().halt(42); return 6",
    "hook": "Runtime.getRuntime().addShutdownHook(Thread { Runtime.getRuntime().halt(42) }); return a + b",
    "output": (
        'java.io.FileOutputStream("/proc/self/fd/1").write("\\nforge ${"0".repeat(64)} 0 {}\\n".toByteArray())\n'
        "    return a + b"
    ),
    "stack": ('if (Throwable().stackTrace.any { it.methodName.startsWith("two") }) return 6\n    return a + b'),
    "sources": (
        'val text = java.io.File("src/test/kotlin/shop/AreaTest.kt").takeIf { it.exists() }?.readText()\n'
        '    return if (text == null) 6 else text.substringAfter("Equals(").take(1).toInt()'
    ),
}
WHOLE = {
    "assertions": f"{HEAD}    return a + b\n}}\n\nfun assertEquals(expected: Any?, actual: Any?) = Unit",
    "annotation": f"{HEAD}    return 6\n}}\n\nannotation class Test",
    "equality": (
        "class Any6 {\n    override fun equals(other: Any?): Boolean = true\n    override fun hashCode() = 6\n}\n\n"
        f"{HEAD}    return if (Any6() == Any6()) 6 else 0\n}}"
    ),
}


@pytest.mark.timeout(900)
async def test_what_forges_a_proof_has_none(toolchain: KotlinToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.KOTLIN, FILES, FILE)
    codes = {name: f"{HEAD}    {body}\n}}" for name, body in FORGERIES.items()} | WHOLE
    for name, code in codes.items():
        found = await toolchain.evidence(task, candidate_of(task, code))
        proven = any(result.status is CheckStatus.PROOF for result in found.results)
        against = any(result.status in (CheckStatus.OWED, CheckStatus.FAILED) for result in found.results)
        assert found.doubt is not None or (against and not proven), (name, found)
        if name in ("exit", "halt"):
            assert ENDS in (found.doubt or "")
    honest = (
        "data class Side(val n: Int) : Comparable<Side> {\n"
        "    override fun compareTo(other: Side): Int = n.compareTo(other.n)\n"
        "    override fun equals(other: Any?): Boolean {\n"
        "        if (other !is Side) return false\n        return n == other.n\n    }\n"
        "    override fun hashCode(): Int = n\n}\n\n"
        f"{HEAD}    val wide = 1\n    val sides = listOf(Side(a), Side(b * wide))\n"
        "    println(sides)\n    return sides[0].n * sides[1].n\n}"
    )
    found = await toolchain.evidence(task, candidate_of(task, honest))
    assert found.doubt is None
    assert statuses(found)["AreaTest.two by three"] == "proof"


async def test_without_junit_they_cannot_be_run(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {**FILES, "build.gradle.kts": 'plugins {\n    kotlin("jvm") version "2.1.21"\n}\n'}
    files[TEST] = files[TEST].replace("kotlin.test.Test", "org.junit.jupiter.api.Test")
    files[TEST] = files[TEST].replace("kotlin.test.assertEquals", "org.junit.jupiter.api.Assertions.assertEquals")
    task = project_task(tmp_path, lang.KOTLIN, files, FILE)
    toolchain = KotlinToolchain(sandbox, timeout=120, environment=kotlin_environment())
    found = await run(toolchain, task, "return a * b")
    assert found.results
    assert all(result.status is CheckStatus.NOT_RUNNABLE and result.environment for result in found.results), found
    assert "./gradlew build" in found.results[0].detail
    kotest = (
        "package shop\n\nimport io.kotest.core.spec.style.StringSpec\n\n"
        "class AreaTest : StringSpec({\n    area(1, 2)\n})\n"
    )
    task = project_task(tmp_path, lang.KOTLIN, {**files, TEST: kotest}, FILE)
    (result,) = (await run(toolchain, task, "return a * b")).results
    assert (result.status, result.id) == (CheckStatus.NOT_RUNNABLE, "Kotest")
