"""Whether the editor that asked for the jobs of this process is there, or another in its place.

While none is there no paid call is begun and nobody is asked anything: both wait until one is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from forge_lsp.core.ports import Ask, ConsentQuestion

__all__ = ["AskConsent", "Attendance"]

AskConsent: TypeAlias = Callable[[ConsentQuestion, Path | None], Awaitable[bool]]
"""Puts a question of consent about a workspace to the user. Raises ConsentRefused for a no that is kept."""


class Attendance:
    """Who is there to be asked. Lives on one event loop; nobody is there at first."""

    def __init__(self) -> None:
        self._ask: AskConsent | None = None
        self._changed = asyncio.Event()

    def __call__(self) -> bool:
        """Whether somebody is there."""
        return self._ask is not None

    def connect(self, ask_user: AskConsent) -> None:
        """Take the editor that is there now: its user is asked so."""
        self._change(ask_user)

    def disconnect(self) -> None:
        """Note that the editor has gone."""
        self._change(None)

    async def connected(self) -> None:
        """Return once somebody is there."""
        while self._ask is None:
            await self._changed.wait()

    def asking(self, workspace: Path | None) -> Ask:
        """Return a way to ask that outlasts a change of editors: a question that was open then is asked again."""

        async def ask(question: ConsentQuestion) -> bool:
            while True:
                await self.connected()
                ask_user = self._ask
                assert ask_user is not None
                asked = asyncio.ensure_future(ask_user(question, workspace))
                gone = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
                    if self._ask is ask_user:
                        return await asked
                finally:
                    asked.cancel()
                    gone.cancel()
                    await asyncio.gather(asked, gone, return_exceptions=True)

        return ask

    def _change(self, ask_user: AskConsent | None) -> None:
        self._ask = ask_user
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
