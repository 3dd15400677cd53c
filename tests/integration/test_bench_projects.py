"""Functions of a project as cases, language by language in the real sandbox: their tests are found, half of them are
hidden, and the others decide nothing alone."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.bench.carried import CarriedTask, carried_tasks
from forge_lsp.bench.project import cases_in, sources_in
from forge_lsp.bench.splitting import units_in
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.registry import BUILT_IN
from tests.integration.builds_cases import real_sandbox
from tests.integration.test_bench_tasks import tools
from tests.support import lang, tables

PROJECTS = {
    "python/clock_span": "clock_span",
    "javascript/value_runs": "valueRuns",
    "go/clock_range": "ParseClockRange",
    "rust/read_span": "read_span",
    "java/quarter_end": "quarterEnd",
    "c/read_color": "read_color",
}
"""Tasks whose solved projects stand for a user's, and the function in question."""


@dataclass
class Settings:
    """What a case asks of the settings."""

    toolchains: Any


def drawn() -> list[object]:
    every = [task for task in carried_tasks(BUILT_IN) if task.id in PROJECTS]
    if not tables.whole():
        every = random.Random(os.environ.get("TESTS_SEED", "1")).sample(every, 1)
    return [pytest.param(task, id=task.id) for task in every]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.getbasetemp() / "bench-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.mark.parametrize("carried", drawn())
async def test_half_of_the_tests_are_shown_and_all_decide(
    carried: CarriedTask, tmp_path: Path, sandbox: Sandbox
) -> None:
    every = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={})

    async def setup(workspace: Path | None, profile: str | None) -> Settings:
        return Settings(toolchains=every)

    own = replace(tools(), setup=setup)  # type: ignore[arg-type]
    root = (tmp_path / carried.folder).resolve()
    carried.put(root, carried.hidden, own)
    (root / carried.document).write_text(carried.solved)
    found = cases_in(sources_in([root], BUILT_IN), lambda path: root, own, seed=1)
    (case,) = [case for case in found if case.path == root / carried.document]
    assert case.id.endswith(PROJECTS[carried.id])
    async with case.opened(own) as ready:
        assert ready.request.document.text == case.stub
        (shorter,) = ready.request.buffers
        whole = units_in(carried.hidden, carried.language, own.syntax)
        left = units_in(shorter.text, carried.language, own.syntax)
        assert 0 < len(left) < len(whole)
        right = Candidate(code=case.original, text=case.text, model="m", attempt=1)
        assert await ready.judge(right) is True
        assert await ready.judge(replace(right, code="", text=case.stub)) is False
    assert (root / carried.test).read_text() == carried.hidden
    assert (root / carried.document).read_text() == carried.solved
