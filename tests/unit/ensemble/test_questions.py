"""The question to the user in whole jobs with scripted models: when it comes, and what its answer changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest

from forge_lsp.core.attempt import Attempt, Candidate, Evidence, Observation, Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.events import QuestionAnswered, QuestionAsked
from forge_lsp.core.questions import Answer, AskedQuestion, Effect, Question
from forge_lsp.core.task import Task
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule
from tests.support.scripted import (
    BAD,
    GOOD,
    Events,
    FakeToolchain,
    Hang,
    ManualClock,
    PlainContext,
    PlainEditing,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    example,
    task,
    verdict_text,
)

OTHER = "```python\ndef add(a, b):\n    return b * a\n```"
PANEL = Panel(kind="simple", members=("r",))
WRONG = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"


@dataclass
class ScriptedAsker:
    """An Asker whose user answers when the test says so."""

    most: int = 1
    offered: list[Question] = field(default_factory=list)
    waiting: list[Answer] = field(default_factory=list)

    def offer(self, question: Question) -> None:
        self.offered.append(question)

    def taken(self) -> tuple[Answer, ...]:
        answers, self.waiting = tuple(self.waiting), []
        return answers

    def answer(self, value: str | None, *, own: bool = False) -> None:
        """Answer the newest question, once it was put."""
        if self.offered and all(answer.question != self.offered[-1].id for answer in self.waiting):
            self.waiting.append(Answer(question=self.offered[-1].id, value=value, own=own))


class Observing(FakeToolchain):
    """Runs single calls too, as ``later`` says by a piece of the text."""

    later: Mapping[str, str] = MappingProxyType({})

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        found = next((value for piece, value in self.later.items() if piece in candidate.text), None)
        return tuple(Observation(call=call, answer=found) for call in calls if found is not None)


def giving(*answers: str) -> Evidence:
    """What a candidate gives to f(1), f(2) ..."""
    return Evidence(observed=tuple(Observation(call=f"f({n})", answer=one) for n, one in enumerate(answers, 1)))


def parted() -> Observing:
    """Nobody says what is right; the two ways to write it differ."""
    return Observing(proofs={"a + b": giving("3"), "a - b": giving("-1"), "b * a": giving("2")})


def schedule(*, panel: Panel = PANEL, rows: int = 2, **accept: object) -> Schedule:
    row = Row(attempts=tuple(range(1, rows + 1)), generator=Generator(model="g", beside=("h",)), panel=panel)
    return Schedule(rows=(row,), accept=Accept(**accept))  # type: ignore[arg-type]


async def run(
    models: Sequence[ScriptedModel],
    asker: ScriptedAsker | None,
    toolchain: FakeToolchain,
    plan: Schedule,
    *,
    attempts: int = 1,
    events: Events | None = None,
    kept: list[Attempt] | None = None,
    before: Sequence[Attempt] = (),
    asked: Sequence[AskedQuestion] = (),
) -> Conclusion:
    ensemble = Ensemble(
        models=ScriptedDirectory(*models),  # type: ignore[arg-type]
        syntax=TreeSitterSyntax(),
        context=PlainContext(),
        editing=PlainEditing(),
        toolchain_for=lambda _: toolchain,  # type: ignore[return-value]
        clock=ManualClock(),
    )

    async def keep(attempt: Attempt) -> None:
        if kept is not None:
            kept.append(attempt)

    return await ensemble.run(
        task(), schedule=plan, attempts=attempts, spending=Purse(), emit=events or Events(), asker=asker, keep=keep,
        before=before, asked=asked,
    )  # fmt: skip


def writers() -> list[ScriptedModel]:
    """The first of the two is shorter, and thus chosen where nothing else tells."""
    return [ScriptedModel("g", BAD, BAD, repeat=True), ScriptedModel("h", GOOD, GOOD, repeat=True)]


async def test_an_answer_while_the_panel_sits_makes_the_right_one_land() -> None:
    asker, events = ScriptedAsker(), Events()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer("3"))
    end = await run([*writers(), reviewer], asker, parted(), schedule(), events=events)
    assert [body.question.call for body in events.bodies if isinstance(body, QuestionAsked)] == ["f(1)"]
    assert {choice.value for choice in asker.offered[0].choices} == {"3", "-1"}
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert end.best.text == RIGHT
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN
    assert len(reviewer.requests) == 2, "the panel has seen what is accepted"
    (asked,) = end.questions
    assert (asked.effect, asked.answer) == (Effect.CHANGED, Answer(question="q1", value="3"))
    rejected = end.attempts[0].others[0]
    assert rejected.evidence.contradicted == 1
    assert rejected.evidence.grade is None


async def test_a_confirmed_candidate_is_proven_and_not_reviewed_again() -> None:
    asker = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer("-1"))
    end = await run([*writers(), reviewer], asker, parted(), schedule())
    assert end.best is not None
    assert end.best.text == WRONG
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN
    assert len(reviewer.requests) == 1
    assert end.questions[0].effect is Effect.CONFIRMED


@pytest.mark.parametrize("asked", [True, False])
async def test_without_an_answer_the_job_ends_as_it_would_have(asked: bool) -> None:
    asker = ScriptedAsker() if asked else None
    end = await run([*writers(), ScriptedModel("r", verdict_text(9), repeat=True)], asker, parted(), schedule())
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert end.best.text == WRONG
    assert end.evidence is not None
    assert end.evidence.grade is Grade.REVIEWED
    assert len(end.questions) == (1 if asked else 0)


async def test_nobody_is_asked_where_the_settings_say_so_or_all_agree() -> None:
    asker = ScriptedAsker(most=0)
    await run([*writers(), ScriptedModel("r", verdict_text(9), repeat=True)], asker, parted(), schedule())
    assert asker.offered == []
    alike = Observing(proofs={"a + b": giving("3"), "a - b": giving("3")})
    asker = ScriptedAsker()
    await run([*writers(), ScriptedModel("r", verdict_text(9), repeat=True)], asker, alike, schedule())
    assert asker.offered == []


async def test_none_of_these_with_a_value_is_what_the_next_attempt_is_told() -> None:
    asker = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer("2", own=True))
    first, second = ScriptedModel("g", BAD, OTHER), ScriptedModel("h", GOOD, GOOD)
    end = await run([first, second, reviewer], asker, parted(), schedule(), attempts=2)
    assert "`f(1)` gives 2" in first.prompts[1]
    assert [str(attempt.decision.kind) for attempt in end.attempts] == ["retry", "accept"]
    assert "you answered 2, and it gives" in end.attempts[0].decision.reason
    assert end.best is not None
    assert end.best.attempt == 2
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN
    assert end.questions[0].effect is Effect.REFUTED


async def test_a_call_that_a_later_candidate_was_not_seen_with_is_run_on_it() -> None:
    asker = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer("2", own=True))
    toolchain = Observing(proofs={"a + b": giving("3"), "a - b": giving("-1")})
    toolchain.later = {"b * a": "2"}
    end = await run(
        [ScriptedModel("g", BAD, OTHER), ScriptedModel("h", GOOD, GOOD), reviewer],
        asker,
        toolchain,
        schedule(),
        attempts=2,
    )
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN


async def test_none_of_these_without_a_match_is_never_accepted() -> None:
    asker = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer(None, own=True))
    end = await run([*writers(), reviewer], asker, parted(), schedule())
    assert end.outcome is Outcome.UNVERIFIED
    assert end.reason is not None
    assert "none of the values shown" in end.reason


async def test_i_cannot_say_changes_nothing() -> None:
    asker = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: asker.answer(None))
    end = await run([*writers(), reviewer], asker, parted(), schedule())
    assert end.outcome is Outcome.ACCEPTED
    assert end.questions[0].effect is Effect.NOTHING


async def test_an_answer_between_attempts_proves_an_earlier_candidate() -> None:
    asker = ScriptedAsker()
    writes = ScriptedModel("g", BAD, BAD, repeat=True)
    reviewer = ScriptedModel("r", verdict_text(5), verdict_text(9), repeat=True)
    reviewer.gate = lambda model: asker.answer("3") if len(model.requests) == 1 else None
    other = ScriptedModel("h", GOOD)
    end = await run([writes, other, reviewer], asker, parted(), schedule(), attempts=2)
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert (end.best.text, end.best.attempt) == (RIGHT, 1)
    assert len(writes.requests) == 1, "no second attempt was needed"


async def test_two_questions_where_the_first_answer_fits_nobody() -> None:
    asker = ScriptedAsker(most=2)
    toolchain = Observing(proofs={"a + b": giving("3", "6"), "a - b": giving("-1", "7")})
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True)
    reviewer.gate = lambda model: asker.answer("100", own=True) if len(asker.offered) == 1 else asker.answer("6")
    end = await run([*writers(), reviewer], asker, toolchain, schedule(rows=3), attempts=3)
    assert [question.call for question in asker.offered] == ["f(1)", "f(2)"]
    assert [asked.answer is not None for asked in end.questions] == [True, True]
    one = ScriptedAsker(most=1)
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: one.answer("100", own=True))
    await run([*writers(), reviewer], one, toolchain, schedule(rows=3), attempts=3)
    assert len(one.offered) == 1


async def test_a_second_question_waits_for_the_first_answer_and_is_spared_by_a_match() -> None:
    asker = ScriptedAsker(most=2)
    toolchain = Observing(proofs={"a + b": giving("3", "6"), "a - b": giving("-1", "7")})
    await run(
        [*writers(), ScriptedModel("r", verdict_text(5), repeat=True)], asker, toolchain, schedule(rows=3), attempts=3
    )
    assert len(asker.offered) == 1, "nobody answered the first one"
    asker = ScriptedAsker(most=2)
    reviewer = ScriptedModel("r", verdict_text(5), repeat=True, gate=lambda _: asker.answer("3"))
    await run([*writers(), reviewer], asker, toolchain, schedule(rows=3), attempts=3)
    assert len(asker.offered) == 1, "a candidate gives the first answer"


def disputing() -> Observing:
    """Both models give 6 where the example says 5, by other calls alike."""
    six = Evidence(results=(example("owed", expected="5", actual="6"),))
    return Observing(proofs={"a + b": six, "a - b": six})


async def test_a_disputed_example_is_asked_about_and_without_an_answer_unverified() -> None:
    asker = ScriptedAsker()
    end = await run(writers(), asker, disputing(), schedule(panel=Panel(), rule="evidence"))
    assert (asker.offered[0].call, asker.offered[0].expected) == ("add(2, 3)", "5")
    assert [choice.value for choice in asker.offered[0].choices] == ["5", "6"]
    assert end.outcome is Outcome.UNVERIFIED


@pytest.mark.parametrize(("answer", "outcome"), [("6", Outcome.ACCEPTED), ("5", Outcome.EXHAUSTED)])
async def test_the_answer_settles_a_disputed_example(answer: str, outcome: Outcome) -> None:
    asker = ScriptedAsker()
    second = ScriptedModel("g", BAD, BAD, repeat=True, gate=lambda model: asker.answer(answer))
    end = await run(
        [second, ScriptedModel("h", GOOD, repeat=True)],
        asker,
        disputing(),
        schedule(panel=Panel(), rule="evidence"),
        attempts=2,
    )
    assert end.outcome is outcome
    assert end.evidence is not None
    assert end.evidence.grade is (Grade.PROVEN if answer == "6" else None)


async def test_a_cancel_leaves_the_question_without_an_end() -> None:
    asker, hang = ScriptedAsker(), Hang()
    running = asyncio.create_task(run([*writers(), ScriptedModel("r", hang)], asker, parted(), schedule()))
    await hang.started.wait()
    assert len(asker.offered) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert hang.closed


async def interrupted() -> tuple[tuple[Attempt, ...], Question, Observing]:
    """What a job had made and asked that was interrupted in its second attempt."""
    desk, kept, toolchain = ScriptedAsker(), list[Attempt](), parted()
    toolchain.later = {"a + b": "3", "a - b": "-1", "b * a": "2"}
    reviewer = ScriptedModel("r", verdict_text(5), repeat=True)
    await run([*writers(), reviewer], desk, toolchain, schedule(), attempts=2, kept=kept)
    return tuple(kept[:1]), desk.offered[0], toolchain


async def test_what_was_answered_before_an_interruption_decides_and_is_not_asked_again() -> None:
    before, question, toolchain = await interrupted()
    answer = Answer(question=question.id, value="3")
    desk, events, models = ScriptedAsker(), Events(), writers()
    end = await run(
        [*models, ScriptedModel("r", verdict_text(9), repeat=True)], desk, toolchain, schedule(), attempts=2,
        events=events, before=before, asked=[AskedQuestion(question=question, answer=answer)],
    )  # fmt: skip
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert end.best.text == RIGHT, "the one that gives the answer, which was not the best before"
    assert [model.requests for model in models] == [[], []], "nothing has to be written for that"
    assert end.questions == (AskedQuestion(question=question, answer=answer, effect=Effect.CHANGED),)
    assert desk.offered == []
    told = [body for body in events.bodies if isinstance(body, QuestionAsked | QuestionAnswered)]
    assert told == [QuestionAsked(number=1, question=question), QuestionAnswered(answer=answer)]


async def test_the_next_attempt_is_told_what_was_answered_before_an_interruption() -> None:
    before, question, toolchain = await interrupted()
    desk, models = ScriptedAsker(), writers()
    answer = Answer(question=question.id, value="7", own=True)
    end = await run(
        [*models, ScriptedModel("r", verdict_text(5), repeat=True)], desk, toolchain, schedule(), attempts=2,
        before=before, asked=[AskedQuestion(question=question, answer=answer)],
    )  # fmt: skip
    assert "`f(1)` gives 7" in models[0].prompts[0]
    assert (desk.offered, [one.effect for one in end.questions]) == ([], [Effect.REFUTED])


async def test_a_question_that_was_open_at_an_interruption_is_put_again() -> None:
    before, question, toolchain = await interrupted()
    desk = ScriptedAsker()
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True, gate=lambda _: desk.answer("3"))
    end = await run(
        [*writers(), reviewer], desk, toolchain, schedule(), attempts=2, before=before,
        asked=[AskedQuestion(question=question)],
    )  # fmt: skip
    assert desk.offered == [question]
    assert end.questions[0].answer == Answer(question=question.id, value="3")
    nobody = await run(
        [*writers(), ScriptedModel("r", verdict_text(9), repeat=True)], None, toolchain, schedule(), attempts=2,
        before=before, asked=[AskedQuestion(question=question)],
    )  # fmt: skip
    assert nobody.questions == ()
