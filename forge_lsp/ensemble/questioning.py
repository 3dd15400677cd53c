"""The questions of one job: what is asked, what the answers change. Never waits for anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Decision, DecisionKind, Insight, InsightKind
from forge_lsp.core.checks import CheckStatus, Grade
from forge_lsp.core.errors import ServerUnreachable
from forge_lsp.core.events import QuestionAnswered, QuestionAsked
from forge_lsp.core.ports import Asker
from forge_lsp.core.questions import Answer, AskedQuestion, Effect, Question
from forge_lsp.ensemble.agreement import answer_of
from forge_lsp.ensemble.asking import AskedCandidate, question_of
from forge_lsp.ensemble.check_stage import CheckedCandidate
from forge_lsp.ensemble.decision import decide, needs_panel
from forge_lsp.ensemble.insights import answer_words

if TYPE_CHECKING:
    from forge_lsp.ensemble.leaderboard import Leaderboard
    from forge_lsp.ensemble.schedule import Row
    from forge_lsp.ensemble.stages import Stages

__all__ = ["Questioning"]

_RUN = (CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.DISPUTED)


class Questioning:
    """Puts questions through ``asker`` (None: nobody is there) and hands the answers to what judges candidates.

    ``leaderboard`` holds the candidates of earlier attempts. One question at a time: the next one comes only once the
    one before is answered and no candidate gives the answer.
    """

    def __init__(self, asker: Asker | None, stages: Stages, leaderboard: Leaderboard) -> None:
        self._asker = asker if asker is not None and asker.most > 0 else None
        self._stages = stages
        self._leaderboard = leaderboard
        self._checks = stages.checks
        self._asked: list[AskedQuestion] = []

    @property
    def asked(self) -> tuple[AskedQuestion, ...]:
        """The questions so far, with their answers."""
        return tuple(self._asked)

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls that were asked about."""
        return tuple(one.question.call for one in self._asked if one.question.check is None)

    def offer(self, attempt: int, checked: Sequence[CheckedCandidate], *, last: bool) -> None:
        """Put a question where one is due. ``checked`` are the candidates of this attempt."""
        if self._asker is None or len(self._asked) >= self._asker.most:
            return
        if any(one.answer is None or one.effect in (Effect.CONFIRMED, Effect.CHANGED) for one in self._asked):
            return
        checked = (*self._leaderboard.checked, *checked)
        asked = {key for one in self._asked for key in (one.question.call, one.question.check) if key is not None}
        found = question_of(
            self._voices(checked, last=last),
            id_=f"q{len(self._asked) + 1}",
            attempt=attempt,
            asked=asked,
            examples=any(result.status in _RUN for one in checked for result in one.raw.results),
        )
        if found is None:
            return
        self._asked.append(AskedQuestion(question=found))
        self._stages.emit(QuestionAsked(number=attempt, question=found))
        self._asker.offer(found)

    async def resume(self, asked: Sequence[AskedQuestion]) -> tuple[Insight, ...]:
        """Take in the questions of an earlier run of the job, and return what the next attempt should know of their
        answers. One without an answer is put again where somebody can be asked."""
        told: list[Insight] = []
        for one in asked:
            question, answer = one.question, one.answer
            if answer is None and self._asker is None:
                continue
            self._stages.emit(QuestionAsked(number=question.attempt, question=question))
            if answer is None:
                self._asked.append(one)
                if self._asker is not None:
                    self._asker.offer(question)
                continue
            self._stages.emit(QuestionAnswered(answer=answer))
            for known in self._leaderboard.checked if question.check is None and answer.is_definite else ():
                (seen,) = await self._stages.observe((known,), (question.call,))
                self._leaderboard.renew(known, seen)
            self._asked.append(replace(one, effect=self._effect(question, answer, ())))
            told += _told(question, answer)
        return tuple(told)

    def take(self, checked: Sequence[CheckedCandidate]) -> tuple[Insight, ...] | None:
        """Take in the answers that came, and return what the next attempt should know of them; None: there was none.
        ``checked`` are the candidates of this attempt."""
        answers = self._asker.taken() if self._asker is not None else ()
        told: list[Insight] = []
        any_new = False
        for answer in answers:
            number = next((n for n, one in enumerate(self._asked) if one.question.id == answer.question), None)
            if number is None or self._asked[number].answer is not None:
                continue
            any_new = True
            question = self._asked[number].question
            effect = self._effect(question, answer, checked)
            self._asked[number] = replace(self._asked[number], answer=answer, effect=effect)
            told += _told(question, answer)
        return tuple(told) if any_new else None

    async def accepted(self, number: int, row: Row) -> Decision | None:
        """Return the decision where an answer proves a candidate of attempt ``number`` (by ``row``) or before, once a
        panel has seen it where one has to; None: the job goes on."""
        best, accept = self._leaderboard.best(), self._stages.schedule.accept
        if best is None or not best.evidence.matched or best.evidence.grade is not Grade.PROVEN:
            return None
        verdict = best.verdict
        if verdict is None and row.panel.kind != "none" and needs_panel(best.checked.build, best.evidence, accept):
            try:
                verdict = (await self._stages.review(number, row, best.checked, best.evidence)).verdict
            except ServerUnreachable:
                return None  # the next attempt finds out whether that ends the job
            self._leaderboard.add_verdict(best.checked, verdict)
        decision = decide(build=best.checked.build, evidence=best.evidence, verdict=verdict, accept=accept, last=False)
        return decision if decision.kind is DecisionKind.ACCEPT and not decision.unverified else None

    def _effect(self, question: Question, answer: Answer, checked: Sequence[CheckedCandidate]) -> Effect:
        before = self._leaderboard.best(checked)
        self._checks.replies.add(question, answer)
        after = self._leaderboard.best(checked)
        if not answer.is_definite or before is None or after is None:
            return Effect.NOTHING
        given = [reply for reply in after.evidence.replies if reply.call == question.call]
        if not any(reply.agrees for reply in given):
            return Effect.REFUTED if given else Effect.NOTHING
        return Effect.CONFIRMED if after.candidate == before.candidate else Effect.CHANGED

    def _voices(self, checked: Sequence[CheckedCandidate], *, last: bool) -> list[AskedCandidate]:
        """The candidates that could be offered, as far as a question is about them."""
        return [
            self._voice(one, last=last) for one in checked if one.build.compiled is not False and one.raw.doubt is None
        ]

    def _voice(self, checked: CheckedCandidate, *, last: bool) -> AskedCandidate:
        checks = self._checks
        judged = checks.judge(checked.raw, last=last)
        model = checks.identity(checked.candidate.model)
        agreement = checks.behaviours.agreement(model, checked.raw)
        disputed = ((result, answer_of(result)) for result in judged.results if result.status is CheckStatus.DISPUTED)
        return AskedCandidate(
            model=model,
            keys=(checked.candidate.model, *checked.also),
            passed=judged.count(CheckStatus.PROOF, CheckStatus.KEPT),
            failed=judged.against,
            contradicted=sum(not reply.agrees for reply in checks.replies.of(checked.raw)),
            agreement=agreement.share if agreement is not None else 0.0,
            answers={seen.call: seen for seen in checked.raw.observed},
            disputed=tuple((result, given) for result, given in disputed if given is not None),
        )


def _told(question: Question, answer: Answer) -> tuple[Insight, ...]:
    """What the next attempt should know of an answer; nothing where it says nothing."""
    words = answer_words(question, answer)
    return () if words is None else (Insight(kind=InsightKind.FEEDBACK, text=words, attempt=question.attempt),)
