"""Candidates of an attempt that an earlier, interrupted run of the task made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from forge_lsp.core.attempt import Attempt, Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.codec import projected
from forge_lsp.core.events import AttemptFinished, AttemptStarted, BestSoFar, EventBody, RungSkipped
from forge_lsp.ensemble.check_stage import CheckedCandidate

__all__ = ["checked_before", "finished", "told_again"]


def checked_before(attempt: Attempt) -> tuple[CheckedCandidate, ...]:
    """Return the candidates of an attempt with what their checks showed, the chosen one first; none where it wrote
    none. Which checks are disputed is judged again."""
    if attempt.candidate is None or attempt.build is None:
        return ()
    chosen = CheckedCandidate(candidate=attempt.candidate, build=attempt.build, raw=_raw(attempt.evidence))
    others = (
        CheckedCandidate(candidate=one.candidate, build=one.build, raw=_raw(one.evidence)) for one in attempt.others
    )
    return (chosen, *others)


def told_again(attempt: Attempt, attempts: int, best: BestSoFar | None) -> Iterator[EventBody]:
    """Return the events that say how an attempt went, without its stages and calls. ``attempts`` is how many there may
    be, ``best`` the best until then."""
    if attempt.skipped is not None:
        yield RungSkipped(number=attempt.number, generator=attempt.generator, reason=attempt.skipped)
        return
    yield projected(AttemptStarted, attempt, attempts=attempts)
    yield finished(attempt, best)


def finished(attempt: Attempt, best: BestSoFar | None) -> AttemptFinished:
    """Return the event that says how an attempt ended; ``best`` is the best until then."""
    return AttemptFinished(
        number=attempt.number,
        decision=attempt.decision.kind,
        reason=attempt.decision.reason,
        compiled=attempt.build.compiled if attempt.build is not None else None,
        score=attempt.verdict.score if attempt.verdict is not None else None,
        grade=attempt.evidence.grade if attempt.build is not None else None,
        seconds=attempt.seconds,
        cost_usd=attempt.cost_usd,
        best=best,
        unverified=attempt.decision.unverified,
    )


def _raw(evidence: Evidence) -> Evidence:
    results = tuple(
        replace(one, status=CheckStatus.OWED) if one.status is CheckStatus.DISPUTED else one for one in evidence.results
    )
    return replace(evidence, results=results)
