"""How many commands the boxes of one sandbox run at a time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from forge_lsp.core.ports import ProcessResult, Tree
from forge_lsp.sandbox.copybox import CopySandbox, Invocation
from forge_lsp.sandbox.folders import BoxFolders


@pytest.mark.skipif(os.name != "posix", reason="temp copies are tried where a sandbox can be")
async def test_no_more_commands_than_places_and_a_cancelled_one_leaves_its_own(tmp_path: Path) -> None:
    running, most = 0, 0

    async def runner(_: Invocation) -> ProcessResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.01)
        finally:
            running -= 1
        return ProcessResult(code=0, stdout=b"", stderr=b"", seconds=0.0)

    folders = BoxFolders(tmp_path / "temp")
    sandbox = CopySandbox(
        kind="none", runs_project_code=False, runner=runner, folders=folders, places=asyncio.Semaphore(2)
    )

    async def command() -> None:
        async with sandbox.open(Tree(source=None, files={})) as box:
            await box.run(["true"], timeout=5)

    tasks = [asyncio.create_task(command()) for _ in range(12)]
    while running < 2:  # noqa: ASYNC110 - the runner tells nobody
        await asyncio.sleep(0)
    for task in tasks[::4]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 2
    assert running == 0
    await asyncio.gather(command(), command())
    folders.close()
