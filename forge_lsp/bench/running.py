"""Running one case: its job, then the hidden tests on what the job came to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from forge_lsp.bench.case import Case, Judge, ReadyCase
from forge_lsp.bench.results import CaseResult
from forge_lsp.core.attempt import Attempt, Candidate, Outcome
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.events import CallFinished, JobEvent
from forge_lsp.jobs.manager import JobManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.record import JobRecord

__all__ = ["run_case"]


async def run_case(case: Case, ready: ReadyCase, jobs: JobManager, listen: Callable[[JobEvent], None]) -> CaseResult:
    """Run the job of a case and judge its candidates.

    Raises EnvironmentFault where no attempt could run: that says nothing of the models. A cancel stops the job first.
    """
    job = await jobs.start(ready.request)
    job.listen(listen)
    result = await _ended(job)
    record = job.record()
    if result.outcome is Outcome.CANCELLED:
        raise asyncio.CancelledError
    overdue = job.prepared.deadline is not None and result.seconds >= job.prepared.deadline
    if result.outcome is Outcome.FAILED and not overdue:
        raise EnvironmentFault(result.reason or "the job failed")
    judged: dict[str, bool | None] = {}
    right = [await _right(attempt, ready.judge, judged) for attempt in record.attempts]
    best = record.candidate
    calls = [event.body for event in record.calls if isinstance(event.body, CallFinished)]
    return CaseResult(
        id=case.id,
        language=str(case.language),
        fingerprint=case.fingerprint,
        outcome=str(result.outcome),
        reason=result.reason or "",
        grade=str(result.grade) if result.grade is not None else None,
        allowed=record.allowed_attempts,
        attempts=record.attempts,
        right=tuple(right),
        offers=best is not None,
        offered_right=await _judged(best, ready.judge, judged) if best is not None else None,
        seconds=result.seconds,
        cost_usd=result.cost_usd,
        calls=len(calls),
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
    )


async def _ended(job: Job) -> JobRecord:
    try:
        return await job.wait()
    except asyncio.CancelledError:
        job.cancel("interrupted")
        await job.wait()
        raise


async def _right(attempt: Attempt, judge: Judge, judged: dict[str, bool | None]) -> bool | None:
    """Whether an attempt's candidate is right. What does not compile, or fails what the job could see, is not."""
    if attempt.skipped is not None or attempt.candidate is None or attempt.build is None:
        return False
    if attempt.build.compiled is False or attempt.evidence.against:
        return False
    return await _judged(attempt.candidate, judge, judged)


async def _judged(candidate: Candidate, judge: Judge, judged: dict[str, bool | None]) -> bool | None:
    """The hidden tests' word, asked once for a text."""
    if candidate.text not in judged:
        judged[candidate.text] = await judge(candidate)
    return judged[candidate.text]
