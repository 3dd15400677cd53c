"""A wire with everything around it that keeps one bad server from hurting a job: the ensemble's ``ChatModel``.

One :class:`~forge_lsp.models.slots.ServerSlots` a server, one :class:`GuardedModel` a model.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, replace

from forge_lsp.core.errors import (
    BrokenStream,
    DeadlineExceeded,
    ModelError,
    ServerBusy,
    ServerUnreachable,
)
from forge_lsp.core.futures import retrieve_exception
from forge_lsp.core.ports import ChatReply, ChatRequest, ModelInfo, Timing
from forge_lsp.models.answer import StreamedAnswer, total_usage
from forge_lsp.models.slots import ServerSlots
from forge_lsp.models.wire import Busy, Deadlines, Unloads, Wire

__all__ = ["GuardedModel"]


@dataclass(eq=False)
class GuardedModel:
    """One model with its deadlines, its queue, its retries and its circuit breakers.

    A call takes a place of its server, loads the model if need be, and streams. Where the wire cannot answer several
    samples in one request, they are calls of their own, as many at once as the server takes; a sample that fails is
    left out as long as another succeeds. ``sleep`` and the clock of ``slots`` are for tests.
    """

    wire: Wire
    """The bare wire, for what is not a call: status and pull."""
    _: KW_ONLY
    slots: ServerSlots
    deadlines: Deadlines
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        self._clock = self.slots.clock
        # A model too slow for its deadlines must not close the way to the others on its server.
        self._slowness = self.slots.new_breaker()
        self._loading: asyncio.Task[float] | None = None

    @property
    def info(self) -> ModelInfo:
        return self.wire.info

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See :meth:`forge_lsp.core.ports.ChatModel.complete`.

        ``completions`` is shorter than ``request.samples`` when some samples failed; it is never empty.
        """
        if request.samples <= 1 or self.wire.batches:
            return await self._call(request)
        started = self._clock()
        singles = [
            replace(request, samples=1, seed=None if request.seed is None else request.seed + offset)
            for offset in range(request.samples)
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._settled(single)) for single in singles]
        results = [task.result() for task in tasks]
        replies = [result for result in results if isinstance(result, ChatReply)]
        if not replies:
            raise next(result for result in results if isinstance(result, ModelError))
        return _together(replies, seconds=self._clock() - started)

    async def load(self) -> float:
        """Bring the model into memory, or join a load that is under way; seconds it took. A cancel ends the waiting,
        not the load. Raises ModelError."""
        self._refuse_if_open()
        return await self._load()

    async def unload(self) -> None:
        """Take the model out of memory, where its server can. Raises ModelError."""
        if isinstance(self.wire, Unloads):
            await self.wire.unload()

    async def aclose(self) -> None:
        """Stop a load that is under way and close the wire."""
        loading, self._loading = self._loading, None
        if loading is not None and not loading.done():
            loading.cancel()
            await asyncio.wait([loading])
        await self.wire.aclose()

    # -------------------------------------------------------------- one call

    async def _settled(self, request: ChatRequest) -> ChatReply | ModelError:
        try:
            return await self._call(request)
        except ModelError as error:
            return error

    async def _call(self, request: ChatRequest) -> ChatReply:
        entered = self._clock()
        self._refuse_if_open()
        async with self.slots.places.place(job=request.job, model=self.info.name):
            queue = self._clock() - entered
            # Those ahead in the queue may have found the server dead meanwhile.
            self._refuse_if_open()
            breakers = (self.slots.breaker, self._slowness)
            trials = [breaker for breaker in breakers if breaker.enter()]
            try:
                load = await self._load()
                reply = await self._ask_patiently(request)
            except ServerUnreachable as error:
                self.slots.breaker.failed(error)
                raise
            except DeadlineExceeded as error:
                # Too slow, but there.
                self.slots.breaker.succeeded()
                self._slowness.failed(error)
                raise
            except ModelError:
                # It answered, if only to say no.
                for breaker in breakers:
                    breaker.succeeded()
                raise
            else:
                for breaker in breakers:
                    breaker.succeeded()
            finally:
                for breaker in trials:
                    breaker.left()
        timing = replace(reply.timing, queue=queue, load=load + reply.timing.load, total=self._clock() - entered)
        return replace(reply, timing=timing)

    def _refuse_if_open(self) -> None:
        for breaker in (self.slots.breaker, self._slowness):
            error = breaker.refusal()
            if isinstance(error, DeadlineExceeded):
                raise DeadlineExceeded(
                    f"{error} It is not asked again for some seconds.", deadline=error.deadline, remedy=error.remedy
                )
            if error is not None:
                raise ServerUnreachable(f"{error} It is not asked again for some seconds.", remedy=error.remedy)

    # -------------------------------------------------------------- loading

    async def _load(self) -> float:
        """Seconds spent until the model was in memory."""
        started = self._clock()
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._run_load(), name=f"load {self.info.key}")
            self._loading.add_done_callback(retrieve_exception)
        loading = self._loading
        try:
            # Closing the connection of a load aborts the load for everyone: a cancel ends the waiting alone.
            await asyncio.shield(loading)
        except asyncio.CancelledError:
            if loading.cancelled() and not _being_cancelled():
                raise BrokenStream(f"The load of {self.info.name} was given up.") from None
            raise
        return self._clock() - started

    async def _run_load(self) -> float:
        limit = self.deadlines.load
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                await self.wire.load()
        except TimeoutError:
            if not deadline.expired():
                raise
            raise DeadlineExceeded(f"{self.info.name} was not loaded within {limit:g} s.", deadline="load") from None
        return self._clock()

    # -------------------------------------------------------------- asking

    async def _ask_patiently(self, request: ChatRequest) -> ChatReply:
        policy = self.slots.policy
        end = self._clock() + self.deadlines.total
        for retry in range(policy.busy_retries + 1):
            try:
                answer = StreamedAnswer(self.wire, request, deadlines=self.deadlines, clock=self._clock)
                return await answer.whole(end)
            except Busy as busy:
                said = busy.retry_after
                wait = policy.backoff * 2**retry * (1 + 0.25 * self.jitter()) if said is None else said
                if retry == policy.busy_retries or self._clock() + wait >= end:
                    raise ServerBusy(str(busy), remedy=busy.remedy) from busy
                await self.sleep(wait)
        raise AssertionError("the last retry returns or raises")


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _together(replies: list[ChatReply], *, seconds: float) -> ChatReply:
    """Calls that ran side by side, as one."""
    return ChatReply(
        completions=tuple(completion for reply in replies for completion in reply.completions),
        usage=total_usage([reply.usage for reply in replies]),
        timing=Timing(
            queue=min(reply.timing.queue for reply in replies),
            load=max(reply.timing.load for reply in replies),
            first_token=min(reply.timing.first_token for reply in replies),
            total=seconds,
        ),
        in_words=any(reply.in_words for reply in replies),
    )
