"""The real clients against a real Ollama: its own API, its ``/v1/chat/completions`` and its ``/v1/messages``."""

from __future__ import annotations

import asyncio
import json

import pytest

from forge_lsp.core.errors import ModelFault, ModelMissing, PromptTooLong
from forge_lsp.core.ports import FinishReason
from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import CANCEL, VERDICT, ask, model_on, now
from tests.support.ollama_server import OllamaServer

pytest_plugins = ("tests.support.fixtures",)

MODEL = "smollm2:135m"
every_wire = pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI, ServerKind.ANTHROPIC])


@every_wire
async def test_an_answer_with_its_usage(kind: ServerKind, ollama_server: OllamaServer) -> None:
    # Ollama's /v1 takes its own default context, not ours.
    async with model_on(kind, ollama_server.url, MODEL) as (model, directory):
        assert await directory.unavailable("m") is None
        reply = await model.complete(ask("Say hello.", max_tokens=200, seed=1))
    (completion,) = reply.completions
    assert completion.text.strip()
    assert 5 < reply.usage.input_tokens < 100
    assert 0 < reply.usage.output_tokens <= 200
    assert 0 < reply.timing.first_token <= reply.timing.total


@every_wire
async def test_the_length_limit(kind: ServerKind, ollama_server: OllamaServer) -> None:
    async with model_on(kind, ollama_server.url, MODEL) as (model, _):
        reply = await model.complete(ask("Write a long story.", max_tokens=4))
    assert reply.completions[0].finish is FinishReason.LENGTH
    assert reply.usage.output_tokens <= 4


@every_wire
async def test_a_missing_model(kind: ServerKind, ollama_server: OllamaServer) -> None:
    async with model_on(kind, ollama_server.url, "codestral:22b") as (model, directory):
        with pytest.raises(ModelMissing, match="codestral:22b") as caught:
            await model.complete(ask())
        if kind is ServerKind.OLLAMA:
            assert caught.value.remedy == f"OLLAMA_HOST={ollama_server.url} ollama pull codestral:22b"
            fault = await directory.unavailable("m")
            assert fault is not None
            assert fault.remedy == caught.value.remedy
            (row,) = await directory.statuses()
            assert (row.installed, row.resident, row.remedy) == (False, False, caught.value.remedy)


@every_wire
async def test_a_cancel_frees_the_server(kind: ServerKind, ollama_server: OllamaServer) -> None:
    async with model_on(kind, ollama_server.url, MODEL) as (model, _):
        await model.complete(ask(max_tokens=1))
        for seed in range(20):  # a model this small may be done with it at once
            answered = ollama_server.answered()
            long = ask("Count to a thousand.", max_tokens=1500, temperature=1.0, seed=seed)
            call = asyncio.create_task(model.complete(long))
            await asyncio.wait({call}, timeout=0.5)
            if not call.done():
                break
        assert not call.done()
        cancelled = now()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert now() - cancelled < CANCEL
        # The server writes a line when it is done with a request, which it would not be for a thousand tokens.
        while ollama_server.answered() == answered and now() - cancelled < 10:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.01)
        assert ollama_server.answered() > answered
        assert (await model.complete(ask(max_tokens=2))).completions


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI])
async def test_a_schema_is_kept(kind: ServerKind, ollama_server: OllamaServer) -> None:
    async with model_on(kind, ollama_server.url, MODEL) as (model, _):
        for seed in range(4):
            reply = await model.complete(ask("Review: def f(): pass", max_tokens=200, schema=VERDICT, seed=seed))
            (completion,) = reply.completions
            if completion.finish is FinishReason.STOP:
                break
    verdict = json.loads(completion.text)
    assert isinstance(verdict["reasoning"], str)
    assert isinstance(verdict["score"], int)


async def test_messages_falls_back_to_words_where_a_model_knows_no_tools(ollama_server: OllamaServer) -> None:
    async with model_on(ServerKind.ANTHROPIC, ollama_server.url, MODEL) as (model, _):
        for _ in range(2):
            reply = await model.complete(ask("Review: def f(): pass", schema=VERDICT))
            assert reply.completions[0].text


async def test_samples_with_seeds(ollama_server: OllamaServer) -> None:
    async with model_on(ServerKind.OLLAMA, ollama_server.url, MODEL, parallel=2) as (model, _):
        request = ask("Invent a name.", samples=3, seed=5, temperature=1.0, max_tokens=12)
        first, second = await model.complete(request), await model.complete(request)
    assert len(first.completions) == 3
    assert len({completion.text for completion in first.completions}) > 1
    assert len(second.completions) == 3


async def test_a_load_is_measured_and_made_once(ollama_server: OllamaServer) -> None:
    ollama_server.unload(MODEL)
    async with model_on(ServerKind.OLLAMA, ollama_server.url, MODEL, context=1024) as (model, directory):
        (before,) = await directory.statuses()
        assert (before.installed, before.resident) == (True, False)
        cold = await model.complete(ask(max_tokens=1))
        warm = await model.complete(ask(max_tokens=1))
        assert cold.timing.load > warm.timing.load
        await asyncio.sleep(1.1)  # the lists are kept for a second
        (after,) = await directory.statuses()
        assert after.resident
        assert after.size
        rows = ollama_server.get("/api/ps")["models"]
        assert [row["context_length"] for row in rows if row["name"] == MODEL] == [1024]  # type: ignore[union-attr]


async def test_a_cancel_while_loading_does_not_abort_the_load(ollama_server: OllamaServer) -> None:
    ollama_server.unload(MODEL)
    async with model_on(ServerKind.OLLAMA, ollama_server.url, MODEL) as (model, directory):
        await directory.statuses()  # the SDK is imported, the connection made
        call = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(20):
            while MODEL not in await asyncio.to_thread(ollama_server.loaded):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.05)


async def test_a_prompt_that_does_not_fit_is_refused_rather_than_cut(ollama_server: OllamaServer) -> None:
    async with model_on(ServerKind.OLLAMA, ollama_server.url, MODEL, context=512) as (model, _):
        with pytest.raises(PromptTooLong, match="512"):
            await model.complete(ask(" ".join(map(str, range(600)))))


async def test_a_pull_without_a_network(ollama_server: OllamaServer) -> None:
    async with model_on(ServerKind.OLLAMA, ollama_server.url, "no-such-model-here:1b") as (_, directory):
        with pytest.raises(ModelFault, match="no-such-model-here:1b") as caught:
            async for _step in directory.pull("m"):
                pass
    assert "ollama pull no-such-model-here:1b" in (caught.value.remedy or "")


async def test_three_models_take_turns_where_two_fit(ollama_server: OllamaServer) -> None:
    names = (MODEL, "phi4:14b", "granite3-dense:2b")
    directory = Directory(
        servers=[ServerConfig(key="s", kind=ServerKind.OLLAMA, url=ollama_server.url, parallel=3)],
        models=[ModelConfig(key=name, server="s", name=name, context=512) for name in names],
        deadlines=Deadlines(load=60),
        environ={},
    )
    try:
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(directory.get(name).complete(ask(max_tokens=5))) for name in names]
        assert all(call.result().completions for call in calls)
        assert len(ollama_server.loaded()) <= 2
    finally:
        await directory.aclose()
