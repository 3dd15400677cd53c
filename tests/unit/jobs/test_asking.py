"""Questions of a job: where answers wait, what late ones change, what is kept of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.core.attempt import (
    Agreement,
    Attempt,
    BuildReport,
    BuildStatus,
    Candidate,
    Decision,
    DecisionKind,
    Evidence,
    Observation,
    Outcome,
    RunnerUp,
)
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.events import Emit, QuestionAnswered, QuestionAsked
from forge_lsp.core.questions import Answer, AskedQuestion, Choice, Effect, Question
from forge_lsp.ensemble.agreement import Behaviours
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.jobs.alternatives import candidates_of
from forge_lsp.jobs.asking import GivenAnswer, PendingQuestions, answer_of, contradiction, with_answer
from forge_lsp.jobs.document import job_document, outcome_document
from forge_lsp.jobs.figures import CurrentRates
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.report import job_report
from forge_lsp.jobs.statistics import statistics_of
from tests.support import lang
from tests.support.scripted import PlainEditing
from tests.unit.jobs.support import Concluded, HeldClock, prepared, record, request

QUESTION = Question(
    id="q1",
    call="add(1, -1)",
    choices=(Choice(value="2", models=("g",)), Choice(value="0", models=("h",))),
    source="mutation",
    attempt=1,
)
BUILT = BuildReport(status=BuildStatus.PASSED, tool="test")


def candidate(model: str) -> Candidate:
    code = f"def add(a, b):\n    return {model}(a, b)"
    return Candidate(code=code, text=f"{code}\n", model=model, attempt=1)


def gives(value: str) -> tuple[Observation, ...]:
    return (Observation(call="add(1, -1)", answer=value),)


class Alike(Behaviours):
    """Says of each model how far others behave like it."""

    def __init__(self, agreements: dict[str, Agreement]) -> None:
        super().__init__()
        self._agreements = agreements

    def agreement(self, model: str, evidence: Evidence) -> Agreement | None:
        return self._agreements[model]


def attempt(*, first: Evidence | None = None, second: Evidence | None = None) -> Attempt:
    """Model g was chosen, h was second; they differ on the call."""
    reviewed = Evidence(grade=Grade.REVIEWED)
    return Attempt(
        number=1,
        strategy="none",
        thinkers=(),
        generator="g",
        samples=1,
        panel="none",
        decision=Decision(kind=DecisionKind.ACCEPT, reason="it is good"),
        seconds=1.0,
        cost_usd=0.0,
        candidate=candidate("g"),
        build=BUILT,
        evidence=first or reviewed,
        answers=gives("2"),
        others=(RunnerUp(candidate=candidate("h"), build=BUILT, evidence=second or reviewed, answers=gives("0")),),
    )


def ended(**changes: Any) -> JobRecord:
    values: dict[str, Any] = {
        "state": JobState.ENDED,
        "outcome": Outcome.ACCEPTED,
        "reason": "it is good",
        "grade": Grade.REVIEWED,
        "candidate": candidate("g"),
        "attempts": (attempt(),),
        "questions": (AskedQuestion(question=QUESTION),),
    }
    return record(**(values | changes))


def put(id_: str) -> Candidate:
    return {"1.1": candidate("g"), "1.2": candidate("h")}[id_]


def said(value: str | None, *, own: bool = False) -> Answer:
    return Answer(question="q1", value=value, own=own)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (GivenAnswer(choice=1), said("0")),
        (GivenAnswer(value=" 0.0 "), said("0")),
        (GivenAnswer(value="7"), said("7", own=True)),
        (GivenAnswer(none=True), said(None, own=True)),
        (GivenAnswer(value="  "), said(None)),
        (GivenAnswer(), said(None)),
    ],
)
def test_what_is_given_is_what_is_meant(given: GivenAnswer, answer: Answer) -> None:
    assert answer_of(QUESTION, given) == answer


def test_an_answer_waits_until_it_is_taken_and_comes_once() -> None:
    pending = PendingQuestions(1)
    with pytest.raises(BadRequest, match="no question"):
        pending.answer("q1", GivenAnswer(choice=0))
    pending.offer(QUESTION)
    with pytest.raises(BadRequest, match="no choice 2"):
        pending.answer("q1", GivenAnswer(choice=2))
    assert pending.answer("q1", GivenAnswer(choice=0)) == said("2")
    with pytest.raises(BadRequest, match="answered already"):
        pending.answer("q1", GivenAnswer(choice=1))
    assert (pending.taken(), pending.taken()) == ((said("2"),), ())


def test_a_late_answer_offers_the_other_candidate() -> None:
    after = with_answer(ended(), said("0"), put)
    assert after.candidate == candidate("h")
    assert after.grade is Grade.PROVEN
    assert after.reason is not None
    assert "candidate 1.2" in after.reason
    (asked,) = after.questions
    assert (asked.effect, asked.late) == (Effect.CHANGED, True)
    assert after.attempts[0].evidence.grade is None, "a contradicted candidate is never proven"
    assert contradiction(replace(after, applied=True)) is None


def test_a_late_answer_confirms_what_is_offered() -> None:
    after = with_answer(ended(applied=True), said("2"), put)
    assert (after.candidate, after.grade) == (candidate("g"), Grade.PROVEN)
    assert after.questions[0].effect is Effect.CONFIRMED
    assert contradiction(after) is None


def test_a_late_answer_against_what_was_applied_is_said_and_changes_nothing_by_itself() -> None:
    after = with_answer(ended(applied=True), said("0"), put)
    assert after.candidate == candidate("g")
    assert (after.questions[0].effect, after.questions[0].other) == (Effect.REFUTED, "1.2")
    words = contradiction(after)
    assert words is not None
    assert "`add(1, -1)` should give 0" in words
    assert "Candidate 1.2 gives it" in words
    told = job_report(after)
    assert "Candidate 1.2 gives it" in told
    assert "candidate `1.2`" in told
    assert "You answered 0 after the job had ended" in told


def test_a_late_answer_that_nobody_gives_takes_the_grade_away() -> None:
    after = with_answer(ended(), said("7", own=True), put)
    assert (after.candidate, after.grade) == (candidate("g"), None)
    assert after.questions[0].effect is Effect.REFUTED
    assert after.reason is not None
    assert "it gives 2" in after.reason


def test_a_candidate_with_more_against_it_is_not_offered_for_an_answer() -> None:
    owed = CheckResult(id="c", kind=CheckKind.TEST, status=CheckStatus.OWED, source="t")
    worse = ended(attempts=(attempt(second=Evidence(results=(owed,))),))
    after = with_answer(worse, said("0"), put)
    assert after.candidate == candidate("g")


def test_a_late_answer_weighs_as_one_example_and_not_as_law() -> None:
    # Two other models behave as the offered code does, and nobody as the one that gives the answer: that may be a slip.
    proof = CheckResult(id="c", kind=CheckKind.DOCTEST, status=CheckStatus.PROOF, source="add(1, 2)")
    backed = Evidence(
        results=(proof, replace(proof, id="d")),
        grade=Grade.PROVEN,
        agreement=Agreement(share=1.0, models=2, points=9),
    )
    alone = replace(backed, agreement=Agreement(share=0.1, models=2, points=9))
    after = with_answer(ended(attempts=(attempt(first=backed, second=alone),)), said("0"), put)
    assert after.candidate == candidate("g"), "it stays the one that is offered"
    assert after.grade is None, "and is proven no more"
    assert (after.questions[0].effect, after.questions[0].other) == (Effect.REFUTED, "1.2")
    assert "candidate `1.2`" in job_report(after)
    # Where others speak for both alike, the answer decides.
    even = replace(backed, agreement=Agreement(share=0.6, models=2, points=9))
    after = with_answer(ended(attempts=(attempt(first=even, second=even),)), said("0"), put)
    assert (after.candidate, after.grade) == (candidate("h"), Grade.PROVEN)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("value", ["0", "2", "7"])
@pytest.mark.parametrize("proofs", [(1, 1), (2, 1), (1, 2), (0, 0)])
def test_late_answers_rank_as_answers_in_time_do(share: float, value: str, proofs: tuple[int, int]) -> None:
    def raw(count: int) -> Evidence:
        each = (
            CheckResult(id=f"c{n}", kind=CheckKind.DOCTEST, status=CheckStatus.PROOF if n < count else CheckStatus.KEPT,
                        source=f"add({n}, 2)")
            for n in range(2)
        )  # fmt: skip
        return Evidence(results=tuple(each))

    checks = Checks()
    agreements = (Agreement(share=share, models=2, points=9), Agreement(share=0.4, models=2, points=9))
    models = {"g": gives("2"), "h": gives("0")}
    checks.behaviours = Alike(dict(zip(models, agreements, strict=True)))
    seen = [
        CheckedCandidate(candidate=candidate(model), build=BUILT, raw=replace(raw(count), observed=observed))
        for (model, observed), count in zip(models.items(), proofs, strict=True)
    ]
    in_time = Leaderboard(checks)
    in_time.add(seen, chosen=seen[0], verdict=None)
    first = in_time.best()
    assert first is not None
    best, other = (first.checked, next(one for one in seen if one is not first.checked))
    settled = {one.candidate.model: checks.settle(one) for one in seen}
    evidence = attempt(first=settled[best.candidate.model], second=settled[other.candidate.model])
    whole = replace(
        evidence,
        candidate=best.candidate,
        answers=best.raw.observed,
        others=(replace(evidence.others[0], candidate=other.candidate, answers=other.raw.observed),),
    )
    late = with_answer(
        ended(candidate=best.candidate, attempts=(whole,)),
        said(value),
        lambda id_: {"1.1": best.candidate, "1.2": other.candidate}[id_],
    )
    checks.replies.add(QUESTION, said(value))
    then = in_time.best()
    assert then is not None
    assert late.candidate == then.candidate
    assert late.grade is then.evidence.grade
    by_model = {one.candidate.model: one.evidence for one in candidates_of(late)}
    assert {name: (one.merit, one.grade) for name, one in by_model.items()} == {
        one.candidate.model: (checks.settle(one).merit, checks.settle(one).grade) for one in seen
    }


def test_nothing_is_said_by_i_cannot_say_and_a_cancelled_job_has_no_question() -> None:
    after = with_answer(ended(), said(None), put)
    assert (after.candidate, after.grade, after.questions[0].effect) == (
        candidate("g"),
        Grade.REVIEWED,
        Effect.NOTHING,
    )
    with pytest.raises(BadRequest, match="answered already"):
        with_answer(after, said("2"), put)
    with pytest.raises(BadRequest, match="cancelled"):
        with_answer(ended(outcome=Outcome.CANCELLED), said("2"), put)


@pytest.mark.parametrize(("value", "grade"), [("6", Grade.PROVEN), ("5", None)])
def test_a_late_answer_settles_a_disputed_check(value: str, grade: Grade | None) -> None:
    check = CheckResult(
        id="c", kind=CheckKind.DOCTEST, status=CheckStatus.DISPUTED, source="add(2, 3)", expected="5", actual="6"
    )
    question = replace(QUESTION, call="add(2, 3)", check="c", expected="5", source="example")
    disputed = Evidence(results=(check,))
    before = ended(
        outcome=Outcome.UNVERIFIED,
        grade=None,
        attempts=(attempt(first=disputed, second=disputed),),
        questions=(AskedQuestion(question=question),),
    )
    after = with_answer(before, said(value), put)
    assert after.grade is grade
    status = CheckStatus.PROOF if value == "6" else CheckStatus.OWED
    assert after.attempts[0].evidence.results[0].status is status


def test_documents_tell_questions_where_there_are_any() -> None:
    without = ended(questions=())
    assert "questions" not in job_document(without)
    assert "questions" not in outcome_document(without)
    told = job_document(with_answer(ended(), said("0"), put))["questions"]
    assert told == outcome_document(with_answer(ended(), said("0"), put))["questions"]
    assert told == [
        {
            "id": "q1",
            "call": "add(1, -1)",
            "choices": [{"value": "2", "models": ["g"]}, {"value": "0", "models": ["h"]}],
            "source": "mutation",
            "line": None,
            "expected": None,
            "answered": True,
            "answer": "0",
            "own": False,
            "effect": "changed",
            "late": True,
            "other": None,
            "kept": False,
        }
    ]


class Office:
    """A manager whose only job asks the question and goes on when it is told to."""

    def __init__(self, folder: Path, end: Concluded) -> None:
        self.pending = PendingQuestions(1)
        self.go, self.asked, self.end = asyncio.Event(), asyncio.Event(), end
        clock = HeldClock()
        self.manager = JobManager(
            prepare=self._prepare, ledger=Ledger(folder, clock=clock), languages=lang.BUILT_IN, clock=clock
        )

    async def _prepare(self, *_: object) -> Any:
        async def run(emit: Emit) -> Any:
            self.pending.offer(QUESTION)
            emit(QuestionAsked(number=1, question=QUESTION))
            self.asked.set()
            await self.go.wait()
            return self.end

        return prepared(run, pending=self.pending)

    async def answer(self, job_id: str, **given: Any) -> AskedQuestion:
        return await self.manager.answer(job_id, "q1", GivenAnswer(**given), PlainEditing())  # type: ignore[arg-type]


def concluded() -> Concluded:
    return Concluded(
        attempts=(attempt(),), best=candidate("g"), reason="it is good", questions=(AskedQuestion(question=QUESTION),)
    )


async def test_an_answer_while_the_job_runs_is_an_event_and_one_too_late_for_it_counts_at_its_end(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, concluded())
    job = await office.manager.start(request())
    await office.asked.wait()
    assert [one["id"] for one in (await office.manager.document(job.id))["questions"]] == ["q1"]  # type: ignore[index]
    answered = await office.answer(job.id, choice=1)
    assert answered.answer == said("0")
    assert [event.body for event in job.events if isinstance(event.body, QuestionAnswered)]
    office.go.set()
    end = await job.wait()
    assert end.candidate == candidate("h")
    assert end.questions[0].effect is Effect.CHANGED
    assert end.events[-1].body.type == "job.finished"
    with pytest.raises(BadRequest, match="answered already"):
        await office.answer(job.id, choice=1)
    await office.manager.aclose()


async def test_an_answer_after_the_end_is_kept_and_the_status_says_what_it_contradicts(tmp_path: Path) -> None:
    office = Office(tmp_path, concluded())
    office.go.set()
    job = await office.manager.start(request())
    await job.wait()
    await office.manager.mark_applied(job.id)
    assert "contradicted" not in json.loads(office.manager.status())
    asked = await office.answer(job.id, value="0")
    assert (asked.effect, asked.other) == (Effect.REFUTED, "1.2")
    (told,) = json.loads(office.manager.status())["contradicted"]
    assert told["jobId"] == job.id
    assert (await office.manager.keep_example(job.id, "q1")).kept
    await office.manager.aclose()

    later = Ledger(tmp_path, clock=HeldClock())
    kept = await later.record(job.id)
    assert kept is not None
    assert kept.questions == (replace(asked, kept=True),)
    assert kept.attempts[0].others[0].evidence.grade is Grade.PROVEN
    stats = statistics_of(await later.observed(), CurrentRates()).questions
    assert (stats.asked.hits, stats.answered.hits, stats.refuted.hits, stats.kept.hits, stats.late) == (1, 1, 1, 1, 1)
    await later.aclose()


async def test_the_other_candidate_that_was_applied_ends_the_contradiction(tmp_path: Path) -> None:
    office = Office(tmp_path, concluded())
    office.go.set()
    job = await office.manager.start(request())
    await job.wait()
    await office.manager.mark_applied(job.id)
    await office.answer(job.id, value="0")
    await office.manager.took(job.id, "1.2")
    assert "contradicted" not in json.loads(office.manager.status())
    await office.manager.aclose()


async def test_a_job_of_an_earlier_process_is_answered_from_the_ledger(tmp_path: Path) -> None:
    office = Office(tmp_path, concluded())
    office.go.set()
    job = await office.manager.start(request())
    await job.wait()
    await office.manager.aclose()
    later = Office(tmp_path, concluded())
    asked = await later.answer(job.id, value="0")
    assert asked.effect is Effect.CHANGED
    found = await later.manager.result(job.id)
    assert found.candidate is not None
    assert found.candidate.text == PlainEditing().splice(job.task, candidate("h").code, ())
    await later.manager.aclose()


async def test_a_cancelled_job_withdraws_its_question(tmp_path: Path) -> None:
    office = Office(tmp_path, concluded())
    job = await office.manager.start(request())
    await office.asked.wait()
    job.cancel()
    end = await job.wait()
    assert [one.answer for one in end.questions] == [None]
    with pytest.raises(BadRequest, match="cancelled"):
        await office.answer(job.id, choice=0)
    await office.manager.aclose()
