"""The composition root: settings -> rooms -> a face. The only file that names concrete rooms.

Nothing heavy is imported at the top: the language server answers ``initialize`` first. A process has one
:class:`House`. What depends on settings (models, sandbox, checks) is built when a job first needs it, and shared by
all jobs with the same settings.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.domain.errors import EnvironmentFault, ForgeError, SettingsError

if TYPE_CHECKING:
    from forge_lsp.builds.fast.gate import DaemonGate
    from forge_lsp.builds.sandbox.choosing import Mode, SandboxChooser
    from forge_lsp.domain.ports import Finding, Toolchain
    from forge_lsp.domain.ports.planning import Planned
    from forge_lsp.domain.task import Language
    from forge_lsp.ensemble.schedule import Schedule
    from forge_lsp.gpus.fleet.office import Office, Wish
    from forge_lsp.gpus.planning import Wanted
    from forge_lsp.gpus.residency import ManagedResidency
    from forge_lsp.gpus.survey import Seat
    from forge_lsp.gpus.timing import Row
    from forge_lsp.jobs.preparing import Setup
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.statistics import Rates
    from forge_lsp.models.directory import Directory
    from forge_lsp.profiles.auto import Chosen
    from forge_lsp.profiles.choose import Installed
    from forge_lsp.settings import Settings, Sources

__all__ = ["Flags", "House", "SystemClock", "make_fleet", "make_services", "state_folder"]

_ROLES = 5
"""Models in memory at once where the profile takes what is installed: as many as it gives roles to."""


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
    """The real time; see :class:`forge_lsp.domain.ports.Clock`."""

    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds, for durations."""
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rooms:
    """What one combination of settings needs."""

    directory: Directory
    toolchains: Mapping[Language, Toolchain]
    fast: DaemonGate | None
    residencies: dict[str, ManagedResidency] = field(default_factory=dict[str, "ManagedResidency"])


