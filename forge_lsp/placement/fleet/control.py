"""``fleet up``, ``fleet status`` and ``fleet down``: from any process, any number of them at once.

One fleet a state folder. ``up`` and ``down`` take turns by a lock; the supervisor holds one of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from forge_lsp.core.codec import projected
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports.fleet import FleetReport, FleetServer, Resident
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.lock import Lock, exclusive
from forge_lsp.placement.fleet.server import words_of
from forge_lsp.placement.fleet.state import FleetSpec, FleetState, Folder, ServerSpec, ServerState, ServerStatus
from forge_lsp.placement.inventory import Inventory
from forge_lsp.placement.ollama_api import loaded, version

__all__ = ["Control", "placed", "placement", "urls"]

MODULE = "forge_lsp.placement.fleet.supervisor"
_TURN = 180.0
"""Seconds until another ``up`` or ``down`` has ended."""
_BEGIN = 30.0
"""Seconds until a new supervisor has written its state."""
_READY = 90.0
"""Seconds until every server answers or is given up."""
_STOP = 20.0
"""Seconds until a supervisor has ended its servers and itself."""
_PATIENCE = 5.0
"""Seconds between SIGTERM and SIGKILL of a server."""
_POLL = 0.1
_WINDOWS = (
    "forge-lsp fleet does not run on Windows, which has neither the signals nor the process groups that end a server "
    "with all its runners"
)


def urls(folder: Folder) -> dict[str, str]:
    """Where the servers of a fleet that is up answer, by settings key. {} where none is up or its file is unreadable.

    Servers that were given up are left out: what the settings say of them holds again. Blocks for milliseconds.
    """
    return {row.key: row.url for row, _ in _serving(folder)}


def placed(folder: Folder) -> dict[str, ServerSpec]:
    """What the servers of a fleet that is up were started with, by URL."""
    return {row.url: spec for row, spec in _serving(folder)}


def placement(folder: Folder) -> dict[str, str]:
    """Which server of a fleet that is up each model is planned on, both by settings key; servers that were given up
    left out."""
    serving = {row.key for row, _ in _serving(folder)}
    try:
        state = folder.read_state() if serving else None
    except EnvironmentFault:
        return {}  # the doctor tells
    if state is None:
        return {}
    return {model: server for model, server in state.spec.placement.items() if server in serving}


def _serving(folder: Folder) -> list[tuple[ServerState, ServerSpec]]:
    if sys.platform == "win32":
        return []
    try:
        state = folder.read_state()
    except EnvironmentFault:
        return []  # the doctor tells
    if state is None:
        return []
    specs = {spec.key: spec for spec in state.spec.servers}
    watched = processes.is_alive(state.supervisor.pid, state.supervisor.start)
    return [
        (row, specs[row.key])
        for row in state.servers
        if row.port and row.status is not ServerStatus.FAILED and (watched or processes.is_alive(row.pid, row.start))
    ]


class Control:
    """The fleet of one folder, from outside its supervisor."""

    def __init__(self, folder: Folder) -> None:
        if sys.platform == "win32":
            remedy = "run forge-lsp inside WSL2, or start `ollama serve` yourself and name its url in the settings"
            raise EnvironmentFault(_WINDOWS, remedy=remedy)
        self._folder = folder

    async def up(
        self, spec: FleetSpec, plan: Callable[[FleetSpec], Awaitable[FleetSpec]] | None = None
    ) -> tuple[str, ...]:
        """Start the fleet unless it is up, and wait until each server answers or is given up. Answers notes.

        ``plan`` makes of ``spec`` what is started. It is asked by one process at a time, and only where no server of
        the fleet runs: those that do go on by the plan that they were started with. Raises EnvironmentFault. A cancel
        stops what this call started.
        """
        self._folder.make()
        async with exclusive(self._folder.commands, patience=_TURN):
            state = await asyncio.to_thread(self._watched)
            if plan is not None:
                left = await asyncio.to_thread(self._left)
                spec = await plan(spec) if left is None else _as_planned(spec, left)
            if state is not None:
                if any(row.status is ServerStatus.FAILED for row in state.servers):
                    os.kill(state.supervisor.pid, signal.SIGHUP)
                    await asyncio.sleep(2 * _POLL)
                await self._settle()
                return _differences(state.spec, spec)
            self._folder.write_spec(spec)
            await asyncio.to_thread(self._launch)
            try:
                await self._begin()
                await self._settle()
            except asyncio.CancelledError:
                await self._stop_supervisor()
                raise
        return ()

    async def status(self, inventory: Inventory) -> FleetReport:
        """What is there. Raises EnvironmentFault for a state file of another make."""
        state = await asyncio.to_thread(self._folder.read_state)
        if state is None:
            return FleetReport(gpus=tuple(gpu.to_json() for gpu in inventory.gpus))
        watched = await asyncio.to_thread(processes.is_alive, state.supervisor.pid, state.supervisor.start)
        servers = await asyncio.gather(*(_look(row, state.spec, watched=watched) for row in state.servers))
        gone = f"the supervisor (process {state.supervisor.pid}) is gone"
        notes = () if watched else (f"{gone}; `forge-lsp fleet up` starts another, which takes the servers over",)
        return FleetReport(
            servers=tuple(servers),
            supervisor=state.supervisor.pid if watched else None,
            gpus=tuple(gpu.to_json() for gpu in inventory.gpus),
            lost=_lost(servers, inventory),
            notes=notes,
        )

    async def down(self) -> None:
        """End the supervisor, the servers and their runners, and remove the fleet's files; the logs stay.

        Raises EnvironmentFault where something could not be ended.
        """
        if not self._folder.path.exists():
            return
        async with exclusive(self._folder.commands, patience=_TURN):
            await self._stop_supervisor()
            state = await asyncio.to_thread(self._folder.read_state)
            if state is not None:
                words = words_of(state.spec.program)
                await asyncio.gather(
                    *(
                        processes.end(row.pid, row.start, words=words, patience=_PATIENCE)
                        for row in state.servers
                        if row.pid is not None
                    )
                )
                left = [row for row in state.servers if processes.is_alive(row.pid, row.start)]
                if left:
                    numbers = ", ".join(str(row.pid) for row in left)
                    raise EnvironmentFault(
                        f"these processes could not be ended: {numbers}", remedy=f"kill -9 {numbers}"
                    )
            self._folder.clear()

    # ------------------------------------------------------------------ the supervisor

    def _watched(self) -> FleetState | None:
        """The state of a fleet whose supervisor lives."""
        state = self._folder.read_state()
        if state is not None and processes.is_alive(state.supervisor.pid, state.supervisor.start):
            return state
        return None

    def _left(self) -> FleetSpec | None:
        """What the servers were started with that run, watched or left behind by a supervisor that was killed."""
        state = self._folder.read_state()
        if state is None:
            return None
        running = any(processes.is_alive(row.pid, row.start) for row in state.servers)
        return state.spec if running or self._watched() is not None else None

    def _launch(self) -> None:
        """Start a supervisor that is nobody's child, so that it stays when this process ends, and leaves no zombie."""
        with self._folder.journal.open("ab") as journal:
            self._folder.journal.chmod(0o600)
            subprocess.run(
                # -P: nothing of the current folder is imported
                ["/bin/sh", "-c", '"$@" &', "sh", sys.executable, "-P", "-m", MODULE, str(self._folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=journal,
                cwd=self._folder.path,
                start_new_session=True,
                check=True,
                timeout=_BEGIN,
            )

    async def _begin(self) -> None:
        if not await processes.until(lambda: self._watched() is not None, _BEGIN):
            raise EnvironmentFault(
                f"the fleet's supervisor does not start: {_tail(self._folder.journal)}",
                remedy=f"see {self._folder.journal}",
            )

    async def _settle(self) -> None:
        await processes.until(self._settled, _READY)

    def _settled(self) -> bool:
        state = self._watched()
        return state is None or all(row.status in (ServerStatus.RUNNING, ServerStatus.FAILED) for row in state.servers)

    async def _stop_supervisor(self) -> None:
        """End the process that holds the supervisor's lock, if one does. Its lock says so, whatever became of the
        state file."""
        lock = Lock(self._folder.supervisor)
        if lock.take():
            lock.release()
            return
        # It writes its number a moment after it took the lock.
        await processes.until(lambda: self._holder() is not None, 2.0)
        found = await asyncio.to_thread(self._holder)
        if found is None:
            return
        for number, patience in ((signal.SIGTERM, _STOP), (signal.SIGKILL, 2.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, number)
            if await processes.until(lambda: not processes.is_alive(found.pid, found.start), patience):
                return

    def _holder(self) -> processes.Process | None:
        try:
            found = processes.look(int(self._folder.supervisor.read_text(encoding="ascii")))
        except (OSError, ValueError):
            return None
        return found if found is not None and MODULE in found.command else None


async def _look(row: ServerState, spec: FleetSpec, *, watched: bool) -> FleetServer:
    status, said, resident = str(row.status), None, None
    alive = await asyncio.to_thread(processes.is_alive, row.pid, row.start)
    if alive:
        said, rows = await asyncio.gather(version(row.url), loaded(row.url))
        if row.status is ServerStatus.RUNNING and (said is None or rows is None):
            status = "silent"
        if rows is not None:
            resident = tuple(projected(Resident, one) for one in rows)
    elif not watched:
        status = "dead"
    wanted = next(one for one in spec.servers if one.key == row.key)
    return projected(
        FleetServer,
        row,
        status=status,
        pid=row.pid if alive else None,
        version=said,
        parallel=wanted.parallel,
        max_loaded=wanted.loaded,
        resident=resident,
    )


def _lost(servers: Sequence[FleetServer], inventory: Inventory) -> tuple[str, ...]:
    """Servers whose GPU the driver shows no more. Without a driver, what the settings say is all there is to know."""
    if not inventory.gpus and not inventory.lost:
        return ()
    there = {gpu.uuid for gpu in inventory.gpus}
    why = f" ({'; '.join(inventory.lost)})" if inventory.lost else ""
    return tuple(
        f"{server.key}: its GPU {server.gpu} does not answer any more{why}; its models run on the CPU or fail"
        for server in servers
        if server.gpu and server.gpu not in there and not server.gpu.startswith("MIG-")
    )


def _differences(now: FleetSpec, wanted: FleetSpec) -> tuple[str, ...]:
    """What a fleet that is up does otherwise than the settings say by now."""
    if now == wanted:
        return ()
    mine = {server.key: server for server in now.servers}
    theirs = {server.key: server for server in wanted.servers}
    keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    keys += [] if keys or now.placement == wanted.placement else ["which model is where"]
    what = ", ".join(keys) if keys else "program or models folder"
    return (f"the fleet runs with other settings than yours ({what}); to take them: `forge-lsp fleet down`, then `up`",)


def _as_planned(spec: FleetSpec, before: FleetSpec) -> FleetSpec:
    """``spec`` by the plan of servers that run: to plan again beside their models would only tell of differences."""
    kept = {server.key: server for server in before.servers}
    servers = tuple(
        replace(one, parallel=kept[one.key].parallel, loaded=kept[one.key].loaded) if one.key in kept else one
        for one in spec.servers
    )
    return replace(spec, servers=servers, placement=before.placement)


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "it left no log"
    return lines[-1] if lines else "it said nothing"
