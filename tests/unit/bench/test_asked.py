"""The replay's user: asked by the product, answering from a reference; and how much an answer weighs."""

from __future__ import annotations

from benchmarks.asked import User, ask, reference_gives
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence, Example, Observation
from forge_lsp.core.questions import Effect
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank


def checked(model: str, **answers: str) -> CheckedCandidate:
    """A candidate that compiles; its answers to ``f(NAME)``."""
    return CheckedCandidate(
        candidate=Candidate(code=f"# {model}", text=f"# {model} {answers}", model=model, attempt=1),
        build=BuildReport(status=BuildStatus.PASSED, tool="none"),
        raw=Evidence(observed=observed(**answers)),
    )


def observed(**answers: str) -> tuple[Observation, ...]:
    return tuple(Observation(call=f"f({name})", answer=value, source="committee") for name, value in answers.items())


def known(*each: CheckedCandidate) -> Checks:
    checks = Checks(unfinished=True)
    for one in each:
        checks.learn(one)
    return checks


def user(most: int, slips: float = 0.0, **answers: str) -> User:
    return User(most=most, gives=reference_gives(Evidence(observed=observed(**answers))), slips=slips)


def test_the_reference_chooses_the_answer_that_it_gives_and_that_candidate_comes_first() -> None:
    one, two, three = checked("m1", a="1", b="5"), checked("m2", a="1", b="5"), checked("m3", a="2", b="5")
    checks = known(one, two, three)
    assert rank(one, checks) > rank(three, checks)
    asked = ask(checks, [one, two, three], user(1, a="2"))
    assert [(each.answer.value, each.answer.own, each.effect) for each in asked if each.answer] == [
        ("2", False, Effect.CHANGED)
    ]
    assert rank(three, checks) > rank(one, checks)


def test_a_value_that_nobody_gives_is_its_own_and_a_second_question_follows() -> None:
    pool = checked("m1", a="1", b="1"), checked("m2", a="2", b="2")
    asked = ask(known(*pool), pool, user(2, a="3", b="1"))
    assert {each.question.call: each.answer and each.answer.own for each in asked} == {"f(a)": True, "f(b)": False}
    assert len(ask(known(*pool), pool, user(1, a="3", b="1"))) == 1


def test_a_call_that_the_reference_was_not_run_on_is_not_answered() -> None:
    pool = checked("m1", a="1"), checked("m2", a="2")
    asked = ask(known(*pool), pool, user(1))
    assert [each.effect for each in asked] == [Effect.NOTHING]


def test_every_answer_slips_where_all_do() -> None:
    pool = checked("m1", a="1"), checked("m2", a="2")
    (asked,) = ask(known(*pool), pool, user(1, slips=1.0, a="1"))
    assert asked.answer is not None
    assert asked.answer.value == "2"


def test_nothing_is_asked_where_two_models_wrote_the_same_text() -> None:
    one = checked("m1", a="1")
    assert ask(known(one), [one, one], user(1, a="1")) == ()


def test_an_answer_weighs_as_one_example_and_not_as_law() -> None:
    """What all authors and all other candidates say of many calls outweighs one answer, which may be a slip."""
    calls = dict.fromkeys("abcdefgh", "1")
    one, two = checked("m1", **calls), checked("m2", **calls)
    odd = checked("m3", **dict.fromkeys(calls, "2"))
    checks = known(one, two, odd)
    checks.committee.add(
        Example(call=f"f({name})", value="1", author=author) for author in ("a1", "a2") for name in calls
    )
    (asked,) = ask(checks, [one, two, odd], user(1, a="2"))
    assert asked.effect is Effect.REFUTED
    assert rank(one, checks) > rank(odd, checks)
    assert checks.settle(one, last=True).grade is None, "and yet it is never accepted by itself"
