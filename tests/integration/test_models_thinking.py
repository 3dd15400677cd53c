"""Models that think: each has room for its answer, is told what it knows, and is asked once more where it gave none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.errors import ModelFault
from forge_lsp.core.ports import ModelInfo, Purpose, ThinkingSupport
from forge_lsp.models.capabilities import from_show
from forge_lsp.models.directory import Directory
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import VERDICT, ask
from tests.support.faulty_ollama import FakeOllama, Mind
from tests.support.ollama_server import OllamaServer, ollama_program
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Script

NAME = "qwen3.6:27b"
ANSWER = '{"reasoning": "fine", "score": 9}'


@asynccontextmanager
async def asked(
    kind: ServerKind,
    url: str,
    name: str = NAME,
    *,
    think: str = "auto",
    context: int = 8192,
    think_for: Mapping[Purpose, str] | None = None,
) -> AsyncIterator[tuple[GuardedModel, Directory]]:
    """One model of a window of ``context`` tokens that is to ``think``."""
    directory = Directory(
        servers=[ServerConfig(key="s", kind=kind, url=url)],
        models=[ModelConfig(key="m", server="s", name=name, context=context, think=think, think_for=think_for or {})],
        environ={},
    )
    try:
        yield directory.get("m"), directory
    finally:
        await directory.aclose()


@pytest.mark.parametrize("request_", [ask(), ask(think=True), ask(schema=VERDICT)], ids=["plain", "think", "schema"])
@pytest.mark.parametrize("setting", ["auto", "off", "low", "medium", "high"])
@pytest.mark.parametrize("mute", [False, True])
@pytest.mark.parametrize("kind", ["switch", "levels", "always", "inline"])
async def test_every_kind_answers_whatever_is_asked_and_set(
    kind: str, mute: bool, setting: str, request_: object
) -> None:
    mind = Mind(kind=kind, mute=mute)
    async with (
        FakeOllama(models=[NAME], minds={NAME: mind}, answer=Script.say(ANSWER)) as server,
        asked(ServerKind.OLLAMA, server.url, think=setting) as (model, _),
    ):
        for _ in range(3):
            reply = await model.complete(request_)  # type: ignore[arg-type]  # parametrised
            assert reply.completions[0].text.endswith(ANSWER)
        assert len(server.chats) <= 4, "what was learnt holds: at most one call was asked twice"


@pytest.mark.parametrize(
    ("kind", "setting", "more", "think", "room"),
    [
        ("switch", "auto", {}, False, 0),
        ("switch", "auto", {"think": True}, True, 2730),
        ("switch", "auto", {"schema": VERDICT}, False, 0),
        ("switch", "off", {"think": True}, False, 0),
        ("switch", "low", {}, True, 1024),
        ("switch", "high", {"schema": VERDICT}, False, 0),
        ("levels", "auto", {}, "low", 1024),
        ("levels", "auto", {"think": True}, "medium", 2730),
        ("levels", "off", {"think": True}, "low", 1024),
        ("levels", "high", {}, "high", 2730),
        ("levels", "high", {"schema": VERDICT}, "low", 1024),
    ],
)
async def test_a_model_is_told_what_it_knows(
    kind: str, setting: str, more: dict[str, object], think: object, room: int
) -> None:
    name = "gpt-oss:20b" if kind == "levels" else NAME
    async with (
        FakeOllama(models=[name], minds={name: Mind(kind=kind, tokens=40)}) as server,
        asked(ServerKind.OLLAMA, server.url, name, think=setting) as (model, directory),
    ):
        await model.complete(ask(**more))
        (chat,) = server.chats
        assert chat.body["think"] == think
        assert chat.body["options"]["num_predict"] == 60 + room
        assert directory.info("m").thinks is (ThinkingSupport.LEVELS if kind == "levels" else ThinkingSupport.SWITCH)


@pytest.mark.parametrize("kind", ["switch", "levels"])
async def test_how_much_it_thinks_is_set_by_what_the_answer_is_for(kind: str) -> None:
    """Also for a review, whose schema keeps it from thinking otherwise."""
    name = "gpt-oss:20b" if kind == "levels" else NAME
    wishes = {Purpose.PLAN: "high", Purpose.REVIEW: "low", Purpose.WRITE: "off"}
    purposes = (Purpose.WRITE, Purpose.PLAN, Purpose.REVIEW)
    async with (
        FakeOllama(models=[name], minds={name: Mind(kind=kind, tokens=40)}, answer=Script.say(ANSWER)) as server,
        asked(ServerKind.OLLAMA, server.url, name, think_for=wishes) as (model, directory),
    ):
        for purpose in purposes:
            schema = VERDICT if purpose is Purpose.REVIEW else None
            await model.complete(replace(ask(schema=schema), purpose=purpose))
        room = [chat.body["options"]["num_predict"] - 60 for chat in server.chats]
        told = [chat.body["think"] for chat in server.chats]
        assert told == ([False, True, True] if kind == "switch" else ["low", "high", "low"])
        assert room == [0 if kind == "switch" else 1024, 2730, 1024]
        assert directory.info("m").thought_tokens == 2730


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI])
async def test_an_answer_says_that_its_schema_was_told_in_words(kind: ServerKind) -> None:
    words = Script.say("A fine piece of work. Score: 9/10.")
    async with AsyncExitStack() as stack:
        if kind is ServerKind.OLLAMA:
            url = (await stack.enter_async_context(FakeOllama(models=[NAME], answer=words))).url
        else:
            url = (await stack.enter_async_context(OpenAIServer(models=[NAME], answer=words))).url + "/v1"
        model, _ = await stack.enter_async_context(asked(kind, url))
        said = [(await model.complete(ask(schema=VERDICT))).in_words for _ in range(4)]
        assert said == [False, False, True, True]
        assert not (await model.complete(ask())).in_words


async def test_a_thought_that_never_ends_is_told_with_the_remedy_and_counted() -> None:
    mind = Mind(kind="switch", tokens=10**6)
    async with (
        FakeOllama(models=[NAME], minds={NAME: mind}) as server,
        asked(ServerKind.OLLAMA, server.url, think="high") as (model, _),
    ):
        # It is asked again with thinking switched off, and answers.
        reply = await model.complete(ask())
        assert reply.completions[0].text == "hello"
        assert [chat.body["think"] for chat in server.chats] == [True, False]
        assert reply.usage.output_tokens > 2000, "both calls are counted"


@pytest.mark.parametrize("kind", ["levels", "always", "inline"])
async def test_one_that_only_thinks_says_how_much_it_spent(kind: str) -> None:
    mind = Mind(kind=kind, tokens=10**6)
    async with (
        FakeOllama(models=[NAME], minds={NAME: mind}) as server,
        asked(ServerKind.OLLAMA, server.url) as (model, _),
    ):
        with pytest.raises(ModelFault, match=r"spent its \d+ tokens on thinking and gave no answer") as caught:
            await model.complete(ask())
        assert "models.m." in (caught.value.remedy or "")
        assert len(server.chats) == 2


@pytest.mark.parametrize("schema", [None, VERDICT])
@pytest.mark.parametrize("setting", ["auto", "off", "low", "high"])
@pytest.mark.parametrize("reasons", ["template", "effort", "always"])
async def test_openai_compatible_servers(reasons: str, setting: str, schema: object) -> None:
    async with (
        OpenAIServer(models=[NAME], reasons=reasons, answer=Script.say(ANSWER)) as server,
        asked(ServerKind.OPENAI, f"{server.url}/v1", think=setting) as (model, _),
    ):
        for _ in range(3):
            reply = await model.complete(ask(schema=schema))
            assert reply.completions[0].text == ANSWER
        assert len(server.calls) <= 4


@pytest.mark.parametrize(
    "refuses", [("reasoning_effort",), ("chat_template_kwargs",), ("reasoning_effort", "chat_template_kwargs")]
)
async def test_a_server_that_knows_no_switch_has_room(refuses: tuple[str, ...]) -> None:
    async with (
        OpenAIServer(models=[NAME], reasons="always", refuses=refuses, answer=Script.say(ANSWER)) as server,
        asked(ServerKind.OPENAI, f"{server.url}/v1") as (model, directory),
    ):
        for _ in range(2):
            assert (await model.complete(ask())).completions[0].text == ANSWER
        assert directory.info("m").thinks is ThinkingSupport.ALWAYS
        sent = server.calls[-1].body
        assert not set(refuses) & sent.keys()
        assert 1500 < sent["max_tokens"] < 8192


async def test_models_that_do_not_think_are_sent_nothing_new() -> None:
    async with (
        OpenAIServer(models=[NAME]) as server,
        asked(ServerKind.OPENAI, f"{server.url}/v1") as (model, _),
    ):
        await model.complete(ask(think=True))
        assert not {"reasoning_effort", "chat_template_kwargs"} & server.calls[0].body.keys()
        assert server.calls[0].body["max_tokens"] == 60


# ------------------------------------------------------------------ what a server says

CHATML = "{{ range .Messages }}<|im_start|>{{ .Role }}{{ .Content }}{{ end }}"


BARE = "{{ .Prompt }}"
INFILL = "{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>{{- else }}{{ .Prompt }}{{- end }}"
LEGACY = "### Instruction:\n{{ .Prompt }}\n### Response:"


@pytest.mark.parametrize(
    ("name", "can", "more", "thinks", "chats"),
    [
        ("qwen3.6:27b", "completion tools thinking", {}, ThinkingSupport.SWITCH, True),
        ("gpt-oss:20b", "completion tools thinking", {}, ThinkingSupport.LEVELS, True),
        ("mine", "completion thinking", {"details": {"family": "gptoss"}}, ThinkingSupport.LEVELS, True),
        ("r1", "completion", {"template": f"{BARE}<|Assistant|><think>\n"}, ThinkingSupport.ALWAYS, True),
        ("qwen2.5-coder:7b", "completion tools insert", {"template": CHATML}, ThinkingSupport.NO, True),
        ("old:7b", "", {"template": CHATML}, ThinkingSupport.NO, True),
        ("old:7b", "", {}, ThinkingSupport.NO, True),
        ("qwen2.5-coder:1.5b-base", "completion insert", {"template": CHATML}, ThinkingSupport.NO, False),
        ("starcoder2:15b", "completion", {"template": BARE}, ThinkingSupport.NO, False),
        ("codellama:7b-code", "completion insert", {"template": INFILL}, ThinkingSupport.NO, False),
        ("mxbai-embed-large", "embedding", {}, ThinkingSupport.NO, False),
        ("deepseek-ocr", "completion vision", {}, ThinkingSupport.NO, False),
        ("translategemma:12b", "completion vision", {}, ThinkingSupport.NO, False),
        ("gemma4:26b", "completion vision thinking", {}, ThinkingSupport.SWITCH, True),
        ("new", "completion", {"template": BARE, "modelfile": "RENDERER x"}, ThinkingSupport.NO, True),
        ("legacy", "completion", {"template": LEGACY}, ThinkingSupport.NO, True),
    ],
)
def test_what_a_description_says(
    name: str, can: str, more: dict[str, object], thinks: ThinkingSupport, chats: bool
) -> None:
    able = from_show(name, {"capabilities": can.split(), **more} if can else more)
    assert (able.thinks, able.chats) == (thinks, chats)


THINKING = """TEMPLATE \"\"\"{{ range .Messages }}<|im_start|>{{ .Role }}
{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
\"\"\"
"""


@pytest.mark.skipif(isinstance(ollama_program(), str), reason=str(ollama_program()))
async def test_a_real_server_tells_and_takes_the_switch(tmp_path: Path) -> None:
    with OllamaServer(tmp_path) as server:
        server.add_model("thinker:135m", modelfile=THINKING)
        server.add_model("plain:135m")
        known: dict[str, ModelInfo] = {}
        for name in ("thinker:135m", "plain:135m"):
            async with asked(ServerKind.OLLAMA, server.url, name, context=2048) as (model, directory):
                for request in (ask(), ask(think=True), ask(schema=VERDICT)):
                    assert (await model.complete(request)).completions[0].text.strip()
                known[name] = directory.info("m")
        assert known["thinker:135m"].thinks is ThinkingSupport.SWITCH
        assert known["plain:135m"].thinks is ThinkingSupport.NO
        assert known["thinker:135m"].thought_tokens == 2048 // 3
        assert known["plain:135m"].thought_tokens == 0
