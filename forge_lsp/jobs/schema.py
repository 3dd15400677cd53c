"""The ledger's tables, and how an older file becomes a newer one.

``PRAGMA user_version`` says how many of :data:`MIGRATIONS` a file has had. Only ever append to them: a file in a
user's state folder has had the ones before. Times are ISO 8601 in UTC, seconds are wall time, money is in whole
nano-USD (1e-9 USD; a token costs thousands of them), so that sums are exact.
"""

from __future__ import annotations

import re
import sqlite3

from forge_lsp.reading import text_beside

__all__ = ["MIGRATIONS", "QUERIES", "TABLES", "VERSION", "LedgerTooNew", "migrate"]

TABLES = ("jobs", "attempts", "reviews", "calls", "events", "spending", "consents")

MIGRATIONS = tuple(
    tuple(statement for statement in step.split(";\n") if statement.strip())
    for step in re.split(r"^-- step \d+\n", text_beside(__file__, "migrations.sql"), flags=re.MULTILINE)[1:]
)
"""The statements of each step of ``migrations.sql``."""

VERSION = len(MIGRATIONS)

QUERIES: dict[str, str] = dict(
    re.findall(r"^-- (\w+)(?:: .*)?\n((?!--|\n)[^;]+);$", text_beside(__file__, "queries.sql"), re.MULTILINE)
)
"""The statements of ``queries.sql``, by name."""


class LedgerTooNew(Exception):
    """The file was written by a newer version. ``version`` is its ``user_version``."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the file has version {version}, this program knows {VERSION}")
        self.version = version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to :data:`VERSION`, each step whole or not at all.

    ``connection`` is in autocommit mode. Raises TooNew, or a sqlite3.Error of the disk.
    """
    while True:
        if version_of(connection) == VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection)  # again: another process may have been faster
            if version > VERSION:
                raise LedgerTooNew(version)
            if version < VERSION:
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has had."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
