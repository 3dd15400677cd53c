"""The ten attempts of the three-gpu profile for real, unscripted, on a fleet: `fleet up` starts three Ollama servers as
the GPUs, the rig's models are made from one small model, and a Messages endpoint (Ollama's own) serves the paid rungs.

What the models say is theirs, and mostly nonsense. What is proven: every call whose precondition held was made, none
failed for a reason of ours, the ledger and the report hold it all; and `/api/ps` of each server showed the plan at
every stage. The memory that the settings tell of the GPUs is cut so that one model more than fits is called: something
has to be swapped, and nothing is loaded that need not be.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.app import Container, Flags
from forge_lsp.placement.plan import Plan, Stage
from forge_lsp.placement.residency import ManagedResidency
from tests.support.fleets import Stock, fleet_of
from tests.support.ollama_server import OllamaServer, model_file, ollama_program
from tests.support.real_server import environment, events, forge, generate, open_file
from tests.support.tables import whole
from tests.support.watching import Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the real Ollama server is for Linux")

PROFILE: dict[str, Any] = tomllib.loads(
    resources.files("forge_lsp.config.profiles").joinpath("three-gpu.toml").read_text()
)
LOCAL = {key: model for key, model in PROFILE["models"].items() if model["server"] != "claude"}
PAID = {key: model for key, model in PROFILE["models"].items() if model["server"] == "claude"}
MEMORY = {"gpu0": 3.8, "gpu1": 3.8, "gpu2": 2.3}
"""GB: room for three, three and one of the eight local models."""
PLANNED: Mapping[str, Stage] = {"think": "think", "generate": "generate", "review": "panel"}
THINKERS = ("phi4", "gemma3")
WRITERS = ("deepseek-coder", "qwen", "codestral", "sonnet", "opus")
KEY = {"ANTHROPIC_API_KEY": "not-needed-by-ollama"}
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
_REPLACED = re.compile(r"^(?P<model>\S+) gives no usable answers as (?P<role>\w+) .*: (?P<by>\S+) takes its place")
NONSENSE = ("endless white space", "the same text again and again")
"""Why a call may fail: the model lost its way."""


def short(key: str) -> str:
    """This model goes on for ever: who thinks stops at the end of a sentence (and may leave a review without its end),
    who writes code at the end of a paragraph too, who only reviews at the end of a line.

    One thread a model: they run side by side, and threads that wait for each other cost more than they bring.
    """
    ends = (". ", ".\\n") if key in THINKERS else (". ", "\\n\\n") if key in WRITERS else ("\\n",)
    return "".join(f'PARAMETER stop "{words}"\n' for words in ("<|im_end|>", *ends)) + "PARAMETER num_thread 1\n"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rig is made of."""

    stock: Stock
    claude: OllamaServer


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A folder with the local models, and a server with the paid ones."""
    program, weights = ollama_program(), model_file()
    for found in (program, weights):
        if isinstance(found, str):
            pytest.skip(f"no real Ollama: {found}")
    assert isinstance(program, Path)
    with OllamaServer(tmp_path_factory.mktemp("stock"), program=program) as server:
        for key, model in LOCAL.items():
            server.add_model(model["name"], modelfile=short(key))
        stock = Stock(program, server.models)
    with OllamaServer(tmp_path_factory.mktemp("claude"), program=program, loaded=2, parallel=1) as claude:
        for key, model in PAID.items():
            claude.add_model(model["name"], modelfile=short(key))
        yield Parts(stock, claude)


def settings(parts: Parts) -> dict[str, object]:
    """The profile as it is, on a fleet; windows that a small model can read, and no candidate that ends it early."""
    stock = parts.stock
    return {
        "profile": "three-gpu",
        "fleet": {"program": str(stock.program), "models": str(stock.models), "servers": 3},
        "servers": {
            **{key: {"gpu": f"GPU-{key}", "memory": size} for key, size in MEMORY.items()},
            "claude": {"url": parts.claude.url},
        },
        "models": {key: {"context": 2048} for key in PROFILE["models"]},
        "accept": {"rule": "never"},
        "consent": {"servers": ["claude"]},
        "deadlines": {"total": 240, "first_token": 240, "load": 240},
    }


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not whole(), reason="ten attempts of real models take ten minutes: `make tables` runs them")
async def test_ten_attempts_of_real_models(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings(parts)
    env = environment(tmp_path, values, **KEY)
    async with fleet_of(tmp_path, env) as up:
        watch = Watch({server["key"]: server["url"] for server in up["servers"]})
        plan = await planned(tmp_path, env, monkeypatch)
        assert {server["key"]: server["maxLoaded"] for server in up["servers"]} == {
            key: plan.max_loaded[f"GPU-{key}"] for key in MEMORY
        }
        async with watch.watching(), forge(tmp_path, values, env=KEY) as client:
            uri = open_file(client, tmp_path / "work" / "sums.py", TEXT)
            outcome = await generate(client, uri, apply="none", patience=1700)
            told = events(client)
            report = await client.command("forge.report", jobId=outcome["jobId"])
            history = await client.command("forge.history")
        loads = sum(_loads(server["log"]) for server in up["servers"])
    assert (outcome["outcome"], outcome["attemptCount"]) == ("exhausted", 10), outcome
    check_calls(told)
    check_costs(told, outcome)
    check_report(report, told)
    assert [(row["jobId"], row["costUsd"]) for row in history] == [(outcome["jobId"], outcome["costUsd"])]
    check_ledger(tmp_path / "state" / "ledger.db", told, outcome)
    assert plan.evictions > 0, "nothing is swapped: the test's memory is too large"
    if not stand_ins(told):  # they need loads that are not in the plan
        check_stages(plan, told, watch)
        assert loads <= plan.loads, [scene.moves for scene in plan.scenes if scene.moves]


def stand_ins(told: list[dict[str, Any]], until: int = 10) -> dict[str, set[str]]:
    """Return, by role, the models that were replaced up to an attempt and those that replaced them: a model this small
    may give no usable answer twice."""
    found: dict[str, set[str]] = {}
    for event in told:
        said = _REPLACED.search(event["reason"]) if event["type"] == "degraded" else None
        if said is not None and event["number"] <= until:
            found.setdefault(said["role"], set()).update((said["model"], said["by"]))
    return found


def _loads(log: str) -> int:
    """How many models a server has loaded so far, by its own word."""
    return len(re.findall(r'msg="loaded runners"', Path(log).read_text()))


async def planned(folder: Path, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Plan:
    """What the server will go by: made here as it makes it, from the same settings and the fleet that is up."""
    for name, value in env.items():
        if name.startswith(("FORGE_", "XDG_", "HOME")):
            monkeypatch.setenv(name, value)
    container = Container(flags=Flags(), folders=(), state_dir=folder / "state")
    try:
        setup = await container.setup(None, None)
    finally:
        await container.aclose()
    assert isinstance(setup.residency, ManagedResidency)
    return setup.residency.plan


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
        others = stand_ins(told, number)
        thinkers = others.get("thinker", set()) | others.get("voter", set())
        writers, reviewers = others.get("writer", set()), others.get("reviewer", set())
        fewest, most = THINKING[row["thinking"]["strategy"]]
        assert asked["think"].total() <= most + 2 * len(thinkers), (number, asked)
        if not silent:
            assert asked["think"].total() >= fewest, (number, asked)
        assert asked["think"].keys() <= set(row["thinking"]["models"]) | thinkers
        assert asked["generate"].keys() <= {row["generator"]["model"]} | writers
        assert 1 <= asked["generate"].total() <= 2 + 2 * len(writers)  # a cut-off answer is asked to go on, once
        (attempt,) = [event for event in mine if event["type"] == "attempt.finished"]
        # what does not compile, or fails an example, is reviewed by nobody
        sat = attempt["compiled"] is True and attempt["grade"] is not None
        # everybody once; once more for an answer that was no review, and for a second look of a critical panel
        members = set(row["panel"]["members"]) if sat else set()
        assert members - reviewers <= asked["review"].keys() <= members | (reviewers if sat else set()), (
            number,
            attempt,
        )
        assert all(count <= 4 for count in asked["review"].values())


def check_costs(told: list[dict[str, Any]], outcome: dict[str, Any]) -> None:
    """Six attempts for nothing, four for something, and the sum of it."""
    costs = {event["number"]: event["costUsd"] for event in told if event["type"] == "attempt.finished"}
    paid = [number for number, cost in costs.items() if cost > 0]
    assert paid == [7, 8, 9, 10] if not stand_ins(told) else set(paid) <= {7, 8, 9, 10}
    assert outcome["costUsd"] == pytest.approx(sum(costs.values()))


def check_report(report: str, told: list[dict[str, Any]]) -> None:
    """Every attempt, every call, every server."""
    for number in range(1, 11):
        assert f"## Attempt {number}\n" in report
    calls = sum(event["type"] == "call.finished" for event in told)
    assert f"| **all** |  | {calls} |" in report
    for server in (*MEMORY, "claude"):
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


def check_stages(plan: Plan, told: list[dict[str, Any]], watch: Watch) -> None:
    """In every stage there was a moment at which every server had in memory what the plan says, and each model was
    there when its call ended."""
    names = {key: model["name"] for key, model in LOCAL.items()}
    for number in range(1, 11):
        for stage, name in PLANNED.items():
            mine = [event for event in told if event.get("number") == number and event.get("stage") == stage]
            scene = plan.scene(number, name)
            if scene is None or scene.attempt != number or not any(e["type"] == "call.started" for e in mine):
                continue
            start, end = _at(mine[0]), _at(mine[-1])
            expected = {key: frozenset(names[model] for model in scene.resident[f"GPU-{key}"]) for key in MEMORY}
            during = [sample.loaded for sample in watch.samples if start - 0.1 <= sample.at <= end + 0.1]
            assert expected in during, (number, stage, expected, during[:3], during[-3:])
            for event in mine:
                if event["type"] == "call.finished" and event["model"] in names and not event["error"]:
                    server = plan.placement[event["model"]].removeprefix("GPU-")
                    last = [sample for sample in watch.samples if sample.at <= _at(event)][-1]
                    assert names[event["model"]] in last.loaded[server], (number, stage, event)


def _at(event: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()
