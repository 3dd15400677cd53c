"""What real Ollama servers have in memory, looked at again and again while a job runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Sample", "Watch", "loaded"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was in memory at a time: names by server."""

    at: float
    loaded: Mapping[str, frozenset[str]]


@dataclass(slots=True)
class Watch:
    """Looks at `/api/ps` of all servers again and again."""

    urls: Mapping[str, str]
    samples: list[Sample] = field(default_factory=list[Sample])

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task  # a look that failed is told here

    async def _run(self) -> None:
        while True:
            self.samples.append(await asyncio.to_thread(self._look))
            await asyncio.sleep(0.02)

    def _look(self) -> Sample:
        return Sample(at=time.time(), loaded={key: loaded(url) for key, url in self.urls.items()})


def loaded(url: str) -> frozenset[str]:
    """The names of the models in a server's memory."""
    with urllib.request.urlopen(url + "/api/ps", timeout=10) as answer:
        return frozenset(row["name"] for row in json.loads(answer.read())["models"])
