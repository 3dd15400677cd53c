"""Everything a face may use: :mod:`forge_lsp.app` builds one of these; faces see no concrete component."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.errors import SettingsError
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import ContextGatherer, Editing, Finding, ModelDirectory, Scoping, Syntax, Toolchain
from forge_lsp.core.ports.planning import MakePlan, Planned
from forge_lsp.jobs.manager import JobManager

if TYPE_CHECKING:
    from forge_lsp.jobs.preparing import Setup
    from forge_lsp.jobs.statistics import Rates

__all__ = ["Apart", "Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What benchmarks and the judging of changes need beside the services.

    ``jobs`` makes a manager whose jobs are no part of the ledger, so that neither history nor statistics know them;
    their consent is asked and their money is set aside there all the same. ``setup`` answers what the settings of a
    folder come to under a profile, ``toolchains`` what checks each language there, whether there is a model or not;
    both raise SettingsError and EnvironmentFault. ``context`` gathers what models would be shown.
    """

    jobs: Callable[[], JobManager]
    setup: Callable[[Path | None, str | None], Awaitable[Setup]]
    syntax: Syntax
    toolchains: Callable[[Path | None], Awaitable[Mapping[Language, Toolchain]]]
    context: ContextGatherer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a face may use.

    ``languages`` are those that can be written. ``problem`` answers the settings error that keeps jobs from starting,
    or None. ``reconfigure`` takes the editor's ``forge.*`` settings again and raises SettingsError where they are wrong
    (the error then stays as ``problem``). ``lens`` answers whether the settings want code lenses; ``rates`` what their
    paid rungs cost, for statistics; ``plan`` plans which model goes to which GPU; ``roles`` says who has which part and
    why, ``suggest`` what is worth fetching for the GPUs. ``apart`` is for benchmarks and changes.
    """

    jobs: JobManager
    languages: Languages
    editing: Editing
    scoping: Scoping
    models: Callable[[], Awaitable[ModelDirectory]]
    findings: Callable[[], Awaitable[tuple[Finding, ...]]]
    problem: Callable[[], SettingsError | None]
    reconfigure: Callable[[Mapping[str, object]], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]
    state_dir: Path
    lens: Callable[[], bool] = lambda: True
    rates: Callable[[], Awaitable[Rates]] | None = None
    plan: MakePlan | None = None
    roles: Callable[[], Awaitable[Planned]] | None = None
    suggest: MakePlan | None = None
    apart: Apart | None = None
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
