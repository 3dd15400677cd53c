"""Which rung an attempt takes, and why one cannot be taken: free before paid, and never paid for want of a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from forge_lsp.core.attempt import Attempt
from forge_lsp.core.errors import ForgeError, ServerUnreachable, SpendingRefused
from forge_lsp.core.ports import ModelDirectory
from forge_lsp.ensemble.schedule import Row, Schedule

__all__ = ["LadderProgress", "Rung"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """The row to run. ``refused`` says why the row that was due cannot run: with ``row`` another one, the attempt
    goes on with that; with ``row`` None, it is skipped."""

    row: Row | None
    refused: ForgeError | None = None


@dataclass(eq=False, kw_only=True)
class LadderProgress:
    """The way of one job up its ladder."""

    schedule: Schedule
    models: ModelDirectory

    def paid(self, row: Row) -> bool:
        """Whether the row's generator costs money."""
        return self.models.get(row.generator.model).info.paid

    async def rung(self, due: Row, before: Sequence[Attempt], afford: Callable[[], Awaitable[None]]) -> Rung:
        """Whether the row that is due may run, or what runs in its place.

        ``afford`` raises SpendingRefused where the row's call may not be paid; it is asked before anybody thinks
        for a rung that may then not run. Raises ServerUnreachable where a free generator's server is down: a fault
        of the environment ends the job.
        """
        refused = await self._refused(due, before, afford)
        if refused is None:
            return Rung(row=due)
        if self.paid(due) and self.schedule.ladder.after == "last_local":
            for row in reversed(self.schedule.rows):
                if not self.paid(row) and await self.models.unavailable(row.generator.model) is None:
                    return Rung(row=row, refused=refused)
        return Rung(row=None, refused=refused)

    async def _refused(
        self, row: Row, before: Sequence[Attempt], afford: Callable[[], Awaitable[None]]
    ) -> ForgeError | None:
        paid = self.paid(row)
        if paid:
            untried = self._untried(before)
            if untried is not None:
                return untried
        model = row.generator.model
        try:
            fault = await self.models.unavailable(model)
        except ServerUnreachable as error:
            if not paid:
                raise
            return error
        if fault is not None:
            return fault
        info = self.models.get(model).info
        if not (info.paid or info.off_machine):
            return None
        try:
            await afford()
        except SpendingRefused as error:
            return error
        return None

    def _untried(self, before: Sequence[Attempt]) -> ForgeError | None:
        """Money is for tasks that free models tried and did not solve, not for models that are not installed."""
        free = [attempt for attempt in before if not self.models.get(attempt.generator).info.paid]
        if not free or any(attempt.skipped is None for attempt in free):
            return None
        return ForgeError(f"no free attempt could run here, and paid ones do not replace free ones: {free[0].skipped}")
