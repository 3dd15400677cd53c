"""From a command to the exit code of its process: signals, errors in words, the log, readers that go away."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from forge_lsp.cli.display import say, say_error
from forge_lsp.core.errors import BadRequest, EnvironmentFault, ForgeError, JobUnknown, SettingsError
from forge_lsp.logfile import Log, redact

__all__ = ["FAILED", "USAGE", "run"]

logger = logging.getLogger(__name__)

FAILED, USAGE = 1, 2
_HARD_STOP = 3.0  # seconds after a signal for what does not heed its cancel


def run(command: Callable[[Log], Awaitable[int]], state_dir: Callable[[], Path]) -> int:
    """Run a command and answer its exit code; nothing but :class:`SystemExit` is raised.

    The command gets the log, to open it in the state folder once that is known; ``state_dir`` says where that would
    be, for an error that comes before. SIGINT and SIGTERM cancel the command; the code is then 128 + the signal.
    """
    _fix_streams()
    log = Log()
    signals: list[int] = []
    timers: list[threading.Timer] = []
    try:
        code = asyncio.run(_with_signals(command(log), signals, timers))
        say("")  # flushes what is still to be written
    except (asyncio.CancelledError, KeyboardInterrupt):
        code = 128 + signal.SIGINT
    except SettingsError as error:
        for line in error.problems:
            say_error(line)
        code = USAGE
    except (BadRequest, JobUnknown) as error:
        say_error(error.full_message)
        code = USAGE
    except ForgeError as error:
        say_error(error.full_message)
        code = FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            say_error(f"nothing more can be written: {error.strerror}")
            code = FAILED
        else:
            code = _unexpected(error, log, state_dir)
    finally:
        for timer in timers:
            timer.cancel()
        log.close()
    with contextlib.suppress(EnvironmentFault):  # told already; what is left must not fail once more at the very end
        say("")
    return 128 + signals[0] if signals else code


def _unexpected(error: Exception, log: Log, state_dir: Callable[[], Path]) -> int:
    """One sentence for the user; the story is for the log."""
    logger.error("The command failed", exc_info=error)
    if log.path is None:
        with contextlib.suppress(Exception):
            log.open(state_dir())
    where = f"; the details are in {log.path}" if log.path else ""
    say_error(f"this should not happen: {type(error).__name__}: {redact(str(error))[:300]}{where}")
    return FAILED


async def _with_signals(command: Awaitable[int], signals: list[int], timers: list[threading.Timer]) -> int:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if not timers:
            # What hangs in a thread, or holds on to its task, must not keep the process.
            timer = threading.Timer(_HARD_STOP, lambda: os._exit(128 + number))
            timer.daemon = True
            timer.start()
            timers.append(timer)
        signals.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: asyncio turns Ctrl-C into the same cancel
            loop.add_signal_handler(number, stop, number)
    return await command


def _fix_streams() -> None:
    """Closed standard streams become empty ones, so that no file of ours gets their number; and a terminal that cannot
    show a character gets its escape, not an error."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
