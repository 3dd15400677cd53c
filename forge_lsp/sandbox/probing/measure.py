"""Runs the hostile program in a sandbox, and looks from outside at what it did."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import ProcessResult, Sandbox, Tree
from forge_lsp.sandbox import seccomp
from forge_lsp.sandbox.interpreters import environment_at
from forge_lsp.sandbox.launcher import landlock_abi
from forge_lsp.sandbox.limits import Limits
from forge_lsp.sandbox.probing.outside import Outside, ended
from forge_lsp.sandbox.probing.table import PROBES, Probe
from forge_lsp.sandbox.process import MAX_OUTPUT
from forge_lsp.sandbox.profile import interpreter_folders

__all__ = ["HostMachine", "Measured", "Open", "ProbedBox", "measure"]

_PROGRAM = Path(__file__).with_name("program.py")
_SECONDS = 60.0


class ProbedBox(Protocol):
    """An open box, as far as the probes need it."""

    async def run(self, command: Sequence[str], *, timeout: float) -> ProcessResult:
        """Run a command with the folders readable that the session was opened with."""
        ...

    def read(self, path: PurePosixPath) -> bytes | None:
        """A file that a command wrote, or None."""
        ...


Open = Callable[[Tree, Sequence[Path]], AbstractAsyncContextManager[ProbedBox]]
"""Opens a session on a tree, with these folders asked to be readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of one probe: ``said`` is "" where the box held, else what got through; None: not tried here.
    ``known`` says that docs/sandbox.md tells of it."""

    probe: Probe
    said: str | None
    known: bool = False

    @property
    def held(self) -> bool | None:
        """Whether the box held; None: not tried here."""
        return None if self.said is None else not self.said


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMachine:
    """The machine around the box: ``boxes`` is the folder of the boxes, ``state`` forge-lsp's state folder. ``once``:
    the session runs one command only, and cannot be ended early."""

    boxes: Path
    state: Path
    limits: Limits = field(default_factory=Limits)
    once: bool = False


async def measure(sandbox: Sandbox | Open, kind: str, around: HostMachine) -> tuple[Measured, ...]:
    """Every probe of the table against ``kind`` (``bubblewrap``, ``landlock``, ``seatbelt``), in half a minute or less.

    Writes a small project, keys and sockets of its own into the temp folder, and removes them. Raises EnvironmentFault
    where the program does not run at all, and what opening a box raises.
    """
    base = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forge-probe-"))
    try:
        said = await _said(sandbox if callable(sandbox) else _opening(sandbox), kind, around, base)
    finally:
        await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)
    return tuple(Measured(probe=probe, said=said.get(probe.key), known=probe.is_open(kind)) for probe in PROBES)


def _opening(sandbox: Sandbox) -> Open:
    @contextlib.asynccontextmanager
    async def opened(tree: Tree, readable: Sequence[Path]) -> AsyncGenerator[ProbedBox]:
        async with sandbox.open(tree) as box:

            class Bound:
                async def run(self, command: Sequence[str], *, timeout: float) -> ProcessResult:
                    return await box.run(command, timeout=timeout, readable=tuple(readable))

                def read(self, path: PurePosixPath) -> bytes | None:
                    return box.read(path)

            yield Bound()

    return opened


async def _said(opened: Open, kind: str, around: HostMachine, base: Path) -> dict[str, str]:
    outside = await asyncio.to_thread(Outside, base)
    environment = await asyncio.to_thread(environment_at, outside.project / ".venv", workspace=outside.project)
    named = (*(environment.readable if environment is not None else ()), *outside.named)
    readable = (*interpreter_folders(), *named, outside.socket)
    before = await asyncio.to_thread(_entries, around.boxes)
    told: dict[str, object] = {}
    said: dict[str, str] = {}
    with outside.listening() as listening, _marked(outside.secret):
        told |= listening | _paths(outside, around, kind)
        files = {
            PurePosixPath("told.json"): json.dumps(told).encode(),
            PurePosixPath("probe.py"): _PROGRAM.read_bytes(),
        }
        async with opened(Tree(source=outside.project, files=files), readable) as session:
            await _bounds(session, around, said)
            result = await session.run([sys.executable, "-I", "-S", "probe.py", "told.json"], timeout=_SECONDS)
            if not around.once:  # what stays may let go on what it knows, as long as it is there
                said |= _survivors(outside)
            with contextlib.suppress(OSError):
                said["limit.plant"] = "it was read" if session.read(PurePosixPath("innocent")) is not None else ""
        if around.once:
            said |= _survivors(outside)
    if outside.killed:
        said["process.signal"] = "it was killed"
    try:
        answers: Mapping[str, str] = json.loads(result.stdout)
    except ValueError:
        complaint = result.stderr.decode(errors="replace").strip()[-400:]
        raise EnvironmentFault(f"The probes did not run ({result.code}): {complaint or 'no reason given'}") from None
    left = await asyncio.to_thread(_entries, around.boxes) - before
    said["limit.leftovers"] = f"{len(left)} folders" if left else ""
    return {**answers, **await asyncio.to_thread(outside.changes), **said}


def _survivors(outside: Outside) -> dict[str, str]:
    return {"limit.daemon": ended(outside.daemon), "limit.orphan": ended(outside.orphan)}


async def _bounds(session: ProbedBox, around: HostMachine, said: dict[str, str]) -> None:
    """What the box itself has to end."""
    if around.once:
        return
    flood = f"import sys\nfor _ in range({2 * MAX_OUTPUT >> 20}): sys.stdout.write('x' * (1 << 20))"
    result = await session.run([sys.executable, "-I", "-S", "-c", flood], timeout=_SECONDS)
    said["limit.output"] = "" if len(result.stdout) <= MAX_OUTPUT else f"{len(result.stdout)} bytes came"
    result = await session.run([sys.executable, "-I", "-S", "-c", "while True: pass"], timeout=1.0)
    said["limit.time"] = "" if result.timed_out else "it was not ended"


def _entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextlib.contextmanager
def _marked(secret: str) -> Generator[None]:
    """Our own environment has a secret meanwhile."""
    os.environ["FORGE_PROBE_SECRET"] = secret
    try:
        yield
    finally:
        os.environ.pop("FORGE_PROBE_SECRET", None)


def _paths(outside: Outside, around: HostMachine, kind: str) -> dict[str, object]:
    """What the program is told of the machine."""
    shown = [outside.project, *interpreter_folders()]
    return {
        **outside.told(),
        "state": str(around.state),
        "temp": list(dict.fromkeys([tempfile.gettempdir(), str(around.boxes.parent), str(around.boxes)])),
        "visible": [str(path) for path in shown],
        "calls": sys.platform == "linux" and seccomp.supported(),
        "shared": kind != "bubblewrap",
        "signals": kind != "landlock" or landlock_abi() >= 6,
        "root": os.geteuid() == 0,
        "memory": around.limits.memory,
        "file_size": around.limits.file_size,
        "open_files": around.limits.open_files,
    }
