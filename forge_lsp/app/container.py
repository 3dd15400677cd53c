"""The composition root: the parts of one process, built from its settings when a job first needs them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.flags import Flags, SystemClock
from forge_lsp.app.fleets import fleet_up
from forge_lsp.app.reading import effort_of, ollama_servers, rows_of, schedule_of, wanted_of
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import EnvironmentFault, SettingsError
from forge_lsp.core.languages import Language, Languages
from forge_lsp.languages.registry import languages

if TYPE_CHECKING:
    from forge_lsp.checking.fast.gate import DaemonGate
    from forge_lsp.checking.formatters import Formatters
    from forge_lsp.config import Settings, SettingsSources
    from forge_lsp.config.profiles.auto import ChosenProfile
    from forge_lsp.config.profiles.fitness import Installed
    from forge_lsp.config.profiles.fitting import AvailableModel, ServerDevices
    from forge_lsp.core.ports import Toolchain
    from forge_lsp.jobs.preparing import Setup
    from forge_lsp.models.directory import Directory
    from forge_lsp.placement.plan import Device
    from forge_lsp.placement.residency import ManagedResidency
    from forge_lsp.sandbox.choosing import Mode, SandboxChooser

__all__ = ["Components", "Container"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What one combination of settings needs."""

    directory: Directory
    toolchains: Mapping[Language, Toolchain]
    fast: DaemonGate | None
    ends: AsyncExitStack
    formatter: Formatters | None
    residencies: dict[str, ManagedResidency] = field(default_factory=dict[str, "ManagedResidency"])


