"""Which question is asked, which answers are offered, and which texts are one answer."""

from __future__ import annotations

import pytest

from forge_lsp.core.attempt import Evidence, Observation
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.questions import Answer, Choice, Question
from forge_lsp.ensemble.asking import AskedCandidate, question_of
from forge_lsp.ensemble.replies import Replies, graded
from forge_lsp.ensemble.values import same


def voice(model: str, /, **answers: str) -> AskedCandidate:
    """A candidate that answers calls ``a``, ``b`` ...; a source stands behind ``@``."""
    seen: dict[str, Observation] = {}
    for name, text in answers.items():
        value, _, source = text.partition("@")
        seen[f"f({name})"] = Observation(call=f"f({name})", answer=value, source=source or "mutation")
    return AskedCandidate(model=model, keys=(model,), agreement=0.5, answers=seen)


def ask(*voices: AskedCandidate, examples: bool = True, asked: frozenset[str] = frozenset()) -> Question | None:
    return question_of(voices, id_="q1", attempt=1, examples=examples, asked=asked)


def test_two_models_that_differ_are_asked_about() -> None:
    found = ask(voice("m1", a="1", b="2"), voice("m2", a="1", b="3"))
    assert found == Question(
        id="q1",
        call="f(b)",
        choices=(Choice(value="2", models=("m1",)), Choice(value="3", models=("m2",))),
        source="mutation",
        attempt=1,
    )


def test_nothing_is_asked_where_all_agree_or_write_one_value_differently() -> None:
    assert ask(voice("m1", a="1"), voice("m2", a="1")) is None
    assert ask(voice("m1", a="[1, 'x']"), voice("m2", a='[1,"x"]')) is None
    assert ask(voice("m1", a="1")) is None
    assert ask() is None


def test_samples_of_one_model_are_asked_about_only_without_examples() -> None:
    samples = (voice("m1", a="1"), voice("m1", a="2"))
    assert ask(*samples) is None
    found = ask(*samples, examples=False)
    assert found is not None
    assert found.call == "f(a)"


def test_a_difference_within_one_model_is_none_between_two() -> None:
    assert ask(voice("m1", a="1"), voice("m1", a="2"), voice("m2", b="1")) is None


def test_most_that_raise_are_not_asked_about() -> None:
    raising = (voice("m1", a="raises ValueError"), voice("m2", a="raises KeyError"), voice("m3", a="1"))
    assert ask(*raising) is None
    found = ask(voice("m1", a="raises ValueError"), voice("m2", a="1"), voice("m3", a="1"))
    assert found is not None
    assert [choice.value for choice in found.choices] == ["1", "raises ValueError"]


def test_the_even_split_the_trusted_source_and_the_short_call_win() -> None:
    uneven = voice("m1", a="1", b="1"), voice("m2", a="1", b="1"), voice("m3", a="1", b="2"), voice("m4", a="2", b="2")
    found = ask(*uneven)
    assert found is not None
    assert found.call == "f(b)", "two against two says more than three against one"
    found = ask(voice("m1", a="1", b="1@sequence"), voice("m2", a="2", b="2@sequence"))
    assert found is not None
    assert (found.call, found.source) == ("f(b)", "sequence")
    long = "x" * 90
    found = ask(voice("m1", **{long: "1", "b": "1"}), voice("m2", **{long: "2", "b": "2"}))
    assert found is not None
    assert found.call == "f(b)"


@pytest.mark.parametrize("odd", ["é", "'\\\\x00'", "1234567890"])
def test_an_odd_call_comes_last(odd: str) -> None:
    found = ask(voice("m1", **{odd: "1", "b" * 60: "1"}), voice("m2", **{odd: "2", "b" * 60: "2"}))
    assert found is not None
    assert found.call == f"f({'b' * 60})"


def test_what_was_asked_and_what_failed_or_contradicted_is_left_out() -> None:
    pair = voice("m1", a="1", b="1"), voice("m2", a="2", b="2")
    found = ask(*pair, asked=frozenset({"f(a)"}))
    assert found is not None
    assert found.call == "f(b)"
    failing = AskedCandidate(model="m2", keys=("m2",), failed=1, answers=pair[1].answers)
    assert ask(pair[0], failing) is None, "the user's example decides between them"
    refuted = AskedCandidate(model="m2", keys=("m2",), contradicted=1, answers=pair[1].answers)
    assert ask(pair[0], refuted) is None


