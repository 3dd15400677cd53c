"""``forge-lsp fleet`` with real Ollama servers: three as three GPUs, shared, watched, and gone without a trace."""

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

from forge_lsp.core.errors import BrokenStream, ModelFault, ServerUnreachable
from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import ask
from tests.support.cli import forge, started
from tests.support.fleets import Stock, alive, fleet_of, group, listening, make_stock, naming, nvml_stub, rig, sees
from tests.support.ollama_server import free_port
from tests.support.real_server import environment, row

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

THINKER, CODER = "phi4:14b", "deepseek-coder:6.7b"
MODELS = {"phi4": ("gpu0", THINKER), "coder": ("gpu1", CODER)}
ROWS = (row(1, thinking=("phi4",), generator="coder", panel=()),)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    return make_stock(tmp_path_factory.mktemp("stock"), THINKER, CODER)


def load(url: str, model: str) -> None:
    """Bring a model into a server's memory."""
    body = json.dumps({"model": model, "messages": [], "options": {"num_ctx": 1024, "num_batch": 512}, "stream": False})
    with urllib.request.urlopen(urllib.request.Request(url + "/api/chat", data=body.encode()), timeout=30) as answer:
        answer.read()


async def until(true: Callable[[], Any], patience: float = 20) -> Any:
    """Its value, once it is true."""
    async with asyncio.timeout(patience):
        while True:
            if found := await asyncio.to_thread(true):
                return found
            await asyncio.sleep(0.05)


def state(folder: Path) -> dict[str, Any]:
    """The state file, as any program could read it."""
    return json.loads((folder / "state" / "fleet" / "state.json").read_text())


def server_of(folder: Path, key: str) -> dict[str, Any]:
    return next(server for server in state(folder)["servers"] if server["key"] == key)


def nothing_left(folder: Path, servers: list[dict[str, Any]], *pids: int) -> None:
    """No process, no port, no lock, no state: the logs alone."""
    assert [pid for pid in pids if alive(pid)] == []
    for server in servers:
        assert group(server["pid"]) == []
        assert not listening(server["url"])
    left = {path.name for path in (folder / "state" / "fleet").iterdir()}
    assert left == {"logs", "supervisor.log"}


async def test_three_servers_as_three_gpus(stock: Stock, tmp_path: Path) -> None:
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS), ANTHROPIC_API_KEY="a secret")
    before = await forge("fleet", "status", cwd=tmp_path, env=env)
    assert (before.code, "no fleet is up" in before.out) == (1, True)
    async with fleet_of(tmp_path, env) as up:
        servers = up["servers"]
        assert up["healthy"] is True
        assert [(one["key"], one["gpu"], one["status"]) for one in servers] == [
            (f"gpu{number}", f"GPU-{number}", "running") for number in range(3)
        ]
        for one in servers:
            seen = sees(one["pid"])
            assert seen["CUDA_VISIBLE_DEVICES"] == one["gpu"]
            assert f"http://{seen['OLLAMA_HOST']}" == one["url"]
            assert (seen["OLLAMA_MODELS"], seen["OLLAMA_NOPRUNE"]) == (str(stock.models), "1")
            assert "ANTHROPIC_API_KEY" not in seen
        load(servers[0]["url"], THINKER)

        again = await forge("fleet", "up", "--json", cwd=tmp_path, env=env)
        assert [one["pid"] for one in again.json["servers"]] == [one["pid"] for one in servers]
        assert again.json["supervisor"] == up["supervisor"]
        status = await forge("fleet", "status", cwd=tmp_path, env=env)
        assert status.code == 0
        assert THINKER in status.out

        # The settings name no address: the fleet's are used.
        models = (await forge("models", "--json", cwd=tmp_path, env=env)).json
        assert {one["key"]: (one["installed"], one["resident"]) for one in models["models"]} == {
            "phi4": (True, True),
            "coder": (True, False),
        }
        rows = {gpu["uuid"]: gpu for gpu in models["gpus"]}
        assert [gpu["total"] for gpu in rows.values()] == [24e9, 24e9, 12e9]
        assert [one["name"] for one in rows["GPU-0"]["resident"]] == [THINKER]
        assert rows["GPU-0"]["warnings"] == [], "on a CPU nothing of a model is on a GPU, and that is no spill"
        shown = await forge("config", "show", cwd=tmp_path, env=env)
        assert f'servers.gpu0.url = "{servers[0]["url"]}"  # the fleet that is up' in shown.out
        plan = (await forge("plan", "--json", cwd=tmp_path, env=env)).json
        assert plan["fleet"] is True
        assert [one["uuid"] for one in plan["devices"]] == ["GPU-0", "GPU-1"], "those of the models that are called"
        homes = {one["key"]: one["gpu"] for one in plan["needs"]}
        assert plan["placement"] == homes == {"phi4": "GPU-0", "coder": "GPU-1"}
        assert "this is the fleet that is up" in (await forge("plan", cwd=tmp_path, env=env)).out
        doctor = (await forge("doctor", "--json", cwd=tmp_path, env=env)).json
        assert any(one["name"] == "fleet" and "3 of 3 servers run" in one["detail"] for one in doctor["findings"])
        assert any(one["name"] == "memory gpu0" and THINKER in one["detail"] for one in doctor["findings"])

        down = await forge("fleet", "down", "--json", cwd=tmp_path, env=env)
        assert (down.code, down.json) == (0, {"stopped": ["gpu0", "gpu1", "gpu2"]})
        nothing_left(tmp_path, servers, up["supervisor"])
    twice = await forge("fleet", "down", cwd=tmp_path, env=env)
    assert (twice.code, "no fleet is up" in twice.err) == (0, True)


