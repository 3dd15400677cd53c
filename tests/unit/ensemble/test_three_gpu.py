"""All ten attempts of the three-gpu profile, refused by every panel: who is called, for what, in which order.

The golden file is the table of the profile written out. Regenerate it with ``FORGE_GOLDEN=write`` and read the
difference.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from forge_lsp.domain.attempt import Outcome
from forge_lsp.domain.errors import ConsentRefused
from forge_lsp.domain.events import CallFinished, CallStarted, Degraded
from forge_lsp.domain.ports import ChatReply, ChatRequest
from forge_lsp.ensemble.loop import Conclusion, Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Reviewer, Row, Schedule, Thinking
from forge_lsp.source.syntax import TreeSitterSyntax
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
    return tomllib.loads(resources.files("forge_lsp.profiles").joinpath("three-gpu.toml").read_text("utf-8"))


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


async def run(models: tuple[Actor, ...], table: Schedule, purse: Purse | None = None) -> tuple[Conclusion, Events]:
    events = Events()
    ensemble = Ensemble(
        models=ScriptedDirectory(*models),
        syntax=TreeSitterSyntax(),
        context=PlainContext(),
        editing=PlainEditing(),
        toolchain_for=lambda _: FakeToolchain(),
        clock=ManualClock(),
    )
    end = await ensemble.run(task(), schedule=table, attempts=10, spending=purse or Purse(price=0.01), emit=events)
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
    if os.environ.get("FORGE_GOLDEN") == "write":
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


async def test_every_call_ends() -> None:
    table = profile()
    _, events = await run(actors(table), schedule(table))
    finished = [body for body in events.bodies if isinstance(body, CallFinished)]
    assert sorted(body.call for body in finished) == [call.call for call in calls(events)]
    assert all(body.error is None for body in finished)
