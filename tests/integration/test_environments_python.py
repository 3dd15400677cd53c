"""The ways to keep a Python project's environment: each is found, and its packages are seen in the sandbox."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
import venv
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.python.interpreters import interpreter_of
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.sandbox.interpreters import own_interpreter
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files

DOCUMENT = "shapes.py"
TEXT = "import installed_there\n\n\n«def area(w, h):\n    return w * h * installed_there.one()»\n"
RIGHT = "def area(w, h):\n    return installed_there.one() * w * h"
TESTS = (
    "import unittest\n\nfrom shapes import area\n\n\nclass Case(unittest.TestCase):\n"
    "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a package."""
    folder = tmp_path_factory.mktemp("environments") / "made"
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next((folder / "lib").glob("python3*")) / "site-packages"
    (packages / "installed_there.py").write_text("def one() -> int:\n    return 1\n")
    return folder


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def task(root: Path, workspace: Path | None = None) -> Task:
    write_files(root, {DOCUMENT: TEXT.replace("«", "").replace("»", ""), "test_shapes.py": TESTS})
    return task_of(TEXT, language=lang.PYTHON, path=root / DOCUMENT, workspace=workspace or root, name="area")


def moved(made: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(made, target, symlinks=True)
    return target


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:8]


Arranged = tuple[Mapping[str, str], str | None]


def in_project(name: str) -> Callable[[Path, Path, Path], Arranged]:
    def arrange(root: Path, home: Path, made: Path) -> Arranged:
        moved(made, root / name)
        return {}, None

    return arrange


def linked(root: Path, home: Path, made: Path) -> Arranged:
    (root / ".venv").symlink_to(moved(made, home / "envs/linked"))
    return {}, None


def above_the_package(root: Path, home: Path, made: Path) -> Arranged:
    moved(made, root.parent / ".venv")
    write_files(root.parent, {".git/HEAD": ""})
    return {}, None


def virtual_env(root: Path, home: Path, made: Path) -> Arranged:
    return {"VIRTUAL_ENV": str(moved(made, home / "envs/active"))}, None


def conda_prefix(root: Path, home: Path, made: Path) -> Arranged:
    target = moved(made, home / "miniconda3/envs/shapes")
    return {"CONDA_PREFIX": str(target), "CONDA_DEFAULT_ENV": "shapes"}, None


def conda_by_name(root: Path, home: Path, made: Path) -> Arranged:
    target = moved(made, home / "miniconda3/envs/shapes")
    write_files(home, {".conda/environments.txt": f"{home}/miniconda3\n{target}\n"})
    write_files(root, {"environment.yml": "name: shapes\ndependencies: [python]\n"})
    return {}, None


def first_on_path(root: Path, home: Path, made: Path) -> Arranged:
    return {"PATH": f"{moved(made, home / 'envs/first')}/bin:/usr/bin:/bin"}, None


def poetry(root: Path, home: Path, made: Path) -> Arranged:
    write_files(root, {"pyproject.toml": '[tool.poetry]\nname = "My Shapes"\nversion = "1"\n'})
    moved(made, home / f".cache/pypoetry/virtualenvs/my_shapes-{digest(str(root.resolve()))}-py3.11")
    return {}, None


def hatch(root: Path, home: Path, made: Path) -> Arranged:
    write_files(root, {"pyproject.toml": '[project]\nname = "shapes"\nversion = "1"\n'})
    moved(made, home / f".local/share/hatch/env/virtual/shapes/{digest(str(root))}/shapes")
    return {}, None


def pdm(root: Path, home: Path, made: Path) -> Arranged:
    target = moved(made, home / ".local/share/pdm/venvs/shapes-abc-3.11")
    write_files(root, {".pdm-python": f"{target}/bin/python\n"})
    return {}, None


def pipenv(root: Path, home: Path, made: Path) -> Arranged:
    target = moved(made, home / ".local/share/virtualenvs/shapes-abc")
    (target / ".project").write_text(str(root))
    return {}, None


def uv_elsewhere(root: Path, home: Path, made: Path) -> Arranged:
    write_files(root, {"pyproject.toml": '[project]\nname = "shapes"\n'})
    return {"UV_PROJECT_ENVIRONMENT": str(moved(made, home / "envs/uv"))}, None


def ty_settings(root: Path, home: Path, made: Path) -> Arranged:
    target = moved(made, home / "envs/typed")
    write_files(root, {"pyproject.toml": f'[tool.ty.environment]\npython = "{target}"\n'})
    return {}, None


def tox(root: Path, home: Path, made: Path) -> Arranged:
    moved(made, root / ".tox/py311")
    return {}, None


