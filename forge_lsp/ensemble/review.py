"""The panel: every member scores one aspect at the same time; their validated votes make the verdict.

A member that fails, rambles or answers nonsense abstains; an abstention is never a score.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias, cast

from forge_lsp.domain.attempt import Issue, Review, Severity, Verdict
from forge_lsp.domain.errors import ModelError, ModelMissing, ServerUnreachable, SpendingRefused, Unauthorised
from forge_lsp.domain.ports import Clock, FinishReason, Message, Role
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.prompting import Shared, has_template, render
from forge_lsp.ensemble.schedule import Panel, Reviewer
from forge_lsp.ensemble.words import without_thinking

__all__ = ["PANELS", "Hall", "Sitting", "Unusable", "parse_review", "quorate", "review", "schema", "weighted_mean"]

MOST_ISSUES = 5
MOST_REASONING = 400
MOST_MESSAGE = 200


class Unusable(ValueError):
    """An answer that is no review; says why, in words that the model can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What a panel works with. ``shared`` gives a member's prefix; ``subject`` is the candidate with its evidence,
    its author hidden, fitted to the member; ``unavailable`` says why a member cannot be asked (None: it can; may
    raise ServerUnreachable); ``answer_tokens`` bounds a member's words; ``degraded`` is told of every abstention."""

    ask: Ask
    shared: Callable[[str], Awaitable[Shared]]
    subject: Callable[[str], str]
    unavailable: Callable[[str], Awaitable[str | None]]
    degraded: Callable[[str], None]
    answer_tokens: Callable[[str], int]
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A verdict, and ``fault``: why this machine could not give the panel a quorum, where that is why it has none."""

    verdict: Verdict
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    review: Review
    environment: bool = False


Weigh: TypeAlias = Callable[[Sequence[Review]], "float | None"]


def weighted_mean(reviews: Sequence[Review]) -> float | None:
    """The mean of the scores by weight, over those who voted; None without a quorum."""
    if not quorate(reviews):
        return None
    voted = [(review.weight, review.score) for review in reviews if review.score is not None]
    mean = math.fsum(weight * score for weight, score in voted) / math.fsum(weight for weight, _ in voted)
    return min(max(mean, 0.0), 10.0)  # rounding must not carry a mean of tens above ten


def quorate(reviews: Sequence[Review]) -> bool:
    """Whether more than half of the weight voted."""
    voted = math.fsum(review.weight for review in reviews if review.score is not None)
    return voted > math.fsum(review.weight for review in reviews) / 2


PANELS: Mapping[str, Weigh] = MappingProxyType(
    {"simple": weighted_mean, "moderate": weighted_mean, "complex": weighted_mean}
)
"""How each kind of panel in schedule.PANELS comes to its score."""


def schema() -> Mapping[str, object]:
    """The bounded JSON schema of a review."""
    issue = {
        "type": "object",
        "properties": {
            "severity": {"type": "string", "enum": [str(severity) for severity in Severity]},
            "line": {"type": "integer", "minimum": 0, "maximum": 100_000},
            "message": {"type": "string", "maxLength": MOST_MESSAGE},
        },
        "required": ["severity", "line", "message"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string", "maxLength": MOST_REASONING},
            "score": {"type": "number", "minimum": 0, "maximum": 10},
            "issues": {"type": "array", "maxItems": MOST_ISSUES, "items": issue},
        },
        "required": ["reasoning", "score", "issues"],
        "additionalProperties": False,
    }


async def review(panel: Panel, reviewers: Callable[[str], Reviewer], hall: Hall) -> Sitting:
    """Ask all members at once; takes as long as the slowest. Raises nothing but a cancel."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_vote(member, reviewers(member), hall)) for member in panel.members]
    votes = [task.result() for task in tasks]
    reviews = tuple(vote.review for vote in votes)
    score = PANELS[panel.kind](reviews)
    if score is not None:
        return Sitting(verdict=Verdict(panel=panel.kind, score=score, reviews=reviews))
    voted = sum(review.score is not None for review in reviews)
    note = f"the panel has no quorum: {voted} of {len(reviews)} voted"
    verdict = Verdict(panel=panel.kind, score=None, reviews=reviews, note=note)
    # Had those voted whom only this machine's state kept away, there would have been a quorum: no fault of the code.
    present = [replace(vote.review, score=0.0) if vote.environment else vote.review for vote in votes]
    causes = dict.fromkeys(vote.review.abstained for vote in votes if vote.environment and vote.review.abstained)
    return Sitting(verdict=verdict, fault="; ".join(causes) if causes and quorate(present) else None)


