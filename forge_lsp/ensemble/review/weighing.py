"""From votes to a score, and when the votes still out can no longer matter. Pure.

Early stop. What the decision takes from a panel is one of three :class:`Ending` s. The votes still out may become any
score from 0 to 10, or abstain, for a reason of their own or one of this machine's. Four completions decide which
endings can still be reached, whatever mixture of these comes:

- all of them score 10: more weight never costs a quorum, and a 10 never lowers a mean. If this does not end HIGH,
  nothing does.
- all of them score 0: likewise, if any completion with a quorum ends LOW, this one does.
- all of them abstain: the smallest weight that can vote. If any completion lacks its quorum by the members' own
  fault, this one does.
- all of them abstain because of the machine: likewise for FAULT.

If the four agree, every completion ends like that. To cancel the votes still out is the third of them, so a cancelled
panel ends as the full one would have, and its score is the mean of those who voted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from forge_lsp.core.attempt import Review
from forge_lsp.core.errors import ForgeError

__all__ = [
    "AGREEING",
    "SECURITY_LEAST",
    "Ending",
    "Vote",
    "ending",
    "endings",
    "fault",
    "objections",
    "outliers",
    "quorate",
    "weighted_mean",
]

AGREEING = 0.6
"""Share of the weight that voted which must find a candidate good enough in a critical panel."""
SECURITY_LEAST = 5.0
"""Below this a reviewer of security refuses a candidate in a critical panel, whatever the others say."""
FAR = 2.0
"""Points from the mean beyond which a member of a critical panel looks again."""

_ROUNDING = 1e-9  # far more than sums of some scores lose, far less than anybody scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A review; ``fault`` of this machine (a server that is down) is why it abstains. ``mute``: its model has given no
    usable review twice in this job, and is to be replaced."""

    review: Review
    fault: ForgeError | None = None
    mute: bool = False


class Ending(Enum):
    """What a panel's verdict does to the decision: enough, not enough or no quorum, or no quorum by a fault of the
    machine, which leaves the candidate unverified."""

    HIGH = auto()
    LOW = auto()
    FAULT = auto()


def quorate(reviews: Sequence[Review]) -> bool:
    """Whether more than half of the weight voted."""
    voted = math.fsum(review.weight for review in reviews if review.score is not None)
    return voted > math.fsum(review.weight for review in reviews) / 2


def weighted_mean(reviews: Sequence[Review]) -> float | None:
    """Return the mean of the scores by weight, over those who voted; None without a quorum."""
    if not quorate(reviews):
        return None
    voted = [(review.weight, review.score) for review in reviews if review.score is not None]
    mean = math.fsum(weight * score for weight, score in voted) / math.fsum(weight for weight, _ in voted)
    scores = [score for _, score in voted]
    return min(max(mean, min(scores)), max(scores))  # rounding must not carry a mean of eights below eight


def fault(votes: Sequence[Vote]) -> ForgeError | None:
    """Why this machine could not give the panel a quorum: had those voted whom only its state kept away, there would
    have been one, so it is no fault of the code. None where there is a quorum, or another reason for its lack."""
    if quorate([vote.review for vote in votes]):
        return None
    present = [replace(vote.review, score=0.0) if vote.fault is not None else vote.review for vote in votes]
    faults = {vote.fault.full_message: vote.fault for vote in votes if vote.fault is not None}
    if not faults or not quorate(present):
        return None
    *others, last = faults.values()
    return ForgeError("; ".join((*(one.full_message for one in others), str(last))), remedy=last.remedy)


def ending(votes: Sequence[Vote], enough: float) -> Ending:
    """Return how a panel ends, where a mean of ``enough`` is accepted."""
    score = weighted_mean([vote.review for vote in votes])
    if score is None:
        return Ending.LOW if fault(votes) is None else Ending.FAULT
    return Ending.HIGH if score >= enough else Ending.LOW


def endings(votes: Sequence[Vote], out: Sequence[Review], enough: float) -> frozenset[Ending]:
    """Return the endings that can still be reached: ``votes`` are in, ``out`` are still to come."""

    def completed(score: float | None, fault: ForgeError | None = None) -> list[Vote]:
        came = [replace(review, score=score, abstained=None if score is not None else "-") for review in out]
        return [*votes, *(Vote(review=review, fault=fault) for review in came)]

    return frozenset(
        (
            ending(completed(10.0), enough - _ROUNDING),
            ending(completed(0.0), enough + _ROUNDING),
            ending(completed(None), enough),
            ending(completed(None, ForgeError("-")), enough),
        )
    )


def outliers(reviews: Sequence[Review]) -> tuple[int, ...]:
    """Return which members are more than two points from the mean; () without a quorum."""
    mean = weighted_mean(reviews)
    if mean is None:
        return ()
    return tuple(
        index
        for index, review in enumerate(reviews)
        if review.score is not None and abs(review.score - mean) > FAR + _ROUNDING
    )


def objections(reviews: Sequence[Review], enough: float) -> tuple[str, ...]:
    """Return what keeps a critical panel from its weighted consensus beside the mean; () for a consensus.

    The share is of the weight that voted: an abstention is never a score, so it is no refusal either; the quorum is
    what guards against too many of them.
    """
    found: list[str] = []
    voted = [(review, review.score) for review in reviews if review.score is not None]
    weight = math.fsum(review.weight for review, _ in voted)
    agree = math.fsum(review.weight for review, score in voted if score >= enough)
    if agree < AGREEING * weight - _ROUNDING:
        share = agree / weight
        found.append(f"only {share:.2f} of the weight says {enough:.1f} or more, {AGREEING:.2f} is needed")
    found.extend(
        f"{review.model} gives {score:.1f} for security, less than {SECURITY_LEAST:.1f}"
        for review, score in voted
        if review.aspect == "security" and score < SECURITY_LEAST
    )
    return tuple(found)
