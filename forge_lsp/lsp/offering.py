"""What an ended job has to offer, brought into the editor's document at the user's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import EditConflict, JobUnknown
from forge_lsp.jobs.offer import Offer, in_place_of, offer_of, target_text
from forge_lsp.jobs.rechecking import rechecked_later
from forge_lsp.jobs.record import JobRecord
from forge_lsp.lsp.apply import Applied
from forge_lsp.lsp.documents import path_of
from forge_lsp.lsp.protocol import Refusal

if TYPE_CHECKING:
    from forge_lsp.jobs.services import Services
    from forge_lsp.lsp.shown import ConnectedEditor

__all__ = ["apply_offer", "offered"]


async def offered(
    services: Services, editor: ConnectedEditor, job_id: str, candidate: str | None
) -> tuple[Offer, JobRecord]:
    """Return what an ended job has to offer, its result or another of its candidates, and all of it. Raises JobUnknown,
    BadRequest, and Refusal where it has no code."""
    kept = await services.jobs.result(job_id, candidate, services.editing)
    try:
        recheck = services.jobs.job(job_id).prepared.recheck
    except JobUnknown:  # it ran before a restart: only the ledger knows it
        recheck = rechecked_later(services, kept, path_of(kept.uri))
    offer = offer_of(kept, recheck)
    if offer is None:
        raise Refusal(f"Job {job_id} ended {kept.outcome_words} and has no result to offer.")
    if candidate is not None and kept.applied:
        offer = await _instead(services, editor, offer, job_id)
    return offer, kept


async def apply_offer(services: Services, editor: ConnectedEditor, job_id: str, candidate: str | None) -> Applied:
    """Bring the result of a job, or another of its candidates, into its document. Raises as :func:`offered`."""
    offer, kept = await offered(services, editor, job_id, candidate)
    insist = kept.outcome is not Outcome.ACCEPTED or candidate is not None
    applied = await editor.applier.apply(offer, services.editing, insist=insist)
    if applied.applied:
        await services.jobs.mark_applied(job_id)
        editor.waiting.forget(job_id)
        if candidate is not None:
            await services.jobs.took(job_id, candidate)
        editor.afterwards.remember(services, job_id, kept.language, offer, applied.change)
    return applied


async def _instead(services: Services, editor: ConnectedEditor, offer: Offer, job_id: str) -> Offer:
    """``offer`` as a change of another candidate of the job where the document has that already."""
    present = editor.documents.present(offer.uri)
    if present is None:
        return offer
    texts = await services.jobs.candidate_texts(job_id, services.editing)
    for one in (offer, *(in_place_of(text, offer) for text in texts if text != offer.text)):
        try:
            target_text(present.text, one, services.editing)
        except EditConflict:
            continue
        return one
    return offer
