"""Reads settings into the values that the components are built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from forge_lsp.config import Settings
    from forge_lsp.ensemble.schedule import Schedule
    from forge_lsp.placement.planning import ModelRequest
    from forge_lsp.placement.survey import ServerSettings
    from forge_lsp.placement.timing import TimedRow

__all__ = ["effort_of", "ollama_servers", "rows_of", "schedule_of", "wanted_of"]


def effort_of(settings: Settings, profile: str) -> Literal["full", "need"]:
    """How much effort is made: as set, else as fits the profile's name."""
    return settings.effort or ("need" if profile in ("one-gpu", "local") else "full")


def schedule_of(settings: Settings, effort: Literal["full", "need"] = "full") -> Schedule:
    """The ensemble's table, from the settings' tree."""
    from forge_lsp.ensemble import schedule as table

    accept = settings.accept
    # By need, reviewers are not asked about what tests have proven, unless the settings say that they are.
    by_need = effort == "need" and "panel" not in accept.model_fields_set
    return table.Schedule(
        rows=settings.schedule,
        reviewers=settings.reviewers,
        accept=table.Accept(
            rule=accept.rule,
            score=accept.score,
            proof=table.Grade(accept.proof),
            panel="unproven" if by_need else accept.panel,
        ),
        ladder=settings.ladder,
        effort=effort,
        committee=effort == "need" if settings.evidence.committee is None else settings.evidence.committee,
    )


def rows_of(settings: Settings) -> list[TimedRow]:
    """The schedule as the planner reads it."""
    from forge_lsp.placement.timing import TimedRow

    return [
        TimedRow(
            attempts=row.attempts,
            strategy=row.thinking.strategy,
            thinkers=row.thinking.models,
            generator=row.generator.model,
            samples=row.generator.samples,
            beside=row.generator.beside,
            members=row.panel.members if row.panel.kind != "none" else (),
        )
        for row in settings.schedule
    ]


def wanted_of(settings: Settings, away: frozenset[str] = frozenset()) -> list[ModelRequest]:
    """The models that the schedule calls on Ollama servers of this machine. ``away``: those that are known to run
    elsewhere, and need no memory here."""
    import os

    from forge_lsp.core.addresses import is_off_machine, names_cloud, ollama_url
    from forge_lsp.placement.planning import ModelRequest

    called = {
        key
        for row in settings.schedule
        for key in (
            *row.thinking.models,
            row.generator.model,
            *row.generator.beside,
            *(row.panel.members if row.panel.kind != "none" else ()),
        )
    }
    found: list[ModelRequest] = []
    for key, model in settings.models.items():
        server = settings.servers[model.server]
        url = ollama_url(server.url or os.environ.get("OLLAMA_HOST"))
        here = server.local is not False and not is_off_machine(url)
        if key in called and server.kind == "ollama" and here and key not in away and not names_cloud(model.name):
            found.append(
                ModelRequest(
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


def ollama_servers(settings: Settings, state_dir: Path) -> list[ServerSettings]:
    """The Ollama servers of the settings, with what is known about their GPUs."""
    import os

    from forge_lsp.core.addresses import is_off_machine, names_cloud, ollama_url
    from forge_lsp.placement.fleet.control import placed
    from forge_lsp.placement.fleet.state import Folder
    from forge_lsp.placement.survey import PlacedModel, ServerSettings

    servers: list[ServerSettings] = []
    started = placed(Folder(state_dir / "fleet"))
    for key, server in settings.servers.items():
        if server.kind != "ollama":
            continue
        url = ollama_url(server.url or os.environ.get("OLLAMA_HOST"))
        spec = started.get(url)
        servers.append(
            ServerSettings(
                key=key,
                url=url,
                gpu=spec.gpu if spec is not None else server.gpu,
                memory=None if server.memory is None else int(server.memory * 1e9),
                parallel=server.parallel,
                off_machine=is_off_machine(url) or server.local is False,
                max_loaded=spec.loaded if spec is not None else None,
                models=tuple(
                    PlacedModel(key=name, name=model.name, context=model.context)
                    for name, model in settings.models.items()
                    if model.server == key and not names_cloud(model.name)
                ),
            )
        )
    return servers
