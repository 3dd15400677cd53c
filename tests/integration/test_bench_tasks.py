"""The tasks that come with the product are sound, in the real sandbox: the stub fails both tests, the reference passes
both, and nothing else of the file decides that."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.bench.carried import CarriedTask, carried_tasks
from forge_lsp.bench.case import CaseTools, is_right
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.registry import BUILT_IN
from tests.integration.builds_cases import real_sandbox
from tests.support import lang, tables
from tests.support.tools import node_modules

MOST = 1
"""So many tasks of each language in CI, drawn by ``TESTS_SEED``; ``make tables`` tries them all."""


async def no_settings(workspace: Path | None, profile: str | None) -> object:
    raise AssertionError("nothing here asks for settings")


def tools() -> CaseTools:
    syntax = TreeSitterSyntax()
    return CaseTools(
        languages=BUILT_IN,
        syntax=syntax,
        scoping=Scopes(syntax),
        editing=Edits(syntax),
        setup=no_settings,  # type: ignore[arg-type]
        ask=no_settings,  # type: ignore[arg-type]
    )


def drawn() -> list[object]:
    chance = random.Random(os.environ.get("TESTS_SEED", "1"))
    found: list[CarriedTask] = []
    for language in BUILT_IN:
        every = [task for task in carried_tasks(BUILT_IN) if task.language is language]
        whole = tables.whole()
        found += every if whole else chance.sample(every, min(MOST, len(every)))
    return [pytest.param(task, id=task.id) for task in found]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    # One folder for all tests: what compilers made of their standard libraries is kept there.
    async with real_sandbox(tmp_path_factory.getbasetemp() / "bench-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.mark.parametrize("carried", drawn())
async def test_a_task_is_sound(carried: CarriedTask, tmp_path: Path, sandbox: Sandbox) -> None:
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={})[carried.language]
    for name, test in (("shown", carried.visible), ("judged", carried.hidden)):
        root = tmp_path / name / carried.folder
        task = carried.put(root, test, tools())
        if carried.language is lang.TYPESCRIPT:  # an older node needs them for tests in TypeScript
            for package, major in (("tsx", "4"), ("typescript", "5")):
                source = node_modules(package, major) / "node_modules"
                shutil.copytree(source, root / "node_modules", dirs_exist_ok=True, symlinks=True)
        assert task.scope.kind is ScopeKind.DEFINITION
        assert task.scope.unfinished
        reference = Candidate(code=carried.reference.strip("\n"), text=carried.solved, model="m", attempt=1)
        built = await toolchain.build(task, reference.text)
        assert built.compiled, built
        evidence = await toolchain.evidence(task, reference)
        assert is_right(evidence) is True, evidence
        tests = [result for result in evidence.results if result.kind is CheckKind.TEST]
        assert {result.status for result in tests} == {CheckStatus.PROOF}, evidence  # so each fails on the stub
