"""An Ollama that follows a script: every way in which one can go wrong, on command.

    async with FakeOllama(answer=lambda body: Script.say("ok", first=0.3)) as server:
        ...  # server.url, server.chats, server.loads

``answer`` sees the body of each ``/api/chat`` call that has messages; loads (empty ones) are answered by the server
itself. A refused connection is ``http://127.0.0.1:{free_port()}`` of ``ollama_server``.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.scripted_http import Exchange, Responder, Script, ScriptedServer, Scripts, as_answer

__all__ = ["FakeOllama", "Mind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """How a model thinks before its script: ``kind`` is ``switch``, ``levels`` (which knows no off), ``always``
    (whatever it is told) or ``inline`` (in the answer itself, and it takes no parameter); ``tokens`` is how much, for
    a level the half (medium) or a quarter (low) of it. ``mute``: under an enforced schema it answers nothing while
    thinking is off."""

    kind: str
    tokens: int = 1500
    mute: bool = False

    def thought(self, body: Mapping[str, Any]) -> int:
        """Tokens that a call thinks, its limit aside."""
        told = body.get("think")
        if self.kind == "switch" and told is False:
            return 0
        if self.kind == "levels":
            return self.tokens // {"low": 4, "high": 1}.get(str(told), 2)
        return self.tokens


class FakeOllama(ScriptedServer):
    """``models`` are installed; ``capabilities`` by model (``completion`` unless said); a load takes ``load`` seconds.

    ``minds`` think before they answer; ``remote`` models are sent on to the host that is given; ``shows`` is what
    ``/api/show`` tells beyond the usual; ``password`` is the ``user:password`` that calls must bear; ``sizes`` are
    bytes of models on disk. ``parallel`` calls of one model run at once (None: all that come); others wait in line.
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
        minds: Mapping[str, Mind] | None = None,
        remote: Mapping[str, str] | None = None,
        shows: Mapping[str, Mapping[str, object]] | None = None,
        password: str | None = None,
        sizes: Mapping[str, int] | None = None,
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
        self._minds = dict(minds or {})
        self.remote = dict(remote or {})
        self._shows = dict(shows or {})
        self._password = password
        self._sizes = dict(sizes or {})

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
        if self._password is not None:
            wanted = f"Basic {base64.b64encode(self._password.encode()).decode()}"
            if exchange.headers.get("authorization") != wanted:
                await responder.json({"error": f"not {wanted}: {exchange.headers.get('authorization')}"}, status=401)
                return
        match exchange.path:
            case "/api/version":
                await responder.json({"version": "0.17.4"})
            case "/api/tags":
                await responder.json({"models": [self._row(name) for name in self.models]})
            case "/api/ps":
                rows = [
                    {"name": name, "model": name, "size": 2000, "size_vram": 2000, "context_length": context}
                    for name, context in self.resident.items()
                ]
                await responder.json({"models": rows})
            case "/api/show":
                if await self._has(body, responder):
                    await responder.json(self._shown(str(body["model"])))
            case "/api/pull":
                await responder.begin(kind="application/x-ndjson")
                for line in self._pull:
                    await responder.write(json.dumps(line) + "\n")
            case "/api/chat":
                if await self._has(body, responder):
                    await self._chat(body, responder)
            case _:
                await responder.json({"error": "no such page"}, status=404)

    def _row(self, name: str) -> dict[str, object]:
        row: dict[str, object] = {"name": name, "model": name, "size": self._sizes.get(name, 1000)}
        row["digest"] = f"d-{name}"
        if name in self.remote:
            row |= {"size": 384, "remote_host": self.remote[name], "remote_model": name.removesuffix("-cloud")}
        return row

    def _shown(self, name: str) -> dict[str, Any]:
        can = list(self._capabilities.get(name, ("completion",)))
        if name in self._minds and self._minds[name].kind != "inline":
            can.append("thinking")
        return {"model_info": {}, "capabilities": can, **self._shows.get(name, {})}

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
        if body.get("think") and "thinking" not in self._shown(name)["capabilities"]:
            await responder.json({"error": f'"{name}" does not support thinking'}, status=400)
            return
        script = self._answer(body)
        if script.status != 200:
            await asyncio.sleep(script.first)
            await responder.json({"error": script.message}, status=script.status, headers=script.headers)
            return
        if self._parallel is None:
            await self._say(name, context, script, responder, body)
            return
        async with self._lines.setdefault(name, asyncio.Semaphore(self._parallel)):
            await self._say(name, context, script, responder, body)

    async def _bring_in(self, name: str, context: int) -> None:
        if self.resident.get(name) != context:
            await asyncio.sleep(self._load)
            self.resident[name] = context

    async def _say(
        self, name: str, context: int, script: Script, responder: Responder, body: Mapping[str, Any]
    ) -> None:
        await self._bring_in(name, context)
        await responder.begin(kind="application/x-ndjson")
        count = 0
        mind = self._minds.get(name)
        if mind is not None:
            limit = int(body.get("options", {}).get("num_predict", 128))
            count = min(mind.thought(body), limit)
            if count:
                await responder.write(_thoughts(name, mind, cut=count == limit))
            off = body.get("think") is False or mind.kind == "inline"
            if count == limit or (mind.mute and body.get("format") and off):
                why = "length" if count == limit else "stop"
                await responder.write(_line(name, "", done=True, done_reason=why, eval_count=count))
                return
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


def _thoughts(name: str, mind: Mind, *, cut: bool) -> str:
    words = "Let me see. x = 1 may do, or not; wait."
    if mind.kind == "inline":
        return _line(name, f"<think>{words}" + ("" if cut else "</think>\n"))
    message = {"role": "assistant", "content": "", "thinking": words}
    return "".join(_line(name, "", message=message) for _ in range(3))


def _line(name: str, text: str, **more: object) -> str:
    message = {"role": "assistant", "content": text}
    stamp = "2026-01-31T12:00:00Z"
    return json.dumps({"model": name, "created_at": stamp, "message": message, "done": False, **more}) + "\n"
