from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.attempt import (
    BuildReport,
    Candidate,
    Decision,
    DecisionKind,
    Diagnostic,
    Evidence,
    Insight,
    InsightKind,
    Issue,
    Review,
    Severity,
    Verdict,
)
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade, grade_of
from forge_lsp.core.errors import ForgeError
from forge_lsp.ensemble.decision import blocks, decide, needs_panel, proof_words
from forge_lsp.ensemble.insights import learn, merge, render_insights
from forge_lsp.ensemble.review import quorate, weighted_mean
from forge_lsp.ensemble.schedule import Accept
from forge_lsp.ensemble.words import estimate_tokens
from tests.support.scripted import example, report

BUILDS = st.sampled_from(
    [report("passed"), report("failed"), report("unverified", reason="no SDK", remedy="install it")]
)
STATUSES = st.lists(st.sampled_from(list(CheckStatus)), max_size=5)
SCORES = st.one_of(st.none(), st.floats(0, 10))
ACCEPTS = st.builds(
    Accept,
    rule=st.sampled_from(["score", "evidence"]),
    score=st.floats(0, 10),
    proof=st.sampled_from(list(Grade)),
    panel=st.sampled_from(["always", "unproven"]),
)


def graded(
    statuses: list[CheckStatus],
    blocked: str | None = None,
    *,
    doubt: str | None = None,
    unfinished: bool = True,
    supported: bool = False,
) -> Evidence:
    results = tuple(example(status, name=str(index)) for index, status in enumerate(statuses))
    grade = grade_of(results, unfinished=unfinished, supported=supported) if doubt is None else None
    return Evidence(results=results, blocked=blocked, doubt=doubt, grade=grade)


@given(
    BUILDS,
    STATUSES,
    SCORES,
    ACCEPTS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "it ends the process"]),
    st.booleans(),
)
def test_the_promises_hold_whatever_happens(
    build: BuildReport,
    statuses: list[CheckStatus],
    score: float | None,
    accept: Accept,
    last: bool,
    no_sandbox: bool,
    panel: bool,
    doubt: str | None,
    unfinished: bool,
) -> None:
    proof = graded(statuses, "no sandbox" if no_sandbox else None, doubt=doubt, unfinished=unfinished)
    verdict = Verdict(panel="simple", score=score) if panel else None
    made = decide(build=build, evidence=proof, verdict=verdict, accept=accept, last=last)
    against = build.compiled is False or CheckStatus.FAILED in statuses or CheckStatus.OWED in statuses
    assert (blocks(build, proof) is not None) == against
    if against:
        assert made.kind is (DecisionKind.GIVE_UP if last else DecisionKind.RETRY)
    if made.kind is DecisionKind.ACCEPT and not made.unverified:
        assert build.compiled is True
        assert not no_sandbox
        assert doubt is None
        assert CheckStatus.DISPUTED not in statuses
        assert proof.grade is not None
        if accept.rule == "evidence":
            assert proof.grade in (Grade.PROVEN, Grade.KEPT)
        else:
            assert proof.grade.rank >= accept.proof.rank
            assert proof.grade is Grade.PROVEN or (score is not None and score >= accept.score)
    if made.unverified:
        assert made.kind is DecisionKind.ACCEPT
    if last:
        assert made.kind is not DecisionKind.RETRY


@given(st.lists(st.tuples(st.floats(0.01, 1), SCORES), min_size=1, max_size=6))
def test_a_weighted_mean_is_between_its_votes_and_ignores_abstentions(votes: list[tuple[float, float | None]]) -> None:
    reviews = [Review(model=str(i), aspect="x", weight=w, score=s) for i, (w, s) in enumerate(votes)]
    mean = weighted_mean(reviews)
    scores = [s for _, s in votes if s is not None]
    half = math.fsum(w for w, _ in votes) / 2
    assert quorate(reviews) == (math.fsum(w for w, s in votes if s is not None) > half)
    if mean is None:
        assert not quorate(reviews)
    else:
        assert min(scores) - 1e-9 <= mean <= max(scores) + 1e-9
        assert weighted_mean(reviews[::-1]) == mean


