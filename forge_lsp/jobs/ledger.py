"""What is remembered of jobs, money and consent: one SQLite file in the state folder, shared by all processes.

Prompts and keys are never in it; the document before the candidate and the candidate itself are, since a result may
be applied days later. See docs/ledger.md for the tables and for what happens when the disk fails.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from forge_lsp.core.attempt import Attempt
from forge_lsp.core.became import EditFate
from forge_lsp.core.codec import iso
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.events import JobEvent
from forge_lsp.core.futures import retrieve_exception
from forge_lsp.core.ports import Clock
from forge_lsp.jobs import rows, unseen_rows
from forge_lsp.jobs.database import Database, Work
from forge_lsp.jobs.observed import Observed, select_observed
from forge_lsp.jobs.presence import ProcessLock
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.schema import QUERIES

__all__ = ["ANSWER_SECONDS", "BudgetLimits", "Ledger", "OverBudget", "Reservation"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

UNSEEN_DAYS = 3
"""How long a job whose end no editor has shown is still shown by the next."""

ANSWER_SECONDS = 60.0
"""How long an answer of the ledger is waited for. A lock is borne for 15 s; what takes longer is a disk that hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money set aside for one call, in nano-USD. ``sent`` is the part that is gone once the call is sent."""

    id: str
    job_id: str
    day: str
    model: str
    server: str
    nano: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimits:
    """Budgets in nano-USD."""

    job: int
    day: int
    month: int


class OverBudget(Exception):
    """A reservation does not fit. ``period`` is job, day or month; ``spent`` and ``limit`` are its nano-USD."""

    def __init__(self, period: str, *, spent: int, limit: int) -> None:
        super().__init__(period)
        self.period = period
        self.spent = spent
        self.limit = limit


class Ledger:
    """The ledger in ``folder`` (None: in memory alone). Nothing here blocks, and nothing here fails a job.

    Writes are in order; what is awaited is on the disk. ``retention_days``: how long ended jobs are kept.
    ``patience``: seconds that another process' lock is borne.
    """

    def __init__(self, folder: Path | None, *, clock: Clock, retention_days: int = 90, patience: float = 15.0) -> None:
        self._clock = clock
        self._retention = retention_days
        self._db = Database(folder, tend=self._tend, patience=patience)

    @property
    def problem(self) -> str | None:
        """What the user should know of the ledger's health: a sentence, or None."""
        return self._db.problem

    @property
    def path(self) -> Path | None:
        """The file in use; None: memory."""
        return self._db.path

    async def ready(self) -> str | None:
        """Wait until the file is open; answers :attr:`problem`."""
        await self._answer(self._db.read(lambda _: None))
        return self.problem

    async def aclose(self, timeout: float = 5.0) -> None:
        """Write what is left and close."""
        if not await asyncio.to_thread(self._db.close, timeout):
            logger.warning("the ledger did not close within %.1f s", timeout)

    # ------------------------------------------------------------------ jobs

    def begin(self, record: JobRecord, *, unseen: bool = False) -> None:
        """Record that a job starts. ``unseen``: an editor has to show how it ends."""
        self._db.post(lambda db: rows.insert_job(db, record, self._owner(), unseen=unseen))

    def attempt(self, job_id: str, attempt: Attempt) -> None:
        """Record an attempt that ended, of a job that goes on."""
        self._db.post(lambda db: rows.insert_attempt(db, job_id, attempt))

    async def interrupted(self, record: JobRecord) -> None:
        """Record that a job was stopped because its editor had gone; it can be resumed."""
        await asyncio.shield(self._answer(self._db.call(lambda db: unseen_rows.set_interrupted(db, record))))

    async def unseen(self) -> tuple[unseen_rows.UnseenJob, ...]:
        """Return jobs of the last :data:`UNSEEN_DAYS` that other processes ran, and whose end no editor has shown."""
        oldest = iso(self._clock.now() - timedelta(days=UNSEEN_DAYS))
        return await self._answer(self._db.call(lambda db: unseen_rows.select_unseen(db, self._db.presence, oldest)))

    async def claim(self, job_id: str) -> bool:
        """Take it that the end of a job is shown here and nowhere else. False: somebody was faster."""
        return await self._answer(self._db.call(lambda db: unseen_rows.claim(db, job_id)))

    def seen(self, job_id: str) -> None:
        """Record that an editor has shown how a job of this process ended."""
        self._db.post(lambda db: unseen_rows.claim(db, job_id))

    async def live(self) -> tuple[Path, str] | None:
        """Return the folder with a lock for each process, and the name of this one's. None: in memory, where no other
        process sees the ledger."""
        await self.ready()
        presence = self._db.presence
        return None if presence is None or self._db.path is None else (self._db.path.parent / "live", presence.owner)

    def append(self, event: JobEvent) -> None:
        """Record an event of a job that began."""
        self._db.post(lambda db: rows.insert_event(db, event))

    async def finish(self, record: JobRecord) -> None:
        """Record how a job ended; on return it is kept. A cancelled wait does not lose it."""
        future = self._db.call(lambda db: rows.update_ended(db, record))
        await asyncio.shield(self._answer(future))

    async def answered(self, record: JobRecord) -> None:
        """Record an answer of the user's that came after the job had ended."""
        await self._answer(self._db.call(lambda db: rows.update_answered(db, record)))

    async def mark_applied(self, job_id: str) -> None:
        """The editor took the result."""
        await self._answer(self._db.call(lambda db: rows.set_applied(db, job_id)))

    async def mark_became(self, job_id: str, became: EditFate) -> None:
        """Record what had become of the applied result when its document was saved."""
        await self._answer(self._db.call(lambda db: rows.set_became(db, job_id, became)))

    async def record(self, job_id: str) -> JobRecord | None:
        """Return a whole job, of whatever process; None: unknown."""
        return await self._swept(lambda db: rows.select_job(db, job_id))

    async def events(self, job_id: str, after: int = 0) -> tuple[JobEvent, ...]:
        """Return a job's events after a sequence number."""
        return await self._answer(self._db.read(lambda db: rows.select_events(db, job_id, after)))

    async def history(self, limit: int = 50) -> tuple[dict[str, object], ...]:
        """Return the newest jobs of all processes first."""
        return tuple(await self._swept(lambda db: rows.select_history(db, limit)))

    async def observed(self) -> Observed:
        """Return jobs that are over, of all processes, as statistics count them."""
        return await self._swept(select_observed)

    # ------------------------------------------------------------------ money

    async def records(self, language: str, *, jobs: int = 200) -> dict[str, tuple[int, int]]:
        """Of the last ended jobs in a language: by writer, its attempts that ended in an accepted result, and all of
        its attempts that ran. Empty where the ledger cannot tell."""
        try:
            return await self._answer(self._db.read(lambda db: rows.select_records(db, language, jobs)))
        except sqlite3.Error:
            return {}

    async def reserve(self, reservation: Reservation, ceiling: BudgetLimits) -> None:
        """Set money aside where it fits all three budgets, in one transaction with the look at what is spent.

        Raises OverBudget, DatabaseBusy where the file stays locked, EnvironmentFault without an answer. Withdrawing a
        reservation that was never made does nothing, so a caller that is cancelled may always withdraw.
        """

        def work(db: sqlite3.Connection) -> None:
            month = reservation.day[:7]
            for period, where, key, limit in (
                ("job", "job_id = ?", (reservation.job_id,), ceiling.job),
                ("day", "day = ?", (reservation.day,), ceiling.day),
                ("month", "day BETWEEN ? AND ?", (f"{month}-01", f"{month}-31"), ceiling.month),
            ):
                (spent,) = db.execute(f"SELECT coalesce(sum(nano_usd), 0) FROM spending WHERE {where}", key).fetchone()
                if spent + reservation.nano > limit:
                    raise OverBudget(period, spent=spent, limit=limit)
            _insert_spending(db, reservation, reservation.nano, is_open=True)

        await self._answer(self._db.call(work, strict=True))

    def settle(self, reservation: Reservation, nano: int) -> None:
        """Put the cost in the reservation's place."""
        self._db.post(lambda db: _insert_spending(db, reservation, nano, is_open=False))

    def withdraw(self, reservation: Reservation) -> None:
        """Give back the money for a call that was never sent."""
        self._db.post(lambda db: db.execute("DELETE FROM spending WHERE id = ? AND open = 1", (reservation.id,)))

    async def spent(self, day: str) -> int:
        """Return the nano-USD of a day (``2026-01-31``) or a month (``2026-01``), open reservations included."""
        last = day if len(day) > 7 else f"{day}-31"

        def work(db: sqlite3.Connection) -> int:
            query = "SELECT coalesce(sum(nano_usd), 0) FROM spending WHERE day BETWEEN ? AND ?"
            return int(db.execute(query, (day, last)).fetchone()[0])

        return await self._answer(self._db.read(work))

    # ------------------------------------------------------------------ consent

    async def consent(self, workspace: str, server: str, address: str) -> bool | None:
        """Return the kept answer, or None: nobody answered yet, or for another address."""

        def work(db: sqlite3.Connection) -> bool | None:
            row = db.execute(
                "SELECT answer FROM consents WHERE workspace = ? AND server = ? AND address = ?",
                (workspace, server, address),
            ).fetchone()
            return None if row is None else bool(row[0])

        return await self._answer(self._db.read(work))

    def keep_consent(self, workspace: str, server: str, address: str, answer: bool) -> None:
        """Keep an answer, in the place of an earlier one."""
        at = iso(self._clock.now())
        self._db.post(lambda db: db.execute(QUERIES["set_consent"], (workspace, server, address, int(answer), at)))

    # ------------------------------------------------------------------ inside

    def _owner(self) -> str:
        presence = self._db.presence
        return presence.owner if presence else ""

    def _tend(self, db: sqlite3.Connection, presence: ProcessLock | None) -> None:
        db.execute("BEGIN IMMEDIATE")
        try:
            rows.sweep(db, presence)
            rows.weed(db, self._clock.now(), self._retention)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    async def _swept(self, work: Work[T]) -> T:
        """Do a work on jobs of which those whose process is gone are marked as interrupted."""

        def swept(db: sqlite3.Connection) -> T:
            rows.sweep(db, self._db.presence)
            return work(db)

        return await self._answer(self._db.call(swept))

    @staticmethod
    async def _answer(future: Future[T]) -> T:
        """Raises EnvironmentFault where none comes; what was to be written stays in the queue all the same."""
        answer = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait({answer}, timeout=ANSWER_SECONDS)
        except asyncio.CancelledError:
            answer.cancel()
            raise
        if not done:
            answer.add_done_callback(retrieve_exception)
            raise EnvironmentFault(
                f"the ledger has not answered for {ANSWER_SECONDS:.0f} s",
                remedy="check that the disk of the state folder works",
            )
        return answer.result()


def _insert_spending(db: sqlite3.Connection, reservation: Reservation, nano: int, *, is_open: bool) -> None:
    db.execute(QUERIES["set_spending"], {**asdict(reservation), "nano": nano, "open": int(is_open)})
