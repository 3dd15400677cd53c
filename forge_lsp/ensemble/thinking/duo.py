"""Duo: one plans, another criticises, the first refines. Three calls, one after another."""

from __future__ import annotations

from forge_lsp.domain.attempt import Thought
from forge_lsp.ensemble.fencing import fenced
from forge_lsp.ensemble.thinking.room import Room
from forge_lsp.ensemble.thinking.solo import solo

__all__ = ["duo"]


async def duo(models: tuple[str, ...], room: Room) -> Thought | None:
    """The first proposes, the second criticises, the first refines. Without a critique the proposal stands; without
    a proposal the second proposes alone."""
    first, second = models[0], models[1]
    proposal = await room.say(first, "propose", "propose")
    if proposal is None:
        return await solo((second,), room)
    alone = Thought(text=proposal, strategy="solo", models=(first,))
    critique = await room.say(second, "critique", "critique", proposal=fenced(proposal))
    if critique is None:
        return alone
    refined = await room.say(first, "refine", "refine", proposal=fenced(proposal), critique=fenced(critique))
    return alone if refined is None else Thought(text=refined, strategy="duo", models=(first, second))
