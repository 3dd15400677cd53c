"""What other rules make of recorded attempts, and the arithmetic of a run."""

from __future__ import annotations

import pytest

from forge_lsp.bench.results import CaseResult
from forge_lsp.bench.rules import RuleDecision, redecided, rules_of
from forge_lsp.bench.summary import summary_of
from forge_lsp.core.attempt import (
    Attempt,
    BuildReport,
    BuildStatus,
    Candidate,
    Decision,
    DecisionKind,
    Evidence,
    Verdict,
)
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.ensemble.schedule import Accept

SCORE, EVIDENCE = Accept(), Accept(rule="evidence")
PROVEN = Evidence(
    results=(CheckResult(id="t", kind=CheckKind.TEST, status=CheckStatus.PROOF, source="t"),), grade=Grade.PROVEN
)
OWED = Evidence(results=(CheckResult(id="t", kind=CheckKind.TEST, status=CheckStatus.OWED, source="t"),))
BARE = Evidence(grade=Grade.REVIEWED)
KINDS = {"accept": DecisionKind.ACCEPT, "retry": DecisionKind.RETRY, "unverified": DecisionKind.ACCEPT}


def attempt(
    number: int, evidence: Evidence, score: float | None, decision: str = "retry", *, panel: str = "simple"
) -> Attempt:
    return Attempt(
        number=number,
        strategy="none",
        thinkers=(),
        generator="m",
        samples=1,
        panel=panel,
        decision=Decision(kind=KINDS[decision], reason="", unverified=decision == "unverified"),
        seconds=1.0,
        cost_usd=0.0,
        candidate=Candidate(code="c", text="t", model="m", attempt=number),
        build=BuildReport(status=BuildStatus.PASSED, tool="t"),
        evidence=evidence,
        verdict=Verdict(panel=panel, score=score) if score is not None else None,
    )


def case_result(*attempts: Attempt, outcome: str = "exhausted", **more: object) -> CaseResult:
    values: dict[str, object] = {
        "allowed": 3,
        "right": tuple(True for _ in attempts),
        "offers": bool(attempts),
        "offered_right": True,
        "seconds": 10.0,
        **more,
    }
    return CaseResult(id="a", language="python", fingerprint="f", outcome=outcome, attempts=attempts, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempts", "accept", "expected"),
    [
        ([attempt(1, PROVEN, 9.0, "accept")], SCORE, RuleDecision(index=0)),
        ([attempt(1, PROVEN, 9.0, "accept")], EVIDENCE, RuleDecision(index=0)),
        # The score was content with what evidence does not take: with nothing to run it ends there, unverified.
        ([attempt(1, BARE, 9.0, "accept")], EVIDENCE, RuleDecision()),
        # Evidence would have accepted what the panel did not like.
        ([attempt(1, PROVEN, 3.0), attempt(2, PROVEN, 9.0, "accept")], EVIDENCE, RuleDecision(index=0)),
        # The other way round nobody knows what would have come next.
        ([attempt(1, PROVEN, 3.0, "accept")], SCORE, RuleDecision(known=False)),
        # No panel was called, and the score needs one.
        ([attempt(1, PROVEN, None, "accept")], SCORE, RuleDecision(known=False)),
        # A higher grade than the one accepted, and no attempt left: known.
        ([attempt(3, BARE, 9.0, "accept")], Accept(proof=Grade.PROVEN), RuleDecision()),
        ([attempt(1, BARE, 9.0, "accept")], Accept(proof=Grade.PROVEN), RuleDecision(known=False)),
        # All that ran failed a check: known under every rule.
        ([attempt(1, OWED, None), attempt(2, OWED, None), attempt(3, OWED, None)], SCORE, RuleDecision()),
        ([], SCORE, RuleDecision()),
    ],
)
def test_redecided(attempts: list[Attempt], accept: Accept, expected: RuleDecision) -> None:
    assert redecided(case_result(*attempts), accept) == expected


def test_the_rules_that_are_compared() -> None:
    names = [rule.name for rule in rules_of(Accept(rule="never", score=7.0))]
    assert names == ["score", "score, proof supported", "score, proof kept", "score, proof proven", "evidence"]
    assert {rule.accept.score for rule in rules_of(Accept(score=7.0))} == {7.0}


def test_the_arithmetic_of_a_run() -> None:
    results = [
        case_result(attempt(1, PROVEN, 9.0, "accept"), outcome="accepted", grade="proven", calls=2, cost_usd=0.5),
        case_result(
            attempt(1, OWED, None),
            attempt(2, BARE, 9.0, "accept"),
            outcome="accepted",
            grade="reviewed",
            right=(False, False),
            offered_right=False,
            calls=4,
        ),
        case_result(attempt(1, OWED, None), outcome="exhausted", right=(False,), offered_right=False),
        case_result(
            attempt(1, PROVEN, 9.0, "accept"), outcome="accepted", grade="proven", right=(None,), offered_right=None
        ),
        CaseResult(id="b", language="c", fingerprint="f", skipped="no compiler"),
    ]
    told = summary_of(results, SCORE)
    assert told.tasks == 4
    assert (told.as_set.accepted.hits, told.as_set.accepted.total) == (3, 4)
    assert (told.as_set.right.hits, told.as_set.right.total, told.undecided) == (1, 2, 1)
    assert (told.first.hits, told.first.total) == (1, 3)
    assert (told.any.hits, told.any.total) == (1, 3)
    assert (told.offered.hits, told.offered.total) == (1, 3)
    assert [(line.name, line.accepted.hits, line.right.hits) for line in told.grades] == [
        ("proven", 2, 1),
        ("reviewed", 1, 0),
        ("none", 0, 0),
    ]
    assert told.total_cost == 0.5
    assert told.calls.value == 1.5
    assert told.attempts.value == 1.25
    assert told.as_set.right.low is not None
    assert told.as_set.right.low < 0.5


def test_a_run_of_nothing() -> None:
    told = summary_of([], SCORE)
    assert (told.tasks, told.as_set.accepted.value, told.seconds.value, told.grades) == (0, None, None, ())


def test_the_panel_is_measured_by_the_hidden_tests() -> None:
    attempts = (attempt(1, BARE, 9.0), attempt(2, BARE, 4.0), attempt(3, BARE, 9.0), attempt(4, BARE, None))
    told = summary_of([case_result(*attempts, right=(True, False, None, False))], SCORE).panel
    assert (told.right, told.wrong, told.value) == (1, 1, 1.0)
    assert told.low is not None
    assert told.low < 0.5, "two attempts tell nothing"
