"""From an accepted candidate to the user's document: one minimal, versioned, undoable edit, or an offer.

Never a silent overwrite: where the document moved on, the candidate is merged into it and checked again; where the
user changed the scope itself, nothing is applied.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.errors import BadRequest, EditConflict
from forge_lsp.core.ports import Editing
from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.jobs.offer import Offer, target_text
from forge_lsp.lsp.documents import CurrentDocument, Documents
from forge_lsp.lsp.messages import ClientRequests
from forge_lsp.lsp.texts import ExactWorkspace

__all__ = ["Applied", "AppliedChange", "Applier", "ApplyTimeouts", "whole_endings"]

logger = logging.getLogger(__name__)

_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """A document's texts around an edit that was applied."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Whether the document holds the candidate now; ``reason`` says why not, ``change`` what the edit did."""

    applied: bool
    reason: str | None = None
    change: AppliedChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyTimeouts:
    """Seconds. ``answer``: for the editor to apply the edit, its user's confirmation included. ``seen``: for the
    change to come back (eglot waits 0.5 s before it tells). ``quiet``: after other changes have come instead."""

    answer: float = 300.0
    seen: float = 3.0
    quiet: float = 0.4


def whole_endings(before: str, after: str, edits: Sequence[TextEdit]) -> tuple[TextEdit, ...]:
    """Return the edits, or one in their place where they would cut a CRLF in two: no position lies inside an ending."""

    def cuts(offset: int) -> bool:
        return before[offset - 1 : offset + 1] == "\r\n" if offset else False

    if not any(cuts(edit.range.start) or cuts(edit.range.end) for edit in edits):
        return tuple(edits)
    limit = min(len(before), len(after))
    start = 0
    while start < limit and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < limit - start and before[len(before) - 1 - tail] == after[len(after) - 1 - tail]:
        tail += 1
    if start and before[start - 1] == "\r":
        start -= 1
    if tail and before[len(before) - tail] == "\n":
        tail -= 1
    span = TextRange(start=start, end=len(before) - tail)
    return (TextEdit(range=span, text=after[start : len(after) - tail]),)


