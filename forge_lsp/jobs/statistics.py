"""What the ledger's jobs come to, with confidence intervals: docs/stats.md says what each number means. Pure.

The three claims that a user may want to check: free before paid, parallel before sequential, and what a job would
have cost with a paid rung from the start.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.became import EditFate
from forge_lsp.core.checks import Grade
from forge_lsp.core.events import Stage
from forge_lsp.core.ports import Usage
from forge_lsp.core.questions import Effect
from forge_lsp.ensemble.review import CANCELLED
from forge_lsp.jobs.figures import (
    ComparedCost,
    CostComparison,
    CurrentRates,
    GradeShare,
    JobGroup,
    Parallel,
    Questions,
    ReviewerSeen,
    Statistics,
)
from forge_lsp.jobs.intervals import Share, mean, ratio, separation, share
from forge_lsp.jobs.money import to_usd
from forge_lsp.jobs.observed import AttemptSeen, JobSeen, Observed, StageSeen

__all__ = ["FEW", "statistics_of"]

T = TypeVar("T")

FEW = 30
"""Below so many jobs the notes say that the intervals are what counts."""
AT_ONCE = ("trio", "vote")
"""The strategies whose members are asked at once. A duo and a debate build on each other's words."""
_COUNTED = {str(Outcome.ACCEPTED), str(Outcome.UNVERIFIED), str(Outcome.EXHAUSTED), str(Outcome.FAILED)}


def statistics_of(seen: Observed, rates: CurrentRates) -> Statistics:
    """Count it all."""
    ended = [job for job in seen.jobs if job.outcome in _COUNTED]
    accepted = [job for job in ended if job.outcome == Outcome.ACCEPTED]
    compared, comparisons = _comparisons(seen, ended, rates)
    return Statistics(
        since=min((job.created for job in seen.jobs), default=None),
        all=_jobs("all", ended),
        cancelled=sum(job.outcome == Outcome.CANCELLED for job in seen.jobs),
        interrupted=sum(job.outcome is None for job in seen.jobs),
        total_cost=to_usd(sum(job.nano for job in seen.jobs)),
        languages=tuple(_jobs(name, group) for name, group in _by(ended, lambda job: job.language)),
        rungs=tuple(_attempts(name, group) for name, group in _by(seen.attempts, lambda one: one.generator)),
        strategies=tuple(_attempts(name, group) for name, group in _by(seen.attempts, lambda one: one.strategy)),
        reviewers=_reviewers(seen, rates.good),
        panel=separation(
            *(
                [one.score for one in seen.attempts if one.shown is shown and one.score is not None]
                for shown in (True, False)
            )
        ),
        proofs=_proofs(ended),
        questions=_questions(ended),
        free=share(sum(job.nano == 0 for job in accepted), len(accepted)),
        paid=mean([to_usd(job.nano) for job in ended if job.nano]),
        parallel=_parallel(seen),
        comparisons=comparisons,
        compared_cost=compared,
        notes=_notes(len(ended), rates),
    )


def _proofs(jobs: Sequence[JobSeen]) -> tuple[GradeShare, ...]:
    """By grade, the best first; "none" where a check spoke against all that a job had to offer."""
    names = [*(str(grade) for grade in reversed(Grade)), "none"]
    groups = {name: [job for job in jobs if (job.grade or "none") == name] for name in names}
    return tuple(_proof(name, group) for name, group in groups.items() if group)


def _proof(grade: str, jobs: Sequence[JobSeen]) -> GradeShare:
    applied = [job for job in jobs if job.applied]
    known = [job.became for job in applied if job.became is not None]
    kept, changed, undone = (
        share(known.count(became), len(known)) for became in (EditFate.KEPT, EditFate.CHANGED, EditFate.UNDONE)
    )
    return GradeShare(
        grade=grade,
        accepted=share(sum(job.outcome == Outcome.ACCEPTED for job in jobs), len(jobs)),
        applied=share(len(applied), len(jobs)),
        kept=kept,
        changed=changed,
        undone=undone,
        unknown=len(applied) - len(known),
    )


def _questions(jobs: Sequence[JobSeen]) -> Questions:
    questions = [one for job in jobs for one in job.questions]
    answers = [one for one in questions if one.answer is not None]

    def effect(wanted: Effect) -> Share:
        return share(sum(one.effect is wanted for one in answers), len(answers))

    return Questions(
        asked=share(sum(bool(job.questions) for job in jobs), len(jobs)),
        answered=share(len(answers), len(questions)),
        said=share(sum(one.answer is not None and one.answer.is_definite for one in answers), len(answers)),
        confirmed=effect(Effect.CONFIRMED),
        changed=effect(Effect.CHANGED),
        refuted=effect(Effect.REFUTED),
        kept=share(sum(one.kept for one in answers), len(answers)),
        late=sum(one.late for one in answers),
    )


