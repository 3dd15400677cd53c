"""What thinkers work with: how one speaks, how all propose at once, and how plans are shown to others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from forge_lsp.core.errors import ForgeError, ModelError, SpendingRefused
from forge_lsp.core.ports import Message, Purpose, Role
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.fencing import fenced
from forge_lsp.ensemble.members import Team
from forge_lsp.ensemble.prompting import SharedPrefix, render
from forge_lsp.ensemble.words import clip, estimate_tokens, without_thinking

__all__ = ["ANSWER_TOKENS", "THOUGHT_TOKENS", "ShownPlan", "ThinkerPlan", "ThinkingContext", "fair_share", "lay_out"]

THOUGHT_TOKENS = 400
ANSWER_TOKENS = 640  # 400 by our careful count; the rest lets a sentence end
TEMPERATURE = 0.3  # plans gain from a little variety between attempts, and lose from much

_FRAMING = 64  # tokens that turns and headings cost beside their text
_AROUND = 10  # tokens of the signs around a plan: its heading's and its fence
_LEAST = 32  # tokens of each plan that are shown whatever else fills the window


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkerPlan:
    """What ``model`` said."""

    model: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan as others see it: under a heading that does not name its author."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingContext:
    """What thinkers work with. ``shared`` gives a model's prefix, ``insights`` what is known so far, fitted to it,
    ``context`` its context length in tokens; ``degraded`` is told in words what did not go as set. ``seed`` is the
    same for the same attempt at the same task, and decides in what order ballots list the plans. ``thinkers`` and
    ``voters`` are told of answers of no use, and replace voters (None: nobody keeps count)."""

    ask: Ask
    shared: Callable[[str], Awaitable[SharedPrefix]]
    insights: Callable[[str], str]
    degraded: Callable[[str], None]
    context: Callable[[str], int]
    seed: str
    thinkers: Team | None = None
    voters: Team | None = None

    async def ask_thinker(
        self, model: str, role: str, template: str, *, verb: str = "", shown: Sequence[ShownPlan] = (), **values: str
    ) -> str | None:
        """Return one thinker's words, or None (and a degradation) where it failed or had none.

        ``shown`` are the plans for the template's ``$plans``; ``verb`` says what it could not do, where the role's
        name is none.
        """
        try:
            shared, text = await self.prompt(model, template, shown, ANSWER_TOKENS, **values)
            request = shared.request(
                Message(role=Role.USER, text=text),
                max_tokens=ANSWER_TOKENS,
                temperature=TEMPERATURE,
                purpose=Purpose.PLAN,
            )
            reply = await self.ask(model, role, request)
        except (ModelError, SpendingRefused) as error:
            if self.thinkers is not None:
                self.thinkers.failed(model, error)
            self.degraded(_failed(model, verb or role, error))
            return None
        words = without_thinking(reply.completions[0].text).strip()
        if not words:
            if self.thinkers is not None:
                self.thinkers.unusable(model, f"it had nothing to say ({role})")
            self.degraded(f"{model} had nothing to say ({role})")
            return None
        return clip(words, THOUGHT_TOKENS)

    async def propose(self, models: Sequence[str]) -> tuple[ThinkerPlan, ...]:
        """Return the plans of those who had one, in the order of ``models``, all asked at once."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.ask_thinker(model, "propose", "propose")) for model in models]
        said = [(model, task.result()) for model, task in zip(models, tasks, strict=True)]
        return tuple(ThinkerPlan(model=model, text=text) for model, text in said if text is not None)

    async def prompt(
        self, model: str, template: str, shown: Sequence[ShownPlan], answer_tokens: int, **values: str
    ) -> tuple[SharedPrefix, str]:
        """Return a model's prefix and its part, with the plans cut to what its window holds beside an answer."""
        shared = await self.shared(model)
        words = {"insights": self.insights(model), **values}
        if shown:
            bare = render(template, **words, plans="")
            taken = (
                sum(map(estimate_tokens, (shared.system, shared.text, shared.rules, bare))) + answer_tokens + _FRAMING
            )
            words["plans"] = lay_out(shown, self.context(model) - taken)
        return shared, render(template, **words)


def lay_out(shown: Sequence[ShownPlan], tokens: int) -> str:
    """Return all plans under their headings, in about ``tokens`` tokens."""
    headings = sum(estimate_tokens(plan.heading) + _AROUND for plan in shown)
    most = max(fair_share([estimate_tokens(plan.text) for plan in shown], tokens - headings), _LEAST)
    return "\n\n".join(f"## {plan.heading}\n\n{fenced(clip(plan.text, most))}" for plan in shown)


def fair_share(sizes: Sequence[int], room: int) -> int:
    """Return the largest cap under which ``sizes`` together fit ``room``: what the short ones leave goes to the long
    ones."""
    left, count = room, len(sizes)
    for size in sorted(sizes):
        if size * count > left:
            return max(left // count, 0)
        left, count = left - size, count - 1
    return max(sizes, default=0)


def _failed(model: str, verb: str, error: ForgeError) -> str:
    return f"{model} could not {verb}: {error.full_message}"
