"""Shares with their uncertainty."""

from __future__ import annotations

import math

__all__ = ["share", "wilson"]


def wilson(count: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927), 95% unless ``z`` says otherwise; (0, 1) of nothing."""
    if not total:
        return 0.0, 1.0
    p, squared = count / total, z * z
    middle = (p + squared / (2 * total)) / (1 + squared / total)
    half = z * math.sqrt(p * (1 - p) / total + squared / (4 * total * total)) / (1 + squared / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(count: int, total: int) -> str:
    """``38% [25, 52] (18 of 48)``."""
    low, high = wilson(count, total)
    shown = f"{count / total:.0%}" if total else "-"
    return f"{shown:>4} [{100 * low:.0f}, {100 * high:.0f}] ({count} of {total})"
