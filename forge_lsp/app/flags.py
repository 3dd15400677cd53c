"""What the command line lays over the settings, the clock, and where our own files are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forge_lsp.core.errors import SettingsError

__all__ = ["Flags", "SystemClock", "state_folder", "state_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line lays over the settings. ``config`` is the user's file in place of the usual one."""

    config: Path | None = None
    profile: str | None = None

    @property
    def settings(self) -> dict[str, object]:
        """As a settings table."""
        return {} if self.profile is None else {"profile": self.profile}


class SystemClock:
    """The real time; see :class:`forge_lsp.core.ports.Clock`."""

    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds, for durations."""
        return time.monotonic()


def state_folder(flags: Flags) -> Path:
    """Where ledger, log and temp copies are, as far as it can be known without an editor."""
    return state_of(flags, {})[0]


def state_of(flags: Flags, editor: Mapping[str, object]) -> tuple[Path, int]:
    """The state folder and how long jobs are kept: needed before the settings are known to be right."""
    import platformdirs

    from forge_lsp.config import gather
    from forge_lsp.config.tree import State

    state = State()
    try:
        sources = gather(editor=editor, command_line=flags.settings, config=flags.config)
        state = State.model_validate(sources.table("state"))
    except (SettingsError, ValueError):
        pass  # the usual place serves; examine() finds the same error and keeps it for the user
    folder = state.dir or platformdirs.user_state_path("forge-lsp", appauthor=False)
    return folder.expanduser(), state.retention_days
