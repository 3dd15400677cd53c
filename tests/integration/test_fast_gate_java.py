"""The fast gate of Java with the real compiler: the same verdict on the cases of the build gate."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_findings
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.languages.java.fast import JavaOpener
from tests.integration import fast_gates
from tests.integration import test_build_java as java
from tests.integration.builds_cases import project_task
from tests.integration.fast_gates import looked, same_verdict
from tests.integration.fast_looks import PATIENT, replaced_and_none_left, told
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed (no javac on PATH)"),
    pytest.mark.timeout(300),
]
sandbox = fast_gates.sandbox


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture
async def gate(sandbox: Sandbox, state: Path) -> AsyncIterator[DaemonGate]:
    opener = JavaOpener(sandbox, os.environ, state)
    made = DaemonGate(sandbox, {lang.JAVA: opener}, keeping=PATIENT)
    try:
        yield made
    finally:
        await made.aclose()


async def test_java(sandbox: Sandbox, state: Path, tmp_path: Path) -> None:
    task = project_task(tmp_path / "project", lang.JAVA, java.FILES, java.FILE)
    newer = f"{java.HEAD}        return switch (width) {{ default -> 1; }};\n    }}"
    codes = [java.GOOD, *(case.code for case in java.CASES), newer]
    reports = await looked(sandbox, lang.JAVA, JavaOpener(sandbox, os.environ, state), task, codes)
    same_verdict(reports[:-1], java.CASES)
    assert reports[-1] is not None and reports[-1].problems, "the project is written for Java 11"


async def test_what_others_do_not_see_is_looked_at_alone_and_what_they_see_with_them(
    gate: DaemonGate, tmp_path: Path
) -> None:
    """A change that reaches a file which never names the document's type, and a file that was broken before."""
    files = {
        "a/A.java": "package a;\npublic class A {\n    public B b() { return null; }\n}\n",
        "a/B.java": "package a;\npublic class B {\n    public int n() { return 1; }\n}\nclass Beside { }\n",
        "c/C.java": "package c;\nclass C {\n    int n(a.A x) { return x.b().n(); }\n}\n",
        "c/Broken.java": "package c;\nclass Broken { int n = nobody; }\n",
    }
    write_files(tmp_path, files)
    text = "package a;\npublic class B {\n«    public int n() { return 1; }»\n}\nclass Beside { }\n"
    task = task_of(text, language=lang.JAVA, path=tmp_path / "a/B.java", workspace=tmp_path)
    codes = [
        "    public int n() { return 2; }",
        "    /** New. */\n    public int n() { return g(new Beside()); }\n    private int g(Beside b) { return 2; }",
        "    public long n() { return 1; }",
        "    public int n() { return c.Broken.class.hashCode(); }",
        "    public int n(int... all) { for (int one : all) return one; }",
    ]
    assert told(await gate.look(task, [with_code(task, code) for code in codes])) == [
        [],
        [],
        [("c/C.java", 3, "prob.found.req")],
        [("a/B.java", 3, "not.def.public.cant.access")],
        [("a/B.java", 3, "missing.ret.stmt")],
    ]


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {"Helper.java": "class Helper { static int one() { return 1; } }\n", "Other.java": "class Other { }\n"},
    )
    text = "class A {\n«    int f() { return 0; }»\n}\n"
    buffers = {tmp_path / "Helper.java": "class Helper { static int two() { return 2; } }\n"}
    task = task_of(text, language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path, buffers=buffers)
    calls = ("Helper.one()", "Helper.two()", "Other.made()", "new Fresh().n")
    texts = [with_code(task, f"    int f() {{ return {call}; }}") for call in calls]
    lost = ("A.java", 2, "cant.resolve.location.args")
    assert told(await gate.look(task, texts)) == [[lost], [], [lost], [("A.java", 2, "cant.resolve.location")]]
    write_files(
        tmp_path,
        {"Other.java": "class Other { static int made() { return 1; } }\n", "Fresh.java": "class Fresh { int n; }\n"},
    )
    (tmp_path / "Helper.java").unlink()
    saved = task_of(text, language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    gone = ("A.java", 2, "cant.resolve.location")
    assert told(await gate.look(saved, texts)) == [[gone], [gone], [], []]
    assert gate.running == 1


async def test_what_was_wrong_before_does_not_count_and_columns_are_code_points(
    gate: DaemonGate, tmp_path: Path
) -> None:
    text = "class A {\n    int old() { return gone; }\n«    int f() { return (; }»\n}\n"
    task = task_of(text, language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    codes = ("    int f() { return 1; }", '    int f() {\treturn "é😀".length() + wid; }')
    good, bad = await gate.look(task, [with_code(task, code) for code in codes])
    assert good == FastReport()
    assert bad is not None
    assert [(p.line, p.column, p.end_column) for p in bad.problems] == [(3, 38, 41)]


async def test_an_untitled_document_is_called_as_its_type_and_a_lone_file_as_it_is(
    gate: DaemonGate, tmp_path: Path
) -> None:
    write_files(tmp_path, {"B.java": "class B { static int b() { return 1; } }\n", "Broken.java": "class {"})
    untitled = task_of("«»", language=lang.JAVA)
    good, bad = "public final class Cart { int a = 1; }\n", 'public final class Cart { int a = "x"; }\n'
    assert told(await gate.look(untitled, [good, bad])) == [[], [("untitled_1.java", 1, "prob.found.req")]]
    lone = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java")
    texts = ["public class A { int a = B.b(); }\n", "public class Other { }\n"]
    assert told(await gate.look(lone, texts)) == [[], [("A.java", 1, "class.public.should.be.in.file")]]


async def test_no_processor_and_no_plug_in_of_the_project_runs(gate: DaemonGate, tmp_path: Path) -> None:
    work = tmp_path / "work"
    services = "target/classes/META-INF/services"
    write_files(
        work,
        {
            "pom.xml": "<project></project>",
            f"{services}/javax.annotation.processing.Processor": "Evil\n",
            f"{services}/com.sun.source.util.Plugin": "Plug\n",
        },
    )
    evil = (
        "import java.util.*; import javax.annotation.processing.*; import javax.lang.model.element.*;\n"
        '@SupportedAnnotationTypes("*") public class Evil extends AbstractProcessor {\n'
        "  public boolean process(Set<? extends TypeElement> a, RoundEnvironment r) {\n"
        '    throw new RuntimeException("EVIL RAN"); } }\n'
    )
    plug = (
        "import com.sun.source.util.*;\npublic class Plug implements Plugin {\n"
        '  public String getName() { return "Plug"; }\n  public boolean autoStart() { return true; }\n'
        '  public void init(JavacTask task, String... all) { throw new RuntimeException("EVIL RAN"); } }\n'
    )
    write_files(tmp_path, {"Evil.java": evil, "Plug.java": plug})
    sources = [str(tmp_path / name) for name in ("Evil.java", "Plug.java")]
    java.compile_java("-d", str(work / "target/classes"), "-proc:none", *sources)
    text = "class A {\n«    int f() { return 0; }»\n}\n"
    task = task_of(text, language=lang.JAVA, path=work / "A.java", workspace=work)
    texts = [with_code(task, f"    int f() {{ return {value}; }}") for value in ("1", "new Evil().hashCode()", "x")]
    assert told(await gate.look(task, texts)) == [[], [], [("A.java", 2, "cant.resolve.location")]]
    # Where processors belong to the build they write a part of it: without them there is nothing to say.
    write_files(work, {"pom.xml": "<project><build><annotationProcessorPaths/></build></project>"})
    assert await gate.look(task, texts) == [None, None, None]


async def test_one_that_dies_is_replaced_and_none_is_left(gate: DaemonGate, tmp_path: Path) -> None:
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    bad = "class A { int a = nobody; }\n"
    found = await replaced_and_none_left(gate, task, "forge-javac.jar", "class A { }\n", bad)
    assert found == [[("A.java", 1, "cant.resolve.location")]]


async def test_without_a_jdk_it_says_nothing(sandbox: Sandbox, state: Path, tmp_path: Path) -> None:
    opener = JavaOpener(sandbox, {"PATH": "/nonexistent"}, state)
    task = task_of("«»", language=lang.JAVA, path=tmp_path / "A.java", workspace=tmp_path)
    assert await looked(sandbox, lang.JAVA, opener, task, ["class A { }\n"]) == [None]
    for environment, there in ((os.environ, True), ({"PATH": "/nonexistent"}, False)):
        (finding,) = fast_findings(lang.BUILT_IN, sandbox, environment)
        assert (lang.JAVA.id in cast("list[str]", finding.facts["languages"])) is there
