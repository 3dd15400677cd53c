"""Everything a face may use: app.py builds one of these and hands it to a face. Faces know no room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forge_lsp.domain.errors import SettingsError
from forge_lsp.domain.ports import Editing, Finding, ModelDirectory, Scoping
from forge_lsp.jobs.manager import JobManager

__all__ = ["Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a face may use.

    ``problem`` answers the settings error that keeps jobs from starting, or None. ``reconfigure`` takes the editor's
    ``forge.*`` settings anew and raises SettingsError where they are wrong (the error then stays as ``problem``).
    ``lens`` answers whether the settings want code lenses.
    """

    jobs: JobManager
    editing: Editing
    scoping: Scoping
    models: Callable[[], Awaitable[ModelDirectory]]
    findings: Callable[[], Awaitable[tuple[Finding, ...]]]
    problem: Callable[[], SettingsError | None]
    reconfigure: Callable[[Mapping[str, object]], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]
    state_dir: Path
    lens: Callable[[], bool] = lambda: True
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