@dataclass(slots=True)
class House:
    """All rooms of one process.

    ``folders`` are the workspace folders, the first of which gives the settings where a request names none; ``editor``
    the editor's ``forge.*`` settings. ``trusted`` False: settings of the workspace do not count, and no code of it
    is run, its compilers included.
    """

    flags: Flags
    folders: tuple[Path, ...]
    state_dir: Path
    editor: Mapping[str, object] = field(default_factory=dict[str, object])
    clock: SystemClock = field(default_factory=SystemClock)
    problem: SettingsError | None = None
    trusted: bool = True
    lens: bool = True
    _built: dict[str, _Rooms] = field(default_factory=dict[str, _Rooms])
    _choosers: dict[str, SandboxChooser] = field(default_factory=dict[str, "SandboxChooser"])
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    # ------------------------------------------------------------------ settings

    async def settings(self, workspace: Path | None = None, profile: str | None = None) -> Chosen:
        """The settings in force for a folder. Raises SettingsError, EnvironmentFault."""
        from forge_lsp.models.installed import embedded_installed
        from forge_lsp.profiles.auto import load

        base = workspace or (self.folders[0] if self.folders else None)
        sources = await self._sources(base)
        chosen = await load(sources, look=_look, embedded=embedded_installed(), profile=profile, base=base)
        if problems := _schedule(chosen.resolved.settings).validate():
            layers = chosen.resolved.layers
            raise SettingsError(tuple(layers.sourced(line) for line in problems))
        return chosen

    async def _sources(self, base: Path | None) -> Sources:
        from forge_lsp.settings import gather

        sources = await asyncio.to_thread(
            gather, workspace=base, editor=self.editor, command_line=self.flags.settings, config=self.flags.config
        )
        urls, placement = await asyncio.to_thread(_fleet_up, self.state_dir)
        return replace(sources, fleet=urls, placement=placement)

    async def reconfigure(self, editor: Mapping[str, object]) -> None:
        """Take the editor's settings anew. Raises SettingsError, which then stays as ``problem``."""
        self.editor = editor
        await self.examine()
        if self.problem is not None:
            raise self.problem

    async def examine(self) -> None:
        """Look whether the settings are right, and remember it. A fault of the machine is no fault of theirs."""
        self.problem = None
        try:
            self.lens = (await self.settings()).resolved.settings.lens.enabled
        except SettingsError as error:
            self.problem = error
        except EnvironmentFault:  # told by the doctor, and by the first job
            sources = await self._sources(self.folders[0] if self.folders else None)
            self.lens = sources.table("lens").get("enabled", True) is True

    # ------------------------------------------------------------------ rooms

    async def rooms(self, settings: Settings) -> _Rooms:
        """The rooms for these settings, built once."""
        from forge_lsp.builds.fast.languages import fast_gate
        from forge_lsp.builds.toolchains import toolchains
        from forge_lsp.builds.untrusted import untrusted
        from forge_lsp.domain.task import Language
        from forge_lsp.models.directory import Directory
        from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind

        parts = settings.model_dump_json(include={"servers", "models", "deadlines", "check"})
        async with self._building:
            if parts not in self._built:
                times = settings.deadlines
                directory = Directory(
                    servers=[
                        ServerConfig(
                            key=key,
                            kind=ServerKind(server.kind),
                            url=server.url,
                            parallel=server.parallel,
                            key_env=server.key_env,
                            paid=server.costs,
                            gpu=server.gpu,
                        )
                        for key, server in settings.servers.items()
                    ],
                    models=[
                        ModelConfig(key=key, server=model.server, name=model.name, context=model.context)
                        for key, model in settings.models.items()
                    ],
                    deadlines=Deadlines(
                        connect=times.connect,
                        first_token=times.first_token,
                        between_tokens=times.between_tokens,
                        total=times.total,
                        load=times.load,
                    ),
                )
                check = settings.check
                commands = {language: check.command(language) for language in Language}
                if self.trusted:
                    sandbox = await self.chooser(check.sandbox).choose()
                    checks = toolchains(sandbox, timeout=check.timeout, commands=commands)
                    fast = fast_gate(sandbox, state=self.state_dir, commands=commands)
                else:
                    checks, fast = untrusted(), None
                self._built[parts] = _Rooms(directory=directory, toolchains=checks, fast=fast)
            return self._built[parts]

    def chooser(self, mode: Mode) -> SandboxChooser:
        """The sandbox of a mode, probed once a process."""
        from forge_lsp.builds.sandbox.choosing import SandboxChooser, SandboxConfig

        if mode not in self._choosers:
            self._choosers[mode] = SandboxChooser(SandboxConfig(mode=mode, temp=self.state_dir / "temp"))
        return self._choosers[mode]

    async def setup(self, workspace: Path | None, profile: str | None) -> Setup:
        """What the settings of a folder come to, for one job. Raises SettingsError, EnvironmentFault."""
        from forge_lsp.jobs.budget import Budget
        from forge_lsp.jobs.contract import ApplyMode
        from forge_lsp.jobs.preparing import Setup
        from forge_lsp.jobs.pricing import Price, Prices

        chosen = await self.settings(workspace if self.trusted else None, profile)
        settings = chosen.resolved.settings
        rooms = await self.rooms(settings)
        addresses = {model.server: rooms.directory.address(key) for key, model in settings.models.items()}
        prices = {key: Price(input=price.input, output=price.output) for key, price in settings.prices.items()}
        budget = settings.budget
        return Setup(
            schedule=_schedule(settings),
            attempts=settings.attempts,
            models=rooms.directory,
            infos={key: rooms.directory.info(key) for key in settings.models},
            toolchains=rooms.toolchains,
            fast=rooms.fast,
            budget=Budget(job=budget.job, day=budget.day, month=budget.month),
            prices=Prices(overrides=prices, addresses=addresses),
            granted=frozenset(settings.consent.servers),
            addresses=addresses,
            deadline=settings.deadlines.job,
            apply=ApplyMode(settings.apply.mode),
            profile=chosen.label,
            residency=await self._residency(settings, rooms),
        )

    async def _residency(self, settings: Settings, rooms: _Rooms) -> ManagedResidency | None:
        """Who brings models into GPU memory for a job; None: the servers themselves do."""
        from forge_lsp.gpus.managing import managed

        seats = await asyncio.to_thread(_seats, settings, self.state_dir)
        parts = f"{seats}{settings.model_dump_json(include={'schedule'})}"
        async with self._building:
            if parts not in rooms.residencies:
                made = await managed(
                    seats,
                    _wanted(settings),
                    _rows(settings),
                    mover=rooms.directory,
                    state_dir=self.state_dir,
                    timeout=settings.deadlines.load,
                )
                if made is None:
                    return None  # looked at anew for the next job: a server may be up by then
                rooms.residencies[parts] = made
            return rooms.residencies[parts]

    async def directory(self) -> Directory:
        """The models of the settings in force."""
        return (await self.rooms((await self.settings()).resolved.settings)).directory

    async def aclose(self) -> None:
        """Close connections, children and temp folders."""
        built, self._built = list(self._built.values()), {}
        choosers, self._choosers = list(self._choosers.values()), {}
        await asyncio.gather(*(residency.aclose() for rooms in built for residency in rooms.residencies.values()))
        await asyncio.gather(*(rooms.directory.aclose() for rooms in built))
        await asyncio.gather(*(rooms.fast.aclose() for rooms in built if rooms.fast is not None))
        for chooser in choosers:
            await asyncio.to_thread(chooser.close)


