"""The build gate that every language shares: only problems that the untouched tree does not have count."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import wraps
from types import CoroutineType
from typing import Any, ParamSpec

from forge_lsp.core.attempt import BuildReport, BuildStatus, Diagnostic, Evidence, Severity
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.task import Task
from forge_lsp.recent import Recent

__all__ = [
    "Baselines",
    "Check",
    "CheckedTree",
    "Fault",
    "fault_of",
    "gate",
    "measured",
    "new_problems",
    "unchanged",
    "without_asked",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What this machine or the untouched tree lacks, and the command or step that fixes it."""

    reason: str
    remedy: str | None = None

    @classmethod
    def of(cls, error: EnvironmentFault | OSError) -> Fault:
        """Return what an error says of this machine, and what to do about it."""
        return fault_of(error) if isinstance(error, OSError) else cls(reason=str(error), remedy=error.remedy)

    def unverified(self, tool: str) -> BuildReport:
        """Return the report of a check by ``tool`` that could not be made for this."""
        return BuildReport(status=BuildStatus.UNVERIFIED, tool=tool, reason=self.reason, remedy=self.remedy)

    def blocked(self) -> Evidence:
        """Return the evidence of checks that could not be run for this."""
        return Evidence(blocked=self.reason, remedy=self.remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTree:
    """What the tools said of one tree.

    ``problems`` are the errors. ``syntax`` are those of them that kept the tools from looking further. ``fault``:
    the check could not be made at all. ``lacks``: it was made, but something the document needs is not
    installed, so a clean result proves nothing.
    """

    problems: tuple[Diagnostic, ...] = ()
    syntax: tuple[Diagnostic, ...] = ()
    fault: Fault | None = None
    lacks: Fault | None = None

    @property
    def clean(self) -> bool:
        """Whether the tools ran to their end and found nothing."""
        return not (self.problems or self.syntax or self.fault or self.lacks)


Check = Callable[[str], Awaitable[CheckedTree]]
"""Run the tools on the tree with this text as the document. Raises EnvironmentFault."""


class Baselines:
    """Results of untouched trees, by content; each is computed once, also when several callers ask at a time.

    Faults are not kept: the user may have fixed them since.
    """

    def __init__(self, *, limit: int = 32) -> None:
        self._kept = Recent[str, CheckedTree](limit)
        self._locks: dict[str, asyncio.Lock] = {}

    def begun(self, key: str) -> bool:
        """Return whether the result for ``key`` is known, or is being computed."""
        return key in self._kept or key in self._locks

    async def get(self, key: str, make: Callable[[], Awaitable[CheckedTree]]) -> CheckedTree:
        """Return the result for ``key``, made by ``make`` where it is not known yet."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                known = self._kept.get(key)
                if known is None:
                    known = await make()
                if known.fault is None and known.lacks is None:
                    self._kept[key] = known
                return known
        finally:
            if not lock.locked() and self._locks.get(key) is lock:
                del self._locks[key]


def fault_of(error: OSError) -> Fault:
    """Return what an error of the file system says of this machine, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename})" if error.filename else ""
        return Fault(reason=f"no space is left for temp copies{where}", remedy="free disk space: df -h; df -i")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return Fault(reason="too many files are open", remedy="raise the limit of open files: ulimit -n 4096")
    return Fault(
        reason=f"the project could not be read: {error.strerror or error}", remedy="check the permissions of its files"
    )


P = ParamSpec("P")


def measured(run: Callable[P, Awaitable[Evidence]]) -> Callable[P, CoroutineType[Any, Any, Evidence]]:
    """Make a function that gathers evidence say how many seconds it took; that is blocked where a fault of the
    environment keeps it from running."""

    @wraps(run)
    async def timed(*args: P.args, **kwargs: P.kwargs) -> Evidence:
        started = time.perf_counter()
        try:
            found = await run(*args, **kwargs)
        except (EnvironmentFault, OSError) as error:
            found = Fault.of(error).blocked()
        return found if found == Evidence() else replace(found, seconds=time.perf_counter() - started)

    return timed


