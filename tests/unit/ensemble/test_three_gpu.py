"""All ten attempts of the three-gpu profile, refused by every panel: who is called, for what, in which order.

The golden file is the table of the profile written out. Regenerate it with ``TESTS_GOLDEN=write`` and read the
difference.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import ConsentRefused
from forge_lsp.core.events import CallFinished, CallStarted, Degraded, Stage, StageFinished
from forge_lsp.core.ports import ChatReply, ChatRequest, Residency
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Reviewer, Row, Schedule, Thinking
from tests.support.scripted import (
    GOOD,
    Events,
    FakeToolchain,
    ManualClock,
    PlainContext,
    PlainEditing,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    task,
    verdict_text,
)
from tests.unit.ensemble.thinkers import ballot

GOLDEN = Path(__file__).parent / "golden" / "three-gpu.txt"


def profile() -> dict[str, object]:
    return tomllib.loads(resources.files("forge_lsp.config.profiles").joinpath("three-gpu.toml").read_text("utf-8"))


def schedule(table: dict[str, object]) -> Schedule:
    return Schedule(
        rows=tuple(
            Row(
                attempts=tuple(row["attempts"]),
                thinking=Thinking(strategy=row["thinking"]["strategy"], models=tuple(row["thinking"]["models"])),
                generator=Generator(**row["generator"]),
                panel=Panel(kind=row["panel"]["kind"], members=tuple(row["panel"]["members"])),
            )
            for row in table["schedule"]  # type: ignore[attr-defined]
        ),
        reviewers={key: Reviewer(**reviewer) for key, reviewer in table["reviewers"].items()},  # type: ignore[attr-defined]
        accept=Accept(),
    )


class Actor(ScriptedModel):
    """Plays whatever part it is asked for. Ballots go to the plan of ``votes``; scores are ``score``, after a second
    look ``second``."""

    def __init__(self, key: str, *, votes: str, score: float = 7.5, second: float = 7.0, **values: object) -> None:
        super().__init__(key, **values)  # type: ignore[arg-type]
        self.votes, self.score, self.second = votes, score, second

    async def complete(self, request: ChatRequest) -> ChatReply:
        self.answers = [self._answer(request)]
        return await super().complete(request)

    def _answer(self, request: ChatRequest) -> str:
        words = request.messages[-1].text
        if request.schema is not None and "vote" in request.schema["properties"]:  # type: ignore[operator]
            letters = {text: letter for letter, text in ballot(request)}
            letter = letters.get(f"The plan of {self.votes}.", "A")  # its favourite may have left the run-off
            return json.dumps({"reason": "It is the simplest.", "vote": letter})
        if request.schema is not None:
            return verdict_text(self.second if "look once more" in words else self.score, ("error", "Name it better."))
        return GOOD if "one fenced block" in words else f"The plan of {self.info.key}."


def actors(table: dict[str, object], **changes: dict[str, object]) -> tuple[Actor, ...]:
    servers = table["servers"]
    return tuple(
        Actor(
            key,
            **{
                "votes": "gemma3",
                "server": model["server"],
                "context": model.get("context", 8192),
                "paid": servers[model["server"]].get("paid", False),  # type: ignore[index]
                **changes.get(key, {}),
            },
        )
        for key, model in table["models"].items()  # type: ignore[attr-defined]
    )


class Watched:
    """A residency that notes what it is asked, and which models are held when one is called."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str, tuple[str, ...]]] = []
        self.held: tuple[str, ...] = ()

    def foresee(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> None:
        self.told.append(("foresee", attempt, str(stage), tuple(keys)))

    @contextlib.asynccontextmanager
    async def hold(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> AsyncIterator[Sequence[str]]:
        self.told.append(("hold", attempt, str(stage), tuple(keys)))
        self.held = tuple(keys)
        try:
            yield ("llama is partly on the CPU",) if "llama" in keys else ()
        finally:
            self.held = ()


async def run(
    models: tuple[Actor, ...],
    table: Schedule,
    purse: Purse | None = None,
    *,
    attempts: int = 10,
    residency: Residency | None = None,
) -> tuple[Conclusion, Events]:
    events = Events()
    ensemble = Ensemble(
        models=ScriptedDirectory(*models),
        syntax=TreeSitterSyntax(),
        context=PlainContext(),
        editing=PlainEditing(),
        toolchain_for=lambda _: FakeToolchain(),
        clock=ManualClock(),
        residency=residency,
    )
    spending = purse or Purse(price=0.01)
    end = await ensemble.run(task(), schedule=table, attempts=attempts, spending=spending, emit=events)
    return end, events


def calls(events: Events) -> list[CallStarted]:
    return [body for body in events.bodies if isinstance(body, CallStarted)]


def written(events: Events) -> str:
    lines = [
        f"{call.number:2} {call.stage:8} {call.role:11} {call.model:14} {'paid' if call.estimate_usd else 'free'}"
        for call in calls(events)
    ]
    return "\n".join(lines) + "\n"


async def test_the_ten_attempts_are_those_of_the_table() -> None:
    table = profile()
    end, events = await run(actors(table), schedule(table))
    found = written(events)
    if os.environ.get("TESTS_GOLDEN") == "write":
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")
    assert end.outcome is Outcome.EXHAUSTED
    assert not events.of(Degraded)
    assert [attempt.strategy for attempt in end.attempts] == [
        *("solo", "solo", "duo", "duo", "trio", "trio", "debate", "debate", "vote", "vote")
    ]
    assert [attempt.cost_usd > 0 for attempt in end.attempts] == [False] * 6 + [True] * 4


async def test_free_rungs_come_before_paid_ones() -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table))
    paid = [call.number for call in calls(events) if call.estimate_usd]
    assert paid == [7, 8, 9, 10]
    assert all(call.stage == "generate" for call in calls(events) if call.estimate_usd)


