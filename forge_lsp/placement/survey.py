"""What is in which memory, and what will hurt: for `forge.models` and the doctor.

A server's GPU is the one that its settings name or that the fleet gave it. Of a GPU that no driver here shows
(a remote server, another make) the settings may tell the memory. All sizes in bytes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from forge_lsp.core.addresses import full_name
from forge_lsp.core.ports import Finding, FindingStatus
from forge_lsp.placement import ollama_api
from forge_lsp.placement.footprint import footprint, largest_context
from forge_lsp.placement.inventory import Inventory
from forge_lsp.placement.ollama_api import Loaded
from forge_lsp.placement.plan import Footprint

__all__ = ["OLDEST", "PlacedModel", "ServerSettings", "Survey", "SurveyedServer", "findings", "look", "rows"]

OLDEST = (0, 13)
"""Before, Ollama cuts a prompt that does not fit, whatever it is told (``truncate``, ``shift``)."""
_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedModel:
    """A model of the settings. ``footprint`` at its context and its server's ``parallel``, ``alone`` at one call;
    ``trained``: the context its file names, in tokens. None: not known."""

    key: str
    name: str
    context: int
    footprint: Footprint | None = None
    alone: Footprint | None = None
    trained: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """An Ollama server of the settings. ``gpu`` is a UUID, ``memory`` what the settings say of it; ``max_loaded`` its
    OLLAMA_MAX_LOADED_MODELS where the fleet started it, else None."""

    key: str
    url: str
    gpu: str | None = None
    memory: int | None = None
    parallel: int = 1
    off_machine: bool = False
    max_loaded: int | None = None
    models: tuple[PlacedModel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedServer:
    """A server as it answers: version None where it does not."""

    server: ServerSettings
    version: str | None = None
    loaded: tuple[Loaded, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All of it. ``foreign``: URLs of Ollama servers that answer and are none of the settings'."""

    inventory: Inventory
    looks: tuple[SurveyedServer, ...]
    foreign: tuple[str, ...] = field(default=())


async def look(
    servers: Sequence[ServerSettings], inventory: Inventory, *, others: Sequence[str] = (), deep: bool = False
) -> Survey:
    """Ask every server. ``deep``: also what each model is made of. ``others``: URLs where servers may be that are none
    of the settings'. What does not answer within a few seconds is taken as silent."""
    looks, foreign = await asyncio.gather(
        asyncio.gather(*(_ask(server, deep=deep) for server in servers)),
        asyncio.gather(*(ollama_api.version(url) for url in others)),
    )
    found = tuple(url for url, version in zip(others, foreign, strict=True) if version is not None)
    return Survey(inventory=inventory, looks=tuple(looks), foreign=found)


async def _ask(server: ServerSettings, *, deep: bool) -> SurveyedServer:
    version, loaded = await asyncio.gather(ollama_api.version(server.url), ollama_api.loaded(server.url))
    if version is None or loaded is None:
        return SurveyedServer(server=server)
    if deep:
        sizes = await ollama_api.sizes(server.url)
        models = await asyncio.gather(*(_measure(server, model, sizes, loaded) for model in server.models))
        server = replace(server, models=tuple(models))
    return SurveyedServer(server=server, version=version, loaded=loaded)


async def _measure(
    server: ServerSettings, model: PlacedModel, sizes: Mapping[str, int], loaded: Sequence[Loaded]
) -> PlacedModel:
    """A model with its footprint; a measured one only where it is wholly on a GPU."""
    size = sizes.get(full_name(model.name))
    if size is None:
        return model
    info = await ollama_api.model_info(server.url, model.name)
    row = next((row for row in loaded if row.name == full_name(model.name)), None)
    whole = row.size_vram if row is not None and row.size_vram == row.size and row.context == model.context else None

    def at(parallel: int, measured: int | None) -> Footprint:
        return footprint(
            model.key,
            name=model.name,
            size=size,
            info=info,
            context=model.context,
            parallel=parallel,
            measured=measured,
        )

    architecture = info.get("general.architecture")
    trained = info.get(f"{architecture}.context_length")
    return replace(
        model,
        footprint=at(server.parallel, whole),
        alone=at(1, None),
        trained=trained if isinstance(trained, int) else None,
    )


