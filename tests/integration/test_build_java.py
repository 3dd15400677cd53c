"""The gate of Java with the real compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.java.toolchain import JavaToolchain, java_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed (no javac on PATH)")

FILE = "src/main/java/shop/Area.java"
USE = "src/main/java/shop/use/Use.java"
FILES = {
    "pom.xml": (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><groupId>shop</groupId><artifactId>shop</artifactId>'
        "<version>1</version><properties><maven.compiler.release>11</maven.compiler.release></properties></project>\n"
    ),
    FILE: (
        "package shop;\n\npublic class Area {\n«    public static int area(int width, int height) {\n"
        '        throw new UnsupportedOperationException("todo");\n    }»\n}\n'
    ),
    USE: "package shop.use;\n\nimport shop.Area;\n\nclass Use {\n    int total = Area.area(2, 3);\n}\n",
}
HEAD = "    public static int area(int width, int height) {\n"
GOOD = f"{HEAD}        return width * height;\n    }}"
CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}        return width *;\n    }}",
        file=FILE,
        line=5,
        codes=("illegal.start.of.expr",),
        message="illegal start",
    ),
    Case(
        name="unknown name",
        code=f"{HEAD}        return wid;\n    }}",
        file=FILE,
        line=5,
        codes=("cant.resolve.location",),
        message="wid",
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}        return "w";\n    }}',
        file=FILE,
        line=5,
        codes=("prob.found.req",),
        message="String cannot be converted to int",
    ),
    Case(
        name="wrong arity",
        code=f"{HEAD}        return Math.abs(width, height);\n    }}",
        file=FILE,
        line=5,
        codes=("cant.apply.symbols",),
        message="no suitable method",
    ),
    Case(
        name="missing import",
        code=f"{HEAD}        return List.of(width, height).size();\n    }}",
        file=FILE,
        line=5,
        codes=("cant.resolve.location",),
        message="List",
    ),
    Case(
        name="break of another file",
        code="    public static int area(int width) {\n        return width;\n    }",
        file=USE,
        line=6,
        codes=("cant.apply.symbol",),
        message="area",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> JavaToolchain:
    return JavaToolchain(sandbox, timeout=90, environment=os.environ)


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: JavaToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.JAVA, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message
    assert _names(tmp_path) == ["pom.xml", "src"], "the user's tree is untouched"
    newer = await toolchain.build(
        task, with_code(task, f"{HEAD}        return switch (width) {{ default -> 1; }};\n    }}")
    )
    assert newer.status is BuildStatus.FAILED, "the project is written for Java 11"


async def test_modules_are_compiled_on_the_class_path(toolchain: JavaToolchain, tmp_path: Path) -> None:
    modules = {
        "src/main/java/module-info.java": "module shop { exports shop; }\n",
        "other/pom.xml": "<project></project>\n",
        "other/src/main/java/module-info.java": "module other { requires shop; }\n",
        "other/src/main/java/other/User.java": "package other;\n\nclass User { int one = shop.Area.area(1, 1); }\n",
    }
    task = project_task(tmp_path, lang.JAVA, {**FILES, **modules}, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    bad = await toolchain.build(task, with_code(task, f"{HEAD}        return wid;\n    }}"))
    assert bad.status is BuildStatus.FAILED, bad


async def test_problems_that_were_there_do_not_count_and_columns_are_code_points(
    toolchain: JavaToolchain, tmp_path: Path
) -> None:
    text = "class A {\n    int old() { return gone; }\n«    int f() { return 0; }»\n}\n"
    task = task_of(text, language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    assert (await toolchain.build(task, with_code(task, "    int f() { return 1; }"))).compiled is True
    report = await toolchain.build(task, with_code(task, '    int f() {\treturn "é😀".length() + wid; }'))
    assert [(d.line, d.column, d.end_column) for d in report.diagnostics] == [(3, 38, 41)]


async def test_another_error_in_the_file_hides_no_flow_error(toolchain: JavaToolchain, tmp_path: Path) -> None:
    """The compiler would stop before it looks for missing returns."""
    text = "import gone.Away;\nclass A {\n    Away old;\n«    int f(int a) { return 0; }»\n}\n"
    task = task_of(text, language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    report = await toolchain.build(task, with_code(task, "    int f(int a) { if (a > 0) return 1; }"))
    assert [d.code for d in report.diagnostics] == ["missing.ret.stmt"]


async def test_a_lone_file_and_one_without_a_name(toolchain: JavaToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"B.java": "class B { static int b() { return 1; } }\n", "Broken.java": "class {"})
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java")
    assert (await toolchain.build(task, "public class A { int a = B.b(); }\n")).compiled is True
    assert (await toolchain.build(task, "public class Other { }\n")).compiled is False
    untitled = task_of("«»", language=lang.JAVA)
    assert (await toolchain.build(untitled, "public final class Cart { int a = 1; }\n")).compiled is True
    report = await toolchain.build(untitled, 'public final class Cart { int a = "x"; }\n')
    assert [(d.file, d.line, d.code) for d in report.diagnostics] == [("untitled_1.java", 1, "prob.found.req")]


async def test_jars_come_from_where_maven_keeps_them(sandbox: Sandbox, tmp_path: Path) -> None:
    """By the pom, its properties and the poms of the jars themselves; nothing else of the home is seen."""
    home = tmp_path / "home"
    repository = home / ".m2/repository"
    base = {"org/base/Base.java": "package org.base; public class Base { public int base() { return 1; } }"}
    lib = {"org/lib/Lib.java": "package org.lib; public class Lib extends org.base.Base { }"}
    _jar(repository / "org/lib/lib/2.0/lib-2.0.jar", lib, base, tmp_path / "a")
    _jar(repository / "org/base/base/1.1/base-1.1.jar", base, {}, tmp_path / "b")
    write_files(
        repository,
        {
            "org/lib/lib/2.0/lib-2.0.pom": (
                "<project><artifactId>lib</artifactId><dependencies><dependency><groupId>org.base</groupId>"
                "<artifactId>base</artifactId><version>1.1</version></dependency></dependencies></project>"
            ),
            "org/base/base/1.1/base-1.1.pom": "<project><artifactId>base</artifactId></project>",
        },
    )
    pom = (
        "<project><properties><lib.version>2.0</lib.version></properties><dependencies><dependency>"
        "<groupId>org.lib</groupId><artifactId>lib</artifactId><version>${lib.version}</version>"
        "</dependency></dependencies></project>"
    )
    text = "import org.lib.Lib;\nclass A {\n«    int f() { return 0; }»\n}\n"
    work = write_files(tmp_path / "work", {"pom.xml": pom, "A.java": ""})
    task = task_of(text, language=lang.JAVA, path=work / "A.java", workspace=work)
    good = with_code(task, "    int f() { return new Lib().base(); }")
    with_jars = JavaToolchain(sandbox, timeout=90, environment={**os.environ, "HOME": str(home)})
    assert (await with_jars.build(task, good)).status is BuildStatus.PASSED
    bare = JavaToolchain(sandbox, timeout=90, environment={**os.environ, "HOME": str(tmp_path / "empty")})
    report = await bare.build(task, good)
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "mvn dependency:go-offline"), report
    assert "org.lib:lib:2.0" in (report.reason or "")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def compile_java(*arguments: str) -> None:
    subprocess.run(["javac", *arguments], check=True, capture_output=True)


def _jar(path: Path, sources: dict[str, str], others: dict[str, str], work: Path) -> None:
    """Compile ``sources`` into a jar (``others`` are compiled beside them and left out)."""
    write_files(work / "src", {**sources, **others})
    names = [str(work / "src" / name) for name in (*sources, *others)]
    compile_java("-d", str(work / "out"), *names)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [name.replace(".java", ".class") for name in sources]
    pairs = [word for name in kept for word in ("-C", str(work / "out"), name)]
    subprocess.run(["jar", "--create", "--file", str(path), *pairs], check=True, capture_output=True)


async def test_an_annotation_processor_in_the_tree_does_not_run(toolchain: JavaToolchain, tmp_path: Path) -> None:
    source = (
        "import java.util.*; import javax.annotation.processing.*; import javax.lang.model.element.*;\n"
        '@SupportedAnnotationTypes("*") public class Evil extends AbstractProcessor {\n'
        "  public boolean process(Set<? extends TypeElement> a, RoundEnvironment r) {\n"
        '    throw new RuntimeException("EVIL RAN"); } }\n'
    )
    work = write_files(
        tmp_path / "work",
        {
            "pom.xml": "<project></project>",
            "target/classes/META-INF/services/javax.annotation.processing.Processor": "Evil\n",
        },
    )
    write_files(tmp_path, {"Evil.java": source})
    compile_java("-d", str(work / "target/classes"), "-proc:none", str(tmp_path / "Evil.java"))
    text = "class A {\n«    int f() { return 0; }»\n}\n"
    task = task_of(text, language=lang.JAVA, path=work / "A.java", workspace=work)
    report = await toolchain.build(task, with_code(task, "    int f() { return 1; }"))
    assert report.status is BuildStatus.PASSED, report
    # Where the build declares processors they run, in the sandbox: this one breaks the build and nothing else.
    processors = "<project><build><annotationProcessorPaths/></build></project>"
    write_files(work, {"pom.xml": processors})
    report = await toolchain.build(task, with_code(task, "    int f() { return 1; }"))
    assert report.status is BuildStatus.UNVERIFIED
    assert "EVIL RAN" in (report.reason or "")


async def test_a_newer_java_than_the_one_here(toolchain: JavaToolchain, tmp_path: Path) -> None:
    pom = "<project><properties><java.version>99</java.version></properties></project>"
    write_files(tmp_path, {"pom.xml": pom})
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    report = await toolchain.build(task, "class A { }\n")
    assert report.status is BuildStatus.UNVERIFIED
    assert report.remedy == "apt-get install openjdk-99-jdk-headless"


async def test_without_a_jdk_nothing_is_known(sandbox: Sandbox, tmp_path: Path) -> None:
    bare = JavaToolchain(sandbox, timeout=60, environment={"PATH": "/nonexistent"})
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java")
    report = await bare.build(task, "class A { }\n")
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "apt-get install default-jdk-headless")
    (absent,) = await java_findings(sandbox, {"PATH": "/nonexistent"})
    assert (absent.status, absent.remedy) == (FindingStatus.ABSENT, "apt-get install default-jdk-headless")
    (found,) = await java_findings(sandbox, os.environ)
    assert found.status is FindingStatus.OK, found


async def test_a_command_of_ones_own(sandbox: Sandbox, tmp_path: Path) -> None:
    commands = {lang.JAVA: ("javac", "-Xlint:all", "-Werror", "{file}")}
    own = toolchains(lang.BUILT_IN, sandbox, timeout=60, commands=commands)[lang.JAVA]
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    assert (await own.build(task, "class A { int a = 1; }\n")).compiled is True
    assert (await own.build(task, "class A { java.util.List a; }\n")).compiled is False
