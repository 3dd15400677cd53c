"""C#: dotnet build, every time again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.sdk import dotnet_environment, find_dotnet

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
    """Classes that each use the one before."""
    write(
        root / "Pkg.csproj",
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
        "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>",
    )
    for i in range(files):
        lines = ["namespace Pkg;", f"public class C{i}", "{", "    public int N = 1;"]
        for k in range(METHODS):
            lines += [
                f"    public int F{k}(IEnumerable<int> xs, Dictionary<string, int> d)",
                "    {",
                "        var t = 0;",
            ]
            lines.append(
                f"        foreach (var x in xs) if (d.TryGetValue(x.ToString(), out var v)) t += x * {k + 1} + v;"
            )
            lines += ["        return t + N;", "    }"]
        lines += [f"    public C{i - 1} Prev() => new C{i - 1}();"] if i else []
        write(root / f"C{i}.cs", "\n".join([*lines, "}", ""]))
    return "C1.cs"


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del file
    dotnet = find_dotnet(known)
    if dotnet is None:
        return None
    restore = (str(dotnet), "restore", "-nologo", "-v:q")
    subprocess.run(restore, cwd=root, env={**os.environ, **dotnet_environment(dotnet, known)}, check=True)
    flags = ("--no-restore", "-nologo", "-v:q", "-nodeReuse:false", "-p:UseSharedCompilation=false")
    return ((str(dotnet), "build", *flags),)


SUBJECT = Subject(
    language=CSHARP,
    promised=20,
    make=project,
    good=lambda n: ("return t + N;", f"return t + N + {n};"),
    commands=commands,
    environment=lambda known: (
        {**known, **dotnet_environment(dotnet, known)} if (dotnet := find_dotnet(known)) is not None else known
    ),
)
