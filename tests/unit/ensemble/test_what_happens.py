"""Each row of the table of what happens, by whole jobs: scripted models, a panel that gives what it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from forge_lsp.core.attempt import Evidence, Outcome
from forge_lsp.core.checks import CheckKind, CheckResult, Grade
from forge_lsp.core.errors import ServerUnreachable
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.schedule import Accept, Panel, Schedule
from tests.support.scripted import BAD, GOOD, FakeToolchain, ScriptedModel, example, report, task, verdict_text
from tests.unit.ensemble.test_check_stage import candidate, statuses
from tests.unit.ensemble.test_loop import DOWN, SIMPLE, Stand, decisions, row

WRONG = BAD.replace("-", "*")
EVIDENCE = Accept(rule="evidence")
RULES = pytest.mark.parametrize("accept", [Accept(), EVIDENCE], ids=["score", "evidence"])
KINDS = pytest.mark.parametrize("kind", [CheckKind.TEST, CheckKind.DOCTEST], ids=str)
MUTE = "I would rather not say."


def owed(actual: str, *, kind: CheckKind = CheckKind.DOCTEST, detail: str = "") -> CheckResult:
    return replace(example("owed", expected="5", actual=actual, kind=kind), line=7, detail=detail)


def shows(proofs: Mapping[str, CheckResult]) -> FakeToolchain:
    return FakeToolchain(proofs={code: Evidence(results=(result,)) for code, result in proofs.items()})


def judges(*answers: object) -> tuple[ScriptedModel, ScriptedModel]:
    """Two reviewers: the last of the answers again and again."""
    said = [answer if isinstance(answer, (str, ServerUnreachable)) else verdict_text(answer) for answer in answers]
    return ScriptedModel("r1", *said, repeat=True), ScriptedModel("r2", *said, repeat=True)


@dataclass(frozen=True)
class Ran:
    """A job that ended, and how often a reviewer was asked."""

    end: Conclusion
    reviews: int
    prompts: list[str]

    @property
    def decisions(self) -> list[str]:
        return decisions(self.end)


async def run(
    accept: Accept,
    toolchain: FakeToolchain,
    *answers: str,
    panel: tuple[object, ...] = (9,),
    unfinished: bool = True,
    models: int = 1,
    reasons: Mapping[str, object] | None = None,
) -> Ran:
    """One attempt for each answer; they are written by ``models`` models in turn."""
    keys = [("g", "h", "i")[number % models] for number in range(len(answers))]
    writers = [
        ScriptedModel(key, *[answer for at, answer in zip(keys, answers, strict=True) if at == key])
        for key in dict.fromkeys(keys)
    ]
    reviewers = judges(*panel)
    stand = Stand((*writers, *reviewers), toolchain=toolchain, reasons=dict(reasons or {}))
    seats = Panel() if accept.rule == "evidence" else SIMPLE
    rows = tuple(row(number, model=key, panel=seats) for number, key in enumerate(keys, 1))
    wanted = task()
    wanted = replace(wanted, scope=replace(wanted.scope, unfinished=unfinished))
    end = await stand.run(Schedule(rows=rows, accept=accept), attempts=len(answers), wanted=wanted)
    prompts = [prompt for writer in writers for prompt in writer.prompts]
    return Ran(end=end, reviews=len(reviewers[0].requests), prompts=prompts)


# ------------------------------------------------------------------ owed, and disputed


@RULES
@KINDS
async def test_a_wrong_answer_is_refused_and_the_right_one_after_it_is_proven(accept: Accept, kind: CheckKind) -> None:
    toolchain = shows({"a - b": owed("-1", kind=kind), "a + b": example("proof", kind=kind)})
    ran = await run(accept, toolchain, BAD, GOOD)
    assert (ran.end.outcome, ran.decisions) == (Outcome.ACCEPTED, ["retry", "accept"])
    assert ran.end.evidence is not None and ran.end.evidence.grade is Grade.PROVEN
    assert ran.end.attempts[0].verdict is None
    assert "expected 5, got -1" in ran.prompts[1]


@RULES
@KINDS
async def test_one_model_that_is_always_wrong_is_exhausted(accept: Accept, kind: CheckKind) -> None:
    ran = await run(accept, shows({"a - b": owed("-1", kind=kind)}), BAD, BAD, BAD)
    assert (ran.end.outcome, ran.decisions) == (Outcome.EXHAUSTED, ["retry", "retry", "give_up"])
    assert (ran.reviews, ran.end.best is not None) == (0, True)


@RULES
@KINDS
async def test_two_models_with_two_wrong_values_are_exhausted(accept: Accept, kind: CheckKind) -> None:
    toolchain = shows({"a - b": owed("-1", kind=kind), "a * b": owed("6", kind=kind)})
    ran = await run(accept, toolchain, BAD, WRONG, BAD, WRONG, models=2)
    assert (ran.end.outcome, ran.decisions) == (Outcome.EXHAUSTED, ["retry", "retry", "retry", "give_up"])
    assert ran.reviews == 0
    assert ran.end.evidence is not None and ran.end.evidence.grade is None


@RULES
@pytest.mark.parametrize(
    "detail",
    [
        "AssertionError",
        "AssertionError: assert not True",
        "java.lang.AssertionError",
        "org.opentest4j.AssertionFailedError: three is odd",
        "AssertionError [ERR_ASSERTION]: three is odd",
        "Xunit.Sdk.TrueException: Assert.True() Failure",
        "NUnit.Framework.AssertionException: three is odd",
        "Microsoft.VisualStudio.TestTools.UnitTesting.AssertFailedException: Assert.IsTrue failed.",
    ],
)
async def test_an_assertion_without_a_value_is_no_witness(accept: Accept, detail: str) -> None:
    """Both fail it, each with a value of its own that the runner does not tell."""
    result = owed("", kind=CheckKind.TEST, detail=detail)
    ran = await run(accept, shows({"a - b": result, "a * b": result}), BAD, WRONG, models=2)
    assert (ran.end.outcome, ran.decisions) == (Outcome.EXHAUSTED, ["retry", "give_up"])


def test_an_error_of_the_code_is_a_witness_and_an_assertion_is_not() -> None:
    def judged(*details: str) -> list[str]:
        checks = Checks()
        seen = [
            CheckedCandidate(
                candidate=candidate(model, model=model),
                build=report(),
                raw=Evidence(results=(owed("", detail=detail),)),
            )
            for model, detail in zip(("m", "n"), details, strict=True)
        ]
        for one in seen:
            checks.learn(one)
        return statuses(checks.judge(seen[0].raw, last=True))

    assert judged("ValueError: 3", "ValueError: three") == ["disputed"]
    assert judged("java.lang.IllegalStateException", "java.lang.IllegalStateException: x") == ["disputed"]
    assert judged("ValueError: 3", "TypeError: 3") == ["owed"]
    assert judged("AssertionError: x", "AssertionError: x") == ["owed"]


@RULES
@KINDS
async def test_two_models_with_one_value_are_offered_with_the_sentence_and_never_accepted(
    accept: Accept, kind: CheckKind
) -> None:
    ran = await run(accept, shows({"a - b": owed("-1", kind=kind)}), BAD, BAD, BAD, models=2)
    assert (ran.end.outcome, ran.end.reason) == (
        Outcome.UNVERIFIED,
        "line 7 expects 5; two models answer -1",
    )
    assert ran.decisions[:2] == ["retry", "retry"]
    assert ran.end.best is not None and ran.end.evidence is not None and ran.end.evidence.grade is None


@RULES
async def test_a_dispute_is_settled_by_who_meets_the_check(accept: Accept) -> None:
    toolchain = shows({"a - b": owed("-1"), "a + b": example("proof")})
    ran = await run(accept, toolchain, BAD, BAD, GOOD, models=3)
    assert (ran.end.outcome, ran.decisions) == (Outcome.ACCEPTED, ["retry", "retry", "accept"])


async def test_disputed_code_that_the_panel_does_not_like_is_exhausted() -> None:
    ran = await run(Accept(), shows({"a - b": owed("-1")}), BAD, BAD, panel=(5,), models=2)
    assert ran.end.outcome is Outcome.EXHAUSTED


@RULES
async def test_a_proof_that_is_not_believed_is_offered_in_the_end(accept: Accept) -> None:
    doubted = Evidence(results=(example("proof"),), doubt="it ends the process")
    ran = await run(accept, FakeToolchain(proofs={"a + b": doubted}), GOOD, GOOD)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["retry", "accept"])
    assert ran.end.reason is not None and "it ends the process" in ran.end.reason
    assert ran.reviews == 0


# ------------------------------------------------------------------ the panel


@pytest.mark.parametrize("last", [False, True])
async def test_a_mute_panel_does_not_refuse_what_is_proven(last: bool) -> None:
    answers = (GOOD,) if last else (GOOD, GOOD)
    ran = await run(Accept(), shows({"a + b": example("proof")}), *answers, panel=(MUTE,))
    assert (ran.end.outcome, ran.decisions) == (Outcome.ACCEPTED, ["accept"])
    assert ran.end.score is None
    assert ran.end.reason is not None and ran.end.reason.startswith("1 of 1 example that failed before passes now (no")


@pytest.mark.parametrize(("grade", "unfinished"), [("kept", False), ("kept", True)])
async def test_a_mute_panel_is_a_retry_for_all_else(grade: str, unfinished: bool) -> None:
    ran = await run(Accept(), shows({"a + b": example(grade)}), GOOD, GOOD, panel=(MUTE,), unfinished=unfinished)
    assert (ran.end.outcome, ran.decisions) == (Outcome.EXHAUSTED, ["retry", "give_up"])


@pytest.mark.parametrize("late", [False, True], ids=["known before", "when called"])
async def test_a_server_that_is_down_does_not_refuse_what_is_proven(late: bool) -> None:
    panel, reasons = ((DOWN,), {}) if late else ((9,), {"r1": DOWN, "r2": DOWN})
    ran = await run(Accept(), shows({"a + b": example("proof")}), GOOD, GOOD, panel=panel, reasons=reasons)
    assert (ran.end.outcome, ran.decisions, ran.end.score) == (Outcome.ACCEPTED, ["accept"], None)
    assert ran.end.reason is not None
    assert "passes now (no score: " in ran.end.reason and "127.0.0.1:11434" in ran.end.reason


@pytest.mark.parametrize("late", [False, True], ids=["known before", "when called"])
async def test_a_server_that_is_down_ends_all_else_at_once_unverified(late: bool) -> None:
    panel, reasons = ((DOWN,), {}) if late else ((9,), {"r1": DOWN, "r2": DOWN})
    ran = await run(Accept(), shows({"a + b": example("kept")}), GOOD, GOOD, panel=panel, reasons=reasons)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["accept"])
    assert ran.end.reason is not None and "ollama serve" in ran.end.reason


async def test_a_panel_that_sits_and_gives_less_is_a_retry_also_for_what_is_proven() -> None:
    ran = await run(Accept(), shows({"a + b": example("proof")}), GOOD, GOOD, panel=(5,))
    assert (ran.end.outcome, ran.decisions) == (Outcome.EXHAUSTED, ["retry", "give_up"])


@pytest.mark.parametrize(
    ("results", "unfinished", "reviews"),
    [
        ((example("proof"),), True, 0),
        ((example("proof"), example("flaky", name="2"), example("unrelated", name="3")), True, 0),
        ((example("kept"),), False, 1),
        ((example("kept"),), True, 1),
        ((), True, 1),
    ],
    ids=["proven", "proven with noise", "kept", "kept on a stub", "nothing"],
)
async def test_the_panel_is_spared_what_is_proven_and_nothing_else(
    results: tuple[CheckResult, ...], unfinished: bool, reviews: int
) -> None:
    toolchain = FakeToolchain(proofs={"a + b": Evidence(results=results)})
    ran = await run(Accept(panel="unproven"), toolchain, GOOD, unfinished=unfinished)
    assert (ran.end.outcome, ran.reviews) == (Outcome.ACCEPTED, reviews)
    assert (ran.end.score is None, ran.end.attempts[0].verdict is None) == (not reviews, not reviews)


# ------------------------------------------------------------------ the least grade


@pytest.mark.parametrize(
    ("asked", "result", "unfinished", "grade"),
    [
        (Grade.PROVEN, "kept", False, Grade.KEPT),
        (Grade.KEPT, "kept", True, Grade.REVIEWED),
        (Grade.SUPPORTED, "unrelated", False, Grade.REVIEWED),
    ],
)
async def test_a_grade_below_what_is_asked_is_a_retry_and_offered_in_the_end(
    asked: Grade, result: str, unfinished: bool, grade: Grade
) -> None:
    toolchain = shows({"a + b": example(result)})
    ran = await run(Accept(proof=asked), toolchain, GOOD, GOOD, unfinished=unfinished)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["retry", "accept"])
    assert ran.end.reason is not None and f"accept.proof asks for {asked}" in ran.end.reason
    assert ran.end.best is not None and ran.end.evidence is not None and ran.end.evidence.grade is grade


async def test_it_is_offered_also_where_a_later_attempt_is_worse() -> None:
    toolchain = shows({"a + b": example("kept"), "a - b": example("failed")})
    ran = await run(Accept(proof=Grade.PROVEN), toolchain, GOOD, BAD, unfinished=False)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["retry", "give_up"])
    assert ran.end.best is not None and "a + b" in ran.end.best.code


async def test_the_least_grade_holds_where_evidence_decides() -> None:
    toolchain = shows({"a + b": example("kept")})
    asked = Accept(rule="evidence", proof=Grade.PROVEN)
    ran = await run(asked, toolchain, GOOD, GOOD, unfinished=False)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["retry", "accept"])
    assert ran.end.reason is not None and "accept.proof asks for proven" in ran.end.reason
    enough = await run(EVIDENCE, toolchain, GOOD, unfinished=False)
    assert enough.end.outcome is Outcome.ACCEPTED


# ------------------------------------------------------------------ what cannot be run


@RULES
async def test_checks_that_cannot_run_end_the_job_at_once(accept: Accept) -> None:
    stopped = replace(
        example("not_runnable", kind=CheckKind.TEST),
        source="pytest",
        detail="No module named 'numpy'",
        remedy="pip install numpy",
        environment=True,
    )
    ran = await run(accept, shows({"a + b": stopped}), GOOD, GOOD)
    assert (ran.end.outcome, ran.decisions) == (Outcome.UNVERIFIED, ["accept"])
    assert ran.end.reason is not None
    assert "No module named 'numpy' - pip install numpy" in ran.end.reason
