"""The client of the agent, as far as a session needs it: its files, its user's permission, and what it shows."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import acp
from acp import schema

from forge_lsp.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from forge_lsp.jobs.job import Job

__all__ = ["Client", "Conversation"]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Conversation:
    """One conversation about a folder. ``asking`` are the questions that wait for an answer."""

    id: str
    folder: Path
    mode: str = "settings"
    job: Job | None = None
    cancelled: bool = False
    asking: set[asyncio.Future[Any]] = field(default_factory=set[asyncio.Future[Any]])


@dataclass(slots=True)
class Client:
    """The client, reached by the SDK's ``connection``. ``attended``: it is still there."""

    connection: Any = None
    fs: schema.FileSystemCapabilities = field(default_factory=schema.FileSystemCapabilities)
    attended: bool = True

    async def unsaved(self, session: Conversation, path: Path) -> str | None:
        """The file as the editor has it, where it tells."""
        if not self.fs.read_text_file or not self.attended:
            return None
        with suppress(acp.RequestError):
            return str((await self.connection.read_text_file(session_id=session.id, path=str(path))).content)
        return None

    async def write(self, session: Conversation, path: Path, text: str) -> bool:
        """Write a file through the editor; False: it writes none. Raises EnvironmentFault where it refuses."""
        if not self.fs.write_text_file:
            return False
        try:
            await self.connection.write_text_file(session_id=session.id, path=str(path), content=text)
        except acp.RequestError as error:
            raise EnvironmentFault(f"the editor did not write {path.name}: {error}") from None
        return True

    async def permission(
        self, session: Conversation, call: schema.ToolCallUpdate, options: tuple[tuple[str, str, Any], ...]
    ) -> str | None:
        """The option that the user chose; None: none, or nobody is there to ask."""
        if not self.attended or session.cancelled:
            return None
        choices = [schema.PermissionOption(option_id=id_, name=name, kind=kind) for id_, name, kind in options]
        asking = asyncio.ensure_future(
            self.connection.request_permission(session_id=session.id, tool_call=call, options=choices)
        )
        session.asking.add(asking)
        try:
            await asyncio.wait({asking})
            if asking.cancelled():
                return None
            outcome = asking.result().outcome
        except (acp.RequestError, ConnectionError) as error:
            logger.info("a question was not answered: %s", type(error).__name__)
            return None
        finally:
            asking.cancel()
            session.asking.discard(asking)
        return outcome.option_id if isinstance(outcome, schema.AllowedOutcome) else None

    async def send_message(self, session: Conversation, words: str) -> None:
        await self.update(session, acp.update_agent_message_text(words))

    async def update(self, session: Conversation, update: Any) -> None:
        """Tell the client; one that has gone is told nothing."""
        if not self.attended:
            return
        with suppress(ConnectionError, acp.RequestError):
            await self.connection.session_update(session_id=session.id, update=update)
