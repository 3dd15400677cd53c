"""The question of a job in a terminal (``generate --ask``): asked while the job goes on, answered by a line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable
from forge_lsp.core.errors import ForgeError
from forge_lsp.core.events import JobEvent, JobFinished, QuestionAsked
from forge_lsp.jobs.asking import GivenAnswer

if TYPE_CHECKING:
    from rich.console import Console

    from forge_lsp.core.questions import Question

__all__ = ["TerminalQuestions", "answer_of_line", "question_lines"]

_LETTERS = "abcd"
_STDIN = 0


def question_lines(question: Question) -> list[str]:
    """Return what is printed for a question."""
    lines = ["What should this give?", *(f"    {line}" for line in question.call.strip().splitlines())]
    if question.check is not None:
        where = f"line {question.line}" if question.line else "one of your checks"
        lines.append(f"  ({where} says {question.expected}, and models agree against it)")
    for letter, choice in zip(_LETTERS, question.choices, strict=False):
        who = ", ".join(choice.models) or "your check"
        lines.append(f"  {letter}  {choice.value}    ({who})")
    lines.append("  n  none of these      = VALUE  another value      ?  I can't say")
    return lines


def answer_of_line(line: str, question: Question) -> GivenAnswer | None:
    """Return what a typed line answers, None where it answers nothing."""
    text = line.strip()
    if text.startswith("=") and text[1:].strip():
        return GivenAnswer(value=text[1:].strip())
    match text.lower():
        case "n":
            return GivenAnswer(none=True)
        case "?":
            return GivenAnswer()
        case letter if len(letter) == 1 and letter in _LETTERS[: len(question.choices)]:
            return GivenAnswer(choice=_LETTERS.index(letter))
        case _:
            return None


class TerminalQuestions:
    """A listener of one job: prints its questions and hands over what is typed. ``answer`` takes the question's id.

    Standard input is read by a thread that nobody waits for, and only once there is a question.
    """

    def __init__(
        self, console: Console, answer: Callable[[str, GivenAnswer], Coroutine[object, object, object]]
    ) -> None:
        self._console = console
        self._answer = answer
        self._open: Question | None = None
        self._loop = asyncio.get_running_loop()
        self._reader: threading.Thread | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def __call__(self, event: JobEvent) -> None:
        match event.body:
            case QuestionAsked(question=question):
                self._open = question
                for line in question_lines(question):
                    self._print(line)
                if self._reader is None:
                    self._reader = threading.Thread(target=self._read, name="forge stdin", daemon=True)
                    self._reader.start()
            case JobFinished():
                if self._open is not None:
                    self._print("  (no answer: the job has ended)")
                self._open = None
            case _:
                pass

    def _print(self, line: str) -> None:
        self._console.print(printable(line), style="bold magenta", soft_wrap=True)

    def _read(self) -> None:
        kept = b""
        # Not by sys.stdin: what hangs in a read of it would hold its lock when the process ends.
        with contextlib.suppress(OSError, RuntimeError):
            while chunk := os.read(_STDIN, 4096):
                *lines, kept = (kept + chunk).split(b"\n")
                for line in lines:
                    self._loop.call_soon_threadsafe(self._typed, line.decode(errors="replace"))

    def _typed(self, line: str) -> None:
        question = self._open
        if question is None:
            return
        given = answer_of_line(line, question)
        if given is None:
            if line.strip():
                self._print(question_lines(question)[-1])
            return
        self._open = None
        task = asyncio.ensure_future(self._hand_over(question.id, given))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over(self, question: str, given: GivenAnswer) -> None:
        try:
            await self._answer(question, given)
        except ForgeError as error:
            self._print(f"  {error.full_message}")
        else:
            self._print("  (thank you; the job uses it)")
