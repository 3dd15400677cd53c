"""What llama.cpp's server says on ``/v1/chat/completions``, read into chunks. Pure.

Facts of its stream, as measured (llama.cpp b11549 through xllamacpp):

- With ``return_progress`` every step of a prefill is an event with ``prompt_progress``.
- With ``n`` > 1 events of all choices are interleaved, ``index`` tells them apart. Each choice has its own
  ``finish_reason``, followed by a usage event without choices that counts this choice alone (and the prompt, which
  was read once for all of them).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, cast

from forge_lsp.core.errors import ModelError, ModelFault, PromptTooLong, Unauthorised
from forge_lsp.core.ports import ChatRequest, FinishReason, Usage
from forge_lsp.models.embedded_grammar import grammar
from forge_lsp.models.wire import Busy, Chunk, Heartbeat, SampleFinished, TextDelta

__all__ = ["StreamReader", "request_body", "server_error"]


def request_body(request: ChatRequest, *, samples: int, first: int = 0) -> dict[str, Any]:
    """The JSON body for ``samples`` answers of ``request``, of which ``first`` have been asked for before.

    Raises ModelFault for a schema that no grammar can be made of.
    """
    system = [{"role": "system", "content": request.system}] if request.system else []
    body: dict[str, Any] = {
        "messages": system + [{"role": str(message.role), "content": message.text} for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "n": samples,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "cache_prompt": True,
    }
    if request.seed is not None:
        body["seed"] = (request.seed + first) % 2**32  # the server adds the index of each choice by itself
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        try:
            body["grammar"] = grammar(request.schema)
        except ValueError as error:
            raise ModelFault(f"The embedded model cannot follow this JSON schema: {error}.") from error
        body["chat_template_kwargs"] = {"enable_thinking": False}
    return body


class StreamReader:
    """Reads the lines of one answer. ``first`` is the index of its first sample in the whole request."""

    def __init__(self, *, samples: int, first: int = 0) -> None:
        self._first = first
        self._open = set(range(samples))
        self._reasons: dict[int, FinishReason] = {}
        self._unpaid: deque[int] = deque()
        self._tokens = [0] * samples
        self._prompt_told = False

    @property
    def complete(self) -> bool:
        """Every sample has its end."""
        return not self._open

    def read(self, line: str) -> Iterator[Chunk]:
        """The chunks of one line. Raises a ModelError that the server put into the stream."""
        kind, _, data = line.partition(":")
        data = data.strip()
        if kind not in ("data", "error") or not data:  # a comment is a ping
            return
        if data == "[DONE]":
            yield from (self._finish(index, Usage(output_tokens=self._tokens[index])) for index in list(self._unpaid))
            return
        try:
            event = cast("dict[str, Any]", json.loads(data))
        except ValueError as error:
            raise ModelFault("The embedded model's server wrote an event that is no JSON.") from error
        if kind == "error" or "error" in event:
            raise server_error(500, event)
        for choice in event.get("choices", ()):
            yield from self._choice(choice)
        if "prompt_progress" in event:
            yield Heartbeat()
        if (usage := event.get("usage")) and self._unpaid:
            yield self._finish(self._unpaid[0], self._usage(usage))

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Chunk]:
        index = int(choice.get("index", 0))
        if index not in self._open:
            return
        delta: Mapping[str, Any] = choice.get("delta") or {}
        if text := delta.get("content"):
            self._tokens[index] += 1
            yield TextDelta(index=self._first + index, text=text)
        elif delta.get("reasoning_content"):
            self._tokens[index] += 1
            yield TextDelta(index=self._first + index, text="")
        if reason := choice.get("finish_reason"):
            self._reasons[index] = FinishReason.LENGTH if reason == "length" else FinishReason.STOP
            self._unpaid.append(index)  # its usage comes with the next event

    def _usage(self, usage: Mapping[str, Any]) -> Usage:
        output = int(usage.get("completion_tokens") or 0)
        if self._prompt_told:
            return Usage(output_tokens=output)
        self._prompt_told = True
        details: Mapping[str, Any] = usage.get("prompt_tokens_details") or {}
        return Usage(
            input_tokens=int(usage.get("prompt_tokens") or 0),
            output_tokens=output,
            cached_tokens=int(details.get("cached_tokens") or 0),
        )

    def _finish(self, index: int, usage: Usage) -> SampleFinished:
        self._unpaid.remove(index)
        self._open.discard(index)
        return SampleFinished(index=self._first + index, reason=self._reasons[index], usage=usage)


def server_error(status: int, body: Mapping[str, Any]) -> ModelError:
    """The error that an answer with ``status`` and ``body`` means."""
    found = body.get("error", body)
    error = cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {"message": str(found)}
    message = str(error.get("message", "no reason given"))[:300]
    if error.get("type") == "exceed_context_size_error":
        return PromptTooLong(
            f"The prompt has {error.get('n_prompt_tokens', 'too many')} tokens, "
            f"the embedded model's context holds {error.get('n_ctx', 'fewer')}.",
            remedy="raise `context` of this model in the settings, or select less code",
        )
    status = int(error.get("code") or status)
    if status in (401, 403):
        return Unauthorised("The embedded model's server refused its own key.")
    if status in (429, 503):
        return Busy(f"The embedded model's server is busy: {message}")
    return ModelFault(f"The embedded model's server answered {status}: {message}")
