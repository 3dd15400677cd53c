"""Thinking before writing: one strategy a file, registered by name in :data:`STRATEGIES`.

A strategy gives a :class:`~forge_lsp.core.attempt.ThinkingResult`, or None where nobody had one; a member that fails
costs a degradation that is told, never the attempt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.ensemble.schedule import Thinking
from forge_lsp.ensemble.thinking.context import ANSWER_TOKENS, THOUGHT_TOKENS, ThinkingContext
from forge_lsp.ensemble.thinking.debate import debate
from forge_lsp.ensemble.thinking.duo import duo
from forge_lsp.ensemble.thinking.solo import solo
from forge_lsp.ensemble.thinking.trio import trio
from forge_lsp.ensemble.thinking.vote import vote

__all__ = ["ANSWER_TOKENS", "STRATEGIES", "THOUGHT_TOKENS", "ThinkingContext", "think"]

Strategy: TypeAlias = Callable[[tuple[str, ...], ThinkingContext], Awaitable["ThinkingResult | None"]]


async def _none(models: tuple[str, ...], context: ThinkingContext) -> ThinkingResult | None:  # noqa: ARG001 - the registry's shape
    return None


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {"none": _none, "solo": solo, "duo": duo, "trio": trio, "debate": debate, "vote": vote}
)
"""Every strategy of schedule.STRATEGIES, by name."""


async def think(thinking: Thinking, context: ThinkingContext) -> ThinkingResult | None:
    """Return what the thinkers hand on: at most 400 tokens, or None. Raises nothing but a cancel."""
    return await STRATEGIES[thinking.strategy](thinking.models, context)
