"""Models that write at the same time: all are checked, their agreement counts, and one that fails is left out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Candidate, Evidence, Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.errors import ModelMissing
from forge_lsp.core.events import CallStarted, Degraded
from forge_lsp.core.ports import ChatReply, ChatRequest
from forge_lsp.core.task import Task
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule
from tests.support.scripted import BAD, GOOD, FakeToolchain, Hang, ScriptedModel, example
from tests.unit.ensemble.test_check_stage import FakeFastGate
from tests.unit.ensemble.test_loop import Stand

NONE = Panel()
EVIDENCE = Accept(rule="evidence")


def beside(*others: str) -> Schedule:
    row = Row(attempts=(1, 2), generator=Generator(model="g", beside=others), panel=NONE)
    return Schedule(rows=(row,), accept=EVIDENCE)


def proving() -> FakeToolchain:
    """Passes what adds."""
    return FakeToolchain(
        proofs={
            "a + b": Evidence(results=(example("proof", expected="4", actual="4"),)),
            "a - b": Evidence(results=(example("owed", expected="4", actual="-1"),)),
        }
    )


async def test_all_write_in_one_attempt_and_the_best_is_taken() -> None:
    stand = Stand((ScriptedModel("g", BAD), ScriptedModel("h", GOOD)), toolchain=proving())
    end = await stand.run(beside("h"))
    assert (end.outcome, len(end.attempts)) == (Outcome.ACCEPTED, 1)
    assert end.best is not None
    assert end.best.model == "h"
    asked = [body.model for body in stand.events.bodies if isinstance(body, CallStarted)]
    assert asked == ["g", "h"]


async def test_they_write_at_the_same_time() -> None:
    together = asyncio.Event()
    waiting: list[str] = []

    class Waits(ScriptedModel):
        async def complete(self, request: ChatRequest) -> ChatReply:
            waiting.append(self.info.key)
            if len(waiting) == 3:
                together.set()
            await together.wait()
            return await super().complete(request)

    stand = Stand(tuple(Waits(key, GOOD) for key in ("g", "h", "i")), toolchain=proving())
    async with asyncio.timeout(20):
        end = await stand.run(beside("h", "i"))
    assert end.outcome is Outcome.ACCEPTED


async def test_two_that_write_the_same_agree_though_it_is_checked_once() -> None:
    owed = replace(example("owed", expected="4", actual="-1"), line=7)
    toolchain = FakeToolchain(proofs={"a - b": Evidence(results=(owed,))})
    stand = Stand((ScriptedModel("g", BAD, BAD), ScriptedModel("h", BAD, BAD)), toolchain=toolchain)
    end = await stand.run(beside("h"), attempts=1)
    assert (end.outcome, len(toolchain.built)) == (Outcome.UNVERIFIED, 1)
    assert end.reason == "line 7 expects 4; two models answer -1"


@pytest.mark.parametrize("failing", ["g", "h"])
async def test_one_that_fails_is_left_out(failing: str) -> None:
    missing = ModelMissing("not installed", remedy="ollama pull it")
    models = tuple(ScriptedModel(key, missing if key == failing else GOOD) for key in ("g", "h"))
    stand = Stand(models, toolchain=proving())
    end = await stand.run(beside("h"))
    assert end.outcome is Outcome.ACCEPTED
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN
    told = [body.reason for body in stand.events.bodies if isinstance(body, Degraded)]
    assert any("h wrote nothing beside" in reason for reason in told) is (failing == "h")


def test_a_model_writes_once_in_an_attempt() -> None:
    (problem,) = beside("h", "g").validate()
    assert "a model writes once" in problem


class Proving(FakeToolchain):
    """Says when it has seen a text."""

    def __init__(self) -> None:
        super().__init__(proofs=proving().proofs)
        self.seen: dict[str, asyncio.Event] = {}

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        found = await super().evidence(task, candidate)
        self.of(candidate.code).set()
        return found

    def of(self, code: str) -> asyncio.Event:
        return self.seen.setdefault(code, asyncio.Event())


class Prepared(FakeFastGate):
    """A job prepares it."""

    def prepare(self, task: Task) -> None:
        assert task.document.text


SUBTRACTS = "def add(a, b):\n    return a - b"
UNFIT = "```python\ndef add(a, b):\n    return (a - b\n```"


async def test_what_one_has_written_is_checked_while_another_writes_and_once() -> None:
    toolchain = Proving()
    waits = ScriptedModel("h", GOOD, gate=lambda _: toolchain.of(SUBTRACTS).wait())
    stand = Stand((ScriptedModel("g", BAD), waits), toolchain=toolchain)
    async with asyncio.timeout(20):
        end = await stand.run(beside("h"))
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None and end.best.model == "h"
    assert len(toolchain.built) == len(toolchain.proved) == 2, "each text once"


async def test_the_fast_gate_looks_at_each_text_once() -> None:
    fast = Prepared({})
    stand = Stand((ScriptedModel("g", BAD), ScriptedModel("h", GOOD)), toolchain=Proving(), fast=fast)
    end = await stand.run(beside("h"))
    assert end.outcome is Outcome.ACCEPTED
    assert [len(texts) for texts in fast.asked] == [1, 1]


@pytest.mark.parametrize("said", ["its grammar", "the fast gate"])
async def test_what_is_broken_is_not_checked_before_the_others_are_there(said: str) -> None:
    built: list[str] = []

    async def look(model: ScriptedModel) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        built.extend(toolchain.built)

    toolchain = FakeToolchain(proofs=proving().proofs)
    suspect = UNFIT if said == "its grammar" else BAD
    stand = Stand((ScriptedModel("g", suspect), ScriptedModel("h", GOOD, gate=look)), toolchain=toolchain)
    stand.fast = Prepared({"a - b": 1}) if said == "the fast gate" else None
    end = await stand.run(beside("h"))
    assert (end.outcome, built) == (Outcome.ACCEPTED, [])
    assert all("a + b" in text for text in toolchain.built), "another one compiles, so that it need not be built at all"


async def test_a_cancel_while_others_write_ends_the_checks_that_run() -> None:
    checking, writing = Hang(), Hang()
    stand = Stand((ScriptedModel("g", GOOD), ScriptedModel("h", writing)), toolchain=FakeToolchain(hang=checking))
    running = asyncio.create_task(stand.run(beside("h")))
    async with asyncio.timeout(20):
        await checking.started.wait()
        await writing.started.wait()
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()
    assert checking.closed and writing.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}
