"""What the wires say alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from forge_lsp.models.faults import broke_in_transport, never_connected, retry_after, says_too_long, sentence


class ConnectError(Exception):
    """Named as the HTTP libraries name theirs."""


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "3"}) == 3
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after({"retry-after": "-4"}) == 0
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": at}) == pytest.approx(30, abs=3)


@pytest.mark.parametrize(
    "words",
    [
        "the input length exceeds the context length",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "This model's maximum context length is 4096 tokens.",
        "the request exceeds the available context size, try increasing it",
        "exceed_context_size_error",
    ],
)
def test_every_servers_words_for_too_long(words: str) -> None:
    assert says_too_long(words)


@pytest.mark.parametrize("words", ["max_tokens: required", "does not support thinking", "boom"])
def test_other_words(words: str) -> None:
    assert not says_too_long(words)


def test_a_sentence_is_short_one_line_and_without_the_key() -> None:
    text = sentence("Bad\n key   sk-123 " + "x" * 1000, secret="sk-123")
    assert text.startswith("Bad key *** xx")
    assert len(text) <= 300


def test_a_connection_that_never_was_is_told_from_one_that_broke() -> None:
    wrapped = RuntimeError("Connection error.")
    wrapped.__cause__ = ConnectError()
    assert never_connected(wrapped)
    assert not never_connected(RuntimeError("Connection error."))
    assert broke_in_transport(ConnectionResetError())
    assert not broke_in_transport(ValueError())
