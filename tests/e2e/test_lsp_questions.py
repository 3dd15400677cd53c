"""The question to the user over a real connection with scripted jobs: any client, and one with a request of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_lsp import RawClient, RpcError, Silent, raw_client

STUB = 'def half(n: int) -> int:\n    """The half."""\n    ...\n'
DOWN, UP = ("def half(n: int) -> int:\n    return n // 2", "def half(n: int) -> int:\n    return (n + 1) // 2")
DONE = {key: f'def half(n: int) -> int:\n    """The half."""\n    {code.split("    ")[1]}\n' for key, code in
        (("down", DOWN), ("up", UP))}  # fmt: skip
URI = "untitled:Untitled-1"
SHOW = "window/showMessageRequest"
OWN = "forge/question"


def asking(wait: float = 0.2, **more: Any) -> str:
    return json.dumps({"question": {"call": "half(3)", "answers": {"1": DOWN, "2": UP}, "wait": wait}, **more})


async def start(client: RawClient, *, own: bool = False, wait: float = 0.2, **more: Any) -> str:
    await client.initialize(options={"questions": True} if own else None)
    client.open(URI, STUB)
    began = await client.command("forge.generate", uri=URI, range=client.cursor(URI, "half"), task=asking(wait, **more))
    return str(began["jobId"])


async def ended(client: RawClient) -> str:
    await client.until(lambda: client.progress("end"))
    return str(client.progress("end")[0]["message"])


def pressing(*titles: str | None) -> Callable[[Any], Any]:
    """Press a button of each message in turn."""
    waiting = list(titles)
    return lambda _: {"title": title} if (title := waiting.pop(0)) is not None else None


async def test_any_client_is_asked_by_a_message_with_the_answers_as_buttons(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = pressing("2")
        job = await start(client, wait=5)
        message = await client.message(SHOW)
        assert "what should half(3) give?" in message["message"]
        assert [item["title"] for item in message["actions"]] == ["1", "2", "None of these", "I can't say"]
        assert "applied" in await ended(client)
        assert client.texts[URI] == DONE["up"]
        assert len(client.of("workspace/applyEdit")) == 1
        report = await client.command("forge.report", jobId=job)
        assert "You answered 2: another candidate is the best one by it." in report


async def test_a_client_of_ours_is_asked_by_a_request_of_its_own(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[OWN] = lambda _: {"choice": 1}
        job = await start(client, own=True, wait=5)
        asked = await client.message(OWN)
        assert (asked["jobId"], asked["uri"]) == (job, URI)
        assert asked["question"]["call"] == "half(3)"
        assert asked["question"]["choices"] == [{"value": "1", "models": ["m1"]}, {"value": "2", "models": ["m2"]}]
        await ended(client)
        assert client.texts[URI] == DONE["up"]
        assert client.of(SHOW) == []


@pytest.mark.parametrize("answer", [None, Silent])
async def test_ignored_the_job_ends_as_it_would_have(tmp_path: Path, answer: Any) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = lambda _: answer
        await start(client)
        assert "applied" in await ended(client)
        assert client.texts[URI] == DONE["down"]


async def test_a_client_without_questions_is_left_alone(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await start(client)
        assert "applied" in await ended(client)


@pytest.mark.parametrize("own", [True, False])
async def test_cancelled_the_question_is_taken_back(tmp_path: Path, own: bool) -> None:
    async with raw_client(tmp_path) as client:
        method = OWN if own else SHOW
        client.answers[method] = lambda _: Silent
        job = await start(client, own=own, wait=30)
        await client.message(method)
        await client.command("forge.cancel", jobId=job)
        (request,) = (one for one in client.seen if one.get("method") == method)
        await client.until(lambda: {"id": request["id"]} in client.of("$/cancelRequest"))
        assert client.texts[URI] == STUB
        with pytest.raises(RpcError, match="cancelled"):
            await client.command("forge.answer", jobId=job, question="q1", choice=0)


async def test_a_late_answer_against_what_was_applied_offers_the_other_candidate(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        answers: asyncio.Queue[Any] = asyncio.Queue()
        pressed = pressing("Apply it")

        async def later(params: Any) -> Any:
            return await answers.get() if "what should" in params["message"] else pressed(params)

        client.answers[SHOW] = later
        job = await start(client)
        await ended(client)
        assert client.texts[URI] == DONE["down"]
        answers.put_nowait({"title": "2"})
        message = await client.message(SHOW, 2)
        assert "should give 2, and the code that was applied gives something else" in message["message"]
        await client.until(lambda: client.texts[URI] == DONE["up"])
        assert len(client.of("workspace/applyEdit")) == 2
        async with asyncio.timeout(5):  # the editor has the edit before the server knows that
            while "contradicted" in await client.command("forge.status"):
                pass
        document = await client.command("forge.report", jobId=job)
        assert "after the job had ended" in document


async def test_a_late_answer_by_command_is_told_and_changes_no_text(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = lambda _: None
        job = await start(client)
        await ended(client)
        answer = await client.command("forge.answer", jobId=job, question="q1", value="2")
        assert (answer["question"]["effect"], answer["question"]["other"]) == ("refuted", "1.2")
        assert client.texts[URI] == DONE["down"]
        (told,) = (await client.command("forge.status"))["contradicted"]
        assert told["jobId"] == job
        with pytest.raises(RpcError, match="answered already"):
            await client.command("forge.answer", jobId=job, question="q1", choice=0)


async def test_a_late_answer_to_a_result_that_waits_offers_the_one_that_fits(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        pressed = pressing(None, "Apply it")
        client.answers[SHOW] = lambda params: None if "not applied" in params["message"] else pressed(params)
        job = await start(client, outcome="unverified", reason="no test")
        await ended(client)
        assert client.texts[URI] == STUB
        await client.command("forge.answer", jobId=job, question="q1", choice=1)
        await client.until(lambda: client.texts[URI] == DONE["up"])


@pytest.mark.parametrize(
    "wrong", [{}, {"choice": 0, "value": "1"}, {"choice": True}, {"none": 1}, {"choice": 7}, {"answer": "1"}]
)
async def test_a_wrong_answer_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = lambda _: None
        job = await start(client)
        await ended(client)
        with pytest.raises(RpcError) as error:
            await client.command("forge.answer", jobId=job, question="q1", **wrong)
        assert error.value.code == -32602


async def actions(client: RawClient, words: str) -> list[Any]:
    params = {"textDocument": {"uri": URI}, "range": client.cursor(URI, words), "context": {"diagnostics": []}}
    found = await client.request("textDocument/codeAction", params)
    return [action for action in found if action["title"].startswith("Keep")]


async def test_the_answer_is_kept_as_an_example_by_one_edit(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = pressing("2")
        job = await start(client, wait=5)
        await ended(client)
        await client.until(lambda: client.texts[URI] == DONE["up"])
        (action,) = await actions(client, "return")
        assert action["title"] == "Keep this example: half(3) gives 2"
        assert action["command"]["command"] == "forge.keepExample"
        kept = await client.request("workspace/executeCommand", action["command"])
        assert kept == {"jobId": job, "kept": True, "reason": None}
        assert client.texts[URI] == (
            'def half(n: int) -> int:\n    """The half.\n\n    >>> half(3)\n    2\n    """\n    return (n + 1) // 2\n'
        )
        assert len(client.of("workspace/applyEdit")) == 2
        assert await actions(client, "return") == []
        assert "an example of the documentation now" in await client.command("forge.report", jobId=job)
        with pytest.raises(RpcError, match="could become an example"):
            await client.command("forge.keepExample", jobId=job, question="q1")


async def test_an_example_has_no_place_where_the_definition_is_gone(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers[SHOW] = pressing("2")
        job = await start(client, wait=5)
        await ended(client)
        client.type(URI, "def half", "def third")
        kept = await client.command("forge.keepExample", jobId=job, question="q1")
        assert kept["kept"] is False
        assert kept["reason"] == "The document has no place for it any more."
