from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Degraded,
    EventBody,
    JobStarted,
    RungSkipped,
    Stage,
    StageFinished,
    StageStarted,
)
from forge_lsp.jobs.record import JobState
from forge_lsp.lsp.progress import ProgressState, WorkDone, end_message
from tests.unit.jobs.support import record


def started(number: int, attempts: int = 10) -> AttemptStarted:
    return AttemptStarted(
        number=number, attempts=attempts, strategy="duo", thinkers=(), generator="g", samples=1, panel="simple"
    )


def stage(number: int, kind: Stage, detail: str = "") -> StageStarted:
    return StageStarted(number=number, stage=kind, detail=detail)


def call(number: int, kind: Stage) -> CallFinished:
    return CallFinished(
        number=number, call=1, stage=kind, role="r", model="m", server="s", input_tokens=0, output_tokens=0,
        cached_tokens=0, queue_seconds=0, load_seconds=0, first_token_seconds=0, seconds=0, cost_usd=0,
    )  # fmt: skip


NUMBERS = st.integers(1, 12)
STAGES = st.sampled_from(Stage)
EVENTS = st.one_of(
    st.builds(lambda n: JobStarted(task="t", uri="u", language="python", attempts=n), NUMBERS),
    st.builds(started, NUMBERS),
    st.builds(stage, NUMBERS, STAGES),
    st.builds(call, NUMBERS, STAGES),
    st.builds(lambda n, s: Degraded(number=n, stage=s, reason="why"), NUMBERS, STAGES),
    st.builds(lambda n, s: StageFinished(number=n, stage=s, detail="done", seconds=1), NUMBERS, STAGES),
    st.builds(lambda n: RungSkipped(number=n, generator="g", reason="down"), NUMBERS),
)


@given(st.lists(EVENTS))
def test_percentages_never_fall_and_stay_below_100(events: list[EventBody]) -> None:
    state, last = ProgressState(), 0
    for event in events:
        if (step := state.fold(event)) is not None:
            assert last <= step.percentage <= 99
            assert step.message
            last = step.percentage


def test_the_message_form() -> None:
    state = ProgressState()
    state.fold(started(2))
    step = state.fold(stage(2, Stage.THINK, "duo: phi4, gemma3"))
    assert step is not None
    assert step.message == "attempt 2/10 · thinking (duo: phi4, gemma3)"
    degraded = state.fold(Degraded(number=2, stage=Stage.THINK, reason="phi4 stalled\nfor 30 s"))
    assert degraded is not None
    assert degraded.message == "attempt 2/10 · thinking: phi4 stalled for 30 s"
    skipped = state.fold(RungSkipped(number=3, generator="g", reason="not installed"))
    assert skipped is not None
    assert skipped.message == "attempt 3/10 · skipped: not installed"
    ended = AttemptFinished(
        number=3, decision="give_up", reason="", compiled=None, score=None, seconds=1.0, cost_usd=0.0
    )
    done = state.fold(ended)
    assert done is not None
    assert done.message == "attempt 3/10 · no score, give up"


def test_every_stage_and_call_moves_it() -> None:
    state = ProgressState()
    events = [started(1), stage(1, Stage.THINK), call(1, Stage.THINK), stage(1, Stage.GENERATE), stage(1, Stage.CHECK)]
    steps = [state.fold(event) for event in events]
    percentages = [step.percentage for step in steps if step is not None]
    assert percentages[1:] == sorted(set(percentages))


def test_end_messages() -> None:
    def result(outcome: Outcome, **more: Any) -> str:
        fields = {"job_id": "j", "score": 8.26, "attempt_count": 2, "seconds": 61.2, "cost_usd": 0.0, "reason": None}
        return end_message(record(state=JobState.ENDED, outcome=outcome, **{**fields, **more}))

    assert result(Outcome.ACCEPTED, applied=True) == "accepted · score 8.3 · 2 attempts · 61 s · applied"
    assert result(Outcome.ACCEPTED, applied=True, reason="the panel gives 8.3").endswith("61 s · applied")
    proven = result(Outcome.ACCEPTED, applied=True, grade=Grade.PROVEN)
    assert proven == "accepted · proven · score 8.3 · 2 attempts · 61 s · applied"
    assert "· on review only ·" in result(Outcome.ACCEPTED, grade=Grade.REVIEWED)
    assert result(Outcome.ACCEPTED, reason="conflict").endswith("61 s · conflict")
    assert result(Outcome.FAILED, score=None, attempt_count=1, cost_usd=0.5, reason="why") == (
        "failed · 1 attempt · 61 s · $0.50 · why"
    )


class FakeClient:
    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[Any] = []
        self.asked: list[Any] = []
        self.failure = failure

    def notify(self, method: str, params: Any) -> None:
        self.sent.append(params)

    async def request(self, method: str, params: Any, *, timeout: float) -> None:
        self.asked.append(params.token)
        if self.failure is not None:
            raise self.failure


class TestWorkDone:
    async def test_the_clients_token_is_used_and_forgotten(self) -> None:
        client, cancelled = FakeClient(), asyncio.Event()
        tokens = WorkDone(client, creatable=True)
        progress = await tokens.open("mine", "Title", cancelled.set)
        assert client.asked == []
        tokens.cancel("mine")
        assert cancelled.is_set()
        progress.end("over")
        progress.end("twice")
        progress.report(ProgressState().show("late"))
        assert [type(item.value).__name__ for item in client.sent] == ["WorkDoneProgressBegin", "WorkDoneProgressEnd"]
        assert len(tokens) == 0
        tokens.cancel("mine")

    async def test_else_a_fresh_one_is_created(self) -> None:
        client = FakeClient()
        tokens = WorkDone(client, creatable=True)
        for _ in range(2):
            (await tokens.open(None, "Title", lambda: None)).end("over")
        assert len(set(client.asked)) == 2
        assert len(tokens) == 0

    @pytest.mark.parametrize("failure", [JsonRpcException("no"), TimeoutError()])
    async def test_a_client_that_refuses_gets_none(self, failure: Exception) -> None:
        client = FakeClient(failure)
        tokens = WorkDone(client, creatable=True)
        (await tokens.open(None, "Title", lambda: None)).end("over")
        assert client.sent == []
        assert len(tokens) == 0

    async def test_a_client_without_support_is_not_asked(self) -> None:
        client = FakeClient()
        await WorkDone(client, creatable=False).open(None, "Title", lambda: None)
        assert client.asked == client.sent == []

    async def test_the_same_step_is_shown_once(self) -> None:
        client = FakeClient()
        progress = await WorkDone(client, creatable=False).open(1, "Title", lambda: None)
        step = ProgressState().show("here")
        progress.report(step)
        progress.report(step)
        reports = [item.value for item in client.sent if isinstance(item.value, lsp.WorkDoneProgressReport)]
        assert [(item.message, item.percentage) for item in reports] == [("here", 0)]