async def test_editors_that_start_it_at_once_share_one_fleet(stock: Stock, tmp_path: Path) -> None:
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS))
    plans = tmp_path / "state" / "fleet" / "logs" / "plan.log"
    async with fleet_of(tmp_path, env):
        await forge("fleet", "down", cwd=tmp_path, env=env)
        plans.unlink()
        ran = await asyncio.gather(*(forge("fleet", "up", "--json", cwd=tmp_path, env=env) for _ in range(4)))
        assert [one.code for one in ran] == [0] * 4
        assert len({one.json["supervisor"] for one in ran}) == 1
        assert len({tuple(server["pid"] for server in one.json["servers"]) for one in ran}) == 1
        assert naming(tmp_path / "state" / "fleet") == [ran[0].json["supervisor"]]
        assert plans.read_text().count("Listening on") == 1, "one of them planned for all"


async def test_a_start_that_is_killed_while_it_plans_leaves_nothing(stock: Stock, tmp_path: Path) -> None:
    program = tmp_path / "ollama"
    program.symlink_to(stock.program)
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS, fleet={"program": str(program)}))
    lock = tmp_path / "state" / "fleet" / "commands.lock"
    async with started("fleet", "up", cwd=tmp_path, env=env) as process:
        await until(lambda: naming(program))
        assert lock.exists()
        process.kill()
        await process.wait()
    await until(lambda: not naming(program))
    async with fleet_of(tmp_path, env) as up:
        assert up["healthy"] is True
        await forge("fleet", "down", cwd=tmp_path, env=env)
        nothing_left(tmp_path, up["servers"], up["supervisor"])


async def test_a_start_that_is_cancelled_stops_what_it_began(stock: Stock, tmp_path: Path) -> None:
    program = tmp_path / "slow-ollama"
    program.write_text("#!/bin/sh\nexec sleep 300\n")
    program.chmod(0o755)
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS, memory=None, fleet={"program": str(program)}))
    async with started("fleet", "up", cwd=tmp_path, env=env) as process:
        await until(lambda: _exists(tmp_path) and all(server["pid"] for server in state(tmp_path)["servers"]))
        told = state(tmp_path)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 130
    nothing_left(tmp_path, told["servers"], told["supervisor"]["pid"])


def _exists(folder: Path) -> bool:
    return (folder / "state" / "fleet" / "state.json").exists()


async def test_a_killed_supervisor_leaves_servers_that_serve_and_can_be_stopped(stock: Stock, tmp_path: Path) -> None:
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS))
    async with fleet_of(tmp_path, env) as up:
        servers = up["servers"]
        load(servers[0]["url"], THINKER)
        os.kill(up["supervisor"], signal.SIGKILL)
        await until(lambda: not alive(up["supervisor"]))
        status = await forge("fleet", "status", "--json", cwd=tmp_path, env=env)
        assert (status.code, status.json["supervisor"]) == (1, None)
        assert "fleet up" in status.json["notes"][0]
        assert [one["status"] for one in status.json["servers"]] == ["running"] * 3
        models = (await forge("models", "--json", cwd=tmp_path, env=env)).json["models"]
        assert next(one["resident"] for one in models if one["key"] == "phi4") is True

        again = await forge("fleet", "up", "--json", cwd=tmp_path, env=env)
        assert again.json["healthy"] is True
        assert [one["pid"] for one in again.json["servers"]] == [one["pid"] for one in servers], "taken over"
        os.kill(servers[1]["pid"], signal.SIGKILL)
        later = await until(
            lambda: (one := server_of(tmp_path, "gpu1"))["status"] == "running" and one["restarts"] and one
        )
        assert later["port"] == int(servers[1]["url"].rpartition(":")[2])

        os.kill(again.json["supervisor"], signal.SIGKILL)
        await until(lambda: not alive(again.json["supervisor"]))
        down = await forge("fleet", "down", cwd=tmp_path, env=env)
        assert down.code == 0, down.err
        nothing_left(tmp_path, [*servers, {**servers[1], "pid": later["pid"]}])


