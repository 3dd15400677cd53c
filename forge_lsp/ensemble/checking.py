"""Candidates to builds and evidence: what was seen is proof, what was said is opinion. Ranks the samples of a rung."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from forge_lsp.domain.attempt import (
    BuildReport,
    BuildStatus,
    Candidate,
    Evidence,
    ExampleKind,
    ExampleResult,
    ExampleStatus,
)
from forge_lsp.domain.ports import FastGate, Syntax, Toolchain
from forge_lsp.domain.task import Task
from forge_lsp.ensemble.agreement import Behaviours, answer_of

__all__ = ["Checked", "Examples", "check", "rank"]

AT_ONCE = 2  # compilers running side by side; each is a process that wants a core or more


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A candidate with what its checks showed. ``raw`` is the evidence as the toolchain told it, before disputes."""

    candidate: Candidate
    build: BuildReport
    raw: Evidence = field(default_factory=Evidence)


class Examples:
    """What every candidate of the job, of whatever model, sample or attempt, answered to every example.

    An example that fails is *disputed* while no candidate passes it; once one does, it counts against all others,
    the earlier ones too. A test of the project is never disputed: one that passed before must pass, and one that did
    not counts once a candidate passes it, which shows that it can be met.
    """

    def __init__(self) -> None:
        self.behaviours = Behaviours()
        self._passed: set[str] = set()
        self._answers: dict[tuple[str, str], dict[str, int]] = {}

    def learn(self, checked: Checked) -> None:
        """Take in one candidate's results, once."""
        self.behaviours.learn(checked.candidate.model, checked.raw)
        for result in checked.raw.results:
            if result.status is ExampleStatus.PASSED:
                self._passed.add(result.id)
            answer = answer_of(result)
            if answer is not None:
                models = self._answers.setdefault((result.id, answer), {})
                models[checked.candidate.model] = models.get(checked.candidate.model, 0) + 1

    def judge(self, evidence: Evidence) -> Evidence:
        """``evidence`` with failures that nobody avoids as disputed, by what is known now."""
        return replace(evidence, results=tuple(self._judged(result) for result in evidence.results))

    def witnesses(self, result: ExampleResult) -> int:
        """How many models answered this example with this value."""
        answer = answer_of(result)
        return 0 if answer is None else len(self._answers.get((result.id, answer), {}))

    def uncorroborated(self, evidence: Evidence) -> int:
        """How many disputed examples of judged ``evidence`` only one model has answered so."""
        disputed = (result for result in evidence.results if result.status is ExampleStatus.DISPUTED)
        return sum(self.witnesses(result) < 2 for result in disputed)

    def settle(self, checked: Checked) -> Evidence:
        """A candidate's evidence as it is told: judged, with how far others behave alike, without what only served to
        compare."""
        agreement = self.behaviours.agreement(checked.candidate.model, checked.raw)
        return replace(self.judge(checked.raw), agreement=agreement, observed=())

    def _judged(self, result: ExampleResult) -> ExampleResult:
        if result.unmet and result.id in self._passed:
            return replace(result, status=ExampleStatus.FAILED, unmet=False)
        if (
            result.status is ExampleStatus.FAILED
            and result.kind is not ExampleKind.TEST
            and result.id not in self._passed
        ):
            return replace(result, status=ExampleStatus.DISPUTED)
        return result


async def check(
    task: Task,
    candidates: Sequence[Candidate],
    *,
    toolchain: Toolchain | None,
    syntax: Syntax,
    examples: Examples,
    fast: FastGate | None = None,
) -> tuple[Checked, ...]:
    """The distinct candidates, checked and the best first. ``examples`` learns from all of them.

    Cheap before dear: the same text is checked once, and a text with new syntax errors is compiled only where every
    one has them (its diagnostics teach the next attempt). Evidence is run for what is not known to be broken.
    ``fast`` gives the order where there are several: those that it finds errors in are left out once another compiles
    and fails nothing, and come last otherwise. So a wrong word of it costs time, and never an answer.
    ``candidates`` must not be empty. Raises nothing but a cancel.
    """
    by_text: dict[str, Candidate] = {}
    for candidate in candidates:
        by_text.setdefault(_bare(candidate.text), candidate)
    distinct = list(by_text.values())
    if toolchain is None:
        reason = f"there is no compiler check for {task.document.language} here"
        report = BuildReport(status=BuildStatus.UNVERIFIED, tool="none", reason=reason)
        return tuple(Checked(candidate=candidate, build=report) for candidate in _sound(task, distinct, syntax))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(candidate: Candidate) -> Checked:
        async with gate:
            build = await toolchain.build(task, candidate.text)
            if build.compiled is False:
                return Checked(candidate=candidate, build=build)
            return Checked(candidate=candidate, build=build, raw=await toolchain.evidence(task, candidate))

    checked: list[Checked] = []
    for batch in await _batches(task, _sound(task, distinct, syntax), fast):
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(candidate)) for candidate in batch]
        checked += [task_.result() for task_ in running]
        if any(item.build.compiled and not item.raw.count(ExampleStatus.FAILED) for item in checked):
            break
    for item in checked:
        examples.learn(item)
    return tuple(sorted(checked, key=lambda item: rank(item, examples), reverse=True))


def rank(checked: Checked, examples: Examples) -> tuple[object, ...]:
    """A sort key, larger is better: compiles, fails little that is undisputed, passes much, behaves like what other
    models wrote, then like what its own model wrote, is short. Comparable among the candidates of one job."""
    judged = examples.judge(checked.raw)
    model = checked.candidate.model
    agreement = examples.behaviours.agreement(model, checked.raw)
    return (
        {True: 2, None: 1, False: 0}[checked.build.compiled],
        -judged.count(ExampleStatus.FAILED),
        judged.proofs,
        -len(checked.build.diagnostics) if checked.build.compiled is False else 0,
        round(agreement.share, 6) if agreement is not None else 0.0,
        round(examples.behaviours.own(model, checked.raw), 6),
        -len(checked.candidate.code),
    )


async def _batches(task: Task, candidates: Sequence[Candidate], fast: FastGate | None) -> Sequence[Sequence[Candidate]]:
    """What is checked together: first all that the fast gate has nothing against, then the others, the better first."""
    if fast is None or len(candidates) < 2:
        return [candidates]
    reports = await fast.look(task, [candidate.text for candidate in candidates])
    counted = [
        (len(report.problems) if report is not None else 0, candidate)
        for report, candidate in zip(reports, candidates, strict=True)
    ]
    promising = [candidate for errors, candidate in counted if not errors]
    suspect = [candidate for errors, candidate in sorted(counted, key=lambda pair: pair[0]) if errors]
    later = [suspect[start : start + AT_ONCE] for start in range(0, len(suspect), AT_ONCE)]
    return [promising, *later] if promising else later


def _sound(task: Task, candidates: Sequence[Candidate], syntax: Syntax) -> Sequence[Candidate]:
    language = task.document.language
    before = len(syntax.outline(task.document.text, language).errors)
    counted = [(len(syntax.outline(candidate.text, language).errors), candidate) for candidate in candidates]
    sound = [candidate for errors, candidate in counted if errors <= before]
    return sound or [min(counted, key=lambda pair: pair[0])[1]]


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
