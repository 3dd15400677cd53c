"""Who can run single calls on a candidate, and who says so for others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from forge_lsp.checking.command import CommandToolchain
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.checking.untrusted import UntrustedToolchain
from forge_lsp.core.attempt import Candidate, Observation
from forge_lsp.core.ports import ProcessResult, Sandbox, Toolchain
from forge_lsp.sandbox.copybox import CopySandbox, Invocation
from forge_lsp.sandbox.folders import BoxFolders
from tests.support import lang
from tests.support.scripted import FakeToolchain, task

CANDIDATE = Candidate(code="", text="def add", model="m", attempt=1)
ANSWERS = {"def add": {"add(1, 1)": "2"}}


@pytest.fixture
def sandbox(tmp_path: Path, request: pytest.FixtureRequest) -> Sandbox:
    """One that runs nothing, and says that it may run code where the parameter is True."""

    async def runner(invocation: Invocation, timeout: float) -> ProcessResult:
        raise AssertionError(f"{invocation} {timeout}")

    return CopySandbox(
        kind="none",
        runs_project_code=getattr(request, "param", False),
        runner=runner,
        folders=BoxFolders(tmp_path),
        places=asyncio.Semaphore(1),
    )


async def test_a_toolchain_that_runs_no_single_calls_says_so_and_gives_nothing() -> None:
    untrusted: Toolchain = UntrustedToolchain()
    assert not untrusted.observes
    assert await untrusted.observe(task(), CANDIDATE, ["add(1, 1)"]) == ()


async def test_a_check_of_the_users_own_leaves_calls_to_the_language(sandbox: Sandbox) -> None:
    own = CommandToolchain(sandbox, timeout=1, command=("true",), language=FakeToolchain(answers=ANSWERS))
    assert own.observes
    assert await own.observe(task(), CANDIDATE, ["add(1, 1)", "add(2, 2)"]) == (
        Observation(call="add(1, 1)", answer="2"),
    )
    alone = CommandToolchain(sandbox, timeout=1, command=("true",), language=None)
    assert not alone.observes
    assert await alone.observe(task(), CANDIDATE, ["add(1, 1)"]) == ()


@pytest.mark.parametrize("sandbox", [True, False], indirect=True)
async def test_tests_of_the_users_own_leave_calls_to_the_language(sandbox: Sandbox) -> None:
    made = toolchains(lang.BUILT_IN, sandbox, timeout=1, commands={}, tests={lang.PYTHON: ("true",)})
    python = made[lang.PYTHON]
    assert python.observes is sandbox.runs_project_code
    if not python.observes:
        assert await python.observe(task(), CANDIDATE, ["add(1, 1)"]) == ()
