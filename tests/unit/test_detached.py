"""A server in a process of its own: what its client sees, and what it sees of its client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SERVER = """
import asyncio, os, sys
from pathlib import Path
from forge_lsp.detached import run_detached

def serve(link):
    async def main():
        link.guard()
        Path("server").write_text(str(os.getpid()))
        print("ready", flush=True)
        await link.lost()
        Path("lost").touch()
        {then}
    asyncio.run(main())
    return 7

assert True
sys.exit(run_detached(serve))
"""


def start(folder: Path, then: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER.format(then=then)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def until(path: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was waited for in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_means_that_the_client_has_gone(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path, "pass") as process:
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        until(tmp_path / "lost")


def test_once_it_is_let_go_the_client_sees_its_code_and_closed_pipes(tmp_path: Path) -> None:
    then = "link.let_go(3); await asyncio.sleep(1); Path('after').touch()"
    with start(tmp_path, then) as process:
        assert int((tmp_path / "server").read_text()) != process.pid
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert process.stdout is not None
        assert process.stdout.read() == b"", "the pipe is closed although the server goes on"
        assert not (tmp_path / "after").exists()
        until(tmp_path / "after")


def test_its_own_end_is_the_clients(tmp_path: Path) -> None:
    then = "await asyncio.sleep(0)"
    with start(tmp_path, then) as process:
        os.kill(int((tmp_path / "server").read_text()), signal.SIGKILL)
        assert process.wait(30) == 128 + signal.SIGKILL


def test_a_killed_client_is_noticed(tmp_path: Path) -> None:
    with start(tmp_path, "link.let_go(); Path('after').touch()") as process:
        process.kill()
        process.wait(30)
        until(tmp_path / "after")


def test_a_loop_that_hangs_does_not_outlive_its_client(tmp_path: Path) -> None:
    then = "import forge_lsp.detached, time; time.sleep(60)"
    script = SERVER.format(then=then).replace("assert True", "import forge_lsp.detached as d; d._HANGS = 0.5")
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        until(tmp_path / "server")
        time.sleep(0.2)
        server = int((tmp_path / "server").read_text())
        process.kill()
        process.wait(30)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{server}").exists():
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.05)
