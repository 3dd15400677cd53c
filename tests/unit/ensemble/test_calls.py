from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from forge_lsp.core.errors import BrokenStream, BudgetExceeded, DeadlineExceeded, ModelFault, Unauthorised
from forge_lsp.core.events import CallFinished, CallStarted, Stage
from forge_lsp.core.ports import ChatRequest, Message, Role, Usage
from forge_lsp.ensemble.calls import Calls
from tests.support.scripted import Events, Hang, ManualClock, Purse, ScriptedDirectory, ScriptedModel

REQUEST = ChatRequest(system="s", messages=(Message(role=Role.USER, text="hello"),), max_tokens=50, samples=2)


def calls(*models: ScriptedModel, purse: Purse | None = None) -> tuple[Calls, Events, Purse]:
    events, purse = Events(), purse or Purse()
    return Calls(models=ScriptedDirectory(*models), spending=purse, emit=events, clock=ManualClock()), events, purse


async def test_a_call_is_priced_told_made_and_settled() -> None:
    line, events, purse = calls(ScriptedModel("opus", "yes", paid=True))
    reply = await line.line(3, Stage.REVIEW)("opus", "review", REQUEST)
    assert reply.completions[0].text == "yes"
    assert purse.admitted[0][2] == 100, "all samples count"
    started, finished = events.bodies
    assert isinstance(started, CallStarted)
    assert isinstance(finished, CallFinished)
    assert (started.call, started.number, started.stage, started.estimate_usd) == (1, 3, Stage.REVIEW, 0.5)
    assert (finished.input_tokens, finished.output_tokens, finished.cost_usd, finished.error) == (100, 10, 0.5, None)
    assert line.cost_usd == 0.5
    assert line.asked == ("opus",)


async def test_a_refusal_sends_nothing() -> None:
    model = ScriptedModel("opus", "yes", paid=True)
    line, events, _ = calls(model, purse=Purse(refusal=BudgetExceeded("too dear")))
    with pytest.raises(BudgetExceeded):
        await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert (model.requests, events.bodies, line.asked) == ([], [], ())


@pytest.mark.parametrize("error", [DeadlineExceeded("late", deadline="total"), ModelFault("500", remedy="fix it")])
async def test_a_failed_call_stays_booked_and_is_told(error: ModelFault) -> None:
    line, events, purse = calls(ScriptedModel("opus", error, paid=True))
    with pytest.raises(type(error)):
        await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert purse.settled == [("opus", 0.5, None)]
    (finished,) = events.of(CallFinished)
    assert isinstance(finished, CallFinished)
    assert finished.error == error.full_message
    assert line.cost_usd == 0.5


async def test_a_refused_key_costs_nothing() -> None:
    line, events, purse = calls(ScriptedModel("opus", Unauthorised("no"), paid=True))
    with pytest.raises(Unauthorised):
        await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert purse.settled == [("opus", 0.5, Usage())]
    assert [body.cost_usd for body in events.bodies if isinstance(body, CallFinished)] == [0.0]