def named_program(root: Path, home: Path, made: Path) -> Arranged:
    return {}, f"{moved(made, home / 'envs/named')}/bin/python"


def named_folder(root: Path, home: Path, made: Path) -> Arranged:
    moved(made, root / "tools/python")
    del home
    return {}, "${workspaceFolder}/tools/python"


WAYS: dict[str, Callable[[Path, Path, Path], Arranged]] = {
    ".venv": in_project(".venv"),
    "venv that git does not ignore": in_project("venv"),
    "pixi": in_project(".pixi/envs/default"),
    "a link": linked,
    "above the package": above_the_package,
    "VIRTUAL_ENV": virtual_env,
    "CONDA_PREFIX": conda_prefix,
    "conda by name": conda_by_name,
    "first on PATH": first_on_path,
    "poetry": poetry,
    "hatch": hatch,
    "pdm": pdm,
    "pipenv": pipenv,
    "uv elsewhere": uv_elsewhere,
    "settings of ty": ty_settings,
    "tox": tox,
    "a program by setting": named_program,
    "a folder by setting": named_folder,
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_packages_of_the_project_s_environment_are_seen(
    sandbox: Sandbox, tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    root, home = tmp_path / "work" / "project", tmp_path / "home"
    root.mkdir(parents=True)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    environment, named = WAYS[way](root, home, made)
    known = {"HOME": str(home), "PATH": "/usr/bin:/bin", **environment}
    toolchain = PythonToolchain(sandbox, timeout=60, environment=known, interpreter=named)
    shapes = task(root)
    report = await toolchain.build(shapes, with_code(shapes, RIGHT))
    assert report.compiled is True, (report.reason, report.remedy)
    found = await toolchain.evidence(shapes, candidate_of(shapes, RIGHT))
    assert [result.status for result in found.results] == [CheckStatus.KEPT], found


async def test_an_environment_that_git_does_not_ignore_is_seen_in_a_copy(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "boxes"))
    try:
        copying = await chooser.choose()
        root = tmp_path / "project"
        moved(made, root / "my-environment")
        toolchain = PythonToolchain(copying, timeout=60, environment={}, interpreter="my-environment")
        shapes = task(root)
        report = await toolchain.build(shapes, with_code(shapes, RIGHT))
        assert report.compiled is True, (report.reason, report.remedy)
        assert (root / "my-environment/bin/python").is_symlink(), "nothing is changed in the project"
    finally:
        chooser.close()


async def test_a_named_one_that_is_none_is_told_and_no_other_is_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text("#!/bin/sh\nexec python3\n")
    shim.chmod(0o755)
    shapes = task(tmp_path / "project")
    for named in (str(shim), "python9.99", str(tmp_path)):
        toolchain = PythonToolchain(sandbox, timeout=60, environment=dict(os.environ), interpreter=named)
        report = await toolchain.build(shapes, with_code(shapes, RIGHT))
        assert (report.compiled, named in (report.reason or "")) == (None, True)
        found = await toolchain.evidence(shapes, candidate_of(shapes, RIGHT))
        assert named in (found.blocked or "")


async def test_what_is_nowhere_is_to_be_installed_for_the_project_not_for_this_server(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    shapes = task(tmp_path)
    report = await PythonToolchain(sandbox, timeout=60).build(shapes, with_code(shapes, RIGHT))
    assert report.compiled is None
    assert "installed_there is not installed" in (report.reason or "")
    assert sys.executable not in (report.remedy or "")
    assert "check.python.interpreter" in (report.remedy or "")


def test_the_python_of_path_is_taken_where_the_project_s_packages_are_there(tmp_path: Path, made: Path) -> None:
    base = Path(sys.base_prefix)
    prefix = tmp_path / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = prefix / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (prefix / "bin").mkdir()
    shutil.copy(base / "bin" / version, prefix / "bin" / version)
    (prefix / "bin/python3").symlink_to(version)
    (prefix / "lib" / version / "os.py").touch()
    place = place_of(task(tmp_path / "project"))
    environment = {"PATH": f"{prefix}/bin"}
    del made
    assert interpreter_of(place, environment).prefix == own_interpreter().prefix
    write_files(tmp_path / "project", {"requirements.txt": "installed-there >= 1\npytest\n"})
    assert interpreter_of(place, environment).prefix == own_interpreter().prefix
    (packages / "installed_there-1.0.dist-info").mkdir()
    (packages / "pytest-9.0.dist-info").mkdir()
    assert interpreter_of(place, environment).prefix == prefix
