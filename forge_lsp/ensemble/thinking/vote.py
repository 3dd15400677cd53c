"""Vote: every model plans alone, then every model votes on the unsigned plans. Twice as many calls as models, in two
waves, and a third wave only on a tie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.thinking.ballots import poll
from forge_lsp.ensemble.thinking.context import ThinkerPlan, ThinkingContext

__all__ = ["LEAST_BALLOTS", "vote"]

LEAST_BALLOTS = 2


async def vote(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:
    """Return the plan with the most votes; on a tie the one that wins a run-off among the tied, and then the first by
    order. With a single plan, or fewer than two ballots, the first plan by order stands."""
    plans = await context.propose(models)
    if not plans:
        return None
    first = plans[0]
    if len(plans) == 1:
        context.degraded(f"vote became solo: the plan of {first.model} is the only one")
        return ThinkingResult(text=first.text, strategy="solo", models=(first.model,))
    ballots = await poll(models, plans, context, role="vote")
    if len(ballots) < LEAST_BALLOTS:
        context.degraded(
            f"vote became solo: {_too_few(ballots)}, so the plan of {first.model} stands, the first by order"
        )
        return ThinkingResult(text=first.text, strategy="solo", models=(first.model,))
    leaders, note = _leaders(ballots, plans), _won(ballots, "wins with")
    if len(leaders) > 1:
        leaders, note = await _run_off(models, leaders, context)
    took_part = {plan.model for plan in plans} | ballots.keys()
    present = tuple(model for model in dict.fromkeys((*models, *ballots)) if model in took_part)
    return ThinkingResult(
        text=leaders[0].text, strategy="vote", models=present, note=f"the plan of {leaders[0].model} {note}"
    )


async def _run_off(
    models: tuple[str, ...], tied: list[ThinkerPlan], context: ThinkingContext
) -> tuple[list[ThinkerPlan], str]:
    """Who leads after everybody voted on the tied plans once more, and how it came to that."""
    ballots = await poll(models, tied, context, role="run-off")
    if len(ballots) < LEAST_BALLOTS:
        context.degraded(f"the run-off has no winner: {_too_few(ballots)}, so the order decides")
        return tied, "ties with others and is the first by order"
    leaders = _leaders(ballots, tied)
    if len(leaders) > 1:
        return leaders, "ties with others in the run-off too and is the first by order"
    return leaders, _won(ballots, "wins the run-off with")


def _leaders(ballots: Mapping[str, ThinkerPlan], plans: Sequence[ThinkerPlan]) -> list[ThinkerPlan]:
    """Those with the most votes, in the order of ``plans``."""
    counted = Counter(plan.model for plan in ballots.values())
    most = max(counted.values())
    return [plan for plan in plans if counted[plan.model] == most]


def _won(ballots: Mapping[str, ThinkerPlan], how: str) -> str:
    (_, most), *_ = Counter(plan.model for plan in ballots.values()).most_common(1)
    return f"{how} {most} of {len(ballots)} votes"


def _too_few(ballots: Mapping[str, ThinkerPlan]) -> str:
    return f"{len(ballots) or 'no'} ballot{'' if len(ballots) == 1 else 's'} of at least {LEAST_BALLOTS}"
