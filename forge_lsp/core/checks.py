"""Checks: what running a test or an example showed, and the one rule that says what it means for a candidate.

Each check is run on the untouched text and on the candidate. :func:`status_of` compares the two runs, :func:`grade_of`
sums up what all checks of a candidate prove. Pure: nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "AGAINST",
    "Cause",
    "CheckKind",
    "CheckResult",
    "CheckStatus",
    "Grade",
    "Run",
    "RunState",
    "counts_of",
    "grade_of",
    "status_of",
]


class CheckKind(StrEnum):
    """Where a check comes from."""

    DOCTEST = "doctest"
    EXAMPLE = "example"
    TEST = "test"


class RunState(StrEnum):
    """How one check ended on one text. A check that is not there any more has no run at all."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not_run"
    """It could not be collected, compiled or started, or its time was over before."""


class Cause(StrEnum):
    """Why a check failed or could not be run."""

    SCOPE = "scope"
    """The code that is to be written: an exception out of it, a wrong value of it, a name that it should define."""
    ELSEWHERE = "elsewhere"
    """Another piece of the project: another stub, a name that somebody else should define."""
    ENVIRONMENT = "environment"
    """The machine: a module that is not installed, a tool that is missing."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One check on one text.

    ``missing`` are names that nobody defines, for want of which it failed or could not be run. ``expected`` and
    ``actual`` are values as text, where the runner knows them; ``detail`` is the error in words. ``marked``: it was
    skipped because its own text says so, and not by the code that it tests.
    """

    state: RunState
    cause: Cause = Cause.UNKNOWN
    missing: tuple[str, ...] = ()
    expected: str = ""
    actual: str = ""
    detail: str = ""
    marked: bool = False


class CheckStatus(StrEnum):
    """What a check says of a candidate, given how it went on the untouched text."""

    PROOF = "proof"
    """It failed because of the scope, and passes now."""
    KEPT = "kept"
    """It passed, and passes still; or it passes now, and failed for another reason."""
    OWED = "owed"
    """It failed because of the scope, and does not pass yet."""
    FAILED = "failed"
    """It passed, and does not any more."""
    DISPUTED = "disputed"
    """It is owed, and candidates of different models give one other value: perhaps the check is wrong."""
    UNRELATED = "unrelated"
    """It failed and fails, now only because of something that is not the scope's."""
    NOT_RUNNABLE = "not_runnable"
    """It cannot be run here, with or without the candidate."""
    FLAKY = "flaky"
    """It changed its mind when it was run once more."""

    @classmethod
    def _missing_(cls, value: object) -> CheckStatus | None:
        """Read what versions before 0.1 wrote into the ledger: there ``passed`` did not say what it was before."""
        return cls.KEPT if value == "passed" else None


AGAINST = frozenset({CheckStatus.FAILED, CheckStatus.OWED})
"""The statuses with which a candidate is never accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check, judged for one candidate.

    ``id`` is stable across the candidates of one job. ``source`` is what was run, ``expected`` and ``actual`` its
    values as text ("": the runner does not tell them), ``detail`` the error, or why it could not be run, with the
    ``remedy`` for that. ``line`` counts from 1 in the document before the candidate (0: not known). ``environment``:
    it could not be run because of this machine or the project's set-up, not because of its own text.
    """

    id: str
    kind: CheckKind
    status: CheckStatus
    source: str
    expected: str = ""
    actual: str = ""
    detail: str = ""
    line: int = 0
    remedy: str | None = None
    environment: bool = False


class Grade(StrEnum):
    """What stands behind a candidate of which no check is failed, owed or disputed; the best last."""

    REVIEWED = "reviewed"
    SUPPORTED = "supported"
    KEPT = "kept"
    PROVEN = "proven"

    @property
    def rank(self) -> int:
        """A number that grows with the grade."""
        return list(Grade).index(self)

    @property
    def words(self) -> str:
        """What a person is told beside the outcome."""
        return _GRADE_WORDS[self]


_GRADE_WORDS = {
    Grade.PROVEN: "proven",
    Grade.KEPT: "nothing broken",
    Grade.SUPPORTED: "other models agree",
    Grade.REVIEWED: "on review only",
}


def status_of(
    before: Run | None,
    now: Run | None,
    *,
    brought: Set[str] = frozenset(),
    speaks: bool = True,
    proves: bool = True,
    hidden: bool = False,
) -> CheckStatus | None:
    """Return what a check says, given its run on the untouched text and on the candidate (None: it is not there).

    ``brought`` are the names that the candidate defines, ``speaks`` is whether the check calls the scope, ``proves``
    whether it says what should come of the call, ``hidden`` whether it is one that the untouched text did not come to
    (the scope ended what makes it), not one that the candidate brings. None: it says nothing, and need not be named.
    """
    if before is None:
        if now is None or not hidden or now.state is not RunState.FAILED or now.missing:
            return None
        return CheckStatus.OWED if now.cause in (Cause.SCOPE, Cause.UNKNOWN) else None
    passes = now is not None and now.state is RunState.PASSED
    if before.state is RunState.PASSED:
        if passes:
            return CheckStatus.KEPT if speaks else None
        return CheckStatus.FAILED
    # What ended while it was collected, by an exception out of the scope, waits for it too.
    ended = before.state is RunState.NOT_RUN and before.cause is Cause.SCOPE and not before.missing
    awaited = ended or not brought.isdisjoint(before.missing)
    itself = now is not None and now.state is RunState.SKIPPED and now.marked
    if before.state is RunState.SKIPPED or itself:
        return CheckStatus.NOT_RUNNABLE if speaks else None
    if before.state is RunState.NOT_RUN and not awaited:
        return CheckStatus.NOT_RUNNABLE
    owed = awaited or (
        not before.missing and (before.cause is Cause.SCOPE or (before.cause is Cause.UNKNOWN and speaks))
    )
    if passes:
        # What only came to be loaded says nothing of what the scope gives.
        return CheckStatus.PROOF if owed and proves and (speaks or not ended) else CheckStatus.KEPT
    if now is not None and _elsewhere(now, brought):
        return CheckStatus.UNRELATED
    if owed or (now is not None and now.cause is Cause.SCOPE):
        return CheckStatus.OWED
    return CheckStatus.UNRELATED


def _elsewhere(now: Run, brought: Set[str]) -> bool:
    """Whether a run fails only because of something that is not the scope's."""
    if now.missing:
        return brought.isdisjoint(now.missing)
    return now.cause in (Cause.ELSEWHERE, Cause.ENVIRONMENT)


def counts_of(results: Iterable[CheckResult]) -> Mapping[CheckStatus, int]:
    """Return how many results have each status, every status named."""
    counts = dict.fromkeys(CheckStatus, 0)
    for result in results:
        counts[result.status] += 1
    return counts


def grade_of(results: Iterable[CheckResult], *, unfinished: bool, supported: bool) -> Grade | None:
    """Return what the results prove; None where one of them is failed, owed or disputed.

    ``unfinished``: there was no working code before, so that a check which passed without it says nothing of it.
    ``supported``: candidates of other models behave alike, or it passes examples of other models.
    """
    counts = counts_of(results)
    if any(counts[status] for status in (*AGAINST, CheckStatus.DISPUTED)):
        return None
    if counts[CheckStatus.PROOF]:
        return Grade.PROVEN
    if counts[CheckStatus.KEPT] and not unfinished:
        return Grade.KEPT
    return Grade.SUPPORTED if supported else Grade.REVIEWED
