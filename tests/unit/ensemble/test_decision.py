from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.domain.attempt import (
    BuildReport,
    Candidate,
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
from forge_lsp.domain.checks import CheckResult, CheckStatus
from forge_lsp.ensemble.decision import blocks, decide
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
ACCEPTS = st.builds(Accept, rule=st.sampled_from(["score", "evidence"]), score=st.floats(0, 10))


def evidence(statuses: list[CheckStatus], blocked: str | None = None) -> Evidence:
    return Evidence(results=tuple(example(s, name=str(i)) for i, s in enumerate(statuses)), blocked=blocked)


@given(BUILDS, STATUSES, SCORES, ACCEPTS, st.booleans(), st.booleans(), st.booleans())
def test_the_promises_hold_whatever_happens(
    build: BuildReport,
    statuses: list[CheckStatus],
    score: float | None,
    accept: Accept,
    last: bool,
    no_sandbox: bool,
    panel: bool,
) -> None:
    proof = evidence(statuses, "no sandbox" if no_sandbox else None)
    verdict = Verdict(panel="simple", score=score) if panel else None
    made = decide(build=build, evidence=proof, verdict=verdict, accept=accept, last=last)
    failed = build.compiled is False or CheckStatus.FAILED in statuses
    assert (blocks(build, proof) is not None) == failed
    proven = made.kind is DecisionKind.ACCEPT and not made.unverified
    if failed:
        assert made.kind is (DecisionKind.GIVE_UP if last else DecisionKind.RETRY)
    if proven:
        assert build.compiled is True
        assert not no_sandbox
        if accept.rule == "score":
            assert verdict is not None
            assert score is not None
            assert score >= accept.score
        else:
            assert CheckStatus.PROOF in statuses
    if made.unverified:
        assert made.kind is DecisionKind.ACCEPT
        assert build.compiled is None or no_sandbox or CheckStatus.PROOF not in statuses
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


def test_one_model_alone_does_not_overrule_the_users_example() -> None:
    rule = Accept(rule="evidence")
    proof = evidence([CheckStatus.PROOF, CheckStatus.DISPUTED])

    def kind(uncorroborated: int, *, last: bool = False) -> DecisionKind:
        return decide(
            build=report(), evidence=proof, verdict=None, accept=rule, last=last, uncorroborated=uncorroborated
        ).kind

    assert kind(0) is DecisionKind.ACCEPT
    assert kind(1) is DecisionKind.RETRY
    assert kind(1, last=True) is DecisionKind.GIVE_UP


def test_what_only_runs_is_no_proof() -> None:
    runs = replace(example("passed", expected=""), proves=False)

    def made(*results: CheckResult) -> tuple[DecisionKind, bool]:
        decision = decide(
            build=report(),
            evidence=Evidence(results=results),
            verdict=None,
            accept=Accept(rule="evidence"),
            last=False,
        )
        return decision.kind, decision.unverified

    assert made(runs) == (DecisionKind.ACCEPT, True)
    assert made(runs, example("disputed", name="other")) == (DecisionKind.RETRY, False)
    assert made(runs, example("passed", name="other")) == (DecisionKind.ACCEPT, False)


def test_evidence_decides_where_the_rule_says_so() -> None:
    rule = Accept(rule="evidence")

    def kind(*statuses: str, score: float | None = 0.0) -> tuple[DecisionKind, bool]:
        made = decide(
            build=report(),
            evidence=evidence([CheckStatus(s) for s in statuses]),
            verdict=Verdict(panel="simple", score=score),
            accept=rule,
            last=False,
        )
        return made.kind, made.unverified

    assert kind("passed") == (DecisionKind.ACCEPT, False)
    assert kind("passed", "disputed", "not_runnable") == (DecisionKind.ACCEPT, False)
    assert kind("passed", "failed", score=10) == (DecisionKind.RETRY, False)
    assert kind("disputed") == (DecisionKind.RETRY, False)
    assert kind("not_runnable") == (DecisionKind.ACCEPT, True)
    assert kind() == (DecisionKind.ACCEPT, True)


def test_a_score_of_exactly_the_bar_is_enough() -> None:
    def at(score: float) -> DecisionKind:
        verdict = Verdict(panel="simple", score=score)
        return decide(build=report(), evidence=Evidence(), verdict=verdict, accept=Accept(), last=False).kind

    assert at(8.0) is DecisionKind.ACCEPT
    assert at(7.999) is DecisionKind.RETRY


def test_a_panel_kept_away_by_the_machine_does_not_climb() -> None:
    verdict = Verdict(panel="simple", score=None, note="no quorum")
    made = decide(
        build=report(), evidence=Evidence(), verdict=verdict, accept=Accept(), last=False, panel_fault="gpu1 is down"
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
    proof = Evidence(results=(example("failed", actual="4"), example("disputed", name="2", actual="6")))
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
        witnesses=lambda _: 3,
    )
    assert [(one.kind, one.text) for one in lessons] == [
        (InsightKind.DIAGNOSTIC, "error [F821]: undefined name 'c' at `return c`"),
        (InsightKind.EVIDENCE, "`add(2, 3)`: expected 5, got 4"),
        (
            InsightKind.QUESTION,
            "this example looks wrong, or the code was: `add(2, 3)`: expected 5, got 6 (3 models answer that)",
        ),
        (InsightKind.REVIEW, "logic: wrong sign"),
        (InsightKind.REVIEW, "logic: rename it"),
        (InsightKind.TRIED, "attempt 2 (m): no"),
    ]
    assert all(one.attempt == 2 for one in lessons)


def test_a_test_that_fails_as_it_did_before_is_a_question() -> None:
    unmet = replace(example("not_runnable", name="total", expected="6", actual="3"), unmet=True)
    (lesson,) = learn(1, evidence=Evidence(results=(unmet, example("not_runnable", name="other"))))
    assert lesson.kind is InsightKind.QUESTION
    assert lesson.text == "this test of the project fails as it did before: `add(2, 3)`: expected 6, got 3"


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
    text = render_insights((insight("a\nb", 1), insight("c", 1, InsightKind.DIAGNOSTIC)), tokens=500)
    assert text.index("compiler refused") < text.index("Reviewers")
    assert text.endswith("- a\n  b\n\n")


def test_the_rule_never_accepts_nothing_and_still_refuses_for_the_better_reason() -> None:
    never = Accept(rule="never", score=0.0)
    verdict = Verdict(panel="simple", score=10.0)
    good = decide(build=report(), evidence=Evidence(), verdict=verdict, accept=never, last=False)
    assert (good.kind, good.reason) == (DecisionKind.RETRY, "accept.rule is never, so that all attempts run")
    last = decide(build=report(), evidence=Evidence(), verdict=verdict, accept=never, last=True)
    assert last.kind is DecisionKind.GIVE_UP
    broken = decide(build=report("failed"), evidence=Evidence(), verdict=None, accept=never, last=False)
    assert "does not compile" in broken.reason
