"""Which C# projects run nothing of their own when they are built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import Place
from forge_lsp.languages.csharp.plain import plain
from tests.support.builds import write_files

FRAMEWORK = "<PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>"
NO_PACKAGES = json.dumps({"libraries": {}})


def project(inside: str = "", attributes: str = 'Sdk="Microsoft.NET.Sdk"') -> str:
    return f"<Project {attributes}>{FRAMEWORK}{inside}</Project>"


def digest(root: Path, files: Mapping[str, str], *, buffers: Mapping[str, str] | None = None) -> str | None:
    """Of the projects ``p/p.csproj``."""
    assets = {"p/obj/project.assets.json": NO_PACKAGES}
    write_files(root, {"p/p.csproj": project(), **assets, **files})
    overlay = {PurePosixPath(name): text.encode() for name, text in (buffers or {}).items()}
    place = Place(source=root, document=PurePosixPath("p/A.cs"), overlay=overlay)
    return plain(place, [PurePosixPath("p/p.csproj")], {}, (root / "packages",))


def with_package(files: Mapping[str, str]) -> dict[str, str]:
    library = {"type": "package", "path": "some/1.0.0", "files": [*files, "lib/net10.0/some.dll"]}
    packages = {f"packages/some/1.0.0/{name}": text for name, text in files.items()}
    return {"p/obj/project.assets.json": json.dumps({"libraries": {"some/1.0.0": library}}), **packages}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"p/p.csproj": "\ufeff<!-- said -->\n" + project("<!-- and here -->")},
        {"p/p.csproj": project(attributes='Sdk="Microsoft.NET.Sdk.Web"')},
        {"Directory.Build.props": "<Project><PropertyGroup><Nullable>enable</Nullable></PropertyGroup></Project>"},
        {"global.json": '{"sdk": {"version": "10.0.100"}}'},
        {"p/p.csproj": project('<ItemGroup><PackageReference Include="some" Version="1" /></ItemGroup>')},
        {"p/p.csproj": project('<ItemGroup><Compile Remove="old/**" /><Using Include="System.IO" /></ItemGroup>')},
        {"p/obj/p.csproj.nuget.g.props": "<Project />", "p/obj/p.csproj.nuget.dgspec.json": "{}"},
        with_package({"build/some.props": "<Project><PropertyGroup><A>1</A></PropertyGroup></Project>"}),
    ],
)
def test_plain(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert digest(tmp_path, files) is not None


@pytest.mark.parametrize(
    "files",
    [
        {"p/p.csproj": project('<Target Name="T"><Exec Command="true" /></Target>')},
        {"p/p.csproj": project('<Import Project="x.targets" />')},
        {"p/p.csproj": project('<Sdk Name="Some.Sdk" />')},
        {"p/p.csproj": project('<UsingTask TaskName="T" AssemblyFile="t.dll" />')},
        {"p/p.csproj": project("<Choose><When Condition='true' /></Choose>")},
        {"p/p.csproj": project("<PropertyGroup><PostBuildEvent>true</PostBuildEvent></PropertyGroup>")},
        {"p/p.csproj": project("<PropertyGroup><CscToolPath>here</CscToolPath></PropertyGroup>")},
        {"p/p.csproj": project('<ItemGroup><Analyzer Include="a.dll" /></ItemGroup>')},
        {"p/p.csproj": project('<ItemGroup><EmbeddedResource Include="a.resx" /></ItemGroup>')},
        {
            "p/p.csproj": project(
                '<ItemGroup><ProjectReference Include="../q/q.csproj" OutputItemType="Analyzer" /></ItemGroup>'
            ),
            "q/q.csproj": project(),
            "q/obj/project.assets.json": NO_PACKAGES,
        },
        {"p/p.csproj": project('<ItemGroup><ProjectReference Include="../**/*.csproj" /></ItemGroup>')},
        {"p/p.csproj": project('<ItemGroup><ProjectReference Include="../gone/gone.csproj" /></ItemGroup>')},
        {"p/p.csproj": project('<ItemGroup><ProjectReference Include="../../out/out.csproj" /></ItemGroup>')},
        {"p/p.csproj": project(attributes='Sdk="Some.Sdk/1.0.0"')},
        {"p/p.csproj": project(attributes='Sdk="Microsoft.NET.Sdk" InitialTargets="T"')},
        {"p/p.csproj": '<!DOCTYPE p [<!ENTITY e "x">]>' + project()},
        {"p/p.csproj": "<Project"},
        {"Directory.Build.props": '<Project><Import Project="more.props" /></Project>'},
        {"p/Directory.Build.targets": '<Project><Target Name="T" /></Project>'},
        {"Directory.Build.rsp": "-logger:here.dll"},
        {"global.json": '{"msbuild-sdks": {"Some.Sdk": "1.0.0"}}'},
        {"global.json": '{"sdk": {"paths": ["here"]}}'},
        {"p/p.csproj.user": "<Project />"},
        {"p/obj/p.csproj.more.targets": "<Project />"},
        {"p/obj/project.assets.json": "no JSON"},
        with_package({"build/some.targets": '<Project><Target Name="T"><Exec Command="run" /></Target></Project>'}),
        with_package({"buildTransitive/some.props": '<Project>< UsingTask TaskName="T" /></Project>'}),
    ],
)
def test_not_plain(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert digest(tmp_path, files) is None


def test_a_package_that_cannot_be_read_is_not_trusted(tmp_path: Path) -> None:
    files = with_package({"build/some.props": "<Project />"})
    assert digest(tmp_path, {name: text for name, text in files.items() if not name.endswith(".props")}) is None


def test_a_project_that_is_referred_to_must_be_plain_too(tmp_path: Path) -> None:
    refers = project('<ItemGroup><ProjectReference Include="..\\q\\q.csproj" /></ItemGroup>')
    other = {"q/obj/project.assets.json": NO_PACKAGES}
    assert digest(tmp_path, {"p/p.csproj": refers, "q/q.csproj": project(), **other}) is not None
    assert digest(tmp_path, {"p/p.csproj": refers, "q/q.csproj": project('<Target Name="T" />'), **other}) is None


def test_the_digest_is_that_of_all_that_is_not_a_source(tmp_path: Path) -> None:
    props = "<Project><PropertyGroup><Nullable>enable</Nullable></PropertyGroup></Project>"
    first = digest(tmp_path, {"p/A.cs": "class A { }"})
    assert digest(tmp_path, {"p/A.cs": "class B { }", "p/New.cs": ""}) == first
    buffered = digest(tmp_path, {}, buffers={"p/p.csproj": project("<ItemGroup />")})
    assert buffered not in (None, first), "an open buffer counts before the file"
    assert digest(tmp_path, {"Directory.Build.props": props}) not in (None, first)


def test_a_file_without_a_project_is_not_kept() -> None:
    place = Place(source=None, document=PurePosixPath("A.cs"))
    assert plain(place, [PurePosixPath("project.csproj")], {}, ()) is None
