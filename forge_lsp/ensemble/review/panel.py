"""The order of a panel: all vote at once, and where its kind asks for it, it stops early or looks again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from forge_lsp.core.attempt import Review, Verdict
from forge_lsp.core.errors import ForgeError
from forge_lsp.ensemble.review.member import ReviewContext, look_again, vote
from forge_lsp.ensemble.review.weighing import Vote, endings, fault, objections, outliers, weighted_mean
from forge_lsp.ensemble.schedule import Accept, Panel, Reviewer

__all__ = ["CANCELLED", "PANELS", "PanelResult", "Rules", "review"]

CANCELLED = "cancelled: the outcome was already decided"
"""What stands in a review's ``abstained`` where its vote could not matter any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a kind of panel works. ``consensus``: it needs a weighted consensus beside its mean, outliers look again,
    and it hears everybody."""

    consensus: bool = False


PANELS: Mapping[str, Rules] = MappingProxyType(
    {"simple": Rules(), "moderate": Rules(), "complex": Rules(), "critical": Rules(consensus=True)}
)
"""The rules of each kind of panel in schedule.PANELS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelResult:
    """A verdict, and ``fault``: why this machine could not give the panel a quorum, where that is why it has none."""

    verdict: Verdict
    fault: ForgeError | None = None


async def review(
    panel: Panel, reviewers: Callable[[str], Reviewer], context: ReviewContext, accept: Accept
) -> PanelResult:
    """Ask all members at once; takes as long as the slowest, and a second look where a critical panel needs one.

    Where the score decides (``accept``), the votes that can no longer change that are cancelled. Raises nothing but
    a cancel.
    """
    rules = PANELS[panel.kind]
    blanks = [
        Review(model=member, aspect=reviewers(seat).aspect, weight=reviewers(seat).weight)
        for seat, member in await _seated(panel, context)
    ]
    stops = accept.rule == "score" and not rules.consensus
    votes = await _hear(blanks, context, enough=accept.score if stops else None)
    votes = await _with_stand_ins(votes, context)
    reviews = tuple(vote.review for vote in votes)
    notes: list[str] = []
    if not reviews:
        lack = "; ".join(context.team.members.lacks) if context.team is not None else ""
        why = f"no model is left that gives usable reviews: {lack}"
        return PanelResult(verdict=_verdict(panel, None, (), [why]), fault=ForgeError(why))
    if rules.consensus:
        reviews, notes = await _second_looks(reviews, context)
    unheard = [review.model for review in reviews if review.abstained == CANCELLED]
    if unheard:
        notes.append(f"decided early, without waiting for {', '.join(unheard)}")
    score = weighted_mean(reviews)
    if score is None:
        voted = sum(review.score is not None for review in reviews)
        notes.insert(0, f"the panel has no quorum: {voted} of {len(reviews)} voted")
        return PanelResult(verdict=_verdict(panel, None, reviews, notes), fault=fault(votes))
    if not rules.consensus:
        return PanelResult(verdict=_verdict(panel, score, reviews, notes))
    against = objections(reviews, accept.score)
    if against:
        notes.insert(0, f"no consensus: {' and '.join(against)}")
    verdict = _verdict(panel, score, reviews, notes)
    return PanelResult(verdict=replace(verdict, consensus=not against and score >= accept.score))


async def _seated(panel: Panel, context: ReviewContext) -> list[tuple[str, str]]:
    """Who sits for each member of the panel, as far as anybody can: (the member as set, the one who is asked)."""
    team = context.team
    if team is None:
        return [(member, member) for member in panel.members]
    seats: list[tuple[str, str]] = []
    for member in panel.members:
        beside = [*(taken for _, taken in seats), *(other for other in panel.members if not team.mute(other))]
        speaker = team.speaker(member)
        if speaker is not None and team.mute(speaker):
            speaker = await team.stand_in(speaker, beside)
        if speaker is not None:
            seats.append((member, speaker))
    return seats


async def _with_stand_ins(votes: list[Vote], context: ReviewContext) -> list[Vote]:
    """The votes, where each member that is to be replaced has given its place to another, which voted instead, or
    has left the panel: a quorum is one of those who can speak."""
    team = context.team
    while team is not None and any(one.mute for one in votes):
        seats: list[Review | Vote] = []
        for one in votes:
            if not one.mute:
                seats.append(one)
                continue
            beside = [seat.model if isinstance(seat, Review) else seat.review.model for seat in seats]
            by = await team.stand_in(one.review.model, [*beside, *(other.review.model for other in votes)])
            if by is not None:
                seats.append(replace(one.review, model=by, abstained=None, seconds=0.0))
        fresh = iter(await _hear([seat for seat in seats if isinstance(seat, Review)], context, enough=None))
        votes = [next(fresh) if isinstance(seat, Review) else seat for seat in seats]
    return votes


async def _hear(blanks: Sequence[Review], context: ReviewContext, *, enough: float | None) -> list[Vote]:
    """Everybody's vote, in order. With ``enough``, those are cancelled that cannot change how it ends."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(vote(blank, context)) for blank in blanks]
        pending = set(tasks)
        stopped: set[asyncio.Task[Vote]] = set()
        while pending:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            votes = [task.result() for task in tasks if task not in pending]
            # One who takes the place of a member that said nothing may still turn the panel.
            if enough is None or not pending or any(one.mute for one in votes):
                continue
            out = [blank for blank, task in zip(blanks, tasks, strict=True) if task in pending]
            if len(endings(votes, out, enough)) == 1:
                stopped = pending
                for task in stopped:
                    task.cancel()
                break
    return [
        Vote(review=replace(blank, abstained=CANCELLED)) if task in stopped and task.cancelled() else task.result()
        for blank, task in zip(blanks, tasks, strict=True)
    ]


async def _second_looks(reviews: tuple[Review, ...], context: ReviewContext) -> tuple[tuple[Review, ...], list[str]]:
    """The reviews after the outliers saw what the others found, and what came of it, in words."""
    async with asyncio.TaskGroup() as group:
        looks = {
            index: group.create_task(look_again(reviews[index], [*reviews[:index], *reviews[index + 1 :]], context))
            for index in outliers(reviews)
        }
    if not looks:
        return reviews, []
    after = tuple(looks[index].result() if index in looks else one for index, one in enumerate(reviews))
    told = [_changed(reviews[index], after[index]) for index in looks]
    return after, [f"second look: {', '.join(told)}"]


def _changed(before: Review, after: Review) -> str:
    if before.score == after.score:
        return f"{before.model} stays at {before.score:g}"
    return f"{before.model} from {before.score:g} to {after.score:g}"


def _verdict(panel: Panel, score: float | None, reviews: tuple[Review, ...], notes: Sequence[str]) -> Verdict:
    return Verdict(panel=panel.kind, score=score, reviews=reviews, note="; ".join(notes) or None)