async def gate(
    task: Task,
    text: str,
    document: str,
    check: Check,
    baselines: Baselines,
    key: str,
    tool: str,
    *,
    blank: str = "",
    probe: tuple[str, str, Fault] | None = None,
    learns: bool = False,
    untouched_first: bool = False,
) -> BuildReport:
    """Check ``text`` in the place of the task's document.

    A text with which the tools find nothing passes at once; only where they find something is the untouched tree
    checked too (``untouched_first``: always, as candidates reuse what was compiled of it). ``learns``: how ``check``
    checks a candidate depends on what it saw of the untouched tree.

    ``document`` is its name in diagnostics, ``key`` the untouched tree's fingerprint. ``blank`` stands in for the
    scope where the user's own text does not parse (someone is typing there), so that what the rest of the tree
    has wrong is still known. ``probe`` is a text that a build must refuse with these words, and what to say where it
    does not: the code is not compiled here. Never raises for a fault of the environment: that is ``unverified``.
    """
    started = time.perf_counter()

    def report(status: BuildStatus, problems: tuple[Diagnostic, ...] = (), fault: Fault | None = None) -> BuildReport:
        return BuildReport(
            status=status,
            tool=tool,
            seconds=time.perf_counter() - started,
            diagnostics=problems,
            reason=fault.reason if fault else None,
            remedy=fault.remedy if fault else None,
        )

    async def untouched() -> CheckedTree:
        whole = await check(task.document.text)
        if whole.fault is not None or not whole.syntax:
            return whole
        kept = task.document.text
        without = await check(kept[: task.scope.range.start] + blank + kept[task.scope.range.end :])
        if without.fault is not None:
            return whole
        # What hid behind the syntax error, plus what the full text showed of other files.
        syntax = {problem for problem in whole.syntax if problem.file == document}
        return replace(without, problems=(*without.problems, *(p for p in whole.problems if p not in syntax)))

    async def passed() -> BuildReport:
        if probe is not None and (fault := await _left_out(check, *probe)) is not None:
            return report(BuildStatus.UNVERIFIED, fault=fault)
        return report(BuildStatus.PASSED)

    try:
        waits = untouched_first or text == task.document.text or baselines.begun(key)
        after = None if waits else await check(text)
        if after is not None and after.clean:
            return await passed()
        before = await baselines.get(key, untouched)
        if before.fault is not None:
            return report(BuildStatus.UNVERIFIED, fault=before.fault)
        if after is None or learns:
            after = await check(text)
    except (EnvironmentFault, OSError) as error:
        return report(BuildStatus.UNVERIFIED, fault=Fault.of(error))
    if after.fault is not None:
        return report(BuildStatus.UNVERIFIED, fault=after.fault)
    known = before.problems if not task.diagnostics else without_asked(before.problems, task, document)
    fresh = new_problems(known, after.problems, document=document, before=task.document.text, after=text)
    if fresh:
        return report(BuildStatus.FAILED, fresh)
    if after.syntax:
        first = after.syntax[0]
        where = f"{first.file}:{first.line}"
        fault = Fault(
            reason=f"{where} does not compile, with or without the candidate ({first.message}), so no more was checked",
            remedy=f"correct {where}",
        )
        return report(BuildStatus.UNVERIFIED, fault=fault)
    if after.lacks is not None:
        return report(BuildStatus.UNVERIFIED, fault=after.lacks)
    return await passed()


async def _left_out(check: Check, text: str, words: str, fault: Fault) -> Fault | None:
    """``fault`` where a build does not refuse a text as it must."""
    try:
        seen = await check(text)
    except (EnvironmentFault, OSError) as error:
        return Fault.of(error)
    return seen.fault or (None if any(words in problem.message for problem in seen.problems) else fault)


def new_problems(
    before_problems: tuple[Diagnostic, ...],
    after_problems: tuple[Diagnostic, ...],
    *,
    document: str,
    before: str,
    after: str,
) -> tuple[Diagnostic, ...]:
    """Return the problems that only the second check has, in order, each once.

    In the edited document lines have moved, so a problem is known by its code and message, as often as it was
    there before; those on lines that did not change are matched first, so that what is left over is what stands
    in the new text. Other files did not change: there the line counts too.
    """
    head, tail = unchanged(before.split("\n"), after.split("\n"))
    lines_before, lines_after = before.count("\n") + 1, after.count("\n") + 1

    def old_line(line: int) -> int | None:
        if line <= head:
            return line
        if line > lines_after - tail:
            return line - lines_after + lines_before
        return None

    exact = Counter((p.file, p.line, p.code, p.message) for p in before_problems)
    loose = Counter((p.file, p.code, p.message) for p in before_problems if p.file == document)
    unmatched: list[Diagnostic] = []
    for problem in dict.fromkeys(after_problems):
        line = old_line(problem.line) if problem.file == document else problem.line
        place = (problem.file, line or 0, problem.code, problem.message)
        if line is not None and exact[place] > 0:
            exact[place] -= 1
            loose[problem.file, problem.code, problem.message] -= 1
        else:
            unmatched.append(problem)
    fresh: list[Diagnostic] = []
    for problem in unmatched:
        kind = (problem.file, problem.code, problem.message)
        if problem.file == document and loose[kind] > 0:
            loose[kind] -= 1
        else:
            fresh.append(problem)
    return tuple(sorted(fresh, key=lambda p: (p.file != document, p.file, p.line, p.column)))


def unchanged(before: list[str], after: list[str]) -> tuple[int, int]:
    """Return how many lines at the head and at the tail are the same."""
    most = min(len(before), len(after))
    head = 0
    while head < most and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return head, tail


def without_asked(problems: tuple[Diagnostic, ...], task: Task, document: str) -> tuple[Diagnostic, ...]:
    """Return ``problems`` less those that the user asked to have fixed: a candidate that leaves them has failed."""
    asked = {diagnostic.line for diagnostic in task.diagnostics if diagnostic.severity is Severity.ERROR}
    return tuple(problem for problem in problems if problem.file != document or problem.line not in asked)
