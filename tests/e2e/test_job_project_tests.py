"""A whole job whose first answer compiles and breaks the project's own test: the second is told both values."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.builds import write_files
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    prompt,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script


@dataclass(frozen=True, kw_only=True)
class Case:
    """A definition that works and is to be rewritten, an answer that its test refuses, and one that passes."""

    language: str
    name: str
    text: str
    at: str
    bad: str
    good: str
    told: str
    files: dict[str, str]


PYTHON = Case(
    language="python",
    name="cart.py",
    text=(
        "def total(prices):\n"
        '    """What all of it costs."""\n'
        "    result = 0\n    for price in prices:\n        result += price\n    return result\n"
    ),
    at="result = 0",
    bad="def total(prices):\n    return len(prices)",
    good="def total(prices):\n    return sum(prices)",
    told="expected 6, got 3",
    files={
        "tests/test_cart.py": "from cart import total\n\n\ndef test_total():\n    assert total([1, 2, 3]) == 6\n",
    },
)
JAVASCRIPT = Case(
    language="javascript",
    name="cart.mjs",
    text=(
        "/** What all of it costs. */\nexport function total(prices) {\n  let result = 0;\n"
        "  for (const price of prices) result += price;\n  return result;\n}\n"
    ),
    at="let result",
    bad="export function total(prices) {\n  return prices.length;\n}",
    good="export function total(prices) {\n  return prices.reduce((sum, price) => sum + price, 0);\n}",
    told="expected 6, got 3",
    files={
        "cart.test.mjs": (
            'import assert from "node:assert/strict";\nimport test from "node:test";\n'
            'import { total } from "./cart.mjs";\n\ntest("total", () => assert.equal(total([1, 2, 3]), 6));\n'
        ),
        "package.json": '{"name": "shop", "type": "module"}\n',
    },
)


async def run(case: Case, folder: Path) -> None:
    """The panel never sees the first answer; the report and the next prompt tell what the test expected."""
    scripted = ScriptedModels(
        {
            "generate": [Script.say(fenced(case.bad, case.language)), Script.say(fenced(case.good, case.language))],
            "review": Script.say(verdict(9)),
        }
    )
    work = folder / "work"
    work.mkdir()
    write_files(work, case.files)
    async with (
        FakeOllama(answer=scripted, models=MODELS.values()) as ollama,
        forge(folder, settings(ollama.url, row(1, 2)), env={"PATH": os.environ["PATH"]}) as client,
    ):
        uri = open_file(client, work / case.name, case.text, case.language)
        outcome = await generate(client, uri, case.at, patience=150)
        assert (outcome["outcome"], outcome["attemptCount"], outcome["applied"]) == ("accepted", 2, True), outcome
        text = client.texts[uri]
        first, second = (event for event in events(client, "attempt.finished"))
        written = [prompt(exchange.body) for exchange in ollama.chats if "Your part: write" in prompt(exchange.body)]
        reviews = sum("Your part: review" in prompt(exchange.body) for exchange in ollama.chats)
    assert (first["compiled"], second["compiled"]) == (True, True)
    assert reviews == 1, "a test that fails leaves nothing to the panel"
    assert case.told in written[1]
    assert case.told not in written[0]
    assert "sum" in text
    assert "What all of it costs." in text


@pytest.mark.timeout(200)
async def test_python(tmp_path: Path) -> None:
    await run(PYTHON, tmp_path)


@pytest.mark.timeout(200)
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
async def test_javascript(tmp_path: Path) -> None:
    await run(JAVASCRIPT, tmp_path)
