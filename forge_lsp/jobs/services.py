"""Everything a front end may use: :mod:`forge_lsp.app` builds one of these; front ends see no concrete component."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from forge_lsp.core.errors import SettingsError
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import ContextGatherer, Editing, Finding, ModelDirectory, Scoping, Syntax, Toolchain
from forge_lsp.core.ports.planning import MakePlan, PlanningResult
from forge_lsp.jobs.manager import JobManager

if TYPE_CHECKING:
    from forge_lsp.jobs.figures import CurrentRates
    from forge_lsp.jobs.preparing import Setup

__all__ = ["Rows", "Services"]

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""JSON objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a front end may use.

    ``languages`` are those that can be written. ``problem`` answers the settings error that keeps jobs from starting,
    or None. ``reconfigure`` takes the editor's ``forge.*`` settings again and raises SettingsError where they are wrong
    (the error then stays as ``problem``). ``lens`` answers whether the settings want code lenses; ``rates`` what their
    paid rungs cost, for statistics; ``plan`` plans which model goes to which GPU; ``roles`` says who has which part and
    why, ``suggest`` what is worth fetching for the GPUs; ``gpus`` are the rows of ``forge.models``, ``probes`` those of
    ``doctor --probe``.

    For benchmarks and the judging of changes: ``unrecorded`` makes a manager whose jobs are no part of the ledger, so
    that neither history nor statistics know them; their consent is asked and their money is set aside there all the
    same. ``setup`` answers what the settings of a folder come to under a profile, ``toolchains`` what checks each
    language there, whether there is a model or not; both raise SettingsError and EnvironmentFault. ``context`` gathers
    what models would be shown.
    """

    jobs: JobManager
    languages: Languages
    editing: Editing
    scoping: Scoping
    syntax: Syntax
    context: ContextGatherer
    models: Callable[[], Awaitable[ModelDirectory]]
    findings: Callable[[], Awaitable[tuple[Finding, ...]]]
    problem: Callable[[], SettingsError | None]
    lens: Callable[[], bool]
    reconfigure: Callable[[Mapping[str, object]], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]
    state_dir: Path
    rates: Callable[[], Awaitable[CurrentRates]]
    plan: MakePlan
    roles: Callable[[], Awaitable[PlanningResult]]
    suggest: MakePlan
    gpus: Callable[[], Awaitable[Rows]]
    probes: Callable[[], Awaitable[Rows]]
    unrecorded: Callable[[], JobManager]
    setup: Callable[[Path | None, str | None], Awaitable[Setup]]
    toolchains: Callable[[Path | None], Awaitable[Mapping[Language, Toolchain]]]
