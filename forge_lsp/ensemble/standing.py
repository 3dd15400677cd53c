"""Every candidate of a job, and which of them is the best by all that is known now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forge_lsp.domain.attempt import Candidate, ExampleStatus
from forge_lsp.ensemble.checking import Checked, Examples

__all__ = ["Best", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The candidate to offer, with the panel's score where it has one."""

    candidate: Candidate
    score: float | None


class Standing:
    """Examples are judged anew at each look: one that a later candidate passes counts against the earlier ones."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._entries: list[tuple[Checked, float | None]] = []

    def add(self, checked: Iterable[Checked], *, chosen: Checked, score: float | None) -> None:
        """All candidates of one attempt; ``score`` belongs to the one that the panel saw."""
        self._entries.extend((item, score if item is chosen else None) for item in checked)

    def best(self) -> Best | None:
        """The best that compiles, or that nothing here could compile; None where there is none.

        By: proven to compile, fewest undisputed failures, most passes, score, agreement with other models, the
        later one.
        """
        offered = [
            (self._rank(checked, score, index), checked, score)
            for index, (checked, score) in enumerate(self._entries)
            if checked.build.compiled is not False
        ]
        if not offered:
            return None
        _, checked, score = max(offered, key=lambda entry: entry[0])
        return Best(candidate=checked.candidate, score=score)

    def _rank(self, checked: Checked, score: float | None, index: int) -> tuple[float, ...]:
        judged = self._examples.settle(checked)
        return (
            checked.build.compiled is True,
            -judged.count(ExampleStatus.FAILED),
            judged.proofs,
            -1.0 if score is None else score,
            judged.agreement.share if judged.agreement is not None else 0.0,
            checked.candidate.attempt,
            -index,
        )