def test_half_of_the_weight_is_no_quorum() -> None:
    def seat(score: float | None) -> Review:
        return Review(model="m", aspect="x", weight=0.2, score=score)

    assert weighted_mean([seat(9), seat(None)]) is None
    assert weighted_mean([seat(9), seat(7), seat(None)]) == 8


def checks(*names: str, **other: object) -> Evidence:
    return graded([CheckStatus(name) for name in names], **other)  # type: ignore[arg-type]


GOOD, LOW, MUTE = (Verdict(panel="simple", score=score, note="no quorum") for score in (9.0, 5.0, None))
SCORE, RULE = Accept(), Accept(rule="evidence")
RETRY, GIVE_UP, ACCEPT, UNVERIFIED = "retry", "give_up", "accept", "unverified"


@pytest.mark.parametrize(
    ("evidence", "verdict", "accept", "now", "in_the_end"),
    [
        (checks("owed", "proof"), GOOD, SCORE, RETRY, GIVE_UP),
        (checks("failed", "proof"), GOOD, SCORE, RETRY, GIVE_UP),
        (checks("proof"), GOOD, SCORE, ACCEPT, ACCEPT),
        (checks("proof"), LOW, SCORE, RETRY, GIVE_UP),
        (checks("proof"), MUTE, SCORE, ACCEPT, ACCEPT),
        (checks("kept"), MUTE, SCORE, RETRY, GIVE_UP),
        (checks("proof"), None, Accept(panel="unproven"), ACCEPT, ACCEPT),
        (checks("proof"), None, SCORE, RETRY, GIVE_UP),
        (checks("disputed", "proof"), GOOD, SCORE, RETRY, UNVERIFIED),
        (checks("disputed", "proof"), LOW, SCORE, RETRY, GIVE_UP),
        (checks("disputed"), None, RULE, RETRY, UNVERIFIED),
        (checks("proof", doubt="it ends the process"), None, SCORE, RETRY, UNVERIFIED),
        (checks("proof", doubt="it ends the process"), None, RULE, RETRY, UNVERIFIED),
        (checks(), GOOD, SCORE, ACCEPT, ACCEPT),
        (checks(), GOOD, Accept(proof=Grade.KEPT), RETRY, UNVERIFIED),
        (checks("kept"), GOOD, Accept(proof=Grade.KEPT), RETRY, UNVERIFIED),
        (checks("kept", unfinished=False), GOOD, Accept(proof=Grade.KEPT), ACCEPT, ACCEPT),
        (checks("kept", unfinished=False), GOOD, Accept(proof=Grade.PROVEN), RETRY, UNVERIFIED),
        (checks(supported=True), GOOD, Accept(proof=Grade.SUPPORTED), ACCEPT, ACCEPT),
        (checks("proof"), None, RULE, ACCEPT, ACCEPT),
        (checks("proof", "not_runnable", "flaky", "unrelated"), None, RULE, ACCEPT, ACCEPT),
        (checks("kept", unfinished=False), None, RULE, ACCEPT, ACCEPT),
        (checks("kept"), None, RULE, RETRY, UNVERIFIED),
        (checks(supported=True), None, RULE, UNVERIFIED, UNVERIFIED),
        (checks(), None, RULE, UNVERIFIED, UNVERIFIED),
        (checks(blocked="no sandbox"), GOOD, SCORE, UNVERIFIED, UNVERIFIED),
    ],
)
def test_what_happens(evidence: Evidence, verdict: Verdict | None, accept: Accept, now: str, in_the_end: str) -> None:
    def made(*, last: bool) -> str:
        decision = decide(build=report(), evidence=evidence, verdict=verdict, accept=accept, last=last)
        return UNVERIFIED if decision.unverified else str(decision.kind)

    assert (made(last=False), made(last=True)) == (now, in_the_end)


