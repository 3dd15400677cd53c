"""A member whose answers are of no use twice is replaced for the rest of the job, whatever part it plays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Evidence, Outcome, Replacement
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.errors import ForgeError, NoAnswer, Rambling, ServerBusy, ServerUnreachable
from forge_lsp.core.events import CallStarted, Degraded
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.schedule import Accept, Panel, Reviewer, Schedule, Thinking
from tests.support.scripted import GOOD, FakeToolchain, ScriptedModel, example, verdict_text
from tests.unit.ensemble.test_loop import Stand, decisions, row
from tests.unit.ensemble.thinkers import Thinker, VoteFor

MUTE = NoAnswer("it spent its 700 tokens on thinking and gave no answer.")
TWO = Panel(kind="simple", members=("r1", "r2"))
NINE = verdict_text(9)


def model(key: str, *answers: object, family: str = "", codes: bool = False, **values: object) -> ScriptedModel:
    made = ScriptedModel(key, *answers, repeat=len(answers) == 1, **values)  # type: ignore[arg-type]
    made.info = replace(made.info, family=family or key, codes=codes)
    return made


def roles(stand: Stand) -> list[tuple[int, str, str]]:
    return [(one.number, one.role, one.model) for one in stand.events.bodies if isinstance(one, CallStarted)]


def replaced(end: Conclusion) -> list[tuple[str, str, str | None]]:
    return [(one.role, one.model, one.by) for attempt in end.attempts for one in attempt.replacements]


def told(stand: Stand) -> list[str]:
    return [body.reason for body in stand.events.bodies if isinstance(body, Degraded) and "usable" in body.reason]


@pytest.mark.parametrize("answers", [("no", "review"), (MUTE,)], ids=["not a review", "mute"])
async def test_a_mute_reviewer_is_replaced_in_the_same_panel(answers: tuple[object, ...]) -> None:
    stand = Stand((model("g", GOOD), model("r1", *answers), model("r2", NINE), model("spare", NINE)))
    schedule = Schedule(rows=(row(panel=TWO),), reviewers={"r1": Reviewer(aspect="logic", weight=0.5)})
    end = await stand.run(schedule)
    assert (end.outcome, decisions(end)) == (Outcome.ACCEPTED, ["accept"])
    verdict = end.attempts[0].verdict
    assert verdict is not None
    seats = [(one.model, one.aspect, one.weight, one.score) for one in verdict.reviews]
    assert seats == [("spare", "logic", 0.5, 9.0), ("r2", "quality", 0.2, 9.0)], "the seat keeps its aspect and weight"
    assert replaced(end) == [("reviewer", "r1", "spare")]
    (said,) = told(stand)
    assert said.startswith("r1 gives no usable answers as reviewer (")
    assert said.endswith("): spare takes its place for the rest of the job")


async def test_once_is_an_abstention_and_the_machines_faults_never_count() -> None:
    wrong: tuple[ForgeError | str, ...] = (ServerBusy("full"), ServerUnreachable("down"), ServerBusy("full"), NINE)
    stand = Stand((model("g", GOOD), model("r1", *wrong), model("r2", NINE), model("spare", NINE)))
    end = await stand.run(Schedule(rows=(row(panel=TWO),)), attempts=1)
    assert end.attempts[0].replacements == ()
    rambling = model("r1", Rambling("r1 rambles"), NINE)
    stand = Stand((model("g", GOOD), rambling, model("r2", NINE), model("spare", NINE)))
    end = await stand.run(Schedule(rows=(row(panel=TWO),)))
    assert (decisions(end), replaced(end)) == (["retry", "accept"], [])


async def test_the_replacement_holds_for_the_rest_of_the_job() -> None:
    stand = Stand((model("g", GOOD), model("r1", "?"), model("r2", verdict_text(5)), model("spare", verdict_text(5))))
    end = await stand.run(Schedule(rows=(row(panel=TWO),)), attempts=3)
    asked = [name for _, _, name in roles(stand)]
    assert (asked.count("r1"), asked.count("spare")) == (2, 3), "asked twice in the first panel, and never again"
    assert replaced(end) == [("reviewer", "r1", "spare")]


async def test_without_another_the_quorum_is_of_those_who_speak() -> None:
    stand = Stand((model("g", GOOD), model("r1", "?"), model("r2", NINE)), reasons={"g": None})
    # The writer could review too, and does not: it is in no state to.
    stand.models[0].answers[:] = [GOOD, "?", "?"]
    stand.models[0].repeat = False
    end = await stand.run(Schedule(rows=(row(panel=TWO),)))
    assert (end.outcome, end.score) == (Outcome.ACCEPTED, 9.0)
    assert replaced(end) == [("reviewer", "r1", "g"), ("reviewer", "g", None)]
    assert "no other model that is installed can review in the place of g; fetch another one" in told(stand)[-1]


async def test_a_panel_of_nobody_never_refuses_what_is_proven_and_says_what_to_fetch() -> None:
    proof = {"return a + b": Evidence(results=(example(CheckStatus.PROOF),))}
    for proofs, outcome in ((proof, Outcome.ACCEPTED), ({}, Outcome.UNVERIFIED)):
        models = (model("g", GOOD, "?", "?"), model("r1", "?"), model("r2", MUTE))
        stand = Stand(models, toolchain=FakeToolchain(proofs=proofs))
        end = await stand.run(Schedule(rows=(row(panel=TWO),)))
        assert (end.outcome, decisions(end)) == (outcome, ["accept"])
        assert "fetch another one" in (end.reason or "")


async def test_who_takes_the_place() -> None:
    """Local before paid, no toy, of another family than those who are there, never one that was not asked before."""
    left = {
        "paid": model("paid", NINE, paid=True, off_machine=True),
        "away": model("away", NINE, off_machine=True),
        "toy": model("toy", NINE, toy=True),
        "alike": model("alike", NINE, family="r2"),
        "other": model("other", NINE),
    }
    fixed = (model("g", GOOD, family="r2"), model("r1", "?"), model("r2", NINE))
    for gone, wanted in ((), "other"), (("other",), "alike"), (("other", "alike"), "g"):
        stand = Stand((*(one for key, one in left.items() if key not in gone), *fixed))
        end = await stand.run(Schedule(rows=(row(panel=TWO),)))
        assert replaced(end)[0] == ("reviewer", "r1", wanted)
        assert not left["paid"].requests
        assert not left["away"].requests


async def test_a_mute_writer_is_replaced_by_one_that_codes() -> None:
    models = (model("g", "I cannot."), model("r1", NINE), model("r2", NINE), model("coder", GOOD, codes=True))
    stand = Stand(models)
    end = await stand.run(Schedule(rows=(row(panel=TWO),)))
    assert (end.outcome, decisions(end)) == (Outcome.ACCEPTED, ["retry", "accept"])
    assert [attempt.generator for attempt in end.attempts] == ["g", "coder"], "in the attempt in which it failed again"
    assert replaced(end) == [("writer", "g", "coder")]


async def test_a_writer_without_another_goes_on_and_the_end_says_what_to_fetch() -> None:
    stand = Stand((model("g", "I cannot."),))
    schedule = Schedule(rows=(row(panel=Panel()),), accept=Accept(rule="evidence"))
    end = await stand.run(schedule, attempts=3)
    assert (end.outcome, decisions(end)) == (Outcome.EXHAUSTED, ["retry", "retry", "give_up"])
    assert (end.reason or "").endswith("can write code in the place of g; fetch another one")
    assert end.attempts[1].replacements[0] == Replacement(
        role="writer", model="g", by=None, reason=end.attempts[1].replacements[0].reason
    )


async def test_a_mute_thinker_is_replaced_at_once() -> None:
    models = (model("g", GOOD), model("r1", NINE), model("r2", NINE), model("p", MUTE), model("spare", "Add them."))
    stand = Stand(models)
    end = await stand.run(Schedule(rows=(row(panel=TWO, thought=Thinking(strategy="solo", models=("p",))),)))
    assert end.outcome is Outcome.ACCEPTED
    (by,) = [one.by for one in end.attempts[0].replacements]
    assert by == "g", "the first that is left, in the order of the settings"
    assert (end.attempts[0].strategy, end.attempts[0].thinkers) == ("solo", ("g",))


async def test_thinkers_that_nobody_can_replace_leave_a_smaller_strategy() -> None:
    stand = Stand((model("g", GOOD), model("p", "Plan."), model("q", "")), reasons={"g": None})
    stand.models[0].answers[:] = [GOOD, GOOD, GOOD, "", "", GOOD]
    stand.models[0].repeat = False
    trio = Thinking(strategy="trio", models=("p", "q"))
    end = await stand.run(Schedule(rows=(row(panel=Panel(), thought=trio),), accept=Accept(rule="never")), attempts=4)
    asked = [name for _, role, name in roles(stand) if role == "propose"]
    assert asked.count("q") == 2
    assert [attempt.strategy for attempt in end.attempts][-1] == "solo"


async def test_a_mute_voter_is_replaced_in_the_same_poll() -> None:
    plans = VoteFor("Plan of p."), VoteFor("Plan of q.")
    thinkers = (
        Thinker("p", "Plan of p.", plans[1]),
        Thinker("q", "Plan of q.", "?", "?"),
        Thinker("spare", plans[1], repeat=True),
    )
    stand = Stand((*thinkers, model("g", GOOD), model("r1", NINE), model("r2", NINE)))
    vote = Thinking(strategy="vote", models=("p", "q"))
    end = await stand.run(Schedule(rows=(row(panel=TWO, thought=vote),)))
    assert replaced(end) == [("voter", "q", "spare")]
    thought = end.attempts[0].thought
    assert thought is not None
    assert (thought.text, thought.strategy, thought.note) == (
        "Plan of q.",
        "vote",
        "the plan of q wins with 2 of 2 votes",
    )
