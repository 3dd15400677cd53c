"""The Ollama servers of this user: those that are up, and those that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.flags import Flags, state_folder
from forge_lsp.app.reading import rows_of, wanted_of
from forge_lsp.core.addresses import OLLAMA_PORT

if TYPE_CHECKING:
    from forge_lsp.config.sources import Table
    from forge_lsp.placement.fleet.manager import FleetManager, FleetRequest

__all__ = ["fleet_up", "make_fleet"]

_ROLES = 5
"""Models in memory at once where the profile takes what is installed: as many as it gives roles to."""


def make_fleet(flags: Flags) -> FleetManager:
    """The Ollama servers of this user. Raises EnvironmentFault on Windows."""
    from forge_lsp.placement.fleet.manager import FleetManager
    from forge_lsp.placement.fleet.state import Folder

    folder = state_folder(flags)

    async def request(gpus: Sequence[str]) -> FleetRequest:
        return await asyncio.to_thread(_request, flags, len(gpus))

    return FleetManager(Folder(folder / "fleet"), request)


def _request(flags: Flags, gpus: int) -> FleetRequest:
    """The servers that the settings name. Nothing is looked at: what is not up cannot be. Raises SettingsError."""
    from forge_lsp.config import gather
    from forge_lsp.config.load import profile_layer, resolve
    from forge_lsp.config.sources import Layer
    from forge_lsp.placement.fleet.layout import ServerRequest
    from forge_lsp.placement.fleet.manager import FleetRequest

    sources = gather(workspace=Path.cwd(), command_line=flags.settings, config=flags.config)
    name, asked = sources.profile, sources.table("fleet").get("servers")
    if name == "auto":
        wished = max(gpus, asked if isinstance(asked, int) else 1)
        name = "one-gpu" if wished < 2 else "local" if wished == 2 else "three-gpu"
    below = Layer(label="no profile") if name == "custom" else profile_layer(name, base=Path.cwd())
    if name == "local":
        below = replace(below, values=_one_each(max(gpus, asked if isinstance(asked, int) else 1)))
    resolved = resolve(sources, below)
    settings = resolved.settings
    servers = [model.server for model in settings.models.values()]
    return FleetRequest(
        servers=[
            ServerRequest(
                key=key,
                url=server.url,
                explicit=resolved.layers.setter_of(("servers", key, "url")) not in ("default", below.label),
                gpu=server.gpu,
                parallel=server.parallel,
                models=servers.count(key) or _ROLES,
            )
            for key, server in settings.servers.items()
            if server.kind == "ollama"
        ],
        program=settings.fleet.program,
        models=settings.fleet.models,
        count=settings.fleet.servers,
        called=[
            replace(model, fixed=resolved.layers.setter_of(("models", model.key, "server")) != below.label)
            for model in wanted_of(settings)
        ],
        rows=rows_of(settings),
        memory={
            server.gpu: int(server.memory * 1e9) for server in settings.servers.values() if server.gpu and server.memory
        },
    )


def _one_each(count: int) -> Table:
    """A server a GPU, at the usual ports."""
    return {
        "servers": {f"gpu{n}": {"kind": "ollama", "url": f"http://127.0.0.1:{OLLAMA_PORT + n}"} for n in range(count)}
    }


def fleet_up(state_dir: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Where the servers of a fleet that is up answer, and which of them each model is planned on."""
    from forge_lsp.placement.fleet.control import placement, urls
    from forge_lsp.placement.fleet.state import Folder

    folder = Folder(state_dir / "fleet")
    return urls(folder), placement(folder)
