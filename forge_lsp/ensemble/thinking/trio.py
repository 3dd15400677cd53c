"""Trio: up to three models plan at once, then one makes one plan of theirs. Three calls at once and one more: as long
as the slowest member and the consensus."""

from __future__ import annotations

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.thinking.context import ShownPlan, ThinkingContext

__all__ = ["trio"]


async def trio(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:
    """Have all propose; the first listed that did writes the consensus. A single proposal stands as it is, and so
    does the first one where the consensus fails."""
    plans = await context.propose(models)
    if not plans:
        return None
    first = plans[0]
    alone = ThinkingResult(text=first.text, strategy="solo", models=(first.model,))
    if len(plans) == 1:
        context.degraded(f"trio became solo: the plan of {first.model} is the only one")
        return alone
    if first.model != models[0]:
        context.degraded(f"{first.model} writes the consensus in the place of {models[0]}")
    shown = [ShownPlan(heading=f"Plan {number}", text=plan.text) for number, plan in enumerate(plans, 1)]
    agreed = await context.ask_thinker(first.model, "consensus", "consensus", verb="write the consensus", shown=shown)
    if agreed is None:
        context.degraded(f"trio became solo: the plan of {first.model} stands without a consensus")
        return alone
    return ThinkingResult(text=agreed, strategy="trio", models=tuple(plan.model for plan in plans))