def test_tests_that_exist_and_cannot_run_end_the_job_with_the_runners_words() -> None:
    stopped = replace(
        example("not_runnable", kind=CheckKind.TEST),
        source="pytest",
        detail="No module named 'numpy'",
        remedy="pip install numpy",
        environment=True,
    )
    own_fault = replace(stopped, id="2", environment=False, kind=CheckKind.DOCTEST)
    does_not_compile = replace(stopped, id="4", environment=False, detail="test_area.py:3: invalid syntax", remedy=None)

    def made(*results: CheckResult) -> Decision:
        evidence = Evidence(results=results, grade=Grade.REVIEWED)
        return decide(build=report(), evidence=evidence, verdict=GOOD, accept=Accept(), last=False)

    assert made(stopped).unverified
    assert made(stopped).reason.endswith("pytest could not be run: No module named 'numpy' - pip install numpy")
    assert not made(own_fault).unverified, "an example that does not parse stops nobody"
    assert made(does_not_compile, own_fault).reason.endswith("test_area.py:3: invalid syntax"), "a test does"
    assert not made(stopped, example("kept", name="3")).unverified, "some did run"


def test_the_sentence_of_a_dispute() -> None:
    disputed = replace(example("disputed", expected="4"), line=7, detail="two models answer 5")
    evidence = Evidence(results=(disputed,))
    made = decide(build=report(), evidence=evidence, verdict=None, accept=RULE, last=True)
    assert made.reason == "line 7 expects 4; two models answer 5"


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (checks("proof", "proof"), "2 of 2 examples that failed before pass now"),
        (checks("proof"), "1 of 1 example that failed before passes now"),
        (checks("kept", unfinished=False), "1 example that passed before still passes"),
        (checks(), "on review only: there was nothing to run"),
        (checks("kept"), "on review only: no test shows that it works"),
        (checks("owed"), "nothing is proven"),
    ],
)
def test_what_stands_behind_a_result_is_said_in_words(evidence: Evidence, words: str) -> None:
    assert proof_words(evidence) == words


def test_no_panel_where_nothing_hangs_on_it() -> None:
    unproven = Accept(panel="unproven")
    assert needs_panel(report(), checks("proof"), Accept())
    assert not needs_panel(report(), checks("proof"), unproven)
    assert needs_panel(report(), checks("kept", unfinished=False), unproven)
    assert not needs_panel(report(), checks("owed"), Accept())
    assert not needs_panel(report(), checks("proof", doubt="it exits"), Accept())


def test_a_score_of_exactly_the_bar_is_enough() -> None:
    def at(score: float) -> DecisionKind:
        verdict = Verdict(panel="simple", score=score)
        return decide(build=report(), evidence=Evidence(), verdict=verdict, accept=Accept(), last=False).kind

    assert at(8.0) is DecisionKind.ACCEPT
    assert at(7.999) is DecisionKind.RETRY


def test_a_panel_kept_away_by_the_machine_does_not_climb() -> None:
    verdict = Verdict(panel="simple", score=None, note="no quorum")
    made = decide(
        build=report(),
        evidence=Evidence(),
        verdict=verdict,
        accept=Accept(),
        last=False,
        panel_fault=ForgeError("gpu1 is down"),
    )
    assert (made.kind, made.unverified) == (DecisionKind.ACCEPT, True)
    assert "gpu1 is down" in made.reason
    without = decide(build=report(), evidence=Evidence(), verdict=verdict, accept=Accept(), last=False)
    assert without.kind is DecisionKind.RETRY


def test_an_unverified_build_names_what_mends_it() -> None:
    made = decide(
        build=report("unverified", reason="no SDK", remedy="apt install sdk"),
        evidence=Evidence(),
        verdict=Verdict(panel="simple", score=9),
        accept=Accept(),
        last=False,
    )
    assert made.unverified
    assert "no SDK - apt install sdk" in made.reason


# ------------------------------------------------------------------ insights


