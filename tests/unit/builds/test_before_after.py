"""What a project's tests say of a candidate, by what they said before."""

from __future__ import annotations

import pytest

from forge_lsp.builds.before_after import Outcome, compared
from forge_lsp.builds.c_family.evidence import ctest_results
from forge_lsp.domain.attempt import ExampleStatus

PASSED, FAILED, NOT_RUNNABLE = ExampleStatus.PASSED, ExampleStatus.FAILED, ExampleStatus.NOT_RUNNABLE


@pytest.mark.parametrize(
    ("was", "now", "status"),
    [
        (True, True, PASSED),
        (False, True, PASSED),
        (True, False, FAILED),
        (True, None, FAILED),
        (False, False, NOT_RUNNABLE),
        (None, False, NOT_RUNNABLE),
        (None, None, NOT_RUNNABLE),
    ],
)
def test_only_what_passed_before_counts_against_a_candidate(
    was: bool | None, now: bool | None, status: ExampleStatus
) -> None:
    (result,) = compared("suite", Outcome({"a": was}, {}), Outcome({"a": now}, {"a": "words"}))
    assert (result.id, result.status) == ("suite:a", status)
    assert ("words" in result.detail) is (status is FAILED or now is False)


def test_what_ctest_prints() -> None:
    output = (
        "Test project /p/build\n    Start 1: one\n1/4 Test #1: one ..................   Passed    0.01 sec\n"
        "2/4 Test #2: two.b ................***Failed    0.00 sec\nsaid 3/4 things\n"
        "3/4 Test #3: three ................***Not Run (Disabled)   0.00 sec\n"
        "4/4 Test #4: four .................***Timeout  60.01 sec\n"
    )
    assert ctest_results(output) == {"one": True, "two.b": False, "three": None, "four": False}
