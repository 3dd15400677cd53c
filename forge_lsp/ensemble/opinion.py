"""Opinion beside evidence: whether what was run speaks for a candidate, and the sentence where a panel says otherwise.
Pure."""

from __future__ import annotations

from forge_lsp.core.attempt import Attempt, DecisionKind, Evidence
from forge_lsp.core.checks import Grade
from forge_lsp.ensemble.committee import SUPPORTING_PASSED, share
from forge_lsp.ensemble.decision import proof_words
from forge_lsp.ensemble.merit import ENOUGH_AUTHORED, SUPPORTING_MODELS, SUPPORTING_POINTS, SUPPORTING_SHARE
from forge_lsp.ensemble.schedule import Accept

__all__ = ["disagreement", "spoken"]

_POOR = 5.0
"""Below this score a panel is against a candidate, whatever was decided."""


def spoken(evidence: Evidence) -> bool | None:
    """Return whether what was run speaks for a candidate, with settled evidence; None: it says nothing, or is in doubt.

    The user's checks and answers come first; without any, the examples of other models, and then how their code
    behaves.
    """
    if evidence.against or evidence.contradicted:
        return False
    if evidence.doubt is not None:
        return None
    if evidence.grade in (Grade.PROVEN, Grade.KEPT):
        return True
    passed = share(evidence.committee)
    if passed is not None and len(evidence.committee) >= ENOUGH_AUTHORED:
        return passed >= SUPPORTING_PASSED
    found = evidence.agreement
    if found is not None and found.models >= SUPPORTING_MODELS and found.points >= SUPPORTING_POINTS:
        return found.share >= SUPPORTING_SHARE
    return None


def disagreement(attempt: Attempt, wanted: float | None = None) -> str | None:
    """Return the sentence about an attempt whose panel thinks otherwise than what was run shows; None: they agree, or
    one of them says nothing. ``wanted`` is the job's ``accept.score``; None: that is not known, the default counts."""
    score = attempt.verdict.score if attempt.verdict is not None else None
    shown = spoken(attempt.evidence)
    if score is None or shown is None:
        return None
    likes = score >= (Accept().score if wanted is None else wanted)
    dislikes = score < _POOR or (not likes and attempt.decision.kind is not DecisionKind.ACCEPT)
    if shown and dislikes:
        return f"the panel gives {score:.1f} of 10, and {_for(attempt.evidence)}"
    if not shown and likes:
        return f"the panel gives {score:.1f} of 10, and {_against(attempt.evidence)}"
    return None


def _for(evidence: Evidence) -> str:
    if evidence.grade in (Grade.PROVEN, Grade.KEPT):
        return proof_words(evidence)
    return _committee(evidence) or _agreement(evidence)


def _against(evidence: Evidence) -> str:
    if evidence.contradicted:
        return "it gives something else than you answered"
    if evidence.against:
        return f"{evidence.against} of {len(evidence.results)} checks are not met"
    return _committee(evidence) or _agreement(evidence)


def _committee(evidence: Evidence) -> str | None:
    if len(evidence.committee) < ENOUGH_AUTHORED:
        return None
    passed = sum(one.passed for one in evidence.committee)
    return f"{passed} of {len(evidence.committee)} examples of models that did not write it pass"


def _agreement(evidence: Evidence) -> str:
    found = evidence.agreement
    assert found is not None, "spoken() had nothing else to go by"
    return f"the code of {found.models} other models behaves like it on {found.share:.0%} of {found.points} calls"
