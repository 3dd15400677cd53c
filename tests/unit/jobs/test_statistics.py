"""Statistics of jobs whose numbers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.events import CallFinished, JobEvent, Stage, StageFinished
from forge_lsp.core.ports import Usage
from forge_lsp.ensemble.review import CANCELLED
from forge_lsp.jobs.figures import CurrentRates
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.observed import AttemptSeen, JobSeen, Observed, ReviewSeen, StageSeen
from forge_lsp.jobs.statistics import statistics_of
from tests.unit.jobs.sample import full_record
from tests.unit.jobs.support import START, HeldClock, record

PAID = CurrentRates(paid={"opus": lambda usage: usage.input_tokens * 5_000 + usage.output_tokens * 25_000})
"""$5 and $25 a million tokens."""


def job(job_id: str, **changes: Any) -> JobSeen:
    values: dict[str, Any] = {"created": "2026-01-31T12:00:00Z", "language": "python", "outcome": "accepted"}
    return JobSeen(job_id=job_id, **(values | {"attempts": 1, "seconds": 10.0, "nano": 0} | changes))


def attempt(job_id: str, number: int = 1, **changes: Any) -> AttemptSeen:
    values: dict[str, Any] = {"strategy": "solo", "generator": "coder", "panel": "simple", "accepted": True}
    values |= {"skipped": False, "seconds": 8.0, "nano": 0, "score": 8.5, "consensus": None}
    return AttemptSeen(job_id=job_id, number=number, **(values | changes))


def stage(job_id: str, name: str, number: int = 1, **changes: Any) -> StageSeen:
    values: dict[str, Any] = {"calls": 1, "working": 1.0, "wall": 1.0, "input_tokens": 0, "output_tokens": 0}
    return StageSeen(job_id=job_id, attempt=number, stage=name, **(values | changes))


def test_an_empty_ledger_is_told_without_a_number() -> None:
    told = statistics_of(Observed(), PAID)
    assert (told.since, told.all.success.total, told.all.success.value, told.free.value) == (None, 0, None, None)
    assert (told.languages, told.rungs, told.reviewers, told.comparisons) == ((), (), (), ())


def test_jobs_by_language_count_what_ended_by_itself() -> None:
    told = statistics_of(
        Observed(
            jobs=(
                job("a", attempts=1, seconds=10),
                job("b", attempts=3, seconds=30, nano=20_000_000),
                job("c", outcome="exhausted", attempts=5, seconds=50, nano=40_000_000),
                job("d", outcome="cancelled", nano=5_000_000),
                job("e", outcome=None, nano=1_000_000),
                job("f", language="go"),
            )
        ),
        PAID,
    )
    python, go = told.languages
    assert (python.name, python.success.hits, python.success.total) == ("python", 2, 3)
    assert python.attempts is not None
    assert (python.attempts.value, python.seconds.value, python.cost.value) == (3.0, 30.0, pytest.approx(0.02))
    assert (go.success.total, go.seconds.high) == (1, None)
    assert (told.cancelled, told.interrupted, told.total_cost) == (1, 1, pytest.approx(0.066))
    # free: a and f of the three accepted ones; paid: b and c
    assert (told.free.hits, told.free.total) == (2, 3)
    assert (told.paid.count, told.paid.value) == (2, pytest.approx(0.03))


def test_rungs_and_strategies_do_not_count_attempts_that_were_skipped() -> None:
    told = statistics_of(
        Observed(
            jobs=(job("a"), job("b")),
            attempts=(
                attempt("a", 1, accepted=False, seconds=6.0),
                attempt("a", 2, strategy="duo"),
                attempt("b", 1, accepted=False, strategy="debate", generator="opus", skipped=True, seconds=0.0),
            ),
        ),
        PAID,
    )
    coder, opus = told.rungs
    assert (coder.name, coder.success.hits, coder.success.total, coder.skipped) == ("coder", 1, 2, 0)
    assert coder.seconds.value == 7.0
    assert (opus.name, opus.success.total, opus.success.value, opus.skipped) == ("opus", 0, None, 1)
    assert {group.name: group.success.hits for group in told.strategies} == {"solo": 0, "duo": 1, "debate": 0}


def test_a_reviewer_that_was_not_waited_for_did_not_abstain() -> None:
    def said(number: int, score: float | None, abstained: str | None = None) -> ReviewSeen:
        return ReviewSeen(job_id="a", attempt=number, model="phi4", score=score, abstained=abstained)

    told = statistics_of(
        Observed(
            jobs=(job("a"),),
            attempts=(
                attempt("a", 1, score=7.0),
                attempt("a", 2, score=8.2),
                attempt("a", 3, score=8.5, consensus=False),
                attempt("a", 4, score=None),
                attempt("a", 5, score=6.0),
            ),
            reviews=(
                said(1, 9.0),  # the panel says no
                said(2, 9.0),  # yes
                said(3, 7.0),  # no: 8.5 without a consensus is a no
                said(4, None, "its answer made no sense"),
                said(5, None, CANCELLED),
            ),
        ),
        PAID,
    )
    (phi4,) = told.reviewers
    assert (phi4.score.count, phi4.score.value) == (3, pytest.approx(25 / 3))
    assert phi4.spread == pytest.approx(1.1547, abs=1e-4)
    assert (phi4.abstained.hits, phi4.abstained.total, phi4.cancelled) == (1, 4, 1)
    assert (phi4.agreement.hits, phi4.agreement.total) == (2, 3)
    assert phi4.distance.value == pytest.approx((2.0 + 0.8 + 1.5) / 3)


def test_the_panel_is_measured_against_what_was_run() -> None:
    shown = ((9.0, True), (8.0, True), (8.0, False), (2.0, None), (None, True))
    attempts = tuple(attempt("a", number, score=score, shown=ran) for number, (score, ran) in enumerate(shown))
    told = statistics_of(Observed(jobs=(job("a"),), attempts=attempts), PAID).panel
    assert (told.right, told.wrong, told.value) == (2, 1, 0.75)


def test_only_what_is_asked_at_once_is_called_parallel() -> None:
    told = statistics_of(
        Observed(
            jobs=(job("a"),),
            attempts=(
                attempt("a", 1, strategy="trio", panel="complex"),
                attempt("a", 2, strategy="debate", panel="simple"),
            ),
            stages=(
                stage("a", "think", 1, calls=4, working=9.0, wall=3.0),
                stage("a", "review", 1, calls=5, working=10.0, wall=4.0),
                stage("a", "think", 2, calls=9, working=9.0, wall=9.0),  # each sees what was said
                stage("a", "review", 2, calls=1),  # nobody to be parallel to
                stage("a", "generate", 1, calls=2, working=5.0, wall=5.0),
                stage("a", "review", 9, calls=3, working=5.0, wall=5.0),  # of an attempt that never ended
            ),
        ),
        PAID,
    )
    assert {one.kind: (one.working, one.wall, one.speedup.value) for one in told.parallel} == {
        "trio": (9.0, 3.0, 3.0),
        "complex panel": (10.0, 4.0, 2.5),
    }


def test_a_job_is_compared_by_its_own_tokens() -> None:
    told = statistics_of(
        Observed(
            jobs=(job("a", nano=10_000_000), job("b", nano=0), job("c", outcome="cancelled")),
            stages=(
                stage("a", "think", 1, input_tokens=1000, output_tokens=100),
                stage("a", "generate", 1, input_tokens=1000, output_tokens=200),
                stage("a", "generate", 2, input_tokens=2000, output_tokens=200),
                stage("b", "generate", 1, input_tokens=1000, output_tokens=0),  # it never answered
                stage("c", "generate", 1, input_tokens=1000, output_tokens=500),
            ),
        ),
        PAID,
    )
    (opus,) = told.comparisons
    assert told.compared_cost == pytest.approx(0.01)
    assert opus.one_attempt.cost_usd == pytest.approx(0.010)
    assert opus.every_attempt.cost_usd == pytest.approx(0.010 + 0.015)
    assert opus.every_call.cost_usd == pytest.approx(0.010 + 0.015 + 0.0075)
    assert opus.every_attempt.ratio.value == pytest.approx(2.5)


def test_what_cost_nothing_has_no_ratio() -> None:
    seen = Observed(jobs=(job("a"),), stages=(stage("a", "generate", 1, input_tokens=100, output_tokens=10),))
    (opus,) = statistics_of(seen, PAID).comparisons
    assert opus.every_attempt.cost_usd > 0 and opus.every_attempt.ratio.value is None
    assert statistics_of(seen, CurrentRates(problem="the settings are wrong")).comparisons == ()
    assert "the settings are wrong" in statistics_of(seen, CurrentRates(problem="the settings are wrong")).notes[-1]
    assert "no rung of your settings is paid" in statistics_of(seen, CurrentRates()).notes[-1]


outcomes = some.sampled_from([*map(str, Outcome), None])


@given(
    some.lists(
        some.tuples(outcomes, some.integers(0, 10**10), some.sampled_from(["python", "go"]), some.integers(0, 50)),
        max_size=40,
    )
)
def test_the_parts_sum_to_the_whole(made: list[tuple[str | None, int, str, int]]) -> None:
    jobs = tuple(
        job(str(index), outcome=outcome, nano=nano, language=language, attempts=attempts)
        for index, (outcome, nano, language, attempts) in enumerate(made)
    )
    told = statistics_of(Observed(jobs=jobs), PAID)
    assert told.all.success.total + told.cancelled + told.interrupted == len(jobs)
    assert sum(group.success.total for group in told.languages) == told.all.success.total
    assert sum(group.success.hits for group in told.languages) == told.all.success.hits == told.free.total
    assert told.total_cost == pytest.approx(sum(one.nano for one in jobs) / 1e9)


def event(job_id: str, sequence: int, body: Any) -> JobEvent:
    return JobEvent(job_id=job_id, sequence=sequence, at=START, body=body)


async def test_the_ledger_counts_what_was_written_to_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, clock=HeldClock())
    whole = full_record()
    try:
        ledger.begin(whole)
        for entry in whole.events:
            ledger.append(entry)
        await ledger.finish(replace(whole, attempt_count=2))
        ledger.begin(record("still-running"))
        ledger.append(event("still-running", 1, StageFinished(number=1, stage=Stage.THINK, detail="", seconds=1.0)))
        seen = await ledger.observed()
    finally:
        await ledger.aclose()
    (one,) = seen.jobs
    assert (one.job_id, one.outcome, one.attempts) == (whole.job_id, str(whole.outcome), 2)
    assert [(found.number, found.strategy, found.generator) for found in seen.attempts] == [
        (found.number, found.strategy, found.generator) for found in whole.attempts
    ]
    calls = [entry.body for entry in whole.events if isinstance(entry.body, CallFinished)]
    assert sum(found.calls for found in seen.stages) == len(calls)
    assert sum(found.output_tokens for found in seen.stages) == sum(body.output_tokens for body in calls)
    for found in seen.stages:
        bodies = [body for body in calls if (body.number, str(body.stage)) == (found.attempt, found.stage)]
        assert found.working == pytest.approx(sum(body.seconds - body.queue_seconds for body in bodies))
        walls = [
            entry.body.seconds
            for entry in whole.events
            if isinstance(entry.body, StageFinished)
            and (entry.body.number, str(entry.body.stage)) == (found.attempt, found.stage)
        ]
        assert found.wall == (pytest.approx(sum(walls)) if walls else None)
    assert len(seen.reviews) == sum(len(found.verdict.reviews) for found in whole.attempts if found.verdict)
    told = statistics_of(seen, CurrentRates(paid={"opus": lambda usage: Usage(input_tokens=1).input_tokens * 10**6}))
    assert told.all.success.total == 1


def test_proof_is_counted_by_grade() -> None:
    jobs = (
        job("1", grade="proven", applied=True),
        job("2", grade="proven", outcome="unverified"),
        job("3", grade="reviewed"),
        job("4", grade=None, outcome="exhausted"),
    )
    found = statistics_of(Observed(jobs=jobs), CurrentRates())
    told = [(one.grade, one.accepted.hits, one.accepted.total, one.applied.hits) for one in found.proofs]
    assert told == [("proven", 1, 2, 1), ("reviewed", 1, 1, 0), ("none", 0, 1, 0)]


def test_what_became_of_it_is_counted_by_grade_where_it_is_known() -> None:
    became = [*["kept"] * 3, "changed", "undone", None, None]
    jobs = [job(str(index), grade="proven", applied=True, became=one) for index, one in enumerate(became)]
    jobs.append(job("r", grade="reviewed", applied=True, became="undone"))
    jobs.append(job("n", grade="supported", applied=False))
    told = {one.grade: one for one in statistics_of(Observed(jobs=tuple(jobs)), CurrentRates()).proofs}
    proven, supported, reviewed = told["proven"], told["supported"], told["reviewed"]
    assert [(one.hits, one.total) for one in (proven.kept, proven.changed, proven.undone)] == [(3, 5), (1, 5), (1, 5)]
    assert (proven.unknown, reviewed.unknown, supported.unknown) == (2, 0, 0)
    assert (reviewed.undone.value, reviewed.kept.value) == (1.0, 0.0)
    assert supported.kept.value is None
