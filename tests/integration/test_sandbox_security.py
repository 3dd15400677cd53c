"""Hostile candidates in each sandbox, as this user and, where root runs the tests, as an ordinary one."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.ports import Box, Tree
from forge_lsp.sandbox.bubblewrap import find_bwrap
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.landlock import available as landlock_missing
from forge_lsp.sandbox.limits import Limits
from forge_lsp.sandbox.probing import PROBES
from forge_lsp.sandbox.profile import interpreter_folders
from tests.integration import sandbox_probes
from tests.integration.sandbox_probes import BACKGROUND, WAYS, living, sandbox

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="these sandboxes are parts of Linux")

ROOT = Path(__file__).parents[2]
NOBODY = 65534


def works(way: str) -> str | None:
    """None, or why this way cannot be tested here."""
    if way == "landlock":
        return landlock_missing()
    if not find_bwrap():
        return "bubblewrap is not installed"
    command = [str(find_bwrap()[0]), "--unshare-all", "--ro-bind", "/", "/", "true"]
    ran = subprocess.run(command, capture_output=True, check=False)
    return None if ran.returncode == 0 else ran.stderr.decode().strip()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    reason = works(name)
    if reason is not None:
        pytest.skip(f"{name}: {reason}")
    return name


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[BoxFolders]:
    made = BoxFolders(tmp_path / "boxes")
    yield made
    made.close()


def ordinary_python() -> list[str]:
    """How root starts a Python with our packages as an ordinary user; skips where that cannot be."""
    if os.getuid() != 0:
        pytest.skip("the tests do not run as root: the other test is the ordinary user's")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    drop = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    packages = os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))])
    check = "import sys, pathspec, forge_lsp; assert sys.version_info >= (3, 11)"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        command = [*drop, "env", "-i", f"PATH={os.environ['PATH']}", f"PYTHONPATH={packages}", python, "-B"]
        if subprocess.run([*command, "-c", check], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("no Python that an ordinary user may start, with our packages")


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of the ordinary user's; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="forge-ordinary-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


async def test_nothing_gets_through(way: str, tmp_path: Path) -> None:
    outcome = await sandbox_probes.probe(way, tmp_path)
    assert {name: words for name, words in outcome.items() if words} == {}
    assert len(outcome) > 80  # the program did try


def test_nothing_gets_through_as_an_ordinary_user(way: str, request: pytest.FixtureRequest) -> None:
    python = ordinary_python()
    base: Path = request.getfixturevalue("ordinary_folder")
    script = [*python, str(ROOT / "tests/integration/sandbox_probes.py"), "probe", way, str(base)]
    ran = subprocess.run(script, capture_output=True, check=False, timeout=60, cwd=base)
    assert ran.returncode == 0, ran.stderr.decode()
    outcome: dict[str, str] = json.loads(ran.stdout)
    assert {name: words for name, words in outcome.items() if words} == {}
    assert len(outcome) > 80


async def appear(marker: str, count: int) -> None:
    async with asyncio.timeout(10):
        while len(living(marker)) < count:  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.01)


async def test_a_cancel_leaves_no_process_200_ms_later(way: str, folders: BoxFolders) -> None:
    marker = f"forge-cancel-{os.getpid()}-{way}"
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        running = asyncio.ensure_future(box.run(["sh", "-c", BACKGROUND.format(marker)], timeout=60))
        await appear(marker, 2)
        running.cancel()
        begin = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert living(marker) == []
        assert time.monotonic() - begin < 0.2


async def test_a_timeout_leaves_no_process(way: str, folders: BoxFolders) -> None:
    marker = f"forge-timeout-{os.getpid()}-{way}"
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        result = await box.run(["sh", "-c", BACKGROUND.format(marker)], timeout=1.0)
        assert result.timed_out
        assert result.code < 0
        assert living(marker) == []


async def test_an_orphan_does_not_outlive_the_command(way: str, folders: BoxFolders) -> None:
    """The command ends well, its child in another session still holds stdout."""
    marker = f"forge-orphan-{os.getpid()}-{way}"
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        script = f"setsid sh -c 'sleep 600; :' {marker} & sleep 0.2; echo done"
        result = await box.run(["sh", "-c", script], timeout=30)
        assert (result.code, result.stdout) == (0, b"done\n")
        assert living(marker) == []


def test_a_killed_server_leaves_no_process_and_its_folder_is_swept(way: str, tmp_path: Path) -> None:
    marker = f"forge-hold-{os.getpid()}-{way}"
    script = [sys.executable, str(ROOT / "tests/integration/sandbox_probes.py"), "hold", way, str(tmp_path), marker]
    server = subprocess.Popen(script, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        deadline = time.monotonic() + 20
        while len(set(living(marker)) - {server.pid}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        server.kill()
        server.wait()
    deadline = time.monotonic() + 2
    while living(marker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert living(marker) == []
    assert list(tmp_path.iterdir()) != []
    BoxFolders(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


async def python(box: Box, code: str, *, timeout: float = 30.0) -> tuple[int, str]:
    result = await box.run([sys.executable, "-I", "-S", "-c", code], timeout=timeout, readable=interpreter_folders())
    return result.code, (result.stdout + result.stderr).decode()


async def test_many_processes_are_all_ended(way: str, folders: BoxFolders) -> None:
    """A bounded fork bomb: a real one would disturb whoever shares the machine with the tests."""
    marker = f"forge-bomb-{os.getpid()}-{way}"
    bomb = "import os, time\nfor _ in range(7):\n    if os.fork() == 0:\n        os.setsid()\ntime.sleep(600)\n"
    async with sandbox(way, folders).open(Tree(source=None, files={PurePosixPath("bomb.py"): bomb.encode()})) as box:
        command = [sys.executable, "-I", "-S", "bomb.py", marker]
        running = asyncio.ensure_future(box.run(command, timeout=30, readable=interpreter_folders()))
        await appear(marker, 100)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert living(marker) == []


async def test_memory_is_bounded(way: str, folders: BoxFolders) -> None:
    limits = Limits(memory=256 * 1024 * 1024)
    async with sandbox(way, folders, limits).open(Tree(source=None, files={})) as box:
        code, words = await python(box, "b'x' * (1 << 30)")
        assert code == 1
        assert "MemoryError" in words


async def test_a_file_is_bounded(way: str, folders: BoxFolders) -> None:
    limits = Limits(file_size=1024 * 1024)
    async with sandbox(way, folders, limits).open(Tree(source=None, files={})) as box:
        code, words = await python(box, "open('big', 'wb').write(bytes(4 << 20))")
        assert code == 1
        assert "File too large" in words


FLOOD = """
import os, pathlib, sys
count, size = int(sys.argv[1]), int(sys.argv[2])
for place in (os.getcwd(), os.environ["HOME"], "/tmp"):
    folder = pathlib.Path(place, "flood")
    try:
        folder.mkdir()
    except OSError:
        continue
    for number in range(count):
        (folder / str(number)).write_bytes(bytes(size))
