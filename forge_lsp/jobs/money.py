"""USD for people and wires, whole nano-USD (1e-9 USD) for sums: a float adds 0.1 ten times and misses 1."""

from __future__ import annotations

import math

__all__ = ["to_nano", "to_usd"]


def to_nano(usd: float) -> int:
    """Return USD in nano-USD, rounded up: a budget may only err on the safe side."""
    return math.ceil(round(usd * 1e9, 3))


def to_usd(nano: int) -> float:
    """Return nano-USD in USD."""
    return nano / 1e9
