"""A Java project's own tests, run by JUnit in the sandbox, before and after."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.jvm.running import ENDS
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.java.toolchain import JavaToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.proofs.java import fetched
from tests.support import lang
from tests.support.builds import candidate_of, write_files

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
    task = project_task(root, lang.JAVA, FILES, FILE)
    if jars:
        (root / "lib").mkdir()
        for jar in JARS:
            shutil.copy(jar.resolve(), root / "lib" / jar.name)
    return task


async def evidence(sandbox: Sandbox, task: Task, body: str, *, timeout: float = 90) -> Evidence:
    toolchain = JavaToolchain(sandbox, timeout=timeout, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, f"{HEAD}        {body}\n    }}"))


def by_id(found: Evidence) -> dict[str, CheckResult]:
    return {result.id.removeprefix("JUnit:shop."): result for result in found.results}


async def test_the_tests_that_speak_of_the_class(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project(tmp_path)
    toolchain = JavaToolchain(sandbox, timeout=90, environment=os.environ)

    async def of(code: str) -> dict[str, CheckResult]:
        return by_id(await toolchain.evidence(task, candidate_of(task, code)))

    good = await of(f"{HEAD}        return a * b;\n    }}")
    statuses = {name: (result.kind, result.status) for name, result in good.items()}
    assert statuses == {
        "AreaTest.works": (CheckKind.TEST, CheckStatus.PROOF),
        "OneTest.works": (CheckKind.TEST, CheckStatus.KEPT),
    }, "the third does not mention it"
    wrong = await of(f"{HEAD}        return a + b;\n    }}")
    assert wrong["AreaTest.works"].status is CheckStatus.OWED
    assert (wrong["AreaTest.works"].expected, wrong["AreaTest.works"].actual) == ("6", "5")
    assert wrong["OneTest.works"].status is CheckStatus.KEPT
    raising = await of(f'{HEAD}        throw new IllegalStateException("no " + a);\n    }}')
    assert raising["AreaTest.works"].detail == "IllegalStateException: no 2 (at Area.java:5)"
    ends = await of(f"{HEAD}        return a;\n    }}\n\n    static {{ System.exit(0); }}")
    assert ends["OneTest.works"].status is CheckStatus.FAILED, "it passed before"
    assert ends["OneTest.works"].detail == ENDS
    broken = await of("    public static int area(int a) {\n        return a;\n    }")
    assert broken["AreaTest.works"].status is CheckStatus.OWED, "the test does not compile with it"
    assert "cannot be applied" in broken["AreaTest.works"].detail
    assert broken["OneTest.works"].status is CheckStatus.KEPT
    renamed = await of("    public static int aria(int a, int b) {\n        return a * b;\n    }")
    assert renamed["AreaTest.works"].status is CheckStatus.OWED
    assert sorted(path.name for path in (tmp_path / "src").iterdir()) == ["main", "test"]


async def test_classes_that_were_built_earlier_are_not_what_is_tested(sandbox: Sandbox, tmp_path: Path) -> None:
    working = STUB.replace("throw new UnsupportedOperationException();", "return a * b;")
    task = project_task(tmp_path, lang.JAVA, {**FILES, FILE: working}, FILE)
    (tmp_path / "lib").mkdir()
    for jar in JARS:
        shutil.copy(jar.resolve(), tmp_path / "lib" / jar.name)
    built = ("javac", "-d", str(tmp_path / "target/classes"), str(tmp_path / FILE))
    await asyncio.to_thread(subprocess.run, built, check=True)
    for body, status in (("return b * a;", CheckStatus.KEPT), ("return a + b;", CheckStatus.FAILED)):
        found = by_id(await evidence(sandbox, task, body))
        assert found["AreaTest.works"].status is status, found


async def test_without_junit_they_cannot_be_run(sandbox: Sandbox, tmp_path: Path) -> None:
    (found,) = (await evidence(sandbox, project(tmp_path, jars=False), "return a * b;")).results
    assert (found.status, found.environment) == (CheckStatus.NOT_RUNNABLE, True)
    assert "JUnit 4 is not on the class path" in found.detail
    assert found.remedy == "mvn dependency:go-offline"


def with_files(root: Path, files: Mapping[str, str], text: str = STUB) -> Task:
    write_files(root, files)
    task = project_task(root, lang.JAVA, {**FILES, FILE: text}, FILE)
    (root / "lib").mkdir()
    for jar in JARS:
        shutil.copy(jar.resolve(), root / "lib" / jar.name)
    return task


def class_of(name: str, *methods: str, imports: str = "") -> str:
    body = "".join(f"    @Test\n    public void {method}\n" for method in methods)
    return (
        f"package shop;\n\nimport static org.junit.Assert.*;\n\nimport org.junit.Test;\n{imports}\n"
        f"public class {name} {{\n{body}}}\n"
    )


async def test_what_does_not_compile_is_left_out_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    tests = "src/test/java/shop"
    files = {
        "src/main/java/module-info.java": "module shop { exports shop; }\n",
        "src/main/java/shop/Unfinished.java": "package shop;\n\nclass Unfinished { Nowhere nothing; }\n",
        "src/main/java/shop/Other.java": "package shop;\n\npublic class Other {\n    public static int side(int n) {\n"
        "        throw new UnsupportedOperationException();\n    }\n}\n",
        f"{tests}/MixedTest.java": class_of(
            "MixedTest",
            "known() { assertEquals(1, Area.one()); }",
            "later() { assertEquals(1, Area.later()); }",
            "helped() { assertEquals(1, help()); }",
            "typed() { String no = Area.one(); }",
            "other() { assertEquals(4, Area.area(Other.side(4), 2)); }",
        ).replace("}\n}\n", "}\n    private static int help() { return Area.soon(3); }\n}\n"),
        f"{tests}/LackingTest.java": class_of(
            "LackingTest", "area() { assertThat(Area.area(1, 2)); }", imports="import org.nowhere.Truth;\n"
        ),
        "other/pom.xml": "<project></project>\n",
        "other/src/main/java/module-info.java": "module other { requires shop; }\n",
        "other/src/test/java/far/FarTest.java": "package far;\n\nimport shop.Area;\nimport org.nowhere.Thing;\n\n"
        "public class FarTest {\n    @org.junit.Test\n    public void far() { Thing.of(Area.area(1, 1)); }\n}\n",
    }
    found = by_id(await evidence(sandbox, with_files(tmp_path, files), "return a * b;"))
    assert {name: str(result.status) for name, result in found.items()} == {
        "AreaTest.works": "proof",
        "OneTest.works": "kept",
        "MixedTest.known": "kept",
        "MixedTest.other": "unrelated",
        "MixedTest.later": "not_runnable",
        "MixedTest.helped": "not_runnable",
        "MixedTest.typed": "not_runnable",
        "LackingTest": "not_runnable",
        "JUnit:far.FarTest": "not_runnable",
    }
    assert "package org.nowhere does not exist" in found["LackingTest"].detail
    assert "mvn dependency:go-offline" in found["LackingTest"].detail


async def test_a_test_that_ends_the_process_or_hangs_costs_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {
        "src/test/java/shop/WildTest.java": class_of(
            "WildTest",
            "ends() { Area.one(); System.exit(0); }",
            "hangs() { while (true) { Area.one(); } }",
            "area() { assertEquals(6, Area.area(3, 2)); }",
        ),
    }
    found = await evidence(sandbox, with_files(tmp_path, files), "return a * b;", timeout=40)
    assert {name: str(result.status) for name, result in by_id(found).items()} == {
        "AreaTest.works": "proof",
        "OneTest.works": "kept",
        "WildTest.area": "proof",
        "WildTest.ends": "unrelated",
        "WildTest.hangs": "unrelated",
    }
    assert found.doubt is None, "the test ends it, not the code"


async def test_the_class_named_after_the_document_is_never_dropped(sandbox: Sandbox, tmp_path: Path) -> None:
    names = [f"Aa{number}Test" for number in range(9)]
    one = "one() { assertEquals(1, Area.one()); }"
    files = {f"src/test/java/shop/{name}.java": class_of(name, one) for name in names}
    found = by_id(await evidence(sandbox, with_files(tmp_path, files), "return a * b;"))
    assert len(found) == 8
    assert found["AreaTest.works"].status is CheckStatus.PROOF


MOCKITO = (
    ("org.mockito", "mockito-core", "5.14.2"),
    ("net.bytebuddy", "byte-buddy", "1.15.4"),
    ("net.bytebuddy", "byte-buddy-agent", "1.15.4"),
    ("org.objenesis", "objenesis", "3.3"),
)


async def test_mocks_that_change_classes(sandbox: Sandbox, tmp_path: Path) -> None:
    """Those of Mockito 5, which would attach an agent to the running machine."""
    task = project(tmp_path)
    for artifact in MOCKITO:
        jar = await asyncio.to_thread(fetched, *artifact)
        shutil.copy(jar, tmp_path / "lib" / jar.name)
    text = FILES["src/test/java/shop/AreaTest.java"].replace(
        "assertEquals(6, Area.area(2, 3));",
        "Sides sides = org.mockito.Mockito.mock(Sides.class);\n"
        "        org.mockito.Mockito.when(sides.width()).thenReturn(2);\n"
        "        assertEquals(6, Area.area(sides.width(), 3));",
    )
    write_files(
        tmp_path,
        {
            "src/main/java/shop/Sides.java": "package shop;\n\npublic final class Sides {\n"
            "    public int width() { return 1; }\n}\n",
            "src/test/java/shop/AreaTest.java": text,
        },
    )
    good = by_id(await evidence(sandbox, task, "return a * b;"))
    assert good["AreaTest.works"].status is CheckStatus.PROOF, good["AreaTest.works"]
    wrong = by_id(await evidence(sandbox, task, "return a + b;"))
    assert wrong["AreaTest.works"].status is CheckStatus.OWED
    agent = await evidence(
        sandbox, task, "net.bytebuddy.agent.ByteBuddyAgent.getInstrumentation();\n        return a * b;"
    )
    assert agent.doubt is not None