print("all of it")
"""


@pytest.mark.parametrize(
    ("limits", "count", "size", "words"),
    [
        (Limits(files=5000), 1_000_000, 1, "made more than 5000 files"),
        # Each file is small enough; what they take together is not.
        (Limits(disk=128 << 20, file_size=16 << 20), 400, 8 << 20, "filled more than 128 MiB of disk"),
    ],
    ids=["a million small files", "many large ones"],
)
async def test_a_flood_of_files_is_ended(
    way: str, folders: BoxFolders, limits: Limits, count: int, size: int, words: str
) -> None:
    if limits.files < 1_000_000 and not os.statvfs(folders.base).f_favail:
        pytest.skip("this file system does not count its files")
    async with sandbox(way, folders, limits).open(
        Tree(source=None, files={PurePosixPath("flood.py"): FLOOD.encode()})
    ) as box:
        command = [sys.executable, "-I", "-S", "flood.py", str(count), str(size)]
        result = await box.run(command, timeout=60, readable=interpreter_folders())
    assert (result.code, result.stdout) == (-9, b"")
    assert words in result.stderr.decode()
    assert list(folders.root.iterdir()) == []


async def test_files_in_memory_are_bounded(way: str, folders: BoxFolders) -> None:
    """/dev/shm is memory: what fits into it is little, and where it is the machine's own it is closed."""
    code = "with open('/dev/shm/big', 'wb') as file:\n    for _ in range(300):\n        file.write(bytes(1 << 20))"
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        ended, words = await python(box, code)
    assert ended == 1
    assert "No space left" in words or "Permission denied" in words or "No such file" in words
    assert not Path("/dev/shm/big").exists()  # noqa: ASYNC240


def test_processes_are_bounded_for_an_ordinary_user(way: str, request: pytest.FixtureRequest) -> None:
    command = ordinary_python()
    base: Path = request.getfixturevalue("ordinary_folder")
    code = """
import asyncio, sys
from pathlib import Path
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.limits import Limits
from forge_lsp.core.ports import Box, Tree
from tests.integration.sandbox_probes import sandbox
async def main():
    folders = BoxFolders(Path(sys.argv[2]))
    script = "i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; echo all; kill 0"
    async with sandbox(sys.argv[1], folders, Limits(processes=30)).open(Tree(source=None, files={})) as box:
        print(await box.run(["sh", "-c", script], timeout=30))
    folders.close()
asyncio.run(main())
"""
    ran = subprocess.run([*command, "-c", code, way, str(base)], capture_output=True, check=False, timeout=60, cwd=base)
    words = (ran.stdout + ran.stderr).decode()
    assert "Cannot fork" in words or "Resource temporarily unavailable" in words, words
    assert "all" not in ran.stdout.decode()


def test_the_doctor_tries_all_of_it_and_says_what_came_of_it(tmp_path: Path) -> None:
    state = {"FORGE_STATE__DIR": str(tmp_path / "state"), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **state}
    command = [sys.executable, "-m", "forge_lsp", "doctor", "--probe"]
    ran = subprocess.run([*command, "--json"], capture_output=True, check=False, timeout=120, env=environment)
    told = json.loads(ran.stdout)
    assert {one["sandbox"] for one in told["sandboxes"]} == {"bubblewrap", "landlock", "seatbelt"}
    working = {one["sandbox"]: one["probes"] for one in told["sandboxes"] if one["problem"] is None}
    assert {"landlock": works("landlock"), "bubblewrap": works("copy")}.items() >= dict.fromkeys(working).items()
    for name, probes in working.items():
        assert [probe["key"] for probe in probes] == [probe.key for probe in PROBES]
        through = {probe["key"] for probe in probes if probe["held"] is False}
        assert through <= {probe.key for probe in PROBES if probe.is_open(name)}
    assert (ran.returncode, told["ok"]) == ((0, True) if working else (1, False))
    assert not list(tmp_path.glob("forge-probe*"))
