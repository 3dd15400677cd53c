"""Questions of a job and their answers: where they wait while it runs, and what a late answer changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Candidate, Evidence, Observation, Outcome
from forge_lsp.core.checks import grade_of
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.events import JobEvent, QuestionAnswered, QuestionAsked
from forge_lsp.core.questions import Answer, AskedQuestion, Effect, Question, Reply
from forge_lsp.ensemble.ranking import merit_of
from forge_lsp.ensemble.replies import Replies, graded
from forge_lsp.ensemble.values import same
from forge_lsp.jobs.alternatives import Alternative, candidates_of, rank_key_of
from forge_lsp.jobs.document import checks_document

if TYPE_CHECKING:
    from forge_lsp.jobs.record import JobRecord

__all__ = ["GivenAnswer", "PendingQuestions", "answer_of", "asked_of", "contradiction", "one_asked", "with_answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What a user gave as the answer to a question: the ``choice`` of that place (from 0), a ``value``, or ``none`` of
    the choices; nothing of it: the user cannot say."""

    choice: int | None = None
    value: str | None = None
    none: bool = False


def answer_of(question: Question, given: GivenAnswer) -> Answer:
    """Return the answer that was meant. Raises BadRequest for a choice that the question does not have."""
    if given.choice is not None:
        if not 0 <= given.choice < len(question.choices):
            raise BadRequest(f"question {question.id} has no choice {given.choice}")
        return Answer(question=question.id, value=question.choices[given.choice].value)
    if given.value is not None and given.value.strip():
        value = given.value.strip()
        known = next((choice.value for choice in question.choices if same(choice.value, value)), None)
        return Answer(question=question.id, value=known or value, own=known is None)
    return Answer(question=question.id, value=None, own=given.none)


class PendingQuestions:
    """An :class:`~forge_lsp.core.ports.Asker` for one job: answers lie here until the job takes them."""

    def __init__(self, most: int) -> None:
        self.most = most
        """How many questions the job may put."""
        self._open: dict[str, Question] = {}
        self._given: list[Answer] = []
        self._waiting: list[Answer] = []

    @property
    def given(self) -> tuple[Answer, ...]:
        """All answers that came."""
        return tuple(self._given)

    def offer(self, question: Question) -> None:
        """Wait for the answer to a question from now on."""
        self._open[question.id] = question

    def taken(self) -> tuple[Answer, ...]:
        """Return the answers that the job has not seen."""
        answers, self._waiting = tuple(self._waiting), []
        return answers

    def answer(self, question: str, given: GivenAnswer) -> Answer:
        """Take an answer. Raises BadRequest for a question that is not open."""
        found = self._open.get(question)
        if found is None or any(answer.question == question for answer in self._given):
            raise _not_open(question, found is not None)
        answer = answer_of(found, given)
        self._given.append(answer)
        self._waiting.append(answer)
        return answer


def asked_of(events: Iterable[JobEvent]) -> tuple[AskedQuestion, ...]:
    """Return the questions of a job that has not ended, or never will, from what its events say."""
    found: dict[str, AskedQuestion] = {}
    for event in events:
        match event.body:
            case QuestionAsked(question=question):
                found[question.id] = AskedQuestion(question=question)
            case QuestionAnswered(answer=answer) if answer.question in found:
                found[answer.question] = replace(found[answer.question], answer=answer)
            case _:
                pass
    return tuple(found.values())


def one_asked(record: JobRecord, question: str) -> AskedQuestion:
    """Return a question of a job. Raises BadRequest where it was not asked."""
    for one in record.questions:
        if one.question.id == question:
            return one
    raise _not_open(question, False)


def contradiction(record: JobRecord) -> str | None:
    """Return in words that the user's answer speaks against what was applied, None where it does not."""
    for one in record.questions:
        if record.applied and one.late and one.effect is Effect.REFUTED:
            return _contradicts(one)
    return None


def _contradicts(one: AskedQuestion) -> str:
    said = one.answer.value if one.answer is not None else None
    call = _last(one.question.call)
    other = f" Candidate {one.other} gives it." if one.other is not None else ""
    what = f"`{call}` should give {said}" if said else f"`{call}` should give none of the values shown"
    return f"You answered that {what}, and the code that was applied gives something else.{other}"


