"""A wire whose answers are plain lists of steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from forge_lsp.core.ports import (
    ChatRequest,
    FinishReason,
    Message,
    ModelInfo,
    ModelStatus,
    PullProgress,
    Role,
    Usage,
)
from forge_lsp.models.wire import Chunk, SampleFinished, TextDelta

Step = Chunk | BaseException | float
"""A chunk to yield, an error to raise, or seconds to wait."""

INFO = ModelInfo(key="phi4", name="phi4:14b", server="gpu0", provider="ollama", context=8192)


def ask(text: str = "hi", **more: object) -> ChatRequest:
    """A small request."""
    return ChatRequest(system="", messages=(Message(role=Role.USER, text=text),), max_tokens=100, **more)  # type: ignore[arg-type]


def say(text: str, index: int = 0) -> list[Step]:
    """A complete answer."""
    return [TextDelta(index=index, text=text), done(index)]


def done(index: int = 0, reason: FinishReason = FinishReason.STOP) -> SampleFinished:
    """The end of a sample."""
    return SampleFinished(index=index, reason=reason, usage=Usage(input_tokens=10, output_tokens=2))


class FakeWire:
    """``steps`` answers each call in turn (the last one for all later calls), or by request."""

    def __init__(
        self,
        *steps: Sequence[Step],
        by_request: Callable[[ChatRequest], Sequence[Step]] | None = None,
        batches: bool = False,
        load: Callable[[], object] | None = None,
        load_seconds: float = 0.0,
        info: ModelInfo = INFO,
    ) -> None:
        self.batches = batches
        self.info = info
        self.requests: list[ChatRequest] = []
        self.loads = 0
        self.loads_cancelled = 0
        self.running = 0
        self.most_running = 0
        self.closed_early = 0
        self.closed = False
        self._steps = list(steps)
        self._by_request = by_request
        self._load = load
        self._load_seconds = load_seconds

    async def load(self) -> None:
        self.loads += 1
        try:
            await asyncio.sleep(self._load_seconds)
        except asyncio.CancelledError:
            self.loads_cancelled += 1
            raise
        if self._load is not None:
            self._load()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        if self._by_request is not None:
            steps = self._by_request(request)
        else:
            steps = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        complete = False
        try:
            for step in steps:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, BaseException):
                    raise step
                else:
                    # Once its last chunk is handed on, being closed is being done.
                    complete = step is steps[-1]
                    yield step
        finally:
            self.running -= 1
            self.closed_early += not complete

    async def status(self) -> ModelStatus:
        return ModelStatus(info=self.info, installed=True)

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        yield PullProgress(status="success")

    async def aclose(self) -> None:
        self.closed = True


class FakeClock:
    """Time that passes only when slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
