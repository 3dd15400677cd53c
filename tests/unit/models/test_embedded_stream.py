"""Reading llama.cpp's stream: samples interleaved, tokens counted, errors named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forge_lsp.core.errors import ModelFault, PromptTooLong, Unauthorised
from forge_lsp.core.ports import ChatRequest, FinishReason, Message, Role, Usage
from forge_lsp.models.embedded_stream import StreamReader, request_body, server_error
from forge_lsp.models.wire import Busy, Chunk, Heartbeat, SampleFinished, TextDelta

ASKED = ChatRequest(system="", messages=(Message(role=Role.USER, text="hi"),), max_tokens=5)


def event(**words: Any) -> str:
    return "data: " + json.dumps(words)


def delta(index: int, content: str | None = None, reason: str | None = None) -> str:
    return event(choices=[{"index": index, "finish_reason": reason, "delta": {"content": content} if content else {}}])


def usage(completion: int, prompt: int = 40, cached: int = 0) -> str:
    counts = {
        "completion_tokens": completion,
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return event(choices=[], usage=counts)


def read(reader: StreamReader, *lines: str) -> list[Chunk]:
    return [chunk for line in lines for chunk in reader.read(line)]


def test_samples_are_told_apart_and_each_counted_once() -> None:
    reader = StreamReader(samples=2, first=4)
    chunks = read(
        reader,
        delta(1, "b"),
        delta(0, "a"),
        delta(1, None, "length"),
        usage(7, cached=3),
        delta(0, "c"),
        delta(0, None, "stop"),
        usage(9),
        "",
        "data: [DONE]",
    )
    assert chunks == [
        TextDelta(index=5, text="b"),
        TextDelta(index=4, text="a"),
        SampleFinished(
            index=5, reason=FinishReason.LENGTH, usage=Usage(input_tokens=40, output_tokens=7, cached_tokens=3)
        ),
        TextDelta(index=4, text="c"),
        SampleFinished(index=4, reason=FinishReason.STOP, usage=Usage(output_tokens=9)),
    ]
    assert reader.complete


def test_a_server_without_usage_is_counted_by_its_tokens() -> None:
    reader = StreamReader(samples=1)
    chunks = read(reader, delta(0, "a"), delta(0, "b"), delta(0, None, "stop"), "data: [DONE]")
    assert chunks[-1] == SampleFinished(index=0, reason=FinishReason.STOP, usage=Usage(output_tokens=2))


def test_a_cut_stream_is_not_complete() -> None:
    reader = StreamReader(samples=2)
    assert not [c for c in read(reader, delta(0, "a"), delta(0, None, "stop"), usage(2)) if isinstance(c, Heartbeat)]
    assert not reader.complete


def test_prefill_ticks_are_waiting_and_pings_are_nothing() -> None:
    reader = StreamReader(samples=1)
    tick = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": None}}], prompt_progress={"total": 9})
    assert read(reader, ":", ": ping", tick) == [Heartbeat()]


def test_thinking_is_a_token_without_text() -> None:
    line = event(choices=[{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": None}])
    assert read(StreamReader(samples=1), line) == [TextDelta(index=0, text="")]


@pytest.mark.parametrize("line", ['data: {"error": {"code": 500, "message": "boom"}}', 'error: {"message": "boom"}'])
def test_an_error_inside_the_stream_is_raised(line: str) -> None:
    with pytest.raises(ModelFault, match="boom"):
        read(StreamReader(samples=1), line)


def test_an_event_that_is_no_json_is_a_fault() -> None:
    with pytest.raises(ModelFault, match="no JSON"):
        read(StreamReader(samples=1), "data: {nonsense")


def test_answers_with_an_error_status_have_their_own_names() -> None:
    too_long = {"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 15030, "n_ctx": 2048}}
    error = server_error(400, too_long)
    assert isinstance(error, PromptTooLong)
    assert "15030" in str(error)
    assert "2048" in str(error)
    assert error.remedy is not None
    assert isinstance(server_error(401, {"error": {"message": "Invalid API Key"}}), Unauthorised)
    assert isinstance(server_error(503, {"error": {"message": "Loading model"}}), Busy)
    assert type(server_error(400, {"error": "plain"})) is ModelFault


def test_the_body_asks_for_one_prefill_and_its_ticks() -> None:
    body = request_body(ASKED, samples=8)
    assert body["n"] == 8
    assert body["stream"] is True
    assert body["return_progress"] is True
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert "seed" not in body
    assert "grammar" not in body


def test_an_answer_ends_where_the_request_says() -> None:
    assert "stop" not in request_body(ASKED, samples=1)
    asked = ChatRequest(system="s", messages=ASKED.messages, max_tokens=5, stop=("end",))
    assert request_body(asked, samples=1)["stop"] == ["end"]


def test_seeds_of_later_rounds_differ_from_those_of_the_first() -> None:
    seeded = ChatRequest(system="s", messages=ASKED.messages, max_tokens=5, seed=7)
    assert request_body(seeded, samples=4)["seed"] == 7
    assert request_body(seeded, samples=4, first=4)["seed"] == 11
    assert request_body(seeded, samples=1)["messages"][0] == {"role": "system", "content": "s"}


def test_a_schema_becomes_a_grammar_or_a_clear_fault() -> None:
    good = ChatRequest(system="", messages=ASKED.messages, max_tokens=5, schema={"type": "boolean"})
    assert request_body(good, samples=1)["grammar"] == 'root ::= ("true" | "false")\n'
    bad = ChatRequest(system="", messages=ASKED.messages, max_tokens=5, schema={"type": "string", "pattern": "a"})
    with pytest.raises(ModelFault, match="pattern"):
        request_body(bad, samples=1)
