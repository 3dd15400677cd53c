"""An OpenAI-compatible server that follows a script.

    async with OpenAIServer(answer=Script.say("ok"), refuses=("stream_options",)) as server:
        ...  # url = server.url + "/v1"

It answers ``n`` choices in one request, each with the script's text and its own number in front if ``numbered``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.support.scripted_http import Exchange, Responder, Script, ScriptedServer, Scripts, as_answer

__all__ = ["OpenAIServer"]


class OpenAIServer(ScriptedServer):
    """``refuses`` names parameters that it answers 400 to. ``done`` False: it never sends ``[DONE]`` nor closes.

    ``reasons``: it thinks ``tokens`` before each answer, unless its chat template is told not to (``template``), by
    ``effort``, or ``always``.
    """

    def __init__(
        self,
        *,
        answer: Scripts | None = None,
        models: Sequence[str] = ("local",),
        refuses: Sequence[str] = (),
        numbered: bool = False,
        done: bool = True,
        key: str | None = None,
        reasons: str | None = None,
        tokens: int = 1500,
    ) -> None:
        super().__init__()
        self._answer = as_answer(answer if answer is not None else Script.say("hello"))
        self._models = tuple(models)
        self._refuses = tuple(refuses)
        self._numbered = numbered
        self._done = done
        self._key = key
        self._reasons = reasons
        self._tokens = tokens

    def _thought(self, body: dict[str, Any]) -> int:
        """Tokens that a call thinks before its answer."""
        template = body.get("chat_template_kwargs") or {}
        match self._reasons:
            case None:
                return 0
            case "template":
                return 0 if template.get("enable_thinking") is False else self._tokens
            case "effort":
                return {"none": 0, "low": self._tokens // 4}.get(str(body.get("reasoning_effort")), self._tokens)
            case _:
                return self._tokens

    @property
    def calls(self) -> list[Exchange]:
        """Every call, refused ones too."""
        return self.to("/v1/chat/completions")

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        body = exchange.body
        if self._key is not None and exchange.headers.get("authorization") != f"Bearer {self._key}":
            await responder.json(
                _error(f"Incorrect API key provided: {exchange.headers.get('authorization')}"), status=401
            )
            return
        if exchange.path == "/v1/models":
            rows = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self._models]
            await responder.json({"object": "list", "data": rows})
            return
        if exchange.path != "/v1/chat/completions":
            await responder.json(_error("no such page"), status=404)
            return
        for name in self._refuses:
            if name in body:
                words = f"Unsupported parameter: '{name}'"
                if name == "max_tokens":
                    words += ". Use 'max_completion_tokens' instead."
                await responder.json(_error(words, param=name), status=400)
                return
        script = self._answer(body)
        if script.status != 200:
            await asyncio.sleep(script.first)
            await responder.json(_error(script.message), status=script.status, headers=script.headers)
            return
        await self._stream(body, script, responder)

    async def _stream(self, body: dict[str, Any], script: Script, responder: Responder) -> None:
        await responder.begin(kind="text/event-stream")
        choices = range(int(body.get("n", 1)))
        count = 0
        for choice in choices:
            await _send(
                responder, _chunk(choice, {"role": "assistant", "content": str(choice) if self._numbered else ""})
            )
        limit = int(body.get("max_tokens") or body.get("max_completion_tokens") or 10**6)
        thought = min(self._thought(body), limit)
        count += thought
        if thought:
            await _send(responder, _chunk(0, {"reasoning_content": "Let me see. "}))
        if thought and thought == limit:
            script = replace(script, pieces=(), reason="length")
        async for text in script.texts():
            for choice in choices:
                count += 1
                await _send(responder, _chunk(choice, {"content": text}))
        if not await script.finish(responder):
            return
        if script.end == "error":
            await _send(responder, _error(script.message))
            return
        for choice in choices:
            await _send(responder, _chunk(choice, {}, script.reason))
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = {
                "prompt_tokens": script.input_tokens,
                "completion_tokens": count,
                "total_tokens": script.input_tokens + count,
                "prompt_tokens_details": {"cached_tokens": 5},
            }
            await _send(responder, {**_chunk(0, {}), "choices": [], "usage": usage})
        if not self._done:
            await asyncio.Event().wait()
        await responder.write("data: [DONE]\n\n")


def _error(message: str, *, param: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}}


def _chunk(index: int, delta: dict[str, str], reason: str | None = None) -> dict[str, object]:
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "local", "choices": [choice]}


async def _send(responder: Responder, document: dict[str, object]) -> None:
    await responder.write(f"data: {json.dumps(document)}\n\n")
