"""The numbers that statistics tell, and what they are told by: docs/stats.md says what each of them means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from forge_lsp.core.codec import told_as
from forge_lsp.core.ports import Usage
from forge_lsp.jobs.intervals import Mean, Ratio, Separation, Share

__all__ = [
    "CostComparison",
    "CurrentRates",
    "GradeShare",
    "JobGroup",
    "Parallel",
    "Questions",
    "ReviewerSeen",
    "Statistics",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRates:
    """What the settings in force say: nano-USD of a usage by each paid rung, and the score that is good enough.
    ``problem`` says why there are none."""

    paid: Mapping[str, Callable[[Usage], int]] = field(default_factory=dict[str, Callable[[Usage], int]])
    good: float = 8.0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGroup:
    """Jobs or attempts that have something in common. ``cost`` is in USD, ``seconds`` wall time, both for one of
    them; ``attempts`` for one job (None: these are attempts). ``skipped`` ones did not run and are not counted."""

    name: str
    success: Share
    attempts: Mean | None = None
    skipped: int = 0
    cost: Mean = told_as("costUsd")
    seconds: Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerSeen:
    """One reviewer, who gave ``votes`` scores. ``spread`` is their standard deviation (None: fewer than two).
    ``agreement`` counts the votes on the panel's side, ``distance`` how far they were from the panel's score
    (points)."""

    model: str
    votes: int
    score: Mean
    spread: float | None
    abstained: Share
    cancelled: int
    agreement: Share
    distance: Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeShare:
    """Jobs with something to offer whose candidate has one ``grade``: the share that was accepted, and of all of them
    the share that was applied.

    Of the applied ones whose documents were saved since, the shares that were ``kept`` as applied, ``changed`` further
    and ``undone``; ``unknown`` counts the other applied ones.
    """

    grade: str
    accepted: Share
    applied: Share
    kept: Share
    changed: Share
    undone: Share
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Jobs in which the user was ``asked``, of those with a decision. ``answered`` is the share of the questions that
    have an answer, ``late`` counts the answers that came after the job; the others are shares of the answers.

    ``said``: the user could say what is right. ``confirmed``: the best candidate gives it. ``changed``: another
    candidate was the best one then. ``refuted``: the best candidate gives something else. ``kept``: the answer became
    an example of the documentation.
    """

    asked: Share
    answered: Share
    said: Share
    confirmed: Share
    changed: Share
    refuted: Share
    kept: Share
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Stages of one kind: ``wall`` and ``working`` seconds in all, and how many times faster at once is."""

    kind: str
    wall: float = told_as("seconds")
    working: float = told_as("secondsInTurn")
    speedup: Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCost:
    """A cost in USD, and what it is by the real one (None: the real one is 0)."""

    cost_usd: float
    ratio: Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class CostComparison:
    """What the jobs would have cost in USD with the paid ``model``, by the tokens that were counted, at full price.

    ``one_attempt``: had it written the first attempt of each job, and no other been needed. ``every_attempt``: had
    it written each attempt that ran. ``every_call``: had it made all calls, thinking and reviews too.
    """

    model: str
    one_attempt: ComparedCost
    every_attempt: ComparedCost
    every_call: ComparedCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Everything that is told. ``since`` is when the oldest job began (ISO 8601, UTC; None: there is no job).

    ``cancelled`` and ``interrupted`` jobs are in ``total_cost`` (USD) and in nothing else. ``free`` is the share of
    accepted jobs that cost nothing, ``paid`` the cost of the jobs that cost something, accepted or not.
    ``panel`` is how well the panel's score tells candidates for which what was run speaks from those against which it
    does. ``compared_cost`` (USD) is the real cost of the jobs in ``comparisons``.
    """

    since: str | None
    all: JobGroup = told_as("jobs")
    cancelled: int
    interrupted: int
    total_cost: float = told_as("totalCostUsd")
    languages: tuple[JobGroup, ...] = told_as("byLanguage")
    rungs: tuple[JobGroup, ...] = told_as("byRung")
    strategies: tuple[JobGroup, ...] = told_as("byStrategy")
    reviewers: tuple[ReviewerSeen, ...]
    panel: Separation
    proofs: tuple[GradeShare, ...] = told_as("byProof")
    questions: Questions
    free: Share
    paid: Mean
    parallel: tuple[Parallel, ...]
    comparisons: tuple[CostComparison, ...]
    compared_cost: float
    notes: tuple[str, ...]
