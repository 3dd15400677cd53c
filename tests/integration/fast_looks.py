"""What the tests of the fast gates of single languages say of reports, and of checkers that die."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.core.ports import FastReport
from forge_lsp.core.task import Task
from tests.support.processes import descendants

__all__ = ["PATIENT", "replaced_and_none_left", "told"]

PATIENT = DaemonLimits(patience=120, answer=60, look=300)
Told = list[list[tuple[str, int, str]]]


def told(reports: Sequence[FastReport | None]) -> Told:
    """File, line and code of the problems of each; all must have said something."""
    assert None not in reports
    return [[(p.file, p.line, p.code) for p in report.problems] for report in reports if report is not None]


async def replaced_and_none_left(gate: DaemonGate, task: Task, word: str, good: str, bad: str) -> Told:
    """Kill the checker whose command holds ``word`` and ask again, of ``bad``; then close, and nothing may be left."""
    before = descendants(os.getpid())  # servers that other tests of this process share
    assert told(await gate.look(task, [good])) == [[]]
    started = descendants(os.getpid()) - before
    checkers = [seen for seen in started if word in seen.command and "bwrap" not in seen.command]
    assert checkers
    for seen in checkers:
        with contextlib.suppress(ProcessLookupError):  # it went with its parent
            os.kill(seen.pid, signal.SIGKILL)
    found: Told = []
    for _ in range(3):  # it may be asked before its death is known
        reports = await gate.look(task, [bad])
        found = told(reports) if None not in reports else []
        await asyncio.sleep(0.1)
    started |= descendants(os.getpid()) - before
    await gate.aclose()
    assert not [seen for seen in started if seen.alive]
    return found
