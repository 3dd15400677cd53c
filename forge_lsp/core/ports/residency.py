"""Keeping models where they are needed when they are needed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from forge_lsp.core.events import Stage

__all__ = ["Residency", "UnmanagedResidency"]


class Residency(Protocol):
    """Moves models in and out of GPU memory for the jobs that call them.

    Keys are settings keys of models; those of servers whose memory is not ours to manage are passed over. ``attempt``
    and ``stage`` say where in the plan a job is. Advice, not a precondition: a load that fails is told by the model's
    own call, never raised here.
    """

    def foresee(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> None:
        """What a job will do next. Loads begin in the background, as far as no model that is held has to go; nothing
        waits for them."""
        ...

    def hold(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> AbstractAsyncContextManager[Sequence[str]]:
        """The models that a stage is about to call: brought in first, and not moved out until the context ends.

        Two holders of one model share one load; a model that somebody holds is waited for. Gives what the user should
        know: a model that is partly on the CPU, one that did not come in.
        """
        ...


class UnmanagedResidency:
    """A :class:`Residency` for servers that see to their memory themselves: models load when they are called."""

    def foresee(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> None:
        """Nothing is brought in ahead."""
        del keys, attempt, stage

    @asynccontextmanager
    async def hold(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> AsyncGenerator[Sequence[str]]:
        """Nothing is brought in, and nothing is kept."""
        del keys, attempt, stage
        yield ()
