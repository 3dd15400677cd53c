"""Numbers with their confidence intervals, in tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_lsp.cli.display import stdout_console

if TYPE_CHECKING:
    from forge_lsp.jobs.intervals import Mean, Separation, Share

__all__ = ["about", "percent", "separates", "table"]


def percent(one: Share) -> str:
    """``75% (60-86)``."""
    if one.value is None or one.low is None or one.high is None:
        return "-"
    return f"{one.value:.0%} ({one.low * 100:.0f}-{one.high * 100:.0f})"


def about(one: Mean, digits: int) -> str:
    """``2.1 ±0.3``; ``2.1 ±?`` for a single value."""
    if one.value is None:
        return "-"
    half = "?" if one.high is None else f"{one.high - one.value:.{digits}f}"
    return f"{one.value:.{digits}f} ±{half}"


def separates(one: Separation) -> str:
    """``AUC 0.71 (0.55-0.83), 24 right and 9 wrong``."""
    if one.value is None or one.low is None or one.high is None:
        return f"not known, {one.right} right and {one.wrong} wrong"
    return f"AUC {one.value:.2f} ({one.low:.2f}-{one.high:.2f}), {one.right} right and {one.wrong} wrong"


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> None:
    """Print a table on standard output, its first column on the left."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for index, name in enumerate(head):
        made.add_column(name, justify="right" if index else "left", no_wrap=True, overflow="ellipsis")
    for row in rows:
        made.add_row(*row)
    stdout_console().print(made)
