"""Which node and which JDK a project gets, where there are several, and what the settings name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.jvm.homes import java_home
from forge_lsp.checking.programs import with_program
from forge_lsp.checking.project import Place
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.checking.untrusted import UntrustedToolchain
from forge_lsp.checking.versions import with_usual_folders
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.ecmascript.node import node_of
from tests.support import lang
from tests.support.builds import write_files

MANAGERS = {
    "nvm": ".nvm/versions/node/v{}/bin/node",
    "fnm": ".local/share/fnm/node-versions/v{}/installation/bin/node",
    "volta": ".volta/tools/image/node/{}/bin/node",
    "asdf": ".asdf/installs/nodejs/{}/bin/node",
    "mise": ".local/share/mise/installs/node/{}/bin/node",
}
VERSIONS = ("18.20.4", "20.11.1", "20.9.0", "21.7.3")


def program(path: Path, text: str = "\x7fELF") -> Path:
    write_files(path.parent, {path.name: text})
    path.chmod(0o755)
    return path


def home_with(tmp_path: Path, manager: str) -> Path:
    for version in VERSIONS:
        program(tmp_path / "home" / MANAGERS[manager].format(version))
    return tmp_path / "home"


def place(tmp_path: Path, files: dict[str, str]) -> Place:
    write_files(tmp_path / "work", {**files, "pkg/a.js": ""})
    return Place(source=tmp_path / "work", document=PurePosixPath("pkg/a.js"))


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize(
    ("file", "text", "version"),
    [
        (".nvmrc", "v20\n", "20.11.1"),
        ("pkg/.nvmrc", "# ours\n18.20.4\n", "18.20.4"),
        (".nvmrc", "lts/hydrogen", "18.20.4"),
        (".nvmrc", "lts/*", "20.11.1"),
        (".node-version", "20.9\n", "20.9.0"),
        (".tool-versions", "python 3.12\nnodejs 21.7.3\n", "21.7.3"),
        ("package.json", '{"volta": {"node": "18.20.4"}}', "18.20.4"),
    ],
)
def test_the_project_s_node(tmp_path: Path, manager: str, file: str, text: str, version: str) -> None:
    home = home_with(tmp_path, manager)
    first = program(tmp_path / "bin/node")
    environment = {"HOME": str(home), "PATH": str(first.parent)}
    assert node_of(place(tmp_path, {file: text}), environment) == home / MANAGERS[manager].format(version)
    named = with_program(lang.JAVASCRIPT, str(first), environment)
    assert named is not None
    assert node_of(place(tmp_path, {}), named) == first, "what the settings name is taken before it"


def test_a_node_where_the_project_asks_for_none_that_is_here(tmp_path: Path) -> None:
    home = home_with(tmp_path, "nvm")
    here = place(tmp_path, {".nvmrc": "v99"})
    first = program(tmp_path / "bin/node")
    assert node_of(here, {"HOME": str(home), "PATH": str(first.parent)}) == first
    program(first, "#!/bin/sh\nexec something\n")  # a shim, which finds nothing in a sandbox
    environment = {"HOME": str(home), "PATH": str(first.parent)}
    assert node_of(here, environment) == home / MANAGERS["nvm"].format("21.7.3")
    write_files(home, {".nvm/alias/default": "20\n"})
    assert node_of(here, environment) == home / MANAGERS["nvm"].format("20.11.1")
    assert node_of(here, {"PATH": "/nonexistent"}) is None


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({".sdkmanrc": "# keep\njava=17.0.9-tem\n"}, "17.0.9-tem"),
        ({".java-version": "21\n"}, "21.0.2-open"),
        ({".tool-versions": "java 17\n"}, "17.0.9-tem"),
        ({".sdkmanrc": "java=8.0-none\n"}, None),
        ({}, None),
    ],
)
def test_the_project_s_jdk(tmp_path: Path, files: dict[str, str], found: str | None) -> None:
    candidates = tmp_path / "home/.sdkman/candidates/java"
    for version in ("17.0.9-tem", "21.0.2-open"):
        program(candidates / version / "bin/javac")
    home = java_home(place(tmp_path, files), {"HOME": str(tmp_path / "home")})
    assert home == (candidates / found if found is not None else None)


def test_a_named_program_is_found_first(tmp_path: Path) -> None:
    for name in ("jdk/bin/javac", "jdk/bin/java", "sdk/dotnet", "bin/g++-99", "go/bin/go"):
        program(tmp_path / name)
    base = {"PATH": "/usr/bin", "JAVA_HOME": "/other"}
    java = with_program(lang.JAVA, str(tmp_path / "jdk"), base)
    assert java is not None
    assert java["JAVA_HOME"] == str(tmp_path / "jdk")
    assert with_program(lang.JAVA, str(tmp_path / "jdk/bin/javac"), base) == {
        **java,
        "FORGE_CHECK_INTERPRETER": str(tmp_path / "jdk/bin/javac"),
    }
    csharp = with_program(lang.CSHARP, str(tmp_path / "sdk/dotnet"), base)
    assert csharp is not None
    assert csharp["DOTNET_ROOT"] == str(tmp_path / "sdk")
    cpp = with_program(lang.CPP, str(tmp_path / "bin/g++-99"), base)
    assert cpp is not None
    assert cpp["CXX"] == str(tmp_path / "bin/g++-99")
    go = with_program(lang.GO, "go", {"PATH": f"{tmp_path}/go/bin"})
    assert go is not None
    assert go["PATH"].startswith(f"{tmp_path}/go/bin")
    rust = with_program(lang.RUST, "nightly", base)
    assert rust is not None
    assert rust["RUSTUP_TOOLCHAIN"] == "nightly"
    assert with_program(lang.GO, None, base) is base


def test_a_named_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert with_program(lang.GO, "/nowhere/go", {"PATH": ""}) is None
    sandbox: Sandbox = None  # type: ignore[assignment] - nothing is run  # pyright: ignore
    made = toolchains(
        lang.BUILT_IN, sandbox, timeout=1, commands={}, environment={}, interpreters={lang.GO: str(tmp_path / "go")}
    )
    assert isinstance(made[lang.GO], UntrustedToolchain)
    assert not isinstance(made[lang.RUST], UntrustedToolchain)


def test_usual_folders_come_last() -> None:
    found = with_usual_folders({"PATH": "/mine:/usr/bin"})["PATH"].split(":")
    assert found[:2] == ["/mine", "/usr/bin"]
    assert "/opt/homebrew/bin" in found
    assert len(found) == len(set(found))
