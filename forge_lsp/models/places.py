"""One server's places and the queue for them: fair among jobs, and kind to what the server has in memory.

Jobs take turns; the calls of one job keep their order. The next call is that of the job whose turn it is, unless
another job's next call fits better what the server has just worked on: the same job on the same model (their prompts
begin alike, and the server still has that beginning), else the same model (nothing is loaded again). A job is passed
over in this way at most :attr:`Manners.passes` times in a row and no longer than :attr:`Manners.seconds`, so with ``n``
jobs before it a job's next call waits for at most ``n * (passes + 1) + passes`` others, however many calls they queue.

Round robin by flow is Nagle's, "On packet switches with infinite storage", RFC 970 (1985).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Places", "YieldPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class YieldPolicy:
    """How long a job whose turn it is lets others go first that suit the server better."""

    passes: int = 3
    seconds: float = 20.0


@dataclass(slots=True, kw_only=True, eq=False)
class _WaitingCall:
    model: str
    granted: asyncio.Future[None]


@dataclass(slots=True, kw_only=True, eq=False)
class _JobCalls:
    """One job's calls, in order. ``passed`` counts the calls let through since it was this job's turn, the first of
    them at ``since``."""

    calls: deque[_WaitingCall] = field(default_factory=deque[_WaitingCall])
    passed: int = 0
    since: float = 0.0


class Places:
    """``count`` calls at once. Lives on one event loop; ``clock`` is in seconds.

    A call that is cancelled while it waits leaves the queue; one that is cancelled after its turn came, and before it
    could begin, hands its place on.
    """

    def __init__(self, count: int, *, clock: Callable[[], float], manners: YieldPolicy | None = None) -> None:
        self.count = max(1, count)
        self._clock = clock
        self._manners = manners or YieldPolicy()
        self.free = self.count
        """Places that nobody has."""
        self._lines: dict[str, _JobCalls] = {}
        """By job, in the order of their turns; none is empty."""
        self._recent: deque[tuple[str, str]] = deque(maxlen=self.count)
        """(model, job) of the latest calls, as many as there are places: what the server has at hand."""

    @property
    def waiting(self) -> int:
        """Calls that wait for a place."""
        return sum(len(line.calls) for line in self._lines.values())

    @asynccontextmanager
    async def place(self, *, job: str, model: str) -> AsyncGenerator[None]:
        """A place for one call of ``job`` to ``model``, once its turn comes."""
        await self._enter(job, model)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, job: str, model: str) -> None:
        call = _WaitingCall(model=model, granted=asyncio.get_running_loop().create_future())
        self._lines.setdefault(job, _JobCalls()).calls.append(call)
        self._serve()
        try:
            await call.granted
        except asyncio.CancelledError:
            if call.granted.cancelled():
                self._drop(job, call)
            else:
                self._leave()
            raise

    def _leave(self) -> None:
        self.free += 1
        self._serve()

    def _drop(self, job: str, call: _WaitingCall) -> None:
        line = self._lines.get(job)
        if line is not None and call in line.calls:
            line.calls.remove(call)
            if not line.calls:
                del self._lines[job]

    def _serve(self) -> None:
        """Give every free place to the call whose turn it is."""
        while self.free and self._queued():
            job = self._next()
            line = self._lines.pop(job)
            call = line.calls.popleft()
            if line.calls:
                line.passed = 0
                self._lines[job] = line  # its next turn comes after everybody else's
            self._recent.append((call.model, job))
            self.free -= 1
            call.granted.set_result(None)

    def _queued(self) -> bool:
        """Whether anybody waits, apart from those that were cancelled and are not yet awake to leave by themselves."""
        for job, line in tuple(self._lines.items()):
            while line.calls and line.calls[0].granted.done():
                line.calls.popleft()
            if not line.calls:
                del self._lines[job]
        return bool(self._lines)

    def _next(self) -> str:
        """Whose call goes now."""
        turn = next(iter(self._lines))
        chosen = self._suiting() or turn
        first = self._lines[turn]
        if chosen == turn:
            return turn
        now = self._clock()
        if first.passed == 0:
            first.since = now
        if first.passed >= self._manners.passes or now - first.since >= self._manners.seconds:
            return turn
        first.passed += 1
        return chosen

    def _suiting(self) -> str | None:
        """The job, first by turns, whose next call goes on with what the server has at hand."""
        models = {model for model, _ in self._recent}
        heads = [(line.calls[0].model, job) for job, line in self._lines.items()]
        same = next((job for model, job in heads if (model, job) in self._recent), None)
        return same or next((job for model, job in heads if model in models), None)
