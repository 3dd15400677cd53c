"""The panel: every member scores one aspect at the same time; their validated votes make the verdict.

A member that fails, rambles or answers nonsense abstains; an abstention is never a score.
"""

from __future__ import annotations

from forge_lsp.ensemble.answers import Unusable
from forge_lsp.ensemble.review.answer import parse_review, schema
from forge_lsp.ensemble.review.member import ReviewContext
from forge_lsp.ensemble.review.panel import CANCELLED, PANELS, PanelResult, review
from forge_lsp.ensemble.review.weighing import quorate, weighted_mean

__all__ = [
    "CANCELLED",
    "PANELS",
    "PanelResult",
    "ReviewContext",
    "Unusable",
    "parse_review",
    "quorate",
    "review",
    "schema",
    "weighted_mean",
]
