"""``forge-lsp generate``: one job for one file, from a terminal or a script."""

from __future__ import annotations

import asyncio
import difflib
import json
import signal
import sys
from typing import TYPE_CHECKING

from forge_lsp.cli import files
from forge_lsp.cli.display import Display, stderr_console
from forge_lsp.domain.attempt import Outcome
from forge_lsp.domain.errors import BadRequest
from forge_lsp.domain.ports import ConsentQuestion
from forge_lsp.domain.task import Document
from forge_lsp.jobs.contract import JobRequest, JobResult, Services

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options

__all__ = ["generate"]

INTERRUPTED = 130


async def generate(options: Options, services: Services) -> int:
    """Run a job. 0: accepted; 1: not; 130: interrupted. Raises BadRequest and SettingsError before anything runs."""
    document = files.read_document(options.file, files.language_of(options.file, options.language))
    request = JobRequest(
        document=document,
        selection=files.selection(document.text, options.range),
        ask=_no,
        words=options.task,
        workspace=files.workspace_of(options.file),
        max_iterations=options.max_iterations,
        profile=options.profile,
        allow=frozenset(options.allow),
    )
    job = await services.jobs.start(request)
    console = stderr_console()
    job.listen(Display(console))
    interrupted = asyncio.Event()

    def interrupt() -> None:
        interrupted.set()
        job.cancel("interrupted")

    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        result = await job.wait()
    finally:
        if sys.platform != "win32":
            loop.remove_signal_handler(signal.SIGINT)
    written = False
    if options.write and result.outcome is Outcome.ACCEPTED and result.candidate is not None:
        written = _write(document, result.candidate.text, services)
        if written:
            services.jobs.mark_applied(job.id)
    if options.json:
        print(json.dumps(await services.jobs.document(job.id), indent=2))
    else:
        _print_diff(document, result)
    if written:
        console.print(f"written to {options.file}", markup=False)
    elif result.candidate is not None and not options.write:
        console.print("nothing was written; --write writes an accepted result", style="dim", markup=False)
    console.print(f"report: forge-lsp jobs show {job.id}", style="dim", markup=False)
    if interrupted.is_set() and result.outcome is Outcome.CANCELLED:
        return INTERRUPTED
    return 0 if result.outcome is Outcome.ACCEPTED else 1


async def _no(question: ConsentQuestion) -> bool:
    """Without an editor consent comes from [consent] in the user's settings, or from --allow."""
    stderr_console().print(
        f"{question.server} ({question.provider}, {question.address}) needs your consent: "
        f"--allow {question.server}, or [consent] servers in your settings",
        style="yellow",
        markup=False,
    )
    return False


def _write(document: Document, text: str, services: Services) -> bool:
    """Write the accepted text, merged with what the file became while the job ran."""
    path = document.path
    if path is None:
        raise BadRequest("only a file can be written")
    current = files.read_document(path, document.language).text
    if current != document.text:
        text = services.editing.merge(document.text, text, current)
    files.write_text(path, text)
    return True


def _print_diff(document: Document, result: JobResult) -> None:
    if result.candidate is None:
        return
    name = document.path.name if document.path is not None else document.uri
    lines = difflib.unified_diff(
        document.text.splitlines(), result.candidate.text.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
    )
    print("\n".join(lines))
