"""Candidates to builds and checks: what was seen is proof, what was said is opinion. Ranks the samples of a rung."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Diagnostic, Evidence, Observation, Severity
from forge_lsp.core.checks import AGAINST, CheckStatus, grade_of
from forge_lsp.core.ports import FastGate, Syntax, Toolchain
from forge_lsp.core.task import Task
from forge_lsp.ensemble.agreement import Behaviours, answer_of
from forge_lsp.ensemble.committee import Committee, share, supports
from forge_lsp.ensemble.merit import SUPPORTING_MODELS, SUPPORTING_POINTS, SUPPORTING_SHARE, merit
from forge_lsp.ensemble.replies import Replies, graded

if TYPE_CHECKING:
    from forge_lsp.ensemble.ahead import EarlyChecks

__all__ = ["CheckedCandidate", "Checks", "bare", "check", "check_one", "rank", "ranked", "worth_a_check"]

AT_ONCE = 2  # compilers running side by side; each is a process that wants a core or more


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCandidate:
    """A candidate with what its checks showed. ``raw`` is the evidence as the toolchain told it, before disputes;
    ``also`` are the settings keys of other models that wrote the same."""

    candidate: Candidate
    build: BuildReport
    raw: Evidence = field(default_factory=Evidence)
    also: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Checks:
    """What every candidate of the job, of whatever model, sample or attempt, answered to every check.

    A check that is owed is *disputed* while no candidate passes it and candidates of two models that fail nothing else
    give one other value. ``unfinished``: the scope had no working code before. ``alone``: only one small model can
    write; then two of its samples are witnesses, and only once no attempt is left. ``identity`` gives a
    candidate's model: two keys of the settings may name one model, which is one witness. ``by_method``: the scope is a
    class, which is backed as far as the method on which candidates agree least. ``replies`` are the user's answers to
    questions.
    """

    unfinished: bool = False
    alone: bool = False
    by_method: bool = False
    identity: Callable[[str], str] = lambda key: key

    def __post_init__(self) -> None:
        self.behaviours = Behaviours()
        self.replies = Replies()
        self.committee = Committee(self.identity)
        self._wrote: dict[str, dict[str, None]] = {}
        self._met: set[str] = set()
        self._witnesses: dict[tuple[str, str], list[str]] = {}

    def learn(self, checked: CheckedCandidate) -> None:
        """Take in one candidate's results, once."""
        model = self.identity(checked.candidate.model)
        text = bare(checked.candidate.text)
        self._wrote.setdefault(text, {})[model] = None
        self._compare(model, checked)
        results = checked.raw.results
        self._met |= {result.id for result in results if result.status in (CheckStatus.PROOF, CheckStatus.KEPT)}
        against = [result for result in results if result.status in AGAINST]
        if len(against) == 1 and against[0].status is CheckStatus.OWED and checked.raw.doubt is None:
            answer = answer_of(against[0])
            if answer is not None:
                self._witnesses.setdefault((against[0].id, answer), []).append(model)

    def observe(self, checked: CheckedCandidate, observations: Sequence[Observation]) -> CheckedCandidate:
        """Take in what a candidate that is known gave to more calls, and return it with that."""
        seen = {one.call: one for one in (*checked.raw.observed, *observations)}
        more = replace(checked, raw=replace(checked.raw, observed=tuple(seen.values())))
        # Of models that wrote the same text, each has given these answers.
        for model in self._wrote.get(bare(checked.candidate.text), {}):
            self._compare(model, more)
        return more

    def _compare(self, model: str, checked: CheckedCandidate) -> None:
        key = bare(checked.candidate.text)
        self.behaviours.learn(model, checked.raw, key)
        self.committee.answered(model, key, {one.call: one.answer for one in checked.raw.observed})

    def judge(self, evidence: Evidence, *, last: bool = False) -> Evidence:
        """Return ``evidence`` with the checks that are disputed by what is known now, and those that the user's answers
        have settled. ``last``: no attempt is left."""
        disputed: dict[str, str] = {}
        settled = self.replies.settled
        for (check, answer), models in self._witnesses.items():
            if check in self._met or check in settled:
                continue
            if len(set(models)) > 1:
                disputed[check] = f"{_count(len(set(models)))} models answer {answer}"
            elif self.alone and last and len(models) > 1:
                disputed.setdefault(check, f"{_count(len(models))} samples answer {answer}")
        if not disputed and not settled:
            return evidence
        results = tuple(
            replace(result, status=CheckStatus.DISPUTED, detail=disputed[result.id])
            if result.status is CheckStatus.OWED and result.id in disputed
            else self.replies.amended(result)
            for result in evidence.results
        )
        return replace(evidence, results=results)

    def kept(self, evidence: Evidence) -> int:
        """Return how many checks a candidate keeps; what passes without any code counts for nothing."""
        return 0 if self.unfinished else evidence.count(CheckStatus.KEPT)

    def settle(self, checked: CheckedCandidate, *, last: bool = False) -> Evidence:
        """Return a candidate's evidence as it is shown: judged, with how far others behave alike and the grade that
        follows, without what only served to compare."""
        model = self.identity(checked.candidate.model)
        agreement = self.behaviours.agreement(model, checked.raw)
        backing = self.behaviours.backing(model, checked.raw, by_method=self.by_method)
        judged = self.judge(checked.raw, last=last)
        expected = self.committee.judge(model, checked.raw)
        supported = supports(expected) or (
            backing is not None
            and backing.models >= SUPPORTING_MODELS
            and backing.points >= SUPPORTING_POINTS
            and backing.share >= SUPPORTING_SHARE
        )
        grade = grade_of(judged.results, unfinished=self.unfinished, supported=supported)
        settled = replace(
            judged,
            agreement=agreement,
            committee=expected,
            merit=self.merit(checked),
            observed=(),
            grade=grade if judged.doubt is None else None,
        )
        return graded(settled, self.replies.of(checked.raw))

    def merit(self, checked: CheckedCandidate) -> float:
        """Return a candidate's merit by all that is known now: what was run, in one number."""
        judged = self.judge(checked.raw)
        model = self.identity(checked.candidate.model)
        agreement = self.behaviours.agreement(model, checked.raw)
        replies = self.replies.of(checked.raw)
        matched = sum(reply.agrees for reply in replies)
        return merit(
            passed=judged.count(CheckStatus.PROOF) + self.kept(judged),
            failed=judged.against,
            matched=matched,
            contradicted=len(replies) - matched,
            agreement=agreement.share if agreement is not None else None,
            committee=share(self.committee.judge(model, checked.raw)),
        )


