"""Opening, reading over and moving aside the file of the ledger. Plain functions; database.py decides when."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path

from forge_lsp.jobs.schema import TABLES, VERSION, LedgerTooNew, migrate, version_of

__all__ = ["BROKEN", "DISK", "LOCKED", "code", "connect", "copy", "memory", "move_aside", "private_folder"]

logger = logging.getLogger(__name__)

BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
DISK = {  # what the machine does to us; any other error is the fault of the work that met it
    *BROKEN,
    *LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
_CHECKED_SIZE = 32 * 2**20  # bytes; a larger file is not read through before it is used
_COPIED_JOBS = 50


def connect(path: Path, *, patience: float) -> sqlite3.Connection:
    """Return a sound file of our version. Raises TooNew, sqlite3.Error or OSError. A lock is borne ``patience``
    seconds."""
    # The file is made before SQLite makes it, so that nobody else can read it, not even for a moment; SQLite gives
    # its -wal and -shm files the same mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=patience)
    try:
        if version_of(connection) > VERSION:
            raise LedgerTooNew(version_of(connection))
        if path.stat().st_size <= _CHECKED_SIZE:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                error = sqlite3.DatabaseError(str(verdict))
                error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise error
        connection.execute("PRAGMA journal_mode = WAL")  # a file system that cannot do it keeps another mode
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def memory() -> sqlite3.Connection:
    """Return an empty ledger that ends with its connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, uri=True)
    migrate(connection)
    return connection


def copy(path: Path, target: sqlite3.Connection, owner: str) -> None:
    """What is needed to go on: our running jobs, the newest others, all spending and consents."""
    jobs = (
        "SELECT id FROM (SELECT id FROM disk.jobs ORDER BY id DESC LIMIT ?)"
        " UNION SELECT id FROM disk.jobs WHERE owner = ? AND state IN ('queued', 'running')"
    )
    for mode in ("mode=ro", "immutable=1"):  # a read-only disk cannot hold the lock file that a WAL asks for
        try:
            target.execute("ATTACH ? AS disk", (f"{path.absolute().as_uri()}?{mode}",))
        except sqlite3.Error:
            continue
        try:
            target.execute("BEGIN")
            for table in TABLES:
                column = {"jobs": "id", "spending": "", "consents": ""}.get(table, "job_id")
                where = f" WHERE {column} IN ({jobs})" if column else ""
                parameters = (_COPIED_JOBS, owner) if column else ()
                target.execute(f"INSERT INTO main.{table} SELECT * FROM disk.{table}{where}", parameters)
            target.execute("COMMIT")
            return
        except sqlite3.Error as error:
            logger.info("%s cannot be read (%s): %s", path, mode, error)
        finally:
            if target.in_transaction:
                target.execute("ROLLBACK")
            with suppress(sqlite3.Error):
                target.execute("DETACH disk")


def move_aside(path: Path) -> Path:
    """Rename a file and its companions, out of the way but not out of reach; answers the new name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{count}")
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside


def private_folder(folder: Path) -> None:
    """Make the folder, for its owner alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":
        return
    info = folder.stat()
    # A folder of our own that an older umask left open is closed; a shared one (/tmp) is nobody's to close.
    if info.st_uid == os.geteuid() and stat.S_IMODE(info.st_mode) & 0o077 and not info.st_mode & stat.S_ISVTX:
        folder.chmod(0o700)


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; -1 where there is none."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else code & 0xFF
