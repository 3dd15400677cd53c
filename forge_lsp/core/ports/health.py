"""What the doctor says, and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = [
    "Clock",
    "Finding",
    "FindingStatus",
]


class FindingStatus(StrEnum):
    """How a finding of the doctor is to be read."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of ``forge-lsp doctor``. ``remedy`` is a command or a step; None when there is nothing to fix.

    ``required``: without it the main job cannot run.
    """

    name: str
    status: FindingStatus
    detail: str
    remedy: str | None = None
    required: bool = False
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """An aware UTC time."""
        ...

    def monotonic(self) -> float:
        """Seconds, for durations."""
        ...
