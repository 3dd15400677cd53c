"""A wire with everything around it that keeps one bad server from hurting a job: the ensemble's ``ChatModel``.

One :class:`Gate` a server (its free places, its circuit breaker), one :class:`GuardedModel` a model.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from forge_lsp.domain.errors import (
    BrokenStream,
    DeadlineExceeded,
    ModelError,
    ModelFault,
    Rambling,
    ServerBusy,
    ServerUnreachable,
)
from forge_lsp.domain.ports import ChatReply, ChatRequest, Completion, FinishReason, ModelInfo, Timing, Usage
from forge_lsp.models.breaker import Breaker
from forge_lsp.models.prompt import estimated_input_tokens
from forge_lsp.models.rambling import RamblingWatch
from forge_lsp.models.wire import Busy, Chunk, Deadlines, Finished, TextDelta, Wire

__all__ = ["Gate", "GuardedModel", "Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often to try again, and when to stop trying.

    A busy server is asked ``busy_retries`` more times, after what it said in ``Retry-After``, else after ``backoff``
    seconds that double. ``failures`` in a row without an answer make calls fail at once for ``rest`` seconds.
    """

    busy_retries: int = 4
    backoff: float = 0.5
    failures: int = 3
    rest: float = 5.0


class Gate:
    """One server's free places (first come, first served) and its circuit breaker, shared by its models."""

    def __init__(
        self, *, parallel: int, policy: Policy | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.policy = policy or Policy()
        self.parallel = max(1, parallel)
        self.clock = clock
        self.places = asyncio.Semaphore(self.parallel)
        self.breaker = self.new_breaker()

    def new_breaker(self) -> Breaker:
        """A breaker of this gate's policy."""
        return Breaker(failures=self.policy.failures, seconds=self.policy.rest, clock=self.clock)


@dataclass(slots=True, kw_only=True)
class _Sample:
    """One answer as it comes in."""

    parts: list[str] = field(default_factory=list[str])
    pieces: int = 0
    watch: RamblingWatch = field(default_factory=RamblingWatch)
    finished: Finished | None = None


class GuardedModel:
    """One model with its deadlines, its queue, its retries and its circuit breakers.

    A call takes a place of its server, loads the model if need be, and streams. Where the wire cannot answer several
    samples in one request, they are calls of their own, as many at once as the server takes; a sample that fails is
    left out as long as another succeeds. ``sleep`` and the gate's clock are for tests.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        gate: Gate,
        deadlines: Deadlines,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._wire = wire
        self._gate = gate
        self._deadlines = deadlines
        self._clock = gate.clock
        self._sleep = sleep
        self._jitter = jitter
        # A model too slow for its deadlines must not close the way to the others on its server.
        self._slowness = gate.new_breaker()
        self._loading: asyncio.Task[float] | None = None

    @property
    def info(self) -> ModelInfo:
        return self._wire.info

    @property
    def wire(self) -> Wire:
        """The bare wire, for what is not a call: status and pull."""
        return self._wire

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See :meth:`forge_lsp.domain.ports.ChatModel.complete`.

        ``completions`` is shorter than ``request.samples`` when some samples failed; it is never empty.
        """
        if request.samples <= 1 or self._wire.batches:
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

    async def aclose(self) -> None:
        """Stop a load that is under way and close the wire."""
        loading, self._loading = self._loading, None
        if loading is not None and not loading.done():
            loading.cancel()
            await asyncio.wait([loading])
        await self._wire.aclose()

    # -------------------------------------------------------------- one call

    async def _settled(self, request: ChatRequest) -> ChatReply | ModelError:
        try:
            return await self._call(request)
        except ModelError as error:
            return error

    async def _call(self, request: ChatRequest) -> ChatReply:
        entered = self._clock()
        self._refuse_if_open()
        async with self._gate.places:
            queue = self._clock() - entered
            # Those ahead in the queue may have found the server dead meanwhile.
            self._refuse_if_open()
            breakers = (self._gate.breaker, self._slowness)
            trials = [breaker for breaker in breakers if breaker.enter()]
            try:
                load = await self._load()
                reply = await self._ask_patiently(request)
            except ServerUnreachable as error:
                self._gate.breaker.failed(error)
                raise
            except DeadlineExceeded as error:
                # Too slow, but there.
                self._gate.breaker.succeeded()
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
        for breaker in (self._gate.breaker, self._slowness):
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
            self._loading.add_done_callback(_look_at)
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
        limit = self._deadlines.load
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                await self._wire.load()
        except TimeoutError:
            if not deadline.expired():
                raise
            raise DeadlineExceeded(f"{self.info.name} was not loaded within {limit:g} s.", deadline="load") from None
        return self._clock()

    # -------------------------------------------------------------- asking

    async def _ask_patiently(self, request: ChatRequest) -> ChatReply:
        policy = self._gate.policy
        end = self._clock() + self._deadlines.total
        for retry in range(policy.busy_retries + 1):
            try:
                return await self._ask(request, end)
            except Busy as busy:
                said = busy.retry_after
                wait = policy.backoff * 2**retry * (1 + 0.25 * self._jitter()) if said is None else said
                if retry == policy.busy_retries or self._clock() + wait >= end:
                    raise ServerBusy(str(busy), remedy=busy.remedy) from busy
                await self._sleep(wait)
        raise AssertionError("the last retry returns or raises")

    async def _ask(self, request: ChatRequest, end: float) -> ChatReply:
        samples = [_Sample() for _ in range(max(1, request.samples))]
        started = self._clock()
        last: float | None = None
        first: float | None = None
        async with aclosing(self._wire.stream(request)) as stream:
            while not all(sample.finished for sample in samples):
                try:
                    chunk = await self._next(stream, started=started, last=last, end=end)
                except Busy as busy:
                    if first is None:
                        raise
                    # Half an answer is paid for: asking again would pay twice.
                    raise ServerBusy(str(busy), remedy=busy.remedy) from busy
                now = self._clock()
                if isinstance(chunk, TextDelta):
                    first = now if first is None else first
                    last = now
                    self._take(samples, chunk, request)
                elif isinstance(chunk, Finished):
                    first = now if first is None else first
                    last = now
                    self._sample(samples, chunk.index).finished = chunk
                elif last is not None:
                    last = now
        return _reply(samples, first_token=(first or started) - started)

    async def _next(
        self, stream: AsyncGenerator[Chunk, None], *, started: float, last: float | None, end: float
    ) -> Chunk:
        """The next chunk, or the deadline that passed first."""
        limits = self._deadlines
        if last is None:
            name, until, seconds = "first_token", started + limits.first_token, limits.first_token
        else:
            name, until, seconds = "between_tokens", last + limits.between_tokens, limits.between_tokens
        if end <= until:
            name, until, seconds = "total", end, limits.total
        deadline = asyncio.timeout(max(0.0, until - self._clock()))
        try:
            async with deadline:
                return await anext(stream)
        except StopAsyncIteration:
            raise BrokenStream(f"The answer of {self.info.name} stopped before its end.") from None
        except TimeoutError:
            if not deadline.expired():
                raise
            what = {
                "first_token": f"{self.info.name} did not begin to answer within {seconds:g} s.",
                "between_tokens": f"{self.info.name} fell silent in the middle of its answer for {seconds:g} s.",
                "total": f"{self.info.name} did not finish its answer within {seconds:g} s.",
            }[name]
            raise DeadlineExceeded(what, deadline=name) from None

    def _take(self, samples: list[_Sample], chunk: TextDelta, request: ChatRequest) -> None:
        sample = self._sample(samples, chunk.index)
        if sample.finished is not None:
            return
        sample.pieces += 1
        if not chunk.text:
            return
        sample.parts.append(chunk.text)
        lost = sample.watch.feed(chunk.text)
        if lost is None:
            return
        text = "".join(sample.parts).rstrip()
        if not (lost.blank and text and request.schema is None):
            raise Rambling(f"{self.info.name} rambles: {lost.words}.")
        # Some models write their code and then blanks for ever: the code is whole, and the server need not go on.
        # It has not counted, so that is done here.
        usage = Usage(input_tokens=estimated_input_tokens(request), output_tokens=sample.pieces)
        sample.parts[:] = [text]
        sample.finished = Finished(index=chunk.index, reason=FinishReason.STOP, usage=usage)

    def _sample(self, samples: list[_Sample], index: int) -> _Sample:
        if not 0 <= index < len(samples):
            raise ModelFault(f"{self.info.name} answered sample {index + 1} of {len(samples)}.")
        return samples[index]


def _look_at(task: asyncio.Task[float]) -> None:
    """A failed load whose callers have all gone is nobody's error: mark it as seen."""
    if not task.cancelled():
        task.exception()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _sum(usages: list[Usage]) -> Usage:
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in usages),
    )


def _reply(samples: list[_Sample], *, first_token: float) -> ChatReply:
    ends = [sample.finished for sample in samples if sample.finished is not None]
    return ChatReply(
        completions=tuple(
            Completion(text="".join(sample.parts), finish=end.reason) for sample, end in zip(samples, ends, strict=True)
        ),
        usage=_sum([end.usage for end in ends]),
        timing=Timing(load=max(end.load_seconds for end in ends), first_token=first_token),
    )


def _together(replies: list[ChatReply], *, seconds: float) -> ChatReply:
    """Calls that ran side by side, as one."""
    return ChatReply(
        completions=tuple(completion for reply in replies for completion in reply.completions),
        usage=_sum([reply.usage for reply in replies]),
        timing=Timing(
            queue=min(reply.timing.queue for reply in replies),
            load=max(reply.timing.load for reply in replies),
            first_token=min(reply.timing.first_token for reply in replies),
            total=seconds,
        ),
    )
