"""``forge-lsp mcp`` with real agents, set up by the recipes of docs/mcp.md, on scripted models.

What the model reads of our tools, and what it is told of their answers, is the agent's choice: it is looked at here.
The agents weigh 700 MB, so that ``make tables`` alone runs them.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
import tomllib
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_mcp import DIFF, GOOD, PATHS, RIGHT, STUB, TEST
from tests.support.agent_models import AgentModel, Call, MessagesModel, Plan, ResponsesModel, Turn
from tests.support.agents import AGENTS, Agent
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, environment, row, settings
from tests.support.tables import whole

pytest.importorskip("mcp", reason="the extra mcp is not installed: pip install 'forge-lsp[mcp]'")

pytestmark = [
    pytest.mark.skipif(not whole(), reason="real agents weigh 700 MB; `make tables` runs them (TESTS_TABLES=all)"),
    pytest.mark.skipif(sys.platform == "win32", reason="the program forge-lsp is a shell script here"),
    pytest.mark.parametrize("name", AGENTS),
]

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text()
PROVEN = "Done: it is proven."


def recipe(words: str) -> str:
    """The block of docs/mcp.md that follows ``words``."""
    found = re.search(rf"{re.escape(words)}.*?```text\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, f"docs/mcp.md has no recipe for {words}"
    return found[1]


@contextlib.asynccontextmanager
async def project(
    folder: Path, name: str, plan: Plan, values: dict[str, object] | None = None
) -> AsyncGenerator[tuple[Agent, AgentModel]]:
    """A project whose agent starts ``forge-lsp mcp`` by the recipe, and the model that speaks to the agent."""
    work, programs = folder / "work", folder / "bin"
    (work / "tests").mkdir(parents=True)
    programs.mkdir()
    (work / "pyproject.toml").write_text('[project]\nname = "sums"\nversion = "1"\n')
    (work / "sums.py").write_text(STUB)
    (work / "tests" / "test_sums.py").write_text(TEST)
    env = environment(folder, values or {})
    # Codex hands servers a few variables only: what the tests need is in the program that it starts.
    passed = {key: value for key, value in env.items() if key.startswith("FORGE_")} | {"PYTHONPATH": PATHS}
    script = (
        "#!/bin/sh",
        f'echo "$ANTHROPIC_API_KEY" > {shlex.quote(str(folder / "key"))}',
        *(f"export {key}={shlex.quote(value)}" for key, value in passed.items()),
        f'exec {shlex.quote(sys.executable)} -m forge_lsp "$@"',
    )
    (programs / "forge-lsp").write_text("\n".join(script) + "\n")
    (programs / "forge-lsp").chmod(0o755)
    async with (MessagesModel if name == "claude" else ResponsesModel)(plan=plan) as model:
        env |= {"ANTHROPIC_API_KEY": "made-up", "PATH": f"{programs}:{env['PATH']}"}
        agent = AGENTS[name](folder, work, model.url, env)
        agent.trust()
        yield agent, model


async def set_up(agent: Agent, name: str) -> None:
    """By the recipe for everybody who works on the project."""
    if name == "claude":
        await agent.run(*shlex.split(recipe("**Claude Code**").strip())[1:])
        (agent.home / ".claude").mkdir(exist_ok=True)
        (agent.home / ".claude" / "settings.json").write_text(recipe("Without a question"))
    else:
        (agent.work / ".codex").mkdir()
        text, changes = re.subn(r"(startup_timeout_sec) = \d+", r"\1 = 300", recipe("**Codex**"))
        assert changes == 1
        allowed = recipe("where nobody can be asked (`codex exec`)")
        (agent.work / ".codex" / "config.toml").write_text(text + allowed)  # the machine may be busy


def read(answer: str) -> dict[str, Any]:
    """An answer as the model reads it: the agents show the document alone, Codex with the time before it."""
    return json.loads(answer[answer.index("{") :])


def patient(turns: Sequence[Turn]) -> Plan:
    """A model that takes its turns one by one, and does what an answer says while work runs."""

    def plan(answers: Sequence[str]) -> Turn:
        over = [read(answer) for answer in answers]
        if over and over[-1]["state"] == "running":
            told = re.search(r'Call (\w+) with id "([\w-]+)" and waitSeconds (\d+)', over[-1]["next"])
            assert told is not None, over[-1]
            return Call(told[1], {"id": told[2], "waitSeconds": int(told[3])})
        return turns[sum(answer["state"] == "ended" for answer in over)]

    return plan


async def test_a_wrong_change_is_refused_and_the_right_one_proven(tmp_path: Path, name: str) -> None:
    turns = (
        Call("check", {"diff": DIFF.replace("a + b", "a - b"), "waitSeconds": 0}),
        Call("check", {"diff": DIFF}),
        PROVEN,
    )
    async with project(tmp_path, name, patient(turns)) as (agent, model):
        await set_up(agent, name)
        assert await agent.ask("Add the numbers, and check it.") == PROVEN
        answers = [read(answer) for answer in model.answers]
        running, (wrong, right) = answers[0], [answer for answer in answers if answer["state"] == "ended"]
        assert (running["state"], running["outcome"]) == ("running", None)
        assert (wrong["outcome"], right["outcome"], right["grade"]) == ("refused", "accepted", "proven")
        (place,) = wrong["files"][0]["places"]
        assert place["failing"][0]["words"] == "`add(1, 2)`: expected 3, got -1"
        assert "1 of 1 example that failed before passes now" in right["reason"]
        assert (agent.work / "sums.py").read_text() == STUB
        assert (tmp_path / "key").read_text() == "made-up\n"
        assert "forge-lsp proves code" in json.dumps(model.bodies[0])
        first = model.first
        assert "check" in first, "the model is not shown the tool without asking for it"
        assert set(model.tools) == {"check", "generate", "report", "models", "cancel"}
        schema = model.tools["check"].get("input_schema") or model.tools["check"]["parameters"]
        assert {"diff", "file", "code", "waitSeconds"} <= set(schema["properties"])


async def test_a_refused_call_and_the_models_are_told_in_words(tmp_path: Path, name: str) -> None:
    calls = (Call("check", {"file": "../x.py", "code": "y"}), Call("models", {}))
    plan: Plan = lambda answers: (*calls, "So it is.")[len(answers)]  # noqa: E731
    async with project(tmp_path, name, plan) as (agent, model):
        await set_up(agent, name)
        assert await agent.ask("Which models are there?") == "So it is."
        assert "'../x.py' is not a file inside the workspace" in model.answers[0]
        assert "problem" in read(model.answers[1])


async def test_generate_answers_a_diff_and_writes_when_asked(tmp_path: Path, name: str) -> None:
    asked = {"file": "sums.py", "startLine": 4}
    turns = (Call("generate", asked), Call("generate", {**asked, "apply": True}), PROVEN)
    async with (
        FakeOllama(answer=GOOD, models=list(MODELS.values())) as ollama,
        project(tmp_path, name, patient(turns), settings(ollama.url, row(1))) as (agent, model),
    ):
        await set_up(agent, name)
        assert await agent.ask("Have add written.") == PROVEN
        shown, written = [one for one in map(read, model.answers) if one["state"] == "ended"]
        assert (shown["outcome"], shown["grade"], shown["applied"]) == ("accepted", "proven", False)
        assert "+    return a + b" in shown["diff"]
        assert written["applied"] is True
        assert (agent.work / "sums.py").read_text() == RIGHT


async def test_the_recipe_for_one_user_is_what_the_agent_keeps(tmp_path: Path, name: str) -> None:
    async with project(tmp_path, name, lambda _: "") as (agent, _):
        if name == "claude":
            await set_up(agent, name)
            kept = json.loads((agent.work / ".mcp.json").read_text())["mcpServers"]["forge-lsp"]
            assert "Connected" in await agent.run("mcp", "list")
        else:
            command = re.search(r"`(codex mcp add .*?)`", PAGE)
            assert command is not None
            await agent.run(*shlex.split(command[1])[1:])
            config = tomllib.loads((agent.home / ".codex" / "config.toml").read_text())
            kept = config["mcp_servers"]["forge-lsp"]
            written = tomllib.loads(recipe("**Codex**"))["mcp_servers"]["forge-lsp"]
            assert {key: written[key] for key in ("command", "args")} == kept
        assert (kept["command"], kept["args"]) == ("forge-lsp", ["mcp"])
