"""The services that a front end may use, wired from the container and the jobs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.app.container import Container
from forge_lsp.app.diagnosis import findings_of, gpus_of, plan_of, probes_of, rates_of
from forge_lsp.app.flags import Flags, state_of
from forge_lsp.app.roles import roles_of, suggestions_of
from forge_lsp.core.events import JobEvent, JobFinished

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
    """Return what a front end may use, built on a new container. Wrong settings become ``Services.problem``."""
    from forge_lsp.context import Context
    from forge_lsp.editing.edits import Edits
    from forge_lsp.editing.markers import MARKERS
    from forge_lsp.editing.scope import Scopes
    from forge_lsp.editing.syntax import TreeSitterSyntax
    from forge_lsp.jobs.consent import Consents
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.preparing import Preparer
    from forge_lsp.jobs.services import Services

    state_dir, days = await asyncio.to_thread(state_of, flags, editor or {})
    known = folders if trusted else ()
    container = Container(flags=flags, folders=known, state_dir=state_dir, editor=editor or {}, trusted=trusted)
    ledger = Ledger(state_dir, clock=container.clock, retention_days=days)
    syntax = TreeSitterSyntax()
    editing, scoping, context = Edits(syntax), Scopes(syntax), Context(syntax, container.languages)
    preparer = Preparer(
        setup=container.setup,
        scoping=scoping,
        syntax=syntax,
        context=context,
        markers=MARKERS,
        editing=editing,
        ledger=ledger,
        consents=Consents(ledger),
        clock=container.clock,
    )
    make_jobs = partial(JobManager, prepare=preparer, languages=container.languages, clock=container.clock)
    jobs = make_jobs(ledger=ledger, on_event=_FreezeOnce())
    await container.examine()
    # What was imported stays. Looking through it again takes the collector, and with it the event loop, some 60 ms.
    gc.freeze()

    def unrecorded() -> JobManager:
        return make_jobs(ledger=Ledger(None, clock=container.clock))

    async def aclose() -> None:
        await jobs.aclose(1.0)
        await container.aclose()

    return Services(
        jobs=jobs,
        languages=container.languages,
        editing=editing,
        scoping=scoping,
        syntax=syntax,
        context=context,
        models=container.directory,
        findings=partial(findings_of, container, ledger),
        problem=container.problem,
        lens=container.lens,
        reconfigure=container.reconfigure,
        aclose=aclose,
        state_dir=state_dir,
        rates=partial(rates_of, container),
        plan=partial(plan_of, container),
        roles=partial(roles_of, container),
        suggest=partial(suggestions_of, container),
        gpus=partial(gpus_of, container),
        probes=partial(probes_of, container),
        unrecorded=unrecorded,
        setup=container.setup,
        toolchains=container.toolchains,
    )


class _FreezeOnce:
    """Takes what the first job has imported (the clients of its models, all that checks need) from the collector."""

    def __init__(self) -> None:
        self._frozen = False

    def __call__(self, event: JobEvent) -> None:
        if isinstance(event.body, JobFinished) and not self._frozen:
            self._frozen = True
            gc.freeze()
