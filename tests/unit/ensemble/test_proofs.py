"""An example that says nothing of what it should give: passing it is no proof, and no merit either."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import Cause, CheckResult, CheckStatus, Grade, Run, RunState, grade_of, status_of
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.ensemble.leaderboard import Leaderboard
from tests.support.scripted import example, report

SILENT = example("kept", name="silent", expected="")


def checked(code: str, *results: CheckResult) -> CheckedCandidate:
    candidate = Candidate(code=code, text=code, model="m", attempt=1)
    return CheckedCandidate(candidate=candidate, build=report(), raw=Evidence(results=results))


@pytest.mark.parametrize("unfinished", [True, False])
def test_what_only_runs_is_no_proof(unfinished: bool) -> None:
    before, now = Run(state=RunState.FAILED, cause=Cause.SCOPE), Run(state=RunState.PASSED)
    assert status_of(before, now, proves=False) is CheckStatus.KEPT
    assert status_of(before, now) is CheckStatus.PROOF
    silent = grade_of((SILENT,), unfinished=unfinished, supported=False)
    assert silent is (Grade.REVIEWED if unfinished else Grade.KEPT)
    assert grade_of((SILENT, example("proof", name="other")), unfinished=unfinished, supported=False) is Grade.PROVEN


def test_a_stub_is_not_ranked_above_who_returns_something() -> None:
    stub = checked("a stub, at some length", SILENT)
    real = checked("return 1", replace(SILENT, status=example("not_runnable").status))
    checks = Checks(unfinished=True)
    for one in (stub, real):
        checks.learn(one)
    assert rank(real, checks) > rank(stub, checks)  # all else is equal, and it is shorter
    leaderboard = Leaderboard(checks)
    for one in (real, stub):
        leaderboard.add((one,), chosen=one, verdict=None)
    best = leaderboard.best()
    assert best is not None
    assert best.candidate is real.candidate
