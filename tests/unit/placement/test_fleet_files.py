"""The state file, the locks, and processes by their identity."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.lock import Lock, exclusive
from forge_lsp.placement.fleet.state import (
    FleetSpec,
    FleetState,
    Folder,
    ServerSpec,
    ServerState,
    ServerStatus,
    Supervising,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fleet does not run on Windows")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "fleet")
    made.make()
    return made


def test_a_state_is_read_as_it_was_written(folder: Folder) -> None:
    spec = FleetSpec(program="/bin/ollama", models=None, servers=(ServerSpec(key="gpu0", gpu="GPU-a", port=11434),))
    row = ServerState(
        key="gpu0", gpu="GPU-a", port=11434, log="x", status=ServerStatus.WAITING, pid=7, start="s", problem="p"
    )
    state = FleetState(supervisor=Supervising(pid=1, start="s"), spec=spec, servers=(row,))
    folder.write_state(state)
    assert folder.read_state() == state
    assert folder.state.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in folder.path.iterdir()) == ["logs", "state.json"], "nothing is left beside it"


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "cannot be read"), ("[]", "cannot be read"), ('{"version": 1}', "cannot be read"), ('{"version": 9}', "9")],
)
def test_a_state_of_another_make_is_told_with_its_path(folder: Folder, text: str, told: str) -> None:
    folder.state.write_text(text)
    with pytest.raises(EnvironmentFault, match=told) as caught:
        folder.read_state()
    assert str(folder.state) in str(caught.value)
    assert caught.value.remedy


def test_no_state_is_no_error(folder: Folder) -> None:
    assert folder.read_state() is None


def test_a_servers_key_does_not_lead_out_of_the_folder(folder: Folder) -> None:
    assert folder.log("../../etc/passwd").parent == folder.logs


async def test_one_holder_at_a_time_and_no_file_left(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", list[str]()

    async def hold(name: str) -> None:
        async with exclusive(path, patience=5):
            order.append(f"{name} in")
            await asyncio.sleep(0.1)
            order.append(f"{name} out")

    await asyncio.gather(*(hold(str(number)) for number in range(4)))
    assert [words.split()[1] for words in order] == ["in", "out"] * 4
    assert not path.exists()


async def test_patience_ends_with_the_holders_number(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = Lock(path)
    assert held.take("4711")
    with pytest.raises(EnvironmentFault, match="process 4711"):
        async with exclusive(path, patience=0.1):
            pass
    held.release()
    held.release()
    async with exclusive(path, patience=0.1):
        pass


def test_a_lock_is_held_on_the_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder removes the file between our opening and our locking it."""
    import fcntl

    path, lock, flock = tmp_path / "lock", fcntl.flock, list[int]()

    def removed_meanwhile(handle: int, how: int) -> None:
        if not flock:
            path.unlink()
        flock.append(handle)
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", removed_meanwhile)
    mine = Lock(path)
    assert mine.take()
    assert len(flock) == 2
    assert path.exists()
    assert not Lock(path).take()
    mine.release()


def test_a_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from forge_lsp.placement.fleet.lock import Lock; "
        "assert Lock(Path(sys.argv[1])).take('x'); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        mine = Lock(path)
        assert not mine.take()
        holder.kill()
        holder.wait()
        assert mine.take()
        mine.release()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_process_is_known_by_number_and_start(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    """By /proc and by ps, whose words are the same on macOS and Linux."""
    monkeypatch.setattr(sys, "platform", platform)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        found = processes.look(child.pid)
        assert found is not None
        assert (found.pid, found.group) == (child.pid, child.pid)
        assert found.command.endswith("sleep 60")
        assert processes.is_alive(child.pid, found.start)
        assert not processes.is_alive(child.pid, "another start")
        child.kill()
        child.wait()
        assert not processes.is_alive(child.pid, found.start)
    assert processes.look(child.pid) is None
    assert not processes.is_alive(None, None)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only where /proc tells of processes")
def test_a_process_that_has_just_become_a_program_has_its_command_line() -> None:
    """Linux empties it for a moment while the starter already knows that the program runs."""
    for _ in range(60):
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
            found = processes.look(child.pid)
            child.kill()
        assert found is not None
        assert found.command == "sleep 60"


@contextlib.contextmanager
def group(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that leads a process group of its own and has said ``ready``."""
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == b"ready\n"
        yield leader


async def test_an_end_takes_the_group_along_and_spares_a_number_given_anew() -> None:
    # A leader that heeds no SIGTERM, with a child in its group.
    script = "trap '' TERM; sleep 61 & echo ready; wait"
    with group(script) as leader:
        found = processes.look(leader.pid)
        assert found is not None
        assert not await processes.end(leader.pid, "another start", words=["sleep"], patience=0.2)
        assert processes.is_alive(leader.pid, found.start)
        assert len(processes.members(leader.pid)) == 2
        began = time.monotonic()
        assert await processes.end(leader.pid, found.start, words=["sleep"], patience=0.3)
        assert time.monotonic() - began >= 0.3, "SIGTERM came first"
        assert leader.wait(5) == -signal.SIGKILL
    assert processes.members(leader.pid) == ()


async def test_what_is_left_of_a_group_is_found_without_its_leader() -> None:
    script = "sleep 62 & echo ready; wait"
    with group(script) as leader:
        leader.kill()
        leader.wait()
        assert len(processes.members(leader.pid)) == 1
        await processes.end(leader.pid, "gone", words=["another program"], patience=0.1)
        assert len(processes.members(leader.pid)) == 1, "a stranger in the group is spared"
        assert await processes.end(leader.pid, "gone", words=["sleep 62"], patience=0.5)
    assert processes.members(leader.pid) == ()


def test_ourselves() -> None:
    me = processes.look(os.getpid())
    assert me is not None
    assert Path(sys.executable).name in me.command