async def make_services(
    flags: Flags,
    editor: Mapping[str, object] | None = None,
    folders: tuple[Path, ...] = (),
    *,
    trusted: bool = True,
) -> Services:
    """Build the house, and what a face may use of it. Wrong settings do not raise: they are ``Services.problem``."""
    from forge_lsp.jobs.consent import Consents
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.preparing import Preparer
    from forge_lsp.jobs.services import Services
    from forge_lsp.source.context import Context
    from forge_lsp.source.edits import Edits
    from forge_lsp.source.markers import MARKERS
    from forge_lsp.source.scope import Scopes
    from forge_lsp.source.syntax import TreeSitterSyntax

    state_dir, days = await asyncio.to_thread(_state, flags, editor or {})
    known = folders if trusted else ()
    house = House(flags=flags, folders=known, state_dir=state_dir, editor=editor or {}, trusted=trusted)
    ledger = Ledger(state_dir, clock=house.clock, retention_days=days)
    syntax = TreeSitterSyntax()
    editing, scoping = Edits(syntax), Scopes(syntax)
    preparer = Preparer(
        setup=house.setup,
        earlier=lambda job_id: jobs.record(job_id),
        scoping=scoping,
        syntax=syntax,
        context=Context(syntax),
        markers=MARKERS,
        editing=editing,
        ledger=ledger,
        consents=Consents(ledger),
        clock=house.clock,
    )
    jobs = JobManager(prepare=preparer, ledger=ledger, clock=house.clock)
    await house.examine()
    # What was imported stays. Looking through it again takes the collector, and with it the event loop, some 60 ms.
    gc.freeze()

    async def aclose() -> None:
        await jobs.aclose(1.0)
        await house.aclose()

    return Services(
        jobs=jobs,
        editing=editing,
        scoping=scoping,
        models=house.directory,
        findings=lambda: _findings(house, ledger.problem),
        problem=lambda: house.problem,
        reconfigure=house.reconfigure,
        aclose=aclose,
        state_dir=state_dir,
        lens=lambda: house.lens,
        rates=lambda: _rates(house),
        plan=lambda gib: _plan(house, gib),
        facts={"gpus": lambda: _gpus(house)},
    )


