"""The fast gate of this machine: which languages have a checker that can be kept running."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.opener import Opener
from forge_lsp.checking.programs import not_found, with_program
from forge_lsp.checking.versions import with_usual_folders
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Finding, FindingStatus, Sandbox
from forge_lsp.core.support import Tools
from forge_lsp.sandbox.bubblewrap import Bubblewrap

__all__ = ["fast_findings", "fast_gate"]


def fast_gate(
    languages: Languages,
    sandbox: Sandbox,
    *,
    state: Path,
    commands: Mapping[Language, tuple[str, ...]],
    environment: Mapping[str, str] | None = None,
    keeping: DaemonLimits | None = None,
    interpreters: Mapping[Language, str] | None = None,
) -> DaemonGate:
    """Return the fast gate. ``commands`` are checks of the user's own: where there is one, only it decides. ``state``
    is a folder of ours for what a checker is compiled to; ``environment`` the server's own unless given;
    ``interpreters`` as in :func:`~forge_lsp.checking.toolchains.toolchains`."""
    base = with_usual_folders(os.environ) if environment is None else environment
    openers: dict[Language, Opener] = {}
    for language in languages:
        make = language.checking().opener
        known = with_program(language, (interpreters or {}).get(language), base)
        if make is None or known is None or commands.get(language):
            continue
        opener = make(Tools(sandbox=sandbox, environment=known), state)
        assert isinstance(opener, Opener), "each is one of this room"
        openers[language] = opener
    return DaemonGate(sandbox, openers, keeping=keeping)


def fast_findings(languages: Languages, sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: which languages have a checker that can be kept running here."""
    if not isinstance(sandbox, Bubblewrap):
        return not_found(
            "fast gate", "needs bubblewrap: several samples are built in the order they came", sandbox.remedy
        )
    here = [str(language) for language in languages if language.checking().ready(environment)]
    detail = f"ranks several samples of {', '.join(here)}" if here else "no checker is here that could be kept running"
    status = FindingStatus.OK if here else FindingStatus.ABSENT
    return (Finding(name="fast gate", status=status, detail=detail, facts={"languages": here}),)
