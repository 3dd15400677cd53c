"""Workspaces with files that no tool can use: the project is checked without them, in each sandbox."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.errors import SandboxUnavailable
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.folders import BoxFolders
from tests.integration import test_build_python as python
from tests.integration import test_sandbox_security
from tests.integration.builds_cases import project_task
from tests.integration.sandbox_probes import WAYS, sandbox
from tests.integration.test_sandbox_security import ordinary_python, works
from tests.support import lang
from tests.support.builds import with_code

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="these sandboxes are parts of Linux")

ordinary_folder = test_sandbox_security.ordinary_folder


def replaced(name: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    def act(workspace: Path) -> None:
        (workspace / name).unlink(missing_ok=True)
        (workspace / name).parent.mkdir(exist_ok=True)
        make(workspace / name)

    return act


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def in_bytes(name: bytes, *, folder: bool) -> Callable[[Path], None]:
    def act(workspace: Path) -> None:
        place = os.fsencode(workspace) + b"/" + name
        if folder:
            os.mkdir(place)  # noqa: PTH102 - names need not be text
        with open(place + b"/a.py" if folder else place, "wb") as file:  # noqa: PTH123
            file.write(b"x = 1\n")

    return act


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)


def linked_environment(workspace: Path) -> None:
    place = workspace.parent / "environment"
    venv.create(place, symlinks=True)
    (workspace / ".venv").symlink_to(place)


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe for .gitignore": replaced(".gitignore", os.mkfifo),
    "a pipe for pyproject.toml": replaced("pyproject.toml", os.mkfifo),
    "a pipe for a module": replaced("shapes/pipe.py", os.mkfifo),
    "a pipe for .gitignore further down": replaced("other/.gitignore", os.mkfifo),
    "a pipe for pyvenv.cfg": replaced(".venv/pyvenv.cfg", os.mkfifo),
    "a device for .gitignore": replaced(".gitignore", link("/dev/zero")),
    "a device for a module": replaced("shapes/zero.py", link("/dev/zero")),
    "a file of the kernel's": replaced(".gitignore", link("/proc/kmsg")),
    "a name that is no text": in_bytes(b"caf\xe9.py", folder=False),
    "a folder whose name is no text": in_bytes(b"caf\xe9", folder=True),
    "a source of 3 GB": replaced("big.py", huge),
    "data of 3 GB": replaced("big.bin", huge),
    "an environment that is a link": linked_environment,
}


async def checked(base: Path, way: str, odd: str) -> list[str]:
    """What comes of a good candidate, and of one with a wrong type, in an odd workspace below ``base``."""
    workspace = base / "workspace"
    workspace.mkdir()
    task = project_task(workspace, lang.PYTHON, python.FILES, python.FILE)
    ODD[odd](workspace)
    folders = BoxFolders(base / "boxes")
    try:
        toolchain = PythonToolchain(sandbox(way, folders), timeout=60)
        good = await toolchain.build(task, with_code(task, python.GOOD))
        bad = await toolchain.build(task, with_code(task, f'{python.HEAD}    return "wide"'))
    finally:
        folders.close()
    return [str(good.status), good.reason or "", str(bad.status)]


AS_ANY = [str(BuildStatus.PASSED), "", str(BuildStatus.FAILED)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("odd", ODD)
async def test_the_project_is_checked_all_the_same(tmp_path: Path, way: str, odd: str) -> None:
    if (reason := works(way)) is not None:
        pytest.skip(f"{way}: {reason}")
    assert await checked(tmp_path, way, odd) == AS_ANY


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("odd", ODD)
def test_the_same_as_an_ordinary_user(ordinary_folder: Path, way: str, odd: str) -> None:
    if (reason := works(way)) is not None:
        pytest.skip(f"{way}: {reason}")
    code = (
        "import asyncio, json, os, sys\nfrom pathlib import Path\n"
        "from tests.integration.test_odd_workspaces import checked\n"
        "base, way, odd, tools = sys.argv[1:]\nos.environ['HOME'] = base\n"
        "os.environ['PATH'] = f\"{tools}:{os.environ['PATH']}\"\n"
        "print(json.dumps(asyncio.run(checked(Path(base), way, odd))))\n"
    )
    script = [*ordinary_python(), "-c", code, str(ordinary_folder), way, odd, str(Path(sys.executable).parent)]
    ran = subprocess.run(script, capture_output=True, check=False, timeout=200, cwd=str(ordinary_folder))
    assert ran.returncode == 0, ran.stderr.decode()
    told = json.loads(ran.stdout)
    if "is not installed" in told[1]:
        pytest.skip(f"{told[1]} for an ordinary user")
    assert told == AS_ANY


def test_settings_that_are_no_plain_file_are_refused_to_an_ordinary_user(ordinary_folder: Path) -> None:
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom forge_lsp.core.errors import SettingsError\n"
        "from tests.unit.config.test_workspace_file import KINDS, USER, load\n"
        "taken = []\nfor number, (name, make) in enumerate(KINDS.items()):\n"
        "    base = Path(sys.argv[1], str(number))\n    (base / 'project').mkdir(parents=True)\n"
        "    (base / 'user.toml').write_text(USER)\n    make(base / 'project/forge.toml')\n"
        "    try:\n        load(base)\n    except SettingsError as refused:\n"
        "        if 'forge.toml: ' in str(refused):\n            continue\n"
        "    taken.append(name)\n"
        "print(json.dumps([taken, len(KINDS)]))\n"
    )
    script = [*ordinary_python(), "-c", code, str(ordinary_folder)]
    ran = subprocess.run(script, capture_output=True, check=False, timeout=60, cwd=str(ordinary_folder))
    assert ran.returncode == 0, ran.stderr.decode()
    taken, count = json.loads(ran.stdout)
    assert taken == []
    assert count > 10


async def test_a_command_that_stays_is_not_started_over_a_pipe(tmp_path: Path) -> None:
    if (reason := works("overlay")) is not None:
        pytest.skip(reason)
    folders = BoxFolders(tmp_path / "boxes")
    (tmp_path / "workspace").mkdir()
    os.mkfifo(tmp_path / "workspace" / ".gitignore")
    box = sandbox("overlay", folders)
    assert isinstance(box, Bubblewrap)
    try:
        with pytest.raises(SandboxUnavailable, match="gitignore"):
            await box.keep(["true"], source=tmp_path / "workspace")
    finally:
        folders.close()