async def _plan(house: House, gib: tuple[float, ...] | None) -> Planned:
    """Which model goes to which GPU, or is there where a fleet is up. Where GPUs are only imagined and no server is
    there, the three-gpu profile's."""
    from forge_lsp.gpus.managing import in_force
    from forge_lsp.gpus.planning import planned

    imagined = gib is not None and house.flags.profile is None
    try:
        chosen = await house.settings()
        if imagined and not _wanted(chosen.resolved.settings):
            chosen = await house.settings(profile="three-gpu")
    except EnvironmentFault:
        if not imagined:
            raise
        chosen = await house.settings(profile="three-gpu")
    settings = chosen.resolved.settings
    wanted, rows = _wanted(settings), _rows(settings)
    seats = await asyncio.to_thread(_seats, settings, house.state_dir) if gib is None else []
    fleet = None
    if any(seat.max_loaded is not None for seat in seats):
        fleet = await in_force(seats, wanted, rows, state_dir=house.state_dir)
    return await planned(wanted, rows, profile=chosen.profile, state_dir=house.state_dir, gib=gib, fleet=fleet)


def _rows(settings: Settings) -> list[Row]:
    """The schedule as the planner reads it."""
    from forge_lsp.gpus.timing import Row

    return [
        Row(
            attempts=row.attempts,
            strategy=row.thinking.strategy,
            thinkers=row.thinking.models,
            generator=row.generator.model,
            samples=row.generator.samples,
            members=row.panel.members if row.panel.kind != "none" else (),
        )
        for row in settings.schedule
    ]


def _wanted(settings: Settings) -> list[Wanted]:
    """The models that the schedule calls on Ollama servers of this machine."""
    import os

    from forge_lsp.gpus.planning import Wanted
    from forge_lsp.models.addresses import is_off_machine, ollama_url

    called = {
        key
        for row in settings.schedule
        for key in (*row.thinking.models, row.generator.model, *(row.panel.members if row.panel.kind != "none" else ()))
    }
    found: list[Wanted] = []
    for key, model in settings.models.items():
        server = settings.servers[model.server]
        url = ollama_url(server.url or os.environ.get("OLLAMA_HOST"))
        if key in called and server.kind == "ollama" and not is_off_machine(url):
            found.append(
                Wanted(
                    key=key,
                    name=model.name,
                    server=model.server,
                    url=url,
                    context=model.context,
                    slots=server.parallel,
                    gpu=server.gpu,
                )
            )
    return found


async def _gpus(house: House) -> list[dict[str, object]]:
    """What ``forge.models`` tells of the GPUs; memory in bytes."""
    from forge_lsp.gpus import inventory, survey

    settings: Settings | None = None
    with contextlib.suppress(ForgeError):  # the GPUs are there whatever the settings say
        settings = (await house.settings()).resolved.settings
    seats = [] if settings is None else await asyncio.to_thread(_seats, settings, house.state_dir)
    return survey.rows(await survey.look(seats, await inventory.read()))


def _seats(settings: Settings, state_dir: Path) -> list[Seat]:
    """The Ollama servers of the settings, with what is known about their GPUs."""
    import os

    from forge_lsp.gpus.fleet.control import placed
    from forge_lsp.gpus.fleet.state import Folder
    from forge_lsp.gpus.survey import Placed, Seat
    from forge_lsp.models.addresses import is_off_machine, ollama_url

    seats: list[Seat] = []
    started = placed(Folder(state_dir / "fleet"))
    for key, server in settings.servers.items():
        if server.kind != "ollama":
            continue
        url = ollama_url(server.url or os.environ.get("OLLAMA_HOST"))
        spec = started.get(url)
        seats.append(
            Seat(
                key=key,
                url=url,
                gpu=spec.gpu if spec is not None else server.gpu,
                memory=None if server.memory is None else int(server.memory * 1e9),
                parallel=server.parallel,
                off_machine=is_off_machine(url),
                max_loaded=spec.loaded if spec is not None else None,
                models=tuple(
                    Placed(key=name, name=model.name, context=model.context)
                    for name, model in settings.models.items()
                    if model.server == key
                ),
            )
        )
    return seats


