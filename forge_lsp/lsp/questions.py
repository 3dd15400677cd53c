"""The questions of a job in the editor: put without holding anything up, answered whenever the user likes.

A client that says ``questions`` among its initialization options gets a request of our own, with everything that it
needs to show the call and the answers well; every other one gets ``window/showMessageRequest``.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.codec import to_json
from forge_lsp.core.errors import BadRequest, ForgeError
from forge_lsp.core.questions import AskedQuestion, Effect, Question
from forge_lsp.core.task import Scope
from forge_lsp.jobs.asking import GivenAnswer, contradiction
from forge_lsp.jobs.document import question_of
from forge_lsp.lsp.messages import chosen
from forge_lsp.lsp.offering import apply_offer

if TYPE_CHECKING:
    from forge_lsp.jobs.record import JobRecord
    from forge_lsp.jobs.services import Services
    from forge_lsp.lsp.apply import Applied
    from forge_lsp.lsp.shown import ConnectedEditor

__all__ = [
    "APPLY_IT",
    "CANNOT_SAY",
    "NONE_OF_THESE",
    "QUESTION",
    "KeepableExample",
    "Questioner",
    "given_of",
    "keep_example",
    "keepable_of",
]

logger = logging.getLogger(__name__)

QUESTION = "forge/question"
WITHDRAWN = "forge/questionWithdrawn"
NONE_OF_THESE = "None of these"
CANNOT_SAY = "I can't say"
APPLY_IT = "Apply it"
DISMISS = "Dismiss"
_ANSWER_SECONDS = 3600.0
_LONGEST = 60  # characters of an answer on a button
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepableExample:
    """An answer that can become an example of the documentation of the definition ``names`` in a document."""

    job_id: str
    question: str
    uri: str
    names: tuple[str, ...]
    call: str
    value: str

    @property
    def title(self) -> str:
        """The name of the action."""
        call = self.call.strip().splitlines()[-1]
        said = self.value if self.value.startswith("raises ") else f"gives {self.value}"
        words = f"{call} {said}"
        return f"Keep this example: {words if len(words) <= 80 else words[:79] + '…'}"


class Questioner:
    """Puts the questions of one job; :meth:`withdraw` takes back those that are open."""

    def __init__(self, job_id: str, uri: str, services: Services, editor: ConnectedEditor) -> None:
        self._id = job_id
        self._uri = uri
        self._services = services
        self._editor = editor
        self._open: set[asyncio.Task[None]] = set()
        self._put_so_far: list[str] = []

    async def put(self, question: Question) -> None:
        """Put a question, and see to its answer. Returns when it is answered, withdrawn or left alone."""
        self._put_so_far.append(question.id)
        task = asyncio.create_task(self._put(question), name=f"forge question {self._id}")
        self._open.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._open.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    def withdraw(self) -> None:
        """Withdraw a question whose job was cancelled: nobody needs an answer. A client of ours that said that there is
        none yet is told."""
        for task in self._open:
            task.cancel()
        if self._editor.questions:
            for question in self._put_so_far:
                self._editor.protocol.notify(WITHDRAWN, {"jobId": self._id, "question": question})

    async def _put(self, question: Question) -> None:
        given = await self._ask(question)
        if given is None:
            return
        try:
            asked = await self._services.jobs.answer(self._id, question.id, given, self._services.editing)
        except BadRequest as error:  # answered elsewhere meanwhile
            logger.info("job %s: %s", self._id, error.full_message)
            return
        await show_late_answer(asked, self._id, self._services, self._editor)

    async def _ask(self, question: Question) -> GivenAnswer | None:
        try:
            if self._editor.questions:
                told = to_json(question_of(AskedQuestion(question=question)))
                params = {"jobId": self._id, "uri": self._uri, "question": told}
                answer = await self._editor.protocol.request(QUESTION, params, timeout=_ANSWER_SECONDS)
                return given_of(_plain(answer))
            return await self._ask_any(question)
        except (JsonRpcException, TimeoutError) as error:
            logger.info("job %s: a question was not answered: %s", self._id, type(error).__name__)
            return None

    async def _ask_any(self, question: Question) -> GivenAnswer | None:
        titles = _titles(question)
        offered = (*titles, NONE_OF_THESE, CANNOT_SAY)
        answer = await chosen(
            self._editor.protocol, lsp.MessageType.Info, question_words(question), offered, timeout=_ANSWER_SECONDS
        )
        if answer == NONE_OF_THESE:
            return GivenAnswer(none=True)
        if answer == CANNOT_SAY:
            return GivenAnswer()
        return GivenAnswer(choice=titles.index(answer)) if answer in titles else None


def question_words(question: Question) -> str:
    """Return the question in a sentence."""
    *before, call = question.call.strip().splitlines()
    first = f" (after {'; '.join(line.strip() for line in before)})" if before else ""
    if question.check is not None:
        where = f"Line {question.line}" if question.line else "One of your checks"
        return (
            f"forge-lsp: what should {call}{first} give? {where} says {question.expected}; the models answer otherwise."
        )
    return f"forge-lsp: what should {call}{first} give? The models differ. The job goes on meanwhile."


def given_of(answer: Mapping[str, object] | None) -> GivenAnswer | None:
    """Return what a client answered: ``{choice}``, ``{value}``, ``{none}`` or ``{cantSay}``; None: nothing yet."""
    match answer:
        case {"choice": int(choice)} if not isinstance(choice, bool):
            return GivenAnswer(choice=choice)
        case {"value": str(value)} if value.strip():
            return GivenAnswer(value=value)
        case {"none": True}:
            return GivenAnswer(none=True)
        case {"cantSay": True}:
            return GivenAnswer()
        case _:
            return None


async def show_late_answer(asked: AskedQuestion, job_id: str, services: Services, editor: ConnectedEditor) -> None:
    """Say what an answer that came after the end of its job means, and offer the candidate that gives it: no edit comes
    by itself."""
    if not asked.late or asked.effect not in (Effect.CHANGED, Effect.REFUTED):
        return
    record = await services.jobs.record(job_id)
    words = contradiction(record)
    candidate = asked.other
    if words is None and asked.effect is Effect.CHANGED and not record.applied:
        words = f"{record.reason or 'Another candidate gives what you answered.'}"
    elif words is None or candidate is None:
        editor.show_message(
            lsp.MessageType.Warning, f"forge-lsp: {words or record.reason or 'No candidate gives your answer.'}"
        )
        return
    kind, message = lsp.MessageType.Warning, f"forge-lsp: {words}"
    try:
        answer = await chosen(editor.protocol, kind, message, (APPLY_IT, DISMISS), timeout=_ANSWER_SECONDS)
    except (JsonRpcException, TimeoutError):
        return
    if answer == APPLY_IT:
        try:
            applied = await apply_offer(services, editor, job_id, candidate)
        except (ForgeError, JsonRpcException) as error:
            editor.show_message(lsp.MessageType.Warning, f"forge-lsp: {error}")
            return
        if not applied.applied:
            editor.show_message(lsp.MessageType.Warning, f"forge-lsp: {applied.reason}")


def keepable_of(record: JobRecord, question: str | None = None) -> tuple[KeepableExample, ...]:
    """Return the answers of a job that can become examples and are none yet."""
    return tuple(
        KeepableExample(
            job_id=record.job_id,
            question=one.question.id,
            uri=record.uri,
            names=names,
            call=one.question.call,
            value=one.answer.value,
        )
        for one in record.questions
        if one.answer is not None
        and one.answer.value is not None
        and not one.kept
        and one.question.check is None  # that example is there already
        and question in (None, one.question.id)
        and (names := _names(record.scope, one.question.call))
    )


async def keep_example(services: Services, editor: ConnectedEditor, job_id: str, question: str) -> Applied:
    """Add an answer as an example to the documentation of its definition, as one edit.

    Raises JobUnknown, and BadRequest where it cannot become one.
    """
    record = await services.jobs.record(job_id)
    found = keepable_of(record, question)
    if not found:
        raise BadRequest(f"job {job_id} has no answer to question {question[:40]!r} that could become an example")
    one, language = found[0], services.languages.recorded(record.language)

    def changed(text: str) -> str | None:
        return services.editing.example(text, language, one.names, one.call, one.value)

    applied = await editor.applier.change(record.uri, changed, services.editing)
    if applied.applied:
        await services.jobs.keep_example(job_id, question)
    return applied


def _names(scope: Scope, call: str) -> tuple[str, ...]:
    if scope.name is not None:
        return (*(scope.container.split(".") if scope.container else ()), scope.name)
    called = _CALLED.search(call.strip().splitlines()[-1])
    return (called[1],) if called is not None else ()


def _titles(question: Question) -> list[str]:
    """A distinct button for each choice."""
    titles: list[str] = []
    for choice in question.choices:
        line = " ".join(choice.value.split())
        title = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
        titles.append(title if title not in titles else f"{len(titles) + 1}: {title}")
    return titles


def _plain(answer: object) -> Mapping[str, object] | None:
    """What a client answered to our own request, which pygls makes an object of."""
    if answer is None or isinstance(answer, Mapping):
        return cast("Mapping[str, object] | None", answer)
    fields = getattr(answer, "_asdict", None)
    return cast("Mapping[str, object]", fields()) if callable(fields) else None