@dataclass(eq=False)
class Applier:
    """Applies candidates through the editor, one at a time for each document."""

    client: ClientRequests
    workspace: ExactWorkspace
    documents: Documents
    capabilities: lsp.WorkspaceClientCapabilities | None
    waits: ApplyTimeouts | None = None

    def __post_init__(self) -> None:
        self.accepts = self.capabilities is not None and bool(self.capabilities.apply_edit)
        """Whether the editor takes edits from a server."""
        self._versioned = _knows_document_changes(self.capabilities)
        self._waits = self.waits or ApplyTimeouts()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def edit(self, present: CurrentDocument, target: str, editing: Editing) -> lsp.WorkspaceEdit:
        """Return the smallest edit from the document as it is now to ``target``, in the client's units."""
        before, after = present.text[present.hidden :], target[present.hidden :]
        index = self.documents.index(present)
        edits = [
            lsp.TextEdit(range=index.range(edit.range), new_text=edit.text)
            for edit in whole_endings(before, after, editing.minimal(before, after))
        ]
        if not self._versioned:
            return lsp.WorkspaceEdit(changes={present.uri: edits})
        document = lsp.OptionalVersionedTextDocumentIdentifier(uri=present.uri, version=present.version)
        return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(text_document=document, edits=edits)])

    async def apply(
        self,
        offer: Offer,
        editing: Editing,
        *,
        insist: bool = False,
        sending: Callable[[], None] = lambda: None,
    ) -> Applied:
        """Bring the candidate into the document as it is now.

        ``insist``: the user has seen that it is not proven and wants it; a merged text is then not checked again.
        ``sending`` is called when there is no way back any more.
        """
        if not self.accepts:
            return Applied(applied=False, reason="This editor does not accept edits from a server.")
        async with self._locks[unquote(offer.uri)]:
            for _ in range(_ROUNDS):
                try:
                    present = self.documents.present(offer.uri)
                    if present is None:
                        return Applied(applied=False, reason="The document was closed or deleted.")
                    target, merged = target_text(present.text, offer, editing)
                except (EditConflict, BadRequest) as error:
                    return Applied(applied=False, reason=error.full_message)
                if target == present.text:
                    return Applied(applied=True, change=AppliedChange(offer.base, target))
                if merged and not insist:
                    if offer.recheck is None:
                        return Applied(applied=False, reason="The document has changed since that job ran.")
                    recheck = await offer.recheck(target)
                    if not recheck.clean:
                        why = recheck.build.reason or "; ".join(str(item) for item in recheck.build.diagnostics[:3])
                        reason = "Merged with your changes it did not pass the check again"
                        return Applied(applied=False, reason=f"{reason}: {why}" if why else f"{reason}.")
                    if not self._unchanged(present):
                        continue  # edited during the check
                sending()
                refusal = await self._send(present, target, editing)
                if refusal is None:
                    return Applied(applied=True, change=AppliedChange(present.text, target))
                if self._unchanged(present):
                    return Applied(applied=False, reason=refusal)
        return Applied(applied=False, reason="The document kept changing while the edit was being applied.")

    async def change(self, uri: str, make: Callable[[str], str | None], editing: Editing) -> Applied:
        """Change a document as it is now by ``make``, which answers None where there is nothing to change."""
        if not self.accepts:
            return Applied(applied=False, reason="This editor does not accept edits from a server.")
        async with self._locks[unquote(uri)]:
            for _ in range(_ROUNDS):
                try:
                    present = self.documents.present(uri)
                except BadRequest as error:
                    return Applied(applied=False, reason=error.full_message)
                if present is None:
                    return Applied(applied=False, reason="The document was closed or deleted.")
                target = make(present.text)
                if target is None:
                    return Applied(applied=False, reason="The document has no place for it any more.")
                refusal = await self._send(present, target, editing)
                if refusal is None:
                    return Applied(applied=True, change=AppliedChange(present.text, target))
                if self._unchanged(present):
                    return Applied(applied=False, reason=refusal)
        return Applied(applied=False, reason="The document kept changing while the edit was being applied.")

    def _unchanged(self, present: CurrentDocument) -> bool:
        try:
            now = self.documents.present(present.uri)
        except BadRequest:
            return False
        return now is not None and now.text == present.text

    async def _send(self, present: CurrentDocument, target: str, editing: Editing) -> str | None:
        """Send one edit. None when the document has it; else why not."""
        edit = self.edit(present, target, editing)
        params = lsp.ApplyWorkspaceEditParams(edit=edit, label="forge-lsp")
        watch = _Watch(unquote(present.uri), target)
        unwatch = self.workspace.watch(watch)
        try:
            try:
                result = cast(
                    "lsp.ApplyWorkspaceEditResult",
                    await self.client.request(lsp.WORKSPACE_APPLY_EDIT, params, timeout=self._waits.answer),
                )
            except JsonRpcException as error:  # eglot answers a stale edit so
                logger.info("The editor refused an edit: %s", error.message)
                result = lsp.ApplyWorkspaceEditResult(applied=False, failure_reason=error.message)
            except TimeoutError:
                result = lsp.ApplyWorkspaceEditResult(applied=False, failure_reason="it did not answer")
            if not result.applied:
                if not watch.matched:
                    await watch.next(self._waits.quiet)  # the change that made it stale may be on its way
                return f"The editor did not apply the edit: {result.failure_reason or 'it gave no reason'}."
            if present.version is None:
                return None  # not open: there is no change to see
            await watch.settle(seen=self._waits.seen, quiet=self._waits.quiet)
            if watch.matched or self._holds(present, target, editing):
                return None
            # Neovim drops a stale edit and says that it applied it
            return "The editor answered that it applied the edit, but the document does not have it."
        finally:
            unwatch()

    def _holds(self, before: CurrentDocument, target: str, editing: Editing) -> bool:
        """Whether the document now is ``target`` with further changes, told by a merge that changes nothing."""
        now = self.documents.present(before.uri)
        if now is None or now.version is None:
            return True  # closed since: the editor's word is all there is
        if now.text == before.text:
            return False
        try:
            return editing.merge(before.text, target, now.text) == now.text
        except EditConflict:
            return False


class _Watch:
    """Sees each state of one document and notes whether it was the wanted one, if only between two changes."""

    def __init__(self, key: str, target: str) -> None:
        self._key = key
        self._target = target
        self._changed = asyncio.Event()
        self.matched = False

    def __call__(self, key: str, text: str) -> None:
        if key == self._key:
            self.matched = self.matched or text == self._target
            self._changed.set()

    async def next(self, seconds: float) -> bool:
        """Wait for a change, for at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    async def settle(self, *, seen: float, quiet: float) -> None:
        """Wait until the wanted state was seen, or other changes came and then none, or none at all."""
        patience = seen
        while not self.matched:
            if not await self.next(patience):
                return
            patience = quiet


def _knows_document_changes(capabilities: lsp.WorkspaceClientCapabilities | None) -> bool:
    """Neovim takes ``documentChanges`` and does not say so: it names resource operations, which exist only there."""
    edit = None if capabilities is None else capabilities.workspace_edit
    return edit is not None and bool(edit.document_changes or edit.resource_operations)