def make_fleet(flags: Flags) -> Office:
    """The Ollama servers of this user. Raises EnvironmentFault on Windows."""
    from forge_lsp.gpus.fleet.office import Office
    from forge_lsp.gpus.fleet.state import Folder

    folder = state_folder(flags)

    async def wish(gpus: Sequence[str]) -> Wish:
        return await asyncio.to_thread(_wish, flags, len(gpus))

    return Office(Folder(folder / "fleet"), wish)


def _wish(flags: Flags, gpus: int) -> Wish:
    """The servers that the settings name. Nothing is looked at: what is not up cannot be. Raises SettingsError."""
    from forge_lsp.gpus.fleet.layout import Wanted
    from forge_lsp.gpus.fleet.office import Wish
    from forge_lsp.settings import gather
    from forge_lsp.settings.load import profile_layer, resolve
    from forge_lsp.settings.sources import Layer

    sources = gather(workspace=Path.cwd(), command_line=flags.settings, config=flags.config)
    name, asked = sources.profile, sources.table("fleet").get("servers")
    if name == "auto":
        name = "three-gpu" if gpus >= 3 or (isinstance(asked, int) and asked >= 3) else "one-gpu"
    below = Layer(label="no profile") if name == "custom" else profile_layer(name, base=Path.cwd())
    resolved = resolve(sources, below)
    settings = resolved.settings
    homes = [model.server for model in settings.models.values()]
    return Wish(
        servers=[
            Wanted(
                key=key,
                url=server.url,
                explicit=resolved.layers.setter_of(("servers", key, "url")) not in ("default", below.label),
                gpu=server.gpu,
                parallel=server.parallel,
                models=homes.count(key) or _ROLES,
            )
            for key, server in settings.servers.items()
            if server.kind == "ollama"
        ],
        program=settings.fleet.program,
        models=settings.fleet.models,
        count=settings.fleet.servers,
        called=[
            replace(model, fixed=resolved.layers.setter_of(("models", model.key, "server")) != below.label)
            for model in _wanted(settings)
        ],
        rows=_rows(settings),
        memory={
            server.gpu: int(server.memory * 1e9) for server in settings.servers.values() if server.gpu and server.memory
        },
    )


