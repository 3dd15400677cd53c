"""Thinkers that vote for a plan by its words, and a clock on which their answers take time without anybody waiting."""

from __future__ import annotations

import asyncio
import heapq
import json
import re
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from forge_lsp.core.events import Stage
from forge_lsp.core.ports import ChatReply, ChatRequest
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.prompting import SharedPrefix
from forge_lsp.ensemble.schedule import Thinking
from forge_lsp.ensemble.thinking import ThinkingContext, think
from tests.support.scripted import Events, ManualClock, Purse, ScriptedDirectory, ScriptedModel

T = TypeVar("T")

SHARED = SharedPrefix(system="system", text="the task")
_PLAN = re.compile(r"^## Plan ([A-Z])\n\n`{3,}text\n(.*?)$", re.MULTILINE)
_TURNS = 40  # of the loop: more than any chain of awaits between two answers


class VoteFor(str):
    """A ballot for the plan that reads like this, whatever letter it has for the voter."""

    __slots__ = ()


class Thinker(ScriptedModel):
    """A scripted model whose answers may be ballots."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        reply = await super().complete(request)
        chosen = reply.completions[0].text
        if not isinstance(chosen, VoteFor):
            return reply
        letter = next(letter for letter, text in ballot(request) if text == chosen)
        said = json.dumps({"reason": "the simplest", "vote": letter})
        return replace(reply, completions=(replace(reply.completions[0], text=said),))


def ballot(request: ChatRequest) -> list[tuple[str, str]]:
    """The letters of a ballot with the plans behind them, as one voter saw them."""
    return _PLAN.findall("\n".join(message.text for message in request.messages))


class TimedClock(ManualClock):
    """Moves on to the next sleeper whenever nobody can go on without time."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, self._count, future))
        await future

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if task.done():
                return task.result()
            assert self._sleepers, "nobody goes on, and nobody sleeps"
            self.seconds, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    def takes(self, seconds: float) -> Any:
        """A gate for a model whose every answer takes that long."""
        return lambda _: self.sleep(seconds)


@dataclass
class Stand:
    """Thinkers in a context. ``told`` are the degradations, ``events`` the calls."""

    models: tuple[ScriptedModel, ...]
    seed: str = "1"
    context: int = 8192

    def __post_init__(self) -> None:
        self.told: list[str] = []
        self.events = Events()
        self.purse = Purse()
        self.clock = TimedClock()

    def thinking_context(self) -> ThinkingContext:
        directory = ScriptedDirectory(*self.models)
        calls = Calls(models=directory, spending=self.purse, emit=self.events, clock=self.clock)

        async def shared(_: str) -> SharedPrefix:
            return SHARED

        return ThinkingContext(
            ask=calls.line(1, Stage.THINK),
            shared=shared,
            insights=lambda model: f"<{model}> ",
            degraded=self.told.append,
            context=lambda _: self.context,
            seed=self.seed,
        )

    def think(self, strategy: str) -> Coroutine[Any, Any, Any]:
        keys = tuple(model.info.key for model in self.models)
        return think(Thinking(strategy=strategy, models=keys), self.thinking_context())

    @property
    def roles(self) -> list[tuple[str, str]]:
        """(role, model) of every call, in order."""
        return [(body.role, body.model) for body in self.events.bodies if body.type == "call.started"]  # type: ignore[union-attr]
