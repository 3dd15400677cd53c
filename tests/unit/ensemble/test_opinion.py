"""What was run, in a word, and the sentence where a panel thinks otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Agreement, Attempt, Decision, DecisionKind, Evidence, Expectation, Verdict
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.questions import Reply
from forge_lsp.ensemble.opinion import disagreement, spoken


def result(status: CheckStatus) -> CheckResult:
    return CheckResult(id="t", kind=CheckKind.TEST, status=status, source="t")


def examples(passed: int, of: int) -> tuple[Expectation, ...]:
    return tuple(Expectation(author="a", call=f"f({n})", value="1", answer="1", passed=n < passed) for n in range(of))


PROVEN = Evidence(results=(result(CheckStatus.PROOF),), grade=Grade.PROVEN)
OWED = Evidence(results=(result(CheckStatus.OWED), result(CheckStatus.KEPT)))
ANSWERED = Evidence(replies=(Reply(call="f(1)", expected="1", actual="2", agrees=False),))
ALONE = Evidence(grade=Grade.REVIEWED, agreement=Agreement(share=0.2, models=3, points=12))
COMMITTEE = Evidence(grade=Grade.REVIEWED, committee=examples(1, 6))


def attempt(evidence: Evidence, score: float | None, kind: DecisionKind = DecisionKind.RETRY) -> Attempt:
    return Attempt(
        number=1, strategy="none", thinkers=(), generator="m", samples=1, panel="simple",
        decision=Decision(kind=kind, reason=""), seconds=1.0, cost_usd=0.0, evidence=evidence,
        verdict=Verdict(panel="simple", score=score),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        (PROVEN, True),
        (replace(PROVEN, grade=Grade.KEPT), True),
        (OWED, False),
        (ANSWERED, False),
        (replace(PROVEN, grade=None, doubt="it reads the tests"), None),
        (Evidence(grade=Grade.REVIEWED), None),
        (COMMITTEE, False),
        (replace(COMMITTEE, committee=examples(3, 6)), True),
        (replace(COMMITTEE, committee=examples(0, 2)), None),
        (ALONE, False),
        (replace(ALONE, agreement=Agreement(share=0.9, models=2, points=5)), True),
        (replace(ALONE, agreement=Agreement(share=0.9, models=1, points=5)), None),
    ],
)
def test_what_was_run_in_a_word(evidence: Evidence, word: bool | None) -> None:
    assert spoken(evidence) is word


@pytest.mark.parametrize(
    ("evidence", "score", "words"),
    [
        (PROVEN, 6.0, "the panel gives 6.0 of 10, and 1 of 1 test that failed before passes now"),
        (OWED, 9.0, "the panel gives 9.0 of 10, and 1 of 2 checks are not met"),
        (ANSWERED, 8.0, "the panel gives 8.0 of 10, and it gives something else than you answered"),
        (COMMITTEE, 9.0, "the panel gives 9.0 of 10, and 1 of 6 examples of models that did not write it pass"),
        (ALONE, 9.0, "the panel gives 9.0 of 10, and the code of 3 other models behaves like it on 20% of 12 calls"),
    ],
)
def test_the_sentence_where_they_disagree(evidence: Evidence, score: float, words: str) -> None:
    assert disagreement(attempt(evidence, score)) == words


def test_nothing_is_said_where_they_agree_or_one_is_mute() -> None:
    for evidence, score in ((PROVEN, 9.0), (OWED, 3.0), (PROVEN, None), (Evidence(grade=Grade.REVIEWED), 9.0)):
        assert disagreement(attempt(evidence, score)) is None
    # Some accept less than 8: what was accepted was liked, unless the score is poor.
    assert disagreement(attempt(PROVEN, 7.0, DecisionKind.ACCEPT)) is None
    assert disagreement(attempt(PROVEN, 3.0, DecisionKind.ACCEPT)) is not None


def test_what_a_panel_likes_is_what_the_job_asked_for() -> None:
    assert disagreement(attempt(OWED, 7.0)) is None, "7 is less than the default"
    assert disagreement(attempt(OWED, 7.0), 6.5) is not None
    assert disagreement(attempt(PROVEN, 8.5), 9.0) is not None, "8.5 was not enough"
    assert disagreement(attempt(PROVEN, 8.5), 8.0) is None