def _by(items: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return sorted(groups.items(), key=lambda entry: (-len(entry[1]), entry[0]))


def _jobs(name: str, jobs: Sequence[JobSeen]) -> JobGroup:
    return JobGroup(
        name=name,
        success=share(sum(job.outcome == Outcome.ACCEPTED for job in jobs), len(jobs)),
        attempts=mean([job.attempts for job in jobs]),
        cost=mean([to_usd(job.nano) for job in jobs]),
        seconds=mean([job.seconds for job in jobs]),
    )


def _attempts(name: str, attempts: Sequence[AttemptSeen]) -> JobGroup:
    ran = [attempt for attempt in attempts if not attempt.skipped]
    return JobGroup(
        name=name,
        success=share(sum(attempt.accepted for attempt in ran), len(ran)),
        cost=mean([to_usd(attempt.nano) for attempt in ran]),
        seconds=mean([attempt.seconds for attempt in ran]),
        skipped=len(attempts) - len(ran),
    )


def _reviewers(seen: Observed, good: float) -> tuple[ReviewerSeen, ...]:
    panels = {(attempt.job_id, attempt.number): attempt for attempt in seen.attempts}
    found: list[ReviewerSeen] = []
    for model, reviews in _by(seen.reviews, lambda review: review.model):
        cancelled = sum(review.abstained == CANCELLED for review in reviews)
        scores = [review.score for review in reviews if review.score is not None]
        pairs = [
            (review.score, panel.score, panel.consensus)
            for review in reviews
            if review.score is not None
            and (panel := panels.get((review.job_id, review.attempt))) is not None
            and panel.score is not None
        ]
        agreeing = sum((own >= good) == (whole >= good and consensus is not False) for own, whole, consensus in pairs)
        asked = len(reviews) - cancelled
        found.append(
            ReviewerSeen(
                model=model,
                votes=len(scores),
                score=mean(scores),
                spread=statistics.stdev(scores) if len(scores) > 1 else None,
                abstained=share(asked - len(scores), asked),
                cancelled=cancelled,
                agreement=share(agreeing, len(pairs)),
                distance=mean([abs(own - whole) for own, whole, _ in pairs]),
            )
        )
    return tuple(found)


def _parallel(seen: Observed) -> tuple[Parallel, ...]:
    attempts = {(attempt.job_id, attempt.number): attempt for attempt in seen.attempts}
    kinds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for stage in seen.stages:
        kind = _kind(stage, attempts.get((stage.job_id, stage.attempt)))
        if kind is not None and stage.wall:
            kinds[kind].append((stage.working, stage.wall))
    return tuple(
        Parallel(
            kind=kind,
            working=sum(working for working, _ in pairs),
            wall=sum(wall for _, wall in pairs),
            speedup=ratio([working for working, _ in pairs], [wall for _, wall in pairs]),
        )
        for kind, pairs in sorted(kinds.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    )


def _kind(stage: StageSeen, attempt: AttemptSeen | None) -> str | None:
    """What to call a stage whose calls go out at once; None for all others."""
    if attempt is None or stage.calls < 2:
        return None
    if stage.stage == Stage.REVIEW:
        return f"{attempt.panel} panel"
    return attempt.strategy if stage.stage == Stage.THINK and attempt.strategy in AT_ONCE else None


def _comparisons(
    seen: Observed, ended: Sequence[JobSeen], rates: CurrentRates
) -> tuple[float, tuple[CostComparison, ...]]:
    """Only jobs in which something was written can be compared; what they really cost comes first."""
    writing: dict[str, dict[int, StageSeen]] = defaultdict(dict)
    calls: dict[str, list[StageSeen]] = defaultdict(list)
    for stage in seen.stages:
        calls[stage.job_id].append(stage)
        if stage.stage == Stage.GENERATE and stage.output_tokens:
            writing[stage.job_id][stage.attempt] = stage
    jobs = [job for job in ended if job.job_id in writing]
    real = [float(job.nano) for job in jobs]
    found: list[CostComparison] = []
    for model, price in rates.paid.items():

        def cost(stages: Iterable[StageSeen], price: Callable[[Usage], int] = price) -> float:
            return float(
                sum(
                    price(Usage(input_tokens=stage.input_tokens, output_tokens=stage.output_tokens))
                    for stage in stages
                    if stage.input_tokens or stage.output_tokens
                )
            )

        ways = (
            [cost([writing[job.job_id][min(writing[job.job_id])]]) for job in jobs],
            [cost(writing[job.job_id].values()) for job in jobs],
            [cost(calls[job.job_id]) for job in jobs],
        )
        one, every, whole = (ComparedCost(cost_usd=to_usd(round(sum(way))), ratio=ratio(way, real)) for way in ways)
        found.append(CostComparison(model=model, one_attempt=one, every_attempt=every, every_call=whole))
    return to_usd(round(sum(real))), tuple(found) if jobs else ()


def _notes(jobs: int, rates: CurrentRates) -> tuple[str, ...]:
    notes: list[str] = []
    if 0 < jobs < FEW:
        notes.append(f"With {jobs} job{'' if jobs == 1 else 's'} little is certain: read the intervals, not the means.")
    if rates.problem is not None:
        notes.append(f"Nothing is compared with a paid model: {rates.problem}")
    elif not rates.paid:
        notes.append("Nothing is compared with a paid model: no rung of your settings is paid.")
    return tuple(notes)
