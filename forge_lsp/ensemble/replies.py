"""The user's answers to questions, beside what candidates give. Pure.

An answer weighs as one example: it ranks, a candidate that gives it is proven by it, and one that gives something else
is never proven. It says which of two values is right where a check is disputed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from forge_lsp.core.attempt import Evidence, Observation
from forge_lsp.core.checks import AGAINST, CheckResult, CheckStatus, Grade
from forge_lsp.core.questions import Answer, Question, Reply
from forge_lsp.ensemble.agreement import answer_of
from forge_lsp.ensemble.values import same

__all__ = ["Replies", "gives", "graded"]


def gives(question: Question, results: Iterable[CheckResult], observed: Iterable[Observation]) -> str | None:
    """Return what a candidate with these results gives to the call of a question; None: that is not known."""
    if question.check is not None:
        return next((answer_of(result) for result in results if result.id == question.check), None)
    return next((seen.answer for seen in observed if seen.call == question.call), None)


class Replies:
    """What the user has answered so far."""

    def __init__(self, answered: Iterable[tuple[Question, Answer]] = ()) -> None:
        self._answered: list[tuple[Question, Answer]] = []
        for question, answer in answered:
            self.add(question, answer)

    def add(self, question: Question, answer: Answer) -> None:
        """Take in an answer; one that says nothing is left out."""
        if answer.is_definite:
            self._answered.append((question, answer))

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls that were asked about and answered, but for those of the user's own checks."""
        return tuple(question.call for question, _ in self._answered if question.check is None)

    @property
    def settled(self) -> frozenset[str]:
        """The checks of the user's that an answer has settled: they are disputed no more."""
        found = (question.check for question, answer in self._answered if answer.value is not None)
        return frozenset(check for check in found if check is not None)

    def of(self, evidence: Evidence) -> tuple[Reply, ...]:
        """Return the answers beside what a candidate gives, as the toolchain told it (``observed`` included)."""
        found: list[Reply] = []
        for question, answer in self._answered:
            actual = gives(question, evidence.results, evidence.observed)
            if actual is None:
                continue
            if answer.value is not None:
                agrees = same(actual, answer.value)
            elif any(same(actual, choice.value) for choice in question.choices):
                agrees = False
            else:
                continue  # it is none of the choices, and this candidate gives none of them
            found.append(Reply(call=question.call, expected=answer.value or "", actual=actual, agrees=agrees))
        return tuple(found)

    def amended(self, result: CheckResult) -> CheckResult:
        """Return the result of a check that the user has answered about, as it is with that answer for its value."""
        for question, answer in self._answered:
            if question.check != result.id or answer.value is None:
                continue
            given = answer_of(result)
            if same(answer.value, question.expected):
                open_ = result.status is CheckStatus.DISPUTED
                return replace(result, status=CheckStatus.OWED, detail="") if open_ else result
            if result.status in (*AGAINST, CheckStatus.DISPUTED):
                met = given is not None and same(given, answer.value)
                status = CheckStatus.PROOF if met else CheckStatus.OWED
                return replace(result, status=status, expected=answer.value, detail=f"you answered {answer.value}")
        return result


def graded(evidence: Evidence, replies: tuple[Reply, ...]) -> Evidence:
    """Return settled evidence with the user's answers, and the grade that follows from both."""
    if not replies:
        return evidence
    grade = evidence.grade
    if any(not reply.agrees for reply in replies):
        grade = None
    elif grade is not None:
        grade = Grade.PROVEN
    return replace(evidence, replies=replies, grade=grade)
