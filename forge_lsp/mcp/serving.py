"""``forge-lsp mcp``: the server, where its SDK is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.errors import ToolMissing

if TYPE_CHECKING:
    from forge_lsp.detached import Link
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.writing import Files

__all__ = ["serve"]


async def serve(services: Services, files: Files, *, workspace: Path, allow: frozenset[str], link: Link) -> int:
    """Serve one client on standard input and output until it closes them. Raises ToolMissing without the extra
    ``mcp``."""
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise ToolMissing(
            "the MCP server needs the package mcp, version 2, not installed here",
            remedy="pip install 'forge-lsp[mcp]'",
        )
    from forge_lsp.mcp.server import run
    from forge_lsp.mcp.tools import Tools

    await run(Tools(services=services, workspace=workspace, files=files, allow=allow), link)
    return 0
