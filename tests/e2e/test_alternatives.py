"""Another candidate in the place of the result: the real server, two answers that differ, one edit each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import RawClient, RpcError
from tests.support.real_server import MODELS, ScriptedModels, fenced, forge, generate, open_file, row, settings, verdict
from tests.support.scripted_http import Script

HEAD = 'def half(n: int) -> int:\n    """Half of it.\n\n    >>> half(4)\n    2\n    """\n'
STUB = f"LIMIT = 9\n\n\n{HEAD}    ...\n\n\nprint(LIMIT)\n"
FLOOR, TRUNC = "return n // 2", "return int(n / 2)"
WRONG = "return n - 2 + nope"


def written(body: str) -> str:
    return STUB.replace("    ...", f"    {body}")


def cast() -> ScriptedModels:
    """Three samples: two that prove themselves, and one that does not compile."""
    answers = [Script.say(fenced(f"{HEAD}    {body}")) for body in (FLOOR, TRUNC, WRONG)]
    return ScriptedModels({"generate": answers, "review": Script.say(verdict(9))})


async def started(client: RawClient, work: Path, apply: str) -> tuple[str, str, list[dict[str, Any]]]:
    """The document's URI, the job and its candidates."""
    uri = open_file(client, work / "half.py", STUB)
    outcome = await generate(client, uri, apply=apply)
    assert outcome["outcome"] == "accepted", outcome
    told = await client.command("forge.alternatives", jobId=outcome["jobId"])
    assert (told["jobId"], told["uri"]) == (outcome["jobId"], uri)
    return uri, outcome["jobId"], told["alternatives"]


async def test_the_second_best_takes_the_place_of_the_result(tmp_path: Path) -> None:
    async with (
        FakeOllama(answer=cast(), models=[*MODELS.values()]) as ollama,
        forge(tmp_path, settings(ollama.url, row(1, samples=3))) as client,
    ):
        uri, job, found = await started(client, tmp_path / "work", "edit")
        assert [(one["attempt"], one["result"], one["grade"], one["compiled"]) for one in found] == [
            (1, True, "proven", True),
            (1, False, "proven", True),
        ]
        assert [one["candidate"] for one in found] == ["1.1", "1.2"]
        assert {one["model"] for one in found} == {"coder"} and found[0]["checks"]["proof"] == 1
        first, second = (FLOOR if FLOOR in one["code"] else TRUNC for one in found)
        assert client.texts[uri] == written(first)
        edits = len(client.of("workspace/applyEdit"))
        answer = await client.command("forge.apply", jobId=job, candidate="1.2")
        assert answer == {"jobId": job, "applied": True, "reason": None}
        assert client.texts[uri] == written(second)
        assert len(client.of("workspace/applyEdit")) == edits + 1  # one undo
        assert (await client.command("forge.apply", jobId=job, candidate="1.1"))["applied"] is True
        assert client.texts[uri] == written(first)
        report = await client.command("forge.report", jobId=job)
        assert "## Alternatives" in report and second in report
        with pytest.raises(RpcError, match=r"has no candidate '7\.7'"):
            await client.command("forge.apply", jobId=job, candidate="7.7")
        # What the user wrote there meanwhile is not overwritten.
        client.type(uri, first, "return 1")
        refused = await client.command("forge.apply", jobId=job, candidate="1.2")
        assert refused["applied"] is False and client.texts[uri] == written("return 1")


async def test_candidates_are_there_after_a_restart(tmp_path: Path) -> None:
    async with FakeOllama(answer=cast(), models=[*MODELS.values()]) as ollama:
        values = settings(ollama.url, row(1, samples=3))
        async with forge(tmp_path, values) as client:
            _, job, found = await started(client, tmp_path / "work", "none")
        async with forge(tmp_path, values) as client:
            uri = open_file(client, tmp_path / "work" / "half.py", STUB)
            again = await client.command("forge.alternatives", jobId=job)
            assert again["alternatives"] == found
            result = await client.command("forge.result", jobId=job, candidate="1.2")
            assert result["code"] == found[1]["code"] and result["edit"] is not None
            assert (await client.command("forge.apply", jobId=job, candidate="1.2"))["applied"] is True
            assert client.texts[uri] == written(FLOOR if FLOOR in found[1]["code"] else TRUNC)
