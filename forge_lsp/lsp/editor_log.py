"""What the log file is told, also told to the editor: its own log of this server is where its users look first."""

from __future__ import annotations

import asyncio
import logging

from lsprotocol import types as lsp

from forge_lsp.logfile import redact
from forge_lsp.lsp.protocol import ForgeProtocol

__all__ = ["EditorLog"]

_TYPES = (
    (logging.ERROR, lsp.MessageType.Error),
    (logging.WARNING, lsp.MessageType.Warning),
    (logging.INFO, lsp.MessageType.Info),
)
_LONGEST = 4_000  # characters of one message: a traceback, not a book


class EditorLog(logging.Handler):
    """Sends what our loggers say as ``window/logMessage``, without what looks like a secret.

    Records of any thread are taken; they are sent by the event loop in which it was made, and none after
    :meth:`close`. What pygls logs is left to the file: a message about a message would have no end.
    """

    def __init__(self, protocol: ForgeProtocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._open = True
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logging.getLogger("forge_lsp").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        try:
            text = redact(self.format(record))
            kind = next((kind for level, kind in _TYPES if record.levelno >= level), lsp.MessageType.Log)
            params = lsp.LogMessageParams(type=kind, message=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
            self._loop.call_soon_threadsafe(self._send, params)
        except RuntimeError:
            self._open = False  # the loop is closed: we are ending
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Send nothing more."""
        self._open = False
        logging.getLogger("forge_lsp").removeHandler(self)
        super().close()

    def _send(self, params: lsp.LogMessageParams) -> None:
        if self._open:
            self._protocol.notify(lsp.WINDOW_LOG_MESSAGE, params)