@pytest.mark.parametrize(
    ("attempts", "think", "review"), [((1, 2), 1, 2), ((3, 4), 3, 3), ((5, 6), 4, 5), ((7, 8), 9, 5), ((9, 10), 10, 5)]
)
async def test_each_row_costs_what_the_page_says(attempts: tuple[int, ...], think: int, review: int) -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table))
    for number in attempts:
        counted = Counter(str(call.stage) for call in calls(events) if call.number == number)
        assert counted == {"think": think, "generate": 1, "review": review}


async def test_what_a_paid_rung_must_afford_is_what_will_be_sent_and_never_less() -> None:
    table = profile()
    purse = Purse(price=0.01)
    _, events = await run(actors(table), schedule(table), purse)
    paid = [(tokens, answer) for model, tokens, answer in purse.admitted if model in ("sonnet", "opus")]
    asked, sent = paid[::2], paid[1::2]  # before anybody thinks for the rung, and when it is its turn
    assert len(asked) == len(sent) == 4
    for (before, answer), (now, same) in zip(asked, sent, strict=True):
        assert now <= before <= now + 420  # all that is not known beforehand is the thought
        assert answer == same
    assert not events.of(Degraded)


async def test_ties_and_second_looks_are_the_only_calls_beyond_the_table() -> None:
    table = profile()
    plain, odd = schedule(table), {"votes": "qwen"}
    changes: dict[str, dict[str, object]] = {"phi4": odd, "qwen": {**odd, "score": 3.0}, "llama": {"votes": "llama"}}
    _, usual = await run(actors(table), plain)
    _, events = await run(actors(table, **changes), plain)

    def counted(told: Events) -> Counter[tuple[int, str]]:
        return Counter((call.number, call.role) for call in calls(told))

    more = counted(events)
    more.subtract(counted(usual))
    run_off = {(number, "run-off"): 5 for number in (9, 10)}
    looks = {(number, "second look"): 1 for number in (7, 8, 9, 10)}
    assert {key: count for key, count in more.items() if count} == {**run_off, **looks}


async def test_without_money_the_table_ends_after_its_free_rungs() -> None:
    table = profile()
    end, events = await run(actors(table), schedule(table), Purse(refusal=ConsentRefused("no consent for claude")))
    assert [attempt.skipped is None for attempt in end.attempts] == [True] * 6 + [False] * 4
    assert {call.number for call in calls(events)} == {1, 2, 3, 4, 5, 6}
    assert sum(attempt.cost_usd for attempt in end.attempts) == 0