# ---------------------------------------------------------------------- what is shown


def rows(survey: Survey) -> list[dict[str, object]]:
    """One row a GPU: those that the driver shows, then those that only the settings know, whose ``free`` is what its
    server's models leave. Each with its servers, what they have in memory, and the warnings about it."""
    told: list[dict[str, object]] = []
    shown = {gpu.uuid: gpu for gpu in survey.inventory.gpus}
    for gpu in shown.values():
        told.append({**gpu.to_json(), **_residents(survey, gpu.uuid)})
    for at in survey.looks:
        server = at.server
        if server.memory is not None and server.gpu not in shown:
            used = sum(row.size_vram for row in at.loaded)
            memory: dict[str, object] = {"total": server.memory, "used": used, "free": max(server.memory - used, 0)}
            name: dict[str, object] = {"uuid": server.gpu or "", "name": f"GPU of {server.key}"}
            told.append({**name, **memory, **_on([at]), "warnings": _texts(survey, [at])})
    return told


def _residents(survey: Survey, uuid: str) -> dict[str, object]:
    here = [at for at in survey.looks if at.server.gpu == uuid]
    return {**_on(here), "warnings": _texts(survey, here)}


def _on(looks: Sequence[SurveyedServer]) -> dict[str, object]:
    resident = [
        {
            "server": at.server.key,
            "name": row.name,
            "size": row.size,
            "sizeVram": row.size_vram,
            "spilled": round(1 - row.size_vram / row.size, 3) if row.size and row.size_vram else 0.0,
            "context": row.context,
        }
        for at in looks
        for row in at.loaded
    ]
    return {"servers": [at.server.key for at in looks], "resident": resident}


def _texts(survey: Survey, looks: Sequence[SurveyedServer]) -> list[str]:
    found = [warning for at in looks for warning in _of_server(at, survey.inventory)]
    return [warning.detail for warning in (*found, *_shared(looks))]


def findings(survey: Survey) -> tuple[Finding, ...]:
    """The doctor's lines: what each server has in memory, then what will hurt."""
    told: list[Finding] = []
    for at in survey.looks:
        if at.version is None:
            continue  # the models room tells
        held = ", ".join(f"{row.name} {row.size / _GB:.1f} GB" for row in at.loaded) or "nothing"
        where = f" on {at.server.gpu}" if at.server.gpu else ""
        detail = f"Ollama {at.version}{where} has in memory: {held}"
        told.append(Finding(name=f"memory {at.server.key}", status=FindingStatus.OK, detail=detail))
        told += _of_server(at, survey.inventory)
    told += _shared(survey.looks)
    if survey.inventory.gpus:
        told += [
            _warning(
                "memory",
                f"another Ollama answers at {url}: what it loads takes memory that this plan does not count",
                "stop it (`systemctl stop ollama`, or quit the Ollama app), or name it in the settings",
            )
            for url in survey.foreign
        ]
    return tuple(told)


# ---------------------------------------------------------------------- what will hurt


