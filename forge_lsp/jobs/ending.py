"""What the end of the ensemble's work means for the job: a conclusion, a cancel, a deadline or an error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import ForgeError
from forge_lsp.jobs.document import checks_document
from forge_lsp.jobs.record import JobRecord, SentFile

if TYPE_CHECKING:
    from forge_lsp.ensemble.ending import Conclusion

__all__ = ["judge"]

logger = logging.getLogger(__name__)


def judge(
    record: JobRecord,
    run: asyncio.Task[Conclusion],
    *,
    cancelled: str | None,
    overdue: float | None,
    addresses: Mapping[str, str],
) -> JobRecord:
    """Return ``record`` with the end of the job whose work is ``run``, over or left behind.

    ``cancelled`` is the reason of the cancel that was asked for, ``overdue`` the deadline (seconds) that passed.
    Both outweigh what the work may still have answered. ``addresses`` are those of the servers.
    """
    conclusion: Conclusion | None = None
    error: BaseException | None = None
    if run.done() and not run.cancelled():
        error = run.exception()  # retrieved in every case, so that asyncio has nothing to complain about
        conclusion = run.result() if error is None else None
    attempts = conclusion.attempts if conclusion else ()
    sent = tuple(
        SentFile(
            file=entry.file,
            server=entry.server,
            address=entry.place or addresses.get(entry.server, ""),
            why=entry.why,
        )
        for entry in (conclusion.sent if conclusion else ())
    )
    end = replace(record, attempts=attempts, sent=sent)
    if cancelled is not None:
        if error is not None:
            logger.info("job %s: while it was cancelled: %s", record.job_id, type(error).__name__, exc_info=error)
        return replace(end, outcome=Outcome.CANCELLED, reason=cancelled)
    if overdue is not None:
        reason = f"the job took longer than deadlines.job allows ({overdue:g} s)"
        return replace(end, outcome=Outcome.FAILED, reason=reason)
    if conclusion is not None:
        return replace(
            end,
            outcome=conclusion.outcome,
            reason=conclusion.reason or None,
            remedy=conclusion.remedy,
            cause=conclusion.cause,
            score=conclusion.score,
            grade=conclusion.evidence.grade if conclusion.evidence is not None else None,
            checks=tuple(checks_document(conclusion.evidence).items()) if conclusion.evidence is not None else (),
            candidate=conclusion.best,
            questions=conclusion.questions,
        )
    if isinstance(error, ForgeError):
        logger.info("job %s failed: %s", record.job_id, error)
        return replace(end, outcome=Outcome.FAILED, reason=error.full_message, remedy=error.remedy, cause=error.cause)
    # The message of an error nobody planned for may hold anything, a prompt or a key: only the log gets it.
    name = type(error).__name__ if error is not None else "a cancel that nobody asked for"
    logger.error("job %s failed unexpectedly", record.job_id, exc_info=error)
    reason = f"forge-lsp failed unexpectedly ({name}); its log has the details"
    return replace(end, outcome=Outcome.FAILED, reason=reason)