@dataclass(slots=True)
class Container:
    """Builds and keeps what one process works with.

    ``folders`` are the workspace folders, the first of which gives the settings where a request names none; ``editor``
    the editor's ``forge.*`` settings. ``languages`` are those that can be written, the settings' own among them.
    ``trusted`` False: settings of the workspace do not count, and no code of it is run, its compilers included.
    """

    flags: Flags
    folders: tuple[Path, ...]
    state_dir: Path
    editor: Mapping[str, object] = field(default_factory=dict[str, object])
    languages: Languages = field(default_factory=languages)
    clock: SystemClock = field(default_factory=SystemClock)
    trusted: bool = True
    _problem: SettingsError | None = field(default=None, init=False)
    _lens: bool = field(default=True, init=False)
    _built: dict[str, Components] = field(default_factory=dict[str, Components])
    _choosers: dict[str, SandboxChooser] = field(default_factory=dict[str, "SandboxChooser"])
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    # ------------------------------------------------------------------ settings

    async def settings(self, workspace: Path | None = None, profile: str | None = None) -> ChosenProfile:
        """The settings in force for a folder. Raises SettingsError, EnvironmentFault."""
        from forge_lsp.config.profiles.auto import load
        from forge_lsp.models.installed import embedded_installed

        base = workspace or (self.folders[0] if self.folders else None)
        sources = await self._sources(base)
        chosen = await load(
            sources, look=_look, embedded=embedded_installed(), devices=_devices, profile=profile, base=base
        )
        if problems := schedule_of(chosen.resolved.settings).validate():
            layers = chosen.resolved.layers
            raise SettingsError(tuple(layers.sourced(line) for line in problems))
        return chosen

    async def _sources(self, base: Path | None) -> SettingsSources:
        from forge_lsp.config import gather

        sources = await asyncio.to_thread(
            gather, workspace=base, editor=self.editor, command_line=self.flags.settings, config=self.flags.config
        )
        urls, placement = await asyncio.to_thread(fleet_up, self.state_dir)
        return replace(sources, fleet=urls, placement=placement)

    async def reconfigure(self, editor: Mapping[str, object]) -> None:
        """Take the editor's changed settings. Raises SettingsError, which then stays as ``problem``."""
        self.editor = editor
        await self.examine()
        if self._problem is not None:
            raise self._problem

    def problem(self) -> SettingsError | None:
        """What is wrong with the settings as they were last looked at."""
        return self._problem

    def lens(self) -> bool:
        """Whether the settings want code lenses."""
        return self._lens

    async def examine(self) -> None:
        """Look whether the settings are right, and remember it. A fault of the machine is no fault of theirs."""
        from forge_lsp.config.described import described

        self._problem = None
        try:
            settings = (await self.settings()).resolved.settings
            self._lens = settings.lens.enabled
            self.languages.extend(settings.described)
        except SettingsError as error:
            self._problem = error
        except EnvironmentFault:  # told by the doctor, and by the first job
            sources = await self._sources(self.folders[0] if self.folders else None)
            self._lens = sources.table("lens").get("enabled", True) is True
            self.languages.extend(described(sources.table("language")))

    async def servers(
        self, gib: tuple[float, ...] | None
    ) -> tuple[tuple[AvailableModel, ...], tuple[ServerDevices, ...], Mapping[str, str]]:
        """What the Ollama servers that may be used unasked have, the devices of each, and their addresses. ``gib``:
        one server over GPUs of these sizes in place of this machine's."""
        from forge_lsp.config.profiles.fitting import ServerDevices, bounded
        from forge_lsp.config.profiles.servers import answers, offers_of, places_of
        from forge_lsp.placement.devices import imagined

        found = await answers(await self._sources(self.folders[0] if self.folders else None), _look, os.environ)
        found = found.without_twins()
        if gib is not None:
            places = (ServerDevices(server="ollama", devices=imagined(gib)),)
            alone = tuple(replace(offer, servers=("ollama",)) for offer in offers_of(found))
            return alone, places, {}
        places = places_of(found, await _devices()) or (ServerDevices(server="ollama", devices=await _devices()),)
        return offers_of(found), tuple(bounded(place) for place in places), found.urls

    # ------------------------------------------------------------------ components

    async def components(self, settings: Settings) -> Components:
        """Return the components for these settings, built once."""
        from forge_lsp.checking.fast.languages import fast_gate
        from forge_lsp.checking.formatters import formatters
        from forge_lsp.checking.toolchains import toolchains
        from forge_lsp.checking.untrusted import untrusted
        from forge_lsp.core.ports import Purpose
        from forge_lsp.models.directory import Directory
        from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind

        parts = settings.model_dump_json(include={"servers", "models", "deadlines", "check", "language", "prices"})
        parts += str([server.url for server in settings.servers.values()])  # passwords too, which are not dumped
        async with self._building:
            if parts not in self._built:
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
                            local=server.local,
                        )
                        for key, server in settings.servers.items()
                    ],
                    models=[
                        ModelConfig(
                            key=key,
                            server=model.server,
                            name=model.name,
                            context=model.context,
                            think=model.think,
                            think_for={Purpose(name): level for name, level in model.think_for.items()},
                            priced=key in settings.prices,
                        )
                        for key, model in settings.models.items()
                    ],
                    deadlines=projected(Deadlines, settings.deadlines),
                    state=self.state_dir,
                )
                check = settings.check
                known = settings.languages
                commands = {language: check.of(language).command for language in known}
                times = {language: most for language in known if (most := check.of(language).tests_seconds)}
                named = {language: name for language in known if (name := check.of(language).interpreter)}
                tests = {language: words for language in known if (words := check.of(language).tests)}
                ends = AsyncExitStack()
                if self.trusted:
                    sandbox = await self.chooser(check.sandbox).choose()
                    checks = toolchains(
                        known,
                        sandbox,
                        timeout=check.timeout,
                        commands=commands,
                        tests=tests,
                        ends=ends,
                        interpreters=named,
                        tests_seconds=times,
                        runs=self.state_dir / "runs",
                    )
                    fast = fast_gate(known, sandbox, state=self.state_dir, commands=commands, interpreters=named)
                    formatter = formatters(known, sandbox, timeout=check.timeout)
                else:
                    checks, fast, formatter = untrusted(known), None, None
                self._built[parts] = Components(
                    directory=directory, toolchains=checks, fast=fast, ends=ends, formatter=formatter
                )
            return self._built[parts]

    async def toolchains(self, workspace: Path | None) -> Mapping[Language, Toolchain]:
        """What checks each language under the settings of a folder; no model is looked for. Raises SettingsError,
        EnvironmentFault."""
        from forge_lsp.config.load import profile_layer, resolve
        from forge_lsp.config.sources import Layer

        base = (workspace or (self.folders[0] if self.folders else None)) if self.trusted else None
        sources = await self._sources(base)
        none = Layer(label="no profile")
        named = sources.profile
        below = none if named in ("auto", "custom") else await asyncio.to_thread(profile_layer, named, base=base)
        return (await self.components(resolve(sources, below).settings)).toolchains

    def chooser(self, mode: Mode) -> SandboxChooser:
        """The sandbox of a mode, probed once a process."""
        from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig

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
        components = await self.components(settings)
        await components.directory.learn()
        addresses = {model.server: components.directory.address(key) for key, model in settings.models.items()}
        prices = {key: Price(input=price.input, output=price.output) for key, price in settings.prices.items()}
        budget = settings.budget
        return Setup(
            schedule=schedule_of(settings, effort_of(settings, chosen.profile)),
            attempts=settings.attempts,
            models=components.directory,
            infos={key: components.directory.info(key) for key in settings.models},
            toolchains=components.toolchains,
            fast=components.fast,
            formatter=components.formatter if settings.apply.format else None,
            questions=settings.ask.questions,
            budget=Budget(job=budget.job, day=budget.day, month=budget.month),
            prices=Prices(overrides=prices, addresses=addresses),
            granted=frozenset(settings.consent.servers),
            addresses=addresses,
            deadline=settings.deadlines.job,
            apply=ApplyMode(settings.apply.mode),
            profile=chosen.label,
            residency=await self._residency(settings, components),
        )

    async def _residency(self, settings: Settings, components: Components) -> ManagedResidency | None:
        """Who brings models into GPU memory for a job; None: the servers themselves do."""
        from forge_lsp.placement.managing import managed

        servers = await asyncio.to_thread(ollama_servers, settings, self.state_dir)
        away = frozenset(key for key in settings.models if components.directory.info(key).place is not None)
        parts = f"{servers}{sorted(away)}{settings.model_dump_json(include={'schedule'})}"
        async with self._building:
            if parts not in components.residencies:
                made = await managed(
                    servers,
                    wanted_of(settings, away),
                    rows_of(settings),
                    loader=components.directory,
                    state_dir=self.state_dir,
                    timeout=settings.deadlines.load,
                )
                if made is None:
                    return None  # looked at again for the next job: a server may be up by then
                components.residencies[parts] = made
            return components.residencies[parts]

    async def directory(self) -> Directory:
        """The models of the settings in force."""
        return (await self.components((await self.settings()).resolved.settings)).directory

    async def aclose(self) -> None:
        """Close connections, children and temp folders."""
        built, self._built = list(self._built.values()), {}
        choosers, self._choosers = list(self._choosers.values()), {}
        await asyncio.gather(*(residency.aclose() for one in built for residency in one.residencies.values()))
        await asyncio.gather(*(one.directory.aclose() for one in built))
        await asyncio.gather(*(one.fast.aclose() for one in built if one.fast is not None))
        await asyncio.gather(*(one.ends.aclose() for one in built))
        for chooser in choosers:
            await asyncio.to_thread(chooser.close)


async def _devices() -> tuple[Device, ...]:
    """Where models can be on this machine."""
    from forge_lsp.placement import inventory
    from forge_lsp.placement.devices import devices

    return await devices(await inventory.read())


async def _look(url: str | None) -> tuple[Installed, ...] | None:
    from forge_lsp.config.profiles.fitness import Installed, facts_of
    from forge_lsp.core.addresses import ollama_url
    from forge_lsp.models.installed import ollama_installed
    from forge_lsp.placement.described import described

    found = await ollama_installed(url)
    if found is None:
        return None
    # Of a model that the server sends on, even its description would leave the machine.
    here = [name for name, one in found.items() if one.able.place is None and one.able.chats]
    made = await described(ollama_url(url or os.environ.get("OLLAMA_HOST")), here)
    return tuple(
        Installed(
            name=name,
            size=one.size,
            remote=one.able.place is not None,
            chats=one.able.chats,
            licence=one.able.licence,
            context=one.able.context,
            facts=facts_of(made.get(name, {})),
        )
        for name, one in found.items()
    )
