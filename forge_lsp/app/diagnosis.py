"""What ``doctor``, ``plan`` and ``stats`` show of a container: findings, GPUs, the plan, what paid rungs cost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.container import Container
from forge_lsp.app.reading import ollama_servers, rows_of, wanted_of
from forge_lsp.core.errors import EnvironmentFault, ForgeError

if TYPE_CHECKING:
    from forge_lsp.config import Settings
    from forge_lsp.core.ports import Finding
    from forge_lsp.core.ports.planning import PlanningResult
    from forge_lsp.jobs.figures import CurrentRates
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.models.directory import Directory
    from forge_lsp.placement.survey import ServerSettings
    from forge_lsp.sandbox.choosing import Mode, SandboxChooser

__all__ = ["findings_of", "gpus_of", "plan_of", "probes_of", "rates_of"]


async def findings_of(container: Container, ledger: Ledger) -> tuple[Finding, ...]:
    """Return the doctor's findings, area by area."""
    from forge_lsp import findings
    from forge_lsp.models import health

    directory: Directory | None = None
    generators: frozenset[str] = frozenset()
    mode: Mode = "preferred"
    servers: list[ServerSettings] = []
    try:
        chosen = await container.settings()
    except ForgeError as error:
        told = findings.of_settings_error(error)
    else:
        settings = chosen.resolved.settings
        told = findings.of_settings(chosen.label, chosen.resolved.notes)
        mode, generators = settings.check.sandbox, frozenset(row.generator.model for row in settings.schedule)
        servers = await asyncio.to_thread(ollama_servers, settings, container.state_dir)
        with contextlib.suppress(EnvironmentFault):  # told below, as the sandbox's
            directory = (await container.components(settings)).directory
    return (
        findings.of_platform(),
        *told,
        *await findings.examined("models", health.findings(directory, generators)),
        *await findings.examined("sandbox", _check_findings(container.chooser(mode))),
        *await findings.examined("gpus", _memory_findings(container.state_dir, servers)),
        findings.of_ledger(container.state_dir, ledger.problem),
    )


async def _memory_findings(state_dir: Path, servers: Sequence[ServerSettings]) -> tuple[Finding, ...]:
    """The GPUs, the fleet, what is in which memory, and what will hurt."""
    from forge_lsp import findings
    from forge_lsp.core.addresses import ollama_url
    from forge_lsp.placement import inventory, survey
    from forge_lsp.placement.fleet.control import Control
    from forge_lsp.placement.fleet.findings import findings as of_fleet
    from forge_lsp.placement.fleet.state import Folder

    found = await inventory.read()
    used = {server.key: server.url for server in servers}
    told: tuple[Finding, ...] = ()
    if sys.platform != "win32":
        try:
            told = of_fleet(await Control(Folder(state_dir / "fleet")).status(found), used)
        except EnvironmentFault as error:
            told = (findings.of_fault("fleet", error),)
    usual = ollama_url(None)
    others = [] if usual in used.values() else [usual]
    looked = await survey.look(servers, found, others=others, deep=True)
    return (*inventory.findings(found), *told, *survey.findings(looked))


async def _check_findings(chooser: SandboxChooser) -> tuple[Finding, ...]:
    """The sandbox, and the tools that run in it: all of them at the same time."""
    from forge_lsp import findings
    from forge_lsp.checking.fast.languages import fast_findings
    from forge_lsp.checking.toolchains import examinations
    from forge_lsp.languages.registry import BUILT_IN

    told: tuple[Finding, ...] = ()
    try:
        told = await chooser.findings()
        sandbox = await chooser.choose()
    except EnvironmentFault as error:
        return told or (findings.of_fault("sandbox", error),)
    looks = [findings.examined(name, looking) for name, looking in examinations(BUILT_IN, sandbox).items()]
    tools = [finding for found in await asyncio.gather(*looks) for finding in found]
    return (*told, *tools, *fast_findings(BUILT_IN, sandbox, os.environ))


async def probes_of(container: Container) -> list[dict[str, object]]:
    """What ``doctor --probe`` tells: a row a sandbox, with what each probe against it came to."""
    probed = await container.chooser("preferred").probes(container.state_dir)
    return [
        {
            "sandbox": one.name,
            "problem": one.problem,
            "probes": [
                {
                    "key": measured.probe.key,
                    "what": measured.probe.what,
                    "held": measured.held,
                    "detail": measured.said or "",
                    "known": measured.known,
                }
                for measured in one.measured
            ],
        }
        for one in probed
    ]


async def gpus_of(container: Container) -> list[dict[str, object]]:
    """What ``forge.models`` tells of the GPUs; memory in bytes."""
    from forge_lsp.placement import inventory, survey

    settings: Settings | None = None
    with contextlib.suppress(ForgeError):  # the GPUs are there whatever the settings say
        settings = (await container.settings()).resolved.settings
    servers = [] if settings is None else await asyncio.to_thread(ollama_servers, settings, container.state_dir)
    return survey.rows(await survey.look(servers, await inventory.read()))


async def plan_of(container: Container, gib: tuple[float, ...] | None) -> PlanningResult:
    """Which model goes to which GPU, or is there where a fleet is up. Where GPUs are only imagined and no server is
    there, the three-gpu profile's."""
    from forge_lsp.placement.managing import in_force
    from forge_lsp.placement.planning import planned

    imagined = gib is not None and container.flags.profile is None
    try:
        chosen = await container.settings()
        if imagined and not wanted_of(chosen.resolved.settings):
            chosen = await container.settings(profile="three-gpu")
    except EnvironmentFault:
        if not imagined:
            raise
        chosen = await container.settings(profile="three-gpu")
    settings = chosen.resolved.settings
    wanted, rows = wanted_of(settings), rows_of(settings)
    servers = await asyncio.to_thread(ollama_servers, settings, container.state_dir) if gib is None else []
    fleet = None
    if any(server.max_loaded is not None for server in servers):
        fleet = await in_force(servers, wanted, rows, state_dir=container.state_dir)
    return await planned(wanted, rows, profile=chosen.profile, state_dir=container.state_dir, gib=gib, fleet=fleet)


async def rates_of(container: Container) -> CurrentRates:
    """What the paid rungs of the settings in force cost; wrong settings are the statistics' note, no failure."""
    from functools import partial

    from forge_lsp.core.ports import Usage
    from forge_lsp.jobs.figures import CurrentRates

    try:
        setup = await container.setup(None, None)
        infos = [setup.infos[key] for key in dict.fromkeys(row.generator.model for row in setup.schedule.rows)]
        paid = {info.key: partial(setup.prices.nano, info) for info in infos if info.paid}
        for price in paid.values():
            await asyncio.to_thread(price, Usage(input_tokens=1, output_tokens=1))
    except ForgeError as error:
        return CurrentRates(problem=error.full_message)
    return CurrentRates(paid=paid, good=setup.schedule.accept.score)
