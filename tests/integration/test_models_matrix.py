"""Kinds of models that people have, in every role, beside one small healthy model: the job ends accepted and right.

Real HTTP, the real directory, wires and ensemble, and the real check of Python in the sandbox. All 48 pairs by
``TESTS_TABLES=all`` (``make tables``); CI runs a part drawn by a seed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import ConsentRefused
from forge_lsp.core.ports import ModelInfo, Sandbox, Usage
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Generator, Panel, Row, Schedule, Thinking
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support import lang, tables
from tests.support.faulty_ollama import FakeOllama, Mind
from tests.support.real_server import fenced, part_of, prompt, verdict
from tests.support.scripted import Events, ManualClock, PlainContext
from tests.support.scripted_http import Script

NAME, HEALTHY = "under-test:9b", "granite4:3b"
CODE = "def double(number: int) -> int:\n    return number * 2"
SYNTAX = TreeSitterSyntax()
ROLES = ("thinker", "writer", "reviewer", "voter")
WRITES = ("always", "levels", "switch", "plain", "schema", "ignores schema", "empty under schema", "harmony")
MUTE = ("base", "cloud", "too large", "mute")
KINDS = (*WRITES, *MUTE)
MINDS = {
    "always": Mind(kind="always", tokens=700),
    "levels": Mind(kind="levels", tokens=1500),
    "switch": Mind(kind="switch", tokens=700),
    "empty under schema": Mind(kind="switch", tokens=60, mute=True),
}
PAIRS = [(kind, role) for kind in KINDS for role in ROLES]


def healthy(body: dict[str, Any]) -> str:
    match part_of(body):
        case "generate":
            return fenced(CODE)
        case "review" | "second look":
            return verdict(9)
        case "vote":
            return '{"reason": "short", "vote": "A"}'
        case _:
            return "Multiply it by two."


def answer_of(kind: str, body: dict[str, Any]) -> Script:
    text = healthy(body)
    match kind:
        case "base":
            return Script.say(prompt(body)[-300:] + "\n# TODO\n# TODO\n", size=2000)
        case "mute":
            return Script.say("")
        case "too large":
            return Script.refuse(500, "model requires more system memory (52.0 GiB) than is available (22.1 GiB)")
        case "harmony":
            said = "<|channel|>analysis<|message|>Maybe:\n```python\ndef double(number):\n    return 3\n```\n<|end|>"
            return Script.say(f"{said}<|start|>assistant<|channel|>final<|message|>{text}", size=2000)
        case "ignores schema" if part_of(body) == "review":
            return Script.say("It does what it says, and nothing else.\n\n**Score:** 9/10", size=2000)
        case "ignores schema" if part_of(body) == "vote":
            return Script.say("I vote for Plan A, which is short.", size=2000)
        case _:
            return Script.say(text, size=2000)


@dataclass
class Careful:
    """A purse of a user who allowed nothing beyond this machine."""

    asked: list[str] = field(default_factory=list)

    async def admit(
        self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
    ) -> float:
        if model.off_machine or model.paid:
            self.asked.append(model.key)
            raise ConsentRefused(f"{model.key} runs elsewhere, and you have not allowed it")
        return 0.0

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        return 0.0


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    chooser = SandboxChooser(SandboxConfig(mode="required", temp=tmp_path_factory.mktemp("boxes")))
    try:
        yield asyncio.run(chooser.choose())
    finally:
        chooser.close()


@pytest.fixture
def toolchain(sandbox: Sandbox) -> PythonToolchain:
    return PythonToolchain(sandbox, timeout=60)


def task(folder: Path, *, proven: bool) -> Task:
    example = "\n\n    >>> double(4)\n    8\n    " if proven else ""
    text = f'def double(number: int) -> int:\n    """Twice the number.{example}"""\n    raise NotImplementedError\n'
    path = folder / "numbers_.py"
    path.write_text(text, "utf-8")
    return Task(
        document=Document(uri=path.as_uri(), language=lang.PYTHON, text=text, path=path),
        scope=Scope(
            kind=ScopeKind.DEFINITION,
            range=TextRange(start=0, end=len(text.rstrip())),
            name="double",
            parameters=("number",),
            unfinished=True,
        ),
        instruction="Implement `double`.",
        workspace=folder,
    )


async def run_cell(
    kind: str, who: dict[str, str], toolchain: PythonToolchain, folder: Path, *, alone: bool = False
) -> tuple[Conclusion, FakeOllama, Careful]:
    """One job on a server with one model of the ``kind``, and a healthy one unless it is ``alone``."""
    base = {"capabilities": ["completion"], "template": "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}"}

    def answer(body: dict[str, Any]) -> Script:
        return Script.say(healthy(body), size=2000) if body["model"] == HEALTHY else answer_of(kind, body)

    server = FakeOllama(
        models=[NAME] if alone else [NAME, HEALTHY],
        minds={NAME: MINDS[kind]} if kind in MINDS else {},
        remote={NAME: "https://ollama.com:443"} if kind == "cloud" else {},
        shows={NAME: base} if kind == "base" else {},
        sizes={NAME: 9_000, HEALTHY: 2_000},
        answer=answer,
    )
    purse = Careful()
    async with server:
        directory = Directory(
            servers=[ServerConfig(key="s", kind=ServerKind.OLLAMA, url=server.url, parallel=4)],
            models=[
                ModelConfig(key="tested", server="s", name=NAME),
                *([] if alone else [ModelConfig(key="healthy", server="s", name=HEALTHY)]),
            ],
            environ={},
        )
        try:
            await directory.learn()
            ensemble = Ensemble(
                models=directory,
                syntax=SYNTAX,
                context=PlainContext(),
                editing=Edits(SYNTAX),
                toolchain_for=lambda _: toolchain,
                clock=ManualClock(),
            )
            vote = Thinking(strategy="vote", models=(who["voter"], who["other"]))
            solo = Thinking(strategy="solo", models=(who["thinker"],))
            row = Row(
                attempts=(1, 2, 3, 4),
                generator=Generator(model=who["writer"]),
                thinking=vote if who["voter"] != who["other"] else solo,
                panel=Panel(kind="simple", members=(who["reviewer"],)),
            )
            proven = alone or who["writer"] == "tested"
            end = await ensemble.run(
                task(folder, proven=proven), schedule=Schedule(rows=(row,)), attempts=4, spending=purse, emit=Events()
            )
        finally:
            await directory.aclose()
    return end, server, purse


def chosen() -> list[tuple[str, str]]:
    if tables.whole():
        return PAIRS
    drawn = random.Random(tables.seed()).sample(PAIRS, 8)
    return [pair for pair in PAIRS if pair in drawn]


@pytest.mark.parametrize(("kind", "role"), chosen())
async def test_the_job_ends_accepted_and_right(
    kind: str, role: str, toolchain: PythonToolchain, tmp_path: Path
) -> None:
    who = {**dict.fromkeys((*ROLES, "other"), "healthy"), role: "tested"}
    end, server, _ = await run_cell(kind, who, toolchain, tmp_path)
    assert end.outcome is Outcome.ACCEPTED, end.reason
    assert end.best is not None
    assert "return number * 2" in end.best.code
    if kind == "cloud":
        assert not [one for one in server.exchanges if one.path != "/api/tags" and one.body.get("model") == NAME]


@pytest.mark.parametrize("kind", [*(WRITES if tables.whole() else WRITES[:1]), *MUTE])
async def test_a_rig_of_one_kind(kind: str, toolchain: PythonToolchain, tmp_path: Path) -> None:
    who = dict.fromkeys((*ROLES, "other"), "tested")
    end, server, _ = await run_cell(kind, who, toolchain, tmp_path, alone=True)
    if kind in WRITES:
        assert end.outcome is Outcome.ACCEPTED, end.reason
        assert end.best is not None
        assert "return number * 2" in end.best.code
    else:
        assert end.outcome in (Outcome.EXHAUSTED, Outcome.FAILED)
        assert "ollama pull qwen2.5-coder:7b" in (end.reason or "")
    if kind == "cloud":
        assert not server.chats