def test_lessons_tell_what_the_next_attempt_needs() -> None:
    found = Diagnostic(file="calc.py", line=2, severity=Severity.ERROR, message="undefined name 'c'", code="F821")
    disputed = replace(example("disputed", name="2", actual="6"), detail="three models answer 6")
    proof = Evidence(results=(example("owed", actual="4"), example("failed", name="3", actual="0"), disputed))
    issues = (Issue(severity=Severity.INFO, message="rename it"), Issue(severity=Severity.ERROR, message="wrong sign"))
    verdict = Verdict(
        panel="simple", score=5, reviews=(Review(model="a", aspect="logic", weight=1, score=5, issues=issues),)
    )
    candidate = Candidate(code="x", text="def f():\n    return c\n", model="m", attempt=1)
    lessons = learn(
        2,
        candidate=candidate,
        build=report("failed", diagnostics=(found,)),
        evidence=proof,
        verdict=verdict,
        tried="attempt 2 (m): no",
    )
    assert [(one.kind, one.text) for one in lessons] == [
        (InsightKind.DIAGNOSTIC, "error [F821]: undefined name 'c' at `return c`"),
        (InsightKind.EVIDENCE, "`add(2, 3)`: expected 5, got 0 (it passed before)"),
        (InsightKind.EVIDENCE, "`add(2, 3)`: expected 5, got 4"),
        (InsightKind.QUESTION, "`add(2, 3)`: expected 5, and three models answer 6"),
        (InsightKind.REVIEW, "logic: wrong sign"),
        (InsightKind.REVIEW, "logic: rename it"),
        (InsightKind.TRIED, "attempt 2 (m): no"),
    ]
    assert all(one.attempt == 2 for one in lessons)


@pytest.mark.parametrize(
    ("expected", "actual", "detail", "words"),
    [
        ("6", "5", "", "`total`: expected 6, got 5"),
        ("", "", "DID NOT RAISE <class 'ValueError'>", "`total`: got DID NOT RAISE <class 'ValueError'>"),
        ("6", "5", "AssertionError: widths differ", "`total`: expected 6, got 5 (AssertionError: widths differ)"),
        ("", "", "KeyError: 'a' at calc.py:3\nmore", "`total`: got KeyError: 'a' at calc.py:3\nmore"),
        ("", "", "", "`total`: it does not pass"),
    ],
)
def test_a_failure_keeps_its_own_words(expected: str, actual: str, detail: str, words: str) -> None:
    owed = replace(example("owed", expected=expected, actual=actual), source="total", detail=detail)
    (lesson,) = learn(1, evidence=Evidence(results=(owed,)))
    assert (lesson.kind, lesson.text) == (InsightKind.EVIDENCE, words)


def insight(text: str, attempt: int, kind: InsightKind = InsightKind.REVIEW) -> Insight:
    return Insight(kind=kind, text=text, attempt=attempt)


def test_newest_first_each_once_the_user_before_all() -> None:
    old = (insight("Use a set", 1), insight("say hello", 0, InsightKind.FEEDBACK))
    merged = merge((insight("use  a SET", 2), insight("no loop", 2)), old)
    assert [(one.text, one.attempt) for one in merged] == [("say hello", 0), ("use  a SET", 2), ("no loop", 2)]


@given(st.lists(st.text(min_size=1, max_size=80), max_size=30), st.integers(10, 300))
def test_insights_are_bounded(texts: list[str], tokens: int) -> None:
    insights = [insight(text, index) for index, text in enumerate(texts)]
    assert sum(estimate_tokens(one.text) for one in merge(insights, (), tokens=tokens)) <= tokens
    assert estimate_tokens(render_insights(insights, tokens=tokens)) <= max(tokens * 2, 60)


def test_nothing_known_is_nothing_said() -> None:
    assert render_insights((), tokens=500) == ""
    text = render_insights((insight("a", 1), insight("c\nd", 1, InsightKind.DIAGNOSTIC)), tokens=500)
    assert text.index("compiler refused") < text.index("Reviewers")
    assert "- c\n  ```text\n  d\n  ```\n\n" in text
    assert text.endswith("- a\n\n")


def test_the_rule_never_accepts_nothing_and_still_refuses_for_the_better_reason() -> None:
    never = Accept(rule="never", score=0.0)
    verdict = Verdict(panel="simple", score=10.0)
    good = decide(build=report(), evidence=Evidence(), verdict=verdict, accept=never, last=False)
    assert (good.kind, good.reason) == (DecisionKind.RETRY, "accept.rule is never, so that all attempts run")
    last = decide(build=report(), evidence=Evidence(), verdict=verdict, accept=never, last=True)
    assert last.kind is DecisionKind.GIVE_UP
    broken = decide(build=report("failed"), evidence=Evidence(), verdict=None, accept=never, last=False)
    assert "does not compile" in broken.reason
