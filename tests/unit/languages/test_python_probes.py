"""Which calls are made beyond the user's examples, and how their answers are told."""

from __future__ import annotations

from forge_lsp.core.attempt import Observation
from forge_lsp.core.checks import CheckKind
from forge_lsp.languages.python.examples import Example, Group, examples_of
from forge_lsp.languages.python.probes import asked_for, observed, probes_of
from tests.support.scripted import task


def group(*sources: str, want: str = "1") -> Group:
    return Group(
        owner="f",
        examples=tuple(
            Example(id=str(n), kind=CheckKind.DOCTEST, steps=tuple(source.split(" | ")), line=1, want=want)
            for n, source in enumerate(sources)
        ),
    )


def calls(*sources: str) -> list[str]:
    return [probe.call for probe in probes_of((group(*sources),))]


def test_one_literal_changes_at_a_time_and_the_literals_take_turns() -> None:
    assert [probe.call for probe in probes_of(examples_of(task()))] == [
        "add(3, 3)",
        "add(2, 4)",
        "add(0, 3)",
        "add(2, 0)",
    ]


def test_every_kind_of_literal_goes_to_its_edges() -> None:
    assert calls("f('ab')") == ["f('')", "f('ba')", "f('abab')", "f('AB')"]
    assert calls("f(True)") == ["f(False)"]
    assert calls("f(1.5)") == ["f(2.0)", "f(0.0)", "f(-1.5)"]
    assert calls("f([3, 1])")[:2] == ["f([])", "f([4, 1])"]
    assert "f([1, 3])" in calls("f([3, 1])")


def test_a_count_of_steps_is_not_made_larger() -> None:
    assert calls("f(10000000)") == ["f(0)", "f(9999999)", "f(-10000000)"]


def test_what_calls_nothing_or_holds_no_literal_is_not_varied() -> None:
    assert calls("x + 1", "f(x)", "f(", "x = f(1)") == []


def test_a_call_that_is_an_example_already_is_not_made_again() -> None:
    assert "f(2)" not in calls("f(1)", "f(2)")


def test_earlier_statements_come_along() -> None:
    probe = next(probe for probe in probes_of((group("s = Stack() | s.push(1)"),)) if probe.source == "mutation")
    assert probe.steps == ("s = Stack()", "s.push(2)")
    assert probe.call == "s = Stack()\ns.push(2)"


def test_a_call_of_which_nothing_is_said_comes_along_too() -> None:
    s = (Example(id="1", kind=CheckKind.DOCTEST, steps=("s = Stack()", "s.push(7)"), line=1),)
    s += (Example(id="2", kind=CheckKind.DOCTEST, steps=("s.pop(0)",), line=3, want="7"),)
    steps = [probe.steps for probe in probes_of((Group(owner="f", examples=s),)) if probe.source == "mutation"]
    assert ("s = Stack()", "s.push(7)", "s.pop(1)") in steps
    assert ("s = Stack()", "s.push(8)", "s.pop(0)") in steps


def test_only_statements_that_the_call_depends_on_come_along() -> None:
    probes = probes_of((group("import math | a = [1] | b = 2 | f(b, 3)", "f(math.pi, a)"),))
    assert probes[0].steps == ("import math", "b = 2", "f(b, 4)")
    assert ("import math", "a = [1]", "f(math.pi, a)") not in {probe.steps for probe in probes}


def test_a_literal_of_what_stands_before_a_call_changes_too() -> None:
    assert [probe.steps for probe in probes_of((group("a = [1] | f(a)"),))] == [
        ("a = []", "f(a)"),
        ("a = [2]", "f(a)"),
    ]


def test_there_are_never_many() -> None:
    assert len(probes_of((group(*(f"f({n}0, 'text{n}')" for n in range(1, 40))),))) == 24


def test_answers_that_can_be_compared_are_told_alike_for_equal_values() -> None:
    probes = probes_of((group("f(1)", "f('a')"),))

    def value(tree: object) -> dict[str, object]:
        return {"state": "done", "value": {"tree": tree}, "output": ""}

    answers = {
        "p0": value(["e", [["s", "b"], ["s", "a"]]]),
        "p1": value(["f", "0.30000000000000004"]),
        "p2": {"state": "raised", "error": {"type": "ValueError", "own": False}},
        "p3": {"state": "raised", "error": {"type": "NameError", "own": True}},
        "p4": {"state": "hung"},
        "p5": value(None),
    }
    told = observed(probes, answers)
    assert [one.answer for one in told] == ["{'a', 'b'}", "0.3", "raises ValueError"]
    assert told[0] == Observation(call=probes[0].call, answer="{'a', 'b'}")


def test_calls_of_others_are_told_by_their_own_text_and_what_is_no_call_is_left_out() -> None:
    asked = asked_for(["f( 1 )", "s = Stack()\ns.push(1)\ns.pop()", "x = f(1)", "1 + 1", "f(", "f( 1 )"])
    assert [(probe.call, probe.steps) for probe in asked] == [
        ("f( 1 )", ("f(1)",)),
        ("s = Stack()\ns.push(1)\ns.pop()", ("s = Stack()", "s.push(1)", "s.pop()")),
    ]
    assert len({probe.id for probe in asked}) == 2
