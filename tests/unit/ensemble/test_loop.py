"""Whole jobs with scripted models: what is asked, what is told, and how they end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from forge_lsp.core.attempt import (
    BuildReport,
    BuildStatus,
    DecisionKind,
    Diagnostic,
    Evidence,
    Insight,
    InsightKind,
    Outcome,
    Severity,
)
from forge_lsp.core.checks import Grade
from forge_lsp.core.errors import (
    BudgetExceeded,
    Cause,
    ConsentRefused,
    DeadlineExceeded,
    ForgeError,
    ModelMissing,
    Rambling,
    ServerUnreachable,
    SettingsError,
)
from forge_lsp.core.events import AttemptFinished, CallFinished, CallStarted, Degraded, RungSkipped
from forge_lsp.core.ports import FastGate
from forge_lsp.core.task import Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.briefing import SentText
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Ladder, Panel, Row, Schedule, Thinking
from tests.support.scripted import (
    BAD,
    GOOD,
    Cut,
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
    report,
    task,
    verdict_text,
)

DOWN = ServerUnreachable("nothing answers at 127.0.0.1:11434", remedy="ollama serve")
SIMPLE = Panel(kind="simple", members=("r1", "r2"))
EVIDENCE = Accept(rule="evidence")


@dataclass
class Stand:
    """One ensemble with everything scripted."""

    models: tuple[ScriptedModel, ...]
    toolchain: FakeToolchain | None = field(default_factory=FakeToolchain)
    reasons: dict[str, object] = field(default_factory=dict)
    purse: Purse = field(default_factory=Purse)
    events: Events = field(default_factory=Events)
    context: PlainContext = field(default_factory=PlainContext)
    fast: FastGate | None = None

    async def run(self, schedule: Schedule, attempts: int = 3, wanted: Task | None = None) -> Conclusion:
        ensemble = Ensemble(
            models=ScriptedDirectory(*self.models, reasons=self.reasons),  # type: ignore[arg-type]
            syntax=TreeSitterSyntax(),
            context=self.context,
            editing=PlainEditing(),
            toolchain_for=lambda _: self.toolchain,
            clock=ManualClock(),
            fast=self.fast,
        )
        return await ensemble.run(
            wanted or task(), schedule=schedule, attempts=attempts, spending=self.purse, emit=self.events
        )

    def skipped(self) -> list[tuple[int, str]]:
        return [(body.number, body.generator) for body in self.events.bodies if isinstance(body, RungSkipped)]


def row(
    *attempts: int, model: str = "g", panel: Panel = SIMPLE, thought: Thinking | None = None, samples: int = 1
) -> Row:
    return Row(
        attempts=attempts or tuple(range(1, 20)),
        generator=Generator(model=model, samples=samples),
        panel=panel,
        thinking=thought or Thinking(),
    )


def reviewers(*scores: object) -> tuple[ScriptedModel, ScriptedModel]:
    """Two who give the same score in each attempt."""
    return tuple(
        ScriptedModel(key, *(verdict_text(s, ("error", f"{s} is low")) for s in scores)) for key in ("r1", "r2")
    )  # type: ignore[return-value]


def decisions(end: Conclusion) -> list[str]:
    return [str(attempt.decision.kind) for attempt in end.attempts]


async def test_the_users_example_two_refusals_then_accepted() -> None:
    generator = ScriptedModel("g", GOOD, GOOD, GOOD)
    stand = Stand((generator, *reviewers(7, 7.5, 8.2)))
    end = await stand.run(Schedule(rows=(row(),)), attempts=10)
    assert (end.outcome, end.score) == (Outcome.ACCEPTED, pytest.approx(8.2))
    assert decisions(end) == ["retry", "retry", "accept"]
    assert end.best is not None
    assert end.best.text == "def add(a, b):\n    return a + b\n"
    # What the panel disliked reaches the next attempt, and the shared text stays the same bytes.
    assert "7 is low" in generator.prompts[1]
    assert "7.5 is low" in generator.prompts[2]
    assert len({request.messages[0].text for request in generator.requests}) == 1
    judge = stand.models[-1]
    assert {request.messages[0].text for request in judge.requests} == {generator.requests[0].messages[0].text}
    # The project's rules are for those who plan and write.
    assert all("Use tabs." in request.messages[1].text for request in generator.requests)
    assert not any("Use tabs." in prompt for prompt in judge.prompts)
    assert end.sent == (SentText(file="calc.py", server="local"), SentText(file="AGENTS.md", server="local"))


async def test_events_come_in_the_order_of_the_stages() -> None:
    thinker = ScriptedModel("t", "plan")
    stand = Stand((thinker, ScriptedModel("g", GOOD), *reviewers(9)))
    await stand.run(Schedule(rows=(row(thought=Thinking(strategy="solo", models=("t",))),)))
    call = ["call.started", "call.finished"]
    assert stand.events.types == [
        "attempt.started",
        *["stage.started", *call, "stage.finished"],
        *["stage.started", *call, "stage.finished"],
        *["stage.started", "stage.finished"],
        *["stage.started", "call.started", "call.started", "call.finished", "call.finished", "stage.finished"],
        "attempt.finished",
    ]


async def test_what_does_not_compile_sees_no_panel_and_teaches_the_next() -> None:
    found = Diagnostic(file="calc.py", line=2, severity=Severity.ERROR, message="bad operand", code="E1")
    toolchain = FakeToolchain(builds={"a - b": report(BuildStatus.FAILED, diagnostics=(found,))})
    generator = ScriptedModel("g", BAD, GOOD)
    judges = reviewers(9)
    stand = Stand((generator, *judges), toolchain=toolchain)
    end = await stand.run(Schedule(rows=(row(),)))
    assert decisions(end) == ["retry", "accept"]
    assert end.attempts[0].verdict is None
    assert len(judges[0].requests) == 1
    assert "error [E1]: bad operand at `return a - b`" in generator.prompts[1]


async def test_a_failed_example_blocks_once_somebody_passed_it() -> None:
    toolchain = FakeToolchain(
        proofs={
            "a + b": Evidence(results=(example("proof"),)),
            "a - b": Evidence(results=(example("owed", actual="-1"),)),
        }
    )
    stand = Stand((ScriptedModel("g", GOOD, BAD, BAD), *reviewers(7, 10, 10)), toolchain=toolchain)
    end = await stand.run(Schedule(rows=(row(),)))
    assert decisions(end) == ["retry", "retry", "give_up"]
    assert [attempt.verdict is None for attempt in end.attempts] == [False, True, True]
    assert end.outcome is Outcome.EXHAUSTED
    assert end.best is not None
    assert "a + b" in end.best.code
    assert end.score == 7


async def test_one_model_against_an_example_goes_on_until_it_is_met() -> None:
    toolchain = FakeToolchain(
        proofs={
            "a - b": Evidence(results=(example("owed", actual="-1"),)),
            "a + b": Evidence(results=(example("proof"),)),
        }
    )
    generator = ScriptedModel("g", BAD, BAD, GOOD)
    stand = Stand((generator, *reviewers(9)), toolchain=toolchain)
    end = await stand.run(Schedule(rows=(row(),)))
    assert (end.outcome, decisions(end)) == (Outcome.ACCEPTED, ["retry", "retry", "accept"])
    assert "`add(2, 3)`: expected 5, got -1" in generator.prompts[1]
    assert end.evidence is not None
    assert end.evidence.grade is Grade.PROVEN


async def test_two_models_against_an_example_end_unverified_with_the_sentence() -> None:
    owed = replace(example("owed", expected="4", actual="-1"), line=7)
    toolchain = FakeToolchain(proofs={"a - b": Evidence(results=(owed,))})
    first, second = ScriptedModel("g", BAD, BAD), ScriptedModel("h", BAD)
    stand = Stand((first, second, *reviewers(9, 9)), toolchain=toolchain)
    rows = (row(1), row(2, model="h"), row(3))
    end = await stand.run(Schedule(rows=rows))
    assert (end.outcome, decisions(end)) == (Outcome.UNVERIFIED, ["retry", "retry", "accept"])
    assert end.reason == "line 7 expects 4; two models answer -1"


async def test_the_best_of_all_attempts_may_be_disputed() -> None:
    owed = Evidence(results=(example("owed", actual="-1"),))
    worse = Evidence(results=(example("owed", actual="-1"), example("owed", name="2", actual="0")))
    toolchain = FakeToolchain(proofs={"a - b": owed, "a * b": worse})
    models = (ScriptedModel("g", BAD), ScriptedModel("h", BAD), ScriptedModel("i", BAD.replace("-", "*")))
    stand = Stand((*models, *reviewers(9)), toolchain=toolchain)
    rows = tuple(row(number, model=model.info.key) for number, model in enumerate(models, 1))
    end = await stand.run(Schedule(rows=rows))
    assert (end.outcome, decisions(end)) == (Outcome.UNVERIFIED, ["retry", "retry", "give_up"])
    assert end.best is not None
    assert "a - b" in end.best.code


async def test_evidence_rule_with_a_toy_and_many_samples() -> None:
    toolchain = FakeToolchain(
        proofs={
            "a + b": Evidence(results=(example("proof"),)),
            "a - b": Evidence(results=(example("owed", actual="-1"),)),
        }
    )
    toy = ScriptedModel("g", (BAD, "no code", BAD, GOOD), toy=True, context=2048)
    stand = Stand((toy,), toolchain=toolchain)
    end = await stand.run(Schedule(rows=(row(panel=Panel(), samples=4),), accept=EVIDENCE))
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert (end.best.sample, end.score) == (4, None)
    assert stand.context.gathered == [], "a toy sees the scope alone"
    assert end.sent == (SentText(file="file:///w/calc.py", server="local"),)
    assert len(toy.requests[0].messages) == 1


async def test_evidence_rule_with_nothing_to_run_is_offered_unverified() -> None:
    stand = Stand((ScriptedModel("g", GOOD),))
    end = await stand.run(Schedule(rows=(row(panel=Panel()),), accept=EVIDENCE))
    assert (end.outcome, decisions(end)) == (Outcome.UNVERIFIED, ["accept"])
    assert end.best is not None


@pytest.mark.parametrize(
    "toolchain",
    [
        FakeToolchain(builds={"add": report(BuildStatus.UNVERIFIED, reason="no SDK", remedy="install it")}),
        FakeToolchain(proofs={"add": Evidence(blocked="no sandbox works here", remedy="install it")}),
        None,
    ],
)
async def test_a_check_that_cannot_run_ends_unverified_after_the_panel(toolchain: FakeToolchain | None) -> None:
    stand = Stand((ScriptedModel("g", GOOD), *reviewers(9)), toolchain=toolchain)
    end = await stand.run(Schedule(rows=(row(),)))
    assert (end.outcome, end.score) == (Outcome.UNVERIFIED, 9)
    assert end.reason is not None
    assert toolchain is None or "install it" in end.reason


async def test_no_quorum_is_a_retry_without_a_score() -> None:
    judges = (
        ScriptedModel("r1", Rambling("r1 rambles"), verdict_text(9)),
        ScriptedModel("r2", verdict_text(9), verdict_text(9)),
    )
    stand = Stand((ScriptedModel("g", GOOD, GOOD), *judges))
    end = await stand.run(Schedule(rows=(row(),)))
    assert decisions(end) == ["retry", "accept"]
    assert end.attempts[0].verdict is not None
    assert end.attempts[0].verdict.score is None
    assert any(isinstance(body, Degraded) for body in stand.events.bodies)


async def test_a_panel_whose_server_is_down_ends_unverified_and_never_climbs() -> None:
    opus = ScriptedModel("opus", GOOD, paid=True)
    stand = Stand((ScriptedModel("g", GOOD), opus, *reviewers()), reasons={"r1": DOWN, "r2": DOWN})
    end = await stand.run(Schedule(rows=(row(1), row(2, 3, model="opus"))))
    assert end.outcome is Outcome.UNVERIFIED
    assert end.reason is not None
    assert "ollama serve" in end.reason
    assert opus.requests == []


@pytest.mark.parametrize("late", [False, True])
async def test_a_free_rung_whose_server_is_down_ends_the_job(late: bool) -> None:
    opus = ScriptedModel("opus", GOOD, paid=True)
    reasons = {} if late else {"g": DOWN}
    stand = Stand((ScriptedModel("g", DOWN), opus, *reviewers(9)), reasons=reasons)
    end = await stand.run(Schedule(rows=(row(1), row(2, 3, model="opus"))))
    assert end.outcome is Outcome.FAILED
    assert end.reason == "nothing answers at 127.0.0.1:11434 - ollama serve"
    assert opus.requests == []
    if late:
        assert decisions(end) == ["give_up"]
        assert stand.events.types[-1] == "attempt.finished"


async def test_a_server_that_goes_down_later_still_leaves_the_best_on_offer() -> None:
    stand = Stand((ScriptedModel("g", GOOD, DOWN), *reviewers(5)))
    end = await stand.run(Schedule(rows=(row(),)))
    assert (end.outcome, end.score) == (Outcome.FAILED, 5)
    assert end.best is not None


async def test_rungs_that_cannot_run_are_skipped_with_their_reason() -> None:
    stand = Stand((ScriptedModel("x"), ScriptedModel("g", GOOD), *reviewers(9)), reasons={"x": "ollama pull x"})
    end = await stand.run(Schedule(rows=(row(1, 2, model="x"), row(3))))
    assert decisions(end) == ["skip", "skip", "accept"]
    assert stand.skipped() == [(1, "x"), (2, "x")]
    assert end.attempts[0].skipped == "ollama pull x"


async def test_a_paid_rung_without_consent_is_skipped_before_anybody_thinks() -> None:
    thinker = ScriptedModel("t", "plan")
    opus = ScriptedModel("opus", GOOD, paid=True)
    stand = Stand(
        (thinker, ScriptedModel("g", GOOD), opus, *reviewers(5)),
        purse=Purse(refusal=ConsentRefused("no consent for claude", remedy="--allow claude")),
    )
    solo = Thinking(strategy="solo", models=("t",))
    end = await stand.run(Schedule(rows=(row(1), row(2, 3, model="opus", thought=solo))))
    assert (end.outcome, decisions(end)) == (Outcome.EXHAUSTED, ["retry", "skip", "skip"])
    assert (opus.requests, thinker.requests) == ([], [])
    assert end.attempts[2].skipped == "no consent for claude - --allow claude"
    assert end.reason is not None
    assert "no consent" in end.reason


@pytest.mark.parametrize(
    ("refusal", "cause"),
    [
        (ConsentRefused("no consent", remedy="--allow claude"), Cause.CONSENT),
        (BudgetExceeded("the budget is spent, and its use was not allowed", remedy="raise budget.job"), None),
    ],
)
async def test_why_no_attempt_could_run_is_told_apart_from_its_words(refusal: ForgeError, cause: Cause | None) -> None:
    stand = Stand((ScriptedModel("opus", GOOD, paid=True), *reviewers()), purse=Purse(refusal=refusal))
    end = await stand.run(Schedule(rows=(row(1, 2, 3, model="opus"),)))
    assert (end.outcome, end.cause, end.remedy) == (Outcome.FAILED, cause, refusal.remedy)
    assert end.reason == f"no attempt could run: {refusal.full_message}"
    assert {attempt.decision.cause for attempt in end.attempts} == {cause}


async def test_a_refusal_beside_a_fault_is_a_fault() -> None:
    stand = Stand(
        (ScriptedModel("x", paid=True), ScriptedModel("opus", paid=True), *reviewers()),
        purse=Purse(refusal=ConsentRefused("no consent")),
        reasons={"x": "x is not there"},
    )
    end = await stand.run(Schedule(rows=(row(1, model="x"), row(2, 3, model="opus"))))
    assert (end.outcome, end.cause) == (Outcome.FAILED, None)


async def test_the_purse_is_told_which_files_a_model_is_shown() -> None:
    purse = Purse()
    end = await Stand((ScriptedModel("g", GOOD), *reviewers(9)), purse=purse).run(Schedule(rows=(row(1),)))
    assert set(purse.files) == {"g", *(review.model for review in end.attempts[0].verdict.reviews)}  # type: ignore[union-attr]
    assert set(purse.files.values()) == {tuple(dict.fromkeys(one.file for one in end.sent))}


async def test_last_local_goes_on_with_the_last_free_rung() -> None:
    g = ScriptedModel("g", GOOD, GOOD, GOOD)
    stand = Stand(
        (ScriptedModel("first", GOOD), g, ScriptedModel("opus", paid=True), *reviewers(5, 5, 5, 9)),
        purse=Purse(refusal=BudgetExceeded("the budget is spent")),
    )
    table = Schedule(rows=(row(1, model="first"), row(2), row(3, 4, model="opus")), ladder=Ladder(after="last_local"))
    end = await stand.run(table, attempts=4)
    assert end.outcome is Outcome.ACCEPTED
    assert [attempt.generator for attempt in end.attempts] == ["first", "g", "g", "g"]
    assert stand.skipped() == [(3, "opus"), (4, "opus")]
    assert g.requests[1].temperature > g.requests[0].temperature, "the same model again writes more freely"


async def test_money_does_not_stand_in_for_models_that_are_not_installed() -> None:
    opus = ScriptedModel("opus", GOOD, paid=True)
    stand = Stand((ScriptedModel("g"), opus, *reviewers(9)), reasons={"g": "ollama pull g"})
    end = await stand.run(Schedule(rows=(row(1, 2), row(3, model="opus"))))
    assert (end.outcome, decisions(end)) == (Outcome.FAILED, ["skip"] * 3)
    assert opus.requests == []
    assert end.reason is not None
    assert "ollama pull g" in end.reason
    assert end.best is None


async def test_a_paid_rung_runs_after_free_ones_failed_and_costs_are_told() -> None:
    late = DeadlineExceeded("no token in 60 s", deadline="first_token")
    stand = Stand((ScriptedModel("g", late), ScriptedModel("opus", GOOD, paid=True), *reviewers(9)))
    end = await stand.run(Schedule(rows=(row(1), row(2, model="opus"))))
    assert (end.outcome, decisions(end)) == (Outcome.ACCEPTED, ["retry", "accept"])
    assert [attempt.cost_usd for attempt in end.attempts] == [0.0, 0.5]
    assert "no token in 60 s" in end.attempts[0].decision.reason


async def test_only_paid_rungs_out_of_reach_are_skipped_one_by_one() -> None:
    stand = Stand((ScriptedModel("opus", DOWN, DOWN, paid=True), *reviewers()))
    end = await stand.run(Schedule(rows=(row(model="opus"),)), attempts=2)
    assert (end.outcome, decisions(end)) == (Outcome.FAILED, ["skip", "skip"])
    assert [body.decision for body in stand.events.of(AttemptFinished)] == ["skip", "skip"]  # type: ignore[union-attr]


async def test_a_model_that_vanishes_when_called_is_a_skip() -> None:
    gone = ModelMissing("no such model", remedy="ollama pull g")
    stand = Stand((ScriptedModel("g", gone, GOOD), *reviewers(9)))
    end = await stand.run(Schedule(rows=(row(),)))
    assert decisions(end) == ["skip", "accept"]


async def test_an_answer_that_was_cut_off_goes_on_once() -> None:
    g = ScriptedModel("g", Cut("```python\ndef add(a, b):\n    return a"), " + b\n```")
    stand = Stand((g, *reviewers(9)))
    end = await stand.run(Schedule(rows=(row(),)))
    assert end.outcome is Outcome.ACCEPTED
    assert end.best is not None
    assert end.best.code == "def add(a, b):\n    return a + b"
    assert [body.role for body in stand.events.of(CallStarted)][:2] == ["generate", "go on"]  # type: ignore[union-attr]


async def test_an_answer_cut_off_twice_or_without_code_costs_the_attempt() -> None:
    cut = Cut("```python\ndef add(a, b):\n    return a")
    g = ScriptedModel("g", cut, Cut(" +"), "no code at all", "```python\ndef add(a, b:\n```")
    stand = Stand(
        (g, *reviewers()),
        toolchain=FakeToolchain(builds={"b:": report(BuildStatus.FAILED)}),
        reasons={"r1": "not installed", "r2": "not installed"},
    )
    end = await stand.run(Schedule(rows=(row(),)))
    assert (end.outcome, decisions(end)) == (Outcome.EXHAUSTED, ["retry", "retry", "give_up"])
    assert len(g.requests) == 4, "bad syntax is not asked to go on"
    assert "no python code for `add`" in g.prompts[3]
    assert [attempt.build is None for attempt in end.attempts] == [True, True, False]


async def test_a_degraded_thought_is_told_as_it_went() -> None:
    late = DeadlineExceeded("late", deadline="total")
    models = (ScriptedModel("t", "plan"), ScriptedModel("c", late), ScriptedModel("g", GOOD), *reviewers(9))
    stand = Stand(models)
    end = await stand.run(Schedule(rows=(row(thought=Thinking(strategy="duo", models=("t", "c"))),)))
    assert (end.attempts[0].strategy, end.attempts[0].thinkers) == ("solo", ("t",))
    assert end.outcome is Outcome.ACCEPTED
    assert [body.reason for body in stand.events.of(Degraded)] == ["c could not critique: late"]  # type: ignore[union-attr]


async def test_the_users_words_on_an_earlier_result_lead() -> None:
    g = ScriptedModel("g", GOOD)
    words = Insight(kind=InsightKind.FEEDBACK, text="use a generator", attempt=0)
    await Stand((g, *reviewers(9))).run(Schedule(rows=(row(),)), wanted=task(insights=(words,)))
    assert "use a generator" in g.prompts[0]


async def test_reviewers_do_not_learn_who_wrote_it() -> None:
    judges = reviewers(9)
    await Stand((ScriptedModel("famous-coder", GOOD), *judges)).run(Schedule(rows=(row(model="famous-coder"),)))
    assert "famous-coder" not in judges[0].prompts[0]
    assert "return a + b" in judges[0].prompts[0]
    assert "it compiles" in judges[0].prompts[0]


async def test_a_schedule_that_does_not_run_is_refused_before_anything_happens() -> None:
    stand = Stand((ScriptedModel("g", GOOD),))
    with pytest.raises(SettingsError, match="no panel 'grand'"):
        await stand.run(Schedule(rows=(row(panel=Panel(kind="grand", members=("g",))),)))
    assert stand.events.bodies == []


@pytest.mark.parametrize("where", ["think", "generate", "check", "review"])
async def test_a_cancel_in_any_stage_closes_and_settles_everything(where: str) -> None:
    hang = Hang()
    thinker = ScriptedModel("t", hang if where == "think" else "plan")
    generator = ScriptedModel("g", hang if where == "generate" else GOOD, paid=True)
    judges = tuple(ScriptedModel(key, hang if where == "review" else verdict_text(9)) for key in ("r1", "r2"))
    toolchain = FakeToolchain(hang=hang if where == "check" else None)
    stand = Stand((thinker, generator, *judges), toolchain=toolchain)
    solo = Thinking(strategy="solo", models=("t",))
    job = asyncio.create_task(stand.run(Schedule(rows=(row(thought=solo),))))
    async with asyncio.timeout(20):
        await hang.started.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert hang.closed
    assert len(stand.purse.admitted) == len(stand.purse.settled)
    assert len(stand.events.of(CallStarted)) == len(stand.events.of(CallFinished))
    cancelled = [body for body in stand.events.of(CallFinished) if body.error == "cancelled"]  # type: ignore[union-attr]
    assert len(cancelled) == {"check": 0, "review": 2}.get(where, 1)
    assert [item for item in asyncio.all_tasks() if item is not asyncio.current_task()] == []


async def test_decision_kinds_match_the_events() -> None:
    stand = Stand((ScriptedModel("g", GOOD, GOOD), *reviewers(1, 2)))
    end = await stand.run(Schedule(rows=(row(),)), attempts=2)
    told = [body.decision for body in stand.events.of(AttemptFinished)]  # type: ignore[union-attr]
    assert told == decisions(end) == [DecisionKind.RETRY, DecisionKind.GIVE_UP]
    assert end.attempts[0].decision.insights


class Spaces:
    """A formatter that writes one space for several."""

    async def format(self, task: Task, text: str, scope: TextRange) -> str:
        del task
        return text[: scope.start] + scope.of(text).replace("  +  ", " + ") + text[scope.end :]


async def test_new_code_is_formatted_before_it_is_checked() -> None:
    checked: list[str] = []

    class Toolchain(FakeToolchain):
        async def build(self, task: Task, text: str) -> BuildReport:
            checked.append(text)
            return await super().build(task, text)

    syntax = TreeSitterSyntax()
    ensemble = Ensemble(
        models=ScriptedDirectory(ScriptedModel("g", GOOD.replace(" + ", "  +  ")), *reviewers(9)),
        syntax=syntax,
        context=PlainContext(),
        editing=Edits(syntax),
        toolchain_for=lambda _: Toolchain(),
        clock=ManualClock(),
        formatter=Spaces(),
    )
    end = await ensemble.run(task(), schedule=Schedule(rows=(row(),)), attempts=1, spending=Purse(), emit=Events())
    assert [text.count("a + b") for text in checked] == [1]
    assert end.best is not None
    assert end.best.text == checked[0]
    assert end.best.code in checked[0]
