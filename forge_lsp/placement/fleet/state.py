"""What is written about a fleet: what was asked for, and what runs. One JSON file in the state folder, replaced whole.

Written by the supervisor alone; read by every editor and command.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from forge_lsp.core.codec import decode
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.whole_file import write_whole

__all__ = [
    "VERSION",
    "FleetSpec",
    "FleetState",
    "Folder",
    "ServerSpec",
    "ServerState",
    "ServerStatus",
    "Supervising",
]

VERSION = 1


class ServerStatus(StrEnum):
    """Where a server is in its life. ``WAITING``: it died, and is started again in a moment; ``FAILED``: given up."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """One server that is wanted. ``key`` is its settings key; ``gpu`` a UUID (None: no GPU is named to it).

    ``port`` is taken if it is free, else any other, unless ``fixed``. ``parallel`` calls of one model at once;
    ``loaded`` models in memory at most.
    """

    key: str
    gpu: str | None = None
    port: int | None = None
    fixed: bool = False
    parallel: int = 1
    loaded: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpec:
    """What ``fleet up`` asks for. ``program`` is an absolute path; ``models`` None: where Ollama keeps them itself.

    ``placement`` is the plan's: the server's settings key by the model's.
    """

    program: str
    models: str | None = None
    servers: tuple[ServerSpec, ...]
    placement: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """One server as it is. ``started`` is an ISO 8601 time (UTC), ``start`` the process' own (see processes.py).

    ``restarts`` counts since the fleet came up. ``problem`` says why it is not running.
    """

    key: str
    gpu: str | None
    port: int
    log: str
    status: ServerStatus = ServerStatus.STARTING
    pid: int | None = None
    start: str | None = None
    started: str | None = None
    restarts: int = 0
    problem: str | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervising:
    """The process that watches over the servers."""

    pid: int
    start: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """All of it. ``spec`` is what the servers were started with."""

    supervisor: Supervising
    spec: FleetSpec
    servers: tuple[ServerState, ...] = ()
    version: int = field(default=VERSION)

    def with_server(self, server: ServerState) -> FleetState:
        """This state with one server's row put in or replaced; rows stay in the spec's order."""
        rows = {row.key: row for row in self.servers} | {server.key: server}
        order = [spec.key for spec in self.spec.servers]
        return replace(self, servers=tuple(rows[key] for key in order if key in rows))


@dataclass(frozen=True, slots=True)
class Folder:
    """The fleet's files: ``fleet/`` in the state folder."""

    path: Path

    @property
    def state(self) -> Path:
        """What runs."""
        return self.path / "state.json"

    @property
    def spec(self) -> Path:
        """What the supervisor is to start."""
        return self.path / "spec.json"

    @property
    def commands(self) -> Path:
        """The lock of ``up`` and ``down``."""
        return self.path / "commands.lock"

    @property
    def supervisor(self) -> Path:
        """The lock that the supervisor holds as long as it lives; says its number."""
        return self.path / "supervisor.lock"

    @property
    def logs(self) -> Path:
        """One log a server."""
        return self.path / "logs"

    @property
    def journal(self) -> Path:
        """The supervisor's log."""
        return self.path / "supervisor.log"

    def log(self, key: str) -> Path:
        """A server's log. Keys are the user's own words."""
        return self.logs / f"{''.join(c if c.isalnum() or c in '-_.' else '_' for c in key)}.log"

    def make(self) -> None:
        """Make the folder, for its owner alone. Raises EnvironmentFault."""
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise EnvironmentFault(
                f"{self.path} cannot be created: {error.strerror}", remedy="name another folder as state.dir"
            ) from None

    def read_state(self) -> FleetState | None:
        """What runs, as last written; None where nothing was. Raises EnvironmentFault for a file of another make."""
        values = _read(self.state)
        if values is None:
            return None
        if values.get("version") != VERSION:
            raise EnvironmentFault(
                f"{self.state} was written by another version of forge-lsp ({values.get('version')})",
                remedy="stop the fleet with that version: `forge-lsp fleet down`",
            )
        try:
            return decode(FleetState, values)
        except (KeyError, TypeError, ValueError):
            raise _unreadable(self.state) from None

    def write_state(self, state: FleetState) -> None:
        """Replace the file whole. Raises OSError."""
        rows = [{**asdict(row), "url": row.url} for row in state.servers]
        write_whole(self.state, json.dumps({**asdict(state), "servers": rows}, indent=1))

    def read_spec(self) -> FleetSpec:
        """What is to be started. Raises EnvironmentFault."""
        values = _read(self.spec)
        try:
            return decode(FleetSpec, values or {})
        except (KeyError, TypeError, ValueError):
            raise _unreadable(self.spec) from None

    def write_spec(self, spec: FleetSpec) -> None:
        """Replace the file whole. Raises EnvironmentFault."""
        try:
            write_whole(self.spec, json.dumps(asdict(spec), indent=1))
        except OSError as error:
            raise EnvironmentFault(f"{self.spec} cannot be written: {error.strerror}") from None

    def clear(self) -> None:
        """Remove everything but the logs."""
        for path in (self.state, self.spec, self.supervisor):
            path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        values: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _unreadable(path) from None
    if not isinstance(values, dict):
        raise _unreadable(path)
    return cast("dict[str, Any]", values)


def _unreadable(path: Path) -> EnvironmentFault:
    return EnvironmentFault(
        f"{path} cannot be read", remedy=f"end any remaining `ollama serve` processes, then remove the file: rm {path}"
    )
