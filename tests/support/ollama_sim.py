"""The memory rules of Ollama's scheduler, for what a machine without a GPU cannot show.

:class:`Scheduler` is the rules alone, without time; :class:`TimedServer` adds it, in asyncio. Rules (Ollama about 0.33,
``server/sched.go``; ../shared/GPU-AND-OLLAMA.md):

- A model that is loaded is used at once. Any other is loaded, one at a time on a server.
- As many models as OLLAMA_MAX_LOADED_MODELS: one has to go first.
- The first model on a server is loaded whatever is predicted. Any other goes in where its predicted bytes are at most
  80% of what is free; else one model has to go, and the question is asked again.
- Who goes: of the idle ones, those with an end to their keep-alive before those kept for ever (-1), the least recently
  used first. Where none is idle, the load waits until one is; a model in use is never taken away.
- What a load really takes is another number. What does not fit is put on the CPU, silently: ``size_vram < size``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Event", "Loaded", "Scheduler", "SimModel", "TimedServer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimModel:
    """A model as the scheduler sees it: ``predicted`` before the load, ``size`` after it, in bytes."""

    name: str
    predicted: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened: ``load`` or ``unload`` (asked for), ``evict`` (taken away to make room), ``spill``."""

    kind: str
    model: str


@dataclass(slots=True)
class Loaded:
    """A resident model. ``forever``: keep_alive -1; ``users``: calls in progress; ``used``: when last, by a count."""

    model: SimModel
    vram: int
    forever: bool
    users: int = 0
    used: int = 0


@dataclass(slots=True)
class Scheduler:
    """One server. ``free``: bytes of its GPU that loads may take, with nothing loaded."""

    models: Mapping[str, SimModel]
    free: int
    max_loaded: int
    loaded: dict[str, Loaded] = field(default_factory=dict[str, Loaded])
    events: list[Event] = field(default_factory=list[Event])
    _count: int = 0

    @property
    def available(self) -> int:
        """Bytes that are free now."""
        return self.free - sum(one.vram for one in self.loaded.values())

    def start(self, name: str, *, forever: bool = True) -> bool:
        """A call begins, or a load is asked for by a call of no length. False: it waits until something is idle;
        ask again then."""
        if name not in self.loaded:
            while (victim := self._in_the_way(self.models[name])) is not None:
                if victim.users:
                    return False
                self._remove(victim.model.name, "evict")
            self._load(name, forever)
        one = self.loaded[name]
        self._count += 1
        one.users, one.used, one.forever = one.users + 1, self._count, forever
        return True

    def end(self, name: str) -> None:
        """A call is over."""
        self.loaded[name].users -= 1

    def unload(self, name: str) -> bool:
        """keep_alive 0. False: it is in use, ask again; what is not loaded is no matter."""
        if name in self.loaded:
            if self.loaded[name].users:
                return False
            self._remove(name, "unload")
        return True

    def ps(self) -> list[dict[str, object]]:
        """As `/api/ps` tells it."""
        return [
            {"name": name, "size": one.model.size, "size_vram": one.vram} for name, one in sorted(self.loaded.items())
        ]

    def count(self, kind: str) -> int:
        """How many events of a kind there were."""
        return sum(event.kind == kind for event in self.events)

    def _in_the_way(self, model: SimModel) -> Loaded | None:
        full = len(self.loaded) >= self.max_loaded
        if not self.loaded or not (full or model.predicted > 0.8 * self.available):
            return None
        # the busy sort last: if the first is busy, all are
        return min(self.loaded.values(), key=lambda one: (one.users > 0, one.forever, one.used))

    def _load(self, name: str, forever: bool) -> None:
        model = self.models[name]
        vram = min(model.size, max(0, self.available))
        self.loaded[name] = Loaded(model=model, vram=vram, forever=forever)
        self.events.append(Event(kind="load", model=name))
        if vram < model.size:
            self.events.append(Event(kind="spill", model=name))

    def _remove(self, name: str, kind: str) -> None:
        del self.loaded[name]
        self.events.append(Event(kind=kind, model=name))


class TimedServer:
    """The rules with time: loads take ``bytes / bandwidth``, memory is free ``unload`` seconds after it was given up;
    ``scale`` shortens every second (0.01: a hundred times as fast)."""

    def __init__(
        self, scheduler: Scheduler, *, bandwidth: float = 2e9, unload: float = 1.0, scale: float = 0.01
    ) -> None:
        self.scheduler = scheduler
        self._bandwidth, self._unload, self._scale = bandwidth, unload, scale
        self._loading = asyncio.Lock()
        self._changed = asyncio.Condition()

    async def load(self, name: str, *, forever: bool = True) -> None:
        """Bring a model in, as a chat without messages does."""
        async with self.use(name, forever=forever):
            pass

    @contextlib.asynccontextmanager
    async def use(self, name: str, *, forever: bool = True) -> AsyncIterator[None]:
        """A call, as long as the context lasts; the model is loaded first where it is not."""
        await self._begin(name, forever)
        try:
            yield
        finally:
            self.scheduler.end(name)
            async with self._changed:
                self._changed.notify_all()

    async def _begin(self, name: str, forever: bool) -> None:
        if name in self.scheduler.loaded and not self._loading.locked():
            self.scheduler.start(name, forever=forever)
            return
        async with self._loading:
            before = set(self.scheduler.loaded)
            async with self._changed:
                await self._changed.wait_for(lambda: self.scheduler.start(name, forever=forever))
            if name not in before:
                gone = self._unload if before - set(self.scheduler.loaded) else 0.0
                await self.wait(gone + self.scheduler.models[name].size / self._bandwidth)

    async def unload(self, name: str) -> None:
        """Give a model up; its memory is free when this returns."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.scheduler.unload(name))
            self._changed.notify_all()
        await self.wait(self._unload)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds * self._scale)
