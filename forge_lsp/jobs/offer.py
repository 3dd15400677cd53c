"""What a job has to offer, and what becomes of a document that takes it. Pure.

Never a silent overwrite: where the document moved on, the candidate is merged into it; where the user changed the scope
itself, there is no text to write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forge_lsp.core.errors import EditConflict
from forge_lsp.core.task import Scope, TextEdit, TextRange

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.jobs.contract import Recheck
    from forge_lsp.jobs.record import JobRecord

__all__ = ["Offer", "in_place_of", "moved", "offer_of", "scope_in", "target_text"]

BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A candidate to be applied: ``text`` is ``base`` with the candidate in ``scope``'s place.

    ``recheck`` checks a merged text; None where the job's tools are gone (it ran before a restart).
    """

    uri: str
    base: str
    scope: Scope
    text: str
    recheck: Callable[[str], Awaitable[Recheck]] | None = None


def offer_of(record: JobRecord, recheck: Callable[[str], Awaitable[Recheck]] | None = None) -> Offer | None:
    """Return what a job that ended has to offer; None: nothing."""
    if record.candidate is None:
        return None
    text = record.candidate.text
    return Offer(uri=record.uri, base=record.base_text, scope=record.scope, text=text, recheck=recheck)


def in_place_of(applied: str, offer: Offer) -> Offer:
    """Return ``offer`` as what changes ``applied``, a text that another candidate of the same job was put into."""
    start = _common(applied, offer.text)
    tail = _common(applied[start:][::-1], offer.text[start:][::-1])
    scope = replace(offer.scope, range=TextRange(start=start, end=len(applied) - tail))
    return replace(offer, base=applied, scope=scope)


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def target_text(present: str, offer: Offer, editing: Editing) -> tuple[str, bool]:
    """Return the document's text with the candidate in it, and whether that took a merge.

    Raises EditConflict when the user's changes touch the scope or cannot be merged.
    """
    base, candidate, scope = _with_bom_as(present, offer)
    if present == base:
        return candidate, False
    if present == candidate:
        return candidate, False
    if any(_touches(edit, scope) for edit in editing.minimal(base, present)):
        raise EditConflict("The code that was to be replaced was changed while the job ran.")
    return editing.merge(base, candidate, present), True


def scope_in(present: str, offer: Offer, editing: Editing) -> TextRange:
    """Return where the scope is in ``present``, a text in which it was not touched."""
    base, _, scope = _with_bom_as(present, offer)
    return moved(scope, [edit for edit in editing.minimal(base, present) if edit.range.end <= scope.start])


def moved(span: TextRange, edits: Iterable[TextEdit]) -> TextRange:
    """Return where a range lies after ``edits`` of its text: what changed inside of it belongs to it, and whole lines
    that were put before it do not."""
    start, end = span.start, span.end
    for edit in edits:
        more = len(edit.text) - (edit.range.end - edit.range.start)
        inside = edit.range.start == span.start and _joins(edit, span)
        if edit.range.end <= span.start and not inside:
            start += more
            end += more
        elif edit.range.start <= span.end:
            end += more
    return TextRange(start=start, end=max(start, end))


def _with_bom_as(present: str, offer: Offer) -> tuple[str, str, TextRange]:
    """The offer's base, text and scope, with a byte order mark where ``present`` has one: a file that is opened (or
    closed) in between loses (or gains) it, which is not a change."""
    base, candidate, scope = offer.base, offer.text, offer.scope.range
    if base.startswith(BOM) and not present.startswith(BOM):
        base, candidate = base.removeprefix(BOM), candidate.removeprefix(BOM)
        scope = TextRange(start=max(0, scope.start - 1), end=max(0, scope.end - 1))
    elif present.startswith(BOM) and not base.startswith(BOM):
        base, candidate = BOM + base, BOM + candidate
        scope = TextRange(start=scope.start + 1, end=scope.end + 1)
    return base, candidate, scope


def _touches(edit: TextEdit, scope: TextRange) -> bool:
    """Whether a change is inside the scope, or continues its first or last line. New lines around it are not."""
    start, end = edit.range.start, edit.range.end
    if start < scope.end and end > scope.start:
        return True
    after = start == scope.end > scope.start and not edit.text.startswith(("\n", "\r"))
    return bool(edit.text) and (_joins(edit, scope) or after)


def _joins(edit: TextEdit, scope: TextRange) -> bool:
    """Whether a change ends where the scope begins, and continues its first line."""
    return edit.range.end == scope.start < scope.end and not edit.text.endswith(("\n", "\r"))
