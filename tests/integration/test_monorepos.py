"""Packages of larger projects, checked from the package's own folder: what they need lies above it."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files
from tests.support.tools import dotnet_environment, typescript_folder


@dataclass(frozen=True, kw_only=True)
class Project:
    """``files`` of a whole project, of which the folder ``package`` is opened; in ``document`` the scope is marked."""

    language: Language
    files: Mapping[str, str]
    package: str
    document: str
    right: str
    wrong: str
    refused: str
    modules: str | None = None


PROJECTS = {
    "typescript": Project(
        language=lang.TYPESCRIPT,
        files={
            "package.json": '{"private": true, "workspaces": ["packages/*"]}',
            "tsconfig.base.json": '{"compilerOptions": {"strict": true, "target": "es2022", "module": "nodenext"}}',
            "packages/one/package.json": '{"name": "one", "type": "module", "dependencies": {"two": "*"}}',
            "packages/one/tsconfig.json": '{"extends": "../../tsconfig.base.json", "include": ["src"]}',
            "packages/one/src/a.ts": 'import { two } from "two";\n\n'
            "«export function area(w: number, h: number): number {\n  return w * h * two();\n}»\n",
            "packages/two/package.json": '{"name": "two", "type": "module", "exports": "./index.ts"}',
            "packages/two/index.ts": "export function two(): number {\n  return 2;\n}\n",
        },
        package="packages/one",
        document="packages/one/src/a.ts",
        right="export function area(w: number, h: number): number {\n  return two() * w * h;\n}",
        wrong="export function area(w: number, h: number): number {\n  return two(w) * h;\n}",
        refused="Expected 0 arguments",
    ),
    "python": Project(
        language=lang.PYTHON,
        files={
            ".git/HEAD": "ref: refs/heads/main\n",
            "packages/one/pyproject.toml": "[project]\nname = 'one'\n",
            "packages/one/one.py": "import installed_above\n\n\n"
            "«def area(w, h):\n    return w * h * installed_above.two()»\n",
        },
        package="packages/one",
        document="packages/one/one.py",
        right="def area(w, h):\n    return installed_above.two() * w * h",
        wrong="def area(w, h):\n    return installed_above.three() * w * h",
        refused="three",
    ),
    "rust": Project(
        language=lang.RUST,
        files={
            "Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n\n'
            '[workspace.package]\nversion = "0.1.0"\nedition = "2021"\n\n'
            '[workspace.dependencies]\ntwo = { path = "two" }\n',
            "one/Cargo.toml": '[package]\nname = "one"\nversion.workspace = true\nedition.workspace = true\n\n'
            "[dependencies]\ntwo.workspace = true\n",
            "one/src/lib.rs": "«pub fn area(w: i32, h: i32) -> i32 {\n    w * h * two::two()\n}»\n",
            "two/Cargo.toml": '[package]\nname = "two"\nversion.workspace = true\nedition.workspace = true\n',
            "two/src/lib.rs": "pub fn two() -> i32 {\n    2\n}\n",
        },
        package="one",
        document="one/src/lib.rs",
        right="pub fn area(w: i32, h: i32) -> i32 {\n    two::two() * w * h\n}",
        wrong="pub fn area(w: i32, h: i32) -> i32 {\n    two::three() * w * h\n}",
        refused="three",
    ),
    "go": Project(
        language=lang.GO,
        files={
            "go.work": "go 1.24\n\nuse (\n\t./one\n\t./two\n)\n",
            "one/go.mod": "module example.com/one\n\ngo 1.24\n\nrequire example.com/two v0.0.0\n",
            "one/a.go": 'package one\n\nimport "example.com/two"\n\n'
            "«func Area(w, h int) int {\n\treturn w * h * two.Two()\n}»\n",
            "two/go.mod": "module example.com/two\n\ngo 1.24\n",
            "two/b.go": "package two\n\nfunc Two() int {\n\treturn 2\n}\n",
        },
        package="one",
        document="one/a.go",
        right="func Area(w, h int) int {\n\treturn two.Two() * w * h\n}",
        wrong="func Area(w, h int) int {\n\treturn two.Three() * w * h\n}",
        refused="Three",
    ),
    "csharp": Project(
        language=lang.CSHARP,
        files={
            "All.slnx": '<Solution><Project Path="one/One.csproj" /></Solution>\n',
            "Directory.Build.props": "<Project><PropertyGroup><TargetFramework>net10.0</TargetFramework>"
            "<Nullable>enable</Nullable><DefineConstants>$(DefineConstants);ABOVE</DefineConstants>"
            "</PropertyGroup></Project>\n",
            "one/One.csproj": '<Project Sdk="Microsoft.NET.Sdk" />\n',
            "one/Shapes.cs": "namespace One;\n\npublic static class Shapes\n{\n"
            "    «public static int Area(int w, int h)\n    {\n        return w * h;\n    }»\n}\n",
        },
        package="one",
        document="one/Shapes.cs",
        right="public static int Area(int w, int h)\n    {\n        return h * w;\n    }",
        wrong="public static int Area(int w, int h)\n    {\n        return h * x;\n    }",
        refused="'x'",
    ),
    "java": Project(
        language=lang.JAVA,
        files={
            "pom.xml": "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>all</artifactId>"
            "<version>1</version><packaging>pom</packaging><modules><module>one</module><module>two</module></modules>"
            "</project>\n",
            "one/pom.xml": "<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId>"
            "<artifactId>all</artifactId><version>1</version></parent><artifactId>one</artifactId><dependencies>"
            "<dependency><groupId>g</groupId><artifactId>two</artifactId><version>1</version></dependency>"
            "</dependencies></project>\n",
            "one/src/main/java/one/Shapes.java": "package one;\n\nimport two.Two;\n\npublic class Shapes {\n"
            "    «public static int area(int w, int h) {\n        return w * h * Two.two();\n    }»\n}\n",
            "two/pom.xml": "<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId>"
            "<artifactId>all</artifactId><version>1</version></parent><artifactId>two</artifactId></project>\n",
            "two/src/main/java/two/Two.java": "package two;\n\npublic class Two {\n"
            "    public static int two() {\n        return 2;\n    }\n}\n",
        },
        package="one",
        document="one/src/main/java/one/Shapes.java",
        right="public static int area(int w, int h) {\n        return Two.two() * w * h;\n    }",
        wrong="public static int area(int w, int h) {\n        return Two.three() * w * h;\n    }",
        refused="three",
    ),
    "c": Project(
        language=lang.C,
        files={
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.16)\nproject(all C)\n"
            "include_directories(include)\nadd_subdirectory(one)\n",
            "include/two.h": "#define TWO 2\n",
            "one/CMakeLists.txt": "add_library(one shapes.c)\n",
            "one/shapes.c": "#include <two.h>\n\n«int area(int w, int h)\n{\n    return w * h * TWO;\n}»\n",
        },
        package="one",
        document="one/shapes.c",
        right="int area(int w, int h)\n{\n    return TWO * w * h;\n}",
        wrong="int area(int w, int h)\n{\n    return THREE * w * h;\n}",
        refused="THREE",
    ),
}
PROGRAMS = {"rust": "cargo", "go": "go", "java": "javac", "c": "gcc"}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def prepared(name: str, root: Path) -> Mapping[str, str]:
    """What is installed in the project's top folder. Returns the environment to check it with."""
    program = PROGRAMS.get(name)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if name == "typescript":
        modules = root / "node_modules"
        modules.mkdir()
        (modules / "typescript").symlink_to(typescript_folder("5") / "node_modules/typescript")
        (modules / "two").symlink_to("../packages/two")
    if name == "python":
        venv.create(root / ".venv", symlinks=True, with_pip=False)
        packages = next((root / ".venv/lib").glob("python*")) / "site-packages"
        (packages / "installed_above.py").write_text("def two() -> int:\n    return 2\n")
    return dotnet_environment() if name == "csharp" else dict(os.environ)


