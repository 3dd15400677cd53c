"""``forge-lsp acp``: the agent, where its SDK is installed."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from forge_lsp.core.errors import ToolMissing

if TYPE_CHECKING:
    from forge_lsp.detached import Link
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.writing import WorkspaceFiles

__all__ = ["GRACE", "serve"]

GRACE = 60.0
"""Seconds that a job goes on without its client."""


async def serve(services: Services, files: WorkspaceFiles, *, allow: frozenset[str], link: Link) -> int:
    """Serve one client on standard input and output until it closes them, then see its jobs through for at most
    :data:`GRACE` seconds. Raises ToolMissing without the extra ``acp``."""
    if find_spec("acp") is None:
        raise ToolMissing(
            "the ACP agent needs the package agent-client-protocol, not installed here",
            remedy="pip install 'forge-lsp[acp]'",
        )
    import acp

    from forge_lsp.acp.agent import ForgeAgent

    agent = ForgeAgent(services, files, allow=allow)
    serving = asyncio.create_task(acp.run_agent(cast("acp.Agent", agent)))
    lost = asyncio.create_task(link.lost())
    try:
        await asyncio.wait({serving, lost}, return_when=asyncio.FIRST_COMPLETED)
        agent.left()
        if running := agent.jobs:
            link.let_go()
            await asyncio.wait([asyncio.create_task(job.wait()) for job in running], timeout=GRACE)
    finally:
        lost.cancel()
        serving.cancel()
        services.jobs.cancel(reason="the client has gone")
        await asyncio.gather(serving, return_exceptions=True)
    return 0
