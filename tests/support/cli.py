"""The real ``forge-lsp`` as a user runs it: a process of its own, with a home, settings and state of its own.

ran = await forge("generate", "a.py", cwd=work, env=environment(tmp_path, settings(ollama.url)))
assert ran.code == 0, ran.err
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.real_server import COMMAND

__all__ = ["Ran", "forge", "hide_packages", "ran", "started"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a process ended. Never with a traceback: that is asserted for every run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


async def forge(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str], wrapper: Sequence[str] = (), patience: float = 90.0
) -> Ran:
    """Run ``forge-lsp`` to its end, within ``patience`` seconds; ``wrapper`` is put before the command."""
    async with started(*arguments, cwd=cwd, env=env, wrapper=wrapper) as process:
        out, err = await asyncio.wait_for(process.communicate(b""), patience)
    return ran(process, out, err)


def ran(process: asyncio.subprocess.Process, out: bytes, err: bytes) -> Ran:
    """An ended process; without a traceback."""
    assert process.returncode is not None
    told = Ran(code=process.returncode, out=out.decode(), err=err.decode())
    assert "Traceback" not in told.out + told.err, told.err
    return told


@contextlib.asynccontextmanager
async def started(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str], wrapper: Sequence[str] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``forge-lsp`` running, in a process group of its own that is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        *COMMAND,
        *map(str, arguments),
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def hide_packages(folder: Path, *names: str) -> dict[str, str]:
    """The variable with which Python starts as if these packages were not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        f"HIDDEN = {names!r}\n"
        "found = PathFinder.find_spec\n"
        "def find_spec(name, path=None, target=None):\n"
        "    return None if name.split('.')[0] in HIDDEN else found(name, path, target)\n"
        "PathFinder.find_spec = find_spec\n",
        encoding="utf-8",
    )
    return {"PYTHONPATH": str(folder)}
