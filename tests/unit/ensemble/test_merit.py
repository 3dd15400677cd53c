"""A candidate's merit, the committee's examples, and what a class is backed by."""

from __future__ import annotations

import pytest

from forge_lsp.core.attempt import Candidate, Evidence, Example, Observation
from forge_lsp.core.checks import Grade
from forge_lsp.ensemble.agreement import Behaviours
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.ensemble.committee import Committee
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.ensemble.merit import merit, method_of
from tests.support.scripted import report


def test_merit_is_the_rule_of_the_documentation() -> None:
    assert merit(passed=0, failed=0) == 0.5
    assert merit(passed=3, failed=1) == pytest.approx(3.5 / 5)
    assert merit(passed=1, failed=0, matched=1, contradicted=1) == pytest.approx(2.5 / 4)
    assert merit(passed=0, failed=0, agreement=0.5, committee=1.0) == 1.25


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("add(2, 3)", "add"),
        ("s = Stack()\ns.push(g(2))", "push"),
        ("Stack(3).push(')').pop()", "pop"),
        ("it = Bag()\nit.items", "items"),
        (">>> a.b.run(1)[0]", "run"),
        ("p->at(1)", "at"),
        ("Shapes::area(2)", "area"),
        ("new Stack<Integer>(3).size()", "size"),
        ("1 + 1", ""),
        ("", ""),
    ],
)
def test_what_a_call_is_about(call: str, name: str) -> None:
    assert method_of(call) == name


def seen(**answers: str) -> Evidence:
    return Evidence(observed=tuple(Observation(call=f"s.{name}(1)", answer=given) for name, given in answers.items()))


def test_a_class_is_backed_as_far_as_the_method_that_candidates_agree_on_least() -> None:
    behaviours = Behaviours()
    mine = seen(push="1", pop="2", size="3", peek="4", clear="raises KeyError", copy="5")
    for model in ("b", "c"):
        behaviours.learn(model, seen(push="1", pop="9", size="3", peek="4", clear="raises KeyError", copy="5"))
    whole = behaviours.backing("a", mine, by_method=False)
    least = behaviours.backing("a", mine, by_method=True)
    assert whole is not None
    assert least is not None
    assert (whole.share, whole.points) == (pytest.approx(5 / 6), 5)  # one of six inputs raises
    assert (least.share, least.models) == (0.0, 2)


def checked(model: str, evidence: Evidence, code: str = "") -> CheckedCandidate:
    text = code or model
    return CheckedCandidate(
        candidate=Candidate(code=text, text=text, model=model, attempt=1), build=report(), raw=evidence
    )


def settled(*others: Evidence, by_method: bool = False) -> Grade | None:
    checks = Checks(by_method=by_method)
    mine = checked("a", seen(push="1", pop="2", size="3", peek="4", copy="5"))
    for each in (mine, *(checked(f"m{number}", other) for number, other in enumerate(others))):
        checks.learn(each)
    return checks.settle(mine).grade


def test_two_other_models_that_agree_on_five_inputs_that_return_are_support() -> None:
    alike = seen(push="1", pop="2", size="3", peek="4", copy="5")
    parted = seen(push="1", pop="9", size="3", peek="4", copy="5")
    assert settled(alike, alike) is Grade.SUPPORTED
    assert settled(alike) is Grade.REVIEWED
    assert settled(parted, parted) is Grade.SUPPORTED
    assert settled(parted, parted, by_method=True) is Grade.REVIEWED


def test_inputs_on_which_a_candidate_raises_are_no_support() -> None:
    checks = Checks()
    mine = seen(push="1", pop="2", size="3", peek="4", copy="raises KeyError")
    for model in ("a", "b", "c"):
        checks.learn(checked(model, mine))
    assert checks.settle(checked("a", mine)).grade is Grade.REVIEWED


def expected(author: str, **values: str) -> list[Example]:
    return [Example(call=f"s.{name}(1)", value=value, author=author) for name, value in values.items()]


def test_an_author_never_judges_its_own_model() -> None:
    committee = Committee(identity=lambda key: key.removesuffix("-twin"))
    committee.add(expected("a-twin", push="1"))
    committee.add(expected("b", push="1", pop="2"))
    committee.answered("a", "1", {"s.push(1)": "1", "s.pop(1)": "2"})
    judged = committee.judge("a", seen(push="1", pop="2"))
    assert [(one.author, one.call, one.passed) for one in judged] == [
        ("b", "s.push(1)", True),
        ("b", "s.pop(1)", True),
    ]
    assert committee.calls == ("s.push(1)", "s.pop(1)")


def test_an_author_of_whose_examples_candidates_pass_fewer_than_half_is_not_heard() -> None:
    committee = Committee()
    committee.add(expected("good", push="1", pop="2"))
    committee.add(expected("weak", push="7", pop="8", size="3"))
    answers = {"s.push(1)": "1", "s.pop(1)": "2", "s.size(1)": "3"}
    committee.answered("a", "1", answers)
    assert committee.off == {"weak"}
    assert {one.author for one in committee.judge("a", seen(push="1", pop="2", size="3"))} == {"good"}
    committee.answered("b", "2", {"s.push(1)": "7", "s.pop(1)": "8", "s.size(1)": "3"})
    assert committee.off == set()  # they pass four of its six examples now, and two of the other's four


def test_an_author_that_says_two_things_of_one_call_is_taken_at_its_first_word() -> None:
    committee = Committee()
    committee.add([*expected("b", push="1"), *expected("b", push="2")])
    assert [one.value for one in committee.judge("a", seen(push="1"))] == ["1"]


def test_examples_of_others_support_and_rank() -> None:
    checks = Checks()
    good, bad = checked("a", Evidence()), checked("c", Evidence())
    for one in (bad, good):
        checks.learn(one)
    checks.committee.add(expected("b", push="1", pop="2", size="3"))
    good = checks.observe(good, seen(push="1", pop="2", size="3").observed)
    bad = checks.observe(bad, seen(push="1", pop="2", size="4").observed)
    evidence = checks.settle(good)
    assert evidence.grade is Grade.SUPPORTED
    assert [one.passed for one in evidence.committee] == [True] * 3
    assert rank(good, checks) > rank(bad, checks)
    board = Leaderboard(checks)
    board.add((bad, good), chosen=bad, verdict=None)
    best = board.best()
    assert best is not None
    assert best.candidate.model == "a"


def test_fewer_than_three_examples_are_no_support() -> None:
    checks = Checks()
    one = checked("a", Evidence())
    checks.learn(one)
    checks.committee.add(expected("b", push="1", pop="2"))
    one = checks.observe(one, seen(push="1", pop="2").observed)
    assert checks.settle(one).grade is Grade.REVIEWED


def test_answers_that_come_later_are_those_of_all_models_that_wrote_the_same() -> None:
    checks = Checks()
    first, second, third = checked("a", Evidence(), "x"), checked("b", Evidence(), "x"), checked("c", Evidence(), "y")
    for one in (first, second, third):
        checks.learn(one)
    checks.observe(first, seen(push="1").observed)
    other = checks.observe(third, seen(push="1").observed)
    agreement = checks.settle(other).agreement
    assert agreement is not None
    assert (agreement.models, agreement.points, agreement.share) == (2, 1, 1.0)
