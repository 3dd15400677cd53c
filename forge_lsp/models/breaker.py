"""A circuit breaker: after several failures in a row, fail at once for some seconds, then let one call try.

Pattern: Michael Nygard, "Release It!" (2007), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable

from forge_lsp.core.errors import ModelError

__all__ = ["Breaker"]


class Breaker:
    """``failures`` in a row open it; ``seconds`` later it lets one trial call through, which closes or reopens it."""

    __slots__ = ("_clock", "_count", "_failures", "_last", "_opened", "_seconds", "_trial")

    def __init__(self, *, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._count = 0
        self._opened: float | None = None
        self._last: ModelError | None = None
        self._trial = False

    def refusal(self) -> ModelError | None:
        """The failure that a new call would only repeat; None: go ahead. Does not start the trial."""
        if self._opened is None or self._last is None:
            return None
        if not self._trial and self._clock() - self._opened >= self._seconds:
            return None
        return self._last

    def enter(self) -> bool:
        """A call is about to be sent. True: it is the trial of an open breaker."""
        if self._opened is None:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._count = 0
        self._opened = None
        self._last = None
        self._trial = False

    def failed(self, error: ModelError) -> None:
        """The server did not answer, or not in time."""
        self._count += 1
        self._last = error
        self._trial = False
        if self._count >= self._failures:
            self._opened = self._clock()

    def left(self) -> None:
        """The trial ended without telling anything (cancelled): the next call is the trial."""
        self._trial = False
