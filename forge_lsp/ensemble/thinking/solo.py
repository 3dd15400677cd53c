"""Solo: one model plans. One call."""

from __future__ import annotations

from forge_lsp.domain.attempt import Thought
from forge_lsp.ensemble.thinking.room import Room

__all__ = ["solo"]


async def solo(models: tuple[str, ...], room: Room) -> Thought | None:
    """The first model proposes."""
    words = await room.say(models[0], "propose", "propose")
    return None if words is None else Thought(text=words, strategy="solo", models=(models[0],))
