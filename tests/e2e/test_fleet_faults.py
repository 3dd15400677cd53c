"""A job on a real fleet, one of whose servers is killed while it loads or answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets import Stock, alive, fleet_of, group, rig
from tests.support.ollama_server import OllamaServer, model_file, ollama_program
from tests.support.real_server import environment, events, forge, generate, open_file, row

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

THINKER, CODER = "phi4:14b", "deepseek-coder:6.7b"
MODELS = {"phi4": ("gpu0", THINKER), "coder": ("gpu1", CODER)}
SHORT = 'PARAMETER stop "<|im_end|>"\nPARAMETER stop "\\n\\n"\nPARAMETER num_thread 1\n'
"""This model goes on for ever; a paragraph is enough."""
TEXT = 'def add(a, b):\n    """Return a plus b.\n\n    >>> add(5, 3)\n    8\n    """\n    ...\n'


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    program, weights = ollama_program(), model_file()
    for found in (program, weights):
        if isinstance(found, str):
            pytest.skip(f"no real Ollama: {found}")
    assert isinstance(program, Path)
    with OllamaServer(tmp_path_factory.mktemp("stock"), program=program) as server:
        for name in (THINKER, CODER):
            server.add_model(name, modelfile=SHORT)
    return Stock(program, server.models)


def _resident(url: str, name: str) -> bool:
    with urllib.request.urlopen(url + "/api/ps", timeout=5) as answer:
        return any(one["name"] == name for one in json.load(answer)["models"] or [])


async def until(true: Callable[[], Any], patience: float = 60) -> Any:
    """Its value, once it is true."""
    async with asyncio.timeout(patience):
        while True:
            if found := await asyncio.to_thread(true):
                return found
            await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["load", "stream"])
async def test_a_job_goes_on_when_a_server_dies(stock: Stock, tmp_path: Path, when: str) -> None:
    values = rig(
        stock,
        row(1, 2, thinking=("phi4",), generator="coder", panel=()),
        models=MODELS,
        accept={"rule": "never"},
        deadlines={"total": 120, "first_token": 60, "load": 60},
    )
    env = environment(tmp_path, values)
    async with fleet_of(tmp_path, env) as up, forge(tmp_path, values) as client:
        doomed = {server["gpu"]: server for server in up["servers"]}["GPU-0"]
        uri = open_file(client, tmp_path / "work" / "sums.py", TEXT)
        job = asyncio.create_task(generate(client, uri, apply="none", patience=400))
        if when == "load":
            await until(lambda: len(group(doomed["pid"])) > 1)
        else:
            await until(lambda: _resident(doomed["url"], THINKER) and events(client, "call.started"))
        runners = group(doomed["pid"])
        os.kill(doomed["pid"], signal.SIGKILL)
        outcome = await job
        calls = events(client, "call.finished")
        state = json.loads((tmp_path / "state" / "fleet" / "state.json").read_text())
    told = [(event["number"], event["model"], bool(event["error"])) for event in calls]
    assert (outcome["outcome"], outcome["attemptCount"]) == ("exhausted", 2), (outcome, told)
    assert (1, "phi4", True) in told
    assert (2, "phi4", False) in told, "the server is back, and asked again"
    assert {(1, "coder", False), (2, "coder", False)} <= set(told), "the other server does not care"
    failed = next(event for event in calls if event["error"])
    assert "gpu0" in str(failed["error"]), failed
    again = next(server for server in state["servers"] if server["key"] == "gpu0")
    assert (again["status"], again["restarts"]) == ("running", 1)
    assert [pid for pid in runners if alive(pid)] == []
