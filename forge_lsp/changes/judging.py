"""Judging a change: every file compiled with the whole change in place, every place's checks run before and after.

The rule for checks and its words are those of jobs. No panel looks at a change, so evidence alone decides: a proof, or
for working code that everything is kept.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from forge_lsp.changes.places import ChangedPlace, places_of
from forge_lsp.changes.values import Change, FileVerdict, Judgement, PlaceVerdict, Ruling
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, DecisionKind, Evidence
from forge_lsp.core.checks import AGAINST, CheckKind, Grade
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Scoping, Syntax, Toolchain
from forge_lsp.core.task import Document, FileChange, Scope, ScopeKind, Task, TextRange
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.decision import decide
from forge_lsp.ensemble.schedule import Accept

__all__ = ["JudgingTools", "is_test", "judge"]

_TEST = re.compile(
    r"(?:^|[._\-/])(?:tests?|spec|__tests__)(?:[._\-/]|$)|[a-z]Tests?\.\w+$|[a-z]_test\.\w+$"
    r"|(?:^|/)(?:conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|package\.json|\.mocharc\.\w+"
    r"|(?:jest|vitest|karma|playwright)\.config\.\w+)$"
)
"""Tests, what only they use, and what says which tests are run and how."""
_AT_ONCE = 2  # places of a file; each runs tests in a sandbox of its own

Watch = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingTools:
    """What a change is judged with. ``toolchains`` answers those of a workspace's settings, and raises SettingsError
    and EnvironmentFault."""

    toolchains: Callable[[Path | None], Awaitable[Mapping[Language, Toolchain]]]
    languages: Languages
    syntax: Syntax
    scoping: Scoping


def is_test(name: str) -> bool:
    """Whether a file, by its path in the project, holds tests, or what decides how they run."""
    return _TEST.search(name) is not None


async def judge(
    changes: Sequence[Change],
    tools: JudgingTools,
    *,
    against: str,
    trust_tests: bool = False,
    least: Grade | None = Grade.KEPT,
    watch: Watch = lambda words: None,  # noqa: ARG005
) -> Judgement:
    """Return what the parts of a change come to, one a workspace. ``against`` says what it is compared with, in words.

    Tests that the change itself adds or alters are run as they were before, since what a candidate brings proves
    nothing of it; with ``trust_tests`` as they are now. ``least`` is the grade of proof that every place needs (None:
    it is enough that it compiles and that nothing speaks against it). ``watch`` hears what is done next, in words.
    Raises SettingsError and EnvironmentFault before anything runs; what cannot be run then is unverified.
    """
    started = time.perf_counter()
    notes: list[str] = []
    verdicts: list[FileVerdict] = []
    toolchains = [await tools.toolchains(change.workspace) for change in changes]
    for change, known in zip(changes, toolchains, strict=True):
        others = _others(change, tools.languages, trust_tests, notes)
        for file in change.files:
            name = _name(change, file.path)
            language = tools.languages.of_file(file.path.name)
            if language is None or is_test(name) or (change.only is not None and file.path not in change.only):
                continue
            if file.before == file.after:
                continue
            verdict = await _File(
                change=change,
                file=file,
                name=name,
                language=language,
                others=tuple(other for other in others if other.path != file.path),
                toolchain=known.get(language),
                tools=tools,
                least=least,
                trust_tests=trust_tests,
                notes=notes,
                watch=watch,
            ).verdict()
            if verdict.places:
                verdicts.append(verdict)
    verdicts = _with_helpers(verdicts)
    ruling, reason, grade = _whole(verdicts)
    return Judgement(
        ruling=ruling,
        reason=reason,
        grade=grade,
        against=against,
        files=tuple(verdicts),
        notes=tuple(dict.fromkeys(notes)),
        seconds=time.perf_counter() - started,
    )


def _others(change: Change, languages: Languages, trust_tests: bool, notes: list[str]) -> tuple[FileChange, ...]:
    """Every file of the change as it is laid over the disk, before and after."""
    found: list[FileChange] = []
    for file in change.files:
        name = _name(change, file.path)
        before, after = file.before, file.after
        language = languages.of_file(file.path.name)
        if before == after:
            pass
        elif is_test(name):
            before = after = after if trust_tests else before
            if not trust_tests:
                notes.append(
                    f"{name}: a test, or a setting of tests, that the change alters; it counts as it was before"
                )
        elif language is None:
            notes.append(f"{name}: not judged; it is in place both before and after")
            before = after
        elif before is None and language.listed:
            before = after  # its compiler is given it by name: it may not be away
        found.append(replace(file, before=before, after=after))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file of a change on its way to a verdict."""

    change: Change
    file: FileChange
    name: str
    language: Language
    others: tuple[FileChange, ...]
    toolchain: Toolchain | None
    tools: JudgingTools
    least: Grade | None
    trust_tests: bool
    notes: list[str]
    watch: Watch

    async def verdict(self) -> FileVerdict:
        """Its build, and each of its places."""
        before, after = self.file.before, self.file.after
        if before is None:
            before = _without_code(after or "", self.language)
        if after is None:
            after = _without_code(before, self.language)
        document = Document(uri=self.file.path.as_uri(), language=self.language, text=before, path=self.file.path)
        places = places_of(
            document, after, syntax=self.tools.syntax, scoping=self.tools.scoping, lines=self.change.lines
        )
        if not places:
            report = BuildReport(status=BuildStatus.PASSED, tool="none")
            return FileVerdict(file=self.name, language=self.language, build=report, places=())
        if self.toolchain is None:
            reason = f"there is no compiler check for {self.language} here"
            report = BuildReport(status=BuildStatus.UNVERIFIED, tool="none", reason=reason)
        else:
            self.watch(f"{self.name}: compiling")
            whole = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(before)))
            report = await self.toolchain.build(self._task(document, whole), after)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(place: ChangedPlace) -> PlaceVerdict:
            async with gate:
                return await self._place(document, place, after, report)

        async with asyncio.TaskGroup() as group:
            judging = [group.create_task(one(place)) for place in places]
        judged = tuple(task.result() for task in judging)
        return FileVerdict(file=self.name, language=self.language, build=report, places=judged)

    async def _place(self, document: Document, place: ChangedPlace, after: str, build: BuildReport) -> PlaceVerdict:
        evidence = Evidence()
        if self.toolchain is not None and build.compiled is not False:
            self.watch(f"{self.name}: {place.name or 'the file'}: running tests and examples, before and after")
            task = self._task(document, place.scope)
            candidate = Candidate(code=place.code, text=after, model="", attempt=0)
            evidence = self._counted(await self.toolchain.evidence(task, candidate), after)
            checks = Checks(unfinished=place.scope.unfinished)
            evidence = checks.settle(CheckedCandidate(candidate=candidate, build=build, raw=evidence), last=True)
        gone = not place.code
        ruling, reason = _ruled(build, evidence, None if gone else self.least)
        if gone and ruling is Ruling.ACCEPTED:
            reason = "it was taken out, and nothing misses it"
        return PlaceVerdict(
            file=self.name,
            name=place.name,
            lines=place.lines,
            ruling=ruling,
            reason=reason,
            evidence=evidence,
            code=place.code,
            new=place.new,
            gone=gone,
        )

    def _task(self, document: Document, scope: Scope) -> Task:
        words = self.tools.scoping.instruction(document, scope, None, ())
        return Task(
            document=document, scope=scope, instruction=words, workspace=self.change.workspace, others=self.others
        )

    def _counted(self, evidence: Evidence, after: str) -> Evidence:
        """The evidence without the examples that a trusted change took out of the documentation, or altered."""
        if not self.trust_tests:
            return evidence
        lost = {
            result.id
            for result in evidence.results
            if result.kind is not CheckKind.TEST and result.status in AGAINST and result.source.strip() not in after
        }
        if lost:
            self.notes.append(f"{self.name}: examples that the change altered or took out do not count ({len(lost)})")
        return replace(evidence, results=tuple(one for one in evidence.results if one.id not in lost))


