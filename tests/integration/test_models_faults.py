"""The real clients against servers that go wrong on command: every failure becomes one of our errors, and no call
outlives its cancel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from forge_lsp.core.errors import (
    BrokenStream,
    DeadlineExceeded,
    ModelError,
    ModelFault,
    ModelMissing,
    PromptTooLong,
    Rambling,
    ServerBusy,
    ServerUnreachable,
    Unauthorised,
)
from forge_lsp.core.ports import FinishReason
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.wire import Deadlines, ServerKind
from tests.integration.models_room import CANCEL, VERDICT, ask, hung_up_within, model_on, now
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.ollama_server import free_port
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Exchange, Script, ScriptedServer, Scripts

BRIEF = Deadlines(connect=2, first_token=1, between_tokens=0.4, total=10, load=5)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A scripted server and a model on it."""

    server: ScriptedServer
    model: GuardedModel
    calls: Callable[[], list[Exchange]]


@asynccontextmanager
async def rig(
    kind: ServerKind, answer: Scripts, *, deadlines: Deadlines | None = None, parallel: int = 1
) -> AsyncIterator[Rig]:
    server: FakeOllama | MessagesServer | OpenAIServer
    match kind:
        case ServerKind.OLLAMA:
            server = FakeOllama(answer=answer, models=["phi4:14b"])
        case ServerKind.ANTHROPIC:
            server = MessagesServer(answer=answer)
        case _:
            server = OpenAIServer(answer=answer, models=["phi4:14b"])
    async with (
        server,
        model_on(kind, server.url, "phi4:14b", deadlines=deadlines, parallel=parallel) as (model, _),
    ):
        yield Rig(
            server=server,
            model=model,
            calls=lambda: server.chats if isinstance(server, FakeOllama) else server.calls,
        )


every_wire = pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI, ServerKind.ANTHROPIC])


@every_wire
async def test_an_answer(kind: ServerKind) -> None:
    async with rig(kind, Script.say("def add(a, b):\n    return a + b\n")) as it:
        reply = await it.model.complete(ask())
        assert reply.completions[0].text == "def add(a, b):\n    return a + b\n"
        assert reply.completions[0].finish is FinishReason.STOP
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (20, 3)


@every_wire
async def test_an_answer_cut_by_its_length(kind: ServerKind) -> None:
    async with rig(kind, Script.say("def add(", reason="length")) as it:
        assert (await it.model.complete(ask())).completions[0].finish is FinishReason.LENGTH


@every_wire
async def test_nothing_answers(kind: ServerKind) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with model_on(kind, url, "phi4:14b") as (model, _):
        with pytest.raises(ServerUnreachable) as caught:
            await model.complete(ask())
    assert url in str(caught.value)
    assert caught.value.remedy


@every_wire
async def test_no_such_model(kind: ServerKind) -> None:
    async with rig(kind, Script.refuse(404, "model 'phi4:14b' not found", kind="not_found_error")) as it:
        with pytest.raises(ModelMissing) as caught:
            await it.model.complete(ask())
    assert "phi4:14b" in str(caught.value)
    if kind is ServerKind.OLLAMA:
        assert caught.value.remedy == f"OLLAMA_HOST={it.server.url} ollama pull phi4:14b"


@every_wire
@pytest.mark.parametrize("status", [429, 503, 529])
async def test_a_busy_server_is_asked_again(kind: ServerKind, status: int) -> None:
    busy = Script.refuse(status, "server busy, please try again.", kind="overloaded_error")
    if kind is ServerKind.OLLAMA and status == 529:
        pytest.skip("Ollama knows no 529")
    async with rig(kind, [busy, busy, Script.say("at last")]) as it:
        assert (await it.model.complete(ask())).completions[0].text == "at last"
        assert len(it.calls()) == 3


@every_wire
async def test_a_server_that_stays_busy(kind: ServerKind) -> None:
    async with rig(kind, Script.refuse(503, "server busy")) as it:
        with pytest.raises(ServerBusy, match="server busy"):
            await it.model.complete(ask())


