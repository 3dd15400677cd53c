"""Java's tests without a JDK: which are chosen, what of them is left out, and what their runner's words mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from forge_lsp.checking.jvm.compiling import Compilation, CompiledTests, JvmDocument
from forge_lsp.checking.jvm.maven import Build, Repositories, with_launcher
from forge_lsp.checking.jvm.results import ALL_RUN, ScopePlace, reported, run_of
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.core.checks import Cause, RunState
from forge_lsp.core.task import Task
from forge_lsp.languages.java.choosing import JUnitClass, chosen_tests, depends, files_of_tests, speaks
from forge_lsp.languages.java.compiling import compiled
from forge_lsp.languages.java.texts import methods_of
from tests.support import lang
from tests.support.builds import task_of, write_files

TEST = """package shop;

import static shop.Area.area;

public class AreaTest {
    int[] sizes = {1, 2};

    @Test @Values(ints = {1, 2})
    public void "works" () throws Exception {
        run(() -> { area(2, 3); });
        String text = "}";  // }
    }

    @Test public void other() { assertEquals(1, one()); }

    @Nested class Inner {
        @ParameterizedTest(name = "a { b") void deep() { helper(); }
    }

    private int helper() { return area(1, 1); }
}
""".replace('"works" ', "works")


def test_methods() -> None:
    found = methods_of(TEST)
    assert [(method.type, method.name) for method in found] == [
        ("AreaTest", "works"),
        ("AreaTest", "other"),
        ("AreaTest.Inner", "deep"),
        ("AreaTest", "helper"),
    ]
    assert TEST[found[0].start : found[0].end].startswith("@Test @Values")
    assert TEST[found[0].start : found[0].end].endswith("// }\n    }")


def class_of(text: str = TEST, name: str = "AreaTest") -> JUnitClass:
    file = PurePosixPath(f"src/test/java/shop/{name}.java")
    return JUnitClass(file=file, name=f"shop.{name}", text=text, framework="JUnit 5")


def task(scope: str = "area") -> Task:
    return task_of("package shop; class Area { «int area() { }» }", language=lang.JAVA, name=scope)


@pytest.mark.parametrize(
    ("test", "speaking"),
    [("works", True), ("other", False), ("Inner.deep", True), ("gone", True)],
)
def test_a_test_that_lies_in_the_same_file_does_not_speak(test: str, *, speaking: bool) -> None:
    assert speaks(f"shop.AreaTest.{test}", [class_of()], task(), "Area") is speaking


def test_what_a_test_asserts_depends_on_more_than_the_type() -> None:
    one = "\n @Test void {}() {{ {}(); }}"
    methods = "".join(one.format(*pair) for pair in (("a", "area"), ("b", "Area.both"), ("c", "Area.one")))
    text = f"class AreaTest {{{methods}\n}}"
    marked = (
        "class Area { «int area() { }» int both() { return half() * 2; } int half() { return area(); } int one() { } }"
    )
    whole = task_of(marked, language=lang.JAVA, name="area")
    tests = [class_of(text)]
    assert [depends(f"shop.AreaTest.{test}", tests, whole, "Area") for test in "abc"] == [True, True, False]
    assert [speaks(f"shop.AreaTest.{test}", tests, whole, "Area") for test in "abc"] == [True, True, True]


def test_what_is_set_up_before_speaks_for_all() -> None:
    text = TEST.replace("    private int", "    @BeforeEach void setUp() { made = new Area(); }\n    private int")
    assert speaks("shop.AreaTest.other", [class_of(text)], task(), "Area")


def test_the_class_named_after_the_document_is_first(tmp_path: Path) -> None:
    one = "package shop;\nclass {} {{ @Test\n@Test void a() {{ Area.{}(); }} }}"
    write_files(
        tmp_path,
        {
            **{f"src/test/java/shop/A{n}Test.java": one.format(f"A{n}Test", "other") for n in range(9)},
            "src/test/java/shop/ZTest.java": one.format("ZTest", "area"),
            "src/test/java/shop/AreaTest.java": one.format("AreaTest", "other"),
            "src/test/java/shop/NoTest.java": "package shop;\nclass NoTest {\n@Test void a() { } }",
            "src/test/java/shop/BaseTest.java": one.format("BaseTest", "b").replace("class", "abstract class"),
            "src/test/java/far/AreaUserTest.java": one.format("AreaUserTest", "area").replace("shop", "far"),
        },
    )
    place = Place(source=tmp_path, document=PurePosixPath("src/main/java/shop/Area.java"))
    found = chosen_tests(task(), place, Build(folder=PurePosixPath()), files_of_tests(place))
    assert [test.name for test in found][:3] == ["shop.AreaTest", "far.AreaUserTest", "shop.ZTest"]
    assert len(found) == 8
    assert not {"shop.NoTest", "shop.BaseTest"} & {test.name for test in found}


def test_the_classes_that_call_it_most_often_are_taken(tmp_path: Path) -> None:
    one = "package shop;\nclass {} {{ @Test\n@Test void a() {{ Area.area(); {} }} }}"
    often = {f"src/test/java/shop/{name}.java": one.format(name, "Area.area();" * (name == "ZTest"))
             for name in (*(f"A{number}Test" for number in range(9)), "ZTest")}  # fmt: skip
    write_files(tmp_path, often)
    place = Place(source=tmp_path, document=PurePosixPath("src/main/java/shop/Area.java"))
    found = chosen_tests(task(), place, Build(folder=PurePosixPath()), files_of_tests(place))
    assert [test.name for test in found][:2] == ["shop.ZTest", "shop.A0Test"]


def problem(line: int, message: str, code: str = "cant.resolve.location.args", file: str = "AreaTest") -> Diagnostic:
    file = f"src/test/java/shop/{file}.java" if "/" not in file else file
    return Diagnostic(file=file, line=line, severity=Severity.ERROR, message=message, code=code)


class Scripted:
    """A compiler whose answers are known; it keeps what it was asked."""

    def __init__(self, *answers: Sequence[Diagnostic]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[list[str], Mapping[PurePosixPath, str]]] = []

    async def __call__(self, names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, str]) -> Compilation:
        self.asked.append(([name.name for name in names], dict(texts)))
        problems = tuple(self._answers.pop(0)) if self._answers else ()
        return Compilation(problems=problems, archive=None if problems else b"zip")


UNTOUCHED = "package shop;\nclass Area { int side; }"


def subject(text: str = UNTOUCHED) -> JvmDocument:
    file = PurePosixPath("src/main/java/shop/Area.java")
    return JvmDocument(file=file, text=text, untouched=UNTOUCHED, scope="area")


async def compile_(compiler: Scripted, *tests: JUnitClass, text: str = UNTOUCHED) -> CompiledTests[JUnitClass]:
    return await compiled(subject(text), tests or [class_of()], [PurePosixPath("Other.java")], compiler)


AREA = "cannot find symbol symbol: method area(int,int) location: class Area"


async def test_a_test_that_needs_what_is_not_there_is_left_out() -> None:
    compiler = Scripted([problem(14, AREA)])
    found = await compile_(compiler)
    run = found.left_out["shop.AreaTest.other"]
    assert (run.state, run.cause, run.missing) == (RunState.NOT_RUN, Cause.SCOPE, ("area",))
    assert list(found.left_out) == ["shop.AreaTest.other"]
    (text,) = compiler.asked[1][1].values()
    assert "other()" not in text
    assert text.count("\n") == TEST.count("\n")
    assert "works()" in text


async def test_an_import_and_a_helper_take_their_users_along() -> None:
    compiler = Scripted(
        [problem(3, "cannot find symbol symbol: static area location: class Area", "cant.resolve.location")]
    )
    found = await compile_(compiler)
    assert sorted(found.left_out) == ["shop.AreaTest.Inner.deep", "shop.AreaTest.works"]
    assert {run.missing for run in found.left_out.values()} == {("area",)}
    assert [test.name for test in found.tests] == ["shop.AreaTest"]


async def test_other_errors_are_the_environments_before_and_the_candidates_after() -> None:
    wrong = problem(14, "incompatible types: int cannot be converted to String", "prob.found.req")
    before = await compile_(Scripted([wrong]))
    assert before.left_out["shop.AreaTest.other"].cause is Cause.ENVIRONMENT
    after = await compile_(Scripted([wrong]), text="package shop;\nclass Area { }")
    assert after.left_out["shop.AreaTest.other"].cause is Cause.SCOPE


async def test_a_package_that_is_not_here_takes_the_class_and_no_other() -> None:
    two = class_of(TEST.replace("AreaTest", "FarTest"), "FarTest")
    lacks = problem(3, "package org.nowhere does not exist", "doesnt.exist", "FarTest")
    found = await compile_(Scripted([lacks, problem(14, AREA, file="FarTest")]), class_of(), two)
    assert (found.left_out["shop.FarTest"].cause, found.left_out["shop.FarTest"].missing) == (Cause.ENVIRONMENT, ())
    assert [test.name for test in found.tests] == ["shop.AreaTest"]


async def test_the_documents_own_class_may_be_what_is_missing() -> None:
    lacks = problem(3, "package shop does not exist", "doesnt.exist")
    found = await compile_(Scripted([lacks]))
    run = found.left_out["shop.AreaTest.works"]
    assert (run.cause, run.missing) == (Cause.SCOPE, ("Area",))


async def test_other_files_that_do_not_compile_are_not_compiled() -> None:
    compiler = Scripted([problem(1, "class X is not here", "other", "a/Other.java")], [])
    compiler.asked.clear()
    found = await compiled(subject(), [class_of()], [PurePosixPath("a/Other.java")], compiler)
    assert found.archive == b"zip"
    assert [names for names, _ in compiler.asked] == [["Other.java", "AreaTest.java"], ["AreaTest.java"]]


async def test_what_the_tests_need_and_does_not_compile_leaves_out_those_alone() -> None:
    two = class_of(TEST.replace("AreaTest", "FarTest"), "FarTest")
    far = problem(1, "broken", "other", "far/Far.java")
    found = await compile_(Scripted([far], [], [far]), class_of(), two)
    assert list(found.left_out) == ["shop.FarTest"]
    assert [test.name for test in found.tests] == ["shop.AreaTest"]


KEY = b"k" * 32
WHERE = ScopePlace(file="Area.java", package="shop", lines=range(5, 8), tests=frozenset({"shop.AreaTest"}))


def lines(*entries: Mapping[str, Any], key: bytes = KEY) -> str:
    found: list[str] = []
    for number, entry in enumerate(entries):
        line = f"{number} {json.dumps(entry)}"
        found.append(f"forge {hmac.new(key, line.encode(), hashlib.sha256).hexdigest()} {line}")
    return "\n".join(found)


PASSED = {"kind": "passed", "name": "a"}
DONE = {"kind": "done", "tests": 1, "failures": 0}


@pytest.mark.parametrize(
    ("output", "code", "ended", "whole"),
    [
        (lines(PASSED, DONE), ALL_RUN, ["a"], True),
        (lines(PASSED, DONE), 0, ["a"], False),
        (lines(PASSED), ALL_RUN, ["a"], False),
        (lines(PASSED, DONE, key=b"another"), ALL_RUN, [], False),
        (lines(PASSED, {**DONE, "tests": 2}), ALL_RUN, ["a"], False),
        (lines(PASSED, DONE) + "\n" + lines(PASSED), ALL_RUN, ["a"], True),
        (lines({"kind": "started", "name": "a"}, PASSED, DONE).split("\n")[1], ALL_RUN, [], False),
    ],
)
def test_only_what_the_runner_signed_counts(output: str, code: int, ended: list[str], *, whole: bool) -> None:
    found = reported(output, KEY, code)
    assert (list(found.ended), found.whole) == (ended, whole)
    assert all(len(entries) == 1 for entries in found.ended.values())


SCOPE, STUB, OWN = ["shop.Area", "Area.java", 6], ["shop.Other", "Other.java", 3], ["shop.AreaTest", "AreaTest.java", 9]
REFUSED = "java.lang.UnsupportedOperationException"


@pytest.mark.parametrize(
    ("kind", "frames", "direct", "speaking", "cause"),
    [
        (REFUSED, [SCOPE, OWN], True, True, Cause.SCOPE),
        (REFUSED, [STUB, OWN], True, True, Cause.ELSEWHERE),
        (REFUSED, [STUB, SCOPE, OWN], True, True, Cause.ELSEWHERE),
        (REFUSED, [STUB, SCOPE, OWN], False, True, Cause.SCOPE),
        ("java.lang.IllegalStateException", [STUB, SCOPE, OWN], True, True, Cause.SCOPE),
        ("java.lang.IllegalStateException", [STUB, OWN], True, True, Cause.UNKNOWN),
        ("java.lang.AssertionError", [OWN], False, True, Cause.SCOPE),
        ("java.lang.AssertionError", [OWN], False, False, Cause.ELSEWHERE),
        ("java.lang.NoClassDefFoundError", [OWN], False, True, Cause.ENVIRONMENT),
    ],
)
def test_why_it_failed(kind: str, frames: list[object], *, direct: bool, speaking: bool, cause: Cause) -> None:
    entry = {"kind": "failed", "type": kind, "deepest": kind, "message": "m", "direct": direct, "frames": frames}
    run = run_of([PASSED, entry], WHERE, speaks=speaking)
    assert (run.state, run.cause) == (RunState.FAILED, cause)
    assert ("at Area.java:6" in run.detail) is (SCOPE in frames)


@pytest.mark.parametrize(
    ("message", "expected", "actual"),
    [
        ("expected:<6> but was:<5>", "6", "5"),
        ("expected: <6> but was: <5>", "6", "5"),
        ("values differ ==> expected: <a b> but was: <null>", "a b", "null"),
        ("expected:<[a]b> but was:<[]b>", "[a]b", "[]b"),
        ("\nExpected: is <6>\n     but: was <5>", "is <6>", "<5>"),
        ("\nexpected: 6\n but was: 5", "6", "5"),
        ("no", "", ""),
    ],
)
def test_what_was_expected_and_what_came(message: str, expected: str, actual: str) -> None:
    entry = {
        "kind": "failed",
        "type": "java.lang.AssertionError",
        "assertion": True,
        "message": message,
        "frames": [OWN],
    }
    run = run_of([entry], WHERE, speaks=True)
    assert (run.expected, run.actual) == (expected, actual)


def test_the_launcher_that_fits(tmp_path: Path) -> None:
    platform = "home/.m2/repository/org/junit/platform"
    build = Build(
        folder=PurePosixPath(), jars=(Path("junit-jupiter-api-5.9.0.jar"), Path("junit-platform-commons-1.9.0.jar"))
    )
    repositories = Repositories.of({"HOME": str(tmp_path / "home")})
    assert with_launcher(build, repositories) == ((), "org.junit.platform:junit-platform-launcher:1.9.0")
    alone = f"{platform}/junit-platform-console-standalone/1.9.0/junit-platform-console-standalone-1.9.0.jar"
    write_files(tmp_path, {alone: ""})
    assert with_launcher(build, repositories) == ((tmp_path / alone,), None)
    launcher = f"{platform}/junit-platform-launcher/1.9.0/junit-platform-launcher-1.9.0.jar"
    engine = "home/.m2/repository/org/junit/jupiter/junit-jupiter-engine/5.9.0/junit-jupiter-engine-5.9.0.jar"
    write_files(tmp_path, {launcher: "", engine: ""})
    assert with_launcher(build, repositories) == ((tmp_path / launcher, tmp_path / engine), None)
