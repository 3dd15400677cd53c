"""``forge-lsp mcp``: the server, where its SDK is installed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.errors import ForgeError, ToolMissing

if TYPE_CHECKING:
    from forge_lsp.detached import Link
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.writing import WorkspaceFiles

__all__ = ["Serve", "serve"]

Serve = Callable[["Services", "WorkspaceFiles"], Awaitable[int]]
"""Serves with what has been made for it, until the client is gone; answers the exit code."""


async def serve(make: Callable[[Serve], Awaitable[int]], *, workspace: Path, allow: frozenset[str], link: Link) -> int:
    """Serve one client on standard input and output until it closes them. ``make`` makes the services, which takes a
    while, and gives them to the function that it gets; the client is greeted before.

    Raises ToolMissing without the extra ``mcp``, and what ``make`` raises, once the client has heard of it and is gone.
    """
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise ToolMissing(
            "the MCP server needs the package mcp, version 2, not installed here",
            remedy="pip install 'forge-lsp[mcp]'",
        )
    from forge_lsp.mcp.server import FrontEnd

    front = FrontEnd(link)

    async def behind(services: Services, files: WorkspaceFiles) -> int:
        from forge_lsp.mcp.tools import WorkspaceTools

        await front.serve(WorkspaceTools(services=services, workspace=workspace, files=files, allow=allow))
        return 0

    await front.greeted()
    try:
        return await make(behind)
    except ForgeError as error:
        await front.refuse(error)
        raise