@pytest.mark.parametrize("when", ["load", "stream"])
async def test_a_server_that_dies_under_its_calls(stock: Stock, tmp_path: Path, when: str) -> None:
    """The call that it took along is told, another server's goes on, and the next one reaches it restarted."""
    env = environment(tmp_path, rig(stock, *ROWS, models=MODELS))
    async with fleet_of(tmp_path, env) as up:
        doomed = up["servers"][0]
        directory = Directory(
            servers=[ServerConfig(key=one["key"], kind=ServerKind.OLLAMA, url=one["url"]) for one in up["servers"]],
            models=[
                ModelConfig(key=key, server=server, name=name, context=1024) for key, (server, name) in MODELS.items()
            ],
        )
        try:
            call = asyncio.create_task(directory.get("phi4").complete(ask("Tell a long story.", max_tokens=900)))
            if when == "stream":
                await until(lambda: _resident(doomed["url"], THINKER))
            else:
                await until(lambda: len(group(doomed["pid"])) > 1)
            runners = group(doomed["pid"])
            os.kill(doomed["pid"], signal.SIGKILL)
            with pytest.raises((BrokenStream, ServerUnreachable, ModelFault)) as told:
                await call
            assert "gpu0" in str(told.value)
            other = await directory.get("coder").complete(ask(max_tokens=3))
            assert other.usage.output_tokens > 0
            again = await until(lambda: (one := server_of(tmp_path, "gpu0"))["status"] == "running" and one)
            assert (again["restarts"], again["url"]) == (1, doomed["url"])
            assert [pid for pid in runners if alive(pid)] == []
            assert (await directory.get("phi4").complete(ask(max_tokens=3))).usage.output_tokens > 0
        finally:
            await directory.aclose()
        assert (await forge("fleet", "status", cwd=tmp_path, env=env)).code == 0


def _resident(url: str, name: str) -> bool:
    with urllib.request.urlopen(url + "/api/ps", timeout=5) as answer:
        return any(one["name"] == name for one in json.load(answer)["models"] or [])


async def test_a_gpu_that_falls_off_is_told(stock: Stock, tmp_path: Path) -> None:
    gpus = tmp_path / "gpus.txt"
    gpus.write_text("RTX 3090|GPU-0|24576|1200\nRTX 4090|GPU-1|24564|500\nRTX 5070 Ti|GPU-2|16303|300\n")
    stub = {"LD_LIBRARY_PATH": str(nvml_stub(tmp_path)), "FAKE_NVML": str(gpus)}
    values = rig(stock, *ROWS, models=MODELS)
    del values["fleet"]["servers"]  # type: ignore[attr-defined]  # one a GPU
    env = environment(tmp_path, values, **stub)
    async with fleet_of(tmp_path, env) as up:
        assert [gpu["uuid"] for gpu in up["gpus"]] == ["GPU-0", "GPU-1", "GPU-2"]
        load(up["servers"][0]["url"], THINKER)
        shown = await forge("models", cwd=tmp_path, env=env)
        assert "RTX 3090  [#" in shown.out
        assert "100% of its" in shown.out, "a driver shows the GPU, and the model is not on it"
        lost = {**env, "FAKE_NVML_LOST": "1"}
        status = await forge("fleet", "status", cwd=tmp_path, env=lost)
        assert status.code == 1
        assert "gpu1: its GPU GPU-1 does not answer any more" in status.out
        doctor = (await forge("doctor", "--json", cwd=tmp_path, env=lost)).json["findings"]
        told = [one for one in doctor if one["name"] == "fleet" and one["status"] == "broken"]
        assert [one["detail"].split(":")[0] for one in told] == ["gpu1"]
        assert "nvidia-smi --gpu-reset" in told[0]["remedy"]


async def test_the_users_own_address_wins(stock: Stock, tmp_path: Path) -> None:
    port = free_port()
    values = rig(stock, *ROWS, models=MODELS, fleet={"servers": 2})
    env = environment(tmp_path, values)
    async with fleet_of(tmp_path, env) as up:
        url = f"http://127.0.0.1:{port}"
        mine = {**env, "FORGE_SERVERS__GPU0__URL": url}
        shown = await forge("config", "show", cwd=tmp_path, env=mine)
        assert f'servers.gpu0.url = "{url}"  # environment' in shown.out
        assert f'servers.gpu1.url = "{up["servers"][1]["url"]}"' in shown.out
        doctor = (await forge("doctor", "--json", cwd=tmp_path, env=mine)).json["findings"]
        assert any("your own url" in one["detail"] for one in doctor)
        again = await forge("fleet", "up", cwd=tmp_path, env=mine)
        assert "runs with other settings than yours (gpu0" in again.err


async def test_what_cannot_be_started_says_what_to_do(stock: Stock, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    values = rig(stock, *ROWS, models=MODELS)
    del values["fleet"]["program"]  # type: ignore[attr-defined]
    env = {**environment(tmp_path, values), "PATH": str(empty)}
    ran = await forge("fleet", "up", cwd=tmp_path, env=env)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no `ollama` on PATH" in ran.err
    assert "[fleet] program" in ran.err
    (tmp_path / "forge_ws").mkdir()
    (tmp_path / "forge_ws" / "forge.toml").write_text('[fleet]\nprogram = "/tmp/evil"\n')
    ran = await forge("fleet", "up", cwd=tmp_path / "forge_ws", env=env)
    assert ran.code == 2
    assert "a workspace file may not start servers" in ran.err
