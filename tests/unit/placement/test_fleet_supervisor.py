"""The supervisor over small programs in the place of Ollama: what it starts again, what it gives up, what it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.control import urls
from forge_lsp.placement.fleet.server import free_port, rotate
from forge_lsp.placement.fleet.state import FleetSpec, Folder, ServerSpec, ServerState, ServerStatus
from forge_lsp.placement.fleet.supervisor import RestartPolicy, Supervisor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fleet does not run on Windows")

QUICK = RestartPolicy(pause=0.01, longest=0.02, failures=3, settled=30, ready=0.3, stop=0.3, look=0.05, log_size=2000)
SLEEPS = "exec sleep 600"


def program(folder: Path, script: str) -> str:
    path = folder / "ollama"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def fleet(tmp_path: Path, script: str, *keys: str) -> Folder:
    """A folder with a spec: servers of these keys, all on the same program."""
    folder = Folder(tmp_path / "fleet")
    folder.make()
    servers = tuple(ServerSpec(key=key, gpu=f"GPU-{key}") for key in keys or ("gpu0",))
    folder.write_spec(FleetSpec(program=program(tmp_path, script), servers=servers))
    return folder


async def speaks(url: str) -> str | None:
    return "0.17.4"


async def silent(url: str) -> str | None:
    return None


@asynccontextmanager
async def supervised(
    folder: Folder, *, policy: RestartPolicy = QUICK, answers: Callable[[str], object] = speaks
) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(folder, policy=policy, answers=answers)  # type: ignore[arg-type]
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(folder: Folder, true: Callable[[ServerState], bool], key: str = "gpu0") -> ServerState:
    """The row of a server, once it is so."""
    async with asyncio.timeout(20):
        while True:
            state = await asyncio.to_thread(folder.read_state)
            row = next((row for row in state.servers if row.key == key), None) if state else None
            if row is not None and true(row):
                return row
            await asyncio.sleep(0.01)


def running(row: ServerState) -> bool:
    return row.status is ServerStatus.RUNNING


async def test_a_server_that_dies_is_started_again_on_its_port(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS)
    async with supervised(folder):
        first = await until(folder, running)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        second = await until(folder, lambda row: running(row) and row.pid != first.pid)
        assert (second.restarts, second.port) == (1, first.port)
        assert urls(folder) == {"gpu0": second.url}
    assert processes.members(first.pid) == ()
    assert second.pid is not None
    assert processes.look(second.pid) is None
    assert not folder.state.exists()
    assert not folder.spec.exists()


async def test_runners_of_a_dead_server_are_ended_before_the_next_start(tmp_path: Path) -> None:
    folder = fleet(tmp_path, f"sleep 600 & touch {tmp_path}/$$; wait")
    async with supervised(folder):
        first = await until(folder, lambda row: running(row) and (tmp_path / str(row.pid)).exists())
        assert first.pid is not None
        assert len(processes.members(first.pid)) == 2
        os.kill(first.pid, signal.SIGKILL)
        await until(folder, lambda row: running(row) and row.pid != first.pid)
        assert processes.members(first.pid) == ()


async def test_one_that_does_not_stay_is_given_up_and_begun_anew_on_demand(tmp_path: Path) -> None:
    folder = fleet(tmp_path, "echo no such library >&2; exit 3")
    async with supervised(folder, answers=silent) as supervisor:
        given_up = await until(folder, lambda row: row.status is ServerStatus.FAILED)
        assert given_up.problem is not None
        assert "given up after 3 failures in a row; the last: ended with code 3" in given_up.problem
        assert given_up.log in given_up.problem
        assert folder.log("gpu0").read_text().count("no such library") == 3
        assert urls(folder) == {}, "the settings' own word holds again"
        program(tmp_path, SLEEPS)
        supervisor.retry()
        again = await until(folder, lambda row: row.status is not ServerStatus.FAILED)
        assert again.restarts == 3


async def test_one_that_never_answers_is_ended_and_started_again(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS)
    async with supervised(folder, answers=silent):
        first = await until(folder, lambda row: row.pid is not None)
        waiting = await until(folder, lambda row: row.problem is not None)
        assert waiting.problem is not None
        assert "did not answer within" in waiting.problem
        assert not processes.is_alive(first.pid, first.start)


async def test_one_that_cannot_be_started_at_all_is_given_up(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS)
    (tmp_path / "ollama").unlink()
    async with supervised(folder, answers=silent):
        row = await until(folder, lambda row: row.status is ServerStatus.FAILED)
        assert "ended with code 127" in (row.problem or "")


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS)
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    spec = folder.read_spec()
    (server,) = spec.servers
    with taken:
        folder.write_spec(replace(spec, servers=(replace(server, port=port),)))
        async with supervised(folder):
            row = await until(folder, running)
            assert row.port not in (0, port), "another will do"
        folder.write_spec(replace(spec, servers=(replace(server, port=port, fixed=True),)))
        async with supervised(folder):
            row = await until(folder, lambda row: row.status is ServerStatus.FAILED)
            assert f"port {port} is taken" in (row.problem or "")


async def test_neighbours_do_not_take_each_others_port(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS, "gpu0", "gpu1", "gpu2")
    spec, port = folder.read_spec(), free_port(None)
    folder.write_spec(replace(spec, servers=tuple(replace(one, port=port) for one in spec.servers)))
    async with supervised(folder):
        rows = [await until(folder, running, key) for key in ("gpu0", "gpu1", "gpu2")]
        assert len({row.port for row in rows}) == 3
        assert port in {row.port for row in rows}


async def test_the_servers_of_a_killed_supervisor_are_taken_over_or_ended(tmp_path: Path) -> None:
    folder = fleet(tmp_path, SLEEPS, "gpu0", "gpu1")
    first = Supervisor(folder, policy=QUICK, answers=speaks)
    task = asyncio.create_task(first.run())
    kept, other = await until(folder, running), await until(folder, running, "gpu1")
    left = folder.read_state()
    assert left is not None
    # As after a kill -9: the servers run, the files say what there was, nobody watches. gpu1 is wanted otherwise.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Supervisor, "_end_all", _nothing)
        patch.setattr(processes, "end", _nothing)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert processes.is_alive(kept.pid, kept.start)
    assert processes.is_alive(other.pid, other.start)
    spec = replace(left.spec, servers=(left.spec.servers[0], replace(left.spec.servers[1], parallel=9)))
    folder.write_spec(spec)
    async with supervised(folder):
        taken = await until(folder, running)
        assert (taken.pid, taken.restarts) == (kept.pid, 0)
        started = await until(folder, lambda row: running(row) and row.pid != other.pid, "gpu1")
        assert started.port == other.port
        assert not processes.is_alive(other.pid, other.start)
        assert kept.pid is not None
        os.kill(kept.pid, signal.SIGKILL)
        await until(folder, lambda row: running(row) and row.pid != kept.pid)
    for row in (kept, other, taken, started):
        assert not processes.is_alive(row.pid, row.start)


async def _nothing(*_: object, **__: object) -> bool:
    return False


async def test_no_server_runs_whose_number_is_not_written_down(tmp_path: Path) -> None:
    """Killed between the start and the writing, a supervisor leaves a process that waits for its word and ends."""
    from forge_lsp.placement.fleet.server import launch

    log = tmp_path / "log"
    child = await launch(program(tmp_path, f"touch {tmp_path}/ran; exec sleep 600"), os.environ, log)
    assert processes.is_alive(child.pid, child.start)
    child._process.stdin.close()  # type: ignore[union-attr]  # what the end of the supervisor does
    assert await asyncio.wait_for(child.wait(), 5) == "ended with code 1"
    assert not (tmp_path / "ran").exists()


def test_logs_are_set_aside_and_few(tmp_path: Path) -> None:
    log = tmp_path / "gpu0.log"
    with log.open("ab") as server:
        for number in range(6):
            server.write(b"%d" % number * 100)
            server.flush()
            rotate(log, 50)
        server.write(b"end")
    assert log.read_bytes() == b"end"
    assert [(tmp_path / f"gpu0.log.{number}").read_bytes()[:1] for number in (1, 2, 3)] == [b"5", b"4", b"3"]
    assert not (tmp_path / "gpu0.log.4").exists()
