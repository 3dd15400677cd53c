"""From a request to what wire formats want."""

from __future__ import annotations

from forge_lsp.core.ports import ChatRequest, Message, Role
from forge_lsp.models.prompt import estimated_input_tokens, json_part, plain_messages, schema_words, turns

REQUEST = ChatRequest(
    system="be brief",
    messages=(
        Message(role=Role.USER, text="shared", cache=True),
        Message(role=Role.USER, text="own"),
        Message(role=Role.ASSISTANT, text="yes"),
        Message(role=Role.USER, text=""),
        Message(role=Role.USER, text="go on"),
    ),
    max_tokens=10,
)


def test_neighbours_of_one_speaker_are_one_turn() -> None:
    assert plain_messages(REQUEST) == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "shared\n\nown"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "go on"},
    ]
    assert [len(group) for _, group in turns(REQUEST.messages)] == [2, 1, 1]


def test_last_words_stand_last_so_that_the_shared_text_stays_first() -> None:
    messages = plain_messages(REQUEST, last=schema_words({"type": "object"}))
    assert messages[1]["content"].startswith("shared")
    assert messages[-1]["content"].endswith('{"type":"object"}')


def test_json_is_taken_out_of_its_wrapping() -> None:
    assert json_part('Sure!\n```json\n{"a": {"b": 1}}\n```\nBye') == '{"a": {"b": 1}}'
    assert json_part("no json") == "no json"


def test_tokens_are_rather_over_than_underestimated() -> None:
    assert estimated_input_tokens(REQUEST) >= 8
