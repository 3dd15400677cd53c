"""What a person sees while a job runs: one line an event, on standard error. A listener like the other three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_lsp.domain.events import (
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

__all__ = ["Display", "stderr_console"]


def stderr_console() -> Console:
    """A console on standard error: standard output belongs to results."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class Display:
    """Prints each event of a job as it comes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: JobEvent) -> None:
        line = _line(event)
        if line is not None:
            style, text = line
            self._console.print(text, style=style, markup=False, soft_wrap=True)


def _line(event: JobEvent) -> tuple[str, str] | None:
    """(rich style, text) of an event; None for what only machines need."""
    match event.body:
        case JobStarted() as body:
            return "bold", f"{body.task}  ({body.language}, at most {body.attempts} attempts)"
        case AttemptStarted() as body:
            thinking = f"thinking {body.strategy}" if body.thinkers else "no thinking"
            samples = f" x {body.samples}" if body.samples > 1 else ""
            return "bold cyan", (
                f"attempt {body.number}/{body.attempts}: {thinking}, {body.generator}{samples} writes, "
                f"{body.panel} panel"
            )
        case StageStarted() as body:
            return "dim", f"  {body.stage}: {body.detail}"
        case StageFinished() as body:
            return "", f"  {body.stage}: {body.detail}  ({body.seconds:.1f} s)"
        case CallFinished(error=str(error)) as body:
            return "yellow", f"    {body.model}: {error}"
        case CallFinished() as body:
            cost = f", ${body.cost_usd:.4f}" if body.cost_usd else ""
            return "dim", f"    {body.model} ({body.role}): {body.output_tokens} tokens in {body.seconds:.1f} s{cost}"
        case Degraded() as body:
            return "yellow", f"  ! {body.reason}"
        case RungSkipped() as body:
            return "yellow", f"attempt {body.number}: skipped, {body.reason}"
        case AttemptFinished() as body:
            style = "green" if body.decision == "accept" else "yellow"
            score = "" if body.score is None else f", score {body.score:.1f}"
            return style, f"  -> {body.decision}{score}: {body.reason}"
        case JobFinished() as body:
            style = "bold green" if body.outcome == "accepted" else "bold yellow"
            score = "" if body.score is None else f", score {body.score:.1f}"
            reason = f": {body.reason}" if body.reason else ""
            cost = f", ${body.cost_usd:.4f}"
            return style, f"{body.outcome}{score}, {body.attempt_count} attempts, {body.seconds:.1f} s{cost}{reason}"
        case _:
            return None
