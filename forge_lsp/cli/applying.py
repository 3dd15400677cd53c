"""``forge-lsp jobs apply``: the result of an earlier job, or another of its candidates, written into its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from forge_lsp.cli import files
from forge_lsp.cli.diff import print_diff
from forge_lsp.cli.display import stderr_console
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import BadRequest, EditConflict
from forge_lsp.jobs.offer import offer_of, target_text

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.services import Services

__all__ = ["apply_job"]


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
        console.print(f"nothing was written: the job has no candidate ({record.outcome}{why})", soft_wrap=True)
        return 1
    if urlsplit(offer.uri).scheme != "file":
        raise BadRequest(f"{offer.uri} is no file; the editor that has it open can apply it")
    path = Path(url2pathname(urlsplit(offer.uri).path))
    before = files.present_text(path)
    after, merged = target_text(before, offer, services.editing)
    if merged:
        raise EditConflict(f"{path} has changed since that job ran.", remedy="generate it again")
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
