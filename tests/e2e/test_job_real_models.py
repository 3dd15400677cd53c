"""The main job with real clients on a real Ollama: its own API, its OpenAI-compatible one, and its Messages API."""

from __future__ import annotations

import doctest
import types
from pathlib import Path

import pytest

from tests.support.ollama_server import OllamaServer
from tests.support.real_server import events, forge, generate, open_file, row, settings
from tests.support.tables import whole

pytest_plugins = ("tests.support.fixtures",)

TEXT = '''LIMIT = 10


def subtract(a, b):
    """Return a minus b.

    >>> subtract(5, 3)
    2
    """
    return a - b


def add(a, b):
    """Return a plus b.

    >>> add(5, 3)
    8
    >>> add(0, 1)
    1
    """
    ...


print(add(LIMIT, 1))
'''
"""What the smallest model can write: it has the like of it before its eyes."""
ANSWERS = [("multiply", "a * b"), ("divide", "a / b"), ("subtract", "a - b"), ("add", "a + b")]
"""Questions and answers that Ollama puts before each conversation (``MESSAGE`` of a Modelfile). Without them a model
this small is right in a few answers of a hundred."""
KINDS = {"ollama": "", "openai": "/v1", "anthropic": ""}
"""The wire format, and where on the server it is spoken."""


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(560)
@pytest.mark.parametrize("kind", KINDS if whole() else ["ollama"])
async def test_a_small_real_model_writes_what_its_examples_prove(
    kind: str, tmp_path: Path, ollama_server: OllamaServer
) -> None:
    examples = "".join(
        f'MESSAGE user Write `{name}`.\nMESSAGE assistant """```python\ndef {name}(a, b):\n    return {value}\n```"""\n'
        for name, value in ANSWERS
    )
    model = ollama_server.add_model("primed:135m", modelfile=f"PARAMETER num_ctx 2048\n{examples}")
    server = {"kind": kind, "url": ollama_server.url + KINDS[kind], "parallel": 2, "paid": False}
    values = settings(
        ollama_server.url,
        row(*range(1, 31), generator="small", samples=4, panel=()),
        servers={"real": server},
        models={"small": {"server": "real", "name": model, "context": 2048}},
        accept={"rule": "evidence"},
        deadlines={"total": 280},
    )
    env = {"ANTHROPIC_API_KEY": "not-needed-by-ollama"} if kind == "anthropic" else {}
    async with forge(tmp_path, values, env=env) as client:
        uri = open_file(client, tmp_path / "work" / "sums.py", TEXT)
        outcome = await generate(client, uri, patience=500)
        assert (outcome["outcome"], outcome["applied"], outcome["costUsd"]) == ("accepted", True, 0.0), outcome
        assert "2 of 2 examples that failed before pass now" in outcome["reason"]
        text = client.texts[uri]
        # a model this small may add a comment, rename a parameter or say more; what is the user's stays
        assert text.startswith("LIMIT = 10\n\n\n")
        assert TEXT[TEXT.index("    >>> add(5, 3)") : TEXT.index('    """\n    ...')] in text
        assert text.endswith("\n\n\nprint(add(LIMIT, 1))\n")
        module = types.ModuleType("written")
        exec(compile(text, "sums.py", "exec"), module.__dict__)
        assert doctest.testmod(module) == (0, 3)
        calls = events(client, "call.finished")
        assert {(call["model"], call["server"]) for call in calls} == {("small", "real")}
        assert all(call["error"] is None and call["inputTokens"] > 0 and call["outputTokens"] > 0 for call in calls)
        report = await client.command("forge.report", jobId=outcome["jobId"])
        assert f"| sums.py | real | {ollama_server.url}" in report
