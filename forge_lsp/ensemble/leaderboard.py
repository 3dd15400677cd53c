"""Every candidate of a job, and which of them is the best by all that is known now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.attempt import Attempt, Candidate, Evidence, Observation, RunnerUp, Verdict
from forge_lsp.core.events import BestSoFar
from forge_lsp.ensemble.briefing import facts
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.ranking import rank_key

__all__ = ["Best", "Leaderboard"]

MOST_PARTING = 20
"""Calls, answered differently by the candidates of a job, that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The candidate to offer, with what its checks show now and the panel's verdict where it has one."""

    checked: CheckedCandidate
    evidence: Evidence
    verdict: Verdict | None

    @property
    def candidate(self) -> Candidate:
        """The candidate itself."""
        return self.checked.candidate

    @property
    def score(self) -> float | None:
        """The panel's score, None where there is none."""
        return self.verdict.score if self.verdict is not None else None


class Leaderboard:
    """All candidates so far. Checks are judged at each look: one that a later candidate passes counts against the
    earlier ones."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._entries: list[tuple[CheckedCandidate, Verdict | None]] = []

    def add(self, checked: Iterable[CheckedCandidate], *, chosen: CheckedCandidate, verdict: Verdict | None) -> None:
        """Take in all candidates of one attempt; ``verdict`` belongs to the one that the panel saw."""
        self._entries.extend((item, verdict if item is chosen else None) for item in checked)

    def add_verdict(self, checked: CheckedCandidate, verdict: Verdict | None) -> None:
        """Take in the panel's word on a candidate that is known already."""
        self._entries = [(one, verdict if one is checked else old) for one, old in self._entries]

    @property
    def checked(self) -> tuple[CheckedCandidate, ...]:
        """All candidates so far, in order."""
        return tuple(checked for checked, _ in self._entries)

    def renew(self, old: CheckedCandidate, new: CheckedCandidate) -> None:
        """Put ``new``, of which more is known, in the place of ``old``."""
        self._entries = [(new if checked is old else checked, verdict) for checked, verdict in self._entries]

    def runners_up(self, checked: Sequence[CheckedCandidate], *, last: bool) -> tuple[RunnerUp, ...]:
        """Return the candidates of an attempt after the first, as far as they compile."""
        return tuple(
            RunnerUp(candidate=one.candidate, build=one.build, evidence=self._checks.settle(one, last=last))
            for one in checked[1:]
            if one.build.compiled is not False
        )

    def settled(self, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
        """Return attempts with what their candidates' checks show now: the user's answers came after some of them."""

        def of(candidate: Candidate, known: Evidence) -> Evidence:
            found = next((checked for checked, _ in self._entries if checked.candidate == candidate), None)
            return self._checks.settle(found, last=True) if found is not None else known

        return tuple(
            replace(
                attempt,
                evidence=of(attempt.candidate, attempt.evidence) if attempt.candidate is not None else attempt.evidence,
                others=tuple(replace(one, evidence=of(one.candidate, one.evidence)) for one in attempt.others),
            )
            for attempt in attempts
        )

    def with_answers(self, attempts: Sequence[Attempt], asked: Sequence[str] = ()) -> tuple[Attempt, ...]:
        """Return attempts with what each candidate answered to calls that not all of them answer alike, first to those
        that the user was ``asked`` about."""
        answers: dict[str, set[str]] = {}
        for checked, _ in self._entries:
            for seen in checked.raw.observed:
                answers.setdefault(seen.call, set()).add(seen.answer)
        split = [call for call, given in answers.items() if len(given) > 1]
        parting = [*(call for call in asked if call in split), *(call for call in split if call not in asked)]
        parting = parting[:MOST_PARTING]
        if not parting:
            return tuple(attempts)

        def of(candidate: Candidate) -> tuple[Observation, ...]:
            for checked, _ in self._entries:
                if checked.candidate == candidate:
                    return tuple(seen for seen in checked.raw.observed if seen.call in parting)
            return ()

        return tuple(
            replace(
                attempt,
                answers=of(attempt.candidate) if attempt.candidate is not None else (),
                others=tuple(replace(other, answers=of(other.candidate)) for other in attempt.others),
            )
            for attempt in attempts
        )

    def best(self, more: Iterable[CheckedCandidate] = ()) -> Best | None:
        """Return the best that compiles, or that nothing here could compile; None where there is none. ``more`` are
        candidates that are not taken in yet.

        Ranked by :func:`~forge_lsp.ensemble.ranking.rank_key`, the earlier of equals first.
        """
        entries = [*self._entries, *((checked, None) for checked in more)]
        offered = [
            (checked, self._checks.settle(checked, last=True), verdict, index)
            for index, (checked, verdict) in enumerate(entries)
            if checked.build.compiled is not False
        ]
        if not offered:
            return None
        checked, evidence, verdict, _ = max(offered, key=lambda entry: self._rank(*entry))
        return Best(checked=checked, evidence=evidence, verdict=verdict)

    def best_so_far(self) -> BestSoFar | None:
        """Return the best as people are told of it while the job runs; None where nothing compiles."""
        found = self.best()
        if found is None:
            return None
        candidate = found.candidate
        seen = facts(found.checked.build, found.evidence)
        return BestSoFar(attempt=candidate.attempt, model=candidate.model, seen=seen, score=found.score)

    def _rank(
        self, checked: CheckedCandidate, evidence: Evidence, verdict: Verdict | None, index: int
    ) -> tuple[float, ...]:
        key = rank_key(
            checked.build,
            evidence,
            unfinished=self._checks.unfinished,
            score=verdict.score if verdict is not None else None,
            attempt=checked.candidate.attempt,
        )
        return (*key, -index)
