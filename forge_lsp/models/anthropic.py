"""A model behind Anthropic's Messages API: what is asked, and how the answer is read.

A schema is asked for as a forced tool call, whose input is the answer: every server that knows tools takes any
schema that way, where the newer output formats refuse bounds (``maxItems``, ``maximum``). A server or a model that
refuses the tool is told in words instead, from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from forge_lsp.core.errors import ModelFault
from forge_lsp.core.ports import (
    ChatRequest,
    FinishReason,
    ModelInfo,
    ModelStatus,
    PullProgress,
    Purpose,
    ThinkingSupport,
    Usage,
)
from forge_lsp.models.anthropic_endpoint import AnthropicEndpoint
from forge_lsp.models.capabilities import LEVELS
from forge_lsp.models.faults import wrong_place
from forge_lsp.models.lazy import imported
from forge_lsp.models.prompt import json_part, schema_words, turns
from forge_lsp.models.thinking import ThinkingPreference
from forge_lsp.models.wire import Chunk, Heartbeat, SampleFinished, TextDelta

if TYPE_CHECKING:
    pass

__all__ = ["AnthropicWire"]

_TOOL = "answer"
_CACHE_MARKS = 4
"""Blocks that may carry ``cache_control`` in one request."""
_LEAST_BUDGET = 1_024
"""Tokens of thought that the API takes at the least."""
_REST = 0.1
"""Seconds to wait for the end of a finished stream, which lets the connection be used again."""


@dataclass(slots=True)
class _StreamState:
    """What has come of one answer."""

    text: list[str] = field(default_factory=list[str])
    tool: list[str] = field(default_factory=list[str])
    stop: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def count(self, usage: Any) -> None:
        """Take over a usage: a later one corrects an earlier, where it says anything."""
        for name, key in (
            ("input_tokens", "input_tokens"),
            ("output_tokens", "output_tokens"),
            ("cache_read", "cache_read_input_tokens"),
            ("cache_write", "cache_creation_input_tokens"),
        ):
            value = getattr(usage, key, None)
            if value is not None:
                setattr(self, name, int(value))

    def usage(self) -> Usage:
        """In our terms: tokens of the cache are contained in the input."""
        return Usage(
            input_tokens=self.input_tokens + self.cache_read + self.cache_write,
            output_tokens=self.output_tokens,
            cached_tokens=self.cache_read,
            cache_write_tokens=self.cache_write,
        )


class AnthropicWire:
    """One model behind the Messages API (see :class:`~forge_lsp.models.wire.Wire`)."""

    batches = False

    def __init__(
        self, *, info: ModelInfo, endpoint: AnthropicEndpoint, wishes: ThinkingPreference | None = None
    ) -> None:
        self._wishes = wishes or ThinkingPreference()
        room = min(max(LEVELS.get(self._wishes.of(purpose), 0) for purpose in Purpose), info.context // 3)
        self._base = replace(info, thinks=ThinkingSupport.SWITCH, thought_tokens=room) if room else info
        self.info = self._base
        self._thinking = "adaptive"  # how newer models are told to; the others have a budget
        self._endpoint = endpoint
        self._takes_temperature = True
        self._takes_tool = True

    async def learn(self) -> None:
        """Ask a local server whether it sends the text on; see :class:`~forge_lsp.models.wire.SelfDescribingWire`."""
        self.info = self._base.sent_on(await self._endpoint.gateway.place(self.info.name))

    async def load(self) -> None:
        await imported("anthropic")
        # Nothing to load; a missing key is told before any network.
        self._endpoint.client()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        await self.learn()
        if self.info.place != request.place:
            raise wrong_place(self.info, request.place)
        try:
            answer = await self._open(request)
            async with aclosing(self._read(answer, structured=request.schema is not None)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception as error:
            raise self._endpoint.fault(error, self.info) from error

    async def _open(self, request: ChatRequest) -> Any:
        create: Any = self._endpoint.client().messages.create
        while True:
            try:
                return await create(**self._parameters(request))
            except Exception as error:
                if not self._degrade(error, structured=request.schema is not None):
                    raise

    def _degrade(self, error: Exception, *, structured: bool) -> bool:
        """Whether the server refused a parameter that it can do without; it is then left out from now on."""
        words = self._endpoint.refused(error)
        if words is None:
            return False
        if self._takes_temperature and "temperature" in words:
            self._takes_temperature = False
            return True
        if not structured and self._thinking and _names_thinking(words):
            self._thinking = "enabled" if self._thinking == "adaptive" else ""
            return True
        if structured and self._takes_tool and ("tool" in words or "thinking" in words or "schema" in words):
            self._takes_tool = False
            return True
        return False

    def _parameters(self, request: ChatRequest) -> dict[str, object]:
        messages = _messages(request)
        parameters: dict[str, object] = {
            "model": self.info.name,
            "max_tokens": request.max_tokens,
            "messages": messages,
            "stream": True,
        }
        if request.system:
            parameters["system"] = [_block(request.system, cache=True)]
        if request.stop:
            parameters["stop_sequences"] = list(request.stop)
        # Left to itself it answers without thinking, as its provider has it: the user pays for every thought.
        level = self._wishes.of(request.purpose)
        if level in LEVELS and request.schema is None and self._thinking:  # a tool cannot be forced on a thinker
            room = min(LEVELS[level], self.info.thought_tokens)
            parameters["max_tokens"] = request.max_tokens + room
            if self._thinking == "adaptive":
                parameters["thinking"] = {"type": "adaptive"}
                parameters["extra_body"] = {"output_config": {"effort": level}}
            else:
                parameters["thinking"] = {"type": "enabled", "budget_tokens": max(_LEAST_BUDGET, room)}
        elif self._takes_temperature:
            # Newer models refuse it, and the SDK has no argument for it any more.
            parameters["extra_body"] = {"temperature": request.temperature}
        if request.schema is not None:
            if self._takes_tool:
                parameters["tools"] = [
                    {"name": _TOOL, "description": "Give the answer.", "input_schema": dict(request.schema)}
                ]
                parameters["tool_choice"] = {"type": "tool", "name": _TOOL, "disable_parallel_tool_use": True}
            else:
                messages[-1]["content"].append(_block(schema_words(request.schema)))
        return parameters

    async def _read(self, answer: Any, *, structured: bool) -> AsyncGenerator[Chunk, None]:
        reading = _StreamState()
        stopped = False
        try:
            async for event in answer:
                match event.type:
                    case "message_start":
                        reading.count(event.message.usage)
                        yield Heartbeat()
                    case "content_block_delta":
                        yield _delta(reading, event.delta, structured=structured)
                    case "message_delta":
                        reading.count(event.usage)
                        reading.stop = event.delta.stop_reason or reading.stop
                        yield Heartbeat()
                    case "message_stop":
                        stopped = True
                        break
                    case _:
                        yield Heartbeat()
            if stopped:
                await _drain(answer)
        finally:
            await answer.close()
        if not stopped:
            # Without its end the answer is not an answer: the guard says so.
            return
        if reading.stop == "refusal":
            raise ModelFault(f"{self.info.name} declined to answer.")
        if structured:
            # A server may ignore the choice of the tool and answer in words.
            yield TextDelta(index=0, text="".join(reading.tool) or json_part("".join(reading.text)))
        cut = reading.stop in ("max_tokens", "model_context_window_exceeded")
        yield SampleFinished(
            index=0,
            reason=FinishReason.LENGTH if cut else FinishReason.STOP,
            usage=reading.usage(),
            in_words=structured and not self._takes_tool,
        )

    async def status(self) -> ModelStatus:
        await imported("anthropic")
        # Nothing is sent to a provider before the user has agreed, not even a question.
        self._endpoint.client()
        if not self._base.paid:  # whose calls need consent in any case, and nothing is sent before that
            await self.learn()
        return ModelStatus(info=self.info, installed=True)

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        raise ModelFault(f"{self.info.name} runs at its provider; there is nothing to fetch.")
        yield  # an async generator, as the contract says

    async def aclose(self) -> None:
        await self._endpoint.aclose()


def _names_thinking(words: str) -> bool:
    return any(word in words for word in ("thinking", "adaptive", "effort", "output_config", "budget"))


def _delta(reading: _StreamState, delta: Any, *, structured: bool) -> TextDelta:
    """Keep what a delta holds. A structured answer is handed on at its end, when it is known where it stands."""
    match delta.type:
        case "text_delta":
            reading.text.append(delta.text)
            return TextDelta(index=0, text="" if structured else delta.text)
        case "input_json_delta":
            reading.tool.append(delta.partial_json)
        case _:
            pass
    return TextDelta(index=0, text="")


async def _drain(answer: Any) -> None:
    try:
        async with asyncio.timeout(_REST):
            async for _ in answer:
                pass
    except TimeoutError:
        return


def _block(text: str, *, cache: bool = False) -> dict[str, object]:
    block: dict[str, object] = {"type": "text", "text": text}
    if cache:
        block["cache_control"] = {"type": "ephemeral"}
    return block


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    """Turns of blocks. The last marks count most, as each covers all that stands before it; the system has one too."""
    marked = [message for message in request.messages if message.cache and message.text]
    kept = {id(message) for message in marked[-(_CACHE_MARKS - 1) :]}
    return [
        {"role": str(role), "content": [_block(message.text, cache=id(message) in kept) for message in group]}
        for role, group in turns(request.messages)
    ]
