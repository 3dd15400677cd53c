"""One server's process: its environment, its port, its start, its end, its log."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.fleet import processes
from forge_lsp.placement.fleet.state import FleetSpec, ServerSpec

__all__ = ["OrphanedServer", "ServerProcess", "environment", "free_port", "launch", "rotate", "words_of"]

_KEPT = 3
"""Old logs that are kept."""
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
#: Waits for a line on its input before it becomes the server, so that no server ever runs whose number is not written
#: down: if the supervisor dies in between, the input ends, and so does this.
_GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
#: The same for one that is to end with the process that started it, however that ends: then the input ends too.
_LEASH = (
    "/bin/sh",
    "-c",
    'exec 3<&0; read -r go <&3 && { "$@" 3<&- </dev/null & server=$!; '
    '{ read -r end <&3; kill "$server"; } & wait "$server"; }',
    "sh",
)


def environment(spec: ServerSpec, fleet: FleetSpec, port: int, base: Mapping[str, str]) -> dict[str, str]:
    """What a server sees: the user's environment without keys and passwords, and what the plan says."""
    kept = {name: value for name, value in base.items() if not _SECRET.search(name) and not name.startswith("FORGE_")}
    plan = {
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_NOPRUNE": "1",  # servers that share a folder must not tidy up after each other
        "OLLAMA_MAX_LOADED_MODELS": str(spec.loaded),
        "OLLAMA_NUM_PARALLEL": str(spec.parallel),
        "OLLAMA_KEEP_ALIVE": "-1",
    }
    if fleet.models is not None:
        plan["OLLAMA_MODELS"] = fleet.models
    if spec.gpu is not None:
        plan["CUDA_VISIBLE_DEVICES"] = spec.gpu
    return {**kept, **plan}


def free_port(wanted: int | None, *, fixed: bool = False) -> int:
    """``wanted`` if nothing has it, else any port on loopback. Raises EnvironmentFault where it is ``fixed``."""
    if wanted is not None:
        if _is_free(wanted):
            return wanted
        if fixed:
            raise EnvironmentFault(
                f"port {wanted} is taken", remedy=f"find the program that uses it: lsof -i :{wanted}"
            )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(0.5)
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return False  # macOS lets one bind beside a server that listens on all addresses
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: not kept by dead connections
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(slots=True, kw_only=True)
class ServerProcess:
    """A server that this process started. It waits until :meth:`release`; one that is ``leashed`` ends when
    this process does, or on :meth:`close_input`."""

    pid: int
    start: str
    leashed: bool = False
    _process: asyncio.subprocess.Process

    async def release(self) -> None:
        """Let it become the server."""
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError):  # it died at the gate: wait() tells
            stdin.write(b"go\n")
            await stdin.drain()
        if not self.leashed:
            await self.close_input()

    async def close_input(self) -> None:
        """Close its input. Safe to call twice."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        with contextlib.suppress(ConnectionError):
            await stdin.wait_closed()

    async def wait(self) -> str:
        """Wait for its end; says how it ended."""
        code = await self._process.wait()
        return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanedServer:
    """A server that an earlier supervisor started and left behind when it died."""

    pid: int
    start: str
    every: float = 0.5

    async def wait(self) -> str:
        """Wait for its end. Only its parent could say how it ended."""
        await processes.until(lambda: not processes.is_alive(self.pid, self.start), math.inf, every=self.every)
        return "ended"


async def launch(program: str, env: Mapping[str, str], log: Path, *, leashed: bool = False) -> ServerProcess:
    """Start a server, in a session of its own and held at the gate. Its output is added to ``log``. ``leashed``: it
    does not outlive this process.

    Raises OSError where no process can be started.
    """
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            *(_LEASH if leashed else _GATE),
            program,
            "serve",
            stdin=asyncio.subprocess.PIPE,
            stdout=handle,
            stderr=handle,
            env=dict(env),
            cwd=log.parent,
            start_new_session=True,
        )
    finally:
        os.close(handle)
    found = await asyncio.to_thread(processes.look, process.pid)
    if found is None:
        raise ProcessLookupError("it ended at once")
    return ServerProcess(pid=process.pid, start=found.start, leashed=leashed, _process=process)


def words_of(program: str) -> tuple[str, ...]:
    """What the command line of a server, or of one of its runners, holds."""
    return tuple({program, str(Path(program).resolve())})


def rotate(log: Path, size: int) -> None:
    """Set a log aside that has grown beyond ``size`` bytes: copied and emptied, since its server keeps it open (and
    adds to its end, wherever that is)."""
    try:
        if log.stat().st_size <= size:
            return
        for number in range(_KEPT - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                log.with_suffix(f".log.{number}").replace(log.with_suffix(f".log.{number + 1}"))
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)
    except OSError:
        return  # a full disk: the log goes on growing where it can, and the servers go on
