"""Where no check of the user's can be run: examples of models that did not write, inputs that tell answers apart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Evidence, Outcome
from forge_lsp.core.checks import CheckStatus, Grade
from forge_lsp.core.errors import ModelFault
from forge_lsp.core.events import CallStarted, Degraded, StageFinished
from forge_lsp.core.ports import ChatReply, ChatRequest
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule
from tests.support.scripted import BAD, GOOD, FakeToolchain, ScriptedModel, example, verdict_text
from tests.unit.ensemble.test_loop import Stand

CALLS = ("add(2, 3)", "add(0, 0)", "add(-1, 1)")
SUMS = dict(zip(CALLS, ("5", "0", "0"), strict=True))
ANSWERS = {"a + b": SUMS, "a - b": dict(zip(CALLS, ("-1", "0", "0"), strict=True))}
OTHER = "```python\ndef add(a, b):\n    return b + a\n```"


def examples(first: str = SUMS[CALLS[0]]) -> str:
    values = {**SUMS, CALLS[0]: first}
    return json.dumps({"examples": [{"call": call, "value": value} for call, value in values.items()]})


def schedule(
    *beside: str, members: tuple[str, ...] = ("r1", "r2"), committee: bool = True, attempts: int = 1
) -> Schedule:
    panel = Panel(kind="simple", members=members) if members else Panel()
    accept = Accept() if members else Accept(rule="evidence")
    rows = (Row(attempts=tuple(range(1, attempts + 1)), generator=Generator(model="g", beside=beside), panel=panel),)
    return Schedule(rows=rows, accept=accept, committee=committee)


def reviewer(key: str, *before: str, **values: bool) -> ScriptedModel:
    return ScriptedModel(key, *before, verdict_text(9), **values)  # type: ignore[arg-type]


def asked(stand: Stand) -> list[tuple[str, str]]:
    return [(body.model, body.role) for body in stand.events.bodies if isinstance(body, CallStarted)]


async def test_models_that_did_not_write_say_what_calls_give_and_support_what_passes() -> None:
    models = (ScriptedModel("g", GOOD), reviewer("r1", examples()), reviewer("r2", examples(first="7")))
    stand = Stand(models, toolchain=FakeToolchain(answers=ANSWERS))
    end = await stand.run(schedule(), attempts=1)
    assert asked(stand) == [
        ("g", "generate"),
        ("r1", "examples"),
        ("r2", "examples"),
        ("r1", "review"),
        ("r2", "review"),
    ]
    assert end.outcome is Outcome.ACCEPTED
    assert end.evidence is not None
    assert end.evidence.grade is Grade.SUPPORTED
    assert [(one.author, one.call, one.passed) for one in end.evidence.committee][:3] == [
        ("r1", call, True) for call in CALLS
    ]
    assert [one.passed for one in end.evidence.committee if one.author == "r2"] == [False, True, True]
    assert end.reason is not None
    assert "5 of 6 examples of models that did not write the code pass" in end.reason
    said = [body.detail for body in stand.events.bodies if isinstance(body, StageFinished)]
    assert "5 of 6 passed" in said


async def test_an_author_sees_the_task_and_no_candidate() -> None:
    author = reviewer("r1", examples())
    stand = Stand((ScriptedModel("g", GOOD), author), toolchain=FakeToolchain(answers=ANSWERS))
    await stand.run(schedule(members=("r1",)), attempts=1)
    words = "\n".join(message.text for message in author.requests[0].messages)
    assert "write examples" in words
    assert "the definition of `add`" in words
    assert "return a + b" not in words
    assert author.requests[0].schema is not None


async def test_it_costs_nothing_where_the_user_has_a_check() -> None:
    toolchain = FakeToolchain(proofs={"add": Evidence(results=(example(CheckStatus.PROOF),))}, answers=ANSWERS)
    stand = Stand((ScriptedModel("g", GOOD), reviewer("r1")), toolchain=toolchain)
    end = await stand.run(schedule(members=("r1",)), attempts=1)
    assert asked(stand) == [("g", "generate"), ("r1", "review")]
    assert toolchain.observed == []
    assert end.evidence is not None
    assert end.evidence.committee == ()


@pytest.mark.parametrize("off", ["settings", "toolchain", "language"])
async def test_it_is_off_where_it_is_not_wanted_or_cannot_be_run(off: str) -> None:
    class Blind(FakeToolchain):
        @property
        def observes(self) -> bool:
            return False

    toolchain = {"settings": FakeToolchain(answers=ANSWERS), "toolchain": None, "language": Blind()}[off]
    stand = Stand((ScriptedModel("g", GOOD), reviewer("r1")), toolchain=toolchain)
    await stand.run(schedule(members=("r1",), committee=off != "settings"), attempts=1)
    assert asked(stand) == [("g", "generate"), ("r1", "review")]


async def test_only_free_models_are_asked_unless_the_writer_is_paid() -> None:
    def models(paid: bool) -> tuple[ScriptedModel, ...]:
        return (
            ScriptedModel("g", GOOD, paid=paid),
            ScriptedModel("r1", *([examples()] if paid else []), verdict_text(9), paid=True),
            ScriptedModel("r2", verdict_text(9), toy=True),
        )

    stand = Stand(models(False), toolchain=FakeToolchain(answers=ANSWERS))
    await stand.run(schedule(), attempts=1)
    assert [role for _, role in asked(stand)].count("examples") == 0
    stand = Stand(models(True), toolchain=FakeToolchain(answers=ANSWERS))
    await stand.run(schedule(), attempts=1)
    assert [model for model, role in asked(stand) if role == "examples"] == ["r1"]


async def test_an_author_that_fails_or_says_nothing_costs_nothing_else() -> None:
    models = (
        ScriptedModel("g", GOOD),
        reviewer("r1", "No.", "No."),
        ScriptedModel("r2", ModelFault("broken"), verdict_text(9)),
    )
    stand = Stand(models, toolchain=FakeToolchain(answers=ANSWERS))
    end = await stand.run(schedule(), attempts=1)
    assert end.outcome is Outcome.ACCEPTED
    assert end.evidence is not None
    assert end.evidence.grade is Grade.REVIEWED
    told = [body.reason for body in stand.events.bodies if isinstance(body, Degraded)]
    assert any(reason.startswith("r1 wrote no examples: ") for reason in told)
    assert any(reason.startswith("r2 wrote no examples: broken") for reason in told)


async def test_writers_are_judged_by_one_anothers_examples_and_not_by_their_own() -> None:
    models = (ScriptedModel("g", BAD, examples()), ScriptedModel("h", GOOD, examples()))
    stand = Stand(models, toolchain=FakeToolchain(answers=ANSWERS))
    end = await stand.run(schedule("h", members=()), attempts=1)
    assert end.best is not None
    judged = {one.candidate.model: one.evidence.committee for one in end.attempts[0].others if one.candidate}
    best = end.attempts[0]
    assert best.candidate is not None
    judged[best.candidate.model] = best.evidence.committee
    assert {model: {one.author for one in each} for model, each in judged.items()} == {"g": {"h"}, "h": {"g"}}
    assert end.best.model == "h"


async def test_who_answers_from_another_server_is_asked_while_the_writer_writes() -> None:
    together = asyncio.Event()

    class Waits(ScriptedModel):
        async def complete(self, request: ChatRequest) -> ChatReply:
            await asyncio.wait_for(together.wait(), 5)
            return await super().complete(request)

    class Tells(ScriptedModel):
        async def complete(self, request: ChatRequest) -> ChatReply:
            together.set()
            return await super().complete(request)

    models = (Waits("g", GOOD), Tells("r1", examples(), verdict_text(9), server="gpu1"))
    stand = Stand(models, toolchain=FakeToolchain(answers=ANSWERS))
    end = await stand.run(schedule(members=("r1",)), attempts=1)
    assert end.evidence is not None
    assert end.evidence.grade is Grade.SUPPORTED


async def test_a_cancel_ends_the_question_to_an_author() -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    class Hangs(ScriptedModel):
        async def complete(self, request: ChatRequest) -> ChatReply:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

    class Writes(ScriptedModel):
        async def complete(self, request: ChatRequest) -> ChatReply:
            await begun.wait()
            await asyncio.Event().wait()
            raise AssertionError

    stand = Stand((Writes("g"), Hangs("r1", server="gpu1")), toolchain=FakeToolchain())
    job = asyncio.create_task(stand.run(schedule(members=("r1",)), attempts=1))
    await begun.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert ended.is_set()


async def test_a_writer_that_fails_leaves_no_author_behind() -> None:
    models = (ScriptedModel("g", ModelFault("broken")), ScriptedModel("r1", examples(), server="gpu1"))
    stand = Stand(models, toolchain=FakeToolchain())
    end = await stand.run(schedule(members=("r1",)), attempts=1)
    assert end.outcome is Outcome.EXHAUSTED
    assert len(asyncio.all_tasks()) == 1


async def test_a_model_is_shown_two_answers_that_nothing_tells_apart_once() -> None:
    calls = json.dumps({"calls": ["add(1, 2)", "other(1)"]})
    known = {"a + b": {"add(1, 2)": "3"}, "b + a": {"add(1, 2)": "4"}}
    third = ScriptedModel("r1", "no", "no", calls, verdict_text(5), verdict_text(5))
    models = (ScriptedModel("g", GOOD, GOOD), ScriptedModel("h", OTHER, OTHER), third)
    models[0].answers.insert(1, "no")
    models[0].answers.insert(2, "no")
    models[1].answers.insert(1, "no")
    models[1].answers.insert(2, "no")
    toolchain = FakeToolchain(answers=known)
    stand = Stand(models, toolchain=toolchain)
    one = schedule("h", members=("r1",), attempts=2)
    end = await stand.run(replace(one, accept=Accept(score=8.0)), attempts=2)
    roles = [(model, role) for model, role in asked(stand) if role.startswith("inputs")]
    assert roles == [("r1", "inputs")]
    shown = "\n".join(message.text for message in third.requests[2].messages)
    assert "return a + b" in shown
    assert "return b + a" in shown
    assert {call for _, each in toolchain.observed for call in each} == {"add(1, 2)"}
    answers = [seen for attempt in end.attempts[:1] for seen in attempt.answers]
    assert [(seen.call, seen.source) for seen in answers] == [("add(1, 2)", "model")]


async def test_no_inputs_are_asked_for_where_an_example_tells_answers_apart() -> None:
    models = (ScriptedModel("g", GOOD), ScriptedModel("h", BAD), reviewer("r1", examples()))
    stand = Stand(models, toolchain=FakeToolchain(answers=ANSWERS))
    models[0].answers.append("no")
    await stand.run(schedule("h", members=("r1",)), attempts=1)
    assert not [role for _, role in asked(stand) if role == "inputs"]
