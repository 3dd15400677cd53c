"""A finished result as an inline completion at its stub, over a real connection: Tab takes it, once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_lsp import CAPABILITIES, RawClient, RpcError, raw_client, trace_of

URI = "untitled:Untitled-1"
STUB = "x = 1\n\n\ndef add(a: int, b: int) -> int:\n    '''Doc.'''\n    ...\n\n\nlast = 2\n"
DONE = STUB.replace("...", "return a + b")
CODE = "def add(a: int, b: int) -> int:\n    '''Doc.'''\n    return a + b\n"


def capable(**more: Any) -> dict[str, Any]:
    capabilities: dict[str, Any] = json.loads(json.dumps(CAPABILITIES))
    capabilities["textDocument"]["inlineCompletion"] = {"dynamicRegistration": False}
    return capabilities | more


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RawClient]:
    async with raw_client(tmp_path) as client:
        answer = await client.initialize(capabilities=capable())
        assert answer["capabilities"]["inlineCompletionProvider"] == {}
        yield client


async def finished(client: RawClient, text: str = STUB, at: str = "...", **script: Any) -> str:
    """A job in preview mode that has ended; its id."""
    client.open(URI, text)
    words = json.dumps({"code": CODE} | script)
    outcome = await client.command(
        "forge.generate", "t", uri=URI, range=client.cursor(URI, at), task=words, apply="preview"
    )
    assert outcome["applied"] is False
    assert client.texts[URI] == text
    return outcome["jobId"]


async def offers(client: RawClient, at: str = "...", uri: str = URI) -> list[Any]:
    position = client.cursor(uri, at)["start"]
    params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}}
    return await client.request("textDocument/inlineCompletion", params)


def insert(client: RawClient, item: Any) -> None:
    """What an editor does on Tab before it runs the command."""
    assert item["range"]["start"]["line"] == item["range"]["end"]["line"], "within one line"
    client.make(URI, [{"range": item["range"], "newText": item["insertText"]}])


async def took(client: RawClient, item: Any) -> Any:
    insert(client, item)
    return await client.request("workspace/executeCommand", item["command"])


async def test_a_client_that_does_not_know_it_is_not_told_of_it(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        answer = await client.initialize()
        assert "inlineCompletionProvider" not in answer["capabilities"]
        await finished(client)


async def test_tab_takes_the_result_and_it_is_applied_once(client: RawClient, tmp_path: Path) -> None:
    job = await finished(client)
    begun = [line for line in trace_of(tmp_path) if line.startswith(("prepare", "stage"))]
    (item,) = await offers(client)
    assert item["insertText"] == "return a + b"
    assert item["filterText"].startswith("..."), "or clients would not show it over the stub"
    assert item["command"]["arguments"] == [{"jobId": job}]
    assert await took(client, item) == {"jobId": job, "applied": True, "reason": None}
    assert client.texts[URI] == DONE
    assert client.of("workspace/applyEdit") == [], "the editor's own edit was all of it"
    (row,) = await client.command("forge.history")
    assert row["applied"] is True
    assert await offers(client, "return") == []
    client.type(URI, "return a + b", "...")  # undone, as it were
    assert await offers(client) == []
    again = await client.request("workspace/executeCommand", item["command"])
    assert again["applied"] is True
    assert client.texts[URI] == STUB, "twice is once"
    assert [line for line in trace_of(tmp_path) if line.startswith(("prepare", "stage"))] == begun, "nobody was asked"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("at", ["# later", "raise"])
async def test_what_the_completion_cannot_hold_comes_with_its_command(client: RawClient, ending: str, at: str) -> None:
    """A stub of two lines, and an edit of the text elsewhere between Tab and the command."""
    text = STUB.replace("...", "# later\n    raise NotImplementedError").replace("\n", ending)
    code = CODE.replace("return a + b", "c = a\n    return c + b")
    await finished(client, text, "raise", code=code)
    (item,) = await offers(client, at)
    assert "\r" not in item["insertText"]
    item["insertText"] = item["insertText"].replace("\n", ending)  # as editors do
    insert(client, item)
    client.type(URI, "last = 2", "last = 3")
    assert (await client.request("workspace/executeCommand", item["command"]))["applied"] is True
    whole = STUB.replace("...", "c = a\n    return c + b").replace("last = 2", "last = 3").replace("\n", ending)
    assert client.texts[URI] == whole
    assert len(client.of("workspace/applyEdit")) == 1


async def test_nothing_in_another_place_or_another_file(client: RawClient) -> None:
    await finished(client)
    assert await offers(client, "last") == []
    assert await offers(client, "x = 1") == []
    client.open("untitled:other", STUB)
    assert await offers(client, uri="untitled:other") == []


async def test_nothing_where_the_text_was_changed(client: RawClient) -> None:
    await finished(client)
    client.type(URI, "...", "... # mine")
    assert await offers(client) == []
    client.type(URI, "... # mine", "...")
    assert len(await offers(client)) == 1


@pytest.mark.parametrize("recheck", ["clean", "broken"])
async def test_changed_elsewhere_it_is_checked_again_first(client: RawClient, tmp_path: Path, recheck: str) -> None:
    await finished(client, recheck=recheck)
    client.type(URI, "x = 1", "x = 11\ny = 2")
    for _ in range(2):
        assert len(await offers(client)) == (recheck == "clean")
    assert len([line for line in trace_of(tmp_path) if line.startswith("recheck")]) == 1, "once for the same text"
    if recheck == "clean":
        (item,) = await offers(client)
        assert (await took(client, item))["applied"] is True
        assert client.texts[URI] == DONE.replace("x = 1", "x = 11\ny = 2")


@pytest.mark.parametrize("how", ["forge.discard", "forge.apply", "followUp"])
async def test_nothing_once_it_is_dealt_with(client: RawClient, how: str) -> None:
    job = await finished(client)
    assert len(await offers(client)) == 1
    if how == "followUp":
        words = json.dumps({"outcome": "exhausted", "code": None})
        more = {"jobId": job, "feedback": "no"}
        await client.command(
            "forge.generate", "u", uri=URI, range=client.cursor(URI, "..."), task=words, followUp=more, apply="preview"
        )
    else:
        await client.command(how, jobId=job)
    if how == "forge.apply":
        assert client.texts[URI] == DONE
        client.type(URI, "return a + b", "...")
    assert await offers(client) == []
    if how == "forge.discard":
        assert (await client.command(how, jobId=job))["discarded"] is False
        with pytest.raises(RpcError, match="was not offered as a completion"):
            await client.command("forge.taken", jobId=job)


@pytest.mark.parametrize(
    ("apply", "outcome"), [("none", "accepted"), ("preview", "unverified"), ("preview", "exhausted")]
)
async def test_only_accepted_results_of_a_preview_wait(client: RawClient, apply: str, outcome: str) -> None:
    client.open(URI, STUB)
    words = json.dumps({"code": CODE, "outcome": outcome})
    await client.command("forge.generate", "t", uri=URI, range=client.cursor(URI, "..."), task=words, apply=apply)
    assert await offers(client) == []


async def test_not_what_a_late_answer_speaks_against(client: RawClient) -> None:
    client.answers["window/showMessageRequest"] = lambda _: None
    client.open(URI, STUB)
    other = CODE.replace("a + b", "b + a")
    words = json.dumps({"question": {"call": "add(1, 2)", "answers": {"3": CODE, "4": other}, "wait": 0.05}})
    outcome = await client.command(
        "forge.generate", "t", uri=URI, range=client.cursor(URI, "..."), task=words, apply="preview"
    )
    assert len(await offers(client)) == 1
    await client.command("forge.answer", jobId=outcome["jobId"], question="q1", choice=1)
    assert await offers(client) == []


async def test_the_newest_of_two_results(client: RawClient) -> None:
    await finished(client)
    words = json.dumps({"code": CODE.replace("a + b", "b + a")})
    second = await client.command(
        "forge.generate", "t", uri=URI, range=client.cursor(URI, "..."), task=words, apply="preview"
    )
    (item,) = await offers(client)
    assert item["insertText"] == "return b + a"
    assert item["command"]["arguments"] == [{"jobId": second["jobId"]}]


async def test_before_anything_is_built(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.answers["workspace/configuration"] = lambda _: [{"slow": 1.0}]
        capabilities = capable()
        capabilities["workspace"]["configuration"] = True
        await client.initialize(capabilities=capabilities)
        client.open(URI, STUB)
        assert await offers(client) == []
