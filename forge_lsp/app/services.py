"""The house with the jobs, as one thing that a face may use."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.flags import Flags, state_of
from forge_lsp.app.house import House
from forge_lsp.app.roles import roles_of, suggestions_of
from forge_lsp.app.telling import findings_of, gpus_of, plan_of, probes_of, rates_of

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
    """Build the house, and what a face may use of it. Wrong settings do not raise: they are ``Services.problem``."""
    from forge_lsp.domain.events import JobEvent, JobFinished
    from forge_lsp.jobs.consent import Consents
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.preparing import Preparer
    from forge_lsp.jobs.services import Apart, Services
    from forge_lsp.source.context import Context
    from forge_lsp.source.edits import Edits
    from forge_lsp.source.markers import MARKERS
    from forge_lsp.source.scope import Scopes
    from forge_lsp.source.syntax import TreeSitterSyntax

    state_dir, days = await asyncio.to_thread(state_of, flags, editor or {})
    known = folders if trusted else ()
    house = House(flags=flags, folders=known, state_dir=state_dir, editor=editor or {}, trusted=trusted)
    ledger = Ledger(state_dir, clock=house.clock, retention_days=days)
    syntax = TreeSitterSyntax()
    editing, scoping, context = Edits(syntax), Scopes(syntax), Context(syntax)
    preparer = Preparer(
        setup=house.setup,
        earlier=lambda job_id: jobs.record(job_id),
        scoping=scoping,
        syntax=syntax,
        context=context,
        markers=MARKERS,
        editing=editing,
        ledger=ledger,
        consents=Consents(ledger),
        clock=house.clock,
    )
    ended = 0

    def on_event(event: JobEvent) -> None:
        nonlocal ended
        if isinstance(event.body, JobFinished):
            ended += 1
            if ended == 1:  # it has imported the clients of its models and all that checks need
                gc.freeze()

    jobs = JobManager(prepare=preparer, ledger=ledger, clock=house.clock, on_event=on_event)
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
        findings=lambda: findings_of(house, ledger.problem),
        problem=lambda: house.problem,
        reconfigure=house.reconfigure,
        aclose=aclose,
        state_dir=state_dir,
        lens=lambda: house.lens,
        rates=lambda: rates_of(house),
        plan=lambda gib: plan_of(house, gib),
        roles=lambda: roles_of(house),
        suggest=lambda gib: suggestions_of(house, gib),
        apart=Apart(
            jobs=lambda: JobManager(prepare=preparer, ledger=Ledger(None, clock=house.clock), clock=house.clock),
            setup=house.setup,
            syntax=syntax,
            toolchains=house.toolchains,
            context=context,
        ),
        facts={"gpus": lambda: gpus_of(house), "probes": lambda: probes_of(house)},
    )
