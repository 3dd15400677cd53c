"""An accepted text brought into a file that is no open document of an editor's: merged, checked again, written once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.errors import EditConflict
from forge_lsp.core.languages import Language, Languages
from forge_lsp.jobs.offer import Offer, target_text

if TYPE_CHECKING:
    from forge_lsp.core.attempt import Candidate
    from forge_lsp.core.ports import Editing
    from forge_lsp.core.task import Document, TextRange
    from forge_lsp.jobs.job import Job

__all__ = ["WorkspaceFiles", "write_result"]

_ROUNDS = 4  # merges with a file that keeps changing


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFiles:
    """The files of a workspace as the command line reads and writes them; see :mod:`forge_lsp.cli.files`."""

    workspace_of: Callable[[Path], Path | None]
    read_document: Callable[[Path, Language], Document]
    language_of: Callable[[Path, str | None, Languages], Language]
    selection: Callable[[str, str | None], TextRange | None]
    present_text: Callable[[Path], str]
    write_text: Callable[[Path, str], None]
    unified: Callable[[str, str, str], str]


async def write_result(
    job: Job,
    candidate: Candidate,
    editing: Editing,
    *,
    present: Callable[[], Awaitable[str]],
    write: Callable[[str], Awaitable[None]],
    accepted: bool = True,
) -> tuple[str, str]:
    """Write a candidate's text, merged with what the file became meanwhile; return the file's text before and after.

    A merged text is checked again first, unless the user took one that was not ``accepted``. ``present`` reads the file
    as it is now. Raises EditConflict, and what ``present`` and ``write`` raise: nothing is written then.
    """
    offer = Offer(uri=job.task.document.uri, base=job.task.document.text, scope=job.task.scope, text=candidate.text)
    for _ in range(_ROUNDS):
        now = await present()
        target, merged = target_text(now, offer, editing)
        if merged and accepted and not (recheck := await job.recheck(target)).clean:
            why = recheck.build.reason or "; ".join(str(item) for item in recheck.build.diagnostics[:3])
            raise EditConflict(
                "The file was changed while the job ran, and merged with that the result does not pass the check"
                + (f": {why}" if why else ".")
            )
        if await present() == now:
            await write(target)
            return now, target
    raise EditConflict("The file kept changing while the result was being written.")
