"""One run of a project's tests: how each of them went, and what kept others from being run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.core.task import Task
from forge_lsp.reading import parsed_json

__all__ = [
    "NotedRun",
    "SuiteRun",
    "failed",
    "messages",
    "noted",
    "passed",
    "scanned",
    "scope_lines",
    "skipped",
    "spoken_cause",
    "tail",
    "uncollected",
]

_TAIL = 400
_MOST_SCANNED = 2_000
_BLANKS = re.compile(r"(\s{16})\s+")


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of a suite.

    ``runs`` are its tests by name. ``uncollected`` are parts of it that did not come to their tests, by the start of
    their tests' names ("": all of it): a file that cannot be imported, a package that does not compile. ``words`` is
    the end of what the runner said. ``late`` are tests that were not begun, or not ended, as the time for all was over.
    """

    runs: Mapping[str, Run] = field(default_factory=dict[str, Run])
    uncollected: Mapping[str, Run] = field(default_factory=dict[str, Run])
    words: str = ""
    late: tuple[str, ...] = ()

    def of(self, name: str) -> Run | None:
        """Return how one test went, or what kept it from being collected; None: it is not there."""
        known = self.runs.get(name)
        if known is not None:
            return known
        parts = [part for part in self.uncollected if name.startswith(part)]
        return self.uncollected[max(parts, key=len)] if parts else None

    @property
    def all_runs(self) -> Iterable[Run]:
        """The runs of its tests and of what could not be collected."""
        return (*self.runs.values(), *self.uncollected.values())


@dataclass(frozen=True, slots=True)
class NotedRun(SuiteRun):
    """``notes`` are what the tested code did that takes its proof away, unless the untouched text does it too."""

    notes: tuple[str, ...] = ()


def noted(run: SuiteRun, notes: Iterable[str]) -> NotedRun:
    """Return a run with its notes, each once."""
    once = tuple(dict.fromkeys(notes))
    return NotedRun(runs=run.runs, uncollected=run.uncollected, words=run.words, late=run.late, notes=once)


def spoken_cause(*, speaks: bool) -> Cause:
    """Return what the failure of an assertion comes of, by whether its test names the scope.

    What a test does not say by its words, its failure before may have said: then a candidate owes it.
    """
    return Cause.SCOPE if speaks else Cause.UNKNOWN


def passed() -> Run:
    """Return the run of a test that passed."""
    return Run(state=RunState.PASSED)


def skipped(detail: str = "", *, marked: bool = False) -> Run:
    """Return the run of a test that was skipped, or that is expected to fail; ``marked``: its own text says so."""
    return Run(state=RunState.SKIPPED, detail=detail, marked=marked)


def failed(
    detail: str = "",
    *,
    cause: Cause = Cause.UNKNOWN,
    missing: Sequence[str] = (),
    expected: str = "",
    actual: str = "",
) -> Run:
    """Return the run of a test that failed; see :class:`~forge_lsp.core.checks.Run`."""
    return Run(
        state=RunState.FAILED,
        cause=cause,
        missing=tuple(missing),
        expected=expected,
        actual=actual,
        detail=tail(detail),
    )


def uncollected(detail: str, *, cause: Cause = Cause.UNKNOWN, missing: Sequence[str] = ()) -> Run:
    """Return the run of what did not come to its tests, or of an example that cannot be run. ``cause`` ELSEWHERE: its
    own text is at fault, not the machine."""
    return Run(state=RunState.NOT_RUN, cause=cause, missing=tuple(missing), detail=tail(detail))


def scanned(text: str) -> str:
    """Return of a failure's words what is searched for values: the first whole lines, without long runs of blanks. What
    a test prints is the candidate's own, and most patterns take the square of its length."""
    lines, left = list[str](), _MOST_SCANNED
    for line in text[: _MOST_SCANNED + 1].split("\n"):
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return _BLANKS.sub(r"\1", "\n".join(lines))


def tail(text: str) -> str:
    """Return the end of what a tool said, short enough for a report."""
    return text.strip()[-_TAIL:]


def messages(output: bytes, nonce: str) -> Iterator[Any]:
    """Yield what a runner wrote: one JSON value a line, each after ``nonce`` and a space. Other lines are left out, and
    so are those that are no JSON, such as the last line of a run that was cut off."""
    for line in output.decode("utf-8", "replace").split("\n"):
        if line.startswith(f"{nonce} "):
            try:
                yield parsed_json(line[len(nonce) + 1 :])
            except ValueError:
                continue


def scope_lines(task: Task, candidate: Candidate, text: str) -> tuple[int, int]:
    """Return the first and the last line of the scope in ``text``, the untouched one or the candidate's, from 1."""
    if text == task.document.text:
        start, code = task.scope.range.start, task.original
    else:
        end = len(text) - (len(task.document.text) - task.scope.range.end)
        start, code = end - len(candidate.code), candidate.code
        if start < 0 or text[start:end] != code:
            start = max(text.find(code), 0)
    first = text.count("\n", 0, start) + 1
    return first, first + code.count("\n")
