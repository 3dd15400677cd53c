"""Where the text goes: models that a local server sends on to another place are not taken for local ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from forge_lsp.core.errors import ModelFault, ServerUnreachable
from forge_lsp.models.directory import Directory
from forge_lsp.models.gateways import place_of
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import ask, model_on
from tests.support.faulty_ollama import FakeOllama
from tests.support.scripted_http import Exchange, Responder, Script, ScriptedServer

CLOUD = "https://ollama.com:443"


@pytest.mark.parametrize(
    ("name", "remote", "place"),
    [
        ("gpt-oss:120b-cloud", {"gpt-oss:120b-cloud": CLOUD}, CLOUD),
        ("qwen3-coder", {"qwen3-coder:latest": CLOUD}, CLOUD),
        ("team/best:7b", {"team/best:7b": "http://10.1.2.3:11434"}, "http://10.1.2.3:11434"),
        ("glm-4.7:cloud", {}, "https://ollama.com"),
        ("not-listed:480b-cloud", {}, "https://ollama.com"),
    ],
)
async def test_a_model_that_runs_elsewhere_is_off_this_machine(
    name: str, remote: Mapping[str, str], place: str
) -> None:
    async with (
        FakeOllama(models=["phi4:14b", *remote], remote=remote) as server,
        model_on(ServerKind.OLLAMA, server.url, name) as (model, directory),
    ):
        assert await directory.unavailable("m") is None
        info = directory.info("m")
        assert (info.off_machine, info.place, model.info) == (True, place, info)
        await model.unload()
        with pytest.raises(ModelFault, match="not agreed to"):
            await model.complete(ask())
        assert server.to("/api/chat") == [], "not even a load goes there"
        assert server.to("/api/show") == [], "a description of such a model is asked for elsewhere too"


async def test_with_consent_it_is_called() -> None:
    name = "gpt-oss:120b-cloud"
    async with (
        FakeOllama(models=[name], remote={name: CLOUD}) as server,
        model_on(ServerKind.OLLAMA, server.url, name) as (model, _),
    ):
        assert (await model.complete(ask(place=CLOUD))).completions[0].text == "hello"
        assert len(server.chats) == 1
        assert server.loads == []


async def test_a_model_that_moves_between_the_question_and_the_call_gets_nothing() -> None:
    async with (
        FakeOllama(models=["phi4:14b"]) as server,
        model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (model, directory),
    ):
        await directory.learn()
        admitted = ask(place=directory.info("m").place)
        server.remote["phi4:14b"] = CLOUD
        with pytest.raises(ModelFault, match=r"sends it on to https://ollama\.com"):
            await model.complete(admitted)
        assert server.to("/api/chat") == []


async def test_local_models_beside_them_are_local() -> None:
    remote = {"gpt-oss:120b-cloud": CLOUD}
    async with (
        FakeOllama(models=["phi4:14b", *remote], remote=remote) as server,
        model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (model, directory),
    ):
        await directory.learn()
        assert not directory.info("m").off_machine
        assert (await model.complete(ask())).completions


# ------------------------------------------------------------------ gateways


class Gateway(ScriptedServer):
    """Lists ``rows`` under ``headers``, and answers chats; of OpenAI's and of Anthropic's kind."""

    def __init__(self, rows: Sequence[Mapping[str, object]], headers: Mapping[str, str], *, late: bool = False) -> None:
        super().__init__()
        self.rows = list(rows)
        self.headers = dict(headers)
        self._late = late

    @property
    def texts(self) -> list[Exchange]:
        return [one for one in self.exchanges if one.method == "POST"]

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        match exchange.path:
            case "/v1/models":
                await responder.json({"data": self.rows}, headers={} if self._late else self.headers)
            case "/v1/chat/completions":
                await responder.begin(kind="text/event-stream", headers=self.headers)
                choice = {"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}
                base: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
                await responder.write(f"data: {json.dumps({**base, 'choices': [choice]})}\n\ndata: [DONE]\n\n")
            case _:
                await responder.json({"error": "no such page"}, status=404)


ROW = {"id": "big", "object": "model", "owned_by": "vllm"}


@pytest.mark.parametrize(
    ("rows", "headers", "sends_on"),
    [
        ([ROW], {}, False),
        ([{**ROW, "owned_by": "llamacpp"}], {"server": "llama.cpp"}, False),
        ([{**ROW, "owned_by": "library"}], {}, False),
        ([{**ROW, "owned_by": "organization_owner"}], {"x-powered-by": "Express"}, False),
        ([{**ROW, "owned_by": "llama-swap"}], {}, False),
        ([{**ROW, "owned_by": "llama-swap", "meta": {"llamaswap": {"peerID": "den"}}}], {}, True),
        ([{**ROW, "owned_by": "openai"}], {}, True),
        ([{**ROW, "owned_by": "Anthropic"}], {}, True),
        ([ROW], {"x-litellm-version": "1.80"}, True),
        ([ROW], {"X-LiteLLM-Model-Api-Base": "https://api.openai.com"}, True),
        ([ROW], {"cf-ray": "9"}, True),
        ([{**ROW, "remote_host": CLOUD}], {}, True),
        ([{**ROW, "id": "other", "owned_by": "openai"}, ROW], {}, False),
        ([{**ROW, "is_remote": False, "peer": None}], {}, False),
    ],
)
@pytest.mark.parametrize("local", [None, False, True])
async def test_a_gateway_on_loopback_is_known_by_what_it_says_or_by_the_setting(
    rows: list[dict[str, object]], headers: dict[str, str], sends_on: bool, local: bool | None
) -> None:
    away = sends_on if local is None else not local
    async with Gateway(rows, headers) as server:
        config = ServerConfig(key="s", kind=ServerKind.OPENAI, url=f"{server.url}/v1", local=local)
        directory = Directory(servers=[config], models=[ModelConfig(key="m", server="s", name="big")], environ={})
        await directory.learn()
        info = directory.info("m")
        assert info.off_machine == away
        if away:
            with pytest.raises(ModelFault, match="not agreed to"):
                await directory.get("m").complete(ask())
            assert server.texts == []
        assert (await directory.get("m").complete(ask(place=info.place))).completions[0].text == "hi"
        await directory.aclose()


async def test_a_gateway_that_shows_itself_only_in_its_answers_is_asked_about_from_then_on() -> None:
    async with (
        Gateway([ROW], {"x-litellm-call-id": "7"}, late=True) as server,
        model_on(ServerKind.OPENAI, f"{server.url}/v1", "big") as (model, directory),
    ):
        await model.complete(ask())
        with pytest.raises(ModelFault, match="not agreed to"):
            await model.complete(ask())
        assert len(server.texts) == 1
        assert directory.info("m").off_machine


async def test_an_anthropic_gateway_on_loopback() -> None:
    async with (
        Gateway([{"id": "claude", "owned_by": "anthropic"}], {}) as server,
        model_on(ServerKind.ANTHROPIC, server.url, "claude") as (model, directory),
    ):
        await directory.learn()
        assert directory.info("m").off_machine
        with pytest.raises(ModelFault, match="not agreed to"):
            await model.complete(ask())
        assert server.texts == []


@pytest.mark.parametrize("kind", list(ServerKind))
def test_a_host_of_ones_own_needs_no_consent_and_a_gateway_does(kind: ServerKind) -> None:
    def info(url: str, local: bool | None) -> bool:
        config = ServerConfig(key="s", kind=kind, url=url, local=local)
        models = [ModelConfig(key="m", server="s", name="x")]
        return Directory(servers=[config], models=models, environ={}).info("m").off_machine

    if kind is ServerKind.EMBEDDED:
        assert not info("", None)
        return
    assert info("http://10.0.0.7:11434", None)
    assert not info("http://10.0.0.7:11434", True)
    assert not info("http://127.0.0.1:11434", None)
    assert info("http://127.0.0.1:11434", False)


def test_an_ollama_behind_openais_language_tells_its_cloud_models_too() -> None:
    rows = [{"name": "glm:latest", "model": "glm:latest", "remote_host": CLOUD}, {"id": "glm", "owned_by": "library"}]
    assert place_of("http://127.0.0.1:11434/v1", "glm", {}, rows) == CLOUD
    assert place_of("http://127.0.0.1:11434/v1", "glm:480b-cloud", {}, []) == "https://ollama.com"
    assert place_of("http://127.0.0.1:11434/v1", "phi4:14b", {}, [{"id": "phi4:14b", "owned_by": "library"}]) is None


async def test_the_list_of_models_says_where_each_runs() -> None:
    name = "gpt-oss:120b-cloud"
    async with (
        FakeOllama(models=[name], remote={name: CLOUD}, answer=Script.say("x")) as server,
        model_on(ServerKind.OLLAMA, server.url, name) as (_, directory),
    ):
        (row,) = await directory.statuses()
        assert (row.to_json()["offMachine"], row.to_json()["place"], row.problem) == (True, CLOUD, None)


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI, ServerKind.ANTHROPIC])
@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTP_PROXY", "http://me:s3cret@127.0.0.1:9", "HTTP_PROXY=http://***@127.0.0.1:9"),
        ("ALL_PROXY", "socks4://127.0.0.1:9", "ALL_PROXY is socks4"),
        ("http_proxy", "http://127.0.0.1:port", "http_proxy is http://127.0.0.1:port"),
    ],
)
async def test_a_proxy_that_does_not_work_is_named_for_another_host(
    kind: ServerKind, variable: str, value: str, words: str
) -> None:
    environ = {"ANTHROPIC_API_KEY": "k", variable: value}
    async with model_on(kind, "http://gpu.invalid:11434", "m", environ=environ) as (model, _):
        with pytest.raises(ServerUnreachable) as caught:
            await model.complete(ask())
        assert words in str(caught.value)
        assert variable in (caught.value.remedy or "")
        assert "s3cret" not in caught.value.full_message


async def test_a_proxy_is_followed_for_another_host_and_not_for_this_one() -> None:
    async with FakeOllama(models=["phi4:14b"]) as proxy, FakeOllama(models=["phi4:14b"]) as here:
        environ = {"HTTP_PROXY": proxy.url, "NO_PROXY": "fd00::/8"}
        async with model_on(ServerKind.OLLAMA, "http://gpu.invalid:11434", "phi4:14b", environ=environ) as (model, _):
            with pytest.raises(ModelFault, match="does not speak Ollama"):  # the proxy answers by itself
                await model.complete(ask())
        async with model_on(ServerKind.OLLAMA, here.url, "phi4:14b", environ=environ) as (model, _):
            await model.complete(ask())
        assert [one.headers["host"] for one in proxy.exchanges] == ["gpu.invalid:11434"]
        assert here.chats != []
