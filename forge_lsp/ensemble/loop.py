"""One job, from the task to its end: the only place where the order of the stages is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from forge_lsp.core.attempt import (
    Attempt,
    BuildReport,
    Decision,
    DecisionKind,
    Evidence,
    Insight,
    Outcome,
    RunnerUp,
    ThinkingResult,
    Verdict,
)
from forge_lsp.core.errors import ForgeError, ServerUnreachable, SettingsError
from forge_lsp.core.events import AttemptStarted, Emit, RungSkipped
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import (
    Asker,
    Clock,
    ContextGatherer,
    Editing,
    FastGate,
    Formatter,
    ModelDirectory,
    Residency,
    Spending,
    Syntax,
    Toolchain,
    UnmanagedResidency,
)
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.ensemble.ahead import EarlyChecks
from forge_lsp.ensemble.briefing import PromptPrefixes
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, ranked
from forge_lsp.ensemble.decision import decide, needs_panel
from forge_lsp.ensemble.effort import Record, rows_by_need
from forge_lsp.ensemble.ending import Conclusion, EndReason, after_the_last, concluded, none_ran, skip, skipped
from forge_lsp.ensemble.insights import learn, merge
from forge_lsp.ensemble.ladder import LadderProgress
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.ensemble.members import Members
from forge_lsp.ensemble.questioning import Questioning
from forge_lsp.ensemble.resuming import checked_before, finished, told_again
from forge_lsp.ensemble.review import PanelResult
from forge_lsp.ensemble.schedule import Row, Schedule
from forge_lsp.ensemble.stages import CANNOT_RUN, Stages
from forge_lsp.ensemble.widening import ExtraEvidence

__all__ = ["Ensemble"]


@dataclass(eq=False, kw_only=True)
class Ensemble:
    """Runs jobs; holds none. ``markers`` are the lines that mark the scope in what ``context`` gathers."""

    models: ModelDirectory
    syntax: Syntax
    context: ContextGatherer
    editing: Editing
    toolchain_for: Callable[[Language], Toolchain | None]
    clock: Clock
    markers: tuple[str, ...] = ()
    residency: Residency | None = None
    fast: FastGate | None = None
    formatter: Formatter | None = None

    def __post_init__(self) -> None:
        self._residency = self.residency or UnmanagedResidency()

    async def run(
        self,
        task: Task,
        *,
        schedule: Schedule,
        attempts: int,
        spending: Spending,
        emit: Emit,
        records: Mapping[str, Record] | None = None,
        asker: Asker | None = None,
        keep: Callable[[Attempt], Awaitable[None]] | None = None,
        before: Sequence[Attempt] = (),
        asked: Sequence[AskedQuestion] = (),
    ) -> Conclusion:
        """Work on ``task`` until it is accepted, no attempt is left, or the environment fails. ``records``: how often
        each writer has won in this language, for an effort by need. ``asker`` None: nobody is asked anything. ``keep``
        is told of each attempt that ended and did not end the job; ``before`` are those of an earlier run of this
        task, which was interrupted: it goes on after them. ``asked`` are the questions of that run.

        Emits everything but the start and the end of the job. Raises SettingsError for a schedule that does not
        validate; a cancel passes through, all calls closed and settled by then.
        """
        problems = schedule.validate()
        if problems:
            raise SettingsError(problems)
        writers = {key for row in schedule.rows for key in row.generator.writers}
        alone = len(writers) == 1 and all(self.models.get(key).info.toy for key in writers)
        briefing = PromptPrefixes(task=task, models=self.models, context=self.context)
        calls = Calls(
            models=self.models,
            spending=spending,
            emit=emit,
            clock=self.clock,
            secrets=task.secrets,
            files=briefing.files,
        )
        toolchain = self.toolchain_for(task.document.language)
        stages = Stages(
            task=task,
            schedule=schedule,
            emit=emit,
            models=self.models,
            syntax=self.syntax,
            editing=self.editing,
            toolchain=toolchain,
            clock=self.clock,
            markers=self.markers,
            calls=calls,
            briefing=briefing,
            checks=Checks(
                unfinished=task.scope.unfinished, alone=alone, by_method=_is_class(task), identity=self._identity
            ),
            residency=self._residency,
            members=Members(models=self.models, asked=lambda: calls.asked, writers=writers, emit=emit),
            ahead=EarlyChecks(task, toolchain=toolchain, syntax=self.syntax, fast=self.fast),
            fast=self.fast,
            formatter=self.formatter,
        )
        if self.fast is not None and any(row.generator.samples > 1 or row.generator.beside for row in schedule.rows):
            self.fast.prepare(task)
        job = _Job(stages, LadderProgress(schedule=schedule, models=self.models), records or {}, asker, keep)
        await job.resume(before, asked, attempts)
        return await job.run(attempts)

    def _identity(self, key: str) -> str:
        """The model behind a key of the settings, by its name on whatever server."""
        return self.models.get(key).info.name.lower().removesuffix(":latest")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What an attempt showed, as far as it came."""

    decision: Decision
    thought: ThinkingResult | None = None
    chosen: CheckedCandidate | None = None
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    skipped: str | None = None
    generator: str = ""
    others: tuple[RunnerUp, ...] = ()

    @property
    def build(self) -> BuildReport | None:
        return self.chosen.build if self.chosen is not None else None


