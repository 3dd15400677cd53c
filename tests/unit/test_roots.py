"""Which folder is the top of the project that a package is part of."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.cli.files import workspace_of
from forge_lsp.roots import project_root
from tests.support.builds import task_of, write_files

TOPS = {
    "git": {".git/HEAD": ""},
    "a worktree of git": {".git": "gitdir: elsewhere\n"},
    "pnpm": {"pnpm-workspace.yaml": "packages: ['packages/*']\n"},
    "npm": {"package.json": '{"workspaces": ["packages/*"]}'},
    "lock of npm": {"package-lock.json": "{}"},
    "lock of yarn": {"yarn.lock": ""},
    "go": {"go.work": "go 1.24\n"},
    "cargo": {"Cargo.toml": "[workspace]\nmembers = ['packages/*']\n"},
    "cargo, shared keys alone": {"Cargo.toml": "[workspace.package]\nedition = '2021'\n"},
    "uv": {"uv.lock": "version = 1\n"},
    "uv, before it is locked": {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']\n"},
    "maven": {"pom.xml": "<project><modules><module>packages/one</module></modules></project>"},
    "gradle": {"settings.gradle.kts": 'include("packages:one")'},
    "solution": {"All.sln": ""},
    "shared properties": {"Directory.Build.props": "<Project/>"},
    "cmake": {"CMakeLists.txt": "project(all)\nadd_subdirectory(packages/one)\n"},
}


@pytest.mark.parametrize("files", TOPS.values(), ids=TOPS)
def test_a_package_is_part_of_the_project_around_it(tmp_path: Path, files: dict[str, str]) -> None:
    top = tmp_path / "top"
    package = top / "packages" / "one"
    write_files(top, {**files, "packages/one/package.json": "{}", "packages/one/src/a.ts": ""})
    assert project_root(package) == top
    assert workspace_of(package / "src/a.ts") == top
    place = place_of(task_of("x", path=package / "src/a.ts", workspace=package))
    assert (place.source, place.document) == (top.resolve(), PurePosixPath("packages/one/src/a.ts"))


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[project]\nname = 'other'\n"},
        {"package.json": '{"name": "other"}'},
        {"package-lock.json": "{}", "packages/one/package-lock.json": "{}"},
        {"Cargo.toml": "[package]\nname = 'other'\n"},
        {"pom.xml": "<project/>"},
        {".git/HEAD": "", "packages/one/.git": "gitdir: ../.git/modules/one\n"},
    ],
)
def test_what_stands_by_itself_is_no_part_of_what_is_above(tmp_path: Path, files: dict[str, str]) -> None:
    write_files(tmp_path, {**files, "packages/one/package.json": "{}"})
    assert project_root(tmp_path / "packages/one") == tmp_path / "packages/one"


def test_nothing_above_a_repository_counts(tmp_path: Path) -> None:
    write_files(tmp_path, {"go.work": "", "repository/.git/HEAD": "", "repository/inner/go.mod": "module m\n"})
    assert project_root(tmp_path / "repository/inner") == tmp_path / "repository"


def test_the_home_folder_and_a_folder_of_everybody_are_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(
        tmp_path, {".git/HEAD": "", "one/package.json": "{}", "all/yarn.lock": "", "all/two/package.json": "{}"}
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    assert project_root(tmp_path / "one") == tmp_path / "one"
    assert workspace_of(tmp_path / "one/a.js") == tmp_path / "one"
    assert project_root(tmp_path / "all/two") == tmp_path / "all"
    (tmp_path / "all").chmod(0o777)
    assert project_root(tmp_path / "all/two") == tmp_path / "all/two"


def test_settings_of_ours_in_a_package_are_those_of_its_workspace(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {".git/HEAD": "", "apps/forge.toml": "", "apps/one/package.json": "{}", "apps/one/a.js": "", "two/b.js": ""},
    )
    assert workspace_of(tmp_path / "apps/one/a.js") == tmp_path / "apps"
    assert workspace_of(tmp_path / "two/b.js") == tmp_path


def test_files_of_other_packages_are_in_place(tmp_path: Path) -> None:
    write_files(tmp_path, {"go.work": "", "one/go.mod": "", "two/b.go": ""})
    (tmp_path / "link").symlink_to(tmp_path / "one")
    task = task_of("x", path=tmp_path / "link/a.go", workspace=tmp_path / "link", buffers={tmp_path / "two/b.go": "b"})
    place = place_of(task)
    assert place.document == PurePosixPath("one/a.go")
    assert place.overlay == {PurePosixPath("two/b.go"): b"b"}
    assert place_of(task_of("x", workspace=tmp_path / "one")).document.parent == PurePosixPath("one")
