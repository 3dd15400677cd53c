"""A team's gateway: the real LiteLLM proxy before two real Ollama servers, as docs/scale.md sets it up.

Run by `make tables`. The proxy starts once. The deaths of servers come last, each with servers of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.core.errors import ModelError, ModelFault, ModelMissing, Unauthorised
from forge_lsp.core.ports import ChatReply
from forge_lsp.models.directory import Directory
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.slots import RetryPolicy
from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import ask
from tests.support import tables
from tests.support.litellm_proxy import LiteLLM, install
from tests.support.ollama_server import OllamaServer, free_port, model_file, ollama_program
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Script

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not tables.whole(), reason="LiteLLM brings 700 MB of packages: `make tables` runs it"),
]

MODEL = "smollm2:135m"
JOBS = 300


@dataclass(frozen=True)
class Team:
    """The proxy and what is behind it. ``scripted``: the port of an upstream that a test starts itself."""

    proxy: LiteLLM
    servers: tuple[OllamaServer, ...]
    mortal: tuple[OllamaServer, ...]
    scripted: int


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    ollama, weights = ollama_program(), model_file()
    for found in (ollama, weights, program := install()):
        if isinstance(found, str):
            pytest.skip(found)
    assert isinstance(program, Path)
    folder = tmp_path_factory.mktemp("team")
    servers = [OllamaServer(folder / f"ollama{number}") for number in range(4)]
    try:
        for server in servers:
            server.start()
            server.add_model(MODEL)
        scripted = free_port()
        with LiteLLM(folder / "proxy", config(servers, scripted), program=program) as proxy:
            yield Team(proxy=proxy, servers=tuple(servers[:2]), mortal=tuple(servers[2:]), scripted=scripted)
    finally:
        for server in servers:
            server.stop()


def config(servers: list[OllamaServer], scripted: int) -> dict[str, object]:
    """As in the page: each model once for each server that has it."""

    def behind(name: str, url: str, **more: object) -> dict[str, object]:
        params = {"model": f"openai/{MODEL}", "api_base": f"{url}/v1", "api_key": "none", **more}
        return {"model_name": name, "litellm_params": params}

    dear = {"input_cost_per_token": 1.0, "output_cost_per_token": 1.0, "max_budget": 0.5, "budget_duration": "1d"}
    return {
        "model_list": [
            *(behind("coder", server.url) for server in servers[:2]),
            *(behind("mortal", server.url) for server in servers[2:]),
            behind("dear", servers[0].url, **dear),
            behind("scripted", f"http://127.0.0.1:{scripted}"),
        ],
        "router_settings": {"num_retries": 2, "allowed_fails": 0, "cooldown_time": 60, "retry_after": 0},
        "litellm_settings": {"drop_params": True, "request_timeout": 120},
    }


@asynccontextmanager
async def model(
    team: Team, name: str, *, key: str = LiteLLM.KEY, local: bool | None = True, parallel: int = 8
) -> AsyncIterator[tuple[GuardedModel, Directory]]:
    url = f"{team.proxy.url}/v1"
    server = ServerConfig(
        key="team", kind=ServerKind.OPENAI, url=url, parallel=parallel, key_env="TEAM_KEY", local=local
    )
    directory = Directory(
        servers=[server],
        models=[ModelConfig(key="m", server="team", name=name, context=2048)],
        deadlines=Deadlines(connect=60, first_token=240, between_tokens=120, total=400),
        policy=RetryPolicy(backoff=0.05),
        environ={"TEAM_KEY": key},
    )
    try:
        yield directory.get("m"), directory
    finally:
        await directory.aclose()


async def test_calls_are_spread_over_the_servers_and_streamed(team: Team) -> None:
    before = [server.answered() for server in team.servers]

    def both() -> bool:
        return all(server.answered() > had for server, had in zip(team.servers, before, strict=True))

    replies: list[ChatReply] = []
    async with model(team, "coder") as (coder, directory):
        assert await directory.unavailable("m") is None
        for batch in range(8):  # it chooses by chance
            async with asyncio.TaskGroup() as group:
                calls = [
                    group.create_task(coder.complete(ask(f"Say hello {batch} {number}.", max_tokens=6)))
                    for number in range(4)
                ]
            replies += [call.result() for call in calls]
            if both():
                break
    assert both()
    assert all(reply.completions[0].text.strip() for reply in replies)
    assert all(0 < reply.usage.output_tokens <= 6 for reply in replies)
    assert any(reply.timing.first_token < reply.timing.total for reply in replies), "it is streamed"


@pytest.mark.parametrize("local", [None, True])
async def test_it_is_known_for_a_gateway_unless_the_user_says_that_it_is_their_own(
    team: Team, local: bool | None
) -> None:
    async with model(team, "coder", local=local) as (_, directory):
        await directory.learn(30.0)
        info = directory.info("m")
        assert info.off_machine is (local is None)
        assert (info.place is None) is (local is True)


async def test_a_wrong_key_is_told_as_one(team: Team) -> None:
    async with model(team, "coder", key="sk-wrong") as (coder, _):
        with pytest.raises(Unauthorised) as caught:
            await coder.complete(ask(max_tokens=2))
    assert "TEAM_KEY" in caught.value.full_message
    assert "sk-wrong" not in caught.value.full_message


async def test_an_unknown_model_is_told_as_one(team: Team) -> None:
    async with model(team, "no-such-model") as (coder, _):
        with pytest.raises(ModelMissing, match="no-such-model"):
            await coder.complete(ask(max_tokens=2))


async def test_a_spent_budget_is_told_as_one_and_not_asked_again(team: Team) -> None:
    async with model(team, "dear") as (dear, _):
        await dear.complete(ask(max_tokens=2))
        caught: ModelError | None = None
        async with asyncio.timeout(120):
            while caught is None:  # the proxy books what a call came to when it is answered, or soon after
                try:
                    await dear.complete(ask(max_tokens=2))
                except ModelError as error:
                    caught = error
    assert isinstance(caught, ModelFault)
    assert "budget of the server team is spent" in str(caught)
    assert "raise it there" in (caught.remedy or "")


async def test_a_cancel_reaches_the_server_behind(team: Team) -> None:
    async with upstream(team, Script.say("word " * 4000, between=0.05)) as server, model(team, "scripted") as (m, _):
        call = asyncio.create_task(m.complete(ask(max_tokens=2000)))
        await server.until(lambda: bool(server.calls), timeout=60)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.until(lambda: server.calls[0].hung_up is not None, timeout=60)


async def test_hundreds_of_calls_at_once_each_get_their_own_answer(team: Team) -> None:
    def answer(body: dict[str, object]) -> Script:
        (number,) = re.findall(r"number (\d+)", str(body["messages"]))
        return Script.say(f"answer {number}", first=0.05)

    async with upstream(team, answer) as server, model(team, "scripted", parallel=64) as (m, _):
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(m.complete(ask(f"Say number {number}."))) for number in range(JOBS)]
        said = [call.result().completions[0].text for call in calls]
        assert said == [f"answer {number}" for number in range(JOBS)]
        assert len(server.calls) >= JOBS


async def test_when_one_server_dies_the_other_answers_and_when_both_die_it_is_said(team: Team) -> None:
    first, second = team.mortal
    async with model(team, "mortal") as (m, _):
        await m.complete(ask(max_tokens=2))
        first.stop()
        before = second.answered()
        for _ in range(4):
            assert (await m.complete(ask(max_tokens=2))).completions
        assert second.answered() > before
        second.stop()
        with pytest.raises(ModelError) as caught:
            await m.complete(ask(max_tokens=2))
    assert "team" in caught.value.full_message


@asynccontextmanager
async def upstream(team: Team, answer: object) -> AsyncIterator[OpenAIServer]:
    """A scripted server where the proxy looks for one."""
    server = OpenAIServer(answer=answer, models=[MODEL])  # type: ignore[arg-type]
    await server.start(team.scripted)
    try:
        yield server
    finally:
        await server.stop()
