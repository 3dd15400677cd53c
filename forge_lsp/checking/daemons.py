"""Programs that are kept running: one a language and workspace, shared by all jobs, started when first asked for.

A start goes on in the background when nobody waits for it any longer. One that dies is started again, a few times; one
that nobody asks for minutes is stopped; of too many the one that was idle for longest goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from forge_lsp.core.errors import ForgeError

__all__ = ["Daemon", "DaemonLimits", "Daemons"]


class Daemon(Protocol):
    """A checker that runs."""

    @property
    def alive(self) -> bool:
        """False where it died or can no longer be trusted to answer."""
        ...

    async def aclose(self) -> None:
        """Kill it and all that it started."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonLimits:
    """Seconds. ``patience``: how long a question waits for a start. ``answer``: how long one answer may take; a checker
    that takes longer is ended. ``look``: how long all answers of one look may take. ``idle``: after that long without a
    question it is stopped. ``starts`` in ``window``: a checker that fails more often is left alone until the window has
    passed. ``most``: how many run at once."""

    patience: float = 2.0
    answer: float = 5.0
    look: float = 15.0
    idle: float = 300.0
    starts: int = 3
    window: float = 600.0
    most: int = 8


D = TypeVar("D", bound=Daemon)


@dataclass(slots=True)
class _Slot(Generic[D]):
    """The place of one daemon."""

    starting: asyncio.Task[D] | None = None
    started: list[float] = field(default_factory=list[float])
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    idle: asyncio.TimerHandle | None = None


class Daemons(Generic[D]):
    """The running checkers by key. Lives in one event loop; ends with :meth:`aclose`."""

    def __init__(self, keeping: DaemonLimits | None = None) -> None:
        self._keeping = keeping or DaemonLimits()
        self._slots: OrderedDict[Hashable, _Slot[D]] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        """How many are there, starting ones included."""
        return sum(slot.starting is not None for slot in self._slots.values())

    @asynccontextmanager
    async def use(self, key: Hashable, start: Callable[[], Awaitable[D]]) -> AsyncGenerator[D | None]:
        """Yield the daemon of ``key`` for one question, nobody else asking it meanwhile; None where it is not there in
        time.

        One that is no longer alive, or did not answer in time, is ended; a cancel alone ends none.
        """
        slot = self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        async with slot.turn:
            daemon = await self._ready(slot, start)
            if daemon is None:
                yield None
                return
            if slot.idle is not None:
                slot.idle.cancel()
            self._evict(slot)
            try:
                yield daemon
            except BaseException as error:
                if not daemon.alive or not isinstance(error, asyncio.CancelledError):
                    self._end(slot)
                raise
            if not daemon.alive:
                self._end(slot)
            else:
                loop = asyncio.get_running_loop()
                slot.idle = loop.call_later(self._keeping.idle, self._rest, slot)

    async def aclose(self) -> None:
        """End all of them, and those that are starting."""
        self._closed = True
        for slot in self._slots.values():
            self._end(slot)
        while self._ending:
            await asyncio.wait(self._ending)

    async def _ready(self, slot: _Slot[D], start: Callable[[], Awaitable[D]]) -> D | None:
        if slot.starting is not None and slot.starting.done() and not _works(slot.starting):
            self._end(slot)
        if slot.starting is None:
            now = time.monotonic()
            slot.started = [at for at in slot.started if now - at < self._keeping.window]
            if self._closed or len(slot.started) >= self._keeping.starts:
                return None
            slot.started.append(now)
            slot.starting = asyncio.get_running_loop().create_task(_started(start))
        await asyncio.wait([slot.starting], timeout=self._keeping.patience)
        if not slot.starting.done() or not _works(slot.starting):
            return None
        return slot.starting.result()

    def _evict(self, kept: _Slot[D]) -> None:
        running = [slot for slot in self._slots.values() if slot.starting is not None]
        for slot in running[: max(0, len(running) - self._keeping.most)]:
            if slot is not kept and not slot.turn.locked():
                self._end(slot)

    def _rest(self, slot: _Slot[D]) -> None:
        self._end(slot)
        slot.started.clear()

    def _end(self, slot: _Slot[D]) -> None:
        """Take a daemon from its slot; it is killed in the background, and awaited by :meth:`aclose`."""
        if slot.idle is not None:
            slot.idle.cancel()
            slot.idle = None
        starting, slot.starting = slot.starting, None
        if starting is None:
            return
        task = asyncio.ensure_future(_ended(starting))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _started(start: Callable[[], Awaitable[D]]) -> D:
    return await start()


def _works(starting: asyncio.Task[D]) -> bool:
    return not starting.cancelled() and starting.exception() is None and starting.result().alive


async def _ended(starting: asyncio.Task[D]) -> None:
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError, ForgeError, OSError):
        await (await starting).aclose()