@pytest.mark.parametrize("kind", [ServerKind.OPENAI, ServerKind.ANTHROPIC])
async def test_retry_after_is_honoured(kind: ServerKind) -> None:
    limited = Script.refuse(429, "slow down", kind="rate_limit_error", headers={"retry-after": "0.4"})
    async with rig(kind, [limited, Script.say("ok")]) as it:
        await it.model.complete(ask())
        first, second = it.calls()
        assert second.started - first.started >= 0.4


@pytest.mark.parametrize("kind", [ServerKind.OPENAI, ServerKind.ANTHROPIC])
async def test_retry_after_beyond_the_total_deadline_is_not_waited_for(kind: ServerKind) -> None:
    async with rig(kind, Script.refuse(429, "slow down", headers={"retry-after": "3600"})) as it:
        with pytest.raises(ServerBusy):
            await it.model.complete(ask())
        assert len(it.calls()) == 1


@every_wire
@pytest.mark.parametrize("after", ["", "half an answer"])
async def test_a_stall(kind: ServerKind, after: str) -> None:
    async with rig(kind, Script.stall(after), deadlines=BRIEF) as it:
        with pytest.raises(DeadlineExceeded) as caught:
            await it.model.complete(ask())
        assert caught.value.deadline == ("between_tokens" if after else "first_token")
        assert await hung_up_within(it.server, it.calls()[0], now()) < CANCEL


@every_wire
async def test_a_stream_that_ends_without_its_end(kind: ServerKind) -> None:
    async with rig(kind, Script.cut("half an answer")) as it:
        with pytest.raises(BrokenStream):
            await it.model.complete(ask())


@every_wire
async def test_a_connection_that_breaks(kind: ServerKind) -> None:
    async with rig(kind, Script.drop("half an answer")) as it:
        with pytest.raises(BrokenStream):
            await it.model.complete(ask())


@every_wire
async def test_an_error_in_the_middle(kind: ServerKind) -> None:
    script = Script.fail_midway("half an answer", "runner has unexpectedly stopped", kind="api_error")
    async with rig(kind, script) as it:
        with pytest.raises(ModelFault, match="unexpectedly stopped"):
            await it.model.complete(ask())


@pytest.mark.parametrize("kind", [ServerKind.ANTHROPIC, ServerKind.OPENAI])
async def test_overloaded_in_the_middle_is_not_paid_for_twice(kind: ServerKind) -> None:
    async with rig(kind, Script.fail_midway("half", "Overloaded", kind="overloaded_error")) as it:
        with pytest.raises(BrokenStream, match="Overloaded") as caught:
            await it.model.complete(ask())
        assert caught.value.written == 1
        assert len(it.calls()) == 1


async def test_overloaded_before_the_first_token_is_asked_again() -> None:
    scripts = [Script.fail_midway("", "Overloaded", kind="overloaded_error"), Script.say("ok")]
    async with rig(ServerKind.ANTHROPIC, scripts) as it:
        assert (await it.model.complete(ask())).completions[0].text == "ok"


@every_wire
async def test_endless_white_space(kind: ServerKind) -> None:
    async with rig(kind, Script.ramble("   \n")) as it:
        with pytest.raises(Rambling):
            await it.model.complete(ask())
        assert await hung_up_within(it.server, it.calls()[0], now()) < CANCEL


@every_wire
@pytest.mark.parametrize("status", [500, 502])
async def test_any_other_error_is_told_in_the_servers_words(kind: ServerKind, status: int) -> None:
    async with rig(kind, Script.refuse(status, "llama runner process has terminated: CUDA error")) as it:
        with pytest.raises(ModelFault, match="CUDA error"):
            await it.model.complete(ask())


@every_wire
async def test_a_prompt_that_does_not_fit(kind: ServerKind) -> None:
    words = "the input length exceeds the context length"
    async with rig(kind, Script.refuse(400, words, kind="invalid_request_error")) as it:
        with pytest.raises(PromptTooLong, match="2048"):
            await it.model.complete(ask())


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI])
async def test_a_prompt_that_was_cut_silently(kind: ServerKind) -> None:
    async with rig(kind, Script(pieces=("ok",), input_tokens=2048)) as it:
        with pytest.raises(PromptTooLong):
            await it.model.complete(ask())


