"""What is known of models is one value, learnt from their answers, kept by digest and used at the next start."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.models.capabilities import AnswerForm, from_show
from forge_lsp.models.directory import Directory
from forge_lsp.models.families import families, family_of, restricted
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.known import MOST, VERSION
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import VERDICT, ask
from tests.support.faulty_ollama import FakeOllama, Mind
from tests.support.messages_server import MessagesServer
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Script

NAME = "qwen3.6:27b"
ANSWER = '{"reasoning": "fine", "score": 9}'


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


@asynccontextmanager
async def started(
    kind: ServerKind, url: str, state: Path | None, name: str = NAME, think: str = "auto"
) -> AsyncIterator[GuardedModel]:
    """One model of a process that keeps what it learns in ``state``."""
    directory = Directory(
        servers=[ServerConfig(key="s", kind=kind, url=url)],
        models=[ModelConfig(key="m", server="s", name=name, think=think)],
        environ={"ANTHROPIC_API_KEY": "sk-test-1234"},
        state=state,
    )
    try:
        yield directory.get("m")
    finally:
        await directory.aclose()


async def test_what_was_learnt_is_used_at_the_next_start(tmp_path: Path) -> None:
    """It answers nothing under a schema while it may not think: found out once, and never again."""
    mind = Mind(kind="switch", tokens=40, mute=True)
    async with FakeOllama(models=[NAME], minds={NAME: mind}, answer=Script.say(ANSWER)) as server:
        for calls in (2, 1, 1):
            before = len(server.chats)
            async with started(ServerKind.OLLAMA, server.url, tmp_path) as model:
                assert (await model.complete(ask(schema=VERDICT))).completions[0].text == ANSWER
            assert len(server.chats) - before == calls
        assert len(server.to("/api/show")) == 1, "what it is was kept too"
        kept: Any = json.loads((tmp_path / "models.json").read_text())
        (row,) = kept["models"].values()
        assert (kept["version"], list(kept["models"]), row["name"]) == (VERSION, [f"d-{NAME}"], NAME)
        assert (row["learnt"]["form"], row["learnt"]["empty"], row["thinks"]) == ("prose", True, "switch")
        assert "place" not in row, "where it runs is asked before every call"


async def test_one_that_thinks_all_the_same_has_room_from_the_start(tmp_path: Path) -> None:
    mind = Mind(kind="always", tokens=300)
    async with FakeOllama(models=[NAME], minds={NAME: mind}, answer=Script.say(ANSWER)) as server:
        for _ in range(2):
            async with started(ServerKind.OLLAMA, server.url, tmp_path) as model:
                await model.complete(ask())
        first, second, third = (chat.body["options"]["num_predict"] for chat in server.chats)
        assert first == 60
        assert second > 60
        assert third > 1000


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI])
async def test_a_schema_that_is_ignored_is_asked_for_as_json_then_in_words(kind: ServerKind, tmp_path: Path) -> None:
    name = "gemma3:4b"
    say = Script.say("I find it good. Score: 9/10")
    ollama = kind is ServerKind.OLLAMA
    made = FakeOllama(models=[name], answer=say) if ollama else OpenAIServer(models=[name], answer=say)
    async with made as server:
        url = server.url if ollama else f"{server.url}/v1"
        for _ in range(3):
            async with started(kind, url, tmp_path, name) as model:
                await model.complete(ask(schema=VERDICT))
        calls = server.chats if isinstance(server, FakeOllama) else server.calls
        field = "format" if ollama else "response_format"
        sent = [call.body.get(field) for call in calls]
        told = ["JSON schema" in str(call.body["messages"]) for call in calls]
    json_only: object = "json" if ollama else {"type": "json_object"}
    assert isinstance(sent[0], dict)
    assert sent[1:] == [json_only, None]
    assert told == [False, True, True], "what is not enforced is told"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "\0" * 50,
        '{"version": 0, "models": {}}',
        '{"version": 1}',
        '{"version": 1, "models": {"d-qwen3.6:27b": 3}}',
        '{"version": 1, "models": {"d-qwen3.6:27b": {"chats": "yes", "learnt": {}}}}',
    ],
)
async def test_a_damaged_file_is_as_good_as_none(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(damage)
    async with FakeOllama(models=[NAME], answer=Script.say(ANSWER)) as server:
        async with started(ServerKind.OLLAMA, server.url, tmp_path) as model:
            await model.complete(ask())
        assert len(server.to("/api/show")) == 1
    assert json.loads(path.read_text())["models"][f"d-{NAME}"]["chats"] is True
    assert _names(tmp_path) == ["models.json"]


async def test_a_folder_that_cannot_be_written_costs_nothing_and_the_file_stays_small(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with FakeOllama(models=[NAME], answer=Script.say(ANSWER)) as server:
        async with started(ServerKind.OLLAMA, server.url, tmp_path / "file") as model:
            await model.complete(ask())
        rows = {str(number): {"seen": f"2020-01-01T00:{number:05}"} for number in range(MOST + 5)}
        (tmp_path / "models.json").write_text(json.dumps({"version": VERSION, "models": rows}))
        async with started(ServerKind.OLLAMA, server.url, tmp_path) as model:
            await model.complete(ask())
    kept = json.loads((tmp_path / "models.json").read_text())["models"]
    assert len(kept) == MOST
    assert f"d-{NAME}" in kept
    assert "0" not in kept


# ------------------------------------------------------------------ the table of families


@pytest.mark.parametrize(
    ("name", "family", "codes"),
    [
        ("qwen3-coder:30b", "qwen", True),
        ("hf.co/unsloth/Qwen3-Coder-30B-A3B-GGUF", "qwen", True),
        ("qwen3.6:27b", "qwen", False),
        ("gpt-oss:20b", "openai", False),
        ("deepseek-coder:6.7b", "deepseek", True),
        ("devstral-small-2:24b", "mistral", True),
        ("granite3-dense:2b", "ibm", False),
        ("falcon3:10b", "falcon", False),
        ("acme-coder:7b", "acme", True),
        ("123", "123", False),
    ],
)
def test_families(name: str, family: str, codes: bool) -> None:
    found = family_of(name)
    assert (found.maker, found.coder) == (family, codes)


def test_licences_sizes_and_what_is_suggested() -> None:
    assert restricted("hf.co/bartowski/Codestral-22B-v0.1-GGUF")
    assert restricted("mine", "Creative Commons CC-BY-NC 4.0")
    assert not restricted("devstral:24b", "Apache 2.0")
    table = families()
    assert table.suggestion([]) == table.suggested[0]
    assert family_of(table.suggestion(["qwen3:8b"])).maker != "qwen"
    assert table.suggestion(table.suggested) == table.suggested[0]
    moe = {"general.parameter_count": 30_500_000_000, "x.expert_count": 128, "x.expert_used_count": 8}
    able = from_show("mine", {"model_info": moe, "template": "{{ .Messages }}"})
    assert (able.parameters, able.active) == (30.5, 4.38)
    assert from_show("some-30b-a3b", {"model_info": {}}).active == 3.0
    assert from_show("qwen3-coder:30b", {"model_info": {}}).active == 3.3
    assert from_show("llama3.1:8b", {"model_info": {}}).active is None
    assert from_show("llama3.1:8b", {}).learnt.form is AnswerForm.SCHEMA


# ------------------------------------------------------------------ thinking at Anthropic's


@pytest.mark.parametrize(
    ("setting", "refuses", "thinking", "effort"),
    [
        ("auto", (), None, None),
        ("off", (), None, None),
        ("low", (), {"type": "adaptive"}, "low"),
        ("high", ("output_config",), {"type": "enabled", "budget_tokens": 2730}, None),
        ("medium", ("thinking",), None, None),
    ],
)
async def test_the_setting_reaches_anthropic(
    setting: str, refuses: tuple[str, ...], thinking: object, effort: str | None
) -> None:
    async with (
        MessagesServer(answer=Script.say(ANSWER), refuses=refuses) as server,
        started(ServerKind.ANTHROPIC, server.url, None, "claude", setting) as model,
    ):
        for _ in range(2):
            assert (await model.complete(ask())).completions[0].text == ANSWER
        body = server.calls[-1].body
        assert body.get("thinking") == thinking
        assert (body.get("output_config") or {}).get("effort") == effort
        assert body["max_tokens"] == 60 + (model.info.thought_tokens if thinking else 0)
        assert ("temperature" in body) == (thinking is None), "it is refused beside a thought"
        await model.complete(ask(schema=VERDICT))
        assert "thinking" not in server.calls[-1].body, "a tool cannot be forced on a model while it thinks"
