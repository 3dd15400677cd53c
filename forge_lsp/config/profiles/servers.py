"""The Ollama servers that may be used unasked: which answer, what they have, and on which devices their models are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from forge_lsp.config.load import SettingsSources
from forge_lsp.config.profiles.fitness import Installed, why_unfit
from forge_lsp.config.profiles.fitting import AvailableModel, ServerDevices
from forge_lsp.config.sources import Table
from forge_lsp.core.addresses import is_off_machine, ollama_url
from forge_lsp.placement.devices import RESERVED, configured
from forge_lsp.placement.plan import Device

__all__ = ["Look", "ServerAnswers", "answers", "offers_of", "ollama_of", "places_of"]

#: The models of the Ollama server at a URL (None: OLLAMA_HOST), or None where nothing answers.
Look = Callable[[str | None], Awaitable[tuple[Installed, ...] | None]]

_RIG = ("gpu0", "gpu1", "gpu2")
_PLAIN = "ollama"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAnswers:
    """The servers that answer: their entries in the settings, what they have, and where they are, by settings key.

    ``usual``: those that nobody named, at the three-gpu profile's addresses.
    """

    entries: Mapping[str, Table] = field(default_factory=dict[str, Table])
    installed: Mapping[str, tuple[Installed, ...]] = field(default_factory=dict[str, tuple[Installed, ...]])
    urls: Mapping[str, str] = field(default_factory=dict[str, str])
    usual: frozenset[str] = frozenset()

    def at(self, key: str) -> tuple[Installed, ...] | None:
        """What a server has; None where it does not answer."""
        return self.installed.get(key)

    @property
    def rig(self) -> bool:
        """Whether all servers of the three-gpu profile answer."""
        return all(key in self.installed for key in _RIG)

    @property
    def others(self) -> tuple[str, ...]:
        """Servers with a model that can write, one settings key for each address; the plain one only beside others."""
        found = self.without_twins()
        able = [key for key, has in found.installed.items() if any(why_unfit(one) is None for one in has)]
        alone = [key for key in able if self.urls[key] == self.urls.get(_PLAIN)]
        return () if able == alone else tuple(able)

    def only(self, key: str) -> ServerAnswers:
        """Of all servers this one."""
        return self._some([one for one in (key,) if one in self.installed])

    def without_twins(self) -> ServerAnswers:
        """Each address once: by its first settings key, the plain one last. Those that nobody named count where they
        are several."""
        usual = self.usual if len(self.usual) < 2 else frozenset[str]()
        order = sorted((key for key in self.installed if key not in usual), key=lambda key: key == _PLAIN)
        seen: dict[str, str] = {}
        for key in order:
            seen.setdefault(self.urls[key], key)
        return self._some([key for key in order if key in seen.values()])

    def _some(self, keys: Sequence[str]) -> ServerAnswers:
        return ServerAnswers(
            entries={key: self.entries[key] for key in keys},
            installed={key: self.installed[key] for key in keys},
            urls={key: self.urls[key] for key in keys},
        )


async def answers(
    sources: SettingsSources, look: Look, env: Mapping[str, str], *, only: str | None = None
) -> ServerAnswers:
    """Look at the user's Ollama servers, the fleet's, those of the three-gpu profile and the one at OLLAMA_HOST.

    A server of another machine is looked at where the user says that it needs no question (``local = true``, or
    consent), or named it in OLLAMA_HOST or as ``servers.ollama``.
    """
    entries: dict[str, Table] = {}
    for key, entry in {**_ollama(sources.under("three-gpu")), **_ollama(sources.under("one-gpu"))}.items():
        if (only is None or key == only) and (key == _PLAIN or _unasked(sources, key, entry)):
            entries[key] = entry
    urls = {key: _url(entry) for key, entry in entries.items()}
    addresses = {key: ollama_url(url or env.get("OLLAMA_HOST")) for key, url in urls.items()}
    # One look an address, whatever settings keys it has.
    wanted = {addresses[key]: urls[key] for key in entries}
    heard = dict(zip(wanted, await asyncio.gather(*(look(url) for url in wanted.values())), strict=True))
    installed = {key: has for key in entries if (has := heard[addresses[key]]) is not None}
    named = {*sources.table("servers"), *sources.fleet, _PLAIN}
    elsewhere = bool(env.get("OLLAMA_HOST") or urls.get(_PLAIN))
    usual = [key for key in installed if key not in named]
    if elsewhere and not all(key in installed for key in _RIG):
        # Whoever says where Ollama is does not mean another that happens to run here.
        entries = {key: entry for key, entry in entries.items() if key in named}
        installed = {key: has for key, has in installed.items() if key in named}
        usual = []
    return ServerAnswers(
        usual=frozenset(usual),
        entries={key: entries[key] for key in installed},
        installed=installed,
        urls={key: addresses[key] for key in installed},
    )


def offers_of(found: ServerAnswers) -> tuple[AvailableModel, ...]:
    """Every model once, with the servers that have it."""
    models: dict[str, Installed] = {}
    servers: dict[str, list[str]] = {}
    for key, has in found.installed.items():
        for model in has:
            models.setdefault(model.name, model)
            servers.setdefault(model.name, []).append(key)
    return tuple(AvailableModel(model=model, servers=tuple(servers[name])) for name, model in models.items())


def places_of(found: ServerAnswers, here: Sequence[Device]) -> tuple[ServerDevices, ...]:
    """Where each server's models can be: the GPU that its settings name, the memory that they tell, else the GPUs of
    this machine: all of them where it is the only server, one each in order where there are several."""
    emptied = [_emptied(device) for device in here]
    named = {device.uuid: device for device in emptied}
    own = {key: _own(key, entry, named) for key, entry in found.entries.items()}
    given = {device.uuid for devices in own.values() for device in devices}
    left = [device for device in emptied if device.uuid not in given] or emptied
    plain = [key for key in found.entries if not own[key] and not is_off_machine(found.urls[key])]
    places: list[ServerDevices] = []
    for key in found.entries:
        devices = own[key]
        if not devices and key in plain and emptied:
            number = min(plain.index(key), len(left) - 1)
            devices = tuple(left) if len(found.entries) == 1 else (left[number],)
        places.append(ServerDevices(server=key, devices=devices))
    return tuple(places)


def ollama_of(sources: SettingsSources) -> str | None:
    """The URL that the settings give the profile ``one-gpu`` for its Ollama; None: the default."""
    return _url(_ollama(sources.under("one-gpu")).get("ollama", {}))


def _emptied(device: Device) -> Device:
    """A device as it would be empty: parts must not change with what is in memory at the moment."""
    from dataclasses import replace

    return device if device.kind == "apple" else replace(device, free=max(0, int(device.total - RESERVED)))


def _own(key: str, entry: Table, named: Mapping[str, Device]) -> tuple[Device, ...]:
    gpu, memory = entry.get("gpu"), entry.get("memory")
    if isinstance(gpu, str) and gpu in named:
        return (named[gpu],)
    if isinstance(memory, int | float) and not isinstance(memory, bool):
        return configured({str(gpu or f"GPU of {key}"): int(memory * 1e9)})
    return ()


def _unasked(sources: SettingsSources, key: str, entry: Table) -> bool:
    """Whether a server may be looked at and used without a question."""
    if entry.get("paid") is True or entry.get("local") is False:
        return False
    url = _url(entry)
    consent = sources.table("consent").get("servers")
    granted = isinstance(consent, list) and key in consent
    return entry.get("local") is True or granted or url is None or not is_off_machine(ollama_url(url))


def _ollama(values: Table) -> dict[str, Table]:
    servers = values.get("servers")
    entries = cast("dict[str, object]", servers) if isinstance(servers, dict) else {}
    tables = {key: cast(Table, entry) for key, entry in entries.items() if isinstance(entry, dict)}
    return {key: entry for key, entry in tables.items() if entry.get("kind") == "ollama"}


def _url(entry: Table) -> str | None:
    url = entry.get("url")
    return url if isinstance(url, str) else None
