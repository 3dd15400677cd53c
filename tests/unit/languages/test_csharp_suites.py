"""Which test classes of a C# solution are run for a scope."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import place_of
from forge_lsp.languages.csharp.suites import suites_of
from tests.support import lang
from tests.support.builds import task_of, write_files


def test_files_without_tests_take_no_place_and_those_that_call_it_most_often_are_taken(tmp_path: Path) -> None:
    one = "class {0}\n{{\n    {1} public void One() {{ Shapes.Area(2, 3); {2} }}\n}}\n"
    helpers = {f"tests/A{number}.cs": one.format(f"A{number}", "", "Shapes.Area(1, 1);") for number in range(9)}
    classes = {f"tests/B{number}.cs": one.format(f"B{number}", "[Fact]", "") for number in range(9)}
    write_files(
        tmp_path,
        {
            **helpers,
            **classes,
            "tests/Z.cs": one.format("Z", "[Fact]", "Shapes.Area(1, 2);"),
            "tests/Tests.csproj": '<Project Sdk="Microsoft.NET.Sdk"><PackageReference Include="xunit" /></Project>',
        },
    )
    text = "public static class Shapes { «public static int Area(int w, int h) => w * h;» }\n"
    task = task_of(text, language=lang.CSHARP, path=tmp_path / "src/Shapes.cs", workspace=tmp_path, name="Area")
    (suite,) = suites_of(task, place_of(task), [PurePosixPath("tests/Tests.csproj")])
    assert suite.classes == (*(f"B{number}" for number in range(7)), "Z")