@pytest.mark.parametrize("name", PROJECTS)
async def test_a_package_is_checked_with_what_lies_above_it(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    case = PROJECTS[name]
    marked = case.files[case.document]
    write_files(tmp_path, {**case.files, case.document: marked.replace("«", "").replace("»", "")})
    environment = prepared(name, tmp_path)
    if name == "csharp":
        restore(tmp_path / "one", environment)
    task = task_of(
        marked,
        language=case.language,
        path=tmp_path / case.document,
        workspace=tmp_path / case.package,
        name="Area" if "Area" in marked else "area",
    )
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={}, environment=environment)[case.language]
    report = await toolchain.build(task, with_code(task, case.right))
    assert report.compiled is True, (report.reason, report.diagnostics)
    report = await toolchain.build(task, with_code(task, case.wrong))
    assert report.compiled is False, report.reason
    assert any(case.refused in problem.message for problem in report.diagnostics), report.diagnostics


def restore(folder: Path, environment: Mapping[str, str]) -> None:
    subprocess.run(["dotnet", "restore"], cwd=folder, env=environment, check=True, capture_output=True, timeout=200)


async def test_a_package_that_needs_what_is_not_here_is_left_out(sandbox: Sandbox, tmp_path: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    case = PROJECTS["go"]
    files = {
        **case.files,
        "go.work": "go 1.24\n\nuse (\n\t./one\n\t./two\n\t./bench\n)\n",
        case.document: case.files[case.document].replace("«", "").replace("»", ""),
        "one/a_test.go": 'package one\n\nimport "testing"\n\nfunc TestArea(t *testing.T) {\n'
        '\tif got := Area(2, 3); got != 12 {\n\t\tt.Errorf("got %d, want 12", got)\n\t}\n}\n',
        "bench/go.mod": "module example.com/bench\n\ngo 1.24\n\nrequire (\n\texample.com/one v0.0.0\n"
        "\texample.com/never-downloaded v1.2.3\n)\n",
        "bench/b.go": 'package bench\n\nimport (\n\t"example.com/never-downloaded/fast"\n\t"example.com/one"\n)\n\n'
        "var Both = one.Area(1, fast.Two)\n",
    }
    write_files(tmp_path, files)
    marked = case.files[case.document]
    path = tmp_path / case.document
    task = task_of(marked, language=lang.GO, path=path, workspace=tmp_path, name="Area")
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={}, environment=dict(os.environ))[lang.GO]
    report = await toolchain.build(task, with_code(task, case.right))
    assert report.compiled is True, report.reason
    found = await toolchain.evidence(task, candidate_of(task, case.right))
    assert [result.status for result in found.results] == [CheckStatus.KEPT], found
    report = await toolchain.build(task, with_code(task, case.wrong))
    assert report.compiled is False, report.reason


async def test_a_dependent_that_cannot_be_restored_is_left_out(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = prepared("csharp", tmp_path)
    case = PROJECTS["csharp"]
    marked = case.files[case.document]
    files = {
        **case.files,
        case.document: marked.replace("«", "").replace("»", ""),
        "samples/Sample.csproj": '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>'
        '<ProjectReference Include="../one/One.csproj" /><PackageReference Include="No.Such.Package" Version="9.9.9" />'
        "</ItemGroup></Project>\n",
        "samples/Use.cs": "namespace Sample;\n\npublic static class Use\n{\n"
        "    public static int Two => One.Shapes.Area(1, 2);\n}\n",
    }
    write_files(tmp_path, files)
    restore(tmp_path / "one", environment)
    path = tmp_path / case.document
    task = task_of(marked, language=lang.CSHARP, path=path, workspace=tmp_path, name="Area")
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={}, environment=environment)[lang.CSHARP]
    report = await toolchain.build(task, with_code(task, case.right))
    assert report.compiled is True, report.reason
