"""The process that keeps a fleet's servers alive: ``python -m forge_lsp.placement.fleet.supervisor FOLDER``.

It holds the lock file of its folder as long as it lives, writes the state file, starts what has died again after a
pause that doubles, and gives a server up that does not stay. SIGTERM ends the servers and then itself; SIGHUP begins
again with those that were given up. When it is killed its servers go on: the next supervisor takes them over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.lock import Lock
from forge_lsp.placement.fleet.server import (
    OrphanedServer,
    ServerProcess,
    environment,
    free_port,
    launch,
    rotate,
    words_of,
)
from forge_lsp.placement.fleet.state import FleetState, Folder, ServerSpec, ServerState, ServerStatus, Supervising
from forge_lsp.placement.ollama_api import version

__all__ = ["RestartPolicy", "Supervisor", "main"]

logger = logging.getLogger("forge_lsp.fleet")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """Seconds, unless said. A server that did not run for ``settled`` failed once more; after ``failures`` in a row it
    is given up. Between two starts pass ``pause``, 2 * ``pause``, 4 * ``pause`` ..., at most ``longest``.

    A server answers within ``ready`` of its start; it ends within ``stop`` of a SIGTERM.
    """

    pause: float = 0.5
    longest: float = 30.0
    failures: int = 5
    settled: float = 60.0
    ready: float = 60.0
    stop: float = 5.0
    log_size: int = 5_000_000  # bytes
    look: float = 10.0  # between two looks at the logs' sizes


@dataclass(eq=False)
class Supervisor:
    """All servers of one folder. ``answers`` says whether a server at a URL speaks."""

    folder: Folder
    _: KW_ONLY
    policy: RestartPolicy | None = None
    answers: Callable[[str], Awaitable[str | None]] = version

    def __post_init__(self) -> None:
        self._policy = self.policy or RestartPolicy()
        self._retry = asyncio.Event()
        me = processes.look(os.getpid())
        assert me is not None
        earlier = self.folder.read_state()
        spec = self.folder.read_spec()
        self._state = FleetState(supervisor=Supervising(pid=me.pid, start=me.start), spec=spec)
        self._earlier = {row.key: row for row in earlier.servers} if earlier is not None else {}
        self._kept = (
            {row.key for row in earlier.spec.servers if row in spec.servers}
            if earlier is not None and (earlier.spec.program, earlier.spec.models) == (spec.program, spec.models)
            else set[str]()
        )
        self._words = words_of(spec.program) + (words_of(earlier.spec.program) if earlier is not None else ())

    def retry(self) -> None:
        """Begin again with the servers that were given up."""
        self._retry.set()
        self._retry.clear()

    async def run(self) -> None:
        """Watch until cancelled; then end all servers and remove the fleet's files."""
        rows = [self._first(spec) for spec in self._state.spec.servers]
        self._state = replace(self._state, servers=tuple(rows))
        await self._left_over()
        self._write()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mind_logs())
                for spec in self._state.spec.servers:
                    group.create_task(self._keep(spec))
        finally:
            await self._end_all()

    # ------------------------------------------------------------------ one server

    def _first(self, spec: ServerSpec) -> ServerState:
        """A server's row before it is looked at: the earlier supervisor's, if that server is still there."""
        old = self._earlier.get(spec.key)
        if old is not None and spec.key in self._kept and processes.is_alive(old.pid, old.start):
            return old
        port = old.port if old is not None else 0
        return ServerState(key=spec.key, gpu=spec.gpu, port=port, log=str(self.folder.log(spec.key)))

    async def _keep(self, spec: ServerSpec) -> None:
        """Start a server, and again when it dies."""
        failures = 0
        while True:
            begun = time.monotonic()
            problem = await self._live(spec)
            failures = 1 if time.monotonic() - begun >= self._policy.settled else failures + 1
            row = self._row(spec.key)
            logger.warning("%s: %s", spec.key, problem)
            if failures >= self._policy.failures:
                told = f"given up after {failures} failures in a row; the last: {problem}; see {row.log}"
                self._put(replace(row, status=ServerStatus.FAILED, pid=None, start=None, problem=told))
                await self._retry.wait()
                failures = 0
            else:
                self._put(replace(row, status=ServerStatus.WAITING, pid=None, start=None, problem=problem))
                pause = min(self._policy.pause * 2 ** (failures - 1), self._policy.longest)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._retry.wait()
            row = self._row(spec.key)
            self._put(replace(row, restarts=row.restarts + 1, status=ServerStatus.STARTING))

    async def _live(self, spec: ServerSpec) -> str:
        """One life of a server, from its start to its end; says why it ended. Nothing of it is left."""
        row = self._row(spec.key)
        process: ServerProcess | OrphanedServer
        if row.pid is not None and row.start is not None:
            process = OrphanedServer(pid=row.pid, start=row.start)
            logger.info("%s: taken over, process %d on port %d", spec.key, row.pid, row.port)
        else:
            try:
                process = await self._start(spec, row)
            except (OSError, EnvironmentFault) as error:
                return f"could not be started: {error}"
        try:
            return await self._watch(spec, process)
        finally:
            await processes.end(process.pid, process.start, words=None, patience=self._policy.stop)

    async def _start(self, spec: ServerSpec, row: ServerState) -> ServerProcess:
        wanted = spec.port if spec.fixed else row.port or spec.port
        others = {other.port for other in self._state.servers if other.key != spec.key}
        others |= {other.port for other in self._state.spec.servers if other.key != spec.key and other.fixed}
        if wanted in others and not spec.fixed:
            wanted = None  # a neighbour's, who may not be listening yet
        port = free_port(wanted, fixed=spec.fixed)
        row = replace(row, port=port)
        self._put(row)
        log = self.folder.log(spec.key)
        rotate(log, self._policy.log_size)
        fleet = self._state.spec
        child = await launch(fleet.program, environment(spec, fleet, port, os.environ), log)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._put(
            replace(
                row,
                port=port,
                pid=child.pid,
                start=child.start,
                started=now,
                status=ServerStatus.STARTING,
                problem=None,
            )
        )
        await child.release()
        logger.info("%s: started, process %d on port %d", spec.key, child.pid, port)
        return child

    async def _watch(self, spec: ServerSpec, process: ServerProcess | OrphanedServer) -> str:
        """Wait for its end; meanwhile, for its first answer."""
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(process.wait())
            speaking = group.create_task(self._speaks(self._row(spec.key).url))
            await asyncio.wait({ending, speaking}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                speaking.cancel()
                return ending.result()
            if not speaking.result():
                ending.cancel()
                return f"did not answer within {self._policy.ready:.0f} s of its start"
            self._put(replace(self._row(spec.key), status=ServerStatus.RUNNING, problem=None))
            return await ending

    async def _speaks(self, url: str) -> bool:
        deadline = time.monotonic() + self._policy.ready
        while time.monotonic() < deadline:
            if await self.answers(url) is not None:
                return True
            await asyncio.sleep(0.1)
        return False

    # ------------------------------------------------------------------ all of them

    async def _left_over(self) -> None:
        """End what an earlier supervisor left and this one does not go on with."""
        taken = {row.pid for row in self._state.servers if row.pid is not None}
        left = [row for row in self._earlier.values() if row.pid is not None and row.pid not in taken]
        await self._end(left)

    async def _end_all(self) -> None:
        """End every server, whatever became of its keeper, and remove the files."""
        await self._end([row for row in self._state.servers if row.pid is not None])
        self.folder.clear()

    async def _end(self, rows: list[ServerState]) -> None:
        patience = self._policy.stop
        await asyncio.gather(
            *(processes.end(row.pid, row.start, words=self._words, patience=patience) for row in rows if row.pid)
        )

    async def _mind_logs(self) -> None:
        while True:
            await asyncio.sleep(self._policy.look)
            for path in (self.folder.journal, *sorted(self.folder.logs.glob("*.log"))):
                await asyncio.to_thread(rotate, path, self._policy.log_size)

    def _row(self, key: str) -> ServerState:
        return next(row for row in self._state.servers if row.key == key)

    def _put(self, row: ServerState) -> None:
        self._state = self._state.with_server(row)
        self._write()

    def _write(self) -> None:
        try:
            self.folder.write_state(self._state)
        except OSError as error:
            logger.error("The state file could not be written: %s", error)


async def _supervise(folder: Folder) -> None:
    task = asyncio.current_task()
    assert task is not None
    supervisor = Supervisor(folder)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: None)  # a second one must not break the ending off
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, supervisor.retry)
    with contextlib.suppress(asyncio.CancelledError):
        await supervisor.run()


def main(words: list[str]) -> int:
    """Supervise the fleet of a folder until told to end. 1: another process does already, or there is nothing to do."""
    folder = Folder(Path(words[0]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    lock = Lock(folder.supervisor)
    if not lock.take(str(os.getpid())):
        logger.info("Another supervisor is at work")
        return 1
    try:
        asyncio.run(_supervise(folder))
    except EnvironmentFault as error:
        logger.error("%s", error.full_message)
        return 1
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