async def test_models_are_held_while_they_are_called_and_foreseen_a_stage_ahead() -> None:
    table, watched = profile(), Watched()
    called_unheld: list[str] = []

    class Checked(Actor):
        async def complete(self, request: ChatRequest) -> ChatReply:
            if self.info.key not in watched.held:
                called_unheld.append(self.info.key)
            return await super().complete(request)

    players = actors(table)
    for player in players:
        player.__class__ = Checked
    await run(players, schedule(table), residency=watched)
    assert called_unheld == []
    trio, panel = ("phi4", "gemma3", "qwen"), ("phi4", "gemma3", "qwen", "deepseek-small", "llama")
    fifth = watched.told.index(("hold", 5, "think", trio))
    assert watched.told[fifth : fifth + 6] == [
        ("hold", 5, "think", trio),
        ("foresee", 5, "generate", ("codestral",)),  # it comes in while the others think
        ("hold", 5, "generate", ("codestral",)),
        ("foresee", 5, "review", panel),
        ("hold", 5, "review", panel),
        ("foresee", 6, "think", trio),
    ]


async def test_what_hurts_a_held_model_is_told() -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table), residency=Watched(), attempts=4)
    told = [(body.number, str(body.stage), body.reason) for body in events.bodies if isinstance(body, Degraded)]
    assert told == [(number, "review", "llama is partly on the CPU") for number in (3, 4)]


async def test_every_call_ends() -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table))
    finished = [body for body in events.bodies if isinstance(body, CallFinished)]
    assert sorted(body.call for body in finished) == [call.call for call in calls(events)]
    assert all(body.error is None for body in finished)


def details(events: Events, stage: str) -> dict[int, str]:
    return {
        body.number: body.detail for body in events.bodies if isinstance(body, StageFinished) and body.stage == stage
    }


async def test_what_each_strategy_and_panel_came_to_is_told() -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table))
    thought = details(events, "think")
    assert thought[1] == "solo: phi4"
    assert thought[3] == "duo: phi4, gemma3"
    assert thought[5] == "trio: phi4, gemma3, qwen"
    assert thought[7] == "debate: phi4, gemma3, qwen"
    everybody = "phi4, gemma3, qwen, deepseek-coder, llama"
    assert thought[9] == f"vote: {everybody}; the plan of gemma3 wins with 5 of 5 votes"
    said = details(events, "review")
    assert said[1] == "score 7.5"
    assert said[7] == "score 7.5; no consensus: only 0.00 of the weight says 8.0 or more, 0.60 is needed"


async def test_a_reviewer_that_never_answers_holds_up_no_panel_that_is_decided() -> None:
    table = profile()
    low: dict[str, object] = {"score": 1.0}
    changes = dict.fromkeys(("deepseek-small", "granite", "phi4", "gemma3", "qwen"), low)
    never = asyncio.Event()
    models = actors(table, **changes, llama={"gate": lambda _: never.wait()})
    async with asyncio.timeout(20):
        end, events = await run(models, schedule(table), attempts=6)
    assert [attempt.decision.kind for attempt in end.attempts] == [*["retry"] * 5, "give_up"]
    said = details(events, "review")
    assert [said[number] for number in (2, 3, 6)] == [
        "score 1.0",
        *["score 1.0; decided early, without waiting for llama"] * 2,
    ]
    cancelled = [body for body in events.bodies if isinstance(body, CallFinished) and body.error == "cancelled"]
    assert [(body.number, body.model) for body in cancelled] == [(number, "llama") for number in (3, 4, 5, 6)]
    verdict = end.attempts[2].verdict
    assert verdict is not None
    assert verdict.reviews[2].abstained == "cancelled: the outcome was already decided"


async def test_the_winning_plan_reaches_the_generator() -> None:
    table = profile()
    models = actors(table)
    await run(models, schedule(table))
    opus = next(model for model in models if model.info.key == "opus")
    assert "The plan of gemma3." in opus.prompts[0]
    assert "The plan of phi4." not in opus.prompts[0]
