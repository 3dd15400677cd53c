"""Money and consent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from forge_lsp.core.ports.models import ModelInfo, Usage

__all__ = [
    "Ask",
    "ConsentQuestion",
    "Spending",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentQuestion:
    """Asked before the first paid or off-machine call of a workspace.

    ``address`` is where the text goes in the end; ``sent_on``: the server itself is elsewhere and sends it on there.
    ``price_known`` False: what a call costs there cannot be told. ``estimate_usd`` is the most that this call can cost,
    ``most_usd`` the most that the job can: its budget. ``files`` are those with text in the prompt.
    """

    server: str
    provider: str
    address: str
    paid: bool
    estimate_usd: float
    price_known: bool = True
    sent_on: bool = False
    most_usd: float = 0.0
    files: tuple[str, ...] = ()


Ask: TypeAlias = Callable[[ConsentQuestion], Awaitable[bool]]
"""How a front end asks its user. True only for an explicit yes; no support, no answer, a closed window: False."""


class Spending(Protocol):
    """One job's purse. Local unpaid models pass through it untouched, at 0 USD."""

    async def admit(
        self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
    ) -> float:
        """Reserve the estimate of one call (USD) and return it, asking the user first where that is due.

        ``output_tokens`` is the most the call can write, over all samples; ``files`` are those with text in its prompt.
        Raises ConsentRefused or BudgetExceeded: the call must then not be sent.
        """
        ...

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        """Replace a reservation by what the call cost (USD) and return that.

        ``usage`` None: the call failed or was cancelled and the server did not say; the estimate of what had
        been sent by then stays booked for a paid model.
        """
        ...
