"""Evidence where the user has no check that can be run: the committee's examples, and inputs that tell answers apart.

Where there is a check of the user's, nothing here asks a model or runs anything: it costs nothing then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Candidate, Observation
from forge_lsp.core.checks import CheckStatus, Grade
from forge_lsp.core.errors import ModelError, ServerUnreachable, SpendingRefused
from forge_lsp.core.events import Stage
from forge_lsp.ensemble.answers import Unusable
from forge_lsp.ensemble.authors import ANSWER_TOKENS, propose, write_examples
from forge_lsp.ensemble.check_stage import AT_ONCE, CheckedCandidate, rank

if TYPE_CHECKING:
    from forge_lsp.core.ports import ModelInfo
    from forge_lsp.ensemble.leaderboard import Leaderboard
    from forge_lsp.ensemble.schedule import Row
    from forge_lsp.ensemble.stages import Stages

__all__ = ["MOST_AUTHORS", "ExtraEvidence"]

MOST_AUTHORS = 2
"""Models whose examples are taken; each is one call."""
_MOST_ASKED = 4
"""Models that are asked for examples in a job, where some of them give none."""


class ExtraEvidence:
    """What one job learns of its candidates beyond the user's checks. ``leaderboard`` holds those of earlier attempts.

    Authors are asked while the others write where they answer from another server, and after that else.
    """

    def __init__(self, stages: Stages, leaderboard: Leaderboard) -> None:
        self._stages = stages
        self._leaderboard = leaderboard
        self._at_hand: bool | None = None
        self._asked: dict[str, bool] = {}  # whether it gave examples
        self._proposed = False
        self._running: asyncio.Task[None] | None = None

    async def checks_at_hand(self) -> bool:
        """Whether there are checks of the user's that can be run, asked once."""
        if self._at_hand is None:
            self._at_hand = await self._stages.checks_at_hand()
        return self._at_hand

    def begin(self, number: int, row: Row) -> None:
        """Ask those authors for examples that answer from another server than the writers, in the background."""
        if not self._possible():
            return
        info = self._info
        busy = {info(writer).server for writer in row.generator.writers}
        authors = [author for author in self._authors(row) if info(author).server not in busy]
        if authors:
            self._running = asyncio.create_task(self._where_nothing_is_at_hand(number, authors))

    async def stop(self) -> None:
        """End what runs in the background."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])

    async def widen(self, number: int, row: Row, checked: Sequence[CheckedCandidate]) -> tuple[CheckedCandidate, ...]:
        """Return the candidates with what they gave to the committee's calls and to inputs that models propose, the
        best first. Raises nothing but a cancel."""
        if not self._possible():
            return tuple(checked)
        if self._running is not None:
            running, self._running = self._running, None
            await running
        compiled = [item for item in checked if item.build.compiled is not False]
        if self._at_hand is None and compiled:  # what they showed says it, so that nothing is run for it
            self._at_hand = any(item.raw.blocked is not None or _run(item) for item in compiled)
        if self._at_hand or not any(map(_kept, compiled)):
            return tuple(checked)
        await self._ask(number, self._authors(row))
        now = list(checked)
        earlier = list(self._leaderboard.checked)
        committee = self._stages.checks.committee
        if committee.calls:
            started = self._stages.start(number, Stage.CHECK, f"{len(committee.calls)} examples of other models")
            now = await self._observe(now, committee.calls, "committee")
            await self._renewed(earlier, committee.calls, "committee")
            self._stages.finish(number, Stage.CHECK, self._passed(now), started)
        calls = await self._inputs(number, row, [*self._leaderboard.checked, *now])
        if calls:
            now = await self._observe(now, calls, "model")
            await self._renewed(list(self._leaderboard.checked), calls, "model")
        return tuple(sorted(now, key=lambda one: rank(one, self._stages.checks), reverse=True))

    def _possible(self) -> bool:
        toolchain = self._stages.toolchain
        settled = self._at_hand is True or self._stages.task.scope.name is None
        return self._stages.schedule.committee and toolchain is not None and toolchain.observes and not settled

    async def _where_nothing_is_at_hand(self, number: int, authors: Sequence[str]) -> None:
        if not await self.checks_at_hand():
            await self._ask(number, authors)

    def _info(self, model: str) -> ModelInfo:
        return self._stages.models.get(model).info

    def _authors(self, row: Row) -> list[str]:
        """Whom of the rung to ask for examples, the cheapest first: not who alone writes, no toy, and nobody who costs
        money or answers elsewhere where the writer does neither."""
        stages, identity = self._stages, self._stages.checks.identity
        writers = {identity(writer) for writer in row.generator.writers}
        dear = not stages.free(row.generator.model)
        found: dict[str, str] = {}
        for key in sorted(row.models, key=lambda key: (not stages.free(key), key in row.generator.writers)):
            info = self._info(key)
            alone = writers == {identity(key)}
            if not (info.toy or not info.chats or alone) and (dear or stages.free(key)):
                found.setdefault(identity(key), key)
        left = min(MOST_AUTHORS - sum(self._asked.values()), _MOST_ASKED - len(self._asked))
        return [key for key in found.values() if key not in self._asked][: max(0, left)]

    async def _ask(self, number: int, authors: Sequence[str]) -> None:
        """Ask authors for examples, all at once. What fails is told, and costs nothing else."""
        if not authors:
            return
        held = self._stages.residency.hold(authors, attempt=number, stage=Stage.REVIEW)
        async with held, asyncio.TaskGroup() as group:
            for author in authors:
                group.create_task(self._ask_one(number, author))

    async def _ask_one(self, number: int, author: str) -> None:
        stages = self._stages
        self._asked[author] = False
        try:
            if await stages.models.unavailable(author) is not None:
                return
            examples = await write_examples(
                author,
                task=stages.task,
                shared=await stages.briefing.for_reviewing(author),
                ask=stages.calls.line(number, Stage.CHECK),
                tokens=self._tokens(author),
            )
        except (ModelError, SpendingRefused, ServerUnreachable, Unusable) as error:
            stages.degraded(number, Stage.CHECK)(f"{author} wrote no examples: {error}")
            return
        self._asked[author] = bool(examples)
        stages.checks.committee.add(examples)

    def _tokens(self, model: str) -> int:
        return min(ANSWER_TOKENS, self._stages.briefing.window(model).answer)

    async def _observe(
        self, checked: Sequence[CheckedCandidate], calls: Sequence[str], source: str
    ) -> list[CheckedCandidate]:
        """The candidates with their answers to ``calls``, those that compile and have nothing against them."""
        gate = asyncio.Semaphore(AT_ONCE)
        toolchain = self._stages.toolchain
        assert toolchain is not None

        async def one(item: CheckedCandidate) -> CheckedCandidate:
            known = {seen.call for seen in item.raw.observed}
            new = [call for call in calls if call not in known]
            if not new or not _kept(item):
                return item
            async with gate:
                seen = await toolchain.observe(self._stages.task, item.candidate, new)
            return self._stages.checks.observe(item, [_from(source, each) for each in seen])

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(item)) for item in checked]
        return [task.result() for task in running]

    async def _renewed(self, earlier: Sequence[CheckedCandidate], calls: Sequence[str], source: str) -> None:
        """The candidates of earlier attempts too: what they gave is compared with."""
        for old, new in zip(earlier, await self._observe(earlier, calls, source), strict=True):
            self._leaderboard.renew(old, new)

    def _passed(self, checked: Sequence[CheckedCandidate]) -> str:
        best = max(checked, key=lambda one: rank(one, self._stages.checks))
        expected = self._stages.checks.settle(best).committee
        off = self._stages.checks.committee.off
        said = f"{sum(one.passed for one in expected)} of {len(expected)} passed"
        return f"{said}; not heard: {', '.join(sorted(off))}" if off else said

    async def _inputs(self, number: int, row: Row, checked: Sequence[CheckedCandidate]) -> tuple[str, ...]:
        """Calls that a model proposes where candidates of two models cannot be told apart; asked for once in a job."""
        stages = self._stages
        pair = self._alike([item for item in checked if _kept(item)])
        if self._proposed or pair is None:
            return ()
        model = next(iter(self._askable(row)), None)
        if model is None:
            return ()
        self._proposed = True
        try:
            async with stages.residency.hold((model,), attempt=number, stage=Stage.REVIEW):
                return await propose(
                    model,
                    pair,
                    task=stages.task,
                    shared=await stages.briefing.for_reviewing(model),
                    ask=stages.calls.line(number, Stage.CHECK),
                    tokens=self._tokens(model),
                    room=stages.briefing.window(model).answer // 2,
                )
        except (ModelError, SpendingRefused, ServerUnreachable, Unusable) as error:
            stages.degraded(number, Stage.CHECK)(f"{model} proposed no inputs: {error}")
            return ()

    def _askable(self, row: Row) -> list[str]:
        """Who of the rung may be shown candidates, those first that did not write one."""
        stages = self._stages
        dear = not stages.free(row.generator.model)
        able = [key for key in row.models if self._info(key).chats and not self._info(key).toy]
        able = [key for key in able if dear or stages.free(key)]
        return sorted(able, key=lambda key: (not stages.free(key), key in row.generator.writers))

    def _alike(self, kept: Sequence[CheckedCandidate]) -> tuple[Candidate, Candidate] | None:
        """Two candidates of different models with different texts, where no check of the user's and no input tells any
        candidates apart."""
        checks = self._stages.checks
        if checks.behaviours.differences(1) or any(_proven(checks.settle(item).grade) for item in kept):
            return None
        ranked = sorted(kept, key=lambda item: rank(item, checks), reverse=True)
        for one, other in combinations(ranked, 2):
            apart = checks.identity(one.candidate.model) != checks.identity(other.candidate.model)
            if apart and one.candidate.code.split() != other.candidate.code.split():
                return one.candidate, other.candidate
        return None


def _run(item: CheckedCandidate) -> bool:
    """Whether a check of the user's could be run on it."""
    return any(result.status is not CheckStatus.NOT_RUNNABLE for result in item.raw.results)


def _kept(item: CheckedCandidate) -> bool:
    return item.build.compiled is not False and not item.raw.count(CheckStatus.FAILED, CheckStatus.OWED)


def _proven(grade: Grade | None) -> bool:
    return grade in (Grade.PROVEN, Grade.KEPT)


def _from(source: str, seen: Observation) -> Observation:
    return replace(seen, source=source)
