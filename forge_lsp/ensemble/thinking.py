"""Thinking before writing: one strategy a function, registered by name in :data:`STRATEGIES`.

A strategy gives a :class:`~forge_lsp.domain.attempt.Thought`, or None where nobody had one; a member that fails
costs a degradation that is told, never the attempt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from forge_lsp.domain.attempt import Thought
from forge_lsp.domain.errors import ForgeError, ModelError, SpendingRefused
from forge_lsp.domain.ports import Message, Role
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.prompting import Shared, render
from forge_lsp.ensemble.schedule import Thinking
from forge_lsp.ensemble.words import clip, without_thinking

__all__ = ["STRATEGIES", "Room", "think"]

THOUGHT_TOKENS = 400
ANSWER_TOKENS = 640  # 400 by our careful count; the rest lets a sentence end
TEMPERATURE = 0.3  # plans gain from a little variety between attempts, and lose from much


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What thinkers work with. ``shared`` gives a model's prefix, ``insights`` what is known so far, fitted to it;
    ``degraded`` is told in words what did not go as set."""

    ask: Ask
    shared: Callable[[str], Awaitable[Shared]]
    insights: Callable[[str], str]
    degraded: Callable[[str], None]

    async def say(self, model: str, role: str, template: str, **values: str) -> str | None:
        """One thinker's words, or None (and a degradation) where it failed or had none."""
        try:
            shared = await self.shared(model)
            text = render(template, insights=self.insights(model), **values)
            request = shared.request(
                Message(role=Role.USER, text=text), max_tokens=ANSWER_TOKENS, temperature=TEMPERATURE
            )
            reply = await self.ask(model, role, request)
        except (ModelError, SpendingRefused) as error:
            self.degraded(_failed(model, role, error))
            return None
        words = without_thinking(reply.completions[0].text).strip()
        if not words:
            self.degraded(f"{model} had nothing to say ({role})")
            return None
        return clip(words, THOUGHT_TOKENS)


Strategy: TypeAlias = Callable[[tuple[str, ...], Room], Awaitable["Thought | None"]]


async def _none(models: tuple[str, ...], room: Room) -> Thought | None:  # noqa: ARG001 - the registry's shape
    return None


async def _solo(models: tuple[str, ...], room: Room) -> Thought | None:
    """The first model proposes."""
    words = await room.say(models[0], "propose", "propose")
    return None if words is None else Thought(text=words, strategy="solo", models=(models[0],))


async def _duo(models: tuple[str, ...], room: Room) -> Thought | None:
    """The first proposes, the second criticises, the first refines. Without a critique the proposal stands; without
    a proposal the second proposes alone."""
    first, second = models[0], models[1]
    proposal = await room.say(first, "propose", "propose")
    if proposal is None:
        return await _solo((second,), room)
    alone = Thought(text=proposal, strategy="solo", models=(first,))
    critique = await room.say(second, "critique", "critique", proposal=proposal)
    if critique is None:
        return alone
    refined = await room.say(first, "refine", "refine", proposal=proposal, critique=critique)
    return alone if refined is None else Thought(text=refined, strategy="duo", models=(first, second))


STRATEGIES: Mapping[str, Strategy] = MappingProxyType({"none": _none, "solo": _solo, "duo": _duo})
"""Every strategy of schedule.STRATEGIES, by name."""


async def think(thinking: Thinking, room: Room) -> Thought | None:
    """What the thinkers hand on: at most 400 tokens, or None. Raises nothing but a cancel."""
    return await STRATEGIES[thinking.strategy](thinking.models, room)


def _failed(model: str, role: str, error: ForgeError) -> str:
    return f"{model} could not {role}: {error.full_message}"
