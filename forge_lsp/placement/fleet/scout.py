"""A server for a moment, to ask what the models are made of before the fleet is planned."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from forge_lsp.placement import ollama_api
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.server import ServerProcess, environment, free_port, launch, words_of
from forge_lsp.placement.fleet.state import FleetSpec, ServerSpec

__all__ = ["scout"]

_READY = 20.0
"""Seconds until it answers."""


@asynccontextmanager
async def scout(program: str, models: str | None, log: Path) -> AsyncGenerator[str | None, None]:
    """Its URL, None where none comes up: the plan is then made by the names of the models. It loads nothing, and
    ends with this process, however that ends."""
    port = free_port(None)
    fleet = FleetSpec(program=program, models=models, servers=())
    env = environment(ServerSpec(key="scout"), fleet, port, os.environ) | {"CUDA_VISIBLE_DEVICES": "-1"}
    try:
        child = await launch(program, env, log, leashed=True)
    except OSError:
        yield None
        return
    try:
        await child.release()
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + _READY
        found = None
        while time.monotonic() < end and processes.is_alive(child.pid, child.start):
            found = await ollama_api.version(url)
            if found is not None:
                break
            await asyncio.sleep(0.05)
        yield url if found is not None else None
    finally:
        await asyncio.shield(_end(child, program))


async def _end(child: ServerProcess, program: str) -> None:
    await child.close_input()
    await processes.end(child.pid, child.start, words=words_of(program), patience=5.0)
