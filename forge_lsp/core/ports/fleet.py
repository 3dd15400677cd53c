"""The Ollama servers that forge-lsp itself started: starting, looking at and stopping them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from forge_lsp.core.codec import to_json

__all__ = ["Fleet", "FleetReport", "FleetServer", "Resident"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A model in a server's memory. Bytes: ``size_vram`` of ``size`` are on a GPU; ``context`` in tokens."""

    name: str
    size: int
    size_vram: int
    context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetServer:
    """One server. ``status``: ``starting``, ``running``, ``waiting`` (it died and is started again in a moment),
    ``failed`` (given up), ``silent`` (runs and does not answer), ``dead`` (gone, and nobody starts it again).

    ``gpu`` is a UUID; ``started`` an ISO 8601 time (UTC); ``resident`` what it has in memory, None where it does not
    answer.
    """

    key: str
    status: str
    url: str
    gpu: str | None = None
    pid: int | None = None
    started: str | None = None
    restarts: int = 0
    problem: str | None = None
    log: str = ""
    version: str | None = None
    parallel: int = 1
    resident: tuple[Resident, ...] | None = None
    max_loaded: int = 1

    def to_json(self) -> dict[str, object]:
        """One row of ``forge-lsp fleet status --json``, keys in camelCase."""
        return to_json(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """A fleet as it is. ``supervisor`` is the number of the process that watches over it, None where none does.

    ``gpus`` are rows as in ``forge.models``. Sentences: ``lost`` of servers whose GPU has gone, ``notes`` of what else
    the user should know.
    """

    supervisor: int | None = None
    servers: tuple[FleetServer, ...] = ()
    gpus: tuple[Mapping[str, object], ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether all servers run, under supervision, on GPUs that are there."""
        running = all(server.status == "running" for server in self.servers)
        return self.supervisor is not None and bool(self.servers) and running and not self.lost

    def to_json(self) -> dict[str, object]:
        """The document of ``forge-lsp fleet ... --json``."""
        return {"healthy": self.healthy, **to_json(self)}


class Fleet(Protocol):
    """One Ollama server a GPU, shared by all editors of a user."""

    async def up(self) -> FleetReport:
        """Start the servers of the settings that do not run yet, and wait until each answers or is given up.

        Raises SettingsError, EnvironmentFault.
        """
        ...

    async def status(self) -> FleetReport:
        """Look. Raises EnvironmentFault for a state file that cannot be read."""
        ...

    async def down(self) -> FleetReport:
        """Stop everything; answers what was running. Raises EnvironmentFault."""
        ...
