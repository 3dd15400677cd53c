"""The memory of one GPU: which models are loaded, which are in use, and how missing ones are loaded.

Loads and unloads run one after the other. To load models, others may have to be unloaded: first those that the plan
does not want here now, idle ones before busy ones. A busy model is waited for, never evicted. Models are loaded in the
order in which Ollama evicts nothing by itself (rig.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from forge_lsp.core.errors import ModelError
from forge_lsp.placement.claims import Claims
from forge_lsp.placement.moves import MemoryState, Moves, ResidentModel, Swap
from forge_lsp.placement.plan import GIB, Device, Plan

__all__ = ["DeviceServer", "GpuMemoryManager", "ModelLoader"]

T = TypeVar("T")

_POLL = 0.05
"""Seconds between two looks at what a server has in memory."""
_GONE = 30.0
"""Seconds after which the manager no longer waits for a model to leave memory."""


class ModelLoader(Protocol):
    """Loads and unloads models by settings key, as the directory of models does. Both methods raise ModelError."""

    async def load(self, key: str) -> float: ...
    async def unload(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceServer:
    """The server of a device.

    ``names`` maps settings keys to the server's names of models. ``look`` returns what it has in memory (None: it does
    not answer), ``free`` the GPU's free bytes (None: unknown). ``measured`` is called with what a model really took, in
    memory and in seconds of loading.
    """

    names: Mapping[str, str]
    look: Callable[[], Awaitable[Sequence[ResidentModel] | None]]
    free: Callable[[], Awaitable[int | None]]
    measured: Callable[[str, ResidentModel, float], Awaitable[None]]


class GpuMemoryManager:
    """Loads and unloads the models of one device. ``timeout`` bounds, in seconds, the wait for other processes."""

    def __init__(
        self, device: Device, plan: Plan, server: DeviceServer, *, loader: ModelLoader, claims: Claims, timeout: float
    ) -> None:
        self._device = device
        self._server = server
        self._loader = loader
        self._claims = claims
        self._timeout = timeout
        self._moves = Moves(device, plan, server.names)
        self._held: Counter[str] = Counter()
        self._leaving: set[str] = set()
        self._loading: str | None = None
        self._moving = asyncio.Lock()
        self._released = asyncio.Condition()
        self._releases = 0
        self._upcoming: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        self._ahead: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def hold(
        self, stack: AsyncExitStack, needed: Sequence[str], aim: Sequence[str], *, timeout: float
    ) -> list[str]:
        """Load ``needed`` and keep it loaded until ``stack`` is closed. Return remarks for the user.

        ``aim`` is what the plan has in memory at this stage. After ``timeout`` seconds the wait ends with a remark.
        """
        if await self._there(needed):
            async with AsyncExitStack() as claimed:
                await self._claim(claimed, needed)
                # Another process may have moved one out between the look and the claim.
                if await self._there(needed):
                    stack.push_async_exit(claimed.pop_all())
                    return []
        taking = self._begin(self._take(needed, aim, given_up := asyncio.Event()))
        try:
            async with asyncio.timeout(timeout):
                # What is under way is not stopped halfway: a cancel ends the waiting alone.
                claims, remarks = await asyncio.shield(taking)
        except ModelError:
            return []  # the call itself will say what is wrong with the server
        except (TimeoutError, asyncio.CancelledError) as error:
            given_up.set()
            self._begin(self._discard(taking))
            if isinstance(error, asyncio.CancelledError):
                raise
            if self._loading is not None:
                return [f"{', '.join(needed)}: {self._loading} is still being loaded after {timeout:g} s"]
            return [f"{', '.join(needed)}: the GPU's memory was not free within {timeout:g} s"]
        stack.push_async_exit(claims)
        return remarks

    def foresee(self, needed: Sequence[str], aim: Sequence[str]) -> None:
        """Load ahead what the next stage needs, and what else the plan has here, once the models to unload are idle.

        Replaces what was asked for before.
        """
        self._upcoming = (tuple(needed), tuple(aim))
        self._releases += 1  # makes the waiting task look again
        if self._ahead is None or self._ahead.done():
            self._ahead = self._begin(self._work_ahead())
        else:
            self._begin(self._notify())

    async def aclose(self) -> None:
        """Stop loading ahead. The server finishes a load that is under way."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=f"models of {self._device.uuid}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits gets it; a failure ahead of time is reported when the model is needed

    async def _take(
        self, needed: Sequence[str], aim: Sequence[str], given_up: asyncio.Event
    ) -> tuple[AsyncExitStack, list[str]]:
        """Return claims on ``needed`` once it is loaded, and remarks for the user."""
        async with AsyncExitStack() as claims:
            async with self._moving, self._claims.move(self._device.uuid, timeout=self._timeout):
                remarks: list[str] = []
                if not given_up.is_set():
                    await self._claim(claims, needed)
                    remarks = await self._bring(needed, aim, given_up)
            return claims.pop_all(), remarks

    async def _discard(self, taking: asyncio.Task[tuple[AsyncExitStack, list[str]]]) -> None:
        """Release the claims of a caller that has given up."""
        await self._notify()
        with contextlib.suppress(ModelError):
            claims, _ = await taking
            await claims.aclose()

    async def _work_ahead(self) -> None:
        while (upcoming := self._upcoming) is not None:
            releases = self._releases
            async with self._moving, self._claims.move(self._device.uuid, timeout=self._timeout):
                seen = await self._seen()
                if seen is None:
                    return
                change = self._moves.change(*upcoming, seen, self._held) or self._moves.extras(upcoming[1], seen)
                if change is None:
                    return
                if not any(self._held[key] for key in change.gone):
                    if await self._carry_out(change, seen, patience=0.0):
                        return  # in use elsewhere, or short of memory: the stage itself waits and reports it
                    continue
            async with self._released:
                await self._released.wait_for(lambda: self._releases != releases)  # noqa: B023 - awaited at once

    # -------------------------------------------------------------- looking

    async def _there(self, needed: Sequence[str]) -> bool:
        seen = await self._seen()
        return seen is None or (set(needed) <= seen.ours.keys() and not self._leaving & set(needed))

    async def _seen(self) -> MemoryState | None:
        rows, now = await asyncio.gather(self._server.look(), self._server.free())
        return None if rows is None else self._moves.seen(rows, now)

    async def _claim(self, stack: AsyncExitStack, needed: Sequence[str]) -> None:
        for key in needed:
            await stack.enter_async_context(self._claims.use(self._device.uuid, key, timeout=self._timeout))
            self._held[key] += 1
            stack.push_async_callback(self._release, key)

    async def _release(self, key: str) -> None:
        self._held[key] -= 1
        self._releases += 1
        await self._notify()

    async def _notify(self) -> None:
        async with self._released:
            self._released.notify_all()

    # -------------------------------------------------------------- moving

    async def _bring(self, needed: Sequence[str], aim: Sequence[str], given_up: asyncio.Event) -> list[str]:
        seen = await self._seen()
        change = None if seen is None else self._moves.change(needed, aim, seen, self._held)
        if seen is None or change is None:
            return []
        self._leaving |= set(change.gone)
        try:
            # ``needed`` is held by this call itself.
            mine = Counter(needed)
            async with self._released:
                await self._released.wait_for(
                    lambda: given_up.is_set() or all(self._held[key] <= mine[key] for key in change.gone)
                )
            return [] if given_up.is_set() else await self._carry_out(change, seen, patience=self._timeout)
        finally:
            self._leaving -= set(change.gone)

    async def _carry_out(self, change: Swap, seen: MemoryState, *, patience: float) -> list[str]:
        self._leaving |= set(change.gone)
        try:
            async with AsyncExitStack() as taken:
                for key in change.gone:
                    if key not in change.order and not await taken.enter_async_context(
                        self._claims.take_out(self._device.uuid, key, timeout=patience)
                    ):
                        return [f"{', '.join(change.order)}: {key} is in use by another program"]
                await self._unload(change.gone)
            remarks: list[str | None] = []
            for key in change.order:
                self._loading = key
                remarks.append(await self._load(key, seen.lost))
            return [remark for remark in remarks if remark is not None]
        finally:
            self._loading = None
            self._leaving -= set(change.gone)

    async def _unload(self, gone: Sequence[str]) -> None:
        """Unload models and wait until they have left memory: the server answers before that."""
        if not gone:
            return
        await asyncio.gather(*(self._loader.unload(key) for key in gone))
        end = time.monotonic() + _GONE
        while time.monotonic() < end:
            seen = await self._seen()
            if seen is None or not set(gone) & seen.ours.keys():
                return
            await asyncio.sleep(_POLL)

    async def _load(self, key: str, lost: int) -> str | None:
        seconds = await self._loader.load(key)
        row = await self._row(key)
        if row is not None and self._spilled(row):
            # What took the memory may be gone by now: one more load is cheap beside a job on the CPU.
            await self._unload((key,))
            seconds = await self._loader.load(key)
            row = await self._row(key)
        if row is None:
            return None
        if self._spilled(row):
            spilled = f"{(row.size - row.size_vram) / GIB:.1f} of {row.size / GIB:.1f} GiB"
            why = f": {lost / GIB:.1f} GiB of {self._device.name} are taken by another program" if lost else ""
            return f"{key} is partly on the CPU ({spilled}), which is slow{why}"
        await self._server.measured(key, row, seconds)
        return None

    def _spilled(self, row: ResidentModel) -> bool:
        # On a CPU all of it is, and that is no spill.
        return self._device.kind != "cpu" and row.size_vram < row.size

    async def _row(self, key: str) -> ResidentModel | None:
        seen = await self._seen()
        return None if seen is None else seen.ours.get(key)
