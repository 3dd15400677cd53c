"""The C# gate with a real .NET SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.csharp.toolchain import CSharpToolchain, csharp_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.tools import dotnet_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROJECT = (
    '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
    "<Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>{0}</Project>"
)
FILE = "Shapes/Area.cs"
FILES = {
    "Shapes/Shapes.csproj": PROJECT.format(""),
    FILE: (
        "namespace Shapes;\n\npublic static class Sizes\n{\n«    public static int Area(int width, int height)\n    {\n"
        "        throw new NotImplementedException();\n    }»\n}\n"
    ),
    "Use/Use.csproj": PROJECT.format('<ItemGroup><ProjectReference Include="..\\Shapes\\Shapes.csproj" /></ItemGroup>'),
    "Use/Use.cs": "namespace Use;\n\npublic class Total\n{\n    public int Value => Shapes.Sizes.Area(2, 3);\n}\n",
}


def method(line: str, head: str = "public static int Area(int width, int height)") -> str:
    return f"    {head}\n    {{\n        {line}\n    }}"


GOOD = method("return width * height;")
CASES = [
    Case(name="syntax error", code=method("return width *;"), file=FILE, line=7, codes=("CS1525",), message=";"),
    Case(name="unknown name", code=method("return wid;"), file=FILE, line=7, codes=("CS0103",), message="wid"),
    Case(name="wrong type", code=method('return "w";'), file=FILE, line=7, codes=("CS0029",), message="int"),
    Case(name="wrong arity", code=method("return Math.Max(1);"), file=FILE, line=7, codes=("CS1501",), message="Max"),
    Case(
        name="missing import",
        code=method("return No.Such.Thing(width, height);"),
        file=FILE,
        line=7,
        codes=("CS0103",),
        message="No",
    ),
    Case(
        name="break of another file",
        code=method("return width;", "public static int Area(int width)"),
        file="Use/Use.cs",
        line=5,
        codes=("CS1501",),
        message="Area",
    ),
]


def names_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    return dotnet_environment()


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox, environment: Mapping[str, str]) -> CSharpToolchain:
    return CSharpToolchain(sandbox, timeout=200, environment=environment)


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: CSharpToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.CSHARP, FILES, FILE)
    before = names_below(tmp_path)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message
    assert names_below(tmp_path) == before


async def test_a_lone_file_gets_a_project(toolchain: CSharpToolchain) -> None:
    task = task_of("«»", language=lang.CSHARP)
    assert (await toolchain.build(task, 'Console.WriteLine("top level");\n')).compiled is True
    report = await toolchain.build(task, "public class A { public int F() => nobody; }\n")
    assert [(d.file, d.line, d.code) for d in report.diagnostics] == [("untitled_1.cs", 1, "CS0103")]


async def test_packages_that_are_not_there_are_the_environments_fault(
    toolchain: CSharpToolchain, tmp_path: Path
) -> None:
    project = PROJECT.format('<ItemGroup><PackageReference Include="No.Such.Package" Version="1.0.0" /></ItemGroup>')
    write_files(tmp_path, {"p.csproj": project, "A.cs": ""})
    task = task_of("«»", language=lang.CSHARP, path=tmp_path / "A.cs", workspace=tmp_path)
    report = await toolchain.build(task, "public class A {}\n")
    assert report.status is BuildStatus.UNVERIFIED
    assert (report.remedy or "").startswith("dotnet restore")


async def test_an_error_that_hides_others_leaves_it_unverified(toolchain: CSharpToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"p.csproj": PROJECT.format(""), "Old.cs": "public class Old : Missing {}\n", "A.cs": ""})
    task = task_of("«»", language=lang.CSHARP, path=tmp_path / "A.cs", workspace=tmp_path)
    report = await toolchain.build(task, "public class A { public int F() => nobody; }\n")
    assert report.status is BuildStatus.UNVERIFIED
    assert "Old.cs:1" in (report.reason or "")


async def test_without_an_sdk_it_is_unverified(sandbox: Sandbox, tmp_path: Path) -> None:
    none = CSharpToolchain(sandbox, timeout=10, environment={"PATH": "/nonexistent", "HOME": str(tmp_path)})
    task = task_of("«»", language=lang.CSHARP)
    report = await none.build(task, "public class A {}\n")
    assert report.status is BuildStatus.UNVERIFIED
    assert "dotnet.microsoft.com" in (report.remedy or "")
    (finding,) = await csharp_findings(sandbox, {"PATH": "/nonexistent"})
    assert finding.status is FindingStatus.ABSENT


async def test_the_doctor_finds_the_sdk(sandbox: Sandbox, environment: Mapping[str, str]) -> None:
    (finding,) = await csharp_findings(sandbox, environment)
    assert finding.status is FindingStatus.OK


@pytest.mark.parametrize(
    ("document", "project", "compiled"),
    [
        ("#if NET48\n{0}\n#endif\n", "", False),
        ("#if NET\n{0}\n#endif\n", "", True),
        ("{0}\n", '<ItemGroup><Compile Remove="Area.cs" /></ItemGroup>', False),
    ],
    ids=["another framework", "this framework", "left out of the project"],
)
async def test_code_that_is_not_compiled_here_is_not_passed(
    toolchain: CSharpToolchain, tmp_path: Path, document: str, project: str, compiled: bool
) -> None:
    text = "public static class Sizes\n{\n«    public static int Area(int w, int h) { return 0; }»\n}\n"
    files = {"Shapes/Shapes.csproj": PROJECT.format(project), FILE: document.replace("{0}", text)}
    task = project_task(tmp_path, lang.CSHARP, files, FILE)
    code = method("return width * height;") if compiled else method("return width.nonsense(height);")
    report = await toolchain.build(task, with_code(task, code))
    assert report.status is (BuildStatus.PASSED if compiled else BuildStatus.UNVERIFIED), report
    assert compiled or (report.reason or "").startswith("not compiled here: Shapes/Area.cs:"), report
