"""All ten attempts of the three-gpu profile through the real clients: what the servers of the rig are asked, in which
order, what it costs, and what the report says of it.

The golden file is the profile's table written out, as it was received; the report is kept with its times left out.
Regenerate both with ``TESTS_GOLDEN=write`` and read the difference.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import tomllib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.raw_lsp import RawClient
from tests.support.real_server import (
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    part_of,
    prompt,
    verdict,
)
from tests.support.scripted_http import Exchange, Script

GOLDEN = Path(__file__).parent / "golden"
TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
PROFILE: dict[str, Any] = tomllib.loads(
    resources.files("forge_lsp.config.profiles").joinpath("three-gpu.toml").read_text()
)
KEY = {"ANTHROPIC_API_KEY": "sk-ant-test"}
SCORE = 7.9
"""Not enough, and near enough to 8 that a panel always waits for its last vote."""
_PLAN = re.compile(r"^## Plan ([A-Z])\n\n`{3,}text\n(.*?)$", re.MULTILINE)


def plan(body: dict[str, Any]) -> Script:
    return Script.say(f"The plan of {body['model']}.")


def ballot(body: dict[str, Any]) -> Script:
    """Everybody is for the plan of gemma3, whatever letter it has."""
    letter = next(letter for letter, words in _PLAN.findall(prompt(body)) if words == "The plan of gemma3:12b.")
    return Script.say(json.dumps({"reason": "It is the simplest.", "vote": letter}))


@dataclass
class Rig:
    """Three Ollama servers as the GPUs, and Claude."""

    gpus: dict[str, FakeOllama]
    claude: MessagesServer
    questions: list[str] = field(default_factory=list[str])

    def settings(self) -> dict[str, object]:
        servers = {key: {"url": gpu.url} for key, gpu in self.gpus.items()}
        return {"profile": "three-gpu", "servers": {**servers, "claude": {"url": self.claude.url}}}

    def calls(self) -> list[tuple[str, Exchange]]:
        """What all servers were asked, in the order in which it came."""
        found = [(key, call) for key, gpu in self.gpus.items() for call in gpu.chats]
        found += [("claude", call) for call in self.claude.calls]
        return sorted(found, key=lambda entry: entry[1].started)


@contextlib.asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    scripted = ScriptedModels(
        {
            **dict.fromkeys(("propose", "critique", "refine", "consensus", "debate"), plan),
            "vote": ballot,
            "generate": Script.say(fenced(CODE)),
            "review": Script.say(verdict(SCORE, "Name it better.")),
        }
    )
    gpus = {
        key: FakeOllama(
            answer=scripted, models=[model["name"] for model in PROFILE["models"].values() if model["server"] == key]
        )
        for key in ("gpu0", "gpu1", "gpu2")
    }
    async with contextlib.AsyncExitStack() as stack:
        for gpu in gpus.values():
            await stack.enter_async_context(gpu)
        claude = await stack.enter_async_context(MessagesServer(answer=scripted, key=KEY["ANTHROPIC_API_KEY"]))
        yield Rig(gpus=gpus, claude=claude)


def written(rig: Rig) -> str:
    """The calls as lines. Those of one step arrive in any order, and stand by server and model; a debate's keep
    theirs."""
    number, before, lines = 0, "review", []
    for part, step in itertools.groupby(rig.calls(), key=lambda entry: part_of(entry[1].body)):
        if before == "review":
            number += 1
        before = part
        rows = [f"{number:2} {part:9} {server:6} {call.body['model']}" for server, call in step]
        lines += rows if part == "debate" else sorted(rows)
    return "\n".join(lines) + "\n"


def compare(name: str, found: str) -> None:
    """With the golden file of that name."""
    path = GOLDEN / name
    if os.environ.get("TESTS_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


async def ten_attempts(tmp_path: Path, rig: Rig) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """Outcome, events and report of the job; every question is answered with yes."""
    async with forge(tmp_path, rig.settings(), env=KEY) as client:

        def allow(params: Any) -> object:
            rig.questions.append(params["message"])
            rig.questions.append(f"{len(rig.calls())} calls before")
            return {"title": "Allow"}

        client.answers["window/showMessageRequest"] = allow
        outcome = await job(client, tmp_path / "work")
        return outcome, events(client), await client.command("forge.report", jobId=outcome["jobId"])


async def job(client: RawClient, work: Path) -> dict[str, Any]:
    return await generate(client, open_file(client, work / "even.py", TEXT), apply="none")


async def test_the_servers_are_asked_what_the_table_says(tmp_path: Path) -> None:
    async with rig() as servers:
        outcome, told, report = await ten_attempts(tmp_path, servers)
        assert (outcome["outcome"], outcome["attemptCount"], outcome["score"]) == ("exhausted", 10, SCORE)
        compare("ten-attempts.txt", written(servers))

        # free before paid, and a yes before the first paid call
        costs = {event["number"]: event["costUsd"] for event in told if event["type"] == "attempt.finished"}
        assert [number for number, cost in costs.items() if cost > 0] == [7, 8, 9, 10]
        assert [costs[number] for number in range(1, 7)] == [0.0] * 6
        assert outcome["costUsd"] == pytest.approx(sum(costs.values()))
        question, so_far = servers.questions
        assert "anthropic" in question and servers.claude.url in question
        free = sum(call["number"] < 7 for call in told if call["type"] == "call.finished")
        assert so_far == f"{free} calls before"

        # nothing failed, and nothing was done in place of anything else
        assert [event for event in told if event["type"] in ("degraded", "rung.skipped")] == []
        assert [event["error"] for event in told if event["type"] == "call.finished" and event["error"]] == []
        assert [call["strategy"] for call in told if call["type"] == "attempt.started"] == [
            *("solo", "solo", "duo", "duo", "trio", "trio", "debate", "debate", "vote", "vote")
        ]
        check_claude(servers.claude)
        check_options(servers)
        check_prefixes(servers)
        compare("ten-attempts-report.md", normal(report, servers, outcome["jobId"]))


def check_claude(claude: MessagesServer) -> None:
    """What the attempts share is marked for the cache, and nobody pays for thinking aloud."""
    assert [call.body["model"] for call in claude.calls] == ["claude-sonnet-5-5"] * 2 + ["claude-opus-5-5"] * 2
    for call in claude.calls:
        assert call.body.get("thinking", {"type": "disabled"}) == {"type": "disabled"}
        system = call.body["system"]
        content = [block for message in call.body["messages"] for block in message["content"]]
        marked = [block for block in (*system, *content) if "cache_control" in block]
        assert marked, call.body
        assert all(block["cache_control"] == {"type": "ephemeral"} for block in marked)
        assert content[0] in marked and content[-1] not in marked  # the shared text, not this attempt's words
        assert call.body["stream"] is True


def check_options(servers: Rig) -> None:
    """Calls and loads of one model agree in all that would reload it."""
    seen: dict[str, set[tuple[object, object]]] = defaultdict(set)
    for gpu in servers.gpus.values():
        for call in (*gpu.chats, *gpu.loads):
            options = call.body["options"]
            seen[call.body["model"]].add((options["num_ctx"], options["num_batch"]))
    contexts = {model["name"]: model.get("context", 8192) for model in PROFILE["models"].values()}
    assert seen.keys() == {model["name"] for model in PROFILE["models"].values() if model["server"] != "claude"}
    for name, options in seen.items():
        ((context, batch),) = options
        assert context == contexts[name]
        assert isinstance(batch, int) and batch > 0


def check_prefixes(servers: Rig) -> None:
    """What all calls share comes first, byte for byte: a cache of any server hits. Every window holds it here."""
    shared = servers.claude.calls[0].body["messages"][0]["content"][0]["text"]
    assert TEXT.strip() in shared
    for _, call in servers.calls():
        first = next(message["content"] for message in call.body["messages"] if message["role"] == "user")
        words = first if isinstance(first, str) else first[0]["text"]
        assert words.startswith(shared), call.body["model"]


def normal(report: str, servers: Rig, job_id: str) -> str:
    """A report without what differs from run to run: times, bars, ports, the folder, and what variations of the
    examples were tried; rows of calls that ended at the
    same time stand by their models."""
    text = report.replace(job_id, "JOB")
    text = re.sub(r"^- File: file:\S+/work/", "- File: file:///W/", text, flags=re.MULTILINE)
    for key, server in (*servers.gpus.items(), ("claude", servers.claude)):
        text = text.replace(server.url, f"http://{key}")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r" +[ █]*█[ █]* \d+\.\d s$", " BAR", text, flags=re.MULTILINE)
    text = re.sub(r"0 s +\d+\.\d s$", "0 s  N s", text, flags=re.MULTILINE)
    text = re.sub(r"\b\d+\.\d s\b", "N s", text)
    text = re.sub(r"; agrees with .*$", "", text, flags=re.MULTILINE)
    return "\n".join(_sorted(text.splitlines())) + "\n"


def _sorted(lines: list[str]) -> Iterator[str]:
    """Runs of bars of one step, and of rows of calls, in alphabetical order."""

    def group(line: str) -> str:
        if line.endswith(" BAR"):
            return " ".join(line.split()[:3])  # attempt, stage, role
        return "row" if re.match(r"\| [\w-]+ \| (gpu\d|claude) \|", line) else ""

    for key, run in itertools.groupby(lines, key=group):
        found = list(run)
        yield from sorted(found) if key and " debate" not in key else found
