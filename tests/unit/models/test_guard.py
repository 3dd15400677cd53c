"""The guard: deadlines, queue, retries, rambling, breaker, cancels."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from forge_lsp.core.errors import (
    BrokenStream,
    DeadlineExceeded,
    ModelFault,
    ModelMissing,
    Rambling,
    ServerBusy,
    ServerUnreachable,
)
from forge_lsp.core.ports import ChatRequest, FinishReason
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.slots import RetryPolicy, ServerSlots
from forge_lsp.models.wire import Busy, Deadlines, Heartbeat, TextDelta
from tests.unit.models.fake_wire import INFO, FakeClock, FakeWire, Step, ask, done, say

BRIEF = Deadlines(connect=1, first_token=0.1, between_tokens=0.1, total=5, load=5)


def guard(
    wire: FakeWire, *, parallel: int = 1, deadlines: Deadlines = BRIEF, slots: ServerSlots | None = None
) -> GuardedModel:
    return GuardedModel(wire, slots=slots or ServerSlots(parallel=parallel), deadlines=deadlines)


def patient(wire: FakeWire, clock: FakeClock, **limits: float) -> GuardedModel:
    """A guard on a clock that only sleeps move, without jitter."""
    return GuardedModel(
        wire,
        slots=ServerSlots(parallel=1, clock=clock),
        deadlines=Deadlines(**limits),
        sleep=clock.sleep,
        jitter=lambda: 0.0,
    )


class TestAnswers:
    async def test_an_answer_is_put_together_from_its_pieces(self) -> None:
        wire = FakeWire([Heartbeat(), TextDelta(index=0, text="a"), TextDelta(index=0, text="b"), done()])
        reply = await guard(wire).complete(ask())
        assert [completion.text for completion in reply.completions] == ["ab"]
        assert reply.usage.input_tokens == 10
        assert wire.loads == 1

    async def test_a_cut_off_answer_says_so(self) -> None:
        reply = await guard(FakeWire([done(reason=FinishReason.LENGTH)])).complete(ask())
        assert reply.completions[0].finish is FinishReason.LENGTH

    async def test_a_stream_without_its_end_is_broken(self) -> None:
        with pytest.raises(BrokenStream, match="phi4:14b"):
            await guard(FakeWire([TextDelta(index=0, text="half")])).complete(ask())

    async def test_a_sample_nobody_asked_for_is_a_fault(self) -> None:
        with pytest.raises(ModelFault, match="sample 2 of 1"):
            await guard(FakeWire(say("x", index=1))).complete(ask())


class TestSamples:
    async def test_samples_become_calls_with_seeds_of_their_own(self) -> None:
        wire = FakeWire(by_request=lambda request: say(f"seed {request.seed}"))
        reply = await guard(wire, parallel=2).complete(ask(samples=3, seed=7))
        assert [completion.text for completion in reply.completions] == ["seed 7", "seed 8", "seed 9"]
        assert [request.samples for request in wire.requests] == [1, 1, 1]
        assert reply.usage.input_tokens == 30

    async def test_no_more_run_at_once_than_the_server_takes(self) -> None:
        wire = FakeWire([0.01, *say("x")])
        await guard(wire, parallel=2).complete(ask(samples=5))
        assert wire.most_running == 2

    async def test_a_wire_that_batches_gets_one_request(self) -> None:
        wire = FakeWire([*say("a"), *say("b", index=1)], batches=True)
        reply = await guard(wire).complete(ask(samples=2))
        assert [completion.text for completion in reply.completions] == ["a", "b"]
        assert len(wire.requests) == 1

    async def test_a_batch_that_lacks_a_sample_is_broken(self) -> None:
        with pytest.raises(BrokenStream):
            await guard(FakeWire(say("a"), batches=True)).complete(ask(samples=2))

    async def test_a_failed_sample_is_left_out(self) -> None:
        wire = FakeWire(say("a"), [ModelFault("runner died")], say("c"))
        reply = await guard(wire).complete(ask(samples=3))
        assert [completion.text for completion in reply.completions] == ["a", "c"]

    async def test_all_samples_failing_is_the_first_ones_error(self) -> None:
        with pytest.raises(ModelFault, match="runner died"):
            await guard(FakeWire([ModelFault("runner died")])).complete(ask(samples=3))


class TestDeadlines:
    @pytest.mark.parametrize(
        ("steps", "deadline"),
        [
            ([10.0], "first_token"),
            ([Heartbeat(), 10.0], "first_token"),
            ([*[Heartbeat(), 0.02] * 100], "first_token"),
            ([TextDelta(index=0, text="a"), 10.0], "between_tokens"),
        ],
    )
    async def test_silence_ends_the_call(self, steps: list[Step], deadline: str) -> None:
        wire = FakeWire(steps)
        with pytest.raises(DeadlineExceeded) as caught:
            await guard(wire).complete(ask())
        assert caught.value.deadline == deadline
        assert wire.running == 0
        assert wire.closed_early == 1

    async def test_a_sign_of_life_keeps_a_begun_answer_alive(self) -> None:
        steps: list[Step] = [TextDelta(index=0, text="a"), *[0.06, Heartbeat()] * 4, *say("b")]
        reply = await guard(FakeWire(steps)).complete(ask())
        assert reply.completions[0].text == "ab"

    async def test_an_answer_that_never_ends_meets_total(self) -> None:
        limits = Deadlines(first_token=1, between_tokens=1, total=0.2)
        with pytest.raises(DeadlineExceeded) as caught:
            await guard(FakeWire([TextDelta(index=0, text="a"), 0.05] * 100), deadlines=limits).complete(ask())
        assert caught.value.deadline == "total"

    async def test_waiting_for_a_place_and_loading_do_not_count(self) -> None:
        limits = Deadlines(first_token=0.1, between_tokens=0.1, total=0.1, load=5)
        wire = FakeWire([0.06, *say("x")], load_seconds=0.15)
        model = guard(wire, deadlines=limits)
        replies = await asyncio.gather(*(model.complete(ask()) for _ in range(3)))
        assert max(reply.timing.queue for reply in replies) > 0.25
        assert all(reply.timing.load >= 0.14 for reply in replies)

    async def test_a_load_has_its_own(self) -> None:
        with pytest.raises(DeadlineExceeded) as caught:
            await guard(FakeWire(say("x"), load_seconds=10), deadlines=Deadlines(load=0.05)).complete(ask())
        assert caught.value.deadline == "load"

    async def test_a_wires_own_timeout_is_not_taken_for_a_deadline(self) -> None:
        with pytest.raises(TimeoutError):
            await guard(FakeWire([TimeoutError()])).complete(ask())


class TestQueue:
    async def test_first_come_first_served_over_all_models_of_a_server(self) -> None:
        slots = ServerSlots(parallel=1)
        order: list[str] = []

        def answering(name: str) -> GuardedModel:
            def steps(_request: object) -> list[Step]:
                order.append(name)
                return [0.01, *say(name)]

            return guard(FakeWire(by_request=steps), slots=slots)

        models = [answering(name) for name in "abcd"]
        await asyncio.gather(*(model.complete(ask()) for model in models))
        assert order == list("abcd")

    async def test_jobs_take_turns_and_a_model_at_hand_goes_on(self) -> None:
        slots = ServerSlots(parallel=1)
        order: list[str] = []

        def answering(name: str) -> GuardedModel:
            def steps(request: ChatRequest) -> list[Step]:
                order.append(f"{request.job} {name}")
                return [0.01, *say(name)]

            return guard(FakeWire(by_request=steps, info=replace(INFO, name=name)), slots=slots)

        phi4, llama = answering("phi4"), answering("llama")
        asked = [("a", phi4), ("a", llama), ("a", llama), ("b", phi4), ("c", phi4)]
        await asyncio.gather(*(model.complete(ask(job=job)) for job, model in asked))
        assert order == ["a phi4", "b phi4", "c phi4", "a llama", "a llama"]

    async def test_a_cancelled_call_gives_its_place_back(self) -> None:
        wire = FakeWire([TextDelta(index=0, text="a"), 10.0], say("next"))
        model = guard(wire, deadlines=Deadlines())
        call = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (wire.running, wire.closed_early) == (0, 1)
        assert (await model.complete(ask())).completions[0].text == "next"

    async def test_a_cancel_ends_all_samples(self) -> None:
        wire = FakeWire([TextDelta(index=0, text="a"), 10.0])
        call = asyncio.create_task(guard(wire, parallel=3, deadlines=Deadlines()).complete(ask(samples=5)))
        await asyncio.sleep(0.02)
        assert wire.running == 3
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert wire.running == 0


class TestLoading:
    async def test_callers_share_one_load(self) -> None:
        wire = FakeWire(say("x"), load_seconds=0.05)
        model = guard(wire, parallel=3)
        await asyncio.gather(*(model.complete(ask()) for _ in range(3)))
        assert wire.loads == 1

    async def test_a_cancel_does_not_reach_the_load(self) -> None:
        wire = FakeWire(say("x"), load_seconds=0.1)
        model = guard(wire)
        call = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        # The next caller joins the load that is under way.
        assert (await model.complete(ask())).completions[0].text == "x"
        assert (wire.loads, wire.loads_cancelled) == (1, 0)

    async def test_a_failed_load_is_every_callers_error(self) -> None:
        def fail() -> None:
            raise ModelMissing("no such model", remedy="ollama pull phi4:14b")

        model = guard(FakeWire(say("x"), load=fail, load_seconds=0.02), parallel=2)
        errors = await asyncio.gather(*(model.complete(ask()) for _ in range(2)), return_exceptions=True)
        assert [type(error) for error in errors] == [ModelMissing, ModelMissing]

    async def test_closing_ends_a_load_and_its_callers(self) -> None:
        wire = FakeWire(say("x"), load_seconds=10)
        model = guard(wire)
        call = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0.02)
        await model.aclose()
        with pytest.raises(BrokenStream, match="given up"):
            await call
        assert (wire.loads_cancelled, wire.closed) == (1, True)


class TestBusy:
    async def test_what_the_server_said_is_waited(self) -> None:
        clock = FakeClock()
        wire = FakeWire([Busy("later", retry_after=7)], [Busy("later", retry_after=2)], say("x"))
        reply = await patient(wire, clock).complete(ask())
        assert reply.completions[0].text == "x"
        assert clock.slept == [7, 2]

    async def test_else_the_waiting_doubles(self) -> None:
        clock = FakeClock()
        with pytest.raises(ServerBusy) as caught:
            await patient(FakeWire([Busy("no place")]), clock).complete(ask())
        assert clock.slept == [0.5, 1, 2, 4]
        assert not isinstance(caught.value, Busy)

    async def test_a_wait_beyond_the_total_deadline_is_not_waited(self) -> None:
        clock = FakeClock()
        with pytest.raises(ServerBusy):
            await patient(FakeWire([Busy("later", retry_after=400)]), clock, total=300).complete(ask())
        assert clock.slept == []

    async def test_half_an_answer_is_not_asked_for_twice(self) -> None:
        wire = FakeWire([TextDelta(index=0, text="half"), Busy("overloaded")])
        with pytest.raises(BrokenStream):
            await patient(wire, FakeClock()).complete(ask())
        assert len(wire.requests) == 1


class TestBreaker:
    async def test_a_dead_server_is_soon_not_asked_any_more(self) -> None:
        clock = FakeClock()
        wire = FakeWire([ServerUnreachable("nothing answers", remedy="ollama serve")])
        model = patient(wire, clock)
        for _ in range(5):
            with pytest.raises(ServerUnreachable) as caught:
                await model.complete(ask())
        assert len(wire.requests) == 3
        assert caught.value.remedy == "ollama serve"
        assert "not asked again" in str(caught.value)

    async def test_after_a_rest_one_call_tries(self) -> None:
        clock = FakeClock()
        dead = [ServerUnreachable("nothing answers")]
        wire = FakeWire(dead, dead, dead, [0.02, *dead], [0.02, *say("back")])
        model = patient(wire, clock)
        for _ in range(3):
            with pytest.raises(ServerUnreachable):
                await model.complete(ask())
        clock.now += RetryPolicy().rest
        # Two calls at once: one is the trial, which fails; the other is refused behind it.
        errors = await asyncio.gather(*(model.complete(ask()) for _ in range(2)), return_exceptions=True)
        assert [type(error) for error in errors] == [ServerUnreachable, ServerUnreachable]
        assert len(wire.requests) == 4
        clock.now += RetryPolicy().rest
        assert (await model.complete(ask())).completions[0].text == "back"
        assert (await model.complete(ask())).completions[0].text == "back"

    async def test_a_cancelled_trial_leaves_the_trial_to_the_next(self) -> None:
        clock = FakeClock()
        dead = [ServerUnreachable("nothing answers")]
        wire = FakeWire(dead, dead, dead, [10.0], say("back"))
        model = patient(wire, clock)
        for _ in range(3):
            with pytest.raises(ServerUnreachable):
                await model.complete(ask())
        clock.now += RetryPolicy().rest
        trial = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0.01)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        assert (await model.complete(ask())).completions[0].text == "back"

    async def test_a_slow_model_does_not_close_the_way_to_the_others(self) -> None:
        slots = ServerSlots(parallel=1)
        slow, quick = guard(FakeWire([10.0]), slots=slots), guard(FakeWire(say("x")), slots=slots)
        for _ in range(4):
            with pytest.raises(DeadlineExceeded):
                await slow.complete(ask())
        assert (await quick.complete(ask())).completions[0].text == "x"

    async def test_an_answer_in_between_closes_it(self) -> None:
        dead = [ServerUnreachable("nothing answers")]
        wire = FakeWire(dead, dead, say("x"), dead, dead, say("y"))
        model = patient(wire, FakeClock())
        for expected in (None, None, "x", None, None, "y"):
            if expected is None:
                with pytest.raises(ServerUnreachable):
                    await model.complete(ask())
            else:
                assert (await model.complete(ask())).completions[0].text == expected

    async def test_a_refusal_is_no_failure_of_the_server(self) -> None:
        wire = FakeWire([ModelFault("no")])
        model = patient(wire, FakeClock())
        for _ in range(5):
            with pytest.raises(ModelFault):
                await model.complete(ask())
        assert len(wire.requests) == 5


async def test_a_rambling_model_is_stopped() -> None:
    wire = FakeWire([TextDelta(index=0, text="  \n") for _ in range(1000)])
    with pytest.raises(Rambling, match="white space"):
        await guard(wire).complete(ask())
    assert wire.closed_early == 1


async def test_blanks_after_an_answer_end_it_whole() -> None:
    wire = FakeWire([TextDelta(index=0, text="code"), *[TextDelta(index=0, text="  \n") for _ in range(1000)]])
    reply = await guard(wire).complete(ask())
    assert reply.completions[0].text == "code"
    assert reply.usage.output_tokens > 1
    assert wire.closed_early == 1


async def test_blanks_inside_a_structured_answer_are_rambling() -> None:
    wire = FakeWire([TextDelta(index=0, text="{"), *[TextDelta(index=0, text="  \n") for _ in range(1000)]])
    with pytest.raises(Rambling):
        await guard(wire).complete(ask(schema={"type": "object"}))
