"""The log file: rotating, private, free of secrets, never on standard output."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

__all__ = ["LOG_NAME", "Log", "redact"]

LOG_NAME = "forge-lsp.log"
_BYTES = 2_000_000
_KEPT = 3
_EARLY = 500  # records kept until the folder is known


def redact(text: str) -> str:
    """``text`` without what looks like a key, a token or a password."""
    from forge_lsp.redaction import blotted  # not before there is something to log

    return blotted(text)


class _Redacting(logging.Formatter):
    """Redacts the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _EarlyRecords(logging.Handler):
    """Holds records until there is a file."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._records) < _EARLY:
            self._records.append(record)

    def hand_to(self, handler: logging.Handler) -> None:
        """Give the records to another handler."""
        for record in self._records:
            handler.handle(record)
        self._records.clear()


def _drop(record: logging.LogRecord) -> None:
    """Drop a record that cannot be written. ``logging`` would print a traceback for each of them on a full disk."""


class Log:
    """Keeps early records in memory until :meth:`open` says where the file is."""

    def __init__(self) -> None:
        self._early = _EarlyRecords()
        self._file: logging.Handler | None = None
        self.path: Path | None = None
        root = logging.getLogger()
        root.addHandler(self._early)
        # pygls logs whole messages, and with them the user's code, at INFO
        logging.getLogger("pygls").setLevel(logging.WARNING)

    def open(self, folder: Path, level: str = "info") -> None:
        """Log to ``folder`` from now on (made where it is not there, mode 0700; the file 0600).

        A folder that cannot be written leaves us without a log file: no reason to stop.
        """
        root = logging.getLogger()
        value = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        logging.getLogger("forge_lsp").setLevel(value)
        if self._file is not None:
            return
        from logging.handlers import RotatingFileHandler  # imports pickle and sockets: after initialize

        path = folder / LOG_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
        except OSError as error:
            logging.getLogger(__name__).warning("No log file: %s", error)
            return
        handler.handleError = _drop
        handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._file, self.path = handler, path
        root.removeHandler(self._early)
        root.addHandler(handler)
        self._early.hand_to(handler)

    def close(self) -> None:
        """Flush and let go of the file. What can no longer be written, on a full disk, is dropped."""
        root = logging.getLogger()
        for handler in (self._early, self._file):
            if handler is not None:
                root.removeHandler(handler)
                with contextlib.suppress(OSError):
                    handler.close()
        self._file = None
