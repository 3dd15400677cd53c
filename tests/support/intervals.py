"""Shares with their uncertainty, as benchmarks print them."""

from __future__ import annotations

from forge_lsp.jobs import intervals

__all__ = ["least", "share"]


def least(count: int, total: int) -> float:
    """The lower end of the 95% interval of a share; 0 of nothing."""
    return intervals.share(count, total).low or 0.0


def share(count: int, total: int) -> str:
    """``38% [25, 52] (18 of 48)``."""
    found = intervals.share(count, total)
    if found.value is None or found.low is None or found.high is None:
        return f"   - (0 of {total})"
    return f"{found.value:>4.0%} [{100 * found.low:.0f}, {100 * found.high:.0f}] ({count} of {total})"
