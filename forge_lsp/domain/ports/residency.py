"""Keeping models where they are needed when they are needed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["Residency", "Unmanaged"]


class Residency(Protocol):
    """Moves models in and out of GPU memory for the jobs that call them.

    Keys are settings keys of models; those of servers whose memory is not ours to manage are passed over. Advice, not
    a precondition: a load that fails is told by the model's own call, never raised here.
    """

    def foresee(self, keys: Sequence[str]) -> None:
        """These models are needed next. Loads begin in the background, as far as no model that is held or wanted
        sooner has to go; nothing waits for them."""
        ...

    def hold(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """The models that a stage is about to call: brought in first, the larger first, and not moved out until the
        context ends. Two holders of one model share one load; a model that somebody holds is waited for."""
        ...


class Unmanaged:
    """A :class:`Residency` for servers that see to their memory themselves: models load when they are called."""

    def foresee(self, keys: Sequence[str]) -> None:
        """Nothing is brought in ahead."""
        del keys

    def hold(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Nothing is brought in, and nothing is kept."""
        del keys
        return contextlib.nullcontext()
