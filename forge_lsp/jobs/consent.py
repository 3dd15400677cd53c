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

__all__ = ["Consents", "consent_words", "refusal_words"]

_NAMED = 3  # files that a question names


def consent_words(asked: ConsentQuestion, whose: str = "code") -> str:
    """Return the question that a user reads: what is sent of which files, who gets it, where that is, and the most that
    the job may cost. ``whose`` names what is sent: ``code of shop``."""
    return f"Send {_what(asked, whose)} to {_whom(asked)}? {_price(asked)}."


def refusal_words(asked: ConsentQuestion) -> str:
    """Return what a user is told where nobody can be asked: the same, and how to allow it."""
    return (
        f"{_whom(asked)} was not used: it needs your consent to be sent {_what(asked, 'code')}. {_price(asked)}."
        f" Allow it by --allow {asked.server}, or [consent] servers in your settings"
    )


def _what(asked: ConsentQuestion, whose: str) -> str:
    if not asked.files:
        return whose
    more = len(asked.files) - _NAMED
    named = ", ".join(asked.files[:_NAMED]) + (f" and {more} more file{'' if more == 1 else 's'}" if more > 0 else "")
    return f"{whose} ({named})"


def _whom(asked: ConsentQuestion) -> str:
    return f"{asked.provider} ({asked.address}; server '{asked.server}')"


def _price(asked: ConsentQuestion) -> str:
    if not asked.price_known:
        return "What that costs is not known"
    if not asked.paid:
        return "It costs nothing"
    call = "less than $0.01" if asked.estimate_usd < 0.01 else f"up to ${asked.estimate_usd:.2f}"
    return f"This job may cost at most ${asked.most_usd:.2f}, its first call {call}"


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
