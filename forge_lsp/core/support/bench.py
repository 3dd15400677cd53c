"""What the benchmark knows of a language: stubs, and where its tests stand."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BenchSupport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSupport:
    """What the benchmark knows of a language: stubs, and where its tests stand."""
