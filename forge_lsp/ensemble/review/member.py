"""One member of a panel: its vote, and its second look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.attempt import Review, Severity
from forge_lsp.core.errors import (
    ForgeError,
    ModelError,
    ModelMissing,
    ServerUnreachable,
    SpendingRefused,
    Unauthorised,
)
from forge_lsp.core.ports import ChatRequest, Clock, Message, Purpose, Role
from forge_lsp.ensemble.answers import Unusable, ask_twice, shorten
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.fencing import on_one_line
from forge_lsp.ensemble.members import MOST_UNUSABLE, Team
from forge_lsp.ensemble.prompting import SharedPrefix, has_template, render
from forge_lsp.ensemble.review.answer import MOST_ISSUES, ReviewAnswer, parse_review, schema, stated_review
from forge_lsp.ensemble.review.weighing import Vote
from forge_lsp.ensemble.words import clip

__all__ = ["ReviewContext", "look_again", "vote"]

_LEAST_SHOWN = 130  # tokens of the others' issues, in the smallest window; larger ones have some to spare
_MOST_REASONING = 300  # characters of its own
_BADNESS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewContext:
    """What a panel works with. ``shared`` gives a member's prefix; ``subject`` is the candidate with its evidence,
    its author hidden, fitted to the member; ``unavailable`` says why a member cannot be asked (None: it can; may
    raise ServerUnreachable); ``answer_tokens`` bounds a member's words, ``spare_tokens`` is what its window holds
    beside a review; ``degraded`` is told of every abstention. ``team`` replaces members that give no usable reviews
    (None: they abstain)."""

    ask: Ask
    shared: Callable[[str], Awaitable[SharedPrefix]]
    subject: Callable[[str], str]
    unavailable: Callable[[str], Awaitable[ForgeError | None]]
    degraded: Callable[[str], None]
    answer_tokens: Callable[[str], int]
    spare_tokens: Callable[[str], int]
    clock: Clock
    team: Team | None = None


async def vote(blank: Review, context: ReviewContext) -> Vote:
    """Return what the member says, in ``blank``'s place. Raises nothing but a cancel."""
    started = context.clock.monotonic()

    def abstain(reason: str, fault: ForgeError | None = None) -> Vote:
        context.degraded(f"{blank.model} ({blank.aspect}) abstains: {reason}")
        seconds = context.clock.monotonic() - started
        mute = context.team is not None and context.team.mute(blank.model)
        return Vote(review=replace(blank, abstained=reason, seconds=seconds), fault=fault, mute=mute)

    try:
        lack = await context.unavailable(blank.model)
        if lack is not None:
            return abstain(lack.full_message, lack)
        voted = await _ask(blank, context, "review")
    except (ServerUnreachable, ModelMissing, Unauthorised) as error:
        return abstain(error.full_message, error)
    except (ModelError, SpendingRefused) as error:
        if context.team is not None:
            context.team.failed(blank.model, error)
        return abstain(error.full_message)
    except Unusable as error:
        if context.team is not None:  # it was asked twice
            context.team.unusable(blank.model, f"its answers were no reviews: {error}", MOST_UNUSABLE)
        return abstain(f"its answers were no reviews: {error}")
    return Vote(review=_said(blank, voted, context.clock.monotonic() - started))


async def look_again(first: Review, others: Sequence[Review], context: ReviewContext) -> Review:
    """Return the member's review after it saw what the others found; the first one where that fails. Raises nothing but
    a cancel."""
    started = context.clock.monotonic()
    text = render(
        "second_look",
        score=f"{first.score:g} of 10" if first.score is not None else "no score",
        reasoning=on_one_line(shorten(first.reasoning, _MOST_REASONING)) or "none",
        issues=_issues(others, _LEAST_SHOWN + context.spare_tokens(first.model)),
    )
    try:
        voted = await _ask(first, context, "second look", Message(role=Role.USER, text=text))
    except (ModelError, SpendingRefused) as error:
        reason = error.full_message
    except Unusable as error:
        reason = f"its answers were no reviews: {error}"
    else:
        return _said(first, voted, first.seconds + context.clock.monotonic() - started)
    context.degraded(f"{first.model} ({first.aspect}) keeps its first score without a second look: {reason}")
    return replace(first, seconds=first.seconds + context.clock.monotonic() - started)


async def _ask(member: Review, context: ReviewContext, role: str, *more: Message) -> ReviewAnswer:
    shared = await context.shared(member.model)
    template = f"aspect_{member.aspect}"
    aspect = render(template) if has_template(template) else member.aspect
    turns = [
        Message(role=Role.USER, text=context.subject(member.model), cache=True),
        Message(role=Role.USER, text=render("review", aspect=aspect, most=MOST_ISSUES)),
        *more,
    ]

    def request(turns: Sequence[Message]) -> ChatRequest:
        return shared.request(
            *turns,
            max_tokens=context.answer_tokens(member.model),
            temperature=0.0,
            schema=schema(),
            purpose=Purpose.REVIEW,
        )

    return await ask_twice(
        context.ask,
        member.model,
        role,
        turns,
        request=request,
        read=lambda text, cut: parse_review(text, cut=cut),
        again=lambda problem: render("review_again", problem=problem),
        words=stated_review,
    )


def _said(blank: Review, voted: ReviewAnswer, seconds: float) -> Review:
    return replace(blank, score=voted.score, reasoning=voted.reasoning, issues=voted.issues, seconds=seconds)


def _issues(others: Sequence[Review], tokens: int) -> str:
    """The worst first, by aspect and without names, in at most ``tokens`` tokens."""
    found = [(review.aspect, issue) for review in others if review.score is not None for issue in review.issues]
    found.sort(key=lambda pair: _BADNESS[pair[1].severity])
    lines = [
        f"- {aspect}, {issue.severity}{f', line {issue.line}' if issue.line else ''}: {on_one_line(issue.message)}"
        for aspect, issue in found
    ]
    return clip("\n".join(lines), tokens) if lines else "- nothing to change"
