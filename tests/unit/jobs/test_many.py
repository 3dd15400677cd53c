"""Two hundred jobs at once through the manager, over four model servers: all end, and nothing of them is left."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import JobUnknown
from forge_lsp.core.events import CallFinished, CallStarted, Emit, Stage
from forge_lsp.core.ports import ChatReply
from forge_lsp.jobs.contract import JobRequest, PreparedJob
from forge_lsp.jobs.job import Job
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.slots import ServerSlots
from forge_lsp.models.wire import Deadlines
from tests.unit.jobs.support import Concluded, HeldClock, accepted, prepared, request
from tests.unit.models.fake_wire import FakeWire, ask, say

JOBS, SERVERS, PLACES, KEEP = 200, 4, 2, 8


@pytest.mark.slow
async def test_two_hundred_jobs_end_and_leave_nothing() -> None:
    wires = [FakeWire([0.002, *say("yes")]) for _ in range(SERVERS)]
    models = [GuardedModel(wire, slots=ServerSlots(parallel=PLACES), deadlines=Deadlines()) for wire in wires]
    closed = 0

    async def prepare(_: JobRequest, job_id: str, earlier: object) -> PreparedJob:
        async def run(emit: Emit) -> Concluded:
            replies: list[ChatReply] = []
            for call, model in enumerate(models, start=1):
                emit(
                    CallStarted(
                        number=1, call=call, stage=Stage.REVIEW, role="review", model="m", server="s", estimate_usd=0.0
                    )
                )
                replies.append(await model.complete(ask(job=job_id)))
                emit(finished(call))
            assert [reply.completions[0].text for reply in replies] == ["yes"] * SERVERS
            return accepted()

        async def aclose() -> None:
            nonlocal closed
            closed += 1

        return prepared(run, aclose=aclose)

    before = asyncio.all_tasks()
    clock = HeldClock()
    manager = JobManager(prepare=prepare, languages=BUILT_IN, ledger=Ledger(None, clock=clock), clock=clock, keep=KEEP)
    jobs = [await manager.start(request()) for _ in range(JOBS)]
    ids = [job.id for job in jobs]
    results = await asyncio.gather(*(job.wait() for job in jobs))
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: JOBS}
    assert json.loads(manager.status()) == {"jobs": [], "ledger": None}
    assert max(wire.most_running for wire in wires) <= PLACES
    assert all(wire.running == 0 and len(wire.requests) == JOBS for wire in wires)

    kept = {job.id for job in jobs if holds(manager, job.id)}
    assert len(kept) == KEEP
    for _ in range(5):
        await asyncio.sleep(0)
    assert closed == JOBS - KEEP
    assert asyncio.all_tasks() == before
    assert len(await manager.history(JOBS)) == JOBS  # the others are told from the ledger
    assert len(await manager.events(ids[0])) == 2 + 2 * SERVERS

    del jobs, results
    gc.collect()
    assert sum(isinstance(thing, Job) for thing in gc.get_objects()) == KEEP
    await manager.aclose()
    assert closed == JOBS
    assert asyncio.all_tasks() == before


def holds(manager: JobManager, job_id: str) -> bool:
    try:
        manager.job(job_id)
    except JobUnknown:
        return False
    return True


def finished(call: int) -> CallFinished:
    return CallFinished(
        number=1,
        call=call,
        stage=Stage.REVIEW,
        role="review",
        model="m",
        server="s",
        input_tokens=1,
        output_tokens=1,
        cached_tokens=0,
        queue_seconds=0.0,
        load_seconds=0.0,
        first_token_seconds=0.0,
        seconds=0.1,
        cost_usd=0.0,
        error=None,
    )
