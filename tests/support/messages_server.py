"""An Anthropic Messages server that follows a script, for the bad days of a real one.

    async with MessagesServer(answer=[Script.refuse(429, "slow down", kind="rate_limit_error",
                                                    headers={"retry-after": "1"}), Script.say("ok")]) as server:
        ...  # ANTHROPIC_BASE_URL=server.url

With ``key`` it answers 401 to any other. A request with a forced tool gets its text as that tool's input.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from tests.support.scripted_http import Exchange, Responder, Script, ScriptedServer, Scripts, as_answer

__all__ = ["MessagesServer"]


class MessagesServer(ScriptedServer):
    """``refuses`` names what it answers 400 to, as newer models and other servers do: ``temperature``, ``tools``.

    ``cached`` and ``cache_write`` are the tokens that its usage says were read from and written to the cache.
    """

    def __init__(
        self,
        *,
        answer: Scripts | None = None,
        key: str | None = None,
        refuses: Sequence[str] = (),
        cached: int = 0,
        cache_write: int = 0,
        ping: bool = True,
    ) -> None:
        super().__init__()
        self._answer = as_answer(answer if answer is not None else Script.say("hello"))
        self._key = key
        self._refuses = tuple(refuses)
        self._cached, self._cache_write = cached, cache_write
        self._ping = ping

    @property
    def calls(self) -> list[Exchange]:
        """Every call, refused ones too."""
        return self.to("/v1/messages")

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        if exchange.path != "/v1/messages":
            await responder.json(_error("not_found_error", "no such page"), status=404)
            return
        # The client has sent its key either way, from version to version.
        keys = (exchange.headers.get("x-api-key"), exchange.headers.get("authorization", "").removeprefix("Bearer "))
        if self._key is not None and self._key not in keys:
            await responder.json(_error("authentication_error", "invalid x-api-key"), status=401)
            return
        for name in self._refuses:
            if name in exchange.body:
                words = f"{name}: this model does not support {name}"
                await responder.json(_error("invalid_request_error", words), status=400)
                return
        script = self._answer(exchange.body)
        if script.status != 200:
            await asyncio.sleep(script.first)
            document = _error(script.kind, script.message)
            await responder.json(document, status=script.status, headers=script.headers)
            return
        await self._stream(exchange.body, script, responder)

    async def _stream(self, body: dict[str, Any], script: Script, responder: Responder) -> None:
        await responder.begin(kind="text/event-stream")
        usage = {
            "input_tokens": script.input_tokens,
            "output_tokens": 1,
            "cache_read_input_tokens": self._cached,
            "cache_creation_input_tokens": self._cache_write,
        }
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
        start = {"message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}}
        await _send(responder, "message_start", start)
        if self._ping:
            await _send(responder, "ping", {})
        tool = (body.get("tool_choice") or {}).get("name")
        block = (
            {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}} if tool else {"type": "text", "text": ""}
        )
        await _send(responder, "content_block_start", {"index": 0, "content_block": block})
        count = 0
        async for text in script.texts():
            count += 1
            delta = {"type": "input_json_delta", "partial_json": text} if tool else {"type": "text_delta", "text": text}
            await _send(responder, "content_block_delta", {"index": 0, "delta": delta})
        if not await script.finish(responder):
            return
        if script.end == "error":
            await responder.write(f"event: error\ndata: {json.dumps(_error(script.kind, script.message))}\n\n")
            return
        await _send(responder, "content_block_stop", {"index": 0})
        reason = {"stop": "tool_use" if tool else "end_turn", "length": "max_tokens"}.get(script.reason, script.reason)
        end = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": count}}
        await _send(responder, "message_delta", end)
        await _send(responder, "message_stop", {})


def _error(kind: str, message: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": message}}


async def _send(responder: Responder, kind: str, data: dict[str, object]) -> None:
    await responder.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n")
