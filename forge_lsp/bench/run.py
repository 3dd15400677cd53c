"""The course of a run: which cases, in which order, what is known already, what is kept."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from forge_lsp import __version__
from forge_lsp.bench.case import Case, CaseTools, Unrunnable
from forge_lsp.bench.results import CaseResult, Store
from forge_lsp.bench.running import run_case
from forge_lsp.core.events import JobEvent
from forge_lsp.jobs.manager import JobManager

if TYPE_CHECKING:
    from forge_lsp.jobs.preparing import Setup

__all__ = ["RunProgress", "Watcher", "run", "run_key", "shuffled"]

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class RunProgress:
    """How far a run has come. ``kept`` is how many of the results were known before, ``obstacles`` why a language is
    left out and how many cases that is, ``complete`` whether all of what was asked for is there."""

    results: list[CaseResult] = field(default_factory=list[CaseResult])
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    kept: int = 0
    complete: bool = False

    @property
    def done(self) -> int:
        """How many cases have a result."""
        return len(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who hears how a run goes: ``begins`` each case before it is run (with its number), ``ends`` with its result
    and whether that was known, ``skips`` with the reason, ``event`` every event of its job."""

    begins: Callable[[Case, int], None]
    ends: Callable[[CaseResult, int, bool], None]
    skips: Callable[[str, str], None]
    event: Callable[[JobEvent], None]


def shuffled(items: Iterable[T], seed: int) -> tuple[T, ...]:
    """Return the items in an order that depends on ``seed`` alone, so that a smaller run is the start of a larger."""
    found = list(items)
    random.Random(seed).shuffle(found)
    return tuple(found)


def run_key(setup: Setup, *, seed: int, max_iterations: int | None, paths: Sequence[str]) -> str:
    """Return the name of a run: the same while models, schedule, rule, seed, paths and version are the same."""
    models = sorted((key, info.name, info.server, info.context) for key, info in setup.infos.items())
    attempts = max_iterations or setup.attempts
    parts = (__version__, setup.schedule, attempts, models, seed, sorted(paths))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def run(
    cases: Sequence[Case],
    *,
    most: int | None,
    tools: CaseTools,
    jobs: JobManager,
    store: Store,
    watcher: Watcher,
    course: RunProgress,
) -> None:
    """Run ``most`` of the cases (None: all), in order, into ``course``; what ``store`` knows is not run again.

    Cases that cannot be run are skipped with the reason and do not count. Raises EnvironmentFault where a job could
    not run at all; a cancel passes through. All that was run until then is kept.
    """
    obstacles: dict[str, str | None] = {}
    for case in cases:
        if most is not None and course.done >= most:
            break
        known = store.known(case.id, case.fingerprint)
        if known is not None:
            if known.skipped is not None:
                course.skipped[case.id] = known.skipped
                continue
            course.results.append(known)
            course.kept += 1
            watcher.ends(known, course.done, True)
            continue
        key = str(case.language) if case.shared else case.id
        if key not in obstacles:
            obstacles[key] = await _obstacle(case, tools)
            if (obstacle := obstacles[key]) is not None:
                watcher.skips(key, obstacle)
        if (obstacle := obstacles[key]) is not None:
            course.skipped[case.id] = obstacle
            continue
        try:
            async with case.opened(tools) as ready:
                watcher.begins(case, course.done + 1)
                result = await run_case(case, ready, jobs, watcher.event)
        except Unrunnable as reason:
            course.skipped[case.id] = str(reason)
            watcher.skips(case.id, str(reason))
            store.keep(_skipped(case, str(reason)))
            continue
        store.keep(result)
        course.results.append(result)
        watcher.ends(result, course.done, False)
    course.complete = True


async def _obstacle(case: Case, tools: CaseTools) -> str | None:
    try:
        return await case.obstacle(tools)
    except Unrunnable as reason:
        return str(reason)


def _skipped(case: Case, reason: str) -> CaseResult:
    return CaseResult(id=case.id, language=str(case.language), fingerprint=case.fingerprint, skipped=reason)
