"""What a run of the benchmark came to: for people (80 columns) and for programs; docs/bench.md describes both."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.cli.display import count, printable, say, stdout_console
from forge_lsp.cli.numbers import about, percent, separates, table
from forge_lsp.core.codec import to_json

if TYPE_CHECKING:
    from forge_lsp.bench.results import CaseResult
    from forge_lsp.bench.run import RunProgress
    from forge_lsp.bench.summary import Summary, SummaryLine
    from forge_lsp.jobs.intervals import Share

__all__ = ["document", "print_document", "print_report"]


def print_report(told: Summary, course: RunProgress) -> None:
    """Print the tables."""
    console = stdout_console()

    def line(text: str = "", style: str = "") -> None:
        console.print(printable(text), style=style, soft_wrap=True)

    kept = f", {course.kept} of them known before" if course.kept else ""
    line(f"{count(told.tasks, 'task')}{kept}. In brackets and after ±: 95% confidence intervals.", "bold")
    line()
    line(f"accepted:                 {_of(told.as_set.accepted)}")
    line(f"of these right:           {_of(told.as_set.right)}")
    line(f"right, accepted or not:   {_of(told.offered)}")
    line(f"the first attempt right:  {_of(told.first)}")
    line(f"any attempt right:        {_of(told.any)}")
    if told.panel.right or told.panel.wrong:
        line(f"the panel's score:        {separates(told.panel)} (0.5: a coin)")
    if told.undecided:
        line(f"{told.undecided} accepted: the hidden tests could not decide")
    line()
    rows = [[*_line(one), str(one.unknown) if one.unknown else ""] for one in told.rules]
    table(rows, ("rule", "accepted", "right of these", "not known"))
    line()
    table([_line(one) for one in told.grades], ("grade of proof", "accepted", "right"))
    if len(told.languages) > 1:
        line()
        table([_line(one) for one in told.languages], ("language", "accepted", "right of these"))
    line()
    tokens = f"{about(told.input_tokens, 0)} in, {about(told.output_tokens, 0)} out"
    line(f"a task takes {about(told.seconds, 1)} s, {about(told.attempts, 1)} attempts, {about(told.calls, 1)} calls")
    line(f"tokens of a task: {tokens}")
    line(f"cost of a task: ${about(told.cost, 4)}; of all ${told.total_cost:.4f}")
    for reason, number in Counter(course.skipped.values()).most_common():
        line(f"{count(number, 'task')} skipped: {reason}")


def print_document(told: Summary, course: RunProgress, *, profile: str, seed: int, path: Path) -> None:
    """Print the same as one JSON document."""
    say(json.dumps(document(told, course, profile=profile, seed=seed, path=path), indent=2) + "\n")


def document(told: Summary, course: RunProgress, *, profile: str, seed: int, path: Path) -> dict[str, object]:
    """Return everything as JSON values."""
    from forge_lsp import __version__
    from forge_lsp.jobs.intervals import CONFIDENCE

    return {
        "version": __version__,
        "profile": profile,
        "seed": seed,
        "complete": course.complete,
        "confidence": CONFIDENCE,
        "results": str(path),
        **to_json(told),
        "played": [_task(one) for one in course.results],
        "skipped": [{"task": task, "reason": reason} for task, reason in course.skipped.items()],
    }


def _task(one: CaseResult) -> dict[str, object]:
    return {
        "task": one.id,
        "language": one.language,
        "outcome": one.outcome,
        "grade": one.grade,
        "reason": one.reason,
        "offeredRight": one.offered_right,
        "attempts": [
            {
                "number": attempt.number,
                "generator": attempt.generator,
                "decision": str(attempt.decision.kind),
                "reason": attempt.decision.reason,
                "grade": str(attempt.evidence.grade) if attempt.evidence.grade else None,
                "score": attempt.verdict.score if attempt.verdict else None,
                "right": right,
            }
            for attempt, right in zip(one.attempts, one.right, strict=True)
        ],
        "seconds": one.seconds,
        "calls": one.calls,
        "inputTokens": one.input_tokens,
        "outputTokens": one.output_tokens,
        "costUsd": one.cost_usd,
    }


def _line(one: SummaryLine) -> list[str]:
    return [one.name, _of(one.accepted), _of(one.right)]


def _of(one: Share) -> str:
    """``75% (60-86), 12 of 16``."""
    return "-" if one.value is None else f"{percent(one)}, {one.hits} of {one.total}"
