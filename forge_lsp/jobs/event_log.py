"""The events of a job in order, and their subscribers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from forge_lsp.core.events import AttemptStarted, EventBody, JobEvent, Stage, StageStarted
from forge_lsp.core.ports import Clock

__all__ = ["EventLog", "Listener"]

logger = logging.getLogger(__name__)

Listener = Callable[[JobEvent], None]


@dataclass(slots=True, eq=False)
class _Subscription:
    """A listener and how many events it has had. ``busy`` keeps the order where a listener causes an event."""

    callback: Listener
    position: int
    busy: bool = False


class EventLog:
    """The events of one job. ``first`` gets each of them before the listeners do.

    ``attempt`` and ``stage`` are those that were told last; None before the first.
    """

    def __init__(self, job_id: str, clock: Clock, first: Listener) -> None:
        self.attempt: int | None = None
        self.stage: Stage | None = None
        self._job_id = job_id
        self._clock = clock
        self._first = first
        self._events: list[JobEvent] = []
        self._subscriptions: list[_Subscription] = []

    @property
    def events(self) -> tuple[JobEvent, ...]:
        """All so far, in order."""
        return tuple(self._events)

    def subscribe(self, callback: Listener, from_sequence: int) -> Callable[[], None]:
        """Hear every event after ``from_sequence`` (0: all); the returned function stops it."""
        subscription = _Subscription(callback, max(0, from_sequence))
        self._subscriptions.append(subscription)
        self._deliver(subscription)

        def unsubscribe() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

        return unsubscribe

    def append(self, body: EventBody) -> None:
        """Send the next event to everybody who listens, before this returns. One who fails is logged, and hears no
        more."""
        self.take(JobEvent(job_id=self._job_id, sequence=len(self._events) + 1, at=self._clock.now(), body=body))

    def take(self, event: JobEvent) -> None:
        """Take in the next event, as another process has told it."""
        body = event.body
        self._events.append(event)
        if isinstance(body, AttemptStarted):
            self.attempt, self.stage = body.number, None
        elif isinstance(body, StageStarted):
            self.stage = body.stage
        try:
            self._first(event)
        except Exception:
            logger.exception("job %s: event %d could not be handed on", self._job_id, event.sequence)
        for subscription in tuple(self._subscriptions):
            self._deliver(subscription)

    def _deliver(self, subscription: _Subscription) -> None:
        if subscription.busy:
            return
        subscription.busy = True
        try:
            while subscription.position < len(self._events) and subscription in self._subscriptions:
                event = self._events[subscription.position]
                subscription.position += 1
                subscription.callback(event)
        except Exception:
            logger.exception("job %s: a listener failed and hears no more", self._job_id)
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
        finally:
            subscription.busy = False
