"""The doctor's lines that belong to no package: the platform, the settings, the ledger."""

from __future__ import annotations

import logging
import platform
from collections.abc import Awaitable, Sequence
from pathlib import Path

from forge_lsp.core.errors import ForgeError, SettingsError
from forge_lsp.core.ports import Finding, FindingStatus

__all__ = ["examined", "of_fault", "of_ledger", "of_platform", "of_settings", "of_settings_error"]

_log = logging.getLogger(__name__)


async def examined(name: str, looking: Awaitable[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """What ``looking`` finds, or that it failed: a doctor that dies of one ailment helps with none."""
    try:
        return await looking
    except ForgeError as error:
        return (Finding(name=name, status=FindingStatus.BROKEN, detail=str(error), remedy=error.remedy),)
    except Exception as error:
        _log.exception("The doctor could not look at %s", name)
        detail = f"could not be looked at ({type(error).__name__}: {error}); the log says more"
        return (Finding(name=name, status=FindingStatus.BROKEN, detail=detail),)


def of_platform() -> Finding:
    """Python and the operating system; on Windows, that checks need WSL2."""
    detail = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if platform.system() == "Windows":
        remedy = "wsl --install, then install and run forge-lsp inside WSL2"
        return Finding(
            name="platform", status=FindingStatus.BROKEN, detail=f"{detail}: checks need WSL2", remedy=remedy
        )
    return Finding(name="platform", status=FindingStatus.OK, detail=detail)


def of_settings(label: str, notes: Sequence[str]) -> tuple[Finding, ...]:
    """The profile in force and why, and what a workspace file could not widen."""
    told = [Finding(name="settings", status=FindingStatus.OK, detail=note) for note in notes]
    return (Finding(name="profile", status=FindingStatus.OK, detail=label), *told)


def of_settings_error(error: ForgeError) -> tuple[Finding, ...]:
    """One line a problem; none of them lets a job start."""
    if not isinstance(error, SettingsError):
        return (of_fault("profile", error),)
    return tuple(
        Finding(
            name="settings",
            status=FindingStatus.BROKEN,
            detail=problem,
            remedy="correct that line; `forge-lsp config schema` names every key",
            required=True,
        )
        for problem in error.problems
    )


def of_fault(name: str, error: ForgeError) -> Finding:
    """What keeps every job from starting."""
    return Finding(name=name, status=FindingStatus.BROKEN, detail=str(error), remedy=error.remedy, required=True)


def of_ledger(folder: Path, problem: str | None) -> Finding:
    """Where jobs are kept."""
    if problem:
        return Finding(name="ledger", status=FindingStatus.BROKEN, detail=problem)
    return Finding(name="ledger", status=FindingStatus.OK, detail=str(folder))
