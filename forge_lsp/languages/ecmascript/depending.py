"""Which test files depend on the scope, where there are more than can be run each time.

It is those whose tests fail as soon as the scope gives nothing: what the files name does not tell it, where all of them
name the same.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import PurePosixPath

from forge_lsp.checking.runs import SuiteRun
from forge_lsp.core.checks import Run, RunState

__all__ = ["depending", "in_batches"]

_ENOUGH = 8
"""Files that depend on the scope, after which no more are looked for."""


def in_batches(files: Sequence[PurePosixPath], most: int) -> Iterator[Sequence[PurePosixPath]]:
    """Yield ``files`` in their order, ``most`` at a time."""
    return (files[start : start + most] for start in range(0, len(files), most))


async def depending(
    batches: Iterator[Sequence[PurePosixPath]],
    run: Callable[[Sequence[PurePosixPath]], Awaitable[SuiteRun]],
    *,
    seconds: float,
) -> SuiteRun:
    """Return, for each file that depends on the scope, one of its tests that failed, by the file's name.

    ``run`` runs the tests of some files on a text whose scope gives nothing. No more batches are begun after
    ``seconds``, or once there are enough files. Those whose tests fail come before those that cannot even be loaded:
    these may be broken anyway. Raises EnvironmentFault as ``run`` does.
    """
    until = time.monotonic() + seconds
    failing: dict[str, Run] = {}
    broken: dict[str, Run] = {}
    for files in batches:
        seen = await run(files)
        if "" in seen.uncollected:
            break  # the runner itself did not come to its end
        for file in map(str, files):
            start = f"{file} > "
            failed = [one for name, one in seen.runs.items() if name.startswith(start) and one.state is RunState.FAILED]
            unloaded = seen.of(start)
            if failed:
                failing[file] = failed[0]
            elif unloaded is not None:
                broken[file] = unloaded
        if len(failing) >= _ENOUGH or time.monotonic() > until:
            break
    return SuiteRun(runs=failing | broken)
