"""From a front end's request to a job that can run: the task, its purse, and the ensemble bound to both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from forge_lsp.core.attempt import Attempt, Insight, InsightKind
from forge_lsp.core.errors import BadRequest, EnvironmentFault
from forge_lsp.core.events import Emit
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import (
    Clock,
    ContextGatherer,
    Editing,
    FastGate,
    Formatter,
    ModelDirectory,
    ModelInfo,
    Residency,
    Scoping,
    Syntax,
    Toolchain,
)
from forge_lsp.core.task import Task
from forge_lsp.ensemble.effort import Record
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Schedule
from forge_lsp.jobs.asking import PendingQuestions, asked_of
from forge_lsp.jobs.budget import Budget, JobSpending
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.contract import ApplyMode, Earlier, JobRequest, PreparedJob
from forge_lsp.jobs.discretion import attempt_for_the_ledger, without_secrets
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.pricing import Prices
from forge_lsp.jobs.rechecking import Rechecks
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.resuming import resumed_attempts, resumed_diagnostics
from forge_lsp.jobs.single_flight import SingleFlight
from forge_lsp.redaction import Pairs, placeholders, redact, restored

__all__ = ["MAX_ATTEMPTS", "SETUP_SECONDS", "Preparer", "Setup"]

MAX_ATTEMPTS = 50
SETUP_SECONDS = 180.0
"""How long a request waits for its settings, and for what the servers say of their models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the settings of one folder come to, for one job.

    ``attempts`` is how many the schedule describes; ``granted`` are servers that need no consent question,
    ``addresses`` the URL of each; ``deadline`` is in seconds; ``profile`` names the profile and why it was taken.
    ``residency`` None: the servers see to their memory themselves. ``fast`` None: the build gate gives the order.
    ``formatter`` None: new code stays as it is written. ``questions`` is how many the user may be asked.
    """

    schedule: Schedule
    attempts: int
    models: ModelDirectory
    infos: Mapping[str, ModelInfo]
    toolchains: Mapping[Language, Toolchain]
    budget: Budget
    prices: Prices
    granted: frozenset[str]
    addresses: Mapping[str, str]
    deadline: float
    apply: ApplyMode
    profile: str
    residency: Residency | None = None
    fast: FastGate | None = None
    formatter: Formatter | None = None
    questions: int = 0


@dataclass(slots=True)
class Preparer:
    """Makes jobs ready: ``setup`` answers the settings of a folder under a profile.

    Of many requests at once the settings are read once, and one is made ready at a turn of the event loop.
    """

    setup: Callable[[Path | None, str | None], Awaitable[Setup]]
    scoping: Scoping
    syntax: Syntax
    context: ContextGatherer
    editing: Editing
    ledger: Ledger
    consents: Consents
    clock: Clock
    markers: tuple[str, ...]
    _setups: SingleFlight[tuple[Path | None, str | None], Setup] = field(init=False)
    _turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._setups = SingleFlight(lambda key: self.setup(*key))

    async def __call__(self, request: JobRequest, job_id: str, earlier: Earlier) -> PreparedJob:
        """``earlier`` answers an earlier job by its id. Raises BadRequest, SettingsError, EnvironmentFault: before
        there is a job."""
        if request.max_iterations is not None and not 1 <= request.max_iterations <= MAX_ATTEMPTS:
            raise BadRequest(f"maxIterations: {request.max_iterations} is not between 1 and {MAX_ATTEMPTS}")
        try:
            async with asyncio.timeout(SETUP_SECONDS):
                setup = await self._setups((request.workspace, request.profile))
        except TimeoutError as late:
            raise EnvironmentFault(
                f"the settings and the servers they name could not be looked at within {SETUP_SECONDS:.0f} s",
                remedy="run forge-lsp doctor",
            ) from late
        before = None if request.follow_up is None else await earlier(request.follow_up.job_id)
        async with self._turn:
            await asyncio.sleep(0)  # else two hundred that waited for the settings would go on in one turn of the loop
            # The document's secrets are looked for apart: a long one takes a quarter of a second.
            own = (await asyncio.to_thread(redact, request.document.text)).secrets
            task = self._task(request, before, own)
        spending = JobSpending(
            job_id=job_id,
            workspace=request.workspace,
            ledger=self.ledger,
            consents=self.consents,
            prices=setup.prices,
            budget=setup.budget,
            ask=request.ask,
            attended=request.attended,
            returned=request.returned,
            before=0.0 if request.resumed is None else request.resumed.cost_usd,
            clock=self.clock,
            granted=setup.granted | request.allow,
            addresses=setup.addresses,
        )
        ensemble = Ensemble(
            models=setup.models,
            syntax=self.syntax,
            context=self.context,
            editing=self.editing,
            toolchain_for=setup.toolchains.get,
            clock=self.clock,
            markers=self.markers,
            residency=setup.residency,
            fast=setup.fast,
            formatter=setup.formatter,
        )
        attempts, resumed = request.max_iterations or setup.attempts, request.resumed
        pending = PendingQuestions(setup.questions) if request.questions and setup.questions else None
        checks = Rechecks(task=task, toolchain=setup.toolchains.get(task.document.language))

        async def keep(attempt: Attempt) -> None:
            if request.shown:  # it may have to be gone on with
                kept = await asyncio.to_thread(attempt_for_the_ledger, attempt, task.secrets, request.document.text)
                self.ledger.attempt(job_id, kept)

        async def run(emit: Emit) -> Conclusion:
            records: dict[str, Record] = {}
            if setup.schedule.effort == "need":
                seen = await self.ledger.records(str(task.document.language))
                records = {writer: Record(won=won, tried=tried) for writer, (won, tried) in seen.items()}
            conclusion = await ensemble.run(
                task,
                schedule=setup.schedule,
                attempts=attempts,
                spending=spending,
                emit=emit,
                records=records,
                asker=pending,
                keep=keep,
                before=() if resumed is None else resumed_attempts(resumed, task, self.editing),
                asked=() if resumed is None else asked_of(resumed.events),
            )
            checks.attempts = conclusion.attempts
            # In a thread: ten attempts may hold thousands of texts.
            return await asyncio.to_thread(without_secrets, conclusion, task.secrets)

        return PreparedJob(
            task=task,
            attempts=attempts,
            apply=request.apply or setup.apply,
            profile=setup.profile,
            run=run,
            recheck=checks.recheck,
            spending=spending,
            toys=tuple(key for key, info in setup.infos.items() if info.toy),
            deadline=setup.deadline,
            questions=pending,
            accept_score=setup.schedule.accept.score,
        )

    def _task(self, request: JobRequest, before: JobRecord | None, own: Pairs) -> Task:
        """``own`` are the document's secrets. The user's words are shown to models and kept in the ledger, so theirs
        are replaced too, by placeholders that no secret of the document has."""
        document, resumed = request.document, request.resumed
        scope = self.scoping.scope(document, request.selection)
        words, told, diagnostics = request.words, (), request.diagnostics
        if before is not None and request.follow_up is not None:
            told = _follow_up(before, request.follow_up.feedback)
            words = words or _restored(before.task, before, own)
        elif resumed is not None:
            told = tuple(
                replace(one, text=_restored(one.text, resumed, own)) if one.kind is InsightKind.FEEDBACK else one
                for one in resumed.insights
            )
            words = _restored(resumed.task, resumed, own)
            diagnostics = resumed_diagnostics(resumed, document, scope)
        instruction = redact(self.scoping.instruction(document, scope, words, request.diagnostics), own)
        secrets = own + instruction.secrets
        insights: list[Insight] = []
        for one in told:
            if one.kind is InsightKind.FEEDBACK:
                said = redact(one.text, secrets)
                secrets += said.secrets
                one = replace(one, text=said.text)
            insights.append(one)
        return Task(
            document=document,
            scope=scope,
            instruction=instruction.text,
            workspace=request.workspace,
            buffers=request.buffers,
            diagnostics=diagnostics,
            insights=tuple(insights),
            secrets=secrets,
        )


def _restored(words: str, before: JobRecord, own: Pairs) -> str:
    """The user's words in an earlier job, with the keys in them. Raises BadRequest where they are gone."""
    words = restored(words, before.secrets or own)
    lost = placeholders(words) - placeholders(before.base_text)
    if lost:
        raise BadRequest(
            f"The task's words held a key, in whose place {min(lost)} stands now: keys are not kept after forge-lsp "
            "ended.",
            remedy="enter the task again",
        )
    return words


def _follow_up(before: JobRecord, feedback: str) -> tuple[Insight, ...]:
    """The user's words first, then the code they speak of."""
    found = [Insight(kind=InsightKind.FEEDBACK, text=feedback, attempt=0)]
    if before.candidate is not None:
        code = f"The code that these words are about:\n{before.candidate.code}"
        found.append(Insight(kind=InsightKind.TRIED, text=code, attempt=0))
    return tuple(found)
