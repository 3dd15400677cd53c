"""The question before code leaves the machine or costs money. Only an explicit yes is a yes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.errors import ConsentRefused
from forge_lsp.core.ports import Ask, ConsentQuestion
from forge_lsp.jobs.consent import consent_words
from forge_lsp.lsp.messages import ClientRequests, chosen

__all__ = ["ALLOW", "NEVER", "NOT_NOW", "asker", "question"]

logger = logging.getLogger(__name__)

ALLOW = "Allow"
NOT_NOW = "Not now"
NEVER = "Never"


def question(asked: ConsentQuestion, workspace: Path | None) -> str:
    """Return the sentence the user reads: whose code goes where, and what that may cost."""
    whose = f"code of {workspace.name}" if workspace is not None else "code of this file"
    return consent_words(asked, whose)


def asker(client: ClientRequests, workspace: Path | None, *, timeout: float = 120.0) -> Ask:
    """Asks by ``window/showMessageRequest``. No support, no answer in time, a closed window, an error: no.

    "Never" raises ConsentRefused, which is a no that is kept.
    """
    one_at_a_time = asyncio.Lock()

    async def ask(asked: ConsentQuestion) -> bool:
        # the first is what Enter takes in most editors: it must cost nothing
        titles, words = (NOT_NOW, ALLOW, NEVER), question(asked, workspace)
        async with one_at_a_time:
            try:
                answer = await chosen(client, lsp.MessageType.Warning, words, titles, timeout=timeout)
            except (JsonRpcException, TimeoutError) as error:
                logger.info("The question of consent was not answered: %s", type(error).__name__)
                return False
        if answer == NEVER:
            raise ConsentRefused("The user does not want this workspace's code sent there.")
        return answer == ALLOW

    return ask
