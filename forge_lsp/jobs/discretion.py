"""What of a job is told and kept without the secrets that it saw: in events, in attempts, in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from forge_lsp.core.attempt import Attempt, Candidate
from forge_lsp.core.errors import BadRequest
from forge_lsp.jobs.record import JobRecord
from forge_lsp.redaction import Pairs, hidden, placeholders

__all__ = ["attempt_for_the_ledger", "for_the_ledger", "refuse_lost", "without_secrets"]

T = TypeVar("T")

_SHORTEST = 8
"""Characters of a text that is looked at: counts, names of models and the like are not."""


def without_secrets(value: T, known: Pairs) -> T:
    """Return ``value``, a frozen dataclass, with every text in it as it is shown to models. Code that lands stays as it
    is.

    ``known`` are the secrets of the job's document and of the user's words. May take a millisecond for each text.
    """
    return cast("T", _Cleaner(known).cleaned(value))


def for_the_ledger(record: JobRecord) -> JobRecord:
    """Return ``record`` with the keys of the user's words left out of its code; what the document holds stays."""
    foreign = tuple(pair for pair in record.secrets if pair[1] not in record.base_text)
    if not foreign:
        return record
    attempts = tuple(_attempt_covered(attempt, foreign) for attempt in record.attempts)
    candidate = _covered(record.candidate, foreign) if record.candidate else None
    return replace(record, candidate=candidate, attempts=attempts)


def attempt_for_the_ledger(attempt: Attempt, secrets: Pairs, base_text: str) -> Attempt:
    """Return one attempt of a job that goes on, without its secrets, as :func:`for_the_ledger` has it."""
    clean = without_secrets(attempt, secrets)
    foreign = tuple(pair for pair in secrets if pair[1] not in base_text)
    return _attempt_covered(clean, foreign) if foreign else clean


def refuse_lost(record: JobRecord) -> None:
    """Raise BadRequest where the record's code has a placeholder in the place of a key of the user's words, which no
    ledger keeps."""
    if record.candidate is None:
        return
    lost = (placeholders(record.candidate.text) & placeholders(record.task)) - placeholders(record.base_text)
    if lost:
        raise BadRequest(
            f"The result has {min(lost)} in the place of a key that stood in the task's words. Such keys are not kept "
            "after forge-lsp ended, so the result cannot be applied any more.",
            remedy="start the job again, or copy the code from forge.report and put the key where it belongs",
        )


def _attempt_covered(attempt: Attempt, foreign: Pairs) -> Attempt:
    return replace(
        attempt,
        candidate=_covered(attempt.candidate, foreign) if attempt.candidate else None,
        others=tuple(replace(other, candidate=_covered(other.candidate, foreign)) for other in attempt.others),
    )


def _covered(candidate: Candidate, foreign: Pairs) -> Candidate:
    def cover(text: str) -> str:
        for shown, secret in foreign:
            text = text.replace(secret, shown)
        return text

    return replace(
        candidate,
        code=cover(candidate.code),
        text=cover(candidate.text),
        imports=tuple(map(cover, candidate.imports)),
    )


class _Cleaner:
    """One walk over a value; the same text, which attempts repeat, is looked through once."""

    def __init__(self, known: Pairs) -> None:
        self._known = known
        self._seen: dict[str, str] = {}

    def cleaned(self, value: object) -> object:
        if isinstance(value, str) and not isinstance(value, Enum):
            return self._text(value)
        if isinstance(value, tuple):
            return tuple(self.cleaned(item) for item in cast("Sequence[object]", value))
        if isinstance(value, Candidate) or not is_dataclass(value) or isinstance(value, type):
            return value
        present = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        changed = {name: new for name, old in present.items() if (new := self.cleaned(old)) != old}
        return replace(cast("Any", value), **changed) if changed else value

    def _text(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        if text not in self._seen:
            self._seen[text] = hidden(text, self._known)
        return self._seen[text]