def _of_server(at: SurveyedServer, inventory: Inventory) -> list[Finding]:
    """Everything about one server that answers."""
    if at.version is None:
        return []
    server = at.server
    name = f"memory {server.key}"
    found: list[Finding] = []
    if _number(at.version) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        found.append(
            _warning(
                name,
                f"Ollama {at.version} is old: before {wanted} it cuts long prompts without a word",
                "update it: https://ollama.com/download",
            )
        )
    gpu = next((one for one in inventory.gpus if one.uuid == server.gpu), None)
    room = gpu.total if gpu is not None else server.memory
    known = gpu is not None or (server.memory is not None and server.off_machine)
    found += [_spilt(server, row) for row in at.loaded if _spills(row, known=known)]
    found += [warning for model in server.models for warning in _of_model(server, model, room)]
    sizes = [model.footprint.bytes for model in server.models if model.footprint is not None]
    if room is not None and len(sizes) > 1 and sum(sizes) > room and max(sizes) <= room:
        what = f"its {len(sizes)} models take {sum(sizes) / _GB:.1f} GB, its GPU has {room / _GB:.1f} GB"
        remedy = "`forge-lsp plan` shows who makes room for whom, and what that costs"
        found.append(_note(name, f"overcommitted: {what}, so they take turns", remedy))
    if room is not None and server.max_loaded is None and len(server.models) > 1:
        what = f"forge-lsp did not start it, so its OLLAMA_MAX_LOADED_MODELS is not known ({len(server.models)} wanted)"
        remedy = "start it by `forge-lsp fleet up`, or set OLLAMA_MAX_LOADED_MODELS for it"
        found.append(_note(name, what, remedy))
    if server.max_loaded is not None and len(at.loaded) > server.max_loaded:
        found.append(_note(name, f"has {len(at.loaded)} models in memory, planned are {server.max_loaded}", None))
    return found


def _of_model(server: ServerSettings, model: PlacedModel, room: int | None) -> list[Finding]:
    name = f"model {model.key}"
    if model.trained is not None and model.context > model.trained:
        what = f"{model.name} was made for {model.trained} tokens; models.{model.key}.context is {model.context}"
        return [_warning(name, what, f"set models.{model.key}.context to {model.trained} or less")]
    whole, alone = model.footprint, model.alone
    if room is None or whole is None or alone is None or whole.bytes <= room:
        return []
    takes = f"{model.name} takes {whole.bytes / _GB:.1f} GB at context {model.context}"
    if server.parallel > 1 and alone.estimate <= room:
        what = f"{takes} and {server.parallel} calls at once; the GPU of {server.key} has {room / _GB:.1f} GB"
        return [_warning(name, what, f"set servers.{server.key}.parallel to 1")]
    what = f"{takes}; the GPU of {server.key} has {room / _GB:.1f} GB"
    fits = largest_context(whole, context=model.context, room=room)
    remedy = f"set models.{model.key}.context to {fits}" if fits else "put it on a larger GPU, or take a smaller model"
    return [_warning(name, what, remedy)]


def _spills(row: Loaded, *, known: bool) -> bool:
    """On a CPU ``size_vram`` is 0, and that is no spill; where a GPU is known to be, it is."""
    return row.size_vram < row.size and (row.size_vram > 0 or known)


def _spilt(server: ServerSettings, row: Loaded) -> Finding:
    share = 1 - row.size_vram / row.size
    return _warning(
        f"memory {server.key}",
        f"{row.name}: {share:.0%} of its {row.size / _GB:.1f} GB are on the CPU, which makes it many times slower",
        "free memory on its GPU, or set a smaller context; then reload it: "
        f"OLLAMA_HOST={server.url} ollama stop {row.name}",
    )


def _shared(looks: Sequence[SurveyedServer]) -> list[Finding]:
    by_gpu: dict[str, list[str]] = {}
    for at in looks:
        if at.server.gpu and at.version is not None:
            by_gpu.setdefault(at.server.gpu, []).append(at.server.key)
    return [
        _warning(
            "memory",
            f"{' and '.join(keys)} are on one GPU ({gpu}): neither knows what the other has loaded",
            f"give each a GPU of its own (servers.{keys[-1]}.gpu), or move its models to servers.{keys[0]}",
        )
        for gpu, keys in by_gpu.items()
        if len(keys) > 1
    ]


def _warning(name: str, detail: str, remedy: str | None) -> Finding:
    return Finding(name=name, status=FindingStatus.BROKEN, detail=detail, remedy=remedy)


def _note(name: str, detail: str, remedy: str | None) -> Finding:
    return Finding(name=name, status=FindingStatus.ABSENT, detail=detail, remedy=remedy)


def _number(version: str) -> tuple[int, ...]:
    """A version as numbers; one built from sources (``0.0.0``) tells nothing and passes."""
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return OLDEST if not any(found) else found
