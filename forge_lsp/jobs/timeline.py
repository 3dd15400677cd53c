"""A job's model calls as a small Gantt chart in text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.core.events import CallFinished, CallStarted, JobEvent

__all__ = ["gantt"]

WIDTH = 40  # columns of the chart itself


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    label: str
    start: float
    end: float
    note: str


def gantt(events: Sequence[JobEvent]) -> str:
    """Return a chart with a line for each call, in the order they began, on one scale of seconds; "" without calls."""
    bars = _bars(events)
    if not bars:
        return ""
    span = max(max(bar.end for bar in bars), 1e-9)
    width = max(len(bar.label) for bar in bars)
    lines = [f"{'':{width}}  0 s{f'{span:.1f} s':>{WIDTH - 3}}"]
    for bar in bars:
        first = min(WIDTH - 1, int(bar.start / span * WIDTH))
        last = min(WIDTH, max(first + 1, round(bar.end / span * WIDTH)))
        drawn = " " * first + "█" * (last - first)
        lines.append(f"{bar.label:{width}}  {drawn:{WIDTH}} {bar.end - bar.start:6.1f} s{bar.note}")
    return "\n".join(lines)


def _bars(events: Sequence[JobEvent]) -> list[_Bar]:
    if not events:
        return []
    origin = events[0].at
    latest = (events[-1].at - origin).total_seconds()
    ends = {event.body.call: (event.at, event.body) for event in events if isinstance(event.body, CallFinished)}
    bars: list[_Bar] = []
    for event in events:
        body = event.body
        if not isinstance(body, CallStarted):
            continue
        start = (event.at - origin).total_seconds()
        end, note = latest, "  not over"
        if body.call in ends:
            at, finished = ends[body.call]
            end, note = (at - origin).total_seconds(), "  failed" if finished.error else ""
        label = f"{body.number:>2} {body.stage:8} {_short(body.role)} {_short(body.model)}"
        bars.append(_Bar(label=label, start=start, end=max(start, end), note=note))
    return bars


def _short(name: str) -> str:
    flat = " ".join(name.split()).replace("`", "'")
    return flat if len(flat) <= 20 else flat[:19] + "…"
