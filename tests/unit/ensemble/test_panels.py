"""Consensus and second looks of critical panels, and panels that stop when nothing can change any more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.attempt import BuildStatus, Decision, DecisionKind, Evidence, Review, Verdict
from forge_lsp.core.errors import ForgeError, Rambling, ServerUnreachable
from forge_lsp.core.events import CallFinished, Stage
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.decision import decide
from forge_lsp.ensemble.prompting import SharedPrefix, window
from forge_lsp.ensemble.review import CANCELLED, PanelResult, ReviewContext, review, weighted_mean
from forge_lsp.ensemble.review.weighing import Vote, ending, endings, objections, outliers
from forge_lsp.ensemble.schedule import Accept, Panel, Reviewer
from forge_lsp.ensemble.words import estimate_tokens
from tests.support.scripted import (
    Events,
    Hang,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    report,
    task,
    verdict_text,
)
from tests.unit.ensemble.thinkers import TimedClock

FIVE = {
    "phi4": Reviewer(aspect="patterns", weight=0.20),
    "gemma3": Reviewer(aspect="architecture", weight=0.25),
    "qwen": Reviewer(aspect="quality", weight=0.20),
    "small": Reviewer(aspect="security", weight=0.20),
    "llama": Reviewer(aspect="logic", weight=0.15),
}
DOWN = ServerUnreachable("nothing answers at gpu2", remedy="ollama serve")
RAMBLES = Rambling("it repeats itself")


@dataclass
class Bench:
    """A panel with everything scripted; ``told`` are the degradations."""

    models: tuple[ScriptedModel, ...]
    reviewers: dict[str, Reviewer] = field(default_factory=lambda: dict(FIVE))
    kind: str = "complex"
    accept: Accept = field(default_factory=Accept)
    clock: TimedClock = field(default_factory=TimedClock)
    prefix: str = "the task"
    subject: str = "the candidate"
    answer_tokens: int = 500
    spare_tokens: int = 300

    def __post_init__(self) -> None:
        self.told: list[str] = []
        self.events = Events()
        self.purse = Purse()

    async def sit(self) -> PanelResult:
        directory = ScriptedDirectory(*self.models)
        calls = Calls(models=directory, spending=self.purse, emit=self.events, clock=self.clock)

        async def shared(_: str) -> SharedPrefix:
            return SharedPrefix(system="system", text=self.prefix)

        context = ReviewContext(
            ask=calls.line(1, Stage.REVIEW),
            shared=shared,
            subject=lambda _: self.subject,
            unavailable=directory.unavailable,
            degraded=self.told.append,
            answer_tokens=lambda _: self.answer_tokens,
            spare_tokens=lambda _: self.spare_tokens,
            clock=self.clock,
        )
        panel = Panel(kind=self.kind, members=tuple(model.info.key for model in self.models))
        return await review(panel, lambda key: self.reviewers.get(key, Reviewer()), context, self.accept)

    @property
    def roles(self) -> list[tuple[str, str]]:
        return [(body.role, body.model) for body in self.events.bodies if body.type == "call.started"]  # type: ignore[union-attr]


def five(*answers: object, **values: object) -> tuple[ScriptedModel, ...]:
    """The five reviewers; a number is a score, a tuple a row of answers."""

    def text(answer: object) -> object:
        return verdict_text(answer) if isinstance(answer, int | float) else answer

    return tuple(
        ScriptedModel(key, *map(text, said if isinstance(said, tuple) else (said,)), **values)  # type: ignore[arg-type]
        for key, said in zip(FIVE, answers, strict=True)
    )


def decided(result: PanelResult, accept: Accept | None = None) -> Decision:
    return decide(
        build=report(BuildStatus.PASSED),
        evidence=Evidence(),
        verdict=result.verdict,
        accept=accept or Accept(),
        last=False,
        panel_fault=result.fault,
    )


# ------------------------------------------------------------------ critical


async def test_a_consensus_is_accepted() -> None:
    bench = Bench(five(8, 8.5, 9, 8, 7.5), kind="critical")
    result = await bench.sit()
    assert result.verdict.consensus is True
    assert result.verdict.note is None
    assert decided(result).kind is DecisionKind.ACCEPT
    assert len(bench.roles) == 5


async def test_a_high_mean_without_enough_weight_behind_it_is_no_consensus() -> None:
    # mean 8.2, but only phi4 and gemma3, 0.45 of the weight, say 8 or more
    result = await Bench(five(9, 9, 7.5, 7.5, 7.5), kind="critical").sit()
    assert result.verdict.score == pytest.approx(8.175)
    assert result.verdict.consensus is False
    decision = decided(result)
    assert decision.kind is DecisionKind.RETRY
    assert decision.reason == (
        "the panel gives 8.2; no consensus: only 0.45 of the weight says 8.0 or more, 0.60 is needed"
    )


async def test_exactly_six_tenths_of_the_weight_is_enough() -> None:
    result = await Bench(five(9, 9, 7.5, 7.5, 9), kind="critical").sit()
    assert result.verdict.consensus is True


async def test_security_can_refuse_alone() -> None:
    bench = Bench(five(10, 10, 10, (4.9, 4.9), 10), kind="critical")
    result = await bench.sit()
    assert result.verdict.score is not None
    assert result.verdict.score > 8
    assert "no consensus: small gives 4.9 for security, less than 5.0" in decided(result).reason
    assert decided(result).kind is DecisionKind.RETRY
    assert (await Bench(five(10, 10, 10, (5, 5), 10), kind="critical").sit()).verdict.consensus is True
    # A low score under another aspect does not.
    assert (await Bench(five(10, 10, 10, 10, (4, 4)), kind="critical").sit()).verdict.consensus is True


async def test_a_low_mean_is_told_as_such() -> None:
    result = await Bench(five(7, 7, 7, 7, 7), kind="critical").sit()
    assert result.verdict.consensus is False
    assert decided(result).reason == "the panel gives 7.0, 8.0 is needed"


async def test_who_stands_apart_looks_again_and_the_second_score_counts() -> None:
    issue = ("error", "the lock is never released")
    models = five(9, verdict_text(9, issue), 9, (verdict_text(3, ("error", "own words"), reasoning="it leaks"), 8), 8)
    bench = Bench(models, kind="critical")
    result = await bench.sit()
    assert [one.score for one in result.verdict.reviews] == [9, 9, 9, 8, 8]
    assert result.verdict.note == "second look: small from 3 to 8"
    assert (result.verdict.consensus, bench.told) == (True, [])
    assert bench.roles[5:] == [("second look", "small")]
    again = models[3].prompts[1]
    assert "- architecture, error, line 1: the lock is never released" in again
    assert "own words" not in again
    assert "gemma3" not in again
    assert "3 of 10. Your reason: it leaks" in again
    first, second = models[3].requests
    assert second.messages[:3] == first.messages, "what was shared before comes first, byte for byte"


async def test_second_looks_run_at_once_and_take_the_slowest() -> None:
    clock = TimedClock()
    scores, delays = ((4, 8), 8, 8, 8, (4, 7)), (3.0, 1.0, 1.0, 1.0, 5.0)
    models = five(*scores)
    for model, delay in zip(models, delays, strict=True):
        model.gate = clock.takes(delay)
    bench = Bench(models, kind="critical", clock=clock)
    result = await clock.run(bench.sit())
    assert clock.seconds == 5 + 5
    assert result.verdict.note == "second look: phi4 from 4 to 8, llama from 4 to 7"
    assert [one.seconds for one in result.verdict.reviews] == [6, 1, 1, 1, 10]


@pytest.mark.parametrize("failure", [RAMBLES, DOWN, "nonsense"])
async def test_a_second_look_that_fails_keeps_the_first_score(failure: object) -> None:
    bench = Bench(five(9, 9, 9, (6, failure, failure), 9), kind="critical")
    result = await bench.sit()
    assert result.verdict.reviews[3].score == 6
    assert result.verdict.note == "second look: small stays at 6"
    (told,) = bench.told
    assert told.startswith("small (security) keeps its first score without a second look: ")
    assert result.fault is None


async def test_two_points_are_not_apart_and_without_a_quorum_nobody_looks_again() -> None:
    assert outliers(reviews((0.5, 6.0), (0.5, 10.0))) == ()
    assert outliers(reviews((0.5, 5.9), (0.5, 10.0))) == (0, 1)
    bench = Bench(five(RAMBLES, RAMBLES, RAMBLES, 0, 10), kind="critical")
    result = await bench.sit()
    assert (result.verdict.score, result.verdict.consensus) == (None, None)
    assert result.verdict.note == "the panel has no quorum: 2 of 5 voted"
    assert len(bench.roles) == 5
    assert decided(result).kind is DecisionKind.RETRY


async def test_an_abstention_is_no_refusal_in_a_consensus() -> None:
    result = await Bench(five(RAMBLES, 9, 9, 7.5, DOWN), kind="critical").sit()
    # 0.45 of the 0.65 that voted
    assert result.verdict.consensus is True
    assert objections(reviews((0.5, 9.0), (0.5, None)), 8.0) == ()


async def test_a_critical_panel_hears_everybody() -> None:
    bench = Bench(five((0, 0), (0, 0), (0, 0), (0, 0), (10, 10)), kind="critical")
    result = await bench.sit()
    assert all(one.score is not None for one in result.verdict.reviews)
    assert bench.events.of(CallFinished)
    assert not any(body.error for body in bench.events.bodies if isinstance(body, CallFinished))


@pytest.mark.parametrize("context", [4096, 8192, 200_000])
async def test_a_second_look_fits_the_window_even_where_everything_is_long(context: int) -> None:
    share = window(ScriptedModel("m", context=context).info, task())
    many = [("error", "m" * 200)] * 5
    models = five(verdict_text(9, *many), verdict_text(9, *many), 9, (verdict_text(4, reasoning="r" * 400), 8), 9)
    bench = Bench(models, kind="critical", prefix="p " * share.context, subject="c " * (share.answer + share.facts))
    bench.answer_tokens = share.review
    bench.spare_tokens = max(0, share.thought + share.insights - share.facts - share.review)
    await bench.sit()
    request, prompt = models[3].requests[1], models[3].prompts[1]
    # A word and a space are one token; the rest as estimated.
    words = share.context + share.answer + share.facts
    rest = estimate_tokens(prompt) - estimate_tokens("p " * words)
    assert words + rest + request.max_tokens <= context


async def test_a_cancel_during_a_second_look_closes_it() -> None:
    hang = Hang()
    bench = Bench(five(9, 9, 9, (verdict_text(1), hang), 9), kind="critical")
    job = asyncio.create_task(bench.sit())
    async with asyncio.timeout(20):
        await hang.started.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert hang.closed
    assert len(bench.purse.admitted) == len(bench.purse.settled) == 6


def test_a_verdict_without_consensus_is_refused_even_where_the_build_could_not_be_checked() -> None:
    verdict = Verdict(panel="critical", score=9.0, consensus=False)
    for status in (BuildStatus.PASSED, BuildStatus.UNVERIFIED):
        for last, kind in ((False, DecisionKind.RETRY), (True, DecisionKind.GIVE_UP)):
            decision = decide(build=report(status), evidence=Evidence(), verdict=verdict, accept=Accept(), last=last)
            assert decision.kind is kind
            assert "9.0; it has no consensus" in decision.reason


# ------------------------------------------------------------------ early stop


async def test_votes_that_cannot_change_the_outcome_are_cancelled() -> None:
    hang = Hang()
    bench = Bench(five(2, 1, 3, 2, hang))
    result = await bench.sit()
    assert hang.closed or not hang.started.is_set()
    last = result.verdict.reviews[-1]
    assert (last.score, last.abstained) == (None, CANCELLED)
    assert result.verdict.score == pytest.approx((0.2 * 2 + 0.25 * 1 + 0.2 * 3 + 0.2 * 2) / 0.85)
    assert result.verdict.note == "decided early, without waiting for llama"
    assert decided(result).kind is DecisionKind.RETRY
    assert bench.told == [], "nothing went wrong"
    assert len(bench.purse.admitted) == len(bench.purse.settled)


async def test_high_votes_stop_early_too() -> None:
    bench = Bench(five(10, 10, 10, 10, Hang()))
    result = await bench.sit()
    assert (result.verdict.score, result.verdict.note) == (10, "decided early, without waiting for llama")
    assert decided(result).kind is DecisionKind.ACCEPT


@pytest.mark.parametrize("kind", ["simple", "moderate", "complex"])
async def test_the_panel_takes_its_slowest_member_unless_it_is_decided(kind: str) -> None:
    for scores, seconds in (((9, 9, 9, 9, 9), 5.0), ((1, 1, 1, 1, 1), 3.0)):
        clock = TimedClock()
        models = five(*scores)
        for model, delay in zip(models, (3.0, 1.0, 2.0, 4.0, 5.0), strict=True):
            model.gate = clock.takes(delay)
        await clock.run(Bench(models, kind=kind, clock=clock).sit())
        # 1, 1 and 1 of 0.65: the mean of all is at most 4.15 (and there is a quorum)
        assert clock.seconds == seconds


async def test_a_panel_without_a_possible_quorum_stops() -> None:
    bench = Bench(five(RAMBLES, RAMBLES, RAMBLES, Hang(), Hang()))
    result = await bench.sit()
    assert result.verdict.score is None
    assert result.verdict.note == (
        "the panel has no quorum: 0 of 5 voted; decided early, without waiting for small, llama"
    )
    assert decided(result).kind is DecisionKind.RETRY


async def test_where_evidence_decides_the_score_is_shown_whole() -> None:
    result = await Bench(five(1, 1, 1, 1, 1), accept=Accept(rule="evidence")).sit()
    assert all(one.score == 1 for one in result.verdict.reviews)


def reviews(*votes: tuple[float, float | None]) -> tuple[Review, ...]:
    return tuple(
        Review(
            model=f"m{index}", aspect="logic", weight=weight, score=score, abstained=None if score is not None else "x"
        )
        for index, (weight, score) in enumerate(votes)
    )


WEIGHTS = st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0]) | st.floats(0.001, 1.0)
SCORES = st.sampled_from([0.0, 5.0, 7.0, 7.5, 7.9, 8.0, 8.1, 8.5, 9.0, 10.0]) | st.floats(0.0, 10.0)
ENOUGH = st.sampled_from([0.0, 5.0, 7.0, 8.0, 8.0, 8.0, 10.0]) | st.floats(0.0, 10.0)
# What becomes of a member: a score, an abstention of its own, or one of the machine's.
VOTES = st.tuples(WEIGHTS, SCORES | st.sampled_from(["abstains", "down"]))


def votes_of(found: list[tuple[float, object]]) -> list[Vote]:
    return [
        Vote(
            review=Review(
                model=f"m{index}",
                aspect="logic",
                weight=weight,
                score=outcome if isinstance(outcome, float) else None,
                abstained=None if isinstance(outcome, float) else f"{outcome} {index}",
            ),
            fault=ForgeError("down") if outcome == "down" else None,
        )
        for index, (weight, outcome) in enumerate(found)
    ]


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.lists(VOTES, min_size=1, max_size=7), ENOUGH)
def test_a_stopped_panel_decides_as_the_full_one(found: list[tuple[float, object]], enough: float) -> None:
    """In the order of the list: wherever it may stop, the votes so far end it as all votes would."""
    full = votes_of(found)
    end = ending(full, enough)
    for count in range(len(full)):
        heard = full[:count]
        out = [Review(model=one.review.model, aspect="logic", weight=one.review.weight) for one in full[count:]]
        reachable = endings(heard, out, enough)
        assert end in reachable, "what came was thought to be possible"
        if len(reachable) == 1:
            stopped = [*heard, *(Vote(review=one) for one in out)]
            assert ending(stopped, enough) is end


@settings(max_examples=60, deadline=None)
@given(st.lists(VOTES, min_size=2, max_size=5), st.integers(1, 3), ENOUGH)
def test_no_mixture_of_scores_and_abstentions_ends_otherwise(
    found: list[tuple[float, object]], out: int, enough: float
) -> None:
    """All mixtures of the last few votes, one by one: none escapes the four completions that are looked at."""
    heard, rest = votes_of(found[:-out]), found[-out:]
    reachable = endings(heard, [one.review for one in votes_of(rest)], enough)
    for mixture in product((0.0, 4.0, 7.9, 8.0, 10.0, "abstains", "down"), repeat=len(rest)):
        completed = votes_of([(weight, outcome) for (weight, _), outcome in zip(rest, mixture, strict=True)])
        assert ending([*heard, *completed], enough) in reachable


@pytest.mark.slow
@pytest.mark.parametrize(
    "outcomes",
    [
        (9.0, 9.0, 9.0, 3.0, 9.0),
        (2.0, 3.0, 10.0, 10.0, 10.0),
        (8.0, 8.0, 8.0, 8.0, 8.0),
        (10.0, "abstains", 10.0, "down", 2.0),
        ("down", "down", "down", 10.0, 1.0),
        ("abstains", "abstains", 1.0, "down", 1.0),
        ("abstains", "abstains", "abstains", 10.0, 10.0),
        (10.0, 10.0, 4.0, 8.0, "abstains"),
    ],
)
async def test_in_every_order_of_answers_the_decision_is_that_of_the_full_panel(outcomes: tuple[object, ...]) -> None:
    """The real panel, 120 orders each: the full panel is the same one that may not stop."""
    everything = {"abstains": RAMBLES, "down": DOWN}

    async def run(order: tuple[int, ...], *, stops: bool) -> tuple[Decision, PanelResult]:
        clock = TimedClock()
        models = five(*(everything.get(one, one) if isinstance(one, str) else one for one in outcomes))
        for model, place in zip(models, order, strict=True):
            model.gate = clock.takes(1.0 + place)
        accept = Accept() if stops else Accept(rule="evidence")
        result = await clock.run(Bench(models, clock=clock, accept=accept).sit())
        return decided(result), result

    for order in permutations(range(5)):
        full, whole = await run(order, stops=False)
        decision, result = await run(order, stops=True)
        assert (decision.kind, decision.unverified) == (full.kind, full.unverified), order
        assert all(one.abstained != CANCELLED for one in whole.verdict.reviews)
        heard = [one for one in result.verdict.reviews if one.abstained != CANCELLED]
        assert all(
            one.score == other.score
            for one, other in zip(result.verdict.reviews, whole.verdict.reviews, strict=True)
            if one in heard
        )
        if result.verdict.score is not None:
            assert result.verdict.score == weighted_mean([one for one in heard if one.score is not None])
