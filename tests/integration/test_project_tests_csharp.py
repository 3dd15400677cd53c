"""A C# solution's own tests on candidates good and wrong, by the real ``dotnet test`` and xunit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckStatus, RunState
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp.results import trx_of
from forge_lsp.languages.csharp.toolchain import CSharpToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.test_build_csharp import FILE, FILES, PROJECT, method
from tests.support import lang
from tests.support.builds import candidate_of
from tests.support.tools import dotnet_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KEPT, FAILED, NOT_RUNNABLE = CheckStatus.KEPT, CheckStatus.FAILED, CheckStatus.NOT_RUNNABLE
REFERENCES = (
    '<ItemGroup><ProjectReference Include="..\\Shapes\\Shapes.csproj" />'
    '<PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.0.1" />'
    '<PackageReference Include="xunit" Version="2.9.3" />'
    '<PackageReference Include="xunit.runner.visualstudio" Version="{0}" /></ItemGroup>'
)
TESTS = """namespace Tests;

using Shapes;
using Xunit;

public class SizesTests
{
    [Fact]
    public void Area() => Assert.Equal(6, Sizes.Area(2, 3));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Square(int side) => Assert.Equal(side * side, Sizes.Area(side, side));

    [Fact]
    public void NeverPassed() => Assert.Equal(7, Sizes.Area(2, 3));
}
"""
OTHER = (
    "namespace Tests;\n\nusing Xunit;\n\npublic class Other\n{\n    [Fact]\n    public void No() => Assert.Fail();\n}\n"
)


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    return dotnet_environment()


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def project(root: Path, runner: str = "3.1.5") -> Task:
    works = FILES[FILE].replace("throw new NotImplementedException();", "return width * height;")
    tests = PROJECT.format(REFERENCES.format(runner))
    files = {**FILES, FILE: works, "Tests/Tests.csproj": tests, "Tests/Sizes.cs": TESTS, "Tests/Other.cs": OTHER}
    return project_task(root, lang.CSHARP, files, FILE)


def names_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def told(found: Evidence) -> dict[str, tuple[CheckStatus, str, str]]:
    assert found.blocked is None, found
    return {r.id.partition(":")[2]: (r.status, r.expected, r.actual) for r in found.results}


async def test_what_passed_before_must_pass(sandbox: Sandbox, environment: Mapping[str, str], tmp_path: Path) -> None:
    task = project(tmp_path)
    before = names_below(tmp_path)
    toolchain = CSharpToolchain(sandbox, timeout=200, environment=environment)
    good = told(await toolchain.evidence(task, candidate_of(task, method("return height * width;"))))
    assert {name.removeprefix("Tests.SizesTests."): status for name, (status, _, _) in good.items()} == {
        "Area": KEPT,
        "Square(side: 2)": KEPT,
        "Square(side: 3)": KEPT,
        "NeverPassed": CheckStatus.OWED,
    }, good
    wrong = told(await toolchain.evidence(task, candidate_of(task, method("return width + height;"))))
    assert wrong["Tests.SizesTests.Area"] == (FAILED, "6", "5")
    assert wrong["Tests.SizesTests.Square(side: 2)"][0] is KEPT
    assert wrong["Tests.SizesTests.NeverPassed"] == (CheckStatus.OWED, "7", "5")
    assert names_below(tmp_path) == before


async def test_packages_that_are_not_there_leave_the_tests_unrun(
    sandbox: Sandbox, environment: Mapping[str, str], tmp_path: Path
) -> None:
    task = project(tmp_path, runner="99.0.0")
    toolchain = CSharpToolchain(sandbox, timeout=200, environment=environment)
    (only,) = (await toolchain.evidence(task, candidate_of(task, method("return 1;")))).results
    assert (only.status, "dotnet restore Tests/Tests.csproj" in only.detail) == (NOT_RUNNABLE, True), only
    assert (only.environment, only.remedy) == (True, "dotnet restore Tests/Tests.csproj"), only


@pytest.mark.parametrize(
    ("message", "values"),
    [
        ("Assert.Equal() Failure: Values differ\nExpected: 6\nActual:   5", ("6", "5")),
        ("  Assert.That(area, Is.EqualTo(6))\n  Expected: 6\n  But was:  5\n", ("6", "5")),
        ("Assert.AreEqual failed. Expected:<6>. Actual:<5>. ", ("6", "5")),
    ],
)
def test_values_of_each_framework(message: str, values: tuple[str, str]) -> None:
    log = (
        '<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>'
        '<UnitTestResult testName="A.B" outcome="Failed"><Output><ErrorInfo>'
        f"<Message>{message.replace('<', '&lt;')}</Message></ErrorInfo></Output></UnitTestResult></Results></TestRun>"
    )
    trx = trx_of(log.encode(), "", None)
    assert {name: (run.state, run.expected, run.actual) for name, run in trx.runs.items()} == {
        "A.B": (RunState.FAILED, *values)
    }
