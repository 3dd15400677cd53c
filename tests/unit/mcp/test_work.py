"""Work that outlives its calls, and arguments that make no sense. Nothing of the SDK is needed for either."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from forge_lsp.core.errors import BadRequest, JobUnknown
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.core.questions import Choice, Question
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.consent import consent_words, refusal_words
from forge_lsp.mcp.arguments import ToolArguments
from forge_lsp.mcp.schemas import TOOLS
from forge_lsp.mcp.work import ToolAnswer, Work, WorkRegistry

SPECS = {tool.name: tool for tool in TOOLS}
DONE = ToolAnswer(document={"outcome": "accepted"}, text="done")
QUESTION = ConsentQuestion(
    server="claude", provider="anthropic", address="https://api.example", paid=True, estimate_usd=0.001
)


def silent() -> Any:
    async def heard(words: str) -> None:
        del words

    return heard


async def test_work_goes_on_after_a_wait_that_was_too_short() -> None:
    release = asyncio.Event()

    async def doing() -> ToolAnswer:
        await release.wait()
        return DONE

    work = Work("check-1")
    work.start(doing())
    await work.wait(0, silent())
    assert not work.ended
    told: list[str] = []

    async def heard(words: str) -> None:
        told.append(words)
        if words == "two":
            release.set()

    waiting = asyncio.create_task(work.wait(60, heard))
    await asyncio.sleep(0)
    work.report("one")
    work.report("two")
    await waiting
    assert (told, work.result()) == (["one", "two"], DONE)


async def test_a_wait_that_is_given_up_leaves_the_work_alone() -> None:
    work = Work("check-1")
    release = asyncio.Event()

    async def doing() -> ToolAnswer:
        await release.wait()
        return DONE

    work.start(doing())
    waiting = asyncio.create_task(work.wait(60, silent()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not work.ended
    release.set()
    await work.wait(60, silent())
    assert work.result() is DONE


@pytest.mark.parametrize("answer", [True, False])
async def test_a_question_ends_a_wait_and_is_asked_once(answer: bool) -> None:
    work = Work("job")

    async def doing() -> ToolAnswer:
        return ToolAnswer(document={"allowed": await work.ask(QUESTION)}, text="")

    work.start(doing())
    await work.wait(60, silent())
    asked = work.asked
    assert asked is not None and not work.ended
    asked.answer.set_result(answer)
    assert work.asked is None
    await work.wait(60, silent())
    assert work.result().document == {"allowed": answer}
    assert any("needs your consent" in note for note in work.notes) is not answer


async def test_cancelled_work_has_no_result_and_old_work_is_forgotten() -> None:
    works = WorkRegistry()
    held = Work(works.new_id())
    held.start(asyncio.sleep(3600, DONE))
    works.add(held)
    assert held.cancel()
    await held.wait(60, silent())
    assert not held.cancel()
    with pytest.raises(JobUnknown, match="was cancelled"):
        held.result()
    for number in range(80):
        work = Work(f"check-{number}")
        work.start(asyncio.sleep(0, DONE))
        await work.wait(60, silent())
        works.add(work)
    assert works.get(held.id) is None and works.get("check-79") is not None
    await works.aclose()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (QUESTION, "less than $0.01"),
        (
            ConsentQuestion(server="s", provider="p", address="a", paid=True, estimate_usd=0.5, most_usd=2.0),
            "This job may cost at most $2.00, its first call up to $0.50.",
        ),
        (ConsentQuestion(server="s", provider="p", address="a", paid=False, estimate_usd=0.0), "It costs nothing."),
        (
            ConsentQuestion(server="s", provider="p", address="a", paid=True, estimate_usd=0, price_known=False),
            "What that costs is not known.",
        ),
    ],
)
def test_consent_names_who_where_and_how_much(question: ConsentQuestion, words: str) -> None:
    said = consent_words(question, "code of shop")
    assert words in said and question.provider in said and question.address in said and "code of shop" in said
    told = refusal_words(question)
    assert words in told and "was not used" in told and f"--allow {question.server}" in told


def test_consent_names_the_files_of_the_prompt() -> None:
    asked = replace(QUESTION, files=("a.py", "b.py", "c.py", "d.py"), most_usd=1.0)
    assert consent_words(asked, "code of shop") == (
        "Send code of shop (a.py, b.py, c.py and 1 more file) to anthropic (https://api.example; server 'claude')?"
        " This job may cost at most $1.00, its first call less than $0.01."
    )
    assert "code (a.py)" in refusal_words(replace(asked, files=("a.py",)))


@pytest.mark.parametrize(
    ("tool", "values", "words"),
    [
        ("check", {"fiel": "a.py"}, "known: diff, file"),
        ("check", {"file": 3}, "not a string"),
        ("check", {"startLine": True}, "not a whole number"),
        ("check", {"startLine": 0}, "not from 1 to"),
        ("check", {"trustTests": 1}, "not true or false"),
        ("check", {"proof": "much"}, "not one of"),
        ("generate", {}, "file is missing"),
        ("generate", {"file": None}, "file is missing"),
    ],
)
def test_a_wrong_argument_is_named(tool: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        ToolArguments(SPECS[tool], values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, None), ({"startLine": 3}, (3, None)), ({"startLine": 3, "endLine": 9}, (3, 9))],
)
def test_lines(values: dict[str, Any], expected: tuple[int, int | None] | None) -> None:
    assert ToolArguments(SPECS["check"], values).lines == expected


@pytest.mark.parametrize("values", [{"endLine": 3}, {"startLine": 3, "endLine": 2}])
def test_lines_that_make_no_sense(values: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        _ = ToolArguments(SPECS["check"], values).lines


WONDERED = Question(
    id="q1",
    call="half(3)",
    choices=(Choice(value="1", models=("m1",)), Choice(value="2", models=("m2",))),
    source="mutation",
    attempt=1,
)


async def test_work_that_wonders_ends_a_wait_and_goes_on() -> None:
    release = asyncio.Event()

    async def doing() -> ToolAnswer:
        await release.wait()
        return DONE

    work = Work("job")
    work.start(doing())
    wondering = asyncio.create_task(work.wonder(WONDERED))
    await work.wait(60, silent())
    assert not work.ended
    found = work.wondered
    assert found is not None
    assert found.question is WONDERED
    found.answer.set_result(GivenAnswer(choice=1))
    assert await wondering == GivenAnswer(choice=1)
    assert work.wondered is None
    release.set()
    await work.wait(60, silent())
    assert work.result() is DONE


async def test_without_its_client_nobody_is_asked_what_is_wondered() -> None:
    work = Work("job")
    wondering = asyncio.create_task(work.wonder(WONDERED))
    await asyncio.sleep(0)
    work.refuse()
    assert await wondering is None
    assert await work.wonder(WONDERED) is None


async def test_consent_is_needed_while_something_is_wondered() -> None:
    work = Work("job")

    async def doing() -> ToolAnswer:
        assert await work.ask(QUESTION)
        return DONE

    wondering = asyncio.create_task(work.wonder(WONDERED))
    await asyncio.sleep(0)
    needing = asyncio.create_task(work.needed())
    await asyncio.sleep(0)
    assert not needing.done()
    work.start(doing())
    await asyncio.wait_for(needing, 5)
    assert work.asked is not None
    work.asked.answer.set_result(True)
    await asyncio.wait_for(work.over(), 5)
    work.refuse()
    await wondering


@pytest.mark.parametrize(
    ("action", "content", "given"),
    [
        ("accept", {"answer": "2"}, GivenAnswer(choice=1)),
        ("accept", {"answer": "None of these", "value": "7"}, GivenAnswer(value="7")),
        ("accept", {"answer": "None of these", "value": " "}, GivenAnswer(none=True)),
        ("accept", {"answer": "I can't say"}, GivenAnswer()),
        ("accept", {"answer": "9"}, None),
        ("accept", {}, None),
        ("decline", {"answer": "2"}, None),
        ("cancel", None, None),
    ],
)
def test_a_form_is_an_answer(action: str, content: dict[str, object] | None, given: GivenAnswer | None) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed: pip install 'forge-lsp[mcp]'")
    from forge_lsp.mcp.forms import answer_of_form, question_form

    assert answer_of_form(WONDERED, action, content) == given
    words, form = question_form(WONDERED)
    assert "half(3)" in words
    assert form["properties"]["answer"]["enum"] == ["1", "2", "None of these", "I can't say"]
