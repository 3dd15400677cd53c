"""How a job ends: what is accepted or offered, and the words that say why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forge_lsp.core.attempt import Attempt, Candidate, Decision, DecisionKind, Evidence, Outcome
from forge_lsp.core.questions import Asked
from forge_lsp.ensemble.briefing import Sent
from forge_lsp.ensemble.decision import decide
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.ensemble.questioning import Questioning
from forge_lsp.ensemble.schedule import Accept, Row

__all__ = ["Conclusion", "after_the_last", "concluded", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a job ended. ``best`` is what is accepted or offered (None: nothing worth offering), ``score`` the panel's
    for it, ``evidence`` what its checks showed; ``sent`` says which files' text went to which server; ``questions`` are
    those that the user was asked."""

    outcome: Outcome
    attempts: tuple[Attempt, ...]
    best: Candidate | None
    score: float | None
    reason: str | None
    sent: tuple[Sent, ...] = ()
    evidence: Evidence | None = None
    questions: tuple[Asked, ...] = ()


def after_the_last(
    attempts: Sequence[Attempt], leaderboard: Leaderboard, accept: Accept, lacks: Iterable[str]
) -> tuple[Outcome, str]:
    """Return how a job ends that accepted nothing: the best candidate is ``unverified`` where only a disputed check, a
    doubted proof or a grade below what is asked for stands in its way, whichever attempt it came from."""
    best = leaderboard.best()
    if best is not None and accept.rule != "never":
        decision = decide(
            build=best.checked.build, evidence=best.evidence, verdict=best.verdict, accept=accept, last=True
        )
        if decision.kind is DecisionKind.ACCEPT and decision.unverified:
            return Outcome.UNVERIFIED, decision.reason
    return Outcome.EXHAUSTED, _why_exhausted(attempts, lacks)


def _why_exhausted(attempts: Sequence[Attempt], lacks: Iterable[str]) -> str:
    last = [attempt for attempt in attempts if attempt.skipped is None][-1]
    why = dict.fromkeys(attempt.skipped for attempt in attempts if attempt.skipped)
    reason = f"attempt {last.number} of {len(attempts)}: {last.decision.reason}"
    if why:
        reason = f"{reason}; skipped: {'; '.join(why)}"
    return "; ".join((reason, *(lack for lack in lacks if lack not in reason)))


def concluded(
    outcome: Outcome,
    reason: str,
    attempts: Sequence[Attempt],
    leaderboard: Leaderboard,
    questions: Questioning,
    accepted: Attempt | None,
    *,
    sent: tuple[Sent, ...],
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
        outcome=outcome,
        attempts=leaderboard.with_answers(attempts, questions.calls),
        best=best,
        score=score,
        reason=reason,
        sent=sent,
        evidence=evidence,
        questions=questions.asked,
    )


def skipped(number: int, row: Row, reason: str) -> Attempt:
    """Return the attempt that did not run, for a ``reason``."""
    return Attempt(
        number=number,
        strategy=row.thinking.strategy,
        thinkers=row.thinking.models,
        generator=row.generator.model,
        samples=row.generator.samples,
        panel=row.panel.kind,
        decision=Decision(kind=DecisionKind.SKIP, reason=reason),
        seconds=0.0,
        cost_usd=0.0,
        skipped=reason,
    )
