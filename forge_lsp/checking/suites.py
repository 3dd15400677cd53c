"""The tests of a project, on its untouched tree and on a candidate's: run, compared, and run again where it counts."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from forge_lsp.checking.kept_runs import KeptRuns
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import SuiteRun, failed, tail
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import (
    AGAINST,
    Cause,
    CheckKind,
    CheckResult,
    CheckStatus,
    Run,
    RunState,
    status_of,
)
from forge_lsp.core.languages import Language
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.recent import Recent

__all__ = [
    "FICKLE",
    "Memory",
    "Suite",
    "joined",
    "judged",
    "not_run",
    "outside",
    "speaking_of",
    "unconfirmed",
    "with_remedies",
]

_STAGED = 5.0
"""From so many seconds on, what calls the scope is run by itself, first."""
_LONG = 0.5
"""Where the untouched text's tests take this share of their time, a candidate's may not come to their end."""
FICKLE = "it passes and fails on the same code"
_FINE = frozenset({CheckStatus.PROOF, CheckStatus.KEPT})
_MOST_FILES = 2_000
_WORD = re.compile(r"[^\W\d]\w*")
_TRIPLE = re.compile(r"(\"{3}|'{3}).*?\1", re.S)
_NUMBER = re.compile(r"\d+")
_ERROR_OF_SYNTAX = re.compile(
    r"syntax\s?error|parse\s?error|error: (?:expected|unexpected|missing|stray|unterminated)|unexpected token|unclosed|"
    r"invalid (?:expression|token)|illegal start|[;)}\]'\"] expected",
    re.I,
)

R = TypeVar("R", bound=SuiteRun)


@dataclass(frozen=True, slots=True)
class _Known(Generic[R]):
    """A run, how many seconds it took, and whether an earlier process saw it."""

    run: R
    seconds: float
    earlier: bool = False


class Memory(Generic[R]):
    """Runs of untouched trees, each a ``kind``, by their fingerprints: the tests are run on each once. It knows how
    long that took. ``folder``: where they are kept for the next process (None: nowhere).
    """

    def __init__(self, kind: type[R], folder: Path | None = None, *, limit: int = 16) -> None:
        self._known = Recent[str, _Known[R]](limit)
        self._turn = asyncio.Lock()
        self._disk = KeptRuns(folder, kind) if folder is not None else None

    async def get(self, key: str, run: Callable[[], Awaitable[R]], *, again: bool = False, keep: bool = True) -> R:
        """Return the run for ``key``, by ``run`` where it is not known yet. What an earlier process saw is known,
        unless it is to be run ``again``; ``keep``: for the next process too."""
        async with self._turn:
            known = self._known.get(key)
            disk = self._disk if keep else None
            if known is None and disk is not None and not again:
                kept = await asyncio.to_thread(disk.load, key)
                known = _Known(*kept, earlier=True) if kept is not None else None
            if known is None or (again and known.earlier):
                started = time.monotonic()
                found = await run()
                known = _Known(found, time.monotonic() - started)
                if disk is not None:
                    await asyncio.to_thread(disk.save, key, found, known.seconds)
            self._known[key] = known
            return known.run

    def earlier(self, key: str) -> bool:
        """Return whether the run for ``key`` is one that an earlier process saw."""
        return key in self._known and self._known[key].earlier

    def seconds(self, key: str) -> float:
        """Return how long the run for ``key`` took, in seconds; 0 where it is not known."""
        return self._known[key].seconds if key in self._known else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite(Generic[R]):
    """Tests that one runner takes.

    ``name`` is what people call it. ``run`` runs it with a text in the document's place: all of it, or, of those that
    it can pick, only the tests named (None: all). ``key`` is the untouched tree's fingerprint. ``speaks`` says
    whether a test calls the scope, ``proves`` whether it says what should come of that. ``brings`` tells the names that
    a candidate defines for them; None: all words of its code. ``unit`` is what a test is picked with (its file, or
    itself); None: all of the suite is run anyway. ``other_file`` gives the file of a test; "": it is the document, or
    not known, so that a candidate may have brought the test. ``seconds`` is the time for one run.
    """

    name: str
    key: str
    run: Callable[[str, Sequence[str] | None], Awaitable[R]]
    speaks: Callable[[str], bool] = lambda name: True  # noqa: ARG005
    proves: Callable[[str], bool] = lambda name: True  # noqa: ARG005
    brings: Callable[[Candidate], frozenset[str]] | None = None
    unit: Callable[[str], str] | None = None
    other_file: Callable[[str], str] = lambda name: ""  # noqa: ARG005
    seconds: float | None = None


async def judged(suite: Suite[R], task: Task, candidate: Candidate, memory: Memory[R]) -> tuple[CheckResult, ...]:
    """Run a suite on the untouched text (once for all candidates) and on the candidate, and return what each test says.

    A test that changes its mind proves nothing and is held against nobody: what fails is run again before it counts,
    what would be a proof is run again on the untouched text. Of a suite that takes long, the tests that call the scope
    are run first, and no others once one of them has failed. What was not run for that, or for want of time, is told in
    a result of its own. What an earlier process saw of the untouched text is believed only where there is nothing to
    hold against the candidate: what it depended on outside the project may have changed since. Raises EnvironmentFault
    as ``suite.run`` does.
    """

    async def untouched() -> R:
        return await suite.run(task.document.text, None)

    before = await memory.get(suite.key, untouched)
    results = await _judged(suite, task, candidate, memory, before)
    if not memory.earlier(suite.key) or await _holds(suite, task, before, results):
        return results
    return await _judged(suite, task, candidate, memory, await memory.get(suite.key, untouched, again=True))


async def _holds(suite: Suite[R], task: Task, before: R, results: Sequence[CheckResult]) -> bool:
    """Whether a run of the untouched text that an earlier process saw can be believed: nothing speaks against the
    candidate, and what neither speaks for it (a test that is skipped) ends as it did."""
    if not results or any(result.status in AGAINST for result in results):
        return False
    names = {result.id.removeprefix(f"{suite.name}:") for result in results if result.status not in _FINE}
    if not names:
        return True
    if not names <= before.runs.keys():
        return False
    again = await suite.run(task.document.text, sorted(names))
    return all(name in again.runs and again.runs[name].state is before.runs[name].state for name in names)


async def _judged(
    suite: Suite[R], task: Task, candidate: Candidate, memory: Memory[R], before: R
) -> tuple[CheckResult, ...]:
    """Run a suite on the candidate, and return what each test says after its run ``before``."""
    took = memory.seconds(suite.key)
    brought = suite.brings(candidate) if suite.brings is not None else brought_by(task, candidate, before)
    results: dict[str, CheckResult] = {}
    fickle: set[str] = set()
    left: list[CheckResult] = []
    late = set(before.late) - before.runs.keys()
    parts = _parts(suite, before, took)
    for number, part in enumerate(parts):
        after = await suite.run(candidate.text, part)
        # As long as that takes, a little more of it is no fault.
        over = set(after.late) if suite.seconds is not None and took > suite.seconds * _LONG else set[str]()
        late |= over
        was = replace(before, runs={name: run for name, run in before.runs.items() if name not in over})
        was = was if part is None else _only(was, part)
        found = compared(
            suite.name,
            was,
            after,
            brought=brought,
            speaks=suite.speaks,
            proves=suite.proves,
            other_file=suite.other_file,
            half_written=task.scope.half_written,
            errors_beside=task.scope.errors_beside,
        )
        results |= found
        against = [name for name, result in found.items() if result.status in AGAINST and name in after.runs]
        if against:
            again = await suite.run(candidate.text, against)
            fickle |= {name for name in against if _passes(again, name)}
        first = next((name for name in found if found[name].status in AGAINST and name not in fickle), None)
        if first is not None and parts[number + 1 :]:
            left.append(_left(suite, [name for part in parts[number + 1 :] for name in part or ()], f"{first} failed"))
            break
    places = {name: at for at, name in enumerate(before.runs)}
    results = dict(sorted(results.items(), key=lambda pair: places.get(pair[0], len(places))))
    if late:
        how = f" ({suite.seconds:g} s)" if suite.seconds is not None else ""
        left.append(_left(suite, sorted(late), f"the time for tests{how} was over", _more_time(task)))
    proofs = [name for name, result in results.items() if result.status is CheckStatus.PROOF and name in before.runs]
    fickle |= await unconfirmed(suite, task, proofs, memory)
    told = (
        replace(result, status=CheckStatus.FLAKY, detail=FICKLE) if name in fickle else result
        for name, result in results.items()
    )
    return (*told, *left)


async def unconfirmed(suite: Suite[R], task: Task, proofs: Sequence[str], memory: Memory[R]) -> set[str]:
    """Return those of the tests that would be ``proofs`` which pass on the untouched text where it is run again."""
    if not proofs:
        return set()
    key = f"{suite.key}\0again\0{sorted(proofs)}"
    again = await memory.get(key, lambda: suite.run(task.document.text, proofs), keep=False)
    return {name for name in proofs if _passes(again, name)}


def _parts(suite: Suite[R], before: R, took: float) -> list[list[str] | None]:
    """What is run one after the other: first what is picked with a test that calls the scope; None: all at once."""
    if suite.unit is None or took < _STAGED or before.uncollected:
        return [None]
    units = {suite.unit(name) for name in before.runs if suite.speaks(name)}
    first = [name for name in before.runs if suite.unit(name) in units]
    rest = [name for name in before.runs if suite.unit(name) not in units]
    return [first, rest] if first and rest else [None]


def _only(run: SuiteRun, names: Sequence[str]) -> SuiteRun:
    wanted = set(names)
    return replace(run, runs={name: one for name, one in run.runs.items() if name in wanted})


def _left(suite: Suite[R], names: Sequence[str], why: str, remedy: str | None = None) -> CheckResult:
    """The result of tests that were left out of a run."""
    count = f"{len(names)} tests were" if len(names) > 1 else f"{names[0]} was"
    return CheckResult(
        id=f"{suite.name} (left out: {why})",
        kind=CheckKind.TEST,
        status=CheckStatus.NOT_RUNNABLE,
        source=suite.name,
        detail=f"{count} not run: {why}",
        remedy=remedy,
    )


def _more_time(task: Task) -> str:
    return f"give them more time by check.{task.document.language.id}.tests_seconds"


def _passes(run: SuiteRun, name: str) -> bool:
    known = run.runs.get(name)
    return known is not None and known.state is RunState.PASSED


def compared(
    suite: str,
    before: SuiteRun,
    after: SuiteRun,
    *,
    brought: frozenset[str] = frozenset(),
    speaks: Callable[[str], bool] = lambda name: True,  # noqa: ARG005
    proves: Callable[[str], bool] = lambda name: True,  # noqa: ARG005
    other_file: Callable[[str], str] = lambda name: "",  # noqa: ARG005
    half_written: bool = False,
    errors_beside: bool = False,
) -> dict[str, CheckResult]:
    """Return a result for each test by name, and for each part that came to its tests neither before nor after.

    ``half_written`` and ``errors_beside`` are the scope's: what stood in it, or what stands beside it, may keep the
    document from being parsed.
    """
    names = dict.fromkeys((*before.runs, *after.runs))
    parts = [
        part
        for part in dict.fromkeys((*before.uncollected, *after.uncollected))
        if not any(name.startswith(part) for name in names)
    ]
    results: dict[str, CheckResult] = {}
    # Files in which the scope ended tests before: those that would have come after are the user's as well.
    ended = {other_file(name) for name, run in before.runs.items() if run.cause is Cause.SCOPE} - {""}
    for name in (*names, *parts):
        was, now = before.of(name), after.of(name)
        if half_written and _waited(was, now, ours=other_file(name) == ""):
            was = failed(was.detail if was else "", cause=Cause.SCOPE if speaks(name) else Cause.UNKNOWN)
        status = status_of(
            was, now, brought=brought, speaks=speaks(name), proves=proves(name), hidden=other_file(name) in ended
        )
        if errors_beside and was is not None and now is not None and _same_syntax_error(was, now):
            status = CheckStatus.NOT_RUNNABLE
        if status is not None:
            results[name] = _result(suite, name, status, was, now, after)
    return results


def _waited(was: Run | None, now: Run | None, *, ours: bool) -> bool:
    """Whether a test could not be run, or failed, for want of a document that can be parsed. ``ours``: a candidate may
    have brought it."""
    if now is None or now.state is RunState.NOT_RUN:
        return False
    if was is None:
        return not ours
    return was.state is RunState.NOT_RUN or (was.state is RunState.FAILED and now.state is RunState.PASSED)


def _same_syntax_error(was: Run, now: Run) -> bool:
    """Whether the same error of syntax ended a test before and after."""
    same = _NUMBER.sub("", was.detail) == _NUMBER.sub("", now.detail)
    return same and RunState.PASSED not in (was.state, now.state) and _ERROR_OF_SYNTAX.search(now.detail) is not None


def _result(
    suite: str, name: str, status: CheckStatus, was: Run | None, now: Run | None, after: SuiteRun
) -> CheckResult:
    whole = name in ("", suite)
    fine = status in (CheckStatus.PROOF, CheckStatus.KEPT)
    run = now or Run(state=RunState.NOT_RUN, detail=after.words or "it is not there any more")
    environment = False
    if status is CheckStatus.NOT_RUNNABLE and was is not None and was.state is RunState.NOT_RUN and not run.marked:
        run = replace(run, detail=was.detail or run.detail)
        environment = was.cause is not Cause.ELSEWHERE
    detail = run.detail
    if not fine and run.state is RunState.SKIPPED:
        how = "it skips itself" if run.marked else "it was skipped"
        detail = f"{how}{f': {detail}' if detail else ''}"
    return CheckResult(
        id=suite if whole else f"{suite}:{name}",
        kind=CheckKind.TEST,
        status=status,
        source=suite if whole else f"{suite}: {name}",
        expected="" if fine else run.expected,
        actual="" if fine else run.actual,
        detail="" if fine else tail(detail),
        environment=environment,
    )


def _uncommented(text: str, language: Language) -> str:
    """Return a text without the lines that are comments, and without documentation in triple quotes."""
    text = _TRIPLE.sub('""', text) if language.indented else text
    starts = (language.comment, "/*", "* ", "*/")
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(starts))


def brought_by(task: Task, candidate: Candidate, before: SuiteRun) -> frozenset[str]:
    """Return the names that a candidate brings, as far as tests wait for one: those in its code, comments aside.

    Where it is free to choose (nothing of a name is there yet) and brings none of the names that tests want of its
    document, it owes them all.
    """
    brought = frozenset(_WORD.findall(_uncommented(candidate.code or candidate.text, task.document.language)))
    wanted = frozenset(name for run in before.all_runs if run.cause is Cause.SCOPE for name in run.missing)
    free = task.scope.kind is not ScopeKind.DEFINITION
    return brought | wanted if free and wanted and wanted.isdisjoint(brought) else brought


def not_run(suite: str, reason: str, remedy: str | None = None) -> CheckResult:
    """Return the result of tests that are there and cannot be run here: neither for the candidate nor against it."""
    return CheckResult(
        id=suite,
        kind=CheckKind.TEST,
        status=CheckStatus.NOT_RUNNABLE,
        source=suite,
        detail=reason,
        remedy=remedy,
        environment=True,
    )


def joined(*parts: Evidence) -> Evidence:
    """Return what several kinds of evidence show together. Something that was run outweighs what could not be."""
    results = tuple(result for part in parts for result in part.results)
    blocked = None if results else next((part for part in parts if part.blocked is not None), None)
    return Evidence(
        results=results,
        blocked=blocked.blocked if blocked else None,
        remedy=blocked.remedy if blocked else None,
        seconds=sum(part.seconds for part in parts),
        observed=tuple(seen for part in parts for seen in part.observed),
        doubt="; ".join(dict.fromkeys(part.doubt for part in parts if part.doubt)) or None,
    )


def with_remedies(results: Iterable[CheckResult], remedy: Callable[[str], str | None]) -> tuple[CheckResult, ...]:
    """Return results with what to do, by their details, about those that the environment keeps from being run; a remedy
    that one has stays."""
    return tuple(
        replace(one, remedy=remedy(one.detail)) if one.environment and one.remedy is None else one for one in results
    )


def outside(document: PurePosixPath, separator: str) -> Callable[[str], str]:
    """Return what gives the file of a test whose name begins with it, up to ``separator``; "" where it is the document,
    in which a candidate may have brought the test."""

    def other_file(name: str) -> str:
        file = name.partition(separator)[0]
        return "" if file == str(document) else file

    return other_file


def speaking_of(
    place: Place, files: Iterable[str], names: Iterable[str | None], *, most: int, often_first: bool = False
) -> tuple[PurePosixPath, ...]:
    """Return those of ``files`` whose text has one of ``names`` as a word, ``most`` of them: those with an earlier name
    come first. Where there are more, those that have it most often are taken; with ``often_first`` they come first."""
    words = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in dict.fromkeys(names) if name]
    found: list[tuple[int, int, PurePosixPath]] = []
    for file in sorted(file for file in files if file != str(place.document))[:_MOST_FILES]:
        text = place.text(PurePosixPath(file)) or ""
        rank = next((rank for rank, word in enumerate(words) if word.search(text)), None)
        if rank is not None:
            found.append((rank, -len(words[rank].findall(text)), PurePosixPath(file)))
    chosen = sorted(found)[:most]
    if not often_first:
        chosen.sort(key=lambda one: (one[0], one[2]))
    return tuple(file for *_, file in chosen)
