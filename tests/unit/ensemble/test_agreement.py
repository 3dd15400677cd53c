"""Agreement between models: evidence by number, never by a model's own echo."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.attempt import Agreement, Candidate, Evidence, InsightKind, Observation
from forge_lsp.core.checks import CheckStatus
from forge_lsp.ensemble.agreement import Behaviours
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.ensemble.insights import learn
from tests.support.scripted import example, report


def seen(*answers: str) -> Evidence:
    return Evidence(observed=tuple(Observation(call=f"f({n})", answer=answer) for n, answer in enumerate(answers)))


def test_the_share_is_the_mean_over_models_however_many_samples_each_wrote() -> None:
    behaviours = Behaviours()
    for _ in range(8):
        behaviours.learn("loud", seen("0", "0"))
    behaviours.learn("quiet", seen("1", "0"))
    assert behaviours.agreement("mine", seen("1", "0")) == Agreement(share=0.75, models=2, points=2)


def test_only_other_models_count_and_only_calls_that_both_answered() -> None:
    behaviours = Behaviours()
    behaviours.learn("mine", seen("1", "2"))
    assert behaviours.agreement("mine", seen("1", "2")) is None
    behaviours.learn("other", seen("1"))
    assert behaviours.agreement("mine", seen("1", "2")) == Agreement(share=1.0, models=1, points=1)
    assert behaviours.agreement("mine", Evidence()) is None


def test_the_candidate_that_other_models_agree_with_ranks_first() -> None:
    checks = Checks()
    checked = [
        CheckedCandidate(
            candidate=Candidate(code=code, text=code, model=model, attempt=1), build=report(), raw=seen(*answers)
        )
        for code, model, answers in (
            ("short", "m", ("9", "9")),
            ("longer", "m", ("1", "2")),
            ("x", "other", ("1", "2")),
        )
    ]
    for item in checked:
        checks.learn(item)
    assert rank(checked[1], checks) > rank(checked[0], checks)


def test_where_candidates_part_is_told_with_input_answers_and_models() -> None:
    behaviours = Behaviours()
    behaviours.learn("phi4", seen("1", "5", "7"))
    behaviours.learn("qwen", seen("2", "5", "8"))
    behaviours.learn("llama", seen("2", "5", "7"))
    behaviours.learn("gemma3", seen("2", "5", "8"))
    first, second = behaviours.differences(5)
    assert (first.call, second.call) == ("f(2)", "f(0)"), "the even split comes first"
    (insight,) = learn(1, evidence=Evidence(), differences=lambda most: behaviours.differences(most)[1:])
    assert insight.kind is InsightKind.DIFFERENCE
    assert insight.text == "`f(0)`: 2 (qwen, llama, gemma3); 1 (phi4)"


def test_a_settled_evidence_carries_the_number_and_not_the_raw_answers() -> None:
    checks = Checks()
    for model in ("a", "b"):
        checks.learn(
            CheckedCandidate(
                candidate=Candidate(code="", text="", model=model, attempt=1), build=report(), raw=seen("1")
            )
        )
    settled = checks.settle(
        CheckedCandidate(candidate=Candidate(code="", text="", model="a", attempt=1), build=report(), raw=seen("1"))
    )
    assert settled.observed == ()
    assert settled.agreement == Agreement(share=1.0, models=1, points=1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from("01"), max_size=4)), max_size=8))
def test_a_share_is_a_share(known: list[tuple[str, list[str]]]) -> None:
    behaviours = Behaviours()
    for model, answers in known:
        behaviours.learn(model, seen(*answers))
    found = behaviours.agreement("a", seen("0", "1", "0", "1"))
    others = {model for model, answers in known if model != "a" and answers}
    assert (found is None) == (not others)
    if found is not None:
        assert 0.0 <= found.share <= 1.0
        assert found.models == len(others)


def test_two_keys_of_one_model_are_one_voice() -> None:
    checks = Checks(unfinished=True, identity=lambda key: key.partition("-")[0])
    for model in ("phi4-short", "phi4-long"):
        owed = replace(example("owed", expected="5", actual="6"), line=7)
        raw = replace(seen("1"), results=(owed,))
        found = CheckedCandidate(candidate=Candidate(code="", text="", model=model, attempt=1), build=report(), raw=raw)
        checks.learn(found)
    settled = checks.settle(found, last=True)
    assert settled.agreement is None
    assert [result.status for result in settled.results] == [CheckStatus.OWED]
