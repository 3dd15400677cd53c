"""The services that a face may use, wired from the container and the jobs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.container import Container
from forge_lsp.app.diagnosis import findings_of, gpus_of, plan_of, probes_of, rates_of
from forge_lsp.app.flags import Flags, state_of
from forge_lsp.app.roles import roles_of, suggestions_of

if TYPE_CHECKING:
    from forge_lsp.jobs.services import Services

__all__ = ["make_services"]


async def make_services(
    flags: Flags,
    editor: Mapping[str, object] | None = None,
    folders: tuple[Path, ...] = (),
    *,
    trusted: bool = True,
) -> Services:
    """Return what a face may use, built on a new container. Wrong settings become ``Services.problem``."""
    from forge_lsp.context import Context
    from forge_lsp.core.events import JobEvent, JobFinished
    from forge_lsp.editing.edits import Edits
    from forge_lsp.editing.markers import MARKERS
    from forge_lsp.editing.scope import Scopes
    from forge_lsp.editing.syntax import TreeSitterSyntax
    from forge_lsp.jobs.consent import Consents
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.preparing import Preparer
    from forge_lsp.jobs.services import Apart, Services

    state_dir, days = await asyncio.to_thread(state_of, flags, editor or {})
    known = folders if trusted else ()
    container = Container(flags=flags, folders=known, state_dir=state_dir, editor=editor or {}, trusted=trusted)
    ledger = Ledger(state_dir, clock=container.clock, retention_days=days)
    syntax = TreeSitterSyntax()
    editing, scoping, context = Edits(syntax), Scopes(syntax), Context(syntax, container.languages)
    preparer = Preparer(
        setup=container.setup,
        earlier=lambda job_id: jobs.record(job_id),
        scoping=scoping,
        syntax=syntax,
        context=context,
        markers=MARKERS,
        editing=editing,
        ledger=ledger,
        consents=Consents(ledger),
        clock=container.clock,
    )
    ended = 0

    def on_event(event: JobEvent) -> None:
        nonlocal ended
        if isinstance(event.body, JobFinished):
            ended += 1
            if ended == 1:  # it has imported the clients of its models and all that checks need
                gc.freeze()

    jobs = JobManager(
        prepare=preparer, ledger=ledger, languages=container.languages, clock=container.clock, on_event=on_event
    )
    await container.examine()
    # What was imported stays. Looking through it again takes the collector, and with it the event loop, some 60 ms.
    gc.freeze()

    async def aclose() -> None:
        await jobs.aclose(1.0)
        await container.aclose()

    return Services(
        jobs=jobs,
        languages=container.languages,
        editing=editing,
        scoping=scoping,
        models=container.directory,
        findings=lambda: findings_of(container, ledger.problem),
        problem=lambda: container.problem,
        reconfigure=container.reconfigure,
        aclose=aclose,
        state_dir=state_dir,
        lens=lambda: container.lens,
        rates=lambda: rates_of(container),
        plan=lambda gib: plan_of(container, gib),
        roles=lambda: roles_of(container),
        suggest=lambda gib: suggestions_of(container, gib),
        apart=Apart(
            jobs=lambda: JobManager(
                prepare=preparer,
                ledger=Ledger(None, clock=container.clock),
                languages=container.languages,
                clock=container.clock,
            ),
            setup=container.setup,
            syntax=syntax,
            toolchains=container.toolchains,
            context=context,
        ),
        facts={"gpus": lambda: gpus_of(container), "probes": lambda: probes_of(container)},
    )
