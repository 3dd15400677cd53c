"""A function without any test or example: a reviewer says first what it must give, and the code is run on that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    fenced,
    forge,
    generate,
    open_file,
    part_of,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

TEXT = 'def is_even(number: int) -> bool:\n    """Whether it divides by two."""\n    ...\n'
TESTED = TEXT.replace("two.", "two: is_even(2) == True.")
EXAMPLES = [("is_even(4)", "True"), ("is_even(0)", "True"), ("is_even(-3)", "False"), ("is_even(7)", "false")]
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"


@pytest.mark.parametrize(("text", "asked"), [(TEXT, True), (TESTED, False)], ids=["no check", "an example"])
async def test_reviewers_give_examples_where_there_is_no_check(tmp_path: Path, text: str, asked: bool) -> None:
    given = json.dumps({"examples": [{"call": call, "value": value} for call, value in EXAMPLES]})
    scripted = ScriptedModels(
        {"generate": Script.say(fenced(CODE)), "examples": Script.say(given), "review": Script.say(verdict(9))}
    )
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        values = settings(ollama.url, row(1), evidence={"committee": True})
        async with forge(tmp_path, values) as client:
            uri = open_file(client, tmp_path / "work" / "even.py", text)
            outcome = await generate(client, uri)
            report = await client.command("forge.report", jobId=outcome["jobId"])
        parts = [part_of(call.body) for call in ollama.chats]
    assert outcome["outcome"] == "accepted"
    assert parts == (["generate", "examples", "review"] if asked else ["generate", "review"])
    assert outcome["grade"] == ("supported" if asked else "proven")
    whole = report if isinstance(report, str) else json.dumps(report)
    assert ("4 of 4 passed" in whole) is asked
