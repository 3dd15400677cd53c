"""The ledger's tables, and how an older file becomes a newer one.

``PRAGMA user_version`` says how many of :data:`MIGRATIONS` a file has had. Only ever append to them: a file in a
user's state folder has had the ones before. Times are ISO 8601 in UTC, seconds are wall time, money is in whole
nano-USD (1e-9 USD; a token costs thousands of them), so that sums are exact.
"""

from __future__ import annotations

import sqlite3

__all__ = ["MIGRATIONS", "TABLES", "VERSION", "LedgerTooNew", "migrate"]

TABLES = ("jobs", "attempts", "reviews", "calls", "events", "spending", "consents")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL,            -- queued | running | ended | interrupted
            owner TEXT NOT NULL,            -- the process that runs it: the name of its lock in live/
            created TEXT NOT NULL,
            workspace TEXT,
            uri TEXT NOT NULL,
            language TEXT NOT NULL,
            profile TEXT NOT NULL,
            task TEXT NOT NULL,
            version INTEGER,                -- the editor's number of the document
            base_text TEXT NOT NULL,        -- the document before the candidate
            scope TEXT NOT NULL,            -- JSON
            allowed_attempts INTEGER NOT NULL,
            apply TEXT NOT NULL,
            follow_up_of TEXT,
            toys TEXT NOT NULL,             -- JSON: models whose scores mean nothing
            outcome TEXT,
            score REAL,
            reason TEXT,
            seconds REAL,
            cost_nano_usd INTEGER,
            attempt_count INTEGER,
            applied INTEGER NOT NULL DEFAULT 0,
            candidate TEXT,                 -- JSON, with the whole document in its text
            sent TEXT NOT NULL DEFAULT '[]' -- JSON: whose text went where
        ) STRICT
        """,
        "CREATE INDEX jobs_by_state ON jobs (state) WHERE state IN ('queued', 'running')",
        """
        CREATE TABLE attempts (
            job_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            strategy TEXT NOT NULL,
            generator TEXT NOT NULL,
            samples INTEGER NOT NULL,
            panel TEXT NOT NULL,
            compiled INTEGER,               -- 1, 0 or NULL: not checked
            passed INTEGER NOT NULL,        -- examples
            failed INTEGER NOT NULL,
            disputed INTEGER NOT NULL,
            score REAL,
            decision TEXT NOT NULL,
            skipped TEXT,
            seconds REAL NOT NULL,
            cost_nano_usd INTEGER NOT NULL,
            whole TEXT NOT NULL,            -- JSON: the attempt, less the whole document of its candidate
            PRIMARY KEY (job_id, number)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE reviews (
            job_id TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            place INTEGER NOT NULL,
            model TEXT NOT NULL,
            aspect TEXT NOT NULL,
            weight REAL NOT NULL,
            score REAL,
            abstained TEXT,
            issues INTEGER NOT NULL,
            seconds REAL NOT NULL,
            PRIMARY KEY (job_id, attempt, place)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE calls (
            job_id TEXT NOT NULL,
            call INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            stage TEXT NOT NULL,
            role TEXT NOT NULL,
            model TEXT NOT NULL,
            server TEXT NOT NULL,
            ended TEXT NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            queue_seconds REAL NOT NULL,
            load_seconds REAL NOT NULL,
            first_token_seconds REAL NOT NULL,
            seconds REAL NOT NULL,
            cost_nano_usd INTEGER NOT NULL,
            error TEXT,
            PRIMARY KEY (job_id, call)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE events (
            job_id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            at TEXT NOT NULL,
            type TEXT NOT NULL,
            body TEXT NOT NULL,             -- JSON
            PRIMARY KEY (job_id, sequence)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE spending (
            id TEXT PRIMARY KEY,
            job_id TEXT NOT NULL,
            day TEXT NOT NULL,              -- of the reservation, UTC
            model TEXT NOT NULL,
            server TEXT NOT NULL,
            open INTEGER NOT NULL,          -- 1: reserved, the call is not over
            nano_usd INTEGER NOT NULL,      -- the estimate while open, then the cost
            sent_nano_usd INTEGER NOT NULL  -- the part of the estimate that is spent once the call is sent
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX spending_by_day ON spending (day, nano_usd)",
        "CREATE INDEX spending_by_job ON spending (job_id, nano_usd)",
        """
        CREATE TABLE consents (
            workspace TEXT NOT NULL,        -- '' where there is none
            server TEXT NOT NULL,
            address TEXT NOT NULL,
            answer INTEGER NOT NULL,        -- 1: yes, 0: no
            at TEXT NOT NULL,
            PRIMARY KEY (workspace, server)
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE jobs ADD COLUMN grade TEXT",  # of proof: proven | kept | supported | reviewed | NULL
        "ALTER TABLE jobs ADD COLUMN checks TEXT",  # JSON: pairs of a check's status and how many have it
        "ALTER TABLE attempts ADD COLUMN grade TEXT",
    ),
    ("ALTER TABLE jobs ADD COLUMN became TEXT",),  # the applied result once saved: kept | changed | undone | NULL
    ("ALTER TABLE jobs ADD COLUMN questions TEXT",),  # JSON: what the user was asked, and the answers
    ("ALTER TABLE jobs ADD COLUMN accept_score REAL",),  # what the settings asked a panel for
    # unseen 1: an editor asked for the job, and none has shown how it ended
    (
        "ALTER TABLE jobs ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX jobs_unseen ON jobs (id) WHERE unseen = 1",
    ),
    (
        "ALTER TABLE jobs ADD COLUMN cause TEXT",  # why it failed, for programs: consent | NULL
        "ALTER TABLE jobs ADD COLUMN remedy TEXT",  # what fixes that, which is in the reason too
        # what it was started with, for a job that is gone on with
        "ALTER TABLE jobs ADD COLUMN asked_profile TEXT",  # by the user; NULL: the settings'
        "ALTER TABLE jobs ADD COLUMN insights TEXT",  # JSON: the user's words on an earlier result, and its code
        "ALTER TABLE jobs ADD COLUMN diagnostics TEXT",  # JSON: to be fixed
    ),
)

VERSION = len(MIGRATIONS)


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
