"""``forge-lsp generate``: one job for one file, from a terminal or a script."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING

from forge_lsp.cli import files
from forge_lsp.cli.asking import TerminalQuestions
from forge_lsp.cli.diff import print_diff
from forge_lsp.cli.display import Display, say, stderr_console
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import EditConflict
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.consent import refusal_words
from forge_lsp.jobs.contract import JobRequest
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.services import Services
from forge_lsp.jobs.writing import write_result

if TYPE_CHECKING:
    from pathlib import Path

    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.job import Job

__all__ = ["generate", "no_consent", "run_job"]


async def generate(options: Options, services: Services) -> int:
    """Run a job. 0: accepted (and written, where that was asked for); 1: not.

    Raises BadRequest and SettingsError before anything runs. A cancelled one cancels its job, and still tells it.
    """
    document = files.read_document(options.file, files.language_of(options.file, options.language, services.languages))
    path = options.file.resolve()
    request = JobRequest(
        document=document,
        selection=files.selection(document.text, options.range),
        ask=no_consent,
        words=options.task,
        workspace=files.workspace_of(path),
        max_iterations=options.max_iterations,
        profile=options.profile,
        allow=frozenset(options.allow),
        questions=options.ask,
    )
    return await run_job(request, path, options, services)


async def run_job(request: JobRequest, path: Path, options: Options, services: Services) -> int:
    """Run a job for the file at ``path``, and tell it. 0: accepted (and written, where that was asked for); 1: not."""
    document = request.document
    console = stderr_console()
    job = await services.jobs.start(request)
    job.listen(Display(console))
    if options.ask:
        job.listen(TerminalQuestions(console, partial(_answered, services, job.id)))
    result = await _end(job)
    written: tuple[str, str] | None = None
    refusal: str | None = None
    if options.write and result.outcome is Outcome.ACCEPTED:
        try:
            assert result.candidate is not None  # an accepted job has one
            written = await write_result(
                job,
                result.candidate,
                services.editing,
                present=lambda: asyncio.to_thread(files.present_text, path),
                write=lambda text: asyncio.to_thread(files.write_text, path, text),
            )
            await services.jobs.mark_applied(job.id)
        except EditConflict as error:
            refusal = error.full_message
    if options.json:
        say(json.dumps(await services.jobs.document(job.id), indent=2) + "\n")
    elif written is not None:
        print_diff(*written, path)
    elif result.candidate is not None:
        print_diff(document.text, result.candidate.text, path)
    if written is not None:
        console.print(f"written to {path}", soft_wrap=True)
    elif refusal is not None:
        console.print(f"nothing was written: {refusal}", style="bold yellow", soft_wrap=True)
    elif options.write:
        console.print("nothing was written: only an accepted result is", style="yellow")
    elif result.outcome is Outcome.ACCEPTED:
        console.print(f"nothing was written: `forge-lsp jobs apply {job.id}` or --write writes it", style="dim")
    console.print(f"report: forge-lsp jobs show {job.id}", style="dim", soft_wrap=True)
    return 0 if result.outcome is Outcome.ACCEPTED and refusal is None else 1


async def _answered(services: Services, job_id: str, question: str, given: GivenAnswer) -> None:
    await services.jobs.answer(job_id, question, given, services.editing)


async def _end(job: Job) -> JobRecord:
    """The job's result; where we are cancelled meanwhile, that of the cancelled job."""
    try:
        return await job.wait()
    except asyncio.CancelledError:
        job.cancel("interrupted")
        return await job.wait()  # within 200 ms; a second cancel ends even this


async def no_consent(question: ConsentQuestion) -> bool:
    """Without an editor consent comes from [consent] in the user's settings, or from --allow."""
    stderr_console().print(refusal_words(question), style="yellow", markup=False, soft_wrap=True)
    return False