@every_wire
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_never_shown(kind: ServerKind, status: int) -> None:
    words = "Incorrect API key provided: sk-test-1234"
    async with rig(kind, Script.refuse(status, words, kind="authentication_error")) as it:
        with pytest.raises(Unauthorised) as caught:
            await it.model.complete(ask())
    assert "sk-test-1234" not in caught.value.full_message
    if kind is ServerKind.ANTHROPIC:
        assert "ANTHROPIC_API_KEY" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("status", "words", "kind", "told"),
    [
        (429, "No deployments available - crossed budget: Exceeded budget for deployment", ModelFault, "budget"),
        (400, "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", ModelFault, "budget"),
        (401, "ExceededBudget: End User=x over budget. Spend=2.0, Budget=1.0", ModelFault, "budget"),
        (400, "No connected db.", Unauthorised, "does not know this key"),
        (400, "/chat/completions: Invalid model name passed in model=phi4:14b.", ModelMissing, "phi4:14b"),
    ],
)
async def test_what_a_gateway_refuses_is_told_as_what_it_is(
    status: int, words: str, kind: type[ModelError], told: str
) -> None:
    async with rig(ServerKind.OPENAI, Script.refuse(status, words)) as it:
        with pytest.raises(kind, match=told) as caught:
            await it.model.complete(ask())
        assert len(it.calls()) == 1, "asking again is of no use"
    assert caught.value.remedy


@every_wire
@pytest.mark.parametrize("when", ["before the first token", "in the middle"])
async def test_a_cancel_closes_the_connection(kind: ServerKind, when: str) -> None:
    script = Script.stall("" if when == "before the first token" else "half an answer")
    async with rig(kind, [script, Script.say("next")]) as it:
        call = asyncio.create_task(it.model.complete(ask()))
        await it.server.until(lambda: bool(it.calls()))
        await asyncio.sleep(0.1)
        cancelled = now()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert now() - cancelled < CANCEL
        assert await hung_up_within(it.server, it.calls()[0], cancelled) < CANCEL
        assert (await it.model.complete(ask())).completions[0].text == "next"


@every_wire
async def test_a_cancel_closes_all_samples(kind: ServerKind) -> None:
    async with rig(kind, Script.stall("half"), parallel=3) as it:
        call = asyncio.create_task(it.model.complete(ask(samples=3)))
        await it.server.until(lambda: len(it.calls()) == 3)
        cancelled = now()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        for exchange in it.calls():
            assert await hung_up_within(it.server, exchange, cancelled) < CANCEL


async def test_a_cancel_while_loading_lets_the_load_finish() -> None:
    server = FakeOllama(load=0.4)
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (model, _):
        call = asyncio.create_task(model.complete(ask()))
        await server.until(lambda: bool(server.loads))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        reply = await model.complete(ask())
        assert server.loads[0].hung_up is None
        assert len(server.loads) == 1
        assert reply.timing.load > 0.1


async def test_ollama_gets_one_set_of_options_and_a_strict_context() -> None:
    server = FakeOllama(answer=Script.say("{}"))
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b", context=4096) as (model, _):
        await model.complete(ask(temperature=0.7, seed=3))
        await model.complete(ask(schema=VERDICT))
    bodies = [exchange.body for exchange in (*server.loads, *server.chats)]
    assert len(bodies) == 3
    for body in bodies:
        assert (body["options"]["num_ctx"], body["options"]["num_batch"]) == (4096, 512)
        assert (body["keep_alive"], body["truncate"], body["shift"]) == (-1, False, False)
        assert "think" not in body, "a model that cannot think refuses the parameter"
    assert bodies[1]["options"] == {"num_ctx": 4096, "num_batch": 512, "temperature": 0.7, "num_predict": 60, "seed": 3}
    assert bodies[2]["format"] == VERDICT
    assert server.resident == {"phi4:14b": 4096}


