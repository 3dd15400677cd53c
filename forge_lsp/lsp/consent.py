"""The question before code leaves the machine or costs money. Only an explicit yes is a yes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Protocol

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.errors import ConsentRefused
from forge_lsp.core.ports import Ask, ConsentQuestion
from forge_lsp.jobs.consent import consent_words

__all__ = ["ALLOW", "NEVER", "NOT_NOW", "asker", "question"]

logger = logging.getLogger(__name__)

ALLOW = "Allow"
NOT_NOW = "Not now"
NEVER = "Never"


class ConsentRequests(Protocol):
    """What asking needs of the connection."""

    async def request(self, method: str, params: object, *, timeout: float) -> Any: ...


def question(asked: ConsentQuestion, workspace: Path | None) -> str:
    """Return the sentence the user reads: whose code goes where, and what that may cost."""
    whose = f"code of {workspace.name}" if workspace is not None else "code of this file"
    return consent_words(asked, whose)


def asker(client: ConsentRequests, workspace: Path | None, *, timeout: float = 120.0) -> Ask:
    """Asks by ``window/showMessageRequest``. No support, no answer in time, a closed window, an error: no.

    "Never" raises ConsentRefused, which is a no that is kept.
    """
    one_at_a_time = asyncio.Lock()

    async def ask(asked: ConsentQuestion) -> bool:
        # the first is what Enter takes in most editors: it must cost nothing
        params = lsp.ShowMessageRequestParams(
            type=lsp.MessageType.Warning,
            message=question(asked, workspace),
            actions=[lsp.MessageActionItem(title=title) for title in (NOT_NOW, ALLOW, NEVER)],
        )
        async with one_at_a_time:
            try:
                answer = await client.request(lsp.WINDOW_SHOW_MESSAGE_REQUEST, params, timeout=timeout)
            except (JsonRpcException, TimeoutError) as error:
                logger.info("The question of consent was not answered: %s", type(error).__name__)
                return False
        chosen = answer.title if isinstance(answer, lsp.MessageActionItem) else None
        if chosen == NEVER:
            raise ConsentRefused("The user does not want this workspace's code sent there.")
        return chosen == ALLOW

    return ask
