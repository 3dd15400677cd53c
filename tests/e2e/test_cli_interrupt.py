"""Ctrl-C and SIGTERM: the exit code, the time it takes, the calls that are closed, the processes that are gone."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.cli import ran, started
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, row, settings
from tests.support.scripted_http import Script
from tests.support.shapes import JOB_DOCUMENT, misfits

STUB = 'def add(a, b):\n    """The sum.\n\n    >>> add(1, 2)\n    3\n    """\n    ...\n'
LOOP = "def add(a, b):\n    while True:\n        pass"


def group(pid: int) -> list[str]:
    """The living processes of a process group or session, by their command lines."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(stat[3]) == pid and stat[0] not in "ZX":  # session; state
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, IndexError):
            continue
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
async def test_a_signal_during_a_model_call(tmp_path: Path, number: int, code: int) -> None:
    path = tmp_path / "a.py"
    path.write_text(STUB)
    async with FakeOllama(answer=Script.stall("```python\n"), models=list(MODELS.values())) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        async with started("generate", "a.py", "--range", "1", "--write", "--json", cwd=tmp_path, env=env) as process:
            await server.until(lambda: bool(server.chats), timeout=60)
            sent = time.monotonic()
            os.kill(process.pid, number)
            out, err = await asyncio.wait_for(process.communicate(), 30)
            took = time.monotonic() - sent
            done = ran(process, out, err)
            assert not group(process.pid)
        assert done.code == code, done.err
        assert took < 1.5, "a second, and what a busy machine needs"
        (call,) = server.chats
        assert call.hung_up is not None
        assert call.hung_up - sent < 1.0
    assert misfits(done.json, JOB_DOCUMENT) == []
    assert done.json["outcome"] == "cancelled"
    assert path.read_text() == STUB


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
async def test_a_signal_while_a_candidate_runs_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(STUB)
    answers = ScriptedModels({"generate": Script.say(fenced(LOOP))})
    async with FakeOllama(answer=answers, models=list(MODELS.values())) as server:
        env = environment(tmp_path, settings(server.url, row(1, panel=()), accept={"rule": "evidence"}))
        async with started("generate", "a.py", "--range", "1", "--write", cwd=tmp_path, env=env) as process:
            assert process.stderr is not None
            await _until_line(process.stderr, "check")
            await asyncio.sleep(1.0)  # somewhere in the check: in the compiler, or in the endless candidate
            sent = time.monotonic()
            os.kill(process.pid, signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), 30)
            took = time.monotonic() - sent
            left = group(process.pid)
            done = ran(process, out, err)
    assert done.code == 130, done.err
    assert took < 1.5
    assert not left
    assert path.read_text() == STUB


async def test_a_signal_before_the_job_began(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(STUB)
    env = environment(tmp_path, settings("http://127.0.0.1:9", row(1)))
    for pause in (0.05, 0.3, 0.6):
        async with started("generate", "a.py", cwd=tmp_path, env=env) as process:
            await asyncio.sleep(pause)
            os.kill(process.pid, signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), 30)
            code = process.returncode
            if pause > 0.1:  # before that Python itself is starting, and has its own words
                ran(process, out, err)
                assert code in (130, -signal.SIGINT, 1), err


async def _until_line(stream: asyncio.StreamReader, word: str) -> None:
    async with asyncio.timeout(60):
        while word not in (line := (await stream.readline()).decode()):
            assert line, f"the process ended before it said {word!r}"
