"""The parent's side of the embedded model's process: start it, know whether it lives, end it surely.

A :class:`Child` belongs to one wire. It is spawned, never forked (a forked llama.cpp hangs), in a session of its own,
with all three standard streams piped: nothing it prints can reach an editor's stdio channel.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

__all__ = ["Child", "ChildOrder", "StartFailed"]

_LOG_BYTES = 4096
_REAP_SECONDS = 5.0
"""A killed process that the kernel does not give back in this time hangs in a device; waiting longer helps nobody."""

_ENVIRONMENT = frozenset(
    (
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH"),
        *("PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES"),
    )
)
"""What a Python and llama.cpp need to start. API keys are in the parent's environment: they do not go along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """What to serve: ``slots`` answers at once with ``context`` tokens each. ``sha256`` None: nothing to check."""

    model: Path
    slots: int
    context: int
    sha256: str | None


class StartFailed(Exception):
    """The child could not serve. ``reason`` is ``absent``, ``damaged``, ``unloadable`` or ``died``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Child:
    """One running process. Made by :meth:`spawn`; serves once :meth:`ready` has returned."""

    def __init__(self, process: asyncio.subprocess.Process, key: str) -> None:
        self._process = process
        self._log = bytearray()
        self._logging = asyncio.create_task(self._keep_log())
        self._killed = False
        self.key = key
        self.address = ""

    def __repr__(self) -> str:
        return f"<embedded child {self.pid}>"  # never the key

    @classmethod
    async def spawn(cls, order: ChildOrder) -> Child:
        """Start the process and hand it its order. A cancel leaves no process behind."""
        key = secrets.token_urlsafe(24)
        # By path and with -P: the user's folder must not be where the child looks for its modules.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(Path(__file__).with_name("embedded_server.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(sys.executable).parent,
            env=child_environment(os.environ),
            start_new_session=True,
        )
        child = cls(process, key)
        words = {
            "model": str(order.model.absolute()),
            "slots": order.slots,
            "context": order.context,
            "key": key,
            "sha256": order.sha256,
            "parent": os.getpid(),
        }
        assert process.stdin is not None
        process.stdin.write(json.dumps(words).encode() + b"\n")  # less than a pipe holds: never blocks
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False as soon as it is being killed, or known to have ended."""
        return not self._killed and self._process.returncode is None

    @property
    def log_tail(self) -> str:
        """The end of what the process wrote on stderr, at most 4 KiB."""
        return self._log.decode(errors="replace").strip()

    async def ready(self) -> None:
        """Wait until it listens. Raises :class:`StartFailed`; after that, or after a cancel, the process is dead."""
        assert self._process.stdout is not None
        try:
            line = await self._process.stdout.readline()
            try:
                answer = cast("dict[str, str]", json.loads(line or b"{}"))
            except ValueError:
                answer = {}
            if "address" in answer:
                self.address = answer["address"]
                return
            if "error" in answer:
                raise StartFailed(answer["error"], answer["message"])
            self.kill()
            await self.aclose()
            raise StartFailed("died", f"it ended with {_ending(self._process.returncode)}")
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End the process now. It is reaped in the background, or by :meth:`aclose`."""
        self._killed = True
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                # Process.kill() polls first, which reaps one that has just died under asyncio's watcher: it then warns
                # and reports exit code 255.
                os.kill(self.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """Kill, reap, close the pipes. May be called twice."""
        self.kill()
        try:
            async with asyncio.timeout(_REAP_SECONDS):
                await self._process.wait()
                await asyncio.shield(self._logging)
        except TimeoutError:
            self._logging.cancel()

    async def _keep_log(self) -> None:
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(_LOG_BYTES):
            self._log += data
            del self._log[:-_LOG_BYTES]


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of ``environment`` that the child gets, and what keeps its threads from spinning on a busy machine."""
    kept = {name: value for name, value in environment.items() if name.upper() in _ENVIRONMENT}
    return kept | {"OMP_WAIT_POLICY": "passive"}


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
