"""Who has which part and why, and what is worth fetching, told for the command line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from forge_lsp.app.reading import rows_of, wanted_of
from forge_lsp.core.ports.planning import PlanningResult, Section

if TYPE_CHECKING:
    from forge_lsp.app.container import Container
    from forge_lsp.config import Settings
    from forge_lsp.config.profiles.auto import ChosenProfile
    from forge_lsp.config.profiles.fitting import ServerDevices
    from forge_lsp.config.profiles.suggest import Catalogue, Suggested
    from forge_lsp.placement.plan import Plan

__all__ = ["parts_of", "roles_of", "suggestions_of"]


async def roles_of(container: Container) -> PlanningResult:
    """Each model of the settings in force: family, size, where it runs, whether it fits, its parts and why. Raises
    SettingsError, EnvironmentFault."""
    from forge_lsp.placement.planning import plan

    chosen = await container.settings()
    settings = chosen.resolved.settings
    wanted = wanted_of(settings)
    made = (
        await plan(wanted, rows_of(settings), profile=chosen.profile, state_dir=container.state_dir) if wanted else None
    )
    rows = [_role(key, settings, chosen, made) for key in settings.models]
    left_out = [{"name": name, "why": why} for name, why in chosen.ladder.left_out] if chosen.ladder else []
    newer = _newer(chosen)
    document: dict[str, object] = {
        "profile": chosen.profile,
        "why": chosen.why,
        "roles": rows,
        "leftOut": left_out,
        "newer": newer,
    }
    return PlanningResult(document=document, sections=_sections(chosen, rows, left_out, newer), ok=True)


def parts_of(settings: Settings) -> dict[str, list[str]]:
    """What each model does, by settings key: ``writes 1-2``, ``thinks 1-10``, ``reviews security``."""
    parts: dict[str, list[str]] = {}
    told: dict[str, dict[str, list[int]]] = {}
    for row in settings.schedule:
        doing = {"writes": (row.generator.model, *row.generator.beside), "thinks": row.thinking.models}
        reviewing = row.panel.members if row.panel.kind != "none" else ()
        for what, keys in {**doing, "reviews": reviewing}.items():
            for key in keys:
                told.setdefault(key, {}).setdefault(what, []).extend(row.attempts)
    for key, does in told.items():
        for what, attempts in does.items():
            about = ""
            if what == "reviews":
                about = f" {settings.reviewers[key].aspect}" if key in settings.reviewers else " quality"
            parts.setdefault(key, []).append(f"{what}{about} {_spans(attempts)}")
    return parts


def _spans(numbers: Sequence[int]) -> str:
    """``1-4, 7`` of 1, 2, 3, 4, 7."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _role(key: str, settings: Settings, chosen: ChosenProfile, made: Plan | None) -> dict[str, object]:
    from forge_lsp.config.profiles.fitness import Installed, traits

    model = settings.models[key]
    entries = {entry.key: entry for entry in chosen.ladder.entries} if chosen.ladder else {}
    entry = entries.get(key)
    need = next((one for one in made.needs if one.key == key), None) if made is not None else None
    device = made.placement.get(key) if made is not None and need is not None else None
    known = traits(entry.model if entry else Installed(name=model.name, size=need.footprint.weights if need else 0))
    local = settings.servers[model.server].kind == "ollama"
    return {
        "model": key,
        "name": model.name,
        "family": known.maker if local else settings.servers[model.server].kind,
        "size": known.size if local else "",
        "server": model.server,
        "device": device,
        "deviceName": next((one.name for one in made.devices if one.uuid == device), None) if made else None,
        "context": model.context,
        "bytes": need.footprint.bytes if need is not None else None,
        "fits": None if need is None else device is not None,
        "parts": parts_of(settings).get(key, []),
        "why": entry.why if entry else "as the profile or your settings say",
    }


def _newer(chosen: ChosenProfile) -> list[dict[str, object]]:
    """For models of the three-gpu profile that are not installed: newer ones, to take in their places."""
    from forge_lsp.config.load import profile_layer
    from forge_lsp.config.profiles.standins import equivalents

    if not chosen.missing:
        return []
    models = cast("Mapping[str, Mapping[str, object]]", profile_layer("three-gpu").values["models"])
    named = {str(entry["name"]): key for key, entry in models.items()}
    return [
        {"model": named[name], "name": name, "newer": list(equivalents().get(named[name], ()))}
        for name in chosen.missing
    ]