def test_four_answers_at_most_by_their_weight() -> None:
    voices = [voice(f"m{number}", a=str(number)) for number in range(6)]
    found = ask(*voices, voice("m9", a="5"))
    assert found is not None
    assert len(found.choices) == 4
    assert found.choices[0] == Choice(value="5", models=("m5", "m9"))


def disputed(status: CheckStatus = CheckStatus.DISPUTED, actual: str = "5") -> CheckResult:
    return CheckResult(
        id="add:1", kind=CheckKind.DOCTEST, status=status, source=">>> add(2, 3)", expected="4", actual=actual, line=7
    )


def test_a_disputed_check_is_asked_about_first_with_what_it_says() -> None:
    both = [
        AskedCandidate(model=one, keys=(one,), disputed=((disputed(), "5"),), answers=voice(one, a=one).answers)
        for one in ("m1", "m2")
    ]
    found = ask(*both)
    assert found == Question(
        id="q1",
        call="add(2, 3)",
        choices=(Choice(value="4"), Choice(value="5", models=("m1", "m2"))),
        source="example",
        attempt=1,
        line=7,
        check="add:1",
        expected="4",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1, 2]", "[1,2]"),
        ("'a b'", '"a b"'),
        ('"it\'s"', "'it\\'s'"),
        ("5", "5.0"),
        ("0.3", "0.30"),
        ("True", "true"),
        ("None", "null"),
        ("raises ValueError", "ValueError('no')"),
        ("raises ValueError", "ValueError"),
        ("{'a': None}", '{"a":null}'),
    ],
)
def test_texts_of_one_value(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("'a b'", "'ab'"), ("5", "'5'"), ("12", "1 2"), ("'true'", "true"), ("1.5", "15"), ("'ValueError'", "ValueError")],
)
def test_texts_of_two_values(one: str, other: str) -> None:
    assert not same(one, other)


QUESTION = Question(id="q1", call="f(1)", choices=(Choice(value="1"), Choice(value="2")), source="mutation", attempt=1)


def observed(answer: str, grade: Grade | None = Grade.REVIEWED) -> Evidence:
    return Evidence(observed=(Observation(call="f(1)", answer=answer),), grade=grade)


def test_a_match_proves_and_a_contradiction_never_does() -> None:
    replies = Replies([(QUESTION, Answer(question="q1", value="2"))])
    right, wrong = (graded(observed(answer), replies.of(observed(answer))) for answer in ("2", "1"))
    assert (right.grade, right.matched, right.contradicted) == (Grade.PROVEN, 1, 0)
    assert (wrong.grade, wrong.matched, wrong.contradicted) == (None, 0, 1)
    doubted = graded(observed("2", None), replies.of(observed("2")))
    assert doubted.grade is None, "a match does not outweigh what speaks against it"


def test_none_of_them_contradicts_what_was_shown_and_no_more() -> None:
    replies = Replies([(QUESTION, Answer(question="q1", value=None, own=True))])
    assert [reply.agrees for reply in replies.of(observed("1"))] == [False]
    assert replies.of(observed("7")) == ()
    assert Replies([(QUESTION, Answer(question="q1", value=None))]).of(observed("1")) == ()


def test_an_answer_settles_a_disputed_check() -> None:
    question = Question(id="q1", call="add(2, 3)", choices=(), source="example", attempt=1, check="add:1", expected="4")
    owed, other = disputed(CheckStatus.OWED), disputed(CheckStatus.OWED, "6")
    right = Replies([(question, Answer(question="q1", value="4"))])
    assert right.settled == {"add:1"}
    assert right.amended(owed) == owed
    wrong = Replies([(question, Answer(question="q1", value="5"))])
    assert (wrong.amended(owed).status, wrong.amended(owed).expected) == (CheckStatus.PROOF, "5")
    assert (wrong.amended(other).status, wrong.amended(other).expected) == (CheckStatus.OWED, "5")
