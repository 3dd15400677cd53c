"""Duo: one plans, another criticises, the first refines. Three calls, one after another."""

from __future__ import annotations

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.fencing import fenced
from forge_lsp.ensemble.thinking.context import ThinkingContext
from forge_lsp.ensemble.thinking.solo import solo

__all__ = ["duo"]


async def duo(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:
    """Have the first propose, the second criticise and the first refine. Without a critique the proposal stands;
    without a proposal the second proposes alone."""
    first, second = models[0], models[1]
    proposal = await context.ask_thinker(first, "propose", "propose")
    if proposal is None:
        return await solo((second,), context)
    alone = ThinkingResult(text=proposal, strategy="solo", models=(first,))
    critique = await context.ask_thinker(second, "critique", "critique", proposal=fenced(proposal))
    if critique is None:
        return alone
    refined = await context.ask_thinker(first, "refine", "refine", proposal=fenced(proposal), critique=fenced(critique))
    return alone if refined is None else ThinkingResult(text=refined, strategy="duo", models=(first, second))
