"""Tests that cannot be built or run as a whole, because of something that is not the scope's: what to leave out, and
what the runs without it say. Pure.

Another name that nobody defines keeps a program from being compiled or linked; another function that is unfinished ends
it. The parts that need these are left out of a copy of the test files, missing symbols are defined as crashes, and the
rest is run: what it says counts as far as it does not depend on what was left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from forge_lsp.checking.runs import SuiteRun, failed
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.languages.c_family.cutting import CutTests
from forge_lsp.languages.c_family.instrumenting import MISSED
from forge_lsp.languages.c_family.outputs import ENDED, broken, ended_abruptly, errors_in, missing_names, warnings_in
from forge_lsp.languages.c_family.reading import Reading

__all__ = ["MOST_ROUNDS", "Changes", "PartialRun", "changes_for", "merged"]

MOST_ROUNDS = 5
"""Most runs for one text: names of what is left out may be needed by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a run is made with: the ``cut`` of its test files, the ``symbols`` that are defined for it, the ``warnings``
    that are switched off in the document."""

    cut: CutTests
    symbols: frozenset[str] = frozenset()
    warnings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialRun:
    """One run with ``changes``. ``wholes`` are the names of its programs ("": the target), ``symbols`` those that only
    the linker missed, as the linker knows them; ``names`` as people do."""

    run: SuiteRun
    output: str
    wholes: frozenset[str]
    changes: Changes
    symbols: frozenset[str] = frozenset()
    names: frozenset[str] = field(default=frozenset())


def changes_for(rounds: Sequence[PartialRun], reading: Reading, *, lenient: bool = False) -> Changes | None:
    """Return what the next run is to be made with; None where there is nothing (more) that would help. ``lenient``:
    warnings about the document that the project makes errors are no reason not to run its tests."""
    last = rounds[-1]
    cut, symbols = last.changes.cut, last.changes.symbols
    if last.run.uncollected:
        off = last.changes.warnings
        if lenient and (warnings := warnings_in(last.output, reading.document) - off):
            return replace(last.changes, warnings=off | warnings)
        errors = errors_in(last.output)
        if errors:
            new = cut.without_lines(
                (file, line, column, frozenset(_missing(words, reading))) for file, line, column, words in errors
            )
            return replace(last.changes, cut=new) if new.parts != cut.parts else None
        more = symbols | last.symbols
        if more == symbols:
            return None
        return replace(last.changes, cut=cut.without_names(last.names - set(reading.names)), symbols=more)
    names = reading.unfinished.union(*(one.names for one in rounds)) - set(reading.names)
    ended = [
        _bare(name, last.wholes)
        for name, run in last.run.runs.items()
        if run.cause is Cause.ELSEWHERE and ENDED in run.detail and name not in last.wholes
    ]
    silent = not any(_subs(last.run.runs, whole) for whole in last.wholes) and not _green(last)
    if not (ended or ended_abruptly(last.output) or (silent and reading.unfinished)):
        return None
    new = cut.without_names(names).without_tests(ended)
    return replace(last.changes, cut=new) if new.parts != cut.parts else None


def merged(rounds: Sequence[PartialRun], reading: Reading) -> SuiteRun:
    """Return what the runs of one text say together: the first, which left nothing out, before the others."""
    first = rounds[0]
    if len(rounds) == 1:
        return first.run
    runs: dict[str, Run] = {}
    wholes = frozenset[str]().union(*(one.wholes for one in rounds))
    for one in rounds:
        for name, run in _counting(one, first, reading).items():
            runs.setdefault(name, run)
    uncollected = dict(first.run.uncollected)
    last = rounds[-1]
    for whole in wholes:
        subs = _subs(runs, whole)
        red = next((run for run in subs.values() if run.state is RunState.FAILED and run.cause is Cause.SCOPE), None)
        own = runs.get(whole)
        if red is not None and (own is None or own.state is RunState.FAILED):
            runs[whole] = failed(red.detail, cause=Cause.SCOPE, expected=red.expected, actual=red.actual)
        elif not subs and _crashed(last, whole, reading):
            uncollected[whole] = failed(last.run.runs[whole].detail)  # it came to none of its tests
        elif own is not None and own.cause is Cause.UNKNOWN and not ended_abruptly(last.output):
            runs[whole] = replace(own, cause=Cause.ELSEWHERE)  # nothing is wrong where that is left out
    return SuiteRun(runs=runs, uncollected=uncollected, words=first.run.words)


def _counting(one: PartialRun, first: PartialRun, reading: Reading) -> dict[str, Run]:
    """What a run says that does not depend on what was left out: what passed, and what may fail for the scope."""
    cut = one.changes.cut
    if not cut.parts and not one.changes.symbols:
        return dict(one.run.runs)
    # What failed without a word of why is the scope's, where nothing that is missing was called.
    causes = (Cause.SCOPE,) if MISSED in one.output else (Cause.SCOPE, Cause.UNKNOWN)
    found: dict[str, Run] = {}
    for name, run in one.run.runs.items():
        if run.state is not RunState.PASSED and run.cause not in causes:
            continue
        if name in one.wholes:
            if not cut.parts:
                found[name] = run
            elif (
                _stopped(first, name)
                and not _subs(one.run.runs, name)
                and not _crashed(one, name, reading)
                and cut.speaks_of(reading.names)
            ):
                found[f"{name} without {', '.join(sorted(cut.missing)) or 'others'}".strip()] = run
            continue
        bare = _bare(name, one.wholes)
        if not cut.touches(bare, bare):
            found[name] = run
    return found


def _missing(words: str, reading: Reading) -> tuple[str, ...]:
    return missing_names(words) or (broken(f"error: {words}", reading.names[0]) if reading.names else ())


def _crashed(one: PartialRun, whole: str, reading: Reading) -> bool:
    """Whether a program crashed that all was left out of which is missing: in the code under work, then."""
    run = one.run.runs.get(whole)
    return (
        run is not None
        and run.state is RunState.FAILED
        and run.cause is not Cause.ELSEWHERE
        and bool(one.changes.cut.parts)
        and MISSED not in one.output
        and ended_abruptly(run.detail)
        and one.changes.cut.speaks_of(reading.names)
    )


def _stopped(first: PartialRun, whole: str) -> bool:
    """Whether a program was not built, or came to no end of its own."""
    run = first.run.runs.get(whole)
    return run is None or ended_abruptly(run.detail)


def _green(one: PartialRun) -> bool:
    return all(run.state in (RunState.PASSED, RunState.SKIPPED) for run in one.run.runs.values())


def _subs(runs: Mapping[str, Run], whole: str) -> dict[str, Run]:
    start = f"{whole} " if whole else ""
    return {
        name: run
        for name, run in runs.items()
        if name != whole and name.startswith(start) and not re.match(r"(?:.* )?without \w", name[len(whole) :])
    }


def _bare(name: str, wholes: frozenset[str]) -> str:
    own = [whole for whole in wholes if whole and name.startswith(f"{whole} ")]
    return name[len(max(own, key=len)) + 1 :] if own else name
