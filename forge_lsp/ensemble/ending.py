"""How a job ends: what is accepted or offered, and the words that say why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forge_lsp.core.attempt import Attempt, Candidate, Decision, DecisionKind, Evidence, Outcome
from forge_lsp.core.errors import Cause, ForgeError
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.ensemble.briefing import SentText
from forge_lsp.ensemble.decision import decide
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.ensemble.questioning import Questioning
from forge_lsp.ensemble.schedule import Accept, Row

__all__ = ["Conclusion", "EndReason", "after_the_last", "concluded", "none_ran", "skip", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReason:
    """An outcome, and why. ``remedy`` fixes that, and is in ``reason`` too; ``cause`` tells programs why."""

    outcome: Outcome
    reason: str
    remedy: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a job ended. ``best`` is what is accepted or offered (None: nothing worth offering), ``score`` the panel's
    for it, ``evidence`` what its checks showed; ``sent`` says which files' text went to which server; ``questions`` are
    those that the user was asked. ``remedy`` and ``cause`` as in :class:`EndReason`."""

    outcome: Outcome
    attempts: tuple[Attempt, ...]
    best: Candidate | None
    score: float | None
    reason: str | None
    sent: tuple[SentText, ...] = ()
    evidence: Evidence | None = None
    questions: tuple[AskedQuestion, ...] = ()
    remedy: str | None = None
    cause: Cause | None = None


def after_the_last(
    attempts: Sequence[Attempt], leaderboard: Leaderboard, accept: Accept, lacks: Iterable[str]
) -> EndReason:
    """Return how a job ends that accepted nothing: the best candidate is ``unverified`` where only a disputed check, a
    doubted proof or a grade below what is asked for stands in its way, whichever attempt it came from."""
    best = leaderboard.best()
    if best is not None and accept.rule != "never":
        decision = decide(
            build=best.checked.build, evidence=best.evidence, verdict=best.verdict, accept=accept, last=True
        )
        if decision.kind is DecisionKind.ACCEPT and decision.unverified:
            return EndReason(outcome=Outcome.UNVERIFIED, reason=decision.reason, remedy=decision.remedy)
    remedy = _remedy([attempt for attempt in attempts if attempt.skipped is None][-1:]) or _remedy(attempts)
    return EndReason(outcome=Outcome.EXHAUSTED, reason=_why_exhausted(attempts, lacks), remedy=remedy)


def none_ran(attempts: Sequence[Attempt], lacks: Iterable[str]) -> EndReason:
    """Return how a job ends of which every attempt was skipped. Its cause is the one that they share."""
    reasons = dict.fromkeys(attempt.decision.reason for attempt in attempts)
    causes = {attempt.decision.cause for attempt in attempts}
    return EndReason(
        outcome=Outcome.FAILED,
        reason=f"no attempt could run: {'; '.join((*reasons, *lacks))}",
        remedy=_remedy(attempts),
        cause=causes.pop() if len(causes) == 1 else None,
    )


def _remedy(attempts: Iterable[Attempt]) -> str | None:
    """The first that the decisions of attempts name."""
    return next((attempt.decision.remedy for attempt in attempts if attempt.decision.remedy is not None), None)


def _why_exhausted(attempts: Sequence[Attempt], lacks: Iterable[str]) -> str:
    last = [attempt for attempt in attempts if attempt.skipped is None][-1]
    why = dict.fromkeys(attempt.skipped for attempt in attempts if attempt.skipped)
    reason = f"attempt {last.number} of {len(attempts)}: {last.decision.reason}"
    if why:
        reason = f"{reason}; skipped: {'; '.join(why)}"
    return "; ".join((reason, *(lack for lack in lacks if lack not in reason)))


def concluded(
    end: EndReason,
    attempts: Sequence[Attempt],
    leaderboard: Leaderboard,
    questions: Questioning,
    accepted: Attempt | None,
    *,
    sent: tuple[SentText, ...],
) -> Conclusion:
    """Return the end of a job: with what the attempt ``accepted`` wrote, or else the best that there is."""
    if accepted is not None:
        best, evidence = accepted.candidate, accepted.evidence
        score = accepted.verdict.score if accepted.verdict is not None else None
    else:
        found = leaderboard.best()
        best, score, evidence = (found.candidate, found.score, found.evidence) if found else (None, None, None)
    if any(one.answer is not None for one in questions.asked):
        attempts = leaderboard.settled(attempts)
    return Conclusion(
        outcome=end.outcome,
        attempts=leaderboard.with_answers(attempts, questions.calls),
        best=best,
        score=score,
        reason=end.reason,
        sent=sent,
        evidence=evidence,
        questions=questions.asked,
        remedy=end.remedy,
        cause=end.cause,
    )


def skip(error: ForgeError) -> Decision:
    """Return the decision not to run an attempt, since ``error`` is in its way."""
    return Decision(kind=DecisionKind.SKIP, reason=error.full_message, remedy=error.remedy, cause=error.cause)


def skipped(number: int, row: Row, error: ForgeError) -> Attempt:
    """Return the attempt that did not run, since ``error`` was in its way."""
    return Attempt(
        number=number,
        strategy=row.thinking.strategy,
        thinkers=row.thinking.models,
        generator=row.generator.model,
        samples=row.generator.samples,
        panel=row.panel.kind,
        decision=skip(error),
        seconds=0.0,
        cost_usd=0.0,
        skipped=error.full_message,
    )
