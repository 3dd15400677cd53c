"""The stages as the loop calls them: each is announced, gets what it needs, and its value is handed back.

Knows what every stage needs; the order in which they run is loop.py's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from forge_lsp.core.attempt import Candidate, Evidence, Insight, ThinkingResult
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.errors import (
    ForgeError,
    ModelError,
    ModelMissing,
    ServerUnreachable,
    SpendingRefused,
    Unauthorised,
)
from forge_lsp.core.events import Degraded, Emit, Stage, StageFinished, StageStarted
from forge_lsp.core.ports import Clock, Editing, FastGate, Formatter, ModelDirectory, Residency, Syntax, Toolchain
from forge_lsp.core.task import Task
from forge_lsp.ensemble.ahead import EarlyChecks
from forge_lsp.ensemble.answer_code import AnswerReader, GeneratedCode
from forge_lsp.ensemble.briefing import PromptPrefixes, facts, subject
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, check
from forge_lsp.ensemble.generation import Draft, GenerationInput, first_request, generate
from forge_lsp.ensemble.insights import render_insights
from forge_lsp.ensemble.members import MOST_UNUSABLE, MemberRole, Members, times
from forge_lsp.ensemble.review import PanelResult, ReviewContext, review
from forge_lsp.ensemble.schedule import STRATEGIES, Generator, Row, Schedule, Thinking
from forge_lsp.ensemble.thinking import THOUGHT_TOKENS, ThinkingContext, think

__all__ = ["CANNOT_RUN", "Stages"]

CANNOT_RUN = (ServerUnreachable, ModelMissing, Unauthorised, SpendingRefused)
"""What keeps a rung from running, whatever is asked of it. Any other ModelError costs the attempt."""

_PLAN_WORDS = 10  # tokens of the heading above a thought


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages of one job. ``insights`` are always those known when the attempt began; ``planned`` the rows of its
    attempts, in order. What ``ahead`` has begun in an attempt is stopped by whoever runs the attempt."""

    task: Task
    schedule: Schedule
    emit: Emit
    models: ModelDirectory
    syntax: Syntax
    editing: Editing
    toolchain: Toolchain | None
    clock: Clock
    markers: tuple[str, ...]
    calls: Calls
    briefing: PromptPrefixes
    checks: Checks
    residency: Residency
    members: Members
    ahead: EarlyChecks
    fast: FastGate | None = None
    formatter: Formatter | None = None
    planned: list[Row] = field(default_factory=list[Row])

    def free(self, model: str) -> bool:
        """Whether a call to a model costs nothing and leaves nothing of the text elsewhere."""
        info = self.models.get(model).info
        return not (info.paid or info.off_machine)

    def refused_elsewhere(self, row: Row, refused: ForgeError | None) -> bool:
        """Whether the row's writer, which costs nothing but answers elsewhere, may not be asked: then another one is to
        write. A rung that costs money is skipped instead."""
        info = self.models.get(row.generator.model).info
        if refused is None or info.paid or not info.off_machine:
            return False
        self.members.unusable(MemberRole.WRITER, info.key, refused.full_message, MOST_UNUSABLE)
        return True

    async def checks_at_hand(self) -> bool:
        """Whether there are tests or examples of the user's that can be run: asked of the code as it is."""
        if self.toolchain is None:
            return False
        task = self.task
        as_it_is = Candidate(code=task.original, text=task.document.text, model="", attempt=0)
        found = await self.toolchain.evidence(task, as_it_is)
        return any(result.status is not CheckStatus.NOT_RUNNABLE for result in found.results)

    async def think(self, number: int, row: Row, insights: Sequence[Insight]) -> ThinkingResult | None:
        thinking = await self._thinkers(number, row.thinking)
        if thinking.strategy == "none":
            return None
        started = self.start(number, Stage.THINK, f"{thinking.strategy}: {', '.join(thinking.models)}")
        team = self.members.team(MemberRole.THINKER, number=number, stage=Stage.THINK)
        context = ThinkingContext(
            ask=self.calls.line(number, Stage.THINK),
            shared=self.briefing.for_thinking,
            insights=lambda model: self._insights_text(model, insights),
            degraded=self.degraded(number, Stage.THINK),
            context=lambda model: self.models.get(model).info.context,
            seed="\n".join((str(number), self.task.instruction, self.task.original)),
            thinkers=team,
            voters=self.members.team(MemberRole.VOTER, number=number, stage=Stage.THINK),
        )
        while True:
            async with self._held(number, Stage.THINK, thinking.models):
                # The writer comes in while the others think, where there is room.
                self.residency.foresee((row.generator.model,), attempt=number, stage=Stage.GENERATE)
                thought = await think(thinking, context)
            if thought is not None or not any(team.mute(model) for model in thinking.models):
                break
            thinking = await self._thinkers(number, row.thinking)  # others think in the place of those who had nothing
            if thinking.strategy == "none":
                break
        detail = "no thought"
        if thought is not None:
            detail = _noted(f"{thought.strategy}: {', '.join(thought.models)}", thought.note)
        self.finish(number, Stage.THINK, detail, started)
        return thought

    async def _thinkers(self, number: int, thinking: Thinking) -> Thinking:
        """Who thinks now, and by the strategy that so many can follow."""
        if thinking.strategy == "none":
            return thinking
        team = self.members.team(MemberRole.THINKER, number=number, stage=Stage.THINK)
        models = await team.present(thinking.models)
        if len(models) >= STRATEGIES[thinking.strategy]:
            return replace(thinking, models=models)
        return Thinking(strategy="solo", models=models) if models else Thinking()

    async def writer(self, number: int, row: Row) -> Row:
        """Return the row with the model that writes in place of the one that is set, where that gave no code twice."""
        team = self.members.team(MemberRole.WRITER, number=number, stage=Stage.GENERATE)
        found = await team.present((row.generator.model,))
        model = found[0] if found else row.generator.model  # nobody else can: it goes on trying
        return row if model == row.generator.model else replace(row, generator=replace(row.generator, model=model))

    async def write(
        self, number: int, row: Row, thought: ThinkingResult | None, insights: Sequence[Insight], *, again: bool
    ) -> GeneratedCode:
        """Return the rung's answers and the code in them. Raises what keeps the rung from running at all; a model that
        fails costs this attempt."""
        model, samples, writers = row.generator.model, row.generator.samples, row.generator.writers
        started = self.start(number, Stage.GENERATE, ", ".join((model, *_many(samples), *writers[1:])))
        brief = await self._brief(number, row, thought, insights)
        try:
            async with self._held(number, Stage.GENERATE, writers):
                self.residency.foresee(row.panel.members, attempt=number, stage=Stage.REVIEW)
                written = await self._side_by_side(number, row, brief, again=again)
        except CANNOT_RUN as error:
            self.finish(number, Stage.GENERATE, str(error), started)
            raise
        except ModelError as error:
            self.members.unusable(MemberRole.WRITER, model, error.full_message, times(error))
            written = GeneratedCode(candidates=(), trouble=f"{model} failed: {error.full_message}")
        else:
            if not written.candidates:
                self.members.unusable(MemberRole.WRITER, model, written.trouble or "no code")
        found = len(written.candidates)
        asked = samples + len(writers) - 1
        self.finish(number, Stage.GENERATE, written.trouble or f"{found} of {asked} with code", started)
        return written

    async def _side_by_side(self, number: int, row: Row, brief: GenerationInput, *, again: bool) -> GeneratedCode:
        """What the rung's model wrote, and those that write at the same time. One of them that fails is left out.
        Raises ModelError or SpendingRefused where the rung's own model fails and no other wrote anything."""
        others = row.generator.writers[1:]
        if not others:
            return await self._extracted(number, brief, await generate(brief, attempt=number, again=again))

        async def one(each: GenerationInput) -> GeneratedCode | ModelError | SpendingRefused:
            try:
                written = await self._extracted(number, each, await generate(each, attempt=number, again=again))
            except (ModelError, SpendingRefused) as error:
                return error
            for candidate in written.candidates:
                self.ahead.begin(candidate)
            return written

        briefs = [brief]
        for model in others:
            briefs.append(await self._brief(number, replace(row, generator=Generator(model=model)), brief.thought, ()))
            briefs[-1] = replace(briefs[-1], insights=brief.insights)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(each)) for each in briefs]
        results = [task.result() for task in running]
        candidates = tuple(found for each in results if isinstance(each, GeneratedCode) for found in each.candidates)
        for each, result in zip(briefs[1:], results[1:], strict=True):
            why = result.trouble if isinstance(result, GeneratedCode) else result.full_message
            if why is not None:
                self.degraded(number, Stage.GENERATE)(f"{each.generator.model} wrote nothing beside: {why}")
        own = results[0]
        if candidates:
            return GeneratedCode(candidates=candidates)
        if isinstance(own, GeneratedCode):
            return own
        raise own

    async def afford(self, number: int, row: Row, insights: Sequence[Insight]) -> None:
        """Ask whether the rung's call may be paid: what will be sent is known by now, but for the thought. Raises
        SpendingRefused."""
        model = row.generator.model
        request = first_request(await self._brief(number, row, None, insights), attempt=number, again=False)
        beyond = THOUGHT_TOKENS + _PLAN_WORDS if row.thinking.strategy != "none" else 0
        await self.calls.allowed(self.models.get(model).info, request, beyond=beyond)

    async def _brief(
        self, number: int, row: Row, thought: ThinkingResult | None, insights: Sequence[Insight]
    ) -> GenerationInput:
        model = row.generator.model
        return GenerationInput(
            generator=row.generator,
            task=self.task,
            ask=self.calls.line(number, Stage.GENERATE),
            shared=await self.briefing.for_writing(model),
            thought=thought,
            insights=self._insights_text(model, insights),
            answer_tokens=self.briefing.window(model).answer,
            toy=self.briefing.toy(model),
        )

    async def _extracted(self, number: int, brief: GenerationInput, drafts: Sequence[Draft]) -> GeneratedCode:
        reader = AnswerReader(
            task=self.task, syntax=self.syntax, editing=self.editing, markers=self.markers, formatter=self.formatter
        )
        return await reader.read(number, brief, drafts)

    async def check(self, number: int, candidates: Sequence[Candidate]) -> tuple[CheckedCandidate, ...]:
        count = len(candidates)
        started = self.start(number, Stage.CHECK, f"{count} candidate{'' if count == 1 else 's'}")
        checked = await check(
            self.task,
            candidates,
            toolchain=self.toolchain,
            syntax=self.syntax,
            checks=self.checks,
            fast=self.fast,
            ahead=self.ahead,
        )
        await self.ahead.stop()
        best = checked[0]
        self.finish(number, Stage.CHECK, facts(best.build, self.checks.judge(best.raw)), started)
        return checked

    async def observe(self, checked: Sequence[CheckedCandidate], calls: Sequence[str]) -> tuple[CheckedCandidate, ...]:
        """Return candidates with what they give to ``calls``, the user's answers to which came before they were
        written."""
        toolchain = self.toolchain
        if toolchain is None or not calls:
            return tuple(checked)

        async def one(item: CheckedCandidate) -> CheckedCandidate:
            known = {seen.call for seen in item.raw.observed}
            wanted = [call for call in calls if call not in known]
            if not wanted or item.build.compiled is False:
                return item
            found = await toolchain.observe(self.task, item.candidate, wanted)
            return self.checks.observe(item, tuple(replace(each, source="answer") for each in found))

        return tuple([await one(item) for item in checked])

    async def review(self, number: int, row: Row, chosen: CheckedCandidate, evidence: Evidence) -> PanelResult:
        team = self.members.team(MemberRole.REVIEWER, number=number, stage=Stage.REVIEW)
        now = [speaker for member in row.panel.members if (speaker := team.speaker(member)) is not None]
        started = self.start(number, Stage.REVIEW, f"{row.panel.kind}: {', '.join(now) or 'nobody'}")

        def spare(member: str) -> int:
            share = self.briefing.window(member)  # what a writer is told beyond the code is not told to a reviewer
            return max(0, share.thought + share.insights - share.facts - share.review)

        def seen(member: str) -> str:
            return subject(self.task, chosen.candidate, chosen.build, evidence, self.briefing.window(member))

        context = ReviewContext(
            ask=self.calls.line(number, Stage.REVIEW),
            shared=self.briefing.for_reviewing,
            subject=seen,
            unavailable=self.models.unavailable,
            degraded=self.degraded(number, Stage.REVIEW),
            answer_tokens=lambda member: self.briefing.window(member).review,
            spare_tokens=spare,
            clock=self.clock,
            team=team,
        )
        async with self._held(number, Stage.REVIEW, now):
            self._foresee_attempt(number + 1)
            result = await review(row.panel, self.schedule.reviewer, context, self.schedule.accept)
        verdict = result.verdict
        toys = [one.model for one in verdict.reviews if one.score is not None and self.briefing.toy(one.model)]
        if toys:
            said = f"scores of a model as small as {', '.join(toys)} mean nothing"
            verdict = replace(verdict, note="; ".join(filter(None, (verdict.note, said))))
        detail = verdict.note or "" if verdict.score is None else _noted(f"score {verdict.score:.1f}", verdict.note)
        self.finish(number, Stage.REVIEW, detail, started)
        return replace(result, verdict=verdict)

    @asynccontextmanager
    async def _held(self, number: int, stage: Stage, models: Sequence[str]) -> AsyncGenerator[None]:
        """The models of a stage are in memory, as far as that is ours to see to."""
        async with self.residency.hold(models, attempt=number, stage=stage) as remarks:
            for remark in remarks:
                self.degraded(number, stage)(remark)
            yield

    def _foresee_attempt(self, number: int) -> None:
        """Who is asked first if the attempt before is not the last."""
        row = self.planned[number - 1] if number <= len(self.planned) else self.schedule.row_for(number)
        if row.thinking.models:
            self.residency.foresee(row.thinking.models, attempt=number, stage=Stage.THINK)
        else:
            self.residency.foresee((row.generator.model,), attempt=number, stage=Stage.GENERATE)

    def _insights_text(self, model: str, insights: Sequence[Insight]) -> str:
        return render_insights(insights, tokens=self.briefing.window(model).insights)

    def degraded(self, number: int, stage: Stage) -> Callable[[str], None]:
        return lambda reason: self.emit(Degraded(number=number, stage=stage, reason=reason))

    def start(self, number: int, stage: Stage, detail: str) -> float:
        self.emit(StageStarted(number=number, stage=stage, detail=detail))
        return self.clock.monotonic()

    def finish(self, number: int, stage: Stage, detail: str, started: float) -> None:
        self.emit(StageFinished(number=number, stage=stage, detail=detail, seconds=self.clock.monotonic() - started))


def _many(samples: int) -> tuple[str, ...]:
    return (f"{samples} samples",) if samples > 1 else ()


def _noted(what: str, note: str | None) -> str:
    return f"{what}; {note}" if note else what
