"""The question in a terminal: what is printed, and what a typed line means."""

from __future__ import annotations

import asyncio
import io
import os
from datetime import UTC, datetime

import pytest
from rich.console import Console

from forge_lsp.cli import asking
from forge_lsp.cli.asking import TerminalQuestions, answer_of_line, question_lines
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.events import EventBody, JobEvent, JobFinished, QuestionAsked
from forge_lsp.core.questions import Choice, Question
from forge_lsp.jobs.asking import GivenAnswer

QUESTION = Question(
    id="q1",
    call="s = Stack()\ns.pop()",
    choices=(Choice(value="None", models=("qwen", "phi4")), Choice(value="raises IndexError", models=("gemma",))),
    source="sequence",
    attempt=1,
)


def test_the_call_and_the_answers_are_printed_with_a_letter_each() -> None:
    assert question_lines(QUESTION) == [
        "What should this give?",
        "    s = Stack()",
        "    s.pop()",
        "  a  None    (qwen, phi4)",
        "  b  raises IndexError    (gemma)",
        "  n  none of these      = VALUE  another value      ?  I can't say",
    ]


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("a", GivenAnswer(choice=0)),
        (" B ", GivenAnswer(choice=1)),
        ("c", None),
        ("n", GivenAnswer(none=True)),
        ("?", GivenAnswer()),
        ("= 7", GivenAnswer(value="7")),
        ("=", None),
        ("hello", None),
        ("", None),
    ],
)
def test_a_line_is_an_answer(line: str, given: GivenAnswer | None) -> None:
    assert answer_of_line(line, QUESTION) == given


def event(body: EventBody) -> JobEvent:
    return JobEvent(job_id="j", sequence=1, at=datetime.now(UTC), body=body)


FINISHED = JobFinished(outcome=Outcome.ACCEPTED, score=None, attempt_count=1, seconds=1, cost_usd=0, reason=None)


async def test_typed_lines_reach_the_job_until_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(asking, "_STDIN", reading)
    given: asyncio.Queue[tuple[str, GivenAnswer]] = asyncio.Queue()

    async def answer(question: str, one: GivenAnswer) -> None:
        given.put_nowait((question, one))
        if one.value == "bad":
            raise BadRequest("question 'q1' was answered already")

    console = Console(record=True, width=200, file=io.StringIO())
    listener = TerminalQuestions(console, answer)
    try:
        listener(event(QuestionAsked(number=1, question=QUESTION)))
        os.write(writing, b"what?\nb\na\n")
        async with asyncio.timeout(5):
            assert await given.get() == ("q1", GivenAnswer(choice=1))
        await asyncio.sleep(0.05)
        assert given.empty(), "the question is answered once"
        listener(event(QuestionAsked(number=1, question=QUESTION)))
        os.write(writing, b"= bad\n")
        async with asyncio.timeout(5):
            assert await given.get() == ("q1", GivenAnswer(value="bad"))
        listener(event(QuestionAsked(number=1, question=QUESTION)))
        listener(event(FINISHED))
        os.write(writing, b"a\n")
        await asyncio.sleep(0.05)
        assert given.empty(), "the job has ended"
    finally:
        os.close(writing)
        await asyncio.sleep(0.05)
        os.close(reading)
    told = console.export_text()
    assert told.count("n  none of these") == 4
    assert "thank you" in told
    assert "answered already" in told
    assert "no answer: the job has ended" in told
