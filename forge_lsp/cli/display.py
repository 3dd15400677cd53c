"""What a person sees: results on standard output, all else on standard error, one line an event of a job."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import IO, TYPE_CHECKING

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Degraded,
    JobEvent,
    JobFinished,
    JobStarted,
    RungSkipped,
    StageFinished,
    StageStarted,
)

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Display",
    "count",
    "printable",
    "printable_lines",
    "say",
    "say_error",
    "show",
    "stderr_console",
    "stdout_console",
]

_UNBOUNDED = 240  # columns
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal, or shows code in another order than it has."""


def say(text: str) -> None:
    """Write ``text`` to standard output as it is. A reader that has gone (``| head -1``) is no error.

    Raises EnvironmentFault where it cannot be written, as on a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _mute(sys.stdout)
    except OSError as error:
        _mute(sys.stdout)
        raise EnvironmentFault(f"standard output cannot be written: {error.strerror}") from None
    except AttributeError:  # standard output was closed before we began, so that Python made no stream of it
        pass


def show(text: str) -> None:
    """Write text that others wrote, to be read: as it is into a pipe or a file, fit for a terminal on one.

    Raises EnvironmentFault, as :func:`say` does.
    """
    out: IO[str] | None = sys.stdout  # None where it was closed before we began
    terminal = out is not None and out.isatty()
    say(printable_lines(text) if terminal else text)


def say_error(sentence: str) -> None:
    """One line on standard error, under our name; more where the sentence has them."""
    try:
        print(f"forge-lsp: {printable_lines(sentence)}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        _mute(sys.stderr)


def stderr_console() -> Console:
    """A console on standard error: standard output belongs to results."""
    return _console(stderr=True)


def stdout_console() -> Console:
    """A console on standard output, for results that are for people."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Patient(Console):
        """Goes on in silence when its reader has gone; rich would end the process."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            _mute(self.file)

    console = Patient(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED  # in a pipe or a file nothing is cut to fit a screen
    return console


def _mute(stream: IO[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def printable(text: str) -> str:
    """``text`` with control characters made visible: what models write must not steer a terminal."""
    return _CONTROL.sub(lambda found: _picture(ord(found.group())), text)


def printable_lines(text: str) -> str:
    """Several lines, each fit for a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def _picture(code: int) -> str:
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def count(number: int, what: str) -> str:
    """``1 attempt``, ``2 attempts``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


class Display:
    """Prints each event of a job as it comes. A listener like the other three."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: JobEvent) -> None:
        line = _line(event)
        if line is not None:
            style, text = line
            self._console.print(printable(text), style=style, soft_wrap=True)


def _line(event: JobEvent) -> tuple[str, str] | None:
    """(rich style, text) of an event; None for what only machines need."""
    match event.body:
        case JobStarted() as body:
            return "bold", f"{body.task}  ({body.language}, at most {count(body.attempts, 'attempt')})"
        case AttemptStarted() as body:
            thinking = f"{', '.join(body.thinkers)} thinks ({body.strategy}), " if body.thinkers else ""
            samples = f" {body.samples} samples" if body.samples > 1 else ""
            panel = f", a {body.panel} panel reviews" if body.panel != "none" else ""
            return "bold cyan", (
                f"attempt {body.number}/{body.attempts}: {thinking}{body.generator} writes{samples}{panel}"
            )
        case StageStarted() as body:
            return "dim", f"  {body.stage}: {body.detail}" if body.detail else f"  {body.stage}"
        case StageFinished() as body:
            return "", f"  {body.stage}: {body.detail or 'done'}  ({body.seconds:.1f} s)"
        case CallFinished(error=str(error)) as body:
            return "yellow", f"    {body.model}: {error}"
        case CallFinished() as body:
            cost = f", ${body.cost_usd:.4f}" if body.cost_usd else ""
            return "dim", (
                f"    {body.model} ({body.role}): {count(body.output_tokens, 'token')} in {body.seconds:.1f} s{cost}"
            )
        case Degraded() as body:
            return "yellow", f"  ! {body.reason}"
        case RungSkipped() as body:
            return "yellow", f"attempt {body.number}: skipped, {body.reason}"
        case AttemptFinished() as body:
            style = "green" if body.decided == "accept" else "yellow"
            score = "" if body.score is None else f", score {body.score:.1f}"
            return style, f"  -> {body.decided}{score}: {body.reason}"
        case JobFinished() as body:
            style = "bold green" if body.outcome == "accepted" else "bold yellow"
            score = "" if body.score is None else f", score {body.score:.1f}"
            score = f", {body.grade.words}{score}" if body.grade is not None else score
            reason = f": {body.reason}" if body.reason else ""
            attempts = "" if body.outcome is Outcome.EXHAUSTED else f", {count(body.attempt_count, 'attempt')}"
            told = f"{body.seconds:.1f} s, ${body.cost_usd:.4f}"
            return style, f"{body.outcome.words(body.attempt_count)}{score}{attempts}, {told}{reason}"
        case _:
            return None
