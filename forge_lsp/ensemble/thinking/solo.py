"""Solo: one model plans. One call."""

from __future__ import annotations

from forge_lsp.core.attempt import Thought
from forge_lsp.ensemble.thinking.context import ThinkingContext

__all__ = ["solo"]


async def solo(models: tuple[str, ...], context: ThinkingContext) -> Thought | None:
    """Have the first model propose."""
    words = await context.ask_thinker(models[0], "propose", "propose")
    return None if words is None else Thought(text=words, strategy="solo", models=(models[0],))
