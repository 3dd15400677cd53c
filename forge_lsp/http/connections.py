"""A bound on connections, and a deadline for what a client has to say before it is listened to.

Half a request costs a descriptor as long as its client likes, and needs no token. So a connection that has no request
under way is closed after some seconds, and is the first to go where there are too many.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

__all__ = ["bounded_protocol"]

_MOST = 256
_HEADER_SECONDS = 10.0


def bounded_protocol(*, most: int | None = None, header_seconds: float = _HEADER_SECONDS) -> type[asyncio.Protocol]:
    """A protocol for ``uvicorn.Config(http=...)``. At most ``most`` connections (256, or a quarter of the descriptors
    that this process may have); a request's headers are to arrive within ``header_seconds``."""
    bound = most or max(16, min(_MOST, _descriptors() // 4))
    waiting: dict[Bounded, None] = {}  # in the order in which they came

    class Bounded(H11Protocol):
        """Counts itself, and looks at the clock."""

        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            self._deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
            super().connection_made(transport)
            self._wait()
            while len(self.connections) > bound and waiting:
                next(iter(waiting)).drop()
            if len(self.connections) > bound:  # each of the others has a request under way
                self.drop()

        def connection_lost(self, exc: Exception | None) -> None:
            self._listen()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._look()

        def drop(self) -> None:
            """Close it with no answer."""
            self._listen()
            self.connections.discard(self)
            self.transport.abort()

        def _look(self) -> None:
            # None before the first request, whatever it is declared to be.
            cycle = cast("RequestResponseCycle | None", self.cycle)
            if cycle is None or cycle.response_complete:
                self._wait()
            else:
                self._listen()

        def _wait(self) -> None:
            """The clock runs from the first moment without a request, not from the last byte."""
            if self._deadline is None and not self.transport.is_closing():
                waiting[self] = None
                self._deadline = self.loop.call_later(header_seconds, self.drop)

        def _listen(self) -> None:
            waiting.pop(self, None)
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Bounded


def _descriptors() -> int:
    if sys.platform == "win32":
        return 4 * _MOST
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