def _count(number: int) -> str:
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[number - 2] if 2 <= number < len(words) + 2 else str(number)


async def check(
    task: Task,
    candidates: Sequence[Candidate],
    *,
    toolchain: Toolchain | None,
    syntax: Syntax,
    checks: Checks,
    fast: FastGate | None = None,
    ahead: EarlyChecks | None = None,
) -> tuple[CheckedCandidate, ...]:
    """Return the distinct candidates, checked and the best first. ``checks`` learns from all of them.

    Cheap before dear: the same text is checked once, and a text with new syntax errors is compiled only where every
    one has them (its diagnostics teach the next attempt). Evidence is run for what is not known to be broken.
    ``fast`` gives the order where there are several: those that it finds errors in are left out once another compiles
    and fails nothing, and come last otherwise. So a wrong word of it costs time, and never an answer. ``ahead`` has
    begun to check some of them already.
    ``candidates`` must not be empty. Raises nothing but a cancel.
    """
    by_text: dict[str, Candidate] = {}
    for candidate in candidates:
        by_text.setdefault(bare(candidate.text), candidate)
    distinct = list(by_text.values())
    if toolchain is None:
        reason = f"there is no compiler check for {task.document.language} here"
        report = BuildReport(status=BuildStatus.UNVERIFIED, tool="none", reason=reason)
        return tuple(
            CheckedCandidate(candidate=candidate, build=_by_grammar(task, candidate, syntax) or report)
            for candidate in _sound(task, distinct, syntax)
        )
    gate = asyncio.Semaphore(AT_ONCE)

    known = await ahead.seen(distinct) if ahead is not None else {}

    async def one(candidate: Candidate) -> CheckedCandidate:
        seen = known.get(bare(candidate.text))
        if seen is not None:
            return replace(seen, candidate=candidate)
        async with gate:
            return await check_one(task, candidate, toolchain=toolchain, syntax=syntax)

    checked: list[CheckedCandidate] = []
    for batch in await _batches(task, _sound(task, distinct, syntax), fast, known):
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(candidate)) for candidate in batch]
        checked += [task_.result() for task_ in running]
        if any(item.build.compiled and not item.raw.against for item in checked):
            break
    for number, item in enumerate(checked):
        checks.learn(item)
        # Two models that write the same agree in everything; it is checked once.
        same = [one for one in candidates if bare(one.text) == bare(item.candidate.text)]
        also = dict.fromkeys(one.model for one in same if one.model != item.candidate.model)
        checked[number] = replace(item, also=tuple(also))
        for model, twin in {checks.identity(one.model): one for one in same}.items():
            if model != checks.identity(item.candidate.model):
                checks.learn(replace(item, candidate=twin))
    return ranked(checked, checks)


