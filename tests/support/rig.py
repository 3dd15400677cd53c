"""The three-gpu profile on scripted servers: three Ollamas, one Messages endpoint, every answer after a time that is
known, and the critical path of those times.

    delays = Delays(seed=1)
    async with rig(tmp_path, delays, score=7) as built, forge(tmp_path, built.values, env=KEY) as client:
        outcome = await generate(client, uri)
        critical_path(built.calls)
"""

from __future__ import annotations

import contextlib
import random
import re
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import fenced, part_of, prompt, verdict
from tests.support.scripted_http import Script

__all__ = ["CODE", "KEY", "TEXT", "Called", "Rig", "critical_path", "delays", "peak", "rig"]

KEY = {"ANTHROPIC_API_KEY": "sk-ant-test"}
TEXT = 'def is_even(number: int) -> bool:\n    """Whether it divides by two."""\n    ...\n'
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
AT_ONCE = frozenset({"propose", "vote", "review", "second look"})
"""The parts that are asked of all models together; any other waits for the one before."""
_PLAN = re.compile(r"## Plan ([A-Z])\s+`{3,}text\s+(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call as the server saw it: ``seconds`` is how long it was told to take."""

    part: str
    model: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """``values`` are the settings; ``servers`` the local ones by key; ``calls`` grows as calls come."""

    values: Mapping[str, object]
    servers: Mapping[str, FakeOllama]
    claude: MessagesServer
    calls: list[Called] = field(default_factory=list[Called])


def delays(seed: int, shortest: float = 0.2, longest: float = 2.0) -> Callable[[], float]:
    """Seconds between two bounds, the same ones for the same seed."""
    chance = random.Random(seed)
    return lambda: round(chance.uniform(shortest, longest), 3)


def profile(name: str = "three-gpu") -> dict[str, Any]:
    """A profile of the package, as its table."""
    return tomllib.loads(resources.files("forge_lsp.config.profiles").joinpath(f"{name}.toml").read_text("utf-8"))


@contextlib.asynccontextmanager
async def rig(
    delay: Callable[[], float],
    *,
    score: float,
    schedule: Sequence[Mapping[str, object]] | None = None,
    parallel: int = 8,
) -> AsyncIterator[Rig]:
    """Servers where every call takes ``delay()``. All reviewers say ``score``, all voters choose gemma3's plan.

    ``schedule`` in the place of the profile's; ``parallel`` calls at once on every server, so that the critical path
    is that of the stages alone.
    """
    table = profile()
    calls: list[Called] = []
    names = {model["name"]: key for key, model in table["models"].items()}

    def answer(body: dict[str, Any]) -> Script:
        part, key, seconds = part_of(body), names[body["model"]], delay()
        calls.append(Called(part=part, model=key, seconds=seconds))
        return Script.say(_words(part, key, body, score), first=seconds, size=400)

    async with contextlib.AsyncExitStack() as stack:
        local: dict[str, FakeOllama] = {}
        for server in ("gpu0", "gpu1", "gpu2"):
            installed = [model["name"] for model in table["models"].values() if model["server"] == server]
            local[server] = await stack.enter_async_context(FakeOllama(answer=answer, models=installed))
        claude = await stack.enter_async_context(MessagesServer(answer=answer, key=KEY["ANTHROPIC_API_KEY"]))
        urls = {**{key: server.url for key, server in local.items()}, "claude": claude.url}
        values: dict[str, object] = {
            "profile": "three-gpu",
            "servers": {key: {"url": url, "parallel": parallel} for key, url in urls.items()},
            "prices": {key: {"input": 1.0, "output": 1.0} for key in ("sonnet", "opus")},
            "consent": {"servers": ["claude"]},
            "budget": {"job": 50.0, "day": 500.0, "month": 5000.0},
            **({"schedule": list(schedule)} if schedule else {}),
        }
        yield Rig(values=values, servers=local, claude=claude, calls=calls)


def _words(part: str, key: str, body: Mapping[str, Any], score: float) -> str:
    match part:
        case "generate":
            return fenced(CODE)
        case "review" | "second look":
            return verdict(score, "Say more.")
        case "vote":
            plans = {text.strip(): letter for letter, text in _PLAN.findall(prompt(body))}
            chosen = next((letter for text, letter in plans.items() if "gemma3" in text), "A")
            return f'{{"reason": "It is the simplest.", "vote": "{chosen}"}}'
        case _:
            return f"The plan of {key}: the remainder by two tells it."


def critical_path(calls: Sequence[Called]) -> float:
    """Seconds of the longest chain: calls that are asked together count as their slowest, others one after another."""
    total = 0.0
    together: dict[str, float] = {}
    part = ""
    for call in calls:
        if call.part != part or call.part not in AT_ONCE or call.model in together:
            total += max(together.values(), default=0.0)
            together, part = {}, call.part
        together[call.model] = call.seconds
    return total + max(together.values(), default=0.0)


def peak(servers: Sequence[FakeOllama], part: str) -> int:
    """The most calls of one part that were being answered at one time, over all servers."""
    spans = [(call.started, call.ended) for server in servers for call in server.chats if part_of(call.body) == part]
    assert all(end is not None for _, end in spans)
    return max(sum(start <= at < (end or at) for start, end in spans) for at, _ in spans)
