"""What the tests of the models room share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from forge_lsp.core.ports import ChatRequest, Message, Role
from forge_lsp.models.directory import Directory
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.slots import RetryPolicy
from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind
from tests.support.scripted_http import Exchange, ScriptedServer

VERDICT = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "maxLength": 60},
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
    },
    "required": ["reasoning", "score"],
}
CANCEL = 0.2
"""Seconds within which a cancel must have closed a connection."""


def ask(text: str = "hi", **more: object) -> ChatRequest:
    """A small request with a shared part and a part of its own."""
    messages = (Message(role=Role.USER, text="Here is a task.", cache=True), Message(role=Role.USER, text=text))
    return ChatRequest(system="Be brief.", messages=messages, **{"max_tokens": 60, **more})  # type: ignore[arg-type]


@asynccontextmanager
async def model_on(
    kind: ServerKind,
    url: str,
    name: str,
    *,
    context: int = 2048,
    parallel: int = 1,
    deadlines: Deadlines | None = None,
    environ: Mapping[str, str] | None = None,
    key_env: str | None = None,
    batches: bool = False,
) -> AsyncIterator[tuple[GuardedModel, Directory]]:
    """One model, its directory closed afterwards."""
    server = ServerConfig(key="s", kind=kind, url=url, parallel=parallel, key_env=key_env, batches=batches)
    directory = Directory(
        servers=[server],
        models=[ModelConfig(key="m", server="s", name=name, context=context)],
        deadlines=deadlines or Deadlines(),
        policy=RetryPolicy(backoff=0.02),
        environ={"ANTHROPIC_API_KEY": "sk-test-1234"} if environ is None else environ,
    )
    try:
        yield directory.get("m"), directory
    finally:
        await directory.aclose()


async def hung_up_within(server: ScriptedServer, exchange: Exchange, since: float) -> float:
    """Seconds from ``since`` until the server saw the client hang up on ``exchange``."""
    await server.until(lambda: exchange.hung_up is not None or exchange.ended is not None)
    assert exchange.hung_up is not None, "the answer was completed, not hung up on"
    return exchange.hung_up - since


def now() -> float:
    """The clock of the exchanges."""
    return time.monotonic()