async def test_a_thinking_model_does_not_think_under_a_schema() -> None:
    capabilities = {"phi4:14b": ("completion", "thinking")}
    server = FakeOllama(answer=Script.say("{}"), capabilities=capabilities)
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (model, _):
        for _ in range(2):
            await model.complete(ask(schema=VERDICT))
        await model.complete(ask())
        await model.complete(ask(think=True))
    assert [chat.body.get("think") for chat in server.chats] == [False, False, False, True]
    assert len(server.to("/api/show")) == 1


async def test_a_resident_model_with_another_context_is_loaded_anew() -> None:
    server = FakeOllama()
    server.resident["phi4:14b"] = 512
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (model, _):
        await model.complete(ask())
    assert len(server.loads) == 1


async def test_a_pull_tells_its_progress() -> None:
    lines = [
        {"status": "pulling manifest"},
        {"status": "pulling abc", "total": 100, "completed": 40},
        {"status": "success"},
    ]
    server = FakeOllama(pull=lines)
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (_, directory):
        steps = [(step.status, step.completed, step.total) async for step in directory.pull("m")]
    assert steps == [("pulling manifest", 0, 0), ("pulling abc", 40, 100), ("success", 0, 0)]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([{"status": "x"}, {"error": "pull model manifest: no such host"}], ModelFault),
        ([{"status": "x"}], BrokenStream),
    ],
)
async def test_a_pull_that_fails_says_so(lines: list[dict[str, str]], error: type[Exception]) -> None:
    server = FakeOllama(pull=lines)
    async with server, model_on(ServerKind.OLLAMA, server.url, "phi4:14b") as (_, directory):
        with pytest.raises(error) as caught:
            async for _step in directory.pull("m"):
                pass
    assert "ollama pull phi4:14b" in (caught.value.remedy or "")  # type: ignore[attr-defined]


async def test_what_is_no_ollama_is_named_as_such() -> None:
    async with OpenAIServer() as server, model_on(ServerKind.OLLAMA, server.url, "x") as (_, directory):
        assert await directory.unavailable("m")


async def test_every_server_is_told_where_an_answer_ends() -> None:
    stop = ask(stop=("\n```\n",))
    async with FakeOllama(answer=Script.say("ok")) as ollama, OpenAIServer() as openai, MessagesServer() as claude:
        for kind, url, sent in (
            (ServerKind.OLLAMA, ollama.url, lambda: ollama.chats[-1].body["options"]["stop"]),
            (ServerKind.OPENAI, openai.url, lambda: openai.calls[-1].body["stop"]),
            (ServerKind.ANTHROPIC, claude.url, lambda: claude.calls[-1].body["stop_sequences"]),
        ):
            async with model_on(kind, url, "phi4:14b") as (model, _):
                await model.complete(stop)
            assert sent() == ["\n```\n"]


async def test_claude_gets_its_cache_marks_and_counts_its_cache() -> None:
    server = MessagesServer(answer=Script.say("ok"), cached=900, cache_write=50)
    async with server, model_on(ServerKind.ANTHROPIC, server.url, "claude") as (model, _):
        reply = await model.complete(ask())
    body = server.calls[0].body
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    (turn,) = body["messages"]
    assert [block.get("cache_control") for block in turn["content"]] == [{"type": "ephemeral"}, None]
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.cache_write_tokens) == (970, 900, 50)


async def test_claude_answers_a_schema_by_a_forced_tool() -> None:
    answer = json.dumps({"reasoning": "fine", "score": 8})
    server = MessagesServer(answer=Script.say(answer))
    async with server, model_on(ServerKind.ANTHROPIC, server.url, "claude") as (model, _):
        reply = await model.complete(ask(schema=VERDICT))
    assert json.loads(reply.completions[0].text) == {"reasoning": "fine", "score": 8}
    assert server.calls[0].body["tool_choice"]["type"] == "tool"
    assert server.calls[0].body["tools"][0]["input_schema"] == VERDICT