async def _vote(member: str, reviewer: Reviewer, hall: Hall) -> _Vote:
    started = hall.clock.monotonic()
    empty = Review(model=member, aspect=reviewer.aspect, weight=reviewer.weight)

    def abstain(reason: str, *, environment: bool = False) -> _Vote:
        hall.degraded(f"{member} ({reviewer.aspect}) abstains: {reason}")
        seconds = hall.clock.monotonic() - started
        return _Vote(review=replace(empty, abstained=reason, seconds=seconds), environment=environment)

    try:
        reason = await hall.unavailable(member)
        if reason is not None:
            return abstain(reason, environment=True)
        voted = await _ask_twice(member, reviewer, hall)
    except (ServerUnreachable, ModelMissing, Unauthorised) as error:
        return abstain(error.full_message, environment=True)
    except (ModelError, SpendingRefused) as error:
        return abstain(error.full_message)
    except Unusable as error:
        return abstain(f"its answers were no reviews: {error}")
    return _Vote(
        review=replace(
            empty,
            score=voted.score,
            reasoning=voted.reasoning,
            issues=voted.issues,
            seconds=hall.clock.monotonic() - started,
        )
    )


async def _ask_twice(member: str, reviewer: Reviewer, hall: Hall) -> Voted:
    shared = await hall.shared(member)
    template = f"aspect_{reviewer.aspect}"
    aspect = render(template) if has_template(template) else reviewer.aspect
    turns = [
        Message(role=Role.USER, text=hall.subject(member), cache=True),
        Message(role=Role.USER, text=render("review", aspect=aspect, most=MOST_ISSUES)),
    ]
    problem = ""
    for role in ("review", "review again"):
        request = shared.request(*turns, max_tokens=hall.answer_tokens(member), temperature=0.0, schema=schema())
        completion = (await hall.ask(member, role, request)).completions[0]
        try:
            return parse_review(completion.text, cut=completion.finish is FinishReason.LENGTH)
        except Unusable as error:
            problem = str(error)
        # What it said stays unseen: a model shown its own nonsense repeats it, and at temperature 0 the same prompt
        # gives the same answer.
        turns = [*turns, Message(role=Role.USER, text=render("review_again", problem=problem))]
    raise Unusable(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted:
    """What a valid answer says."""

    score: float
    reasoning: str
    issues: tuple[Issue, ...]


def parse_review(text: str, *, cut: bool = False) -> Voted:
    """Validate one answer. Raises Unusable: nothing is guessed, clamped or made up. Text that is merely too long is
    cut, and issues past the last one allowed are left out.

    ``cut``: the length limit ended the answer.
    """
    document = _object(without_thinking(text), cut=cut)
    if "properties" in document or "$schema" in document:
        raise Unusable("it repeats the schema")
    score = document.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise Unusable('"score" is not a number')
    if not 0 <= score <= 10:  # NaN and infinity are refused by the parser
        raise Unusable(f'"score" is {score:g}, not between 0 and 10' if abs(score) < 1e9 else '"score" is out of range')
    reasoning = document.get("reasoning")
    if not isinstance(reasoning, str):
        raise Unusable('"reasoning" is not a text')
    issues = document.get("issues")
    if not isinstance(issues, list):
        raise Unusable('"issues" is not a list')
    found = tuple(_issue(entry) for entry in cast("list[object]", issues)[:MOST_ISSUES])
    return Voted(score=float(score), reasoning=_short(reasoning, MOST_REASONING), issues=found)


def _issue(entry: object) -> Issue:
    if not isinstance(entry, dict):
        raise Unusable("an issue is not an object")
    fields = cast("dict[str, object]", entry)
    severity, line, message = fields.get("severity"), fields.get("line", 0), fields.get("message")
    if severity not in tuple(Severity):
        raise Unusable('the "severity" of an issue is not error, warning or info')
    if isinstance(line, bool) or not isinstance(line, int):
        raise Unusable('the "line" of an issue is not a whole number')
    if not isinstance(message, str) or not message.strip():
        raise Unusable('the "message" of an issue is not a text')
    return Issue(severity=Severity(str(severity)), message=_short(message, MOST_MESSAGE), line=max(0, line))


def _object(text: str, *, cut: bool) -> dict[str, object]:
    def refuse(constant: str) -> float:
        raise Unusable(f"{constant} is not JSON")

    decoder = json.JSONDecoder(parse_constant=refuse)
    at = text.find("{")
    while at >= 0:
        try:
            document, _ = decoder.raw_decode(text, at)
        except RecursionError:
            raise Unusable("it is nested too deeply") from None
        except Unusable:
            raise
        except ValueError:
            at = text.find("{", at + 1)
            if cut:
                break  # its outermost object never ended; an inner one is no review
            continue
        return cast("dict[str, object]", document)
    raise Unusable("it was cut off before its end" if cut else "it holds no JSON object")


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
