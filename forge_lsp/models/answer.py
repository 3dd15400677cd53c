"""One answer as it streams in: put together, under its deadlines, and stopped when it rambles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from forge_lsp.core.errors import BrokenStream, DeadlineExceeded, ModelFault, Rambling
from forge_lsp.core.ports import ChatReply, ChatRequest, Completion, FinishReason, Timing, Usage
from forge_lsp.models.prompt import estimated_input_tokens
from forge_lsp.models.rambling import RamblingWatch
from forge_lsp.models.wire import Busy, Chunk, Deadlines, SampleFinished, TextDelta, Wire

__all__ = ["StreamedAnswer", "total_usage"]


@dataclass(slots=True, kw_only=True)
class _Sample:
    """One answer as it comes in."""

    parts: list[str] = field(default_factory=list[str])
    pieces: int = 0
    watch: RamblingWatch = field(default_factory=RamblingWatch)
    finished: SampleFinished | None = None


class StreamedAnswer:
    """The answer to one request of one wire."""

    def __init__(self, wire: Wire, request: ChatRequest, *, deadlines: Deadlines, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._name = wire.info.name
        self._request = request
        self._deadlines = deadlines
        self._clock = clock
        self._samples = [_Sample() for _ in range(max(1, request.samples))]

    async def whole(self, end: float) -> ChatReply:
        """Ask, and wait for all of it until ``end`` on the clock. Called once.

        Raises Busy before the first token, else ModelError.
        """
        try:
            first = await self._read(end)
        except BrokenStream as broken:
            broken.written = sum(sample.pieces for sample in self._samples)
            raise
        return _reply(self._samples, first_token=first)

    async def _read(self, end: float) -> float:
        """Take all that comes; seconds until its first token."""
        started = self._clock()
        last: float | None = None
        first: float | None = None
        async with aclosing(self._wire.stream(self._request)) as stream:
            while not all(sample.finished for sample in self._samples):
                try:
                    chunk = await self._next(stream, started=started, last=last, end=end)
                except Busy as busy:
                    if first is None:
                        raise
                    # Half an answer is paid for: whether to pay for another is not the guard's to say.
                    raise BrokenStream(f"The answer of {self._name} broke off: {busy}", remedy=busy.remedy) from busy
                now = self._clock()
                if isinstance(chunk, TextDelta):
                    first = now if first is None else first
                    last = now
                    self._take(chunk)
                elif isinstance(chunk, SampleFinished):
                    first = now if first is None else first
                    last = now
                    self._sample(chunk.index).finished = chunk
                elif last is not None:
                    last = now
        return (first or started) - started

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
            raise BrokenStream(f"The answer of {self._name} stopped before its end.") from None
        except TimeoutError:
            if not deadline.expired():
                raise
            what = {
                "first_token": f"{self._name} did not begin to answer within {seconds:g} s.",
                "between_tokens": f"{self._name} fell silent in the middle of its answer for {seconds:g} s.",
                "total": f"{self._name} did not finish its answer within {seconds:g} s.",
            }[name]
            raise DeadlineExceeded(what, deadline=name) from None

    def _take(self, chunk: TextDelta) -> None:
        sample = self._sample(chunk.index)
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
        if not (lost.blank and text and self._request.schema is None):
            raise Rambling(f"{self._name} rambles: {lost.words}.")
        # Some models write their code and then blanks for ever: the code is whole, and the server need not go on.
        # It has not counted, so that is done here.
        usage = Usage(input_tokens=estimated_input_tokens(self._request), output_tokens=sample.pieces)
        sample.parts[:] = [text]
        sample.finished = SampleFinished(index=chunk.index, reason=FinishReason.STOP, usage=usage)

    def _sample(self, index: int) -> _Sample:
        if not 0 <= index < len(self._samples):
            raise ModelFault(f"{self._name} answered sample {index + 1} of {len(self._samples)}.")
        return self._samples[index]


def _reply(samples: list[_Sample], *, first_token: float) -> ChatReply:
    ends = [sample.finished for sample in samples if sample.finished is not None]
    return ChatReply(
        completions=tuple(
            Completion(text="".join(sample.parts), finish=end.reason) for sample, end in zip(samples, ends, strict=True)
        ),
        usage=total_usage([end.usage for end in ends]),
        timing=Timing(load=max(end.load_seconds for end in ends), first_token=first_token),
        in_words=any(end.in_words for end in ends),
    )


def total_usage(usages: list[Usage]) -> Usage:
    """All of them together."""
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in usages),
    )