def _sections(
    chosen: ChosenProfile,
    rows: Sequence[Mapping[str, object]],
    left_out: Sequence[Mapping[str, str]],
    newer: Sequence[Mapping[str, object]],
) -> tuple[Section, ...]:
    from forge_lsp.placement.explain import gib

    def fit(row: Mapping[str, object]) -> str:
        taken = row["bytes"]
        if not isinstance(taken, int):
            return ""
        return f"{gib(taken)} GiB" + ("" if row["fits"] else ", fits no GPU")

    table = tuple(
        (
            str(row["model"]),
            str(row["family"]),
            str(row["size"]),
            str(row["deviceName"] or row["server"]),
            str(row["context"]),
            fit(row),
            "; ".join(str(part) for part in _listed(row["parts"])) or "no part",
        )
        for row in rows
    )
    head = ("model", "family", "parameters", "on", "context", "takes", "parts, by attempts")
    why = tuple(f"{row['model']}: {row['why']}" for row in rows) if chosen.ladder else ()
    found = [Section(title=f"Roles: profile {chosen.label}", head=head, rows=table, lines=why)]
    if left_out:
        found.append(Section(title="No part", lines=tuple(f"{one['name']}: {one['why']}" for one in left_out)))
    if newer:
        lines = [
            f"{one['name']}: {', '.join(map(str, _listed(one['newer'])))}; to use one: "
            f'models.{one["model"]}.name = "..." in your settings, with profile = "three-gpu"'
            for one in newer
        ]
        found.append(Section(title="Newer models for those of three-gpu that are not installed", lines=tuple(lines)))
    return tuple(found)


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


async def suggestions_of(container: Container, gib: tuple[float, ...] | None) -> PlanningResult:
    """What to fetch for the GPUs of this machine, or for some of so many GiB, beside what is installed. Raises
    SettingsError."""
    from forge_lsp.config.profiles.suggest import FILE, catalogue, suggested
    from forge_lsp.config.sources import user_file

    config, _ = user_file(os.environ, container.flags.config)
    known = await asyncio.to_thread(catalogue, config.parent / FILE)
    installed, places, urls = await container.servers(gib)
    chosen, ladder = await asyncio.to_thread(suggested, known, installed, places)
    here = {offer.model.name for offer in installed}
    have = [entry.model.name for entry in ladder.entries if entry.model.name in here]
    return _suggestion(known, chosen, have, places, urls)


def _suggestion(
    known: Catalogue,
    chosen: Sequence[Suggested],
    have: Sequence[str],
    places: Sequence[ServerDevices],
    urls: Mapping[str, str],
) -> PlanningResult:
    from forge_lsp.config.profiles.fitness import traits
    from forge_lsp.placement.explain import gib

    devices = list(dict.fromkeys(device for place in places for device in place.devices))
    rows = [
        {
            "name": one.model.name,
            "family": traits(one.model).maker,
            "size": traits(one.model).size,
            "download": one.model.size,
            "bytes": one.bytes,
            "context": one.context,
            "server": one.server,
            "why": one.why,
            "first": one.first,
            "command": _command(urls.get(one.server), one.model.name),
        }
        for one in chosen
    ]
    total = sum(one.model.size for one in chosen)
    where = ", ".join(f"{device.name} ({device.total / (1 << 30):.0f} GiB)" for device in devices) or "no device"
    head = ("model", "family", "parameters", "download", "takes", "context", "why")
    table = tuple(
        (
            one.model.name,
            traits(one.model).maker,
            traits(one.model).size,
            f"{one.model.size / 1e9:.1f} GB",
            f"{gib(one.bytes)} GiB",
            str(one.context),
            one.why + (" (fetch first)" if one.first else ""),
        )
        for one in chosen
    )
    lines = [str(row["command"]) for row in rows]
    if chosen:
        lines += ["", f"{total / 1e9:.0f} GB to download in all; each that you leave out shortens the ladder."]
    else:
        lines.append("Nothing: what is installed is as good as what is known.")
    if have:
        lines.append(f"Installed, with a part beside them: {', '.join(have)}")
    lines.append(f"The list is of {known.date} (from {known.source}).")
    document: dict[str, object] = {
        "date": known.date,
        "source": known.source,
        "devices": [{"name": device.name, "uuid": device.uuid, "total": device.total} for device in devices],
        "models": rows,
        "installed": list(have),
        "download": total,
    }
    section = Section(title=f"To fetch for {where}", head=head, rows=table, lines=tuple(lines))
    return PlanningResult(document=document, sections=(section,), ok=True)


def _command(url: str | None, name: str) -> str:
    usual = url is None or url == "http://127.0.0.1:11434"
    return f"ollama pull {name}" if usual else f"OLLAMA_HOST={url} ollama pull {name}"
