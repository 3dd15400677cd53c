"""One SQLite file, one connection, one thread: nothing here ever blocks the event loop, or fails a job.

Work is a function of the connection. It is queued, run in order, and committed in batches; its future is set once
the commit is on the disk. A work may run more than once, so it must do nothing but SQL.

Whoever waits gets an answer: where the thread itself fails, that is what everybody is told from then on.

When the disk lets us down, the database goes on in memory, with what it could still read, and says so in
:attr:`Database.problem`. A file that is broken is moved aside; a file of a newer version is left where it is, since
that version may be at work on it, and this one keeps its own beside it. Nothing is ever deleted.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from forge_lsp.jobs.presence import ProcessLock, exclusive
from forge_lsp.jobs.schema import VERSION, LedgerTooNew
from forge_lsp.jobs.sqlite_file import BROKEN, DISK, LOCKED, code, connect, copy, memory, move_aside, private_folder

__all__ = ["Database", "DatabaseBusy", "Work"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_BATCH = 500  # works a commit
_MOVED = "{path} was damaged ({error}); it was kept as {aside}, and a new ledger begun"


class DatabaseBusy(Exception):
    """Another process kept the file locked, and this work must not be done without it."""


@dataclass(slots=True)
class _Item(Generic[T]):
    """A work and who waits for it. ``read``: needs no transaction. ``strict``: not without the shared file."""

    work: Work[T]
    read: bool = False
    strict: bool = False
    future: Future[T] = field(default_factory=Future[T])
    awaited: bool = True


class Database:
    """The file ``folder/ledger.db``, or memory alone where ``folder`` is None. Opened by its own thread, at once.

    ``patience`` (seconds) is how long a lock of another process is borne. ``tend`` runs first on every connection
    that was opened, on the disk or in memory, and is told who is alive.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        tend: Callable[[sqlite3.Connection, ProcessLock | None], None] | None = None,
        patience: float = 15.0,
    ) -> None:
        self._folder = folder
        self._path = folder / "ledger.db" if folder else None
        self._tend = tend
        self._patience = patience
        self._problem: str | None = None
        self._presence: ProcessLock | None = None
        self._inode = 0
        self._queue: queue.SimpleQueue[_Item[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._failure: str | None = None
        self._taken: list[_Item[Any]] = []
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._main, name="forge ledger", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """Why what is kept will not last, or was begun again: a sentence. None: all is well."""
        return self._problem

    @property
    def path(self) -> Path | None:
        """The file in use; None: memory."""
        return self._path

    @property
    def presence(self) -> ProcessLock | None:
        """This process' sign of life; None in memory. Known once the first work was done."""
        return self._presence

    def post(self, work: Work[object]) -> None:
        """Do it some time soon, in order. A failure is logged."""
        self._put(_Item(work, awaited=False))

    def call(self, work: Work[T], *, strict: bool = False) -> Future[T]:
        """Do it, commit it, then answer. ``strict``: raises Busy rather than going on without a locked file."""
        return self._put(_Item(work, strict=strict))

    def read(self, work: Work[T]) -> Future[T]:
        """Look at what all calls before this one wrote."""
        return self._put(_Item(work, read=True))

    def close(self, timeout: float = 5.0) -> bool:
        """Do what is queued, then close. Blocks at most ``timeout`` seconds; False where that was not enough."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _put(self, item: _Item[T]) -> Future[T]:
        with self._gate:
            if self._closed:
                item.future.set_exception(RuntimeError(self._failure or "the ledger is closed"))
            else:
                self._queue.put(item)
        return item.future

    # ------------------------------------------------------------------ the thread

    def _main(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            logger.exception("the ledger's thread failed")
            self._give_up(f"the ledger has stopped ({type(error).__name__}: {error}); the log has the details")
        finally:
            if self._presence:
                self._presence.close()

    def _give_up(self, failure: str) -> None:
        """Nothing more can be done: say so to all who wait, and to all who come."""
        with self._gate:
            self._closed, self._failure = True, failure
        self._problem = failure
        waiting: list[_Item[Any] | None] = [*self._taken]
        with suppress(queue.Empty):
            while True:
                waiting.append(self._queue.get_nowait())
        for item in waiting:
            if item is not None:
                with suppress(InvalidStateError):  # settled, or cancelled
                    item.future.set_exception(RuntimeError(failure))

    def _serve(self) -> None:
        connection = self._open()
        closing = False
        while not closing:
            batch: list[_Item[Any]] = []
            read: _Item[Any] | None = None
            item = self._queue.get()
            while True:
                if item is None:
                    closing = True
                elif item.awaited and not item.future.set_running_or_notify_cancel():
                    pass  # whoever asked has gone
                elif item.read:
                    read = item
                else:
                    batch.append(item)
                if closing or read or len(batch) >= _BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            self._taken = batch if read is None else [*batch, read]
            connection = self._run(connection, batch)
            if read is not None:
                connection = self._run(connection, [read])
            self._taken = []
        with suppress(sqlite3.Error):
            connection.close()

    def _run(self, connection: sqlite3.Connection, batch: list[_Item[Any]]) -> sqlite3.Connection:
        """Do a batch, if need be on another connection, which is then returned."""
        deadline = time.monotonic() + self._patience
        while batch:
            try:
                outcomes = _transact(connection, batch)
            except sqlite3.Error as error:
                if self._path is None:  # memory failed: there is nothing left to go to
                    outcomes = [(item, None, error) for item in batch]
                elif code(error) in LOCKED and self._refuse_strict(batch) and time.monotonic() < deadline:
                    continue
                else:
                    connection = self._recover(connection, error)
                    continue
            except BaseException as error:  # the thread must live on: whoever waits would wait for ever
                outcomes = [(item, None, error) for item in batch]
            for item, value, error in outcomes:
                _settle(item, value, error)
            break
        return connection

    @staticmethod
    def _refuse_strict(batch: list[_Item[Any]]) -> bool:
        for item in [item for item in batch if item.strict]:
            batch.remove(item)
            _settle(item, None, DatabaseBusy("another process keeps the ledger locked"))
        return True

    def _recover(self, connection: sqlite3.Connection, error: sqlite3.Error) -> sqlite3.Connection:
        """Another connection in the place of one that the disk took from us."""
        path, folder = self._path, self._folder
        assert path is not None and folder is not None
        fresh: sqlite3.Connection | None = None
        if code(error) in BROKEN:
            try:
                with exclusive(folder / "ledger.lock"):
                    if path.stat().st_ino == self._inode:  # else another process has moved it already
                        self._say(_MOVED.format(path=path, error=error, aside=move_aside(path).name))
                    fresh = self._open_file(path)
                self._begin(fresh)
            except (OSError, sqlite3.Error) as second:
                error = sqlite3.DatabaseError(f"{error}; {second}")
                fresh = None
        if fresh is None:
            fresh = self._in_memory(f"the ledger {path} cannot be written ({error})")
        with suppress(sqlite3.Error):
            connection.close()
        return fresh

    def _open(self) -> sqlite3.Connection:
        if self._folder is None or self._path is None:
            connection = memory()
            self._begin(connection)
            return connection
        try:
            private_folder(self._folder)
            with exclusive(self._folder / "ledger.lock"):
                if self._presence is None:
                    self._presence = ProcessLock(self._folder / "live")
                    self._presence.sweep()
                connection = self._open_file(self._path)
        except (OSError, sqlite3.Error) as error:
            return self._in_memory(f"the ledger {self._path} cannot be used ({error})")
        try:
            self._begin(connection)
        except sqlite3.Error as error:
            return self._recover(connection, error)
        return connection

    def _begin(self, connection: sqlite3.Connection) -> None:
        if self._tend is not None:
            self._tend(connection, self._presence)

    def _open_file(self, path: Path) -> sqlite3.Connection:
        """The file, sound and of our version. Raises sqlite3.Error or OSError where the disk does not let us."""
        try:
            connection = connect(path, patience=min(5.0, self._patience))
        except LedgerTooNew as error:
            path = path.with_name(f"ledger-{VERSION}.db")
            self._say(
                f"{self._path} was written by a newer forge-lsp ({error}); it is left alone, this one uses {path}"
            )
            self._path = path
            connection = connect(path, patience=min(5.0, self._patience))
        except sqlite3.Error as error:
            if code(error) not in BROKEN:
                raise
            self._say(_MOVED.format(path=path, error=error, aside=move_aside(path).name))
            connection = connect(path, patience=min(5.0, self._patience))
        self._inode = path.stat().st_ino
        return connection

    def _in_memory(self, problem: str) -> sqlite3.Connection:
        self._say(f"{problem}; jobs are remembered until this process ends, and budgets hold for it alone")
        connection = memory()
        if self._path is not None and self._path.exists():
            copy(self._path, connection, self._presence.owner if self._presence else "")
        self._path = None
        self._begin(connection)
        return connection

    def _say(self, problem: str) -> None:
        self._problem = problem
        logger.warning("%s", problem)


def _transact(
    connection: sqlite3.Connection, batch: Iterable[_Item[Any]]
) -> list[tuple[_Item[Any], object, BaseException | None]]:
    """Do all works in one transaction; one that fails by its own fault is undone alone. Raises what the disk does."""
    outcomes: list[tuple[_Item[Any], object, BaseException | None]] = []
    try:
        for item in batch:
            if not item.read and not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            if not item.read:
                connection.execute("SAVEPOINT work")
            try:
                value: object = item.work(connection)
            except Exception as error:
                if isinstance(error, sqlite3.Error) and code(error) in DISK:
                    raise
                outcomes.append((item, None, error))
            else:
                outcomes.append((item, value, None))
                if not item.read:
                    connection.execute("RELEASE work")
                continue
            if not item.read:
                connection.execute("ROLLBACK TO work")
                connection.execute("RELEASE work")
        if connection.in_transaction:
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
    return outcomes


def _settle(item: _Item[Any], value: object, error: BaseException | None) -> None:
    if item.awaited:
        if error is None:
            item.future.set_result(value)
        else:
            item.future.set_exception(error)
    elif error is not None:
        logger.error("the ledger could not keep something", exc_info=error)
