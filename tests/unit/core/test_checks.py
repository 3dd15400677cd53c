"""The rule for checks, row by row, and the grades that follow from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.checks import (
    AGAINST,
    Cause,
    CheckKind,
    CheckResult,
    CheckStatus,
    Grade,
    Run,
    RunState,
    grade_of,
    status_of,
)

PASSES = Run(state=RunState.PASSED)
SKIPPED = Run(state=RunState.SKIPPED)
MARKED = Run(state=RunState.SKIPPED, marked=True)


def fails(cause: Cause = Cause.SCOPE, *missing: str) -> Run:
    return Run(state=RunState.FAILED, cause=cause, missing=missing)


def not_run(cause: Cause = Cause.SCOPE, *missing: str) -> Run:
    return Run(state=RunState.NOT_RUN, cause=cause, missing=missing)


ELSEWHERE, ENVIRONMENT = fails(Cause.ELSEWHERE), fails(Cause.ENVIRONMENT)
PROOF, KEPT, OWED, FAILED = CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.OWED, CheckStatus.FAILED
UNRELATED, NOT_RUNNABLE = CheckStatus.UNRELATED, CheckStatus.NOT_RUNNABLE


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        # It passed.
        (PASSES, PASSES, KEPT),
        *((PASSES, now, FAILED) for now in (fails(), ELSEWHERE, ENVIRONMENT, SKIPPED, not_run(), None)),
        # It failed because of the scope.
        (fails(), PASSES, PROOF),
        *((fails(), now, OWED) for now in (fails(), fails(Cause.UNKNOWN), SKIPPED, not_run(Cause.UNKNOWN), None)),
        *((fails(), now, UNRELATED) for now in (ELSEWHERE, ENVIRONMENT, not_run(Cause.ENVIRONMENT))),
        (fails(), fails(Cause.UNKNOWN, "other"), UNRELATED),
        (fails(), fails(Cause.UNKNOWN, "area"), OWED),
        # It could not be collected for want of what the candidate brings.
        (not_run(Cause.SCOPE, "area"), PASSES, PROOF),
        (not_run(Cause.SCOPE, "area"), fails(), OWED),
        (not_run(Cause.SCOPE, "area"), None, OWED),
        *((before, SKIPPED, OWED) for before in (not_run(), not_run(Cause.SCOPE, "area"))),
        *((before, MARKED, NOT_RUNNABLE) for before in (not_run(), not_run(Cause.SCOPE, "area"))),
        *((fails(cause), MARKED, NOT_RUNNABLE) for cause in (Cause.SCOPE, Cause.UNKNOWN)),
        (fails(), SKIPPED, OWED),
        (PASSES, MARKED, FAILED),
        (not_run(Cause.SCOPE, "area", "side"), not_run(Cause.SCOPE, "side"), UNRELATED),
        (fails(Cause.UNKNOWN, "area"), PASSES, PROOF),
        # An exception out of the scope ended it while it was collected.
        (not_run(), PASSES, PROOF),
        *((not_run(), now, OWED) for now in (fails(), not_run(), None)),
        (not_run(), not_run(Cause.ENVIRONMENT), UNRELATED),
        # It failed for another reason.
        (ELSEWHERE, PASSES, KEPT),
        (ELSEWHERE, ELSEWHERE, UNRELATED),
        (ELSEWHERE, fails(), OWED),
        (ELSEWHERE, None, UNRELATED),
        (fails(Cause.UNKNOWN, "side"), fails(Cause.UNKNOWN, "side"), UNRELATED),
        # It could not be run.
        *((not_run(Cause.ENVIRONMENT), now, NOT_RUNNABLE) for now in (PASSES, fails(), SKIPPED, None)),
        (not_run(Cause.SCOPE, "side"), PASSES, NOT_RUNNABLE),
        (SKIPPED, PASSES, NOT_RUNNABLE),
        # The candidate brought it.
        *((None, now, None) for now in (PASSES, fails(), SKIPPED)),
    ],
)
def test_the_table(before: Run | None, now: Run | None, status: CheckStatus | None) -> None:
    assert status_of(before, now, brought=frozenset({"area"})) is status


def test_what_does_not_speak_of_the_scope_neither_proves_nor_owes() -> None:
    unknown = fails(Cause.UNKNOWN)
    assert status_of(unknown, PASSES) is PROOF
    assert status_of(unknown, PASSES, speaks=False) is KEPT
    assert status_of(not_run(), PASSES, speaks=False) is KEPT
    assert status_of(unknown, unknown, speaks=False) is UNRELATED
    assert status_of(PASSES, PASSES, speaks=False) is None
    assert status_of(SKIPPED, SKIPPED, speaks=False) is None
    assert status_of(not_run(), MARKED, speaks=False) is None
    assert status_of(not_run(Cause.ENVIRONMENT), SKIPPED, speaks=False) is NOT_RUNNABLE
    assert status_of(PASSES, unknown, speaks=False) is FAILED


def test_what_the_untouched_text_did_not_come_to_is_owed_where_it_fails() -> None:
    """Tests of other files that a stub keeps from being run: it ends what makes them."""
    for now in (fails(), fails(Cause.UNKNOWN)):
        assert status_of(None, now, speaks=False, hidden=True) is OWED
        assert status_of(None, now) is None
    for now in (PASSES, SKIPPED, ELSEWHERE, not_run(), fails(Cause.UNKNOWN, "side"), None):
        assert status_of(None, now, hidden=True) is None


RUNS = st.one_of(
    st.none(),
    st.builds(
        Run,
        state=st.sampled_from(RunState),
        cause=st.sampled_from(Cause),
        missing=st.sampled_from([(), ("area",), ("side",), ("area", "side")]),
    ),
)


@given(RUNS, RUNS, st.booleans(), st.booleans(), st.sampled_from([frozenset[str](), frozenset({"area"})]))
def test_nothing_is_proven_by_what_does_not_pass_now_or_passed_before(
    before: Run | None, now: Run | None, speaks: bool, proves: bool, brought: frozenset[str]
) -> None:
    status = status_of(before, now, brought=brought, speaks=speaks, proves=proves)
    if status is PROOF:
        assert proves
        assert before is not None
        assert before.state is not RunState.PASSED
        assert now == PASSES or (now is not None and now.state is RunState.PASSED)
    if before is not None and before.state is RunState.PASSED and (now is None or now.state is not RunState.PASSED):
        assert status is FAILED


def results(*statuses: CheckStatus) -> list[CheckResult]:
    return [CheckResult(id=str(n), kind=CheckKind.TEST, status=s, source="t") for n, s in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "unfinished", "supported", "grade"),
    [
        ((PROOF, KEPT, UNRELATED, NOT_RUNNABLE, CheckStatus.FLAKY), True, False, Grade.PROVEN),
        ((KEPT,), False, False, Grade.KEPT),
        ((KEPT,), True, False, Grade.REVIEWED),
        ((KEPT,), True, True, Grade.SUPPORTED),
        ((), True, True, Grade.SUPPORTED),
        ((UNRELATED, CheckStatus.FLAKY), False, False, Grade.REVIEWED),
        *(((PROOF, bad), True, True, None) for bad in (*AGAINST, CheckStatus.DISPUTED)),
    ],
)
def test_grades(statuses: tuple[CheckStatus, ...], unfinished: bool, supported: bool, grade: Grade | None) -> None:
    assert grade_of(results(*statuses), unfinished=unfinished, supported=supported) is grade


def test_grades_are_ordered_and_older_ledgers_are_read() -> None:
    assert sorted(Grade, key=lambda one: one.rank) == [Grade.REVIEWED, Grade.SUPPORTED, Grade.KEPT, Grade.PROVEN]
    assert CheckStatus("passed") is KEPT
    with pytest.raises(ValueError, match="nonsense"):
        CheckStatus("nonsense")