@pytest.mark.parametrize("refuses", [("temperature",), ("tools",), ("temperature", "tools")])
async def test_claude_does_without_what_is_refused_and_remembers(refuses: tuple[str, ...]) -> None:
    server = MessagesServer(answer=Script.say('Here:\n```json\n{"score": 8}\n```'), refuses=refuses)
    async with server, model_on(ServerKind.ANTHROPIC, server.url, "claude") as (model, _):
        for _ in range(2):
            reply = await model.complete(ask(schema=VERDICT))
            if "tools" in refuses:
                assert reply.completions[0].text == '{"score": 8}'
    assert len(server.calls) == 2 + len(refuses)
    assert not set(refuses) & set(server.calls[-1].body)


async def test_claude_declining_is_told() -> None:
    async with rig(ServerKind.ANTHROPIC, Script.say("", reason="refusal")) as it:
        with pytest.raises(ModelFault, match="declined"):
            await it.model.complete(ask())


@pytest.mark.parametrize("name", ["stream_options", "response_format", "temperature", "max_tokens", "seed"])
async def test_an_openai_server_is_spared_what_it_refuses(name: str) -> None:
    server = OpenAIServer(answer=Script.say('{"score": 8}'), refuses=(name,))
    async with server, model_on(ServerKind.OPENAI, server.url, "local") as (model, _):
        for _ in range(2):
            reply = await model.complete(ask(schema=VERDICT, seed=1))
            assert reply.completions[0].text == '{"score": 8}'
            assert reply.usage.input_tokens > 0, "estimated where the server does not count"
            assert reply.usage.output_tokens > 0
    assert [name in call.body for call in server.calls] == [True, False, False]
    if name == "response_format":
        assert "JSON schema" in server.calls[-1].body["messages"][-1]["content"]
    if name == "max_tokens":
        assert server.calls[-1].body["max_completion_tokens"] == 60


async def test_a_batch_is_one_request() -> None:
    server = OpenAIServer(answer=Script.say(" says hi"), numbered=True)
    async with server, model_on(ServerKind.OPENAI, server.url, "local", batches=True) as (model, _):
        reply = await model.complete(ask(samples=3))
    assert [completion.text for completion in reply.completions] == ["0 says hi", "1 says hi", "2 says hi"]
    assert len(server.calls) == 1
    assert reply.usage.cached_tokens == 5


async def test_an_answer_is_complete_without_the_servers_goodbye() -> None:
    server = OpenAIServer(done=False)
    async with server, model_on(ServerKind.OPENAI, server.url, "local", deadlines=BRIEF) as (model, _):
        assert (await model.complete(ask())).completions[0].text == "hello"


async def test_the_key_goes_where_it_is_named_and_nowhere_else() -> None:
    environ = {"MY_KEY": "sk-mine", "OPENAI_API_KEY": "sk-openai"}
    async with OpenAIServer(key="sk-mine") as server:
        async with model_on(ServerKind.OPENAI, server.url, "local", environ=environ, key_env="MY_KEY") as (model, _):
            await model.complete(ask())
        async with model_on(ServerKind.OPENAI, server.url, "local", environ=environ) as (model, _):
            with pytest.raises(Unauthorised):
                await model.complete(ask())
    assert all("sk-openai" not in call.headers["authorization"] for call in server.calls)


@every_wire
async def test_a_local_call_takes_no_proxy(kind: ServerKind, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with rig(kind, Script.say("direct")) as it:
        assert (await it.model.complete(ask())).completions[0].text == "direct"


@pytest.mark.parametrize("kind", [ServerKind.OPENAI, ServerKind.OLLAMA])
async def test_servers_that_run_in_parallel_are_asked_at_once(kind: ServerKind) -> None:
    async with rig(kind, Script.say("ok", first=1.0), parallel=5) as it:
        await asyncio.gather(*(it.model.complete(ask()) for _ in range(5)))
        chats = it.calls()
        assert len(chats) == 5
        assert max(each.started for each in chats) < min(each.ended or 0 for each in chats)
