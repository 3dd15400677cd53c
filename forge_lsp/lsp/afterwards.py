"""What becomes of code after it was applied: looked at when its document is next saved, or closed.

For statistics alone. Nothing here holds a save up or raises: texts are compared in a thread, one at a time, and what
cannot be told stays unknown. Until then only digests are remembered, and none of them outlives the session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from forge_lsp.lsp.apply import AppliedChange
from forge_lsp.lsp.documents import Documents, path_of
from forge_lsp.reading import read_plain

if TYPE_CHECKING:
    from forge_lsp.core.ports import FollowedCode
    from forge_lsp.jobs.offer import Offer
    from forge_lsp.jobs.services import Services

__all__ = ["MOST", "AppliedTracker"]

logger = logging.getLogger(__name__)

MOST = 256
"""So many applied results are remembered until their documents are saved; the oldest are forgotten."""
_LARGEST = 4_000_000  # bytes of a file that is still read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Applied:
    """A job's code, and what knows it again once that is worked out."""

    key: str
    job_id: str
    services: Services
    followed: asyncio.Task[FollowedCode | None]


class AppliedTracker:
    """Remembers what was applied, and tells the jobs what became of it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._waiting: list[_Applied] = []
        self._looking: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        self._closed = False

    def remember(
        self, services: Services, job_id: str, language: str, offer: Offer, change: AppliedChange | None
    ) -> None:
        """Remember an edit that was applied: from now on the next save of its document counts."""
        if change is None or self._closed or (known := self._documents.languages.get(language)) is None:
            return
        scope, base, follow = offer.scope, offer.base, services.scoping.follow

        def work() -> FollowedCode | None:
            return follow(known, scope, base=base, before=change.before, after=change.after)

        task = asyncio.create_task(self._in_thread(work), name=f"forge applied {job_id}")
        self._forget([one for one in self._waiting if one.job_id == job_id])
        self._waiting.append(_Applied(unquote(offer.uri), job_id, services, task))
        self._forget(self._waiting[:-MOST])

    def saved(self, uri: str) -> None:
        """Handle ``textDocument/didSave``. Returns at once."""
        found = self._take(uri)
        if found:
            text = self._documents.open_text(uri)
            self._look(found, lambda: _on_disk(path_of(uri)) if text is None else text)

    def closed(self, uri: str) -> None:
        """Handle ``textDocument/didClose``: what was not saved is gone, so the file tells. Returns at once."""
        found = self._take(uri)
        if found:
            self._look(found, lambda: _on_disk(path_of(uri)))

    async def aclose(self, seconds: float) -> None:
        """Finish what a save has begun, within so many seconds. All else stays unknown."""
        self._closed = True
        if self._looking:
            await asyncio.wait(tuple(self._looking), timeout=seconds)
        late = tuple(self._looking)
        for task in late:
            task.cancel()
        self._forget(self._waiting)
        await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------------ inside

    def _take(self, uri: str) -> list[_Applied]:
        key = unquote(uri)
        found = [one for one in self._waiting if one.key == key]
        if found:
            self._waiting = [one for one in self._waiting if one.key != key]
        return found

    def _forget(self, gone: Sequence[_Applied]) -> None:
        for one in gone:
            one.followed.cancel()
        self._waiting = [one for one in self._waiting if one not in gone]

    def _look(self, found: Sequence[_Applied], read: Callable[[], str | None]) -> None:
        task = asyncio.create_task(self._tell(found, read), name="forge saved")
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _tell(self, found: Sequence[_Applied], read: Callable[[], str | None]) -> None:
        text = await self._in_thread(read)
        if text is None:
            return
        for one in found:
            followed = await one.followed
            became = None if followed is None else await self._in_thread(lambda it=followed: it.became(text))
            if became is not None:
                await one.services.jobs.mark_became(one.job_id, became)

    async def _in_thread(self, work: Callable[[], T]) -> T | None:
        """``work`` beside the event loop; None where it fails."""
        try:
            async with self._one:
                return await asyncio.to_thread(work)
        except Exception:
            logger.exception("What became of applied code cannot be told")
            return None


def _on_disk(path: Path | None) -> str | None:
    """The file's text: empty where there is no file, None where there could be none or it cannot be read."""
    if path is None:
        return None
    try:
        return read_plain(path, most=_LARGEST).decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        return None
