"""Results that wait for the user, offered as inline completions where their code belongs. No model is called for it.

A completion replaces text within one line. What a result changes beyond that (imports, other lines of the stub) is
brought in by the command of the completion, which also records that the result was applied.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types as lsp

from forge_lsp.core.errors import BadRequest, EditConflict, JobUnknown
from forge_lsp.core.questions import Effect
from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.jobs.offer import Offer, scope_in, target_text
from forge_lsp.lsp.apply import Applied, AppliedChange, whole_endings
from forge_lsp.lsp.offering import offered
from forge_lsp.lsp.protocol import Refusal

if TYPE_CHECKING:
    from forge_lsp.core.ports import Editing
    from forge_lsp.jobs.record import JobRecord
    from forge_lsp.jobs.services import Services
    from forge_lsp.lsp.documents import CurrentDocument
    from forge_lsp.lsp.shown import ConnectedEditor
    from forge_lsp.lsp.texts import LineIndex

__all__ = ["InlineCompletion", "PendingResults", "answered_since", "completion", "inline_completions", "take"]

_MOST = 32  # results that wait; the oldest are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineCompletion:
    """Replace ``range``, which lies within one line, by ``text``."""

    range: TextRange
    text: str

    def of(self, before: str) -> str:
        """Return ``before`` with the completion in it."""
        return before[: self.range.start] + self.text + before[self.range.end :]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A completion that a client was given: the texts before it, with it, and with the whole result."""

    offer: Offer
    language: str
    before: str
    between: str
    after: str

    def whole(self, now: str, editing: Editing) -> str | None:
        """Return the text ``now``, in which the completion was taken or was not, with the whole result; None: it cannot
        be told what is missing."""
        if now in (self.before, self.between, self.after):
            return self.after
        try:
            return editing.merge(self.between, self.after, now)
        except EditConflict:
            return None


@dataclass(slots=True, kw_only=True)
class _PendingResult:
    """A result that waits. ``checked`` is the last merged text that was checked again, and whether that was clean."""

    job_id: str
    key: str
    shown: _Shown | None = None
    checked: tuple[str, bool] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def clean(self, offer: Offer, target: str) -> bool:
        """Whether a merged text passes the check again."""
        async with self.lock:
            if self.checked is None or self.checked[0] != target:
                self.checked = target, offer.recheck is not None and (await offer.recheck(target)).clean
            return self.checked[1]


class PendingResults:
    """The accepted results that wait to be applied by the user, of one session."""

    def __init__(self) -> None:
        self._results: dict[str, _PendingResult] = {}

    def remember(self, job_id: str, uri: str) -> None:
        """Remember a result that waits from now on."""
        self._results[job_id] = _PendingResult(job_id=job_id, key=unquote(uri))
        while len(self._results) > _MOST:
            del self._results[next(iter(self._results))]

    def forget(self, job_id: str) -> _PendingResult | None:
        """Forget a result that was applied or discarded, or from which another job goes on."""
        return self._results.pop(job_id, None)

    def of(self, uri: str) -> tuple[_PendingResult, ...]:
        """Return the results of a document, the newest first."""
        key = unquote(uri)
        return tuple(one for one in reversed(self._results.values()) if one.key == key)

    def shown(self, job_id: str) -> bool:
        """Whether a client was given it as a completion, and has not taken it."""
        result = self._results.get(job_id)
        return result is not None and result.shown is not None


def answered_since(result: JobRecord) -> bool:
    """Whether an answer came once the job had decided, and makes another candidate the best, or none."""
    return any(one.late and one.effect in (Effect.CHANGED, Effect.REFUTED) for one in result.questions)


def completion(before: str, edits: Sequence[TextEdit], scope: TextRange, line: TextRange) -> InlineCompletion | None:
    """Return what to put into ``line`` of ``before`` for the code that ``edits`` bring to ``scope``.

    None where they change nothing at the scope, or nothing in that line.
    """
    near = [edit for edit in edits if edit.range.start <= scope.end and edit.range.end >= scope.start]
    near = near or list(edits if len(edits) == 1 else ())
    if not near:
        return None
    start, end = near[0].range.start, near[-1].range.end
    if start > line.end or end < line.start or (end == line.start > start):
        return None
    text = _within(before, near)
    place = max(start, line.start)
    if start < line.start:
        lead = re.split(r"[\r\n]", before[:start])[-1]
        if lead.strip() or not before.startswith(lead, line.start):
            return None
        place = line.start + len(lead)
    return InlineCompletion(range=TextRange(start=place, end=max(place, min(end, line.end))), text=text)


