"""Consent and budget in real jobs: nothing is sent to a server that costs money before the user said yes and the budget
has room for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.raw_lsp import RawClient
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
GOOD = Script.say(fenced("def is_even(number: int) -> bool:\n    return number % 2 == 0"))
KEY = {"ANTHROPIC_API_KEY": "sk-ant-test"}
INPUT, OUTPUT = 5.0, 25.0
"""USD per million tokens."""


def values(ollama: FakeOllama, claude: MessagesServer, *rows: Any, **tables: object) -> dict[str, object]:
    """A paid model for the first attempt, a free one after it."""
    return settings(
        ollama.url,
        *(rows or (row(1, generator="opus"), row(2))),
        servers={"claude": {"kind": "anthropic", "url": claude.url, "paid": True}},
        models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 32_000}},
        prices={"opus": {"input": INPUT, "output": OUTPUT}},
        **tables,
    )


def local(review: Script | None = None) -> FakeOllama:
    return FakeOllama(
        answer=ScriptedModels({"generate": GOOD, "review": review or Script.say(verdict(9))}), models=[*MODELS.values()]
    )


def asked(client: RawClient) -> list[str]:
    return [params["message"] for params in client.of("window/showMessageRequest")]


async def job(client: RawClient, work: Path, name: str = "even") -> Any:
    """Run one, in a document of its own."""
    path = work / name / "even.py"
    path.parent.mkdir()
    return await generate(client, open_file(client, path, TEXT), token=name)


async def test_a_yes_is_asked_for_once_and_what_is_spent_is_told(tmp_path: Path) -> None:
    work = tmp_path / "work"
    async with local() as ollama, MessagesServer(answer=GOOD) as claude:
        settled = values(ollama, claude)
        async with forge(tmp_path, settled, env=KEY) as client:
            client.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
            first = await job(client, work, "first")
            assert (first["outcome"], first["attemptCount"]) == ("accepted", 1)
            (question,) = asked(client)
            for words in ("code of work", "anthropic", claude.url, "server 'claude'", "$"):
                assert words in question
            started, finished = events(client, "call.started")[0], events(client, "call.finished")[0]
            assert (finished["model"], finished["inputTokens"]) == ("opus", 20)
            cost = (20 * INPUT + finished["outputTokens"] * OUTPUT) / 1e6
            assert finished["costUsd"] == pytest.approx(cost)
            assert first["costUsd"] == pytest.approx(cost)
            assert started["estimateUsd"] > cost  # the most that it might have cost
            second = await job(client, work, "second")
            assert second["outcome"] == "accepted"
            assert len(asked(client)) == 1
            history = await client.command("forge.history")
            assert [item["costUsd"] for item in history] == [pytest.approx(cost)] * 2
            report = await client.command("forge.report", jobId=first["jobId"])
            assert f"| first/even.py | claude | {claude.url}" in report
        # the answer is kept for this workspace, and so is what was spent
        async with forge(tmp_path, settled, env=KEY) as client:
            assert (await job(client, work, "third"))["outcome"] == "accepted"
            assert asked(client) == []
            assert len(await client.command("forge.history")) == 3
        assert len(claude.calls) == 3


@pytest.mark.parametrize("answer", ["Not now", "Never", None, "unsupported"])
async def test_without_a_yes_nothing_is_sent_and_the_rung_is_skipped(tmp_path: Path, answer: str | None) -> None:
    async with local() as ollama, MessagesServer(answer=GOOD) as claude:
        async with forge(tmp_path, values(ollama, claude), env=KEY) as client:
            if answer != "unsupported":
                client.answers["window/showMessageRequest"] = lambda _: answer and {"title": answer}
            outcome = await job(client, tmp_path / "work")
            assert (outcome["outcome"], outcome["attemptCount"], outcome["costUsd"]) == ("accepted", 1, 0.0)
            (skipped,) = events(client, "rung.skipped")
            assert (skipped["number"], skipped["generator"]) == (1, "opus")
            assert "was not allowed" in skipped["reason"]
            assert 'servers = ["claude"]' in skipped["reason"]
            assert "was not allowed" in await client.command("forge.report", jobId=outcome["jobId"])
            assert len(asked(client)) == 1
            # a never is kept, a not now is asked again
            again = await job(client, tmp_path / "work", "again")
            assert again["outcome"] == "accepted"
            assert len(asked(client)) == (1 if answer == "Never" else 2)
        assert claude.calls == []


async def test_a_job_that_could_only_cost_money_fails_with_the_reason(tmp_path: Path) -> None:
    async with local() as ollama, MessagesServer(answer=GOOD) as claude:
        async with forge(tmp_path, values(ollama, claude, row(1, 2, generator="opus")), env=KEY) as client:
            client.answers["window/showMessageRequest"] = lambda _: {"title": "Not now"}
            outcome = await job(client, tmp_path / "work")
            assert (outcome["outcome"], outcome["attemptCount"], outcome["applied"]) == ("failed", 0, False)
            assert (outcome["cause"], "was not allowed" in outcome["reason"]) == ("consent", True)
            assert outcome["reason"].endswith(outcome["remedy"])
            assert len(asked(client)) == 1
        assert claude.calls == []


async def test_what_the_budget_does_not_hold_is_not_asked_for_and_not_sent(tmp_path: Path) -> None:
    async with local() as ollama, MessagesServer(answer=GOOD) as claude:
        async with forge(tmp_path, values(ollama, claude, budget={"job": 0.000001}), env=KEY) as client:
            client.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
            outcome = await job(client, tmp_path / "work")
            assert (outcome["outcome"], outcome["attemptCount"], outcome["costUsd"]) == ("accepted", 1, 0.0)
            (skipped,) = events(client, "rung.skipped")
            assert "budget" in skipped["reason"]
            assert "raise budget.job" in skipped["reason"]
            assert "raise budget.job" in await client.command("forge.report", jobId=outcome["jobId"])
            assert asked(client) == []
        assert claude.calls == []


async def test_a_small_budget_holds_a_small_call_of_a_model_with_a_large_window(tmp_path: Path) -> None:
    # The window of 32,000 tokens would cost $0.16 to fill; what is sent is a function, and 1,024 tokens may come back.
    async with local() as ollama, MessagesServer(answer=GOOD) as claude:
        everything = values(ollama, claude, budget={"job": 0.05}, consent={"servers": ["claude"]})
        async with forge(tmp_path, everything, env=KEY) as client:
            outcome = await job(client, tmp_path / "work")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1), outcome["reason"]
            (started,) = [event for event in events(client, "call.started") if event["model"] == "opus"]
            assert 0 < outcome["costUsd"] < started["estimateUsd"] < 0.05
        assert len(claude.calls) == 1


async def test_the_budget_stops_a_job_in_the_middle(tmp_path: Path) -> None:
    # The first call is measured at 25,000 tokens in; what is left of the budget does not hold a second one.
    dear = replace(GOOD, input_tokens=25_000)
    rows = (row(1, 2, 3, generator="opus"),)
    granted = {"servers": ["claude"]}
    async with local(Script.say(verdict(5, "Shorter."))) as ollama, MessagesServer(answer=dear) as claude:
        everything = values(ollama, claude, *rows, budget={"job": 0.15}, consent=granted)
        async with forge(tmp_path, everything, env=KEY) as client:
            outcome = await job(client, tmp_path / "work")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("exhausted", 1), outcome["reason"]
            assert 0.125 < outcome["costUsd"] < 0.15
            assert [event["number"] for event in events(client, "rung.skipped")] == [2, 3]
            assert "raise budget.job" in outcome["reason"]
            assert asked(client) == []
        assert len(claude.calls) == 1
