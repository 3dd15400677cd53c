"""A workspace that the user does not trust: its settings do not count, and no code of it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import raw_client
from tests.support.real_server import (
    COMMAND,
    MODELS,
    ScriptedModels,
    environment,
    fenced,
    generate,
    open_file,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

pytestmark = pytest.mark.e2e
TEXT = 'def double(x: int) -> int:\n    """Twice.\n\n    >>> double(2)\n    4\n    """\n    ...\n'
CODE = "def double(x: int) -> int:\n    return 2 * x"


async def outcome(folder: Path, *, trusted: bool) -> tuple[Any, str]:
    work = folder / "work"
    work.mkdir()
    (work / "forge.toml").write_text("[accept]\nscore = 9.5\n", encoding="utf-8")
    scripted = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=MODELS.values()) as ollama:
        env = environment(folder, settings(ollama.url))
        async with raw_client(folder, encoding="utf-16", command=COMMAND, environment=env) as client:
            client.answers["client/registerCapability"] = lambda _: None
            await client.initialize(options={"trusted": trusted}, folders=[work])
            uri = open_file(client, work / "a.py", TEXT)
            told = await generate(client, uri, maxIterations=1)
            return told, client.texts[uri]


async def test_nothing_of_an_untrusted_workspace_runs_or_counts(tmp_path: Path) -> None:
    told, text = await outcome(tmp_path, trusted=False)
    assert (told["outcome"], told["applied"]) == ("unverified", False)
    assert "not trusted" in told["reason"]
    assert told["score"] == 9.0
    assert text == TEXT


async def test_a_trusted_workspace_may_ask_for_more(tmp_path: Path) -> None:
    told, _ = await outcome(tmp_path, trusted=True)
    assert told["outcome"] == "exhausted", "9.0 is less than the 9.5 of its forge.toml"