def _with_helpers(files: Sequence[FileVerdict]) -> list[FileVerdict]:
    """The verdicts, those of new functions that nothing speaks of taken from what uses them.

    A new helper has no test, and needs none of its own: what its caller's checks show, they show of both. Only what is
    new and is named in a place that is accepted by its checks counts, also through other helpers.
    """
    judged = [place for file in files for place in file.places]
    found = list(judged)
    waiting = {
        number
        for number, one in enumerate(judged)
        if one.ruling is Ruling.UNVERIFIED
        and one.new
        and not one.evidence.results
        and one.evidence.doubt is None
        and one.evidence.blocked is None
    }
    users = [
        number
        for number, one in enumerate(judged)
        if one.ruling is Ruling.ACCEPTED and one.grade is not None and not one.gone
    ]
    shown = {number: judged[number].reason for number in users}  # by what the first user of each is accepted
    while users:
        user = users.pop()
        for number in sorted(waiting):
            last = found[number].name.rpartition(".")[2]
            if re.search(rf"\b{re.escape(last)}\b", found[user].code) is None:
                continue
            waiting.discard(number)
            users.append(number)
            shown[number] = shown[user]
            found[number] = replace(
                found[number],
                ruling=Ruling.ACCEPTED,
                reason=f"{found[user].name or 'the file'} uses it: {shown[user]}",
                inherited=found[user].grade,
            )
    rest = iter(found)
    return [replace(file, places=tuple(itertools.islice(rest, len(file.places)))) for file in files]


