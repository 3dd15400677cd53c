"""What the models of one server share: its places, its circuit breaker, and how patiently it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from forge_lsp.models.breaker import Breaker
from forge_lsp.models.places import Places, YieldPolicy

__all__ = ["RetryPolicy", "ServerSlots"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to try again, and when to stop trying.

    A busy server is asked ``busy_retries`` more times, after what it said in ``Retry-After``, else after ``backoff``
    seconds that double. ``failures`` in a row without an answer make calls fail at once for ``rest`` seconds.
    """

    busy_retries: int = 4
    backoff: float = 0.5
    failures: int = 3
    rest: float = 5.0


class ServerSlots:
    """One server's places, ``parallel`` of them, and its circuit breaker, shared by its models."""

    def __init__(
        self,
        *,
        parallel: int,
        policy: RetryPolicy | None = None,
        manners: YieldPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.clock = clock
        self.places = Places(parallel, clock=clock, manners=manners)
        self.breaker = self.new_breaker()

    def new_breaker(self) -> Breaker:
        """A breaker of this slots's policy."""
        return Breaker(failures=self.policy.failures, seconds=self.policy.rest, clock=self.clock)
