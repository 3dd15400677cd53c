"""Debate: three rounds in which every model speaks in turn and sees all that was said. Nine calls of three models,
one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.thinking.context import ShownPlan, ThinkerPlan, ThinkingContext

__all__ = ["ROUNDS", "debate"]

ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    plan: ThinkerPlan
    round: int


async def debate(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:
    """Debate in rounds; the last word is the thought. A member that fails misses that turn, and speaks again in the
    next round."""
    turns: list[_Turn] = []
    for number in range(1, ROUNDS + 1):
        for model in models:
            words = await _speak(model, number, turns, context)
            if words is not None:
                turns.append(_Turn(plan=ThinkerPlan(model=model, text=words), round=number))
    if not turns:
        return None
    spoke = {turn.plan.model for turn in turns}
    speakers = tuple(model for model in dict.fromkeys(models) if model in spoke)
    strategy = "debate"
    if len(speakers) == 1:
        strategy = "solo"
        context.degraded(f"debate became solo: only {speakers[0]} spoke")
    return ThinkingResult(text=turns[-1].plan.text, strategy=strategy, models=speakers)


async def _speak(model: str, number: int, turns: Sequence[_Turn], context: ThinkingContext) -> str | None:
    role, verb = f"debate {number}", f"speak in round {number}"
    if not turns:
        return await context.ask_thinker(model, role, "propose", verb=verb)
    shown = [
        ShownPlan(
            heading=f"Round {turn.round}, {'you' if turn.plan.model == model else 'a colleague'}", text=turn.plan.text
        )
        for turn in turns
    ]
    return await context.ask_thinker(
        model, role, "debate", verb=verb, shown=shown, round=str(number), rounds=str(ROUNDS)
    )