def _within(before: str, edits: Sequence[TextEdit]) -> str:
    """The text from the first edit's start to the last one's end once they are made."""
    parts: list[str] = []
    at = edits[0].range.start
    for edit in edits:
        parts += (before[at : edit.range.start], edit.text)
        at = edit.range.end
    return "".join(parts)


async def inline_completions(
    services: Services, editor: ConnectedEditor, params: lsp.InlineCompletionParams
) -> list[lsp.InlineCompletionItem]:
    """Return the newest result that waits at a position of an open document, as the one item; () where there is none.

    The document must have the scope as the job saw it. Where it was changed elsewhere, the merged text is checked
    again first, as it is before an edit.
    """
    uri = params.text_document.uri
    for result in editor.waiting.of(uri):
        present = editor.documents.present(uri)
        if present is None or present.version is None:
            return []
        item = await _item(result, services, editor, present, params.position)
        now = editor.documents.present(uri)
        if item is not None and now is not None and now.text == present.text:
            return [item]
    return []


async def _item(
    result: _PendingResult,
    services: Services,
    editor: ConnectedEditor,
    present: CurrentDocument,
    position: lsp.Position,
) -> lsp.InlineCompletionItem | None:
    try:
        offer, record = await offered(services, editor, result.job_id, None)
    except (JobUnknown, BadRequest, Refusal):
        editor.waiting.forget(result.job_id)
        return None
    if record.applied:
        editor.waiting.forget(result.job_id)
        return None
    editing = services.editing
    try:
        target, merged = target_text(present.text, offer, editing)
    except EditConflict:
        return None
    if answered_since(record) or target == present.text:
        return None
    index = editor.documents.index(present)
    edits = whole_endings(present.text, target, editing.minimal(present.text, target))
    scope = scope_in(present.text, offer, editing)
    found = completion(present.text, edits, scope, _line(index, position))
    if found is None:
        return None
    between = found.of(present.text)
    if between != target and not editor.applier.accepts:
        return None  # the rest could not be brought in
    if merged and not await result.clean(offer, target):
        return None
    result.shown = _Shown(offer=offer, language=record.language, before=present.text, between=between, after=target)
    text = re.sub(r"\r\n?", "\n", found.text)  # clients put in the endings of the document
    replaced = found.range.of(present.text)
    return lsp.InlineCompletionItem(
        insert_text=text,
        range=index.range(found.range),
        # shown where the text to be replaced is a prefix of this, which it seldom is of the code
        filter_text=replaced + text if replaced and not text.startswith(replaced) else None,
        command=lsp.Command(title="Take the result", command="forge.taken", arguments=[{"jobId": result.job_id}]),
    )


def _line(index: LineIndex, position: lsp.Position) -> TextRange:
    number = index.line_at(index.offset(position))
    start = index.start(number)
    return TextRange(start=start, end=start + len(index.line(number)))


async def take(services: Services, editor: ConnectedEditor, job_id: str) -> Applied:
    """Apply a completion that was taken: bring in the rest of its result, and record once that it was applied.

    Raises JobUnknown, and Refusal where that result was not offered as a completion.
    """
    if not editor.waiting.shown(job_id):
        record = await services.jobs.record(job_id)
        if record.applied:
            return Applied(applied=True)
        raise Refusal(f"The result of job {job_id} was not offered as a completion; apply it with forge.apply")
    result = editor.waiting.forget(job_id)
    assert result is not None and result.shown is not None
    shown, editing = result.shown, services.editing
    present = editor.documents.present(shown.offer.uri)
    if present is not None and present.text == shown.after:
        applied = Applied(applied=True)
    else:
        applied = await editor.applier.change(shown.offer.uri, lambda now: shown.whole(now, editing), editing)
    if not applied.applied:
        editor.show_message(
            lsp.MessageType.Warning, f"forge-lsp: the completion was taken in part. {applied.reason or ''}".strip()
        )
        return applied
    await services.jobs.mark_applied(job_id)
    change = AppliedChange(shown.before, shown.after)
    editor.afterwards.remember(services, job_id, shown.language, shown.offer, change)
    return applied
