"""How a plan of the GPUs reaches the front ends: as one JSON object, and as tables and lines for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

__all__ = ["MakePlan", "PlanningResult", "Section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, a table (``head`` () where there is none) and lines beneath it, all plain text."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningResult:
    """A plan, told. ``ok``: every model has a place."""

    document: Mapping[str, object]
    sections: tuple[Section, ...]
    ok: bool


#: Plans the settings' models on GPUs of so many GiB each; None: on those of this machine.
#: Raises SettingsError, EnvironmentFault.
MakePlan = Callable[[tuple[float, ...] | None], Awaitable[PlanningResult]]
