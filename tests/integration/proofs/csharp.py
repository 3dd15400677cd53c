"""C#: ``dotnet test`` with xunit."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.forged import csharp as forged
from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.support import lang
from tests.support.builds import write_files
from tests.support.tools import dotnet_environment

PROJECT = (
    '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
    "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup>{0}</Project>\n"
)
REFERENCES = (
    '<ItemGroup><ProjectReference Include="..\\Shapes\\Shapes.csproj" />'
    '<PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.0.1" />'
    '<PackageReference Include="xunit" Version="2.9.3" />'
    '<PackageReference Include="xunit.runner.visualstudio" Version="3.1.5" /></ItemGroup>'
)
HEAD = "namespace Shapes;\n\npublic static class Sizes\n{\n"
STUB = "    public static int area(int width, int height)\n    {\n        throw new NotImplementedException();\n    }"
SIDE = "\n\n    public static int side(int surface)\n    {\n        throw new NotImplementedException();\n    }\n"
TESTS = """namespace Tests;

using Shapes;
using Xunit;

public class SizesTests
{
    [Fact]
    public void Rectangle() => Assert.Equal(6, Sizes.area(2, 3));

    [Theory]
    [InlineData(4)]
    public void Flat(int width)
    {
        var got = Sizes.area(width, 0);
        Assert.Equal(0, got);
    }
SIDE}
"""
SIDE_TEST = "\n    [Fact]\n    public void Side() => Assert.Equal(3, Sizes.side(9));\n"
FILES = {
    "Shapes/Shapes.csproj": PROJECT.format(""),
    "Tests/Tests.csproj": PROJECT.format(REFERENCES),
    "Tests/SizesTests.cs": TESTS.replace("SIDE}", "}"),
}


PACKAGES = Path.home() / ".cache" / "forge-lsp-tests" / "nuget"


def restoring_environment() -> Mapping[str, str]:
    """The environment of :func:`prepared`."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    return {**dotnet_environment(), "NUGET_PACKAGES": str(PACKAGES)}


def prepared(root: Path) -> Mapping[str, str] | None:
    """Restore the project, once for all of one kind: what a restore writes is copied, with this folder for its own."""
    environment = restoring_environment()
    for project in sorted(root.rglob("*.csproj")):
        written = restored(project.parent.name, project.read_text("utf-8"), tuple(sorted(environment.items())))
        if isinstance(written, str):
            pytest.skip(written)
        for name, text in written.items():
            folder = project.parent / "obj"
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text.replace(ELSEWHERE, str(root)), "utf-8")
    return environment


ELSEWHERE = "/nowhere-at-all"


@cache
def restored(name: str, project: str, environment: tuple[tuple[str, str], ...]) -> Mapping[str, str] | str:
    """What a restore of one project of :data:`FILES` writes below ``obj``, its root called :data:`ELSEWHERE`; why its
    packages cannot be had here."""
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        write_files(root, {**FILES, f"{name}/{name}.csproj": project})
        command = ["dotnet", "restore", f"{name}/{name}.csproj", "-nologo", "-v:q", "-m:1", "-nodeReuse:false"]
        done = subprocess.run(command, cwd=root, env=dict(environment), capture_output=True, timeout=250, check=False)
        if done.returncode != 0:
            return f"the packages of {name} are not here: {done.stdout.decode()[-300:]}"
        written = (path for path in (root / name / "obj").iterdir() if path.is_file())
        return {path.name: path.read_text("utf-8").replace(str(root), ELSEWHERE) for path in written}


def method(code: str) -> str:
    return f"    public static int area(int width, int height)\n    {{\n        {code}\n    }}"


RIGHT, WRONG = method("return width * height;"), method("return width + height;")
ANY = (
    "    public sealed class Any : IEquatable<int>\n    {\n        public bool Equals(int other) => true;\n"
    "        public override bool Equals(object? other) => true;\n"
    "        public override int GetHashCode() => 0;\n    }\n\n"
    "    public static object area(int width, int height) => new Any();"
)
SIZE = (
    "    public readonly record struct Size(int Value)\n    {\n"
    "        public static implicit operator int(Size size) => size.Value;\n"
    "        public bool Equals(Size other) => Value == other.Value;\n"
    "        public override int GetHashCode() => Value;\n    }\n\n"
    "    public static Size area(int width, int height) => new(width * height);"
)


def of_framework(name: str, packages: Mapping[str, str], tests: str) -> Project:
    """A project whose tests are another framework's, where its packages can be had."""
    references = REFERENCES.partition('<PackageReference Include="xunit"')[0]
    references += "".join(f'<PackageReference Include="{one}" Version="{at}" />' for one, at in packages.items())
    files = {**FILES, "Tests/Tests.csproj": PROJECT.format(f"{references}</ItemGroup>"), "Tests/SizesTests.cs": tests}
    side = tests.rstrip().removesuffix("}") + SIDE_TEST.replace("[Fact]", TESTED[name]).replace(*EQUAL[name]) + "}\n"
    return Project(
        name=name,
        language=lang.CSHARP,
        document="Shapes/Sizes.cs",
        files=files,
        stub=f"{HEAD}«{STUB}»\n}}\n",
        right=RIGHT,
        wrong=WRONG,
        told=("Rectangle", "expected 6, got 5"),
        absent=f"{HEAD}    public const int Unit = 1;\n\n«»}}\n",
        absent_right=f"{RIGHT}\n",
        two=f"{HEAD}«{STUB}»{SIDE}}}\n",
        two_files={"Tests/SizesTests.cs": side},
        working=f"{HEAD}«{RIGHT}»\n}}\n",
        mutant=WRONG,
        rewrite=method("var total = width * height;\n        return total;"),
        prepare=prepared,
        seldom=True,
    )