def _fleet_up(state_dir: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Where the servers of a fleet that is up answer, and which of them each model is planned on."""
    from forge_lsp.gpus.fleet.control import placement, urls
    from forge_lsp.gpus.fleet.state import Folder

    folder = Folder(state_dir / "fleet")
    return urls(folder), placement(folder)


async def _look(url: str | None) -> tuple[Installed, ...] | None:
    from forge_lsp.models.installed import ollama_installed
    from forge_lsp.profiles.choose import Installed

    found = await ollama_installed(url)
    return None if found is None else tuple(Installed(name=name, size=size) for name, size in found.items())


def state_folder(flags: Flags) -> Path:
    """Where ledger, log and temp copies are, as far as it can be known without an editor."""
    return _state(flags, {})[0]


def _state(flags: Flags, editor: Mapping[str, object]) -> tuple[Path, int]:
    """The state folder and how long jobs are kept: needed before the settings are known to be right."""
    import platformdirs

    from forge_lsp.settings import gather
    from forge_lsp.settings.tree import State

    state = State()
    try:
        sources = gather(editor=editor, command_line=flags.settings, config=flags.config)
        state = State.model_validate(sources.table("state"))
    except (SettingsError, ValueError):
        pass  # the usual place serves; examine() finds the same error and keeps it for the user
    folder = state.dir or platformdirs.user_state_path("forge-lsp", appauthor=False)
    return folder.expanduser(), state.retention_days


def _schedule(settings: Settings) -> Schedule:
    """The ensemble's table, from the settings' tree."""
    from forge_lsp.ensemble import schedule as table

    return table.Schedule(
        rows=tuple(
            table.Row(
                attempts=row.attempts,
                thinking=table.Thinking(strategy=row.thinking.strategy, models=row.thinking.models),
                generator=table.Generator(model=row.generator.model, samples=row.generator.samples),
                panel=table.Panel(kind=row.panel.kind, members=row.panel.members),
            )
            for row in settings.schedule
        ),
        reviewers={
            key: table.Reviewer(aspect=reviewer.aspect, weight=reviewer.weight)
            for key, reviewer in settings.reviewers.items()
        },
        accept=table.Accept(rule=settings.accept.rule, score=settings.accept.score),
        ladder=table.Ladder(after=settings.ladder.after),
    )


async def _rates(house: House) -> Rates:
    """What the paid rungs of the settings in force cost; wrong settings are the statistics' note, no failure."""
    from functools import partial

    from forge_lsp.domain.ports import Usage
    from forge_lsp.jobs.statistics import Rates

    try:
        setup = await house.setup(None, None)
        infos = [setup.infos[key] for key in dict.fromkeys(row.generator.model for row in setup.schedule.rows)]
        paid = {info.key: partial(setup.prices.nano, info) for info in infos if info.paid}
        for price in paid.values():
            await asyncio.to_thread(price, Usage(input_tokens=1, output_tokens=1))
    except ForgeError as error:
        return Rates(problem=error.full_message)
    return Rates(paid=paid, good=setup.schedule.accept.score)


async def _findings(house: House, ledger_problem: str | None) -> tuple[Finding, ...]:
    """The doctor's lines, room by room."""
    from forge_lsp import findings
    from forge_lsp.models import health

    directory: Directory | None = None
    generators: frozenset[str] = frozenset()
    mode: Mode = "preferred"
    seats: list[Seat] = []
    try:
        chosen = await house.settings()
    except ForgeError as error:
        told = findings.of_settings_error(error)
    else:
        settings = chosen.resolved.settings
        told = findings.of_settings(chosen.label, chosen.resolved.notes)
        mode, generators = settings.check.sandbox, frozenset(row.generator.model for row in settings.schedule)
        seats = await asyncio.to_thread(_seats, settings, house.state_dir)
        with contextlib.suppress(EnvironmentFault):  # told below, as the sandbox's
            directory = (await house.rooms(settings)).directory
    return (
        findings.of_platform(),
        *told,
        *await health.findings(directory, generators),
        *await _check_findings(house.chooser(mode)),
        *await _memory_findings(house.state_dir, seats),
        findings.of_ledger(house.state_dir, ledger_problem),
    )


async def _memory_findings(state_dir: Path, seats: Sequence[Seat]) -> tuple[Finding, ...]:
    """The GPUs, the fleet, what is in which memory, and what will hurt."""
    from forge_lsp import findings
    from forge_lsp.gpus import inventory, survey
    from forge_lsp.gpus.fleet.control import Control
    from forge_lsp.gpus.fleet.findings import findings as of_fleet
    from forge_lsp.gpus.fleet.state import Folder
    from forge_lsp.models.addresses import ollama_url

    found = await inventory.read()
    used = {seat.key: seat.url for seat in seats}
    told: tuple[Finding, ...] = ()
    if sys.platform != "win32":
        try:
            told = of_fleet(await Control(Folder(state_dir / "fleet")).status(found), used)
        except EnvironmentFault as error:
            told = (findings.of_fault("fleet", error),)
    usual = ollama_url(None)
    others = [] if usual in used.values() else [usual]
    looked = await survey.look(seats, found, others=others, deep=True)
    return (*inventory.findings(found), *told, *survey.findings(looked))


async def _check_findings(chooser: SandboxChooser) -> tuple[Finding, ...]:
    """The sandbox, and the tools that run in it."""
    from forge_lsp import findings
    from forge_lsp.builds import toolchains

    told: tuple[Finding, ...] = ()
    try:
        told = await chooser.findings()
        return (*told, *await toolchains.findings(await chooser.choose()))
    except EnvironmentFault as error:
        return told or (findings.of_fault("sandbox", error),)