def _ruled(build: BuildReport, evidence: Evidence, least: Grade | None) -> tuple[Ruling, str]:
    """What a place comes to by what was seen, and why in words."""
    accept = Accept(rule="evidence", proof=least or Grade.REVIEWED)
    decision = decide(build=build, evidence=evidence, verdict=None, accept=accept, last=True)
    reason = decision.reason
    if decision.kind is not DecisionKind.ACCEPT:
        return Ruling.REFUSED, reason
    if not decision.unverified:
        return Ruling.ACCEPTED, reason
    open_ = build.compiled is None or evidence.doubt is not None or evidence.blocked is not None
    if least is None and not open_ and not any(result.environment for result in evidence.results):
        return Ruling.ACCEPTED, "it compiles, and nothing speaks against it; nothing shows that it works"
    return Ruling.UNVERIFIED, reason


def _whole(files: list[FileVerdict]) -> tuple[Ruling, str, Grade | None]:
    """The worst place's ruling, the reason that goes with it, and the least grade."""
    places = [place for file in files for place in file.places]
    if not places:
        return Ruling.ACCEPTED, "there is nothing to check", None
    worst = max(places, key=lambda place: place.ruling.badness)
    same = sum(place.ruling is worst.ruling for place in places)
    if worst.ruling is Ruling.ACCEPTED:
        grades = [place.grade for place in places if not place.gone]
        known = [grade for grade in grades if grade is not None]
        grade = min(known, key=lambda one: one.rank) if known and len(known) == len(grades) else None
        if len(places) == 1:
            return worst.ruling, worst.reason, grade
        least = min(
            (place for place in places if not place.gone),
            default=worst,
            key=lambda place: -1 if place.grade is None else place.grade.rank,
        )
        return worst.ruling, f"each of the {len(places)} places that it touches; least: {least.reason}", grade
    where = f"{worst.file}: {worst.name}" if worst.name else worst.file
    more = f" (and {same - 1} more place{'' if same == 2 else 's'})" if same > 1 else ""
    return worst.ruling, f"{where}: {worst.reason}{more}", None


def _name(change: Change, path: Path) -> str:
    """A file's path in the workspace, with ``/``."""
    if path.is_relative_to(change.workspace):
        return PurePosixPath(path.relative_to(change.workspace)).as_posix()
    return path.name


def _without_code(text: str, language: Language) -> str:
    """What is left of a file without its code: the clause without which it does not compile, where there is one."""
    found = language.editing().clause.search(text)
    return f"{found[0]}\n" if found is not None else ""
