"""The order of a job's candidates by settled evidence: one rule while the job runs and for answers after its end.
Pure."""

from __future__ import annotations

from forge_lsp.core.attempt import BuildReport, Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.ensemble.committee import share
from forge_lsp.ensemble.merit import merit

__all__ = ["merit_of", "standing"]


def standing(
    build: BuildReport | None, evidence: Evidence, *, unfinished: bool, score: float | None, attempt: int
) -> tuple[float, ...]:
    """Return a sort key, larger is better: proven to compile, least against it, no doubt, least disputed, most proofs,
    most kept, merit, the panel's score, the later attempt. What was run goes before what reviewers think.

    Answers of the user count in the merit alone, as one example each. ``unfinished``: the scope had no working code
    before, so that what is kept says nothing.
    """
    return (
        build is not None and build.compiled is True,
        -evidence.against,
        evidence.doubt is None,
        -evidence.count(CheckStatus.DISPUTED),
        evidence.count(CheckStatus.PROOF),
        _kept(evidence, unfinished),
        round(evidence.merit or 0.0, 6),
        -1.0 if score is None else score,
        attempt,
    )


def merit_of(evidence: Evidence, *, unfinished: bool) -> float:
    """Return the merit of settled evidence, its answers of the user's (``replies``) included."""
    return merit(
        passed=evidence.count(CheckStatus.PROOF) + _kept(evidence, unfinished),
        failed=evidence.against,
        matched=evidence.matched,
        contradicted=evidence.contradicted,
        agreement=evidence.agreement.share if evidence.agreement is not None else None,
        committee=share(evidence.committee),
    )


def _kept(evidence: Evidence, unfinished: bool) -> int:
    return 0 if unfinished else evidence.count(CheckStatus.KEPT)