async def check_one(task: Task, candidate: Candidate, *, toolchain: Toolchain, syntax: Syntax) -> CheckedCandidate:
    """Return one candidate, compiled, and run where it compiles. Raises nothing but a cancel."""
    build = await toolchain.build(task, candidate.text)
    if build.compiled is None:
        build = _by_grammar(task, candidate, syntax) or build
    if build.compiled is False:
        return CheckedCandidate(candidate=candidate, build=build)
    return CheckedCandidate(candidate=candidate, build=build, raw=await toolchain.evidence(task, candidate))


async def worth_a_check(task: Task, candidate: Candidate, *, syntax: Syntax, fast: FastGate | None) -> bool:
    """Whether nothing cheap speaks against a candidate: it brings no syntax error, and the fast gate finds none."""
    if any(errors > 0 for errors, _ in _errors(task, [candidate], syntax)):
        return False
    if fast is None:
        return True
    (report,) = await fast.look(task, [candidate.text])
    return report is None or not report.problems


def rank(checked: CheckedCandidate, checks: Checks) -> tuple[object, ...]:
    """Return a sort key, larger is better: compiles, has little against it, is proven, keeps what worked, has merit by
    what the user answered and other models wrote, behaves like what its own model wrote, is short. Comparable among the
    candidates of one job.

    Answers count in the merit alone: of people's answers some are slips, and as law they would lose what they gain.
    """
    judged = checks.judge(checked.raw)
    model = checks.identity(checked.candidate.model)
    return (
        {True: 2, None: 1, False: 0}[checked.build.compiled],
        -judged.against,
        judged.doubt is None,
        -judged.count(CheckStatus.DISPUTED),
        judged.count(CheckStatus.PROOF),
        checks.kept(judged),
        -len(checked.build.diagnostics) if checked.build.compiled is False else 0,
        round(checks.merit(checked), 6),
        round(checks.behaviours.own(model, checked.raw), 6),
        -len(checked.candidate.code),
    )


def ranked(checked: Sequence[CheckedCandidate], checks: Checks) -> tuple[CheckedCandidate, ...]:
    """Return candidates by what is known now, the best first."""
    return tuple(sorted(checked, key=lambda item: rank(item, checks), reverse=True))


async def _batches(
    task: Task, candidates: Sequence[Candidate], fast: FastGate | None, known: Container[str]
) -> Sequence[Sequence[Candidate]]:
    """What is checked together: first all that the fast gate has nothing against, or whose text is ``known``; then the
    others, the better first."""
    if fast is None or len(candidates) < 2:
        return [candidates]
    unknown = [candidate for candidate in candidates if bare(candidate.text) not in known]
    reports = await fast.look(task, [candidate.text for candidate in unknown]) if unknown else ()
    counted = [
        (len(report.problems) if report is not None else 0, candidate)
        for report, candidate in zip(reports, unknown, strict=True)
    ]
    promising = [candidate for candidate in candidates if bare(candidate.text) in known]
    promising += [candidate for errors, candidate in counted if not errors]
    suspect = [candidate for errors, candidate in sorted(counted, key=lambda pair: pair[0]) if errors]
    later = [suspect[start : start + AT_ONCE] for start in range(0, len(suspect), AT_ONCE)]
    return [promising, *later] if promising else later


def _sound(task: Task, candidates: Sequence[Candidate], syntax: Syntax) -> Sequence[Candidate]:
    counted = _errors(task, candidates, syntax)
    sound = [candidate for errors, candidate in counted if errors <= 0]
    return sound or [min(counted, key=lambda pair: pair[0])[1]]


def _errors(task: Task, candidates: Sequence[Candidate], syntax: Syntax) -> list[tuple[int, Candidate]]:
    """How many more syntax errors each has than the user's text."""
    language = task.document.language
    before = len(syntax.outline(task.document.text, language).errors)
    return [(len(syntax.outline(candidate.text, language).errors) - before, candidate) for candidate in candidates]


def _by_grammar(task: Task, candidate: Candidate, syntax: Syntax) -> BuildReport | None:
    """Return the grammar's word where no compiler has one: a report of new syntax errors, or None."""
    language = task.document.language
    errors = syntax.outline(candidate.text, language).errors
    if len(errors) <= len(syntax.outline(task.document.text, language).errors):
        return None
    found = tuple(
        Diagnostic(
            file=task.document.path.name if task.document.path is not None else "",
            line=candidate.text.count("\n", 0, error.start) + 1,
            severity=Severity.ERROR,
            message="syntax error",
            source="tree-sitter",
        )
        for error in errors
    )
    return BuildReport(status=BuildStatus.FAILED, tool="tree-sitter", diagnostics=found)


def bare(text: str) -> str:
    """Return a text without blank lines and what trails its lines: texts that are alike in this are checked once."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
