"""Calls for the same key share one run of the work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from forge_lsp.core.futures import retrieve_exception

__all__ = ["SingleFlight"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Runs ``work`` for a key. Calls for one key share the work that *begins* after them: never one that
    is under way, which may have read a file before the caller wrote it. So however many ask, the work is done one
    after the other, once for all who came meanwhile.

    Raises what ``work`` raises, to all who share it. A cancelled call leaves the work to the others.
    """

    def __init__(self, work: Callable[[K], Awaitable[V]]) -> None:
        self._work = work
        self._next: dict[K, asyncio.Task[V]] = {}
        self._begun: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, key: K) -> V:
        """The answer, as it was at some time after this call."""
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._answer(key, self._begun.get(key)))
            task.add_done_callback(retrieve_exception)
        return await asyncio.shield(task)

    async def _answer(self, key: K, before: asyncio.Task[V] | None) -> V:
        own = self._next[key]
        try:
            if before is not None:
                await asyncio.wait({before})
        finally:
            del self._next[key]
        self._begun[key] = own
        try:
            return await self._work(key)
        finally:
            del self._begun[key]