async def test_a_reply_without_an_answer_is_a_fault() -> None:
    line, events, _ = calls(ScriptedModel("m", ()))
    with pytest.raises(ModelFault, match="without an answer"):
        await line.ask("m", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert [body.type for body in events.bodies] == ["call.started", "call.finished"]


async def test_a_cancelled_call_is_settled_and_told() -> None:
    hang = Hang()
    line, events, purse = calls(ScriptedModel("opus", hang, paid=True))
    asking = asyncio.create_task(line.ask("opus", REQUEST, number=1, stage=Stage.THINK, role="propose"))
    await hang.started.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert hang.closed
    assert purse.settled == [("opus", 0.5, None)]
    assert [getattr(body, "error", None) for body in events.of(CallFinished)] == ["cancelled"]


async def test_calls_at_once_have_numbers_of_their_own() -> None:
    line, events, _ = calls(*(ScriptedModel(f"m{index}", "x") for index in range(5)))
    await asyncio.gather(
        *(line.ask(f"m{index}", REQUEST, number=1, stage=Stage.REVIEW, role="review") for index in range(5))
    )
    numbers = [body.call for body in events.bodies if isinstance(body, CallStarted)]
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    pairs = {body.call: body.model for body in events.bodies if isinstance(body, CallFinished)}
    assert pairs == {body.call: body.model for body in events.bodies if isinstance(body, CallStarted)}


async def test_asking_whether_it_may_be_paid_costs_nothing() -> None:
    model = ScriptedModel("opus", paid=True)
    line, events, purse = calls(model)
    await line.allowed(model.info, REQUEST)
    assert (line.cost_usd, events.bodies, len(purse.settled)) == (0.0, [], 1)


async def test_servers_can_tell_jobs_apart() -> None:
    models = [ScriptedModel(key, "yes", "yes") for key in ("phi4", "gemma3")]
    one, other = calls(*models)[0], calls(*models)[0]
    for line in (one, other):
        for key in ("phi4", "gemma3"):
            await line.ask(key, REQUEST, number=1, stage=Stage.THINK, role="propose")
    jobs = [[request.job for request in model.requests] for model in models]
    assert jobs[0] == jobs[1]
    assert jobs[0][0] and jobs[0][0] != jobs[0][1]


@pytest.mark.parametrize("more", ["", "x = 1\n" * 20_000], ids=["short", "long"])
async def test_a_secret_in_what_is_sent_is_left_out(more: str) -> None:
    """Test output and what other models said may hold what was left out of the documents."""
    model = ScriptedModel("m", "yes")
    line, _, _ = calls(model)
    secret = "ghp_" + "A7bQ9xK2mN4pR6tV8wY1zC3eF5gH0jLdSuXi"
    turns = (Message(role=Role.USER, text=f"{more}AssertionError: '' != '{secret}'"),)
    await line.ask(
        "m", ChatRequest(system="s", messages=turns, max_tokens=50), number=1, stage=Stage.GENERATE, role="generate"
    )
    (sent,) = model.requests
    assert secret not in sent.messages[0].text
    assert sent.messages[0].text.startswith(more)


def broken(written: int) -> BrokenStream:
    error = BrokenStream("the answer broke off")
    error.written = written
    return error


async def test_a_paid_call_that_breaks_off_is_made_once_more_and_both_are_booked() -> None:
    model = ScriptedModel("opus", broken(30), "yes", paid=True)
    line, events, purse = calls(model)
    reply = await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert reply.completions[0].text == "yes"
    assert len(purse.admitted) == 2, "the budget is asked for each"
    (_, _, first), (_, _, second) = purse.settled
    assert first is not None
    assert (first.output_tokens, first.input_tokens > 0) == (30, True)
    assert second == Usage(input_tokens=100, output_tokens=10)
    assert [body.call for body in events.bodies if isinstance(body, CallFinished)] == [1, 2]
    assert line.cost_usd == 1.0


async def test_it_is_not_made_a_third_time_and_a_free_one_not_again() -> None:
    for paid, requests in ((True, 2), (False, 1)):
        model = ScriptedModel("opus", broken(3), broken(4), "yes", paid=paid)
        line, _, _ = calls(model)
        with pytest.raises(BrokenStream):
            await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
        assert len(model.requests) == requests


async def test_beyond_the_budget_it_is_not_made_again() -> None:
    model = ScriptedModel("opus", broken(3), "yes", paid=True)
    line, _, purse = calls(model)

    class Spent(Purse):
        async def admit(self, model: object, **call: Any) -> float:
            if purse.settled:
                raise BudgetExceeded("spent")
            return await purse.admit(model, **call)  # type: ignore[arg-type]

        def settle(self, *call: object) -> float:
            return purse.settle(*call)  # type: ignore[arg-type]

    line.spending = Spent()
    with pytest.raises(BudgetExceeded):
        await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert len(model.requests) == 1


async def test_the_room_for_thoughts_is_priced() -> None:
    model = ScriptedModel("opus", "yes", paid=True)
    model.info = replace(model.info, thought_tokens=1000, place="https://ollama.com")
    line, _, purse = calls(model)
    await line.ask("opus", REQUEST, number=1, stage=Stage.GENERATE, role="generate")
    assert purse.admitted[0][2] == 2 * (50 + 1000)
    assert model.requests[0].place == "https://ollama.com"
