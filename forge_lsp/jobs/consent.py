"""Whether a workspace's code may go to a server, or money be spent there: asked once, the answer kept.

Kept by workspace and server, with the server's address: a server that is later pointed elsewhere is asked about again.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

from forge_lsp.core.errors import ConsentRefused
from forge_lsp.core.ports import Ask, ConsentQuestion

if TYPE_CHECKING:
    from forge_lsp.jobs.ledger import Ledger

__all__ = ["Consents", "consent_words"]


def consent_words(asked: ConsentQuestion, whose: str) -> str:
    """Return the question that a user reads: who gets the code, where that is, and what it costs. ``whose`` names what
    is sent: ``code of shop``."""
    price = f"about ${asked.estimate_usd:.2f} for this call" if asked.paid else "no charge"
    if not asked.price_known:
        price = "unknown"
    if asked.paid and 0 < asked.estimate_usd < 0.01:
        price = "less than $0.01 for this call"
    return f"Send {whose} to {asked.provider} ({asked.address}; server '{asked.server}')? Estimated cost: {price}."


class Consents:
    """The answers of one user, for all jobs of this process. Jobs that want the same answer wait for one question."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._gates: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()

    async def given(self, workspace: str, question: ConsentQuestion, ask: Ask) -> bool:
        """The kept answer, else the user's.

        An ``ask`` that answers False may mean that nobody was there to ask: that is a no for the one who asked, and
        is not kept. An explicit "never" is told by raising ConsentRefused from ``ask``: kept, like a yes.
        """
        # A server that answers by itself may send the calls of other models on: two answers are kept.
        server = f"{question.server} to {question.address}" if question.sent_on else question.server
        key = (workspace, server)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = asyncio.Lock()
        async with gate:
            kept = await self._ledger.consent(workspace, server, question.address)
            if kept is not None:
                return kept
            try:
                answer = await ask(question)
            except ConsentRefused:
                self._ledger.keep_consent(workspace, server, question.address, False)
                return False
            if answer:
                self._ledger.keep_consent(workspace, server, question.address, True)
            return answer
