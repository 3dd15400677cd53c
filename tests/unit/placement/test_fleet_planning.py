"""What a fleet is planned with: a server for a moment, which never outlives who asked it; and which plan holds."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.placement.calibration import Calibration
from forge_lsp.placement.devices import configured
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.control import Control
from forge_lsp.placement.fleet.server import launch
from forge_lsp.placement.fleet.state import (
    FleetSpec,
    FleetState,
    Folder,
    ServerSpec,
    ServerState,
    ServerStatus,
    Supervising,
)
from forge_lsp.placement.planning import ModelRequest, arranged
from forge_lsp.placement.timing import TimedRow

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fleet does not run on Windows")

STARTS = """
import asyncio, os, sys
from pathlib import Path
from forge_lsp.placement.fleet.server import launch

async def main():
    child = await launch(sys.argv[1], os.environ, Path(sys.argv[2]), leashed=True)
    await child.release()
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def program(folder: Path, script: str) -> str:
    path = folder / "ollama"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_leashed_server_ends_with_who_started_it_even_by_kill(tmp_path: Path) -> None:
    words = (STARTS, program(tmp_path, "exec sleep 600"), str(tmp_path / "log"))
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", *words, stdout=asyncio.subprocess.PIPE)
    assert starter.stdout is not None
    group = int(await starter.stdout.readline())
    assert await processes.until(lambda: len(processes.members(group)) == 3, 10)  # shell, server, and who holds on
    starter.kill()
    await starter.wait()
    assert await processes.until(lambda: processes.members(group) == (), 10)


async def test_a_leashed_server_that_ends_by_itself_is_seen_to_end(tmp_path: Path) -> None:
    child = await launch(program(tmp_path, "exit 3"), os.environ, tmp_path / "log", leashed=True)
    await child.release()
    assert await asyncio.wait_for(child.wait(), 10) == "ended with code 3"
    await child.close_input()
    assert await processes.until(lambda: processes.members(child.pid) == (), 10)


async def test_servers_without_a_supervisor_keep_their_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their models are in memory: a plan made beside them would take the GPUs to be full."""
    folder = Folder(tmp_path / "fleet")
    folder.make()
    me = processes.look(os.getpid())
    assert me is not None
    server = ServerSpec(key="gpu0", gpu="GPU-0", parallel=1, loaded=3)
    old = FleetSpec(program="ollama", servers=(server,), placement={"phi4": "gpu0"})
    row = ServerState(
        key="gpu0", gpu="GPU-0", port=1, log="log", status=ServerStatus.RUNNING, pid=me.pid, start=me.start, restarts=0
    )
    gone = Supervising(pid=me.pid, start="another")
    folder.write_state(FleetState(spec=old, supervisor=gone, servers=(row,)))
    begun: list[FleetSpec] = []

    async def nothing(_: Control) -> None:
        begun.append(folder.read_spec())

    async def never(_: FleetSpec) -> FleetSpec:
        raise AssertionError("planned beside servers that run")

    monkeypatch.setattr(Control, "_launch", lambda _: None)
    monkeypatch.setattr(Control, "_begin", nothing)
    monkeypatch.setattr(Control, "_settle", nothing)
    await Control(folder).up(replace(old, servers=(replace(server, loaded=9),), placement={}), never)
    assert begun[0] == old


async def test_loads_are_planned_as_fast_as_they_were_seen(tmp_path: Path) -> None:
    names = {"thinker": "phi4:14b", "coder": "codestral:22b"}
    models = [
        ModelRequest(key=key, name=name, server="gpu0", url="http://127.0.0.1:1", context=8192, gpu="GPU-0")
        for key, name in names.items()
    ]
    rows = [TimedRow(attempts=(1,), strategy="solo", thinkers=("thinker",), generator="coder")]
    guessed = await arranged(models, rows, configured({"GPU-0": 20 * 10**9}), state_dir=tmp_path)
    await Calibration(tmp_path).note_load("GPU-0", 10**9, 2.0)
    timed = await arranged(models, rows, configured({"GPU-0": 20 * 10**9}), state_dir=tmp_path)
    assert timed.devices[0].load_bandwidth == 0.5e9
    [before], [after] = guessed.scenes[1].moves, timed.scenes[1].moves
    assert (before.load, after.load) == (("coder",), ("coder",))
    assert after.seconds - 1 == pytest.approx(4 * (before.seconds - 1))  # one second goes to unloading
