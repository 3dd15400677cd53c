"""An ensemble goes on after the attempts of an earlier run: nothing of them is asked again, nothing is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import Attempt, Evidence, Outcome
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.events import AttemptFinished, AttemptStarted
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Schedule
from tests.support.scripted import (
    BAD,
    GOOD,
    Events,
    FakeToolchain,
    ManualClock,
    PlainContext,
    PlainEditing,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    example,
    task,
)
from tests.unit.ensemble.test_loop import reviewers, row


async def run(
    *models: ScriptedModel,
    toolchain: FakeToolchain | None = None,
    before: tuple[Attempt, ...] = (),
    attempts: int = 3,
    rows: tuple[object, ...] = (),
    reasons: dict[str, str] | None = None,
) -> tuple[Conclusion, list[Attempt], Events]:
    kept: list[Attempt] = []
    events = Events()

    async def keep(attempt: Attempt) -> None:
        kept.append(attempt)

    ensemble = Ensemble(
        models=ScriptedDirectory(*models, reasons=reasons),  # type: ignore[arg-type]
        syntax=TreeSitterSyntax(),
        context=PlainContext(),
        editing=PlainEditing(),
        toolchain_for=lambda _: toolchain or FakeToolchain(),
        clock=ManualClock(),
    )
    end = await ensemble.run(
        task(),
        schedule=Schedule(rows=rows or (row(),)),  # type: ignore[arg-type]
        attempts=attempts,
        spending=Purse(),
        emit=events,
        keep=keep,
        before=before,
    )
    return end, kept, events


async def test_what_ended_is_told_as_it_ends_but_for_the_last() -> None:
    end, kept, _ = await run(ScriptedModel("g", GOOD, GOOD, GOOD), *reviewers(7, 7.5, 8.2))
    assert end.outcome is Outcome.ACCEPTED
    assert kept == list(end.attempts[:2])


async def test_it_goes_on_with_the_next_attempt_and_what_was_learnt() -> None:
    _, kept, _ = await run(ScriptedModel("g", GOOD, GOOD, GOOD), *reviewers(7, 7.5, 7.2))
    generator = ScriptedModel("g", GOOD)
    end, _, events = await run(generator, *reviewers(9), before=tuple(kept[:2]))
    assert [attempt.number for attempt in end.attempts] == [1, 2, 3]
    assert (end.outcome, len(generator.prompts)) == (Outcome.ACCEPTED, 1)
    assert "7 is low" in generator.prompts[0]
    assert "7.5 is low" in generator.prompts[0]
    told = [body for body in events.bodies if isinstance(body, AttemptStarted | AttemptFinished)]
    assert [body.number for body in told] == [1, 1, 2, 2, 3, 3], "those of before are told again"
    assert isinstance(told[3], AttemptFinished)
    assert told[3].best is not None
    assert (told[3].best.attempt, told[3].best.score, told[3].decision) == (2, 7.5, "retry")


async def test_the_best_of_before_is_still_the_best() -> None:
    toolchain = FakeToolchain(
        proofs={"a + b": Evidence(results=(example("proof"),)), "a - b": Evidence(results=(example("owed"),))}
    )
    _, kept, _ = await run(ScriptedModel("g", GOOD, BAD, BAD), *reviewers(7, 9, 9), toolchain=toolchain)
    end, _, _ = await run(ScriptedModel("g", BAD, BAD), *reviewers(9, 9), toolchain=toolchain, before=tuple(kept[:1]))
    assert end.outcome is Outcome.EXHAUSTED
    assert end.best is not None
    assert "a + b" in end.best.code
    assert end.score == 7


@pytest.mark.parametrize("status", [CheckStatus.OWED, CheckStatus.DISPUTED])
async def test_a_witness_of_before_still_speaks(status: CheckStatus) -> None:
    """Two models against one example, one of them in the run that was interrupted."""
    owed = replace(example("owed", expected="4", actual="-1"), line=7)
    toolchain = FakeToolchain(proofs={"a - b": Evidence(results=(owed,))})
    rows = (row(1), row(2, model="h"), row(3))
    _, kept, _ = await run(
        ScriptedModel("g", BAD, BAD), ScriptedModel("h", BAD), *reviewers(9), toolchain=toolchain, rows=rows
    )
    first = replace(kept[0], evidence=Evidence(results=(replace(owed, status=status),)))
    end, _, _ = await run(
        ScriptedModel("g", BAD), ScriptedModel("h", BAD), *reviewers(9, 9), toolchain=toolchain, rows=rows,
        before=(first,),
    )  # fmt: skip
    assert end.outcome is Outcome.UNVERIFIED
    assert end.reason == "line 7 expects 4; two models answer -1"


async def test_attempts_that_were_skipped_before_keep_their_numbers() -> None:
    rows, reasons = (row(1, model="x"), row(2), row(3)), {"x": "ollama pull x"}
    models = (ScriptedModel("x"), ScriptedModel("g", GOOD))
    _, kept, _ = await run(*models, *reviewers(7), rows=rows, reasons=reasons, attempts=2)
    assert [(one.number, one.skipped) for one in kept] == [(1, "ollama pull x"), (2, None)]
    generator = ScriptedModel("g", GOOD)
    end, _, events = await run(models[0], generator, *reviewers(9), rows=rows, before=tuple(kept), reasons=reasons)
    assert [one.number for one in end.attempts] == [1, 2, 3]
    assert events.types[:1] == ["rung.skipped"]
    assert len(generator.prompts) == 1


async def test_all_attempts_were_made_before_it_was_interrupted() -> None:
    _, kept, _ = await run(ScriptedModel("g", GOOD, GOOD), *reviewers(7, 7.5), attempts=2)
    generator = ScriptedModel("g")
    end, _, _ = await run(generator, before=tuple(kept), attempts=2)
    assert (end.outcome, end.score, generator.prompts) == (Outcome.EXHAUSTED, 7.5, [])
