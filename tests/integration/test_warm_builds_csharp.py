"""The C# gate with its servers kept, with a real .NET SDK: the cold way's verdicts, and nothing left over."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.core.attempt import BuildReport, BuildStatus
from forge_lsp.core.ports import ProcessResult, Sandbox, Tree
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp.sdk import dotnet_environment as told_of
from forge_lsp.languages.csharp.sdk import find_dotnet, readable_of
from forge_lsp.languages.csharp.toolchain import CSharpToolchain
from forge_lsp.languages.csharp.warm import WARM, WarmBuilds
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.launcher import descendants
from tests.integration import test_workbench
from tests.integration.builds_cases import project_task
from tests.integration.hostile_candidates import attempt
from tests.integration.test_build_csharp import CASES, FILE, FILES, GOOD, method, names_below
from tests.support import lang
from tests.support.builds import with_code, write_files
from tests.support.tools import dotnet_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

sandbox = test_workbench.sandbox
# A busy machine starts a box late, and the promise is about verdicts, not about time.
KEEPING = DaemonLimits(patience=120.0, idle=600.0, starts=8, window=600.0, most=2)
QUIET = ("-nologo", "-v:q", "-m:1", "-p:UseAppHost=false")


class Counting(WarmBuilds):
    """Remembers which builds were answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, keeping=KEEPING)
        self.answered: list[bool] = []

    async def build(self, tree: Tree, command: Sequence[str], **told: Any) -> ProcessResult | None:
        result = await super().build(tree, command, **told)
        self.answered.append(result is not None)
        return result


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    return dotnet_environment()


@pytest.fixture
async def warm(sandbox: Bubblewrap) -> AsyncIterator[Counting]:
    """At the end nothing of the boxes is left: no process, no folder."""
    before = descendants(os.getpid()), set(sandbox.folders.root.iterdir())
    builds = Counting(sandbox)
    yield builds
    await builds.aclose()
    assert builds.running == 0
    assert descendants(os.getpid()) <= before[0]
    assert set(sandbox.folders.root.iterdir()) <= before[1]


@pytest.fixture
def toolchain(sandbox: Bubblewrap, environment: Mapping[str, str], warm: Counting) -> CSharpToolchain:
    return CSharpToolchain(sandbox, timeout=300, environment=environment, warm=warm)


def told(report: BuildReport) -> object:
    """A report but for its time."""
    return report.status, report.reason, report.remedy, report.diagnostics


def servers() -> dict[str, int]:
    """The process ids of the compiler server and of the build node that live below us."""
    found: dict[str, int] = {}
    for pid in descendants(os.getpid()):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        for name in ("VBCSCompiler", "MSBuild"):
            if Path(words[0]).name == name or any(Path(word).name == f"{name}.dll" for word in words[:3]):
                found[name] = pid
    return found


async def test_the_verdicts_are_those_of_the_cold_way(
    sandbox: Bubblewrap, environment: Mapping[str, str], toolchain: CSharpToolchain, warm: Counting, tmp_path: Path
) -> None:
    task = project_task(tmp_path, lang.CSHARP, FILES, FILE)
    before = names_below(tmp_path)
    cold = CSharpToolchain(sandbox, timeout=300, environment=environment)
    for code in (GOOD, *(case.code for case in CASES)):
        candidate = with_code(task, code)
        assert told(await toolchain.build(task, candidate)) == told(await cold.build(task, candidate)), code
    assert warm.answered == [True] * (1 + len(CASES)), "the first restored, all others were warm"
    assert warm.running == 1
    assert names_below(tmp_path) == before


async def test_a_candidate_sees_nothing_of_an_earlier_one_and_all_that_the_user_does(
    toolchain: CSharpToolchain, warm: Counting, tmp_path: Path
) -> None:
    task = project_task(tmp_path, lang.CSHARP, FILES, FILE)
    more = "\n" + method("return 1;", "public static int More()")
    uses = GOOD.replace("width *", "More() *")

    async def status(code: str) -> BuildStatus:
        return (await toolchain.build(task, with_code(task, code))).status

    assert await status(GOOD + more) is BuildStatus.PASSED
    assert await status(uses + more) is BuildStatus.PASSED
    assert await status(uses) is BuildStatus.FAILED, "what an earlier candidate declared is gone"
    assert await status(method("return wid;")) is BuildStatus.FAILED
    assert await status(GOOD) is BuildStatus.PASSED, "what an earlier candidate had wrong is gone"

    new = "namespace Shapes;\n\npublic static class New\n{\n    public const int One = 1;\n}\n"
    write_files(tmp_path, {"Shapes/New.cs": new})
    needs = GOOD.replace("width *", "New.One *")
    assert await status(needs) is BuildStatus.PASSED, "a file that the user saved is seen"
    os.unlink(tmp_path / "Shapes" / "New.cs")  # noqa: PTH108 - a call of pathlib's may not stand in a coroutine
    assert await status(needs) is BuildStatus.FAILED, "and one that was removed is not"
    assert all(warm.answered)
    assert warm.running == 1


async def test_a_dead_server_costs_nothing_but_time(toolchain: CSharpToolchain, warm: Counting, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.CSHARP, FILES, FILE)
    bad = with_code(task, CASES[1].code)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    for name in ("VBCSCompiler", "MSBuild"):
        os.kill(servers()[name], signal.SIGKILL)
        report = await toolchain.build(task, bad)
        assert [(d.file, d.code) for d in report.diagnostics] == [(FILE, "CS0103")], name
        assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED, name
        assert warm.answered[-1], "a new one is there"


async def test_a_project_that_may_run_something_is_built_cold(
    toolchain: CSharpToolchain, warm: Counting, tmp_path: Path
) -> None:
    target = '<Target Name="T" BeforeTargets="Build"><Exec Command="true" /></Target></Project>'
    files = {**FILES, "Use/Use.csproj": FILES["Use/Use.csproj"].replace("</Project>", target)}
    task = project_task(tmp_path, lang.CSHARP, files, FILE)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    assert warm.answered == []
    assert warm.running == 0


async def test_a_hostile_project_gets_nothing_in_a_kept_box_and_ends_it(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The gate builds no such project warm. Where it did, the box would hold, and would not be used again."""
    spent: list[bool] = []

    async def in_a_kept_box(sandbox: Sandbox, task: Task, text: str) -> BuildReport:
        dotnet = find_dotnet(environment)
        if not isinstance(sandbox, Bubblewrap) or dotnet is None or task.workspace is None:
            pytest.skip("no bubblewrap with overlays here")
        bench = await sandbox.workbench(
            source=task.workspace, readable=readable_of(dotnet, environment), programs=dotnet.parent
        )
        kept = {name: value for name, value in told_of(dotnet, environment).items() if "NODEREUSE" not in name}
        build = f"{dotnet} restore {' '.join(QUIET)} && {dotnet} build --no-restore {' '.join((*QUIET, *WARM))}"
        tree = Tree(source=task.workspace, files={PurePosixPath("Area.cs"): text.encode()})
        env = {**kept, "DOTNET_CLI_USE_MSBUILD_SERVER": "1"}
        try:
            result = await bench.run(tree, ("sh", "-c", build), timeout=300, env=env)
            spent.append(not bench.alive)
        finally:
            await bench.aclose()
        return BuildReport(status=BuildStatus.FAILED, tool="dotnet build", reason=repr(result))

    got = await attempt("MSBuild Exec", tmp_path, environment, build=in_a_kept_box)
    assert {what: words for what, words in got.items() if words} == {}
    assert spent == [True]