@dataclass(eq=False)
class _Job:
    """One job: what was tried, what was learnt, and the order of it all."""

    stages: Stages
    climb: LadderProgress
    records: Mapping[str, Record]
    asker: Asker | None
    keep: Callable[[Attempt], Awaitable[None]] | None

    def __post_init__(self) -> None:
        self._leaderboard = Leaderboard(self.stages.checks)
        self._questions = Questioning(self.asker, self.stages, self._leaderboard)
        self._widening = ExtraEvidence(self.stages, self._leaderboard)
        self._insights: tuple[Insight, ...] = merge(self.stages.task.insights, ())
        self._attempts: list[Attempt] = []
        self._answers_before = False

    async def resume(self, before: Sequence[Attempt], asked: Sequence[AskedQuestion], attempts: int) -> None:
        """Go on after attempts that an earlier run made: with their candidates, what was learnt, and what the user
        answered. They are told again: whoever follows this run has not heard of them."""
        for attempt in before:
            self._attempts.append(attempt)
            self._insights = merge(attempt.decision.insights, self._insights)
            made = checked_before(attempt)
            for checked in made:
                self.stages.checks.learn(checked)
            if made:
                self._leaderboard.add(made, chosen=made[0], verdict=attempt.verdict)
            for body in told_again(attempt, attempts, self._leaderboard.best_so_far()):
                self.stages.emit(body)
        told = await self._questions.resume(asked)
        self._insights = merge(told, self._insights)
        self._answers_before = bool(told)

    async def run(self, attempts: int) -> Conclusion:
        done = self._attempts[-1].number if self._attempts else 0
        rows = await self._rows(attempts)
        self.stages.planned[:] = rows
        for number, planned in list(enumerate(rows, start=1))[done:]:
            if (won := await self._answered(number - 1, rows)) is not None:
                return won
            due = await self.stages.writer(number, planned)
            try:
                afford = partial(self.stages.afford, number, due, self._insights)
                rung = await self.climb.rung(due, self._attempts, afford)
                if rung.row is None and self.stages.refused_elsewhere(due, rung.refused):
                    due = await self.stages.writer(number, due)
                    afford = partial(self.stages.afford, number, due, self._insights)
                    rung = await self.climb.rung(due, self._attempts, afford)
                if rung.refused is not None:
                    said = rung.refused.full_message
                    self.stages.emit(RungSkipped(number=number, generator=due.generator.model, reason=said))
                if rung.row is None:
                    attempt = skipped(number, due, rung.refused or ForgeError("it cannot run"))
                    self._attempts.append(attempt)
                    if self.keep is not None:
                        await self.keep(attempt)
                    continue
                attempt = await self._attempt(number, await self.stages.writer(number, rung.row), len(rows))
            except ServerUnreachable as error:
                return self._conclude(
                    EndReason(outcome=Outcome.FAILED, reason=error.full_message, remedy=error.remedy, cause=error.cause)
                )
            self._attempts.append(attempt)
            if self.keep is not None and attempt.decision.kind is not DecisionKind.ACCEPT:
                await self.keep(attempt)
            if attempt.decision.kind is DecisionKind.ACCEPT:
                decision = attempt.decision
                outcome = Outcome.UNVERIFIED if decision.unverified else Outcome.ACCEPTED
                return self._conclude(
                    EndReason(outcome=outcome, reason=decision.reason, remedy=decision.remedy), attempt
                )
        if (won := await self._answered(len(rows), rows)) is not None:
            return won
        lacks = self.stages.members.lacks
        if all(attempt.skipped is not None for attempt in self._attempts):
            return self._conclude(none_ran(self._attempts, lacks))
        return self._conclude(after_the_last(self._attempts, self._leaderboard, self.stages.schedule.accept, lacks))

    async def _rows(self, attempts: int) -> Sequence[Row]:
        """The row of each attempt: the schedule's, or as many as the task needs where checks can tell."""
        if self.stages.schedule.effort == "need" and await self._widening.checks_at_hand():
            return rows_by_need(self.stages.schedule, attempts, free=self.stages.free, records=self.records)
        return [self.stages.schedule.row_for(number) for number in range(1, attempts + 1)]

    async def _attempt(self, number: int, row: Row, attempts: int) -> Attempt:
        """One attempt, told from its start to its end. Raises ServerUnreachable where that ends the job."""
        started, spent = self.stages.clock.monotonic(), self.stages.calls.cost_usd
        self.stages.emit(
            AttemptStarted(
                number=number,
                attempts=attempts,
                strategy=row.thinking.strategy,
                thinkers=row.thinking.models,
                generator=row.generator.model,
                samples=row.generator.samples,
                panel=row.panel.kind,
            )
        )
        fault: ServerUnreachable | None = None
        try:
            result = await self._run_stages(number, row, last=number == attempts)
        except ServerUnreachable as error:
            fault = error
            result = _Result(decision=Decision(kind=DecisionKind.GIVE_UP, reason=error.full_message))
        finally:
            await self._widening.stop()
            await self.stages.ahead.stop()
        if result.skipped is not None:
            self.stages.emit(RungSkipped(number=number, generator=row.generator.model, reason=result.skipped))
        elif result.decision.kind is not DecisionKind.ACCEPT:
            result = replace(result, decision=replace(result.decision, insights=self._learn(number, row, result)))
            self._insights = merge(result.decision.insights, self._insights)
        seconds, cost = self.stages.clock.monotonic() - started, self.stages.calls.cost_usd - spent
        attempt = Attempt(
            number=number,
            strategy=result.thought.strategy if result.thought is not None else "none",
            thinkers=result.thought.models if result.thought is not None else (),
            generator=result.generator or row.generator.model,
            samples=row.generator.samples,
            panel=row.panel.kind,
            decision=result.decision,
            seconds=seconds,
            cost_usd=cost,
            candidate=result.chosen.candidate if result.chosen is not None else None,
            build=result.build,
            evidence=result.evidence or Evidence(),
            verdict=result.verdict,
            skipped=result.skipped,
            thought=result.thought,
            replacements=self.stages.members.made(number),
            others=result.others,
        )
        self.stages.emit(finished(attempt, self._leaderboard.best_so_far()))
        if fault is not None:
            self._attempts.append(attempt)
            raise fault
        return attempt

    async def _run_stages(self, number: int, row: Row, *, last: bool) -> _Result:
        """Think, generate, check, review, decide."""
        stages = self.stages
        thought = await stages.think(number, row, self._insights)
        self._widening.begin(number, row)
        while True:
            model = row.generator.model
            again = any(one.generator == model and one.skipped is None for one in self._attempts)
            try:
                written = await stages.write(number, row, thought, self._insights, again=again)
            except CANNOT_RUN as error:
                if isinstance(error, ServerUnreachable) and not self.climb.paid(row):
                    raise  # the environment's fault, and climbing on would hide it
                return _Result(decision=skip(error), thought=thought, skipped=error.full_message, generator=model)
            other = row if written.candidates else await stages.writer(number, row)
            if other == row:
                break
            row = other  # it wrote no code twice: another one writes in this attempt already
        if not written.candidates:
            kind = DecisionKind.GIVE_UP if last else DecisionKind.RETRY
            none = Decision(kind=kind, reason=written.trouble or "no code")
            return _Result(decision=none, thought=thought, generator=model)
        checked = await self._widening.widen(number, row, await stages.check(number, written.candidates))
        checked = await stages.observe(checked, self.stages.checks.replies.calls)
        if self._listen(checked) or self.stages.checks.replies.calls:
            checked = ranked(checked, self.stages.checks)
        self._questions.offer(number, checked, last=last)
        accept = self.stages.schedule.accept
        verdicts: list[tuple[CheckedCandidate, Verdict]] = []
        while True:
            chosen = checked[0]
            evidence = self.stages.checks.settle(chosen, last=last)
            reviewed: PanelResult | None = None
            if row.panel.kind != "none" and needs_panel(chosen.build, evidence, accept):
                reviewed = await stages.review(number, row, chosen, evidence)
                verdicts.append((chosen, reviewed.verdict))
            if not self._listen(checked):
                break
            checked = ranked(checked, self.stages.checks)
            if checked[0] is chosen:
                evidence = self.stages.checks.settle(chosen, last=last)
                break
        verdict = reviewed.verdict if reviewed is not None else None
        self._leaderboard.add(checked, chosen=chosen, verdict=verdict)
        for earlier, word in verdicts:
            self._leaderboard.add_verdict(earlier, word)
        decision = decide(
            build=chosen.build,
            evidence=evidence,
            verdict=verdict,
            accept=accept,
            last=last,
            panel_fault=reviewed.fault if reviewed is not None else None,
        )
        return _Result(
            decision=decision,
            thought=thought,
            chosen=chosen,
            evidence=evidence,
            verdict=verdict,
            generator=model,
            others=self._leaderboard.runners_up(checked, last=last),
        )

    def _listen(self, checked: Sequence[CheckedCandidate] = ()) -> bool:
        """Take in the user's answers; False: there is none that is new. ``checked`` are candidates of this attempt."""
        told = self._questions.take(checked)
        self._insights = merge(told or (), self._insights)
        return told is not None

    async def _answered(self, number: int, rows: Sequence[Row]) -> Conclusion | None:
        """How the job ends where an answer that came since attempt ``number`` is reason enough; None: it goes on."""
        heard = self._listen() or self._answers_before
        self._answers_before = False
        if not heard:
            return None
        accepted = await self._questions.accepted(number, rows[number - 1])
        return None if accepted is None else self._conclude(EndReason(outcome=Outcome.ACCEPTED, reason=accepted.reason))

    def _learn(self, number: int, row: Row, result: _Result) -> tuple[Insight, ...]:
        return learn(
            number,
            candidate=result.chosen.candidate if result.chosen is not None else None,
            build=result.build,
            evidence=result.evidence,
            verdict=result.verdict,
            tried=f"attempt {number} ({result.generator or row.generator.model}): {result.decision.reason}",
            differences=self.stages.checks.behaviours.differences,
        )

    def _conclude(self, end: EndReason, accepted: Attempt | None = None) -> Conclusion:
        sent = self.stages.briefing.sent(self.stages.calls.asked, reviewed_only=self.stages.calls.reviewed_only)
        return concluded(end, self._attempts, self._leaderboard, self._questions, accepted, sent=sent)


def _is_class(task: Task) -> bool:
    """Whether the scope is a definition without parameters: of classes agreement is looked at method by method."""
    return task.scope.kind is ScopeKind.DEFINITION and task.scope.parameters is None
