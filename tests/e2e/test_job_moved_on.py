"""The document is edited, closed or deleted while a real job runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import RawClient
from tests.support.real_server import MODELS, ScriptedModels, fenced, forge, open_file, part_of, row, settings, verdict
from tests.support.scripted_http import Script

TEXT = '''def half(number: int) -> float:
    return number / 2


def is_even(number: int) -> bool:
    """Whether it divides by two.

    >>> is_even(2)
    True
    >>> is_even(7)
    False
    """
    ...


print(is_even(4))
'''
CODE = "def is_even(number: int) -> bool:\n    return half(number) == number // 2"
DONE = TEXT.replace("    ...\n", "    return half(number) == number // 2\n")


@contextlib.asynccontextmanager
async def reviewing(tmp_path: Path) -> AsyncIterator[tuple[RawClient, str, Any]]:
    """A job whose candidate is being reviewed: the client, the document, and the job's answer to come."""
    # Long enough for what the user does meanwhile; what comes later is stale, which must not matter either.
    scripted = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9), first=0.4)})
    async with (
        FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama,
        forge(tmp_path, settings(ollama.url, row(1))) as client,
    ):
        uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
        arguments = {"uri": uri, "range": client.cursor(uri, "...")}
        params = {"command": "forge.generate", "arguments": [arguments], "workDoneToken": "t"}
        _, answer = client.begin("workspace/executeCommand", params)
        await ollama.until(lambda: any(part_of(call.body) == "review" for call in ollama.chats), timeout=30)
        yield client, uri, asyncio.wait_for(answer, 60)


async def test_elsewhere_it_is_merged_checked_again_and_applied_to_the_new_version(tmp_path: Path) -> None:
    async with reviewing(tmp_path) as (client, uri, answer):
        client.type(uri, "print(is_even(4))", "print(is_even(4), '😀')")
        client.type(uri, "def half", "# halves\ndef half")
        outcome = await answer
        assert (outcome["outcome"], outcome["applied"]) == ("accepted", True)
        assert client.texts[uri] == "# halves\n" + DONE.replace("is_even(4))", "is_even(4), '😀')")
        (edit,) = client.of("workspace/applyEdit")
        (change,) = edit["edit"]["documentChanges"]
        assert change["textDocument"]["version"] == 3
        assert [item["newText"] for item in change["edits"]] == ["return half(number) == number // 2"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param("def half", "def halved", "half", id="it does not compile"),
        pytest.param("number / 2", "number / 4", "did not pass the check again", id="its examples fail"),
    ],
)
async def test_a_merge_that_breaks_the_candidate_is_not_applied(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    async with reviewing(tmp_path) as (client, uri, answer):
        client.type(uri, old, new)
        outcome = await answer
        assert (outcome["outcome"], outcome["applied"]) == ("accepted", False)
        assert "did not pass the check again" in outcome["reason"]
        assert reason in outcome["reason"]
        assert client.of("workspace/applyEdit") == []
        assert client.texts[uri] == TEXT.replace(old, new)
        # the result is kept, and the user may insist
        job = {"jobId": outcome["jobId"]}
        assert "return half(number)" in (await client.command("forge.result", **job))["code"]


async def test_in_the_scope_nothing_is_applied_and_the_result_is_offered(tmp_path: Path) -> None:
    async with reviewing(tmp_path) as (client, uri, answer):
        client.type(uri, "    ...\n", "    return True  # mine\n")
        outcome = await answer
        assert (outcome["outcome"], outcome["applied"]) == ("accepted", False)
        assert "changed while the job ran" in outcome["reason"]
        assert client.of("workspace/applyEdit") == []
        mine = client.texts[uri]
        assert mine == TEXT.replace("    ...\n", "    return True  # mine\n")
        job = {"jobId": outcome["jobId"]}
        result = await client.command("forge.result", **job)
        assert "return half(number)" in result["code"]
        assert result["edit"] is None
        assert (await client.command("forge.apply", **job))["applied"] is False
        assert client.texts[uri] == mine
        # once the user takes the change back, the same result fits
        client.type(uri, "    return True  # mine\n", "    ...\n")
        assert (await client.command("forge.apply", **job))["applied"] is True
        assert client.texts[uri] == DONE


async def test_closed_it_is_edited_through_the_editor(tmp_path: Path) -> None:
    async with reviewing(tmp_path) as (client, uri, answer):
        client.close(uri)
        outcome = await answer
        assert (outcome["outcome"], outcome["applied"]) == ("accepted", True)
        (edit,) = client.of("workspace/applyEdit")
        (change,) = edit["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": None}
        text = TEXT
        for item in change["edits"][::-1]:
            text = client.edited(text, item)
        assert text == DONE
        assert (tmp_path / "work" / "even.py").read_text() == TEXT  # only the editor writes


async def test_deleted_nothing_is_applied_and_the_result_is_kept(tmp_path: Path) -> None:
    async with reviewing(tmp_path) as (client, uri, answer):
        (tmp_path / "work" / "even.py").unlink()
        client.close(uri)
        outcome = await answer
        assert (outcome["outcome"], outcome["applied"]) == ("accepted", False)
        assert "closed or deleted" in outcome["reason"]
        assert client.of("workspace/applyEdit") == []
        result = await client.command("forge.result", jobId=outcome["jobId"])
        assert "return half(number)" in result["code"]
        assert (result["edit"], result["version"]) == (None, None)
        assert not (tmp_path / "work" / "even.py").exists()