def with_answer(record: JobRecord, answer: Answer, put: Callable[[str], Candidate]) -> JobRecord:
    """Return an ended job with an answer that came after its end: what it offers is ranked by it, and where it was
    applied it is said that the answer contradicts that. ``put`` answers a candidate by its id, in its document.

    Raises BadRequest where the question is not open, or the job was cancelled, which withdraws its questions.
    """
    asked = one_asked(record, answer.question)
    if asked.answer is not None and asked.effect is not None:
        raise _not_open(answer.question, True)
    if record.outcome is Outcome.CANCELLED:
        raise BadRequest("the job was cancelled, and its question with it")
    record = _told(record, answer, Effect.NOTHING)
    replies = Replies([(one.question, one.answer) for one in record.questions if one.answer is not None])
    unfinished = record.scope.unfinished
    attempts = tuple(
        replace(
            attempt,
            evidence=_replied(attempt.evidence, attempt.answers, replies, unfinished=unfinished),
            others=tuple(
                replace(one, evidence=_replied(one.evidence, one.answers, replies, unfinished=unfinished))
                for one in attempt.others
            ),
        )
        for attempt in record.attempts
    )
    record = replace(record, attempts=attempts)
    now = candidates_of(record)
    offered = next((one for one in now if one.result), None)
    if not answer.is_definite or offered is None:
        return record
    mine = _reply(offered, asked.question)
    matching = next((one for one in now if (reply := _reply(one, asked.question)) and reply.agrees), None)
    other = matching.id if matching is not None else None
    if mine is not None and mine.agrees:
        return _offering(_told(record, answer, Effect.CONFIRMED), offered, None)
    if record.applied:
        return _told(record, answer, Effect.REFUTED, other) if mine is not None else record
    # An answer weighs as one example, also when it is late: it may rank another candidate first, and need not.
    if matching is not None and rank_key_of(matching, record) > rank_key_of(offered, record):
        words = f"your answer fits candidate {matching.id}, which is offered now"
        return _offering(_told(record, answer, Effect.CHANGED), matching, put(matching.id), words)
    if mine is None:
        return record
    words = f"for `{_last(mine.call)}` it gives {mine.actual}, and you answered otherwise"
    return _offering(_told(record, answer, Effect.REFUTED, other), offered, None, words)


def _last(call: str) -> str:
    """The call itself, without the statements that it needs."""
    return call.strip().splitlines()[-1]


def _told(record: JobRecord, answer: Answer, effect: Effect, other: str | None = None) -> JobRecord:
    questions = tuple(
        replace(one, answer=answer, effect=effect, late=True, other=other)
        if one.question.id == answer.question
        else one
        for one in record.questions
    )
    return replace(record, questions=questions)


def _offering(record: JobRecord, one: Alternative, candidate: Candidate | None, words: str | None = None) -> JobRecord:
    """``record`` with a candidate to offer (None: the one that it has), and what stands behind it."""
    checks = tuple(checks_document(one.evidence).items())
    record = replace(record, grade=one.evidence.grade, checks=checks)
    if candidate is not None:
        record = replace(record, candidate=candidate, score=one.score)
    return record if words is None else replace(record, reason="; ".join(filter(None, (words, record.reason))))


def _reply(one: Alternative, question: Question) -> Reply | None:
    return next((reply for reply in one.evidence.replies if reply.call == question.call), None)


def _replied(evidence: Evidence, answers: Sequence[Observation], replies: Replies, *, unfinished: bool) -> Evidence:
    """A candidate's evidence with the user's answers in it; ``answers`` are its own."""
    results = tuple(replies.amended(result) for result in evidence.results)
    found = replies.of(replace(evidence, observed=tuple(answers)))
    if results != evidence.results:
        grade = grade_of(results, unfinished=unfinished, supported=False) if evidence.doubt is None else None
        evidence = replace(evidence, results=results, grade=grade)
    settled = graded(evidence, found)
    return replace(settled, merit=merit_of(settled, unfinished=unfinished))


def _not_open(question: str, known: bool) -> BadRequest:
    if known:
        return BadRequest(f"question {question[:40]!r} was answered already")
    return BadRequest(f"the job has no question {question[:40]!r}")
