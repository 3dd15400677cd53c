"""The fast gate for Go with the real compiler: the verdict of the build gate, on what the user sees."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_findings
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.languages.go.fast import GoOpener
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from tests.integration import test_build_go as go
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.fast_gates import looked, same_verdict
from tests.integration.fast_looks import replaced_and_none_left
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.processes import descendants

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    # One folder for all tests, the build gate's too: the standard library is compiled once.
    async with real_sandbox(tmp_path_factory.getbasetemp() / "go-boxes") as chosen:
        if not isinstance(chosen, Bubblewrap):
            pytest.skip("no bubblewrap works here")
        yield chosen


@pytest.fixture
def opener(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> GoOpener:
    return GoOpener(sandbox, go.environment(), tmp_path_factory.getbasetemp() / "go-state")


@pytest.fixture
async def gate(sandbox: Sandbox, opener: GoOpener) -> AsyncIterator[DaemonGate]:
    made = DaemonGate(sandbox, {lang.GO: opener}, keeping=DaemonLimits(patience=200, answer=60, look=300))
    try:
        yield made
    finally:
        await made.aclose()


def found(reports: Sequence[FastReport | None]) -> list[list[tuple[str, int]] | None]:
    return [None if one is None else [(p.file, p.line) for p in one.problems] for one in reports]


async def test_the_cases_of_the_build_gate(sandbox: Sandbox, opener: GoOpener, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, go.FILES, go.FILE)
    codes = [go.GOOD, *(case.code for case in go.CASES)]
    same_verdict(await looked(sandbox, lang.GO, opener, task, codes), go.CASES)


async def test_what_tests_and_vet_say(gate: DaemonGate, tmp_path: Path) -> None:
    files = {
        **go.FILES,
        go.FILE: go.FILES[go.FILE].replace('import "math"', 'import (\n\t"fmt"\n\t"math"\n)\n\nvar _ = fmt.Sprint'),
        "area/outer_test.go": (
            'package area_test\n\nimport (\n\t"testing"\n\n\t"example.com/shop/area"\n\t"example.com/shop/use"\n)\n\n'
            "func TestOuter(t *testing.T) {\n\tvar square area.Square = area.Side(use.Total)\n\t_ = square\n}\n"
        ),
        "area/side_test.go": "package area\n\ntype Square int\n\nfunc Side(x int) Square { return Square(help(x)) }\n",
        "area/help.go": "package area\n\nfunc help(x int) int { return x }\n",
    }
    task = project_task(tmp_path, lang.GO, files, go.FILE)
    texts = [
        with_code(task, go.GOOD),
        with_code(task, go.GOOD.replace("return", 'fmt.Printf("%d", "é")\n\treturn')),
        with_code(task, "func Area(width, height int) int"),
        with_code(task, go.GOOD) + "\ntype Square int\n",
    ]
    good, printed, bodiless, twice = found(await gate.look(task, texts))
    assert good == []
    assert printed == [(go.FILE, 12)]
    assert bodiless == [(go.FILE, 11)]
    assert twice
    assert {file for file, _ in twice} <= {go.FILE, "area/side_test.go"}
    help_task = task_of(
        f"«{files['area/help.go']}»", language=lang.GO, path=tmp_path / "area/help.go", workspace=tmp_path
    )
    wider = files["area/help.go"].replace("x int", "x, y int")
    assert found(await gate.look(help_task, [wider])) == [[("area/side_test.go", 5)]]


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    files = {**go.FILES, "other/other.go": "package other\n\nfunc Old() int { return 1 }\n"}
    task = project_task(tmp_path, lang.GO, files, go.FILE)

    def using(name: str, package: str = "other") -> str:
        text = with_code(task, f"func Area(width, height int) int {{\n\treturn {package}.{name}()\n}}")
        return text.replace('import "math"', f'import "math"\nimport "example.com/shop/{package}"')

    assert found(await gate.look(task, [using("Old"), using("New")])) == [[], [(go.FILE, 8)]]
    write_files(tmp_path, {"other/other.go": "package other\n\nfunc New() int { return 1 }\n"})
    assert found(await gate.look(task, [using("Old"), using("New")])) == [[(go.FILE, 8)], []]
    write_files(tmp_path, {"fresh/fresh.go": "package fresh\n\nfunc Made() int { return 1 }\n"})
    assert found(await gate.look(task, [using("Made", "fresh")])) == [[]]
    buffers = {tmp_path / "other/other.go": "package other\n\nfunc Typed() int { return 1 }\n"}
    typing = task_of(go.FILES[go.FILE], language=lang.GO, path=tmp_path / go.FILE, workspace=tmp_path, buffers=buffers)
    assert found(await gate.look(typing, [using("Typed"), using("New")])) == [[], [(go.FILE, 8)]]
    assert gate.running == 1, "one for the module"


async def test_what_was_wrong_before_does_not_count(gate: DaemonGate, tmp_path: Path) -> None:
    files = {**go.FILES, go.FILE: go.FILES[go.FILE] + "\nvar Broken int = nobody\n"}
    task = project_task(tmp_path, lang.GO, files, go.FILE)
    texts = [with_code(task, go.GOOD), with_code(task, go.GOOD.replace("width", "none", 1).replace("none", "width", 1))]
    texts.append(with_code(task, go.GOOD.replace("return width", "return depth")))
    assert found(await gate.look(task, texts)) == [[], [], [(go.FILE, 7)]]


async def test_programs_without_a_module(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"beside.go": "package main\n\nfunc help() int { return 1 }\n"})
    lone = task_of("«»", language=lang.GO, path=tmp_path / "tool.go")
    main = "package main\n\nfunc main() { println(CALL()) }\n"
    texts = [main.replace("CALL", name) for name in ("help", "none")]
    assert found(await gate.look(lone, texts)) == [[], [("tool.go", 3)]]
    assert not (tmp_path / "tool.go").exists(), "nothing is written beside it"
    task = project_task(tmp_path / "work", lang.GO, go.FILES, go.FILE)
    script = task_of("«»", language=lang.GO, path=tmp_path / "work/script.go", workspace=task.workspace)
    texts = [f'//go:build ignore\n\npackage main\n\nimport "strings"\n\nfunc main() {{ {word} }}\n' for word in CALLS]
    assert found(await gate.look(script, texts)) == [[], [("script.go", 7)]]


async def test_workspaces_and_vendored_modules(gate: DaemonGate, tmp_path: Path) -> None:
    files = {
        "go.work": "go 1.18\n\nuse (\n\t./a\n\t./b\n)\n",
        "a/go.mod": "module example.com/a\n\ngo 1.18\n",
        "a/a.go": "package a\n\n«func A() int { return 1 }»\n",
        "b/go.mod": "module example.com/b\n\ngo 1.18\n",
        "b/b.go": 'package b\n\nimport "example.com/a"\n\nvar B int = a.A()\n',
    }
    task = project_task(tmp_path / "many", lang.GO, files, "a/a.go")
    texts = [with_code(task, code) for code in ("func A() int { return 2 }", 'func A() string { return "" }')]
    assert found(await gate.look(task, texts)) == [[], [("b/b.go", 5)]]
    vendored = {
        "go.mod": "module example.com/c\n\ngo 1.18\n\nrequire example.com/v v1.0.0\n",
        "vendor/modules.txt": "# example.com/v v1.0.0\n## explicit\nexample.com/v\n",
        "vendor/example.com/v/v.go": "package v\n\nfunc V() int { return help() }\n\nfunc help() int { return 1 }\n",
        "c.go": 'package c\n\nimport "example.com/v"\n\n«var C int»\n',
    }
    task = project_task(tmp_path / "vendored", lang.GO, vendored, "c.go")
    texts = [with_code(task, f"var C {kind} = v.V()") for kind in ("int", "string")]
    assert found(await gate.look(task, texts)) == [[], [("c.go", 5)]]
    unknown = with_code(task, "var C int = v.V() + w.W()").replace('v"\n', 'v"\nimport "example.com/w"\n')
    assert found(await gate.look(task, [unknown])) == [[("c.go", 4)]]


def memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_many_candidates_take_no_more_memory(gate: DaemonGate, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.GO, go.FILES, go.FILE)
    filler = "".join(f"\n\nfunc help{n}(x int) int {{ return x * {n} }}" for n in range(400))

    async def resident(first: int) -> int:
        """Bytes, after 60 candidates more."""
        bodies = (go.GOOD.replace("width * height", f"width*height + {n}") for n in range(first, first + 60))
        assert found(await gate.look(task, [with_code(task, body + filler) for body in bodies])) == [[]] * 60
        (checker,) = [seen for seen in descendants(os.getpid()) if seen.command.split()[0].endswith("forge-go")]
        return memory(checker.pid)

    first = await resident(0)
    assert await resident(60) < first + 32 * 1024 * 1024


CALLS = ('println(strings.ToUpper(""))', "println(strings.ToUpper(1))")


async def test_one_that_dies_is_replaced_and_none_is_left(gate: DaemonGate, sandbox: Sandbox, tmp_path: Path) -> None:
    assert isinstance(sandbox, Bubblewrap)
    before = set(sandbox.folders.base.iterdir())
    task = project_task(tmp_path, lang.GO, go.FILES, go.FILE)
    good = with_code(task, go.GOOD)
    assert await replaced_and_none_left(gate, task, "forge-go", good, good) == [[]]
    left = set(sandbox.folders.base.iterdir()) - before
    assert {entry.name for entry in left} <= {"caches"}


def test_the_doctor_names_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = fast_findings(lang.BUILT_IN, sandbox, go.environment())
    assert "go" in cast("list[str]", finding.facts["languages"])
    monkeypatch.setattr("forge_lsp.languages.go.tools.find_spec", lambda _: None)
    (absent,) = fast_findings(lang.BUILT_IN, sandbox, {"PATH": "/nonexistent"})
    assert "go" not in cast("list[str]", absent.facts["languages"])
