"""Candidates of an attempt that an earlier, interrupted run of the task made."""

from __future__ import annotations

from dataclasses import replace

from forge_lsp.core.attempt import Attempt, Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.ensemble.checking import CheckedCandidate

__all__ = ["checked_before"]


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


def _raw(evidence: Evidence) -> Evidence:
    results = tuple(
        replace(one, status=CheckStatus.OWED) if one.status is CheckStatus.DISPUTED else one for one in evidence.results
    )
    return replace(evidence, results=results)
