"""How sure a number is: 95% confidence intervals of shares, means, ratios and of how well a score separates. Pure.

What few jobs say is little: one value has no interval at all (None), two have a very wide one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from forge_lsp.core.codec import told_as

__all__ = [
    "CONFIDENCE",
    "Mean",
    "Ratio",
    "Separation",
    "Share",
    "mean",
    "ratio",
    "separation",
    "share",
    "student",
]

CONFIDENCE = 0.95
_Z = statistics.NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``hits`` of ``total``; ``value`` and its interval are None where nothing was counted."""

    hits: int = told_as("count")
    total: int = told_as("of")
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of ``count`` values (None: of none), and its interval (None: of fewer than two)."""

    count: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Ratio(Mean):
    """The sum of one quantity by the sum of another over ``count`` pairs. None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How well a score tells ``right`` from ``wrong`` cases (how many of each): the chance that a right one has the
    higher score, equal ones counting half (the area under the ROC curve). 0.5 is a coin. None without both kinds."""

    right: int
    wrong: int
    value: float | None = field(default=None, metadata={"told": "auc"})
    low: float | None = None
    high: float | None = None


def share(hits: int, total: int) -> Share:
    """Return a share with Wilson's score interval, which stays inside 0 to 1 and is honest for few and for extreme
    counts (E. B. Wilson 1927, J. Am. Stat. Assoc. 22, 209-212)."""
    if total == 0:
        return Share(hits=hits, total=total)
    value, square = hits / total, _Z * _Z
    scale = 1 + square / total
    middle = (value + square / (2 * total)) / scale
    half = _Z / scale * math.sqrt(value * (1 - value) / total + square / (4 * total * total))
    # Rounding must not put the value a hair outside of its own interval at 0 and 1.
    return Share(
        hits=hits,
        total=total,
        value=value,
        low=max(0.0, min(middle - half, value)),
        high=min(1.0, max(middle + half, value)),
    )


def mean(values: Sequence[float], *, least: float = 0.0) -> Mean:
    """Return a mean with Student's t interval (Student 1908, Biometrika 6, 1-25), cut off at ``least``: no cost and no
    time is negative."""
    count = len(values)
    if count == 0:
        return Mean(count=0)
    value = statistics.fmean(values)
    if count == 1:
        return Mean(count=1, value=value)
    half = student(count - 1) * statistics.stdev(values, value) / math.sqrt(count)
    return Mean(count=count, value=value, low=max(least, value - half), high=value + half)


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Return ``sum(above) / sum(below)`` over pairs that belong together, with the linearised interval of a ratio
    estimate (W. G. Cochran 1977, Sampling Techniques, 3rd ed., eq. 6.13). Raises ValueError for sequences of two
    lengths."""
    count, total = len(above), sum(below)
    if len(below) != count:
        raise ValueError(f"{count} values above, {len(below)} below")
    if count == 0 or total <= 0:
        return Ratio(count=count)
    value = sum(above) / total
    if count == 1:
        return Ratio(count=1, value=value)
    rest = sum((y - value * x) ** 2 for y, x in zip(above, below, strict=True)) / (count - 1)
    half = student(count - 1) * math.sqrt(rest / count) / (total / count)
    return Ratio(count=count, value=value, low=max(0.0, value - half), high=value + half)


def separation(right: Sequence[float], wrong: Sequence[float]) -> Separation:
    """Return how well scores separate, with the score interval that stays inside 0 to 1 and has a width also where all
    is told apart (R. G. Newcombe 2006, Stat. Med. 25, 559-573, method 5)."""
    m, n = len(right), len(wrong)
    if not m or not n:
        return Separation(right=m, wrong=n)
    value = sum((one > other) + 0.5 * (one == other) for one in right for other in wrong) / (m * n)
    half = (m + n) / 2 - 1

    def near(chance: float) -> bool:
        spread = chance * (1 - chance) * (1 + half * (1 - chance) / (2 - chance) + half * chance / (1 + chance))
        return (value - chance) ** 2 <= _Z * _Z * spread / (m * n)

    return Separation(right=m, wrong=n, value=value, low=_edge(near, value, 0.0), high=_edge(near, value, 1.0))


def _edge(near: Callable[[float], bool], inside: float, outside: float) -> float:
    """The last value from ``inside`` towards ``outside`` that is near, by bisection."""
    if near(outside):
        return outside
    for _ in range(50):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if near(middle) else (inside, middle)
    return inside


@lru_cache(maxsize=256)
def student(freedom: int) -> float:
    """Return the two-sided 95% point of Student's t with ``freedom`` (1 or more) degrees of freedom, by bisection of
    its distribution; from 1000 on, the normal's, which it then exceeds by less than 0.003."""
    if freedom < 1:
        raise ValueError("at least one degree of freedom")
    if freedom >= 1000:
        return _Z
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < CONFIDENCE else (low, middle)
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """P(|T| < t), a finite sum for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
