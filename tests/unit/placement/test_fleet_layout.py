"""Which servers are started, where, and with what."""

from __future__ import annotations

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.fleet.layout import ServerRequest, lay_out
from forge_lsp.placement.fleet.server import environment
from forge_lsp.placement.fleet.state import FleetSpec, ServerSpec

RIG = tuple(
    ServerRequest(key=f"gpu{number}", url=f"http://127.0.0.1:{11434 + number}", models=2 + number)
    for number in range(3)
)


def gpus_of(wanted: tuple[ServerRequest, ...], there: list[str], **more: int) -> dict[str, str | None]:
    return {server.key: server.gpu for server in lay_out(wanted, there, **more).servers}


def test_one_server_a_gpu_in_the_order_of_the_settings() -> None:
    layout = lay_out(RIG, ["GPU-a", "GPU-b", "GPU-c"], loaded={"GPU-b": 7})
    assert [server.gpu for server in layout.servers] == ["GPU-a", "GPU-b", "GPU-c"]
    assert [server.port for server in layout.servers] == [11434, 11435, 11436]
    assert [server.loaded for server in layout.servers] == [2, 7, 4], "the plan's number, else all of its models"
    assert not any(server.fixed for server in layout.servers)
    assert layout.notes == ()


def test_a_server_keeps_the_gpu_that_the_settings_name() -> None:
    named = (RIG[0], RIG[1], ServerRequest(key="gpu2", gpu="GPU-a"))
    assert gpus_of(named, ["GPU-a", "GPU-b", "GPU-c"]) == {"gpu0": "GPU-b", "gpu1": "GPU-c", "gpu2": "GPU-a"}


def test_servers_beyond_the_gpus_are_left_out_and_said() -> None:
    layout = lay_out(RIG, ["GPU-a"])
    assert [server.key for server in layout.servers] == ["gpu0"]
    assert layout.notes == ("not started: gpu1, gpu2, since there is one GPU",)


def test_more_servers_than_gpus_where_the_user_wants_them() -> None:
    layout = lay_out(RIG, ["GPU-a", "GPU-b"], number=3)
    assert [server.gpu for server in layout.servers] == ["GPU-a", "GPU-b", "GPU-a"]
    assert "gpu0 and gpu2 share GPU-a" in layout.notes[0]


def test_a_gpu_without_a_server_is_said() -> None:
    assert "GPU-d" in lay_out(RIG, ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]).notes[0]


def test_without_a_gpu_one_server_or_as_many_as_asked_for() -> None:
    assert gpus_of(RIG, []) == {"gpu0": None}
    named = tuple(ServerRequest(key=f"gpu{number}", gpu=f"GPU-{number}") for number in range(3))
    assert gpus_of(named, [], number=3) == {"gpu0": "GPU-0", "gpu1": "GPU-1", "gpu2": "GPU-2"}


def test_servers_without_an_address_get_ports_of_their_own() -> None:
    wanted = (ServerRequest(key="a"), ServerRequest(key="b", url="http://127.0.0.1:11435"), ServerRequest(key="c"))
    ports = {server.key: server.port for server in lay_out(wanted, [], number=3).servers}
    assert ports == {"a": 11434, "b": 11435, "c": 11436}
    clash = (ServerRequest(key="a", url="http://127.0.0.1:11435"), ServerRequest(key="b"), ServerRequest(key="c"))
    ports = {server.key: server.port for server in lay_out(clash, [], number=3).servers}
    assert ports == {"a": 11435, "b": 11436, "c": 11437}


def test_a_gpu_that_is_not_there_is_an_error_with_those_that_are() -> None:
    with pytest.raises(EnvironmentFault, match="names GPU-x, which is not there; there are GPU-a"):
        lay_out([ServerRequest(key="gpu0", gpu="GPU-x")], ["GPU-a"])
    assert gpus_of((ServerRequest(key="gpu0", gpu="MIG-1"),), ["GPU-a"]) == {"gpu0": "MIG-1"}


@pytest.mark.parametrize("url", ["http://192.168.1.7:11434", "https://gpu.example.org"])
def test_a_remote_server_of_the_users_is_left_alone(url: str) -> None:
    layout = lay_out([ServerRequest(key="far", url=url, explicit=True), RIG[0]], [], number=2)
    assert [server.key for server in layout.servers] == ["gpu0"]
    assert layout.notes == (f"servers.far is at {url} and left alone",)
    with pytest.raises(EnvironmentFault, match="no Ollama server of this machine"):
        lay_out([ServerRequest(key="far", url=url, explicit=True)], [])


@pytest.mark.parametrize("url", ["http://localhost:12000", "127.0.0.1:12000", "http://[::1]:12000"])
def test_the_users_own_port_is_the_only_one_that_will_do(url: str) -> None:
    (server,) = lay_out([ServerRequest(key="gpu0", url=url, explicit=True)], []).servers
    assert (server.port, server.fixed) == (12000, True)


def test_what_a_server_sees() -> None:
    spec = ServerSpec(key="gpu0", gpu="GPU-a", parallel=4, loaded=3)
    fleet = FleetSpec(program="/usr/bin/ollama", models="/models", servers=(spec,))
    users = {
        "HOME": "/home/u",
        "OLLAMA_FLASH_ATTENTION": "1",
        "OLLAMA_HOST": "0.0.0.0",
        "ANTHROPIC_API_KEY": "secret",
        "GITHUB_TOKEN": "secret",
        "FORGE_BUDGET__JOB": "1",
        "CUDA_VISIBLE_DEVICES": "0,1,2",
    }
    assert environment(spec, fleet, 11500, users) == {
        "HOME": "/home/u",
        "OLLAMA_FLASH_ATTENTION": "1",
        "OLLAMA_HOST": "127.0.0.1:11500",
        "OLLAMA_MODELS": "/models",
        "OLLAMA_NOPRUNE": "1",
        "OLLAMA_MAX_LOADED_MODELS": "3",
        "OLLAMA_NUM_PARALLEL": "4",
        "OLLAMA_KEEP_ALIVE": "-1",
        "CUDA_VISIBLE_DEVICES": "GPU-a",
    }
