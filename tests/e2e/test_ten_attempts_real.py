"""The ten attempts of the three-gpu profile for real, unscripted: three Ollama servers as the GPUs, the rig's models
made from one small model, and a Messages endpoint (Ollama's own) for the paid rungs.

What the models say is theirs, and mostly nonsense. What is proven: every call whose precondition held was made, none
failed for a reason of ours, and the ledger and the report hold it all.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.support.ollama_server import OllamaServer, model_file, ollama_program
from tests.support.real_server import events, forge, generate, open_file

PROFILE: dict[str, Any] = tomllib.loads(resources.files("forge_lsp.profiles").joinpath("three-gpu.toml").read_text())
SERVERS = {"gpu0": 2, "gpu1": 4, "gpu2": 1, "claude": 2}
"""By settings key: how many models its memory holds. On gpu2, codestral and llama take turns."""
STOPS = ("<|im_end|>", "\\n\\n", "\\n- ", "\\n2. ")
"""A paragraph, or the first point of a list, is enough of a plan: this model goes on for ever."""
SHORT = "".join(f'PARAMETER stop "{words}"\n' for words in STOPS) + "PARAMETER num_thread 1\n"
"""One thread a model: they run side by side, and threads that wait for each other on a busy machine cost more than they
bring."""
TEXT = '''LIMIT = 10


def subtract(a, b):
    """Return a minus b.

    >>> subtract(5, 3)
    2
    """
    return a - b


def add(a, b):
    """Return a plus b.

    >>> add(5, 3)
    8
    """
    ...
'''
THINKING = {"solo": (1, 1), "duo": (3, 3), "trio": (4, 4), "debate": (9, 9), "vote": (10, 25)}
"""The fewest and the most calls of a strategy where every member has something to say. A ballot that names no plan is
asked for once more, and a tie brings a run-off."""
NONSENSE = ("white space without end", "the same text again and again")
"""Why a call may fail: the model lost its way."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, OllamaServer]]:
    """Each server with the models that the profile gives it."""
    program, weights = ollama_program(), model_file()
    for found in (program, weights):
        if isinstance(found, str):
            pytest.skip(f"no real Ollama: {found}")
    assert isinstance(program, Path)
    with contextlib.ExitStack() as stack:
        servers: dict[str, OllamaServer] = {}
        for key, loaded in SERVERS.items():
            folder = tmp_path_factory.mktemp(key)
            server = stack.enter_context(OllamaServer(folder, program=program, loaded=loaded, parallel=1))
            for model in PROFILE["models"].values():
                if model["server"] == key:
                    server.add_model(model["name"], modelfile=SHORT)
            servers[key] = server
        yield servers


def settings(rig: dict[str, OllamaServer]) -> dict[str, object]:
    """The profile, pointed at the rig; windows that a small model can read, and no candidate that ends it early."""
    return {
        "profile": "three-gpu",
        "servers": {key: {"url": server.url} for key, server in rig.items()},
        "models": {key: {"context": 2048} for key in PROFILE["models"]},
        "accept": {"rule": "never"},
        "consent": {"servers": ["claude"]},
        "deadlines": {"total": 240, "first_token": 240, "load": 240},
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ten_attempts_of_real_models(tmp_path: Path, rig: dict[str, OllamaServer]) -> None:
    async with forge(tmp_path, settings(rig), env={"ANTHROPIC_API_KEY": "not-needed-by-ollama"}) as client:
        uri = open_file(client, tmp_path / "work" / "sums.py", TEXT)
        outcome = await generate(client, uri, apply="none", patience=840)
        told = events(client)
        report = await client.command("forge.report", jobId=outcome["jobId"])
        history = await client.command("forge.history")
        assert (outcome["outcome"], outcome["attemptCount"]) == ("exhausted", 10), outcome
        check_calls(told)
        check_costs(told, outcome)
        check_report(report, told)
    assert [(row["jobId"], row["costUsd"]) for row in history] == [(outcome["jobId"], outcome["costUsd"])]
    check_ledger(tmp_path / "state" / "ledger.db", told, outcome)


def check_calls(told: list[dict[str, Any]]) -> None:
    """Each attempt asked whom its row names, as far as what came before allowed."""
    assert [event for event in told if event["type"] == "rung.skipped"] == []
    finished = [event for event in told if event["type"] == "call.finished"]
    assert sorted(event["call"] for event in finished) == sorted(
        event["call"] for event in told if event["type"] == "call.started"
    )
    for event in finished:
        assert event["error"] is None or any(words in event["error"] for words in NONSENSE), event
    for number in range(1, 11):
        row = next(row for row in PROFILE["schedule"] if number in row["attempts"])
        mine = [event for event in told if event.get("number") == number]
        asked = {
            stage: Counter(
                event["model"] for event in mine if event["type"] == "call.started" and event["stage"] == stage
            )
            for stage in ("think", "generate", "review")
        }
        silent = [event for event in mine if event["type"] == "degraded" and event["stage"] == "think"]
        fewest, most = THINKING[row["thinking"]["strategy"]]
        assert asked["think"].total() <= most, (number, asked)
        if not silent:
            assert asked["think"].total() >= fewest, (number, asked)
        assert asked["think"].keys() <= set(row["thinking"]["models"])
        assert asked["generate"].keys() == {row["generator"]["model"]}
        assert asked["generate"].total() in (1, 2)  # a cut-off answer is asked to go on, once
        (attempt,) = [event for event in mine if event["type"] == "attempt.finished"]
        sat = attempt["compiled"] is True and "fails" not in attempt["reason"]
        # everybody once; once more for an answer that was no review, and for a second look of a critical panel
        assert asked["review"].keys() == (set(row["panel"]["members"]) if sat else set()), (number, attempt)
        assert all(count <= 4 for count in asked["review"].values())


def check_costs(told: list[dict[str, Any]], outcome: dict[str, Any]) -> None:
    """Six attempts for nothing, four for something, and the sum of it."""
    costs = {event["number"]: event["costUsd"] for event in told if event["type"] == "attempt.finished"}
    assert [number for number, cost in costs.items() if cost > 0] == [7, 8, 9, 10]
    assert outcome["costUsd"] == pytest.approx(sum(costs.values()))


def check_report(report: str, told: list[dict[str, Any]]) -> None:
    """Every attempt, every call, every server."""
    for number in range(1, 11):
        assert f"## Attempt {number}\n" in report
    calls = sum(event["type"] == "call.finished" for event in told)
    assert f"| **all** |  | {calls} |" in report
    for server in SERVERS:
        assert f"| sums.py | {server} | http://127.0.0.1:" in report


def check_ledger(path: Path, told: list[dict[str, Any]], outcome: dict[str, Any]) -> None:
    """What was told is what is kept."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT id, state, outcome FROM jobs").fetchall() == [
            (outcome["jobId"], "ended", "exhausted")
        ]
        assert db.execute("SELECT count(*) FROM attempts").fetchone() == (10,)
        kept = db.execute("SELECT call, model, input_tokens, output_tokens FROM calls ORDER BY call").fetchall()
        assert db.execute("SELECT count(*) FROM events").fetchone() == (len(told),)
        (spent,) = db.execute("SELECT sum(nano_usd) FROM spending WHERE open = 0").fetchone()
    finished = sorted(
        (event["call"], event["model"], event["inputTokens"], event["outputTokens"])
        for event in told
        if event["type"] == "call.finished"
    )
    assert kept == finished
    assert spent / 1e9 == pytest.approx(outcome["costUsd"])
