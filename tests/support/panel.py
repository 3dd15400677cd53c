"""A real server whose jobs are judged by five slow reviewers, for a test and for a benchmark."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import RawClient
from tests.support.real_server import MODELS, ScriptedModels, events, fenced, forge, row, settings, verdict
from tests.support.scripted_http import Script

__all__ = ["MEMBERS", "TEXT", "house", "sitting"]

MEMBERS = {"ann": "patterns", "ben": "architecture", "cleo": "quality", "dan": "security", "eve": "logic"}
"""Who sits in the panel, and what each looks at."""
TEXT = 'def is_even(number: int) -> bool:\n    """Whether it divides by two."""\n    ...\n'


@contextlib.asynccontextmanager
async def house(folder: Path, *, seconds: float) -> AsyncIterator[tuple[RawClient, FakeOllama]]:
    """The server's client, and the model server, where each review takes ``seconds`` and as many run as are asked."""
    code = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
    scripted = ScriptedModels(
        {"generate": Script.say(fenced(code)), "review": Script.say(verdict(9), first=seconds, size=200)}
    )
    names = [f"{member}:8b" for member in MEMBERS]
    async with FakeOllama(answer=scripted, models=[*MODELS.values(), *names]) as ollama:
        values = settings(
            ollama.url,
            row(1, panel=[*MEMBERS]),
            parallel=len(MEMBERS),
            models={member: {"server": "gpu0", "name": f"{member}:8b"} for member in MEMBERS},
            reviewers={member: {"aspect": aspect, "weight": 0.2} for member, aspect in MEMBERS.items()},
        )
        async with forge(folder, values) as client:
            yield client, ollama


def sitting(client: RawClient, job: str) -> tuple[float, float]:
    """How long a job's review took as a whole, and its slowest call, in seconds, as its events tell."""
    (stage,) = [event for event in events(client, "stage.finished", job=job) if event["stage"] == "review"]
    calls = [event["seconds"] for event in events(client, "call.finished", job=job) if event["stage"] == "review"]
    return stage["seconds"], max(calls)
