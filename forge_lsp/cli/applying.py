"""``forge-lsp jobs apply`` and ``retry``: what is to become of an earlier job's result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from forge_lsp.cli import files
from forge_lsp.cli.diff import print_diff
from forge_lsp.cli.display import stderr_console
from forge_lsp.cli.generate import no_consent, run_job
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import BadRequest, EditConflict
from forge_lsp.core.task import ScopeKind
from forge_lsp.jobs.contract import FollowUp, JobRequest
from forge_lsp.jobs.offer import moved, offer_of, target_text
from forge_lsp.jobs.record import JobState

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.services import Services

__all__ = ["apply_job", "retry_job"]


async def apply_job(options: Options, services: Services) -> int:
    """Write what a job offers into its file, and show the difference. 0: written; 1: there is nothing to write.

    Nobody checks it again: where the file is not as it was when the job began, nothing is written. Raises JobUnknown,
    BadRequest where the file is not on disk, EditConflict and EnvironmentFault: nothing is written then.
    """
    job = options.job or ""
    record = await services.jobs.result(job, options.candidate, services.editing)
    console = stderr_console()
    offer = offer_of(record)
    if offer is None:
        why = f": {record.reason}" if record.reason else ""
        console.print(f"nothing was written: the job has no candidate ({record.outcome_words}{why})", soft_wrap=True)
        return 1
    path = _path(offer.uri)
    before = files.present_text(path)
    after, merged = target_text(before, offer, services.editing)
    if merged:
        raise EditConflict(f"{path} has changed since that job ran.", remedy="generate the code again")
    if after == before:
        console.print(f"{path} has it already", soft_wrap=True)
    else:
        files.write_text(path, after)
        print_diff(before, after, path)
        console.print(f"written to {path}", soft_wrap=True)
    if options.candidate is not None:
        await services.jobs.took(job, options.candidate)
    await services.jobs.mark_applied(job)
    own = (await services.jobs.record(job)).candidate
    if record.outcome is not Outcome.ACCEPTED or own is None or own.text != offer.text:
        console.print("it was not accepted by the job: look at it before you keep it", style="yellow", soft_wrap=True)
    return 0


async def retry_job(options: Options, services: Services) -> int:
    """Run a job that goes on from an earlier one, with the user's words on its result. Exit codes are those of
    ``generate``. Raises JobUnknown, and BadRequest where the earlier one still runs or its file is not on disk."""
    job = options.job or ""
    record = await services.jobs.record(job)
    if record.state in (JobState.QUEUED, JobState.RUNNING):
        raise BadRequest(f"job {job} still runs", remedy="cancel it where it was started, or wait")
    path = _path(record.uri)
    document = files.read_document(path, services.languages.recorded(record.language))
    edits = services.editing.minimal(record.base_text, document.text)
    request = JobRequest(
        document=document,
        selection=None if record.scope.kind is ScopeKind.FILE else moved(record.scope.range, edits),
        ask=no_consent,
        workspace=files.workspace_of(path),
        max_iterations=options.max_iterations,
        profile=options.profile,
        follow_up=FollowUp(job_id=job, feedback=options.feedback or ""),
        allow=frozenset(options.allow),
        questions=options.ask,
    )
    return await run_job(request, path, options, services)


def _path(uri: str) -> Path:
    """Return the file of a job. Raises BadRequest for a document that is no file."""
    if urlsplit(uri).scheme != "file":
        raise BadRequest(f"{uri} is no file; the editor that has it open can apply it")
    return Path(url2pathname(urlsplit(uri).path))