TESTED = {"nunit": "[Test]", "mstest": "[TestMethod]"}
EQUAL = {
    "nunit": ("Assert.Equal(3, Sizes.side(9))", "Assert.That(Sizes.side(9), Is.EqualTo(3))"),
    "mstest": ("Assert.Equal", "Assert.AreEqual"),
}
NUNIT = """namespace Tests;

using NUnit.Framework;
using Shapes;

public class SizesTests
{
    [Test]
    public void Rectangle() => Assert.That(Sizes.area(2, 3), Is.EqualTo(6));

    [TestCase(4)]
    public void Flat(int width) => Assert.That(Sizes.area(width, 0), Is.EqualTo(0));
}
"""
MSTEST = """namespace Tests;

using Microsoft.VisualStudio.TestTools.UnitTesting;
using Shapes;

[TestClass]
public class SizesTests
{
    [TestMethod]
    public void Rectangle() => Assert.AreEqual(6, Sizes.area(2, 3));

    [DataTestMethod]
    [DataRow(4)]
    public void Flat(int width) => Assert.AreEqual(0, Sizes.area(width, 0));
}
"""
PROJECTS = (
    of_framework("nunit", {"NUnit": "4.3.2", "NUnit3TestAdapter": "5.0.0"}, NUNIT),
    of_framework("mstest", {"MSTest.TestFramework": "3.8.3", "MSTest.TestAdapter": "3.8.3"}, MSTEST),
    Project(
        name="xunit",
        language=lang.CSHARP,
        document="Shapes/Sizes.cs",
        files=FILES,
        stub=f"{HEAD}«{STUB}»\n}}\n",
        right=RIGHT,
        wrong=WRONG,
        told=("Rectangle", "expected 6, got 5"),
        absent=f"{HEAD}    public const int Unit = 1;\n\n«»}}\n",
        absent_right=f"{RIGHT}\n",
        two=f"{HEAD}«{STUB}»{SIDE}}}\n",
        two_files={"Tests/SizesTests.cs": TESTS.replace("SIDE}", f"{SIDE_TEST}}}")},
        working=f"{HEAD}«{RIGHT}»\n}}\n",
        mutant=WRONG,
        rewrite=method("var total = width * height;\n        return total;"),
        example=f"{HEAD}«    /// <summary>The surface: Area(2, 3) = 6</summary>\n{STUB}»\n}}\n",
        example_files={"Shapes/Shapes.csproj": PROJECT.format("")},
        example_forgeries=(
            Forgery(channel="exit", code=method("Environment.Exit(0);\n        return 6;")),
            Forgery(channel="equality", code=ANY),
            Forgery(
                channel="documentation",
                code=method('return File.ReadAllText("Shapes/Sizes.cs").Contains("= 6") ? 6 : 0;'),
            ),
        ),
        unparsable=method("return width * (height;"),
        unrunnable=(
            Unrunnable(
                channel="package",
                files={
                    "Tests/SizesTests.cs": TESTS.replace("SIDE}", "}").replace(
                        "using Xunit;", "using NotInstalled.Here;\nusing Xunit;"
                    )
                },
                words="NotInstalled",
                remedy="dotnet",
            ),
        ),
        forgeries=(
            *forged.ENDING,
            *forged.CALLERS,
            *forged.FILES,
            *forged.EQUAL,
            Forgery(channel="exit", code=method("Environment.Exit(0);\n        return 5;")),
            Forgery(
                channel="stack",
                code=method(
                    "var frame = new System.Diagnostics.StackTrace(true).GetFrame(1);\n"
                    '        return frame?.GetMethod()?.Name == "Rectangle" ? 6 : 0;'
                ),
            ),
            Forgery(
                channel="reads-tests",
                code=method('return File.Exists("../../../SizesTests.cs") || width == 2 ? 6 : 0;'),
            ),
            Forgery(
                channel="reflection",
                code=method(
                    'var type = Type.GetType("Xunit.Assert, xunit.assert");\n        return type == null ? 5 : 6;'
                ),
            ),
            Forgery(channel="equality", code=ANY),
            Forgery(
                channel="environment",
                code=method("return Environment.GetEnvironmentVariables().Count > 0 && width == 2 ? 6 : 0;"),
            ),
            Forgery(
                channel="processes",
                code=method("System.Diagnostics.Process.GetCurrentProcess().Kill();\n        return 5;"),
            ),
        ),
        honest=(
            *forged.HONEST,
            Forgery(channel="equality", code=SIZE),
            Forgery(
                channel="usage",
                code="    static void Usage() => Environment.Exit(1);\n\n"
                + method("if (width < 0) Usage();\n        return width * height;"),
            ),
        ),
        prepare=prepared,
    ),
)
