"""An Ollama that follows a script: every way in which one can go wrong, on command.

    async with FakeOllama(answer=lambda body: Script.say("ok", first=0.3)) as server:
        ...  # server.url, server.chats, server.loads

``answer`` sees the body of each ``/api/chat`` call that has messages; loads (empty ones) are answered by the server
itself. A refused connection is ``http://127.0.0.1:{free_port()}`` of ``ollama_server``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.scripted_http import Exchange, Responder, Script, ScriptedServer, Scripts, as_answer

__all__ = ["FakeOllama"]


class FakeOllama(ScriptedServer):
    """``models`` are installed; ``capabilities`` by model (``completion`` unless said); a load takes ``load`` seconds.

    ``parallel`` calls of one model run at once, as many as come where None; others wait in line.
    """

    def __init__(
        self,
        *,
        answer: Scripts | None = None,
        models: Sequence[str] = ("phi4:14b",),
        capabilities: Mapping[str, Sequence[str]] | None = None,
        load: float = 0.0,
        parallel: int | None = None,
        pull: Sequence[Mapping[str, object]] = ({"status": "success"},),
    ) -> None:
        super().__init__()
        self.models = list(models)
        self.resident: dict[str, int] = {}
        """Context length by model in memory."""
        self._answer = as_answer(answer if answer is not None else Script.say("hello"))
        self._capabilities = dict(capabilities or {})
        self._load = load
        self._parallel = parallel
        self._lines: dict[str, asyncio.Semaphore] = {}
        self._pull = list(pull)

    @property
    def chats(self) -> list[Exchange]:
        """The calls that asked something."""
        return [exchange for exchange in self.to("/api/chat") if exchange.body.get("messages")]

    @property
    def loads(self) -> list[Exchange]:
        """The calls that only loaded."""
        return [exchange for exchange in self.to("/api/chat") if not exchange.body.get("messages")]

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        body = exchange.body
        match exchange.path:
            case "/api/version":
                await responder.json({"version": "0.17.4"})
            case "/api/tags":
                await responder.json({"models": [{"name": name, "model": name, "size": 1000} for name in self.models]})
            case "/api/ps":
                rows = [
                    {"name": name, "model": name, "size": 2000, "size_vram": 2000, "context_length": context}
                    for name, context in self.resident.items()
                ]
                await responder.json({"models": rows})
            case "/api/show":
                if await self._has(body, responder):
                    shown = list(self._capabilities.get(str(body["model"]), ("completion",)))
                    await responder.json({"model_info": {}, "capabilities": shown})
            case "/api/pull":
                await responder.begin(kind="application/x-ndjson")
                for line in self._pull:
                    await responder.write(json.dumps(line) + "\n")
            case "/api/chat":
                if await self._has(body, responder):
                    await self._chat(body, responder)
            case _:
                await responder.json({"error": "no such page"}, status=404)

    async def _has(self, body: dict[str, Any], responder: Responder) -> bool:
        name = str(body.get("model"))
        if name in self.models:
            return True
        await responder.json({"error": f"model '{name}' not found"}, status=404)
        return False

    async def _chat(self, body: dict[str, Any], responder: Responder) -> None:
        name, context = str(body["model"]), int(body.get("options", {}).get("num_ctx", 4096))
        if not body.get("messages"):
            await self._bring_in(name, context)
            await responder.begin(kind="application/x-ndjson")
            await responder.write(_line(name, "", done=True, done_reason="load"))
            return
        script = self._answer(body)
        if script.status != 200:
            await asyncio.sleep(script.first)
            await responder.json({"error": script.message}, status=script.status, headers=script.headers)
            return
        if self._parallel is None:
            await self._say(name, context, script, responder)
            return
        async with self._lines.setdefault(name, asyncio.Semaphore(self._parallel)):
            await self._say(name, context, script, responder)

    async def _bring_in(self, name: str, context: int) -> None:
        if self.resident.get(name) != context:
            await asyncio.sleep(self._load)
            self.resident[name] = context

    async def _say(self, name: str, context: int, script: Script, responder: Responder) -> None:
        await self._bring_in(name, context)
        await responder.begin(kind="application/x-ndjson")
        count = 0
        async for text in script.texts():
            count += 1
            await responder.write(_line(name, text))
        if not await script.finish(responder):
            return
        if script.end == "error":
            await responder.write(json.dumps({"error": script.message}) + "\n")
            return
        await responder.write(
            _line(
                name,
                "",
                done=True,
                done_reason=script.reason,
                prompt_eval_count=script.input_tokens,
                eval_count=count,
                load_duration=1_000_000,
            )
        )


def _line(name: str, text: str, **more: object) -> str:
    message = {"role": "assistant", "content": text}
    stamp = "2026-01-31T12:00:00Z"
    return json.dumps({"model": name, "created_at": stamp, "message": message, "done": False, **more}) + "\n"
