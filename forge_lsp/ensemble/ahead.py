"""Checking what some writers have written while others still write."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from forge_lsp.core.attempt import Candidate
from forge_lsp.core.ports import FastGate, Syntax, Toolchain
from forge_lsp.core.task import Task
from forge_lsp.ensemble.check_stage import AT_ONCE, CheckedCandidate, bare, check_one, worth_a_check

__all__ = ["EarlyChecks"]


class EarlyChecks:
    """Begins to check each candidate of an attempt as it comes, if nothing cheap speaks against it. Where it does, or
    there is no ``toolchain``, the check of all of them decides what is done."""

    def __init__(self, task: Task, *, toolchain: Toolchain | None, syntax: Syntax, fast: FastGate | None) -> None:
        self._task = task
        self._toolchain = toolchain
        self._syntax = syntax
        self._fast = fast
        self._running: dict[str, asyncio.Task[CheckedCandidate | None]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    def begin(self, candidate: Candidate) -> None:
        """Check a candidate in the background; the same text once."""
        text = bare(candidate.text)
        if text not in self._running:
            self._running[text] = asyncio.create_task(self._checked(candidate))

    async def _checked(self, candidate: Candidate) -> CheckedCandidate | None:
        task, toolchain, syntax = self._task, self._toolchain, self._syntax
        if toolchain is None or not await worth_a_check(task, candidate, syntax=syntax, fast=self._fast):
            return None
        async with self._gate:
            return await check_one(task, candidate, toolchain=toolchain, syntax=syntax)

    async def seen(self, candidates: Sequence[Candidate]) -> dict[str, CheckedCandidate]:
        """Return what checking these showed, by :func:`~forge_lsp.ensemble.check_stage.bare` text, once all of them are
        through; those are left out of which that was not begun, or that were not worth it."""
        found: dict[str, CheckedCandidate] = {}
        for text in dict.fromkeys(bare(candidate.text) for candidate in candidates):
            running = self._running.get(text)
            checked = await running if running is not None else None
            if checked is not None:
                found[text] = checked
        return found

    async def stop(self) -> None:
        """End what still runs, and forget the rest."""
        running, self._running = list(self._running.values()), {}
        for one in running:
            one.cancel()
        if running:
            await asyncio.wait(running)
