"""Every candidate of a job that compiled, the best first: what a user may take in the place of the result. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import BuildReport, Candidate, Evidence, Observation
from forge_lsp.core.codec import projected, to_json
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Languages
from forge_lsp.core.task import Document, Task
from forge_lsp.ensemble.ranking import rank_key
from forge_lsp.jobs import shapes
from forge_lsp.jobs.document import checks_of

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.jobs.record import JobRecord

__all__ = [
    "Alternative",
    "alternatives_document",
    "alternatives_of",
    "candidate_of",
    "candidates_of",
    "differences_of",
    "rank_key_of",
]

_MOST_DIFFERENCES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One candidate. ``id`` names it within its job: the attempt, and its place there by what the checks showed.

    ``score`` is the panel's, None where it did not see this candidate; ``result``: it is what the job offers; ``alike``
    are the ids of others with the same code.
    """

    id: str
    candidate: Candidate
    build: BuildReport | None
    evidence: Evidence
    score: float | None
    result: bool
    answers: tuple[Observation, ...] = ()
    alike: tuple[str, ...] = ()


def alternatives_of(record: JobRecord) -> tuple[Alternative, ...]:
    """Return the candidates that compiled, or that nothing could compile: the job's result first, then the best.

    Of several with the same code the best is there, and names the others.
    """
    by_code: dict[str, Alternative] = {}
    for one in candidates_of(record):
        code = one.candidate.code.strip()
        best = by_code.get(code)
        by_code[code] = one if best is None else replace(best, alike=(*best.alike, one.id))
    return tuple(by_code.values())


def candidates_of(record: JobRecord) -> list[Alternative]:
    """Return every candidate that compiled, the job's result first, then the best."""
    found = [one for one in _all(record) if one.build is None or one.build.compiled is not False]
    return sorted(found, key=lambda one: (one.result, *rank_key_of(one, record)), reverse=True)


def _all(record: JobRecord) -> Iterator[Alternative]:
    taken = False
    for attempt in record.attempts:
        for place, one in enumerate((attempt, *attempt.others), 1):
            if one.candidate is None:
                continue
            result = not taken and _same(one.candidate, record.candidate)
            taken = taken or result
            yield Alternative(
                id=f"{attempt.number}.{place}",
                candidate=one.candidate,
                build=one.build,
                evidence=one.evidence,
                score=attempt.verdict.score if one is attempt and attempt.verdict is not None else None,
                result=result,
                answers=one.answers,
            )


def _same(one: Candidate, other: Candidate | None) -> bool:
    """Whether two are the same candidate; the ledger keeps the texts of attempts apart from their documents."""
    return other is not None and replace(one, text="") == replace(other, text="")


def rank_key_of(one: Alternative, record: JobRecord) -> tuple[float, ...]:
    """Return the key by which a candidate of a job was ranked while it ran."""
    return rank_key(
        one.build,
        one.evidence,
        unfinished=record.scope.unfinished,
        score=one.score,
        attempt=one.candidate.attempt,
    )


def differences_of(one: Alternative, other: Alternative) -> tuple[tuple[str, str, str], ...]:
    """Return the calls that two candidates answer differently, each with both answers; a few of them."""
    answers = {seen.call: seen.answer for seen in other.answers}
    found = [
        (seen.call, seen.answer, answers[seen.call])
        for seen in one.answers
        if seen.call in answers and seen.answer != answers[seen.call]
    ]
    return tuple(found[:_MOST_DIFFERENCES])


def alternatives_document(record: JobRecord) -> dict[str, object]:
    """Return ``forge.alternatives``: ``differences`` are those from the first candidate."""
    found = alternatives_of(record)
    told = tuple(
        projected(
            shapes.Alternative,
            one,
            candidate=one.id,
            attempt=one.candidate.attempt,
            model=one.candidate.model,
            compiled=one.build.compiled if one.build is not None else None,
            grade=one.evidence.grade,
            checks=checks_of(one.evidence),
            code=one.candidate.code,
            differences=tuple(
                shapes.Difference(call=call, answer=answer, first=first)
                for call, answer, first in differences_of(one, found[0])
            ),
        )
        for one in found
    )
    return to_json(shapes.Alternatives(job_id=record.job_id, uri=record.uri, alternatives=told))


def candidate_of(record: JobRecord, id_: str, editing: Editing, languages: Languages) -> Candidate:
    """Return a candidate by its id, with its whole text. Raises BadRequest for an id that the job does not have, and
    ExtractionFailed."""
    found = {one.id: one for one in candidates_of(record)}
    if id_ not in found:
        known = ", ".join(found) or "none"
        raise BadRequest(f"job {record.job_id} has no candidate {id_[:40]!r}", remedy=f"its candidates: {known}")
    candidate = found[id_].candidate
    if candidate.text:
        return candidate
    document = Document(uri=record.uri, language=languages.recorded(record.language), text=record.base_text)
    task = Task(document=document, scope=record.scope, instruction=record.task, workspace=None)
    return replace(candidate, text=editing.splice(task, candidate.code, candidate.imports))
