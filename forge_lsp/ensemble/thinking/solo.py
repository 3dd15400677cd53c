"""Solo: one model plans. One call."""

from __future__ import annotations

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.thinking.context import ThinkingContext

__all__ = ["solo"]


async def solo(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:
    """Have the first model propose."""
    words = await context.ask_thinker(models[0], "propose", "propose")
    return None if words is None else ThinkingResult(text=words, strategy="solo", models=(models[0],))
