"""Real agents for the tests, from npm, each in a folder of its own under the test cache.

    agent = ClaudeCode(folder, work, model.url, program("claude"))
    words = await agent.ask("Add the numbers, and check it.")

What an agent keeps and reads as its user's lies under ``folder``; nothing of the caller's environment reaches it, its
key is made up, and it is told to send nothing but what goes to the model.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.real_server import toml
from tests.support.tools import one_at_a_time

__all__ = ["AGENTS", "Agent", "ClaudeCode", "Codex", "program"]

_CACHE = Path.home() / ".cache" / "forge-lsp-tests" / "agents"
_PATIENCE = 900.0


def program(package: str, version: str, pattern: str) -> Path:
    """The program of an npm package, fetched once and kept; skips with the reason where it cannot be had.

    ``pattern`` finds it under ``node_modules``: the packages bring a binary for each platform, and need no node.
    """
    folder = _CACHE / f"{package.rpartition('/')[2]}-{version}"
    with one_at_a_time(f"agents-{folder.name}"):
        if not (folder / ".installed").exists():
            if shutil.which("npm") is None:
                pytest.skip("npm is not installed")
            folder.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error"]
            command += ["--ignore-scripts", "--omit=dev", f"{package}@{version}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode != 0:
                pytest.skip(f"npm cannot install {package}@{version}: {done.stderr.strip()[-200:]}")
            (folder / ".installed").touch()
    found = next(iter(sorted((folder / "node_modules").glob(pattern))), None)
    if found is None:
        pytest.skip(f"{package}@{version} brings no program for this platform")
    return found


class Agent:
    """One agent in one project. ``env`` is what its user's shell has."""

    package: str
    version: str
    pattern: str

    def __init__(self, folder: Path, work: Path, model: str, env: Mapping[str, str]) -> None:
        self.home, self.work, self.model = folder / "agent-home", work, model
        self.home.mkdir()
        self.program = program(self.package, self.version, self.pattern)
        self.env = {**env, "HOME": str(self.home), "NO_PROXY": "127.0.0.1"}

    def trust(self) -> None:
        """What the user's own settings say before the recipe: the model, and that the project may be worked on."""
        raise NotImplementedError

    async def ask(self, words: str) -> str:
        """Put a task to the agent, unattended, and return what it said."""
        raise NotImplementedError

    async def run(self, *arguments: str) -> str:
        """Run the agent's program in the project, and return its output. Fails with its errors where it fails."""
        process = await asyncio.create_subprocess_exec(
            *(str(self.program), *arguments),
            cwd=self.work,
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, errors = await asyncio.wait_for(process.communicate(), _PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, (out + errors).decode(errors="replace")[-3000:]
        return out.decode()


class ClaudeCode(Agent):
    """Anthropic's agent."""

    package, version = "@anthropic-ai/claude-code", "2.1.332"
    pattern = "@anthropic-ai/claude-code-*/claude"

    def trust(self) -> None:
        self.env |= {
            "ANTHROPIC_BASE_URL": self.model,
            "ANTHROPIC_API_KEY": "made-up",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_TELEMETRY": "1",
            # Milliseconds that it waits for a server to come up, and before the first turn: the machine may be busy.
            "MCP_TIMEOUT": "300000",
            "MCP_CONNECTION_NONBLOCKING": "0",
            "MCP_CONNECT_TIMEOUT_MS": "300000",
        }

    async def ask(self, words: str) -> str:
        out = await self.run("-p", words, "--output-format", "json")
        return json.loads(out)["result"]


class Codex(Agent):
    """OpenAI's agent."""

    package, version = "@openai/codex", "0.171.0"
    pattern = "@openai/codex-*/vendor/*/bin/codex"

    def trust(self) -> None:
        self.env["SCRIPTED_KEY"] = "made-up"
        provider = {"name": "scripted", "base_url": f"{self.model}/v1", "env_key": "SCRIPTED_KEY"}
        settings = {
            "model": "scripted",
            "model_provider": "scripted",
            "check_for_update_on_startup": False,
            "analytics": {"enabled": False},
            "model_providers": {"scripted": {**provider, "wire_api": "responses"}},
            "projects": {str(self.work): {"trust_level": "trusted"}},
        }
        config = self.home / ".codex" / "config.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text("".join(f"{key} = {toml(value)}\n" for key, value in settings.items()))

    async def ask(self, words: str) -> str:
        out = await self.run("exec", "--skip-git-repo-check", "--json", words)
        events = [json.loads(line) for line in out.splitlines()]
        items = [event["item"] for event in events if event["type"] == "item.completed"]
        return next(item["text"] for item in reversed(items) if item["type"] == "agent_message")


AGENTS = {"claude": ClaudeCode, "codex": Codex}
