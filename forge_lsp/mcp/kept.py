"""What checks came to, for clients that ask after their server has ended. Jobs are in the ledger."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from pathlib import Path
from typing import Any

from forge_lsp.mcp.work import ToolAnswer
from forge_lsp.whole_file import write_whole

__all__ = ["JudgementStore"]

logger = logging.getLogger(__name__)

_ID = re.compile(r"check-[0-9a-f]{12}")
_MOST = 200
"""Judgements that are kept; the oldest go first."""
_LARGEST = 4 * 1024 * 1024


class JudgementStore:
    """Judgements by id, one file each, readable by the user alone. Blocks: for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, id_: str, answer: ToolAnswer) -> None:
        """Keep one. A disk that does not take it costs nothing but that."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole = self._folder / f"{id_}.json"
            write_whole(whole, json.dumps({"document": answer.document, "text": answer.text}))
            self._forget()
        except OSError as error:
            logger.warning("the judgement %s could not be kept: %s", id_, error)

    def get(self, id_: str) -> ToolAnswer | None:
        """The judgement of that id; None where none is kept."""
        if _ID.fullmatch(id_) is None:
            return None
        path = self._folder / f"{id_}.json"
        try:
            if path.stat().st_size > _LARGEST:
                return None
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return ToolAnswer(document=dict(found["document"]), text=str(found["text"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _forget(self) -> None:
        found: list[tuple[float, Path]] = []
        for path in self._folder.glob("check-*.json"):
            with contextlib.suppress(OSError):  # another server may have been quicker
                found.append((path.stat().st_mtime, path))
        for _, path in sorted(found)[: max(0, len(found) - _MOST)]:
            path.unlink(missing_ok=True)
