"""What is known of models, kept between runs: one file in the state folder, by the digest of a model's files.

Where a model runs is not kept: that is asked again before every call. A file that is damaged, or of another version, is
as good as none; what cannot be written is only forgotten.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from forge_lsp.core.codec import encode
from forge_lsp.models.capabilities import Capabilities
from forge_lsp.whole_file import write_whole

__all__ = ["MOST", "VERSION", "KnownModels"]

VERSION = 1
"""Of the file, and of how descriptions are read: a newer program asks the servers again."""
MOST = 200
"""Models that are kept, those seen last."""
_LARGEST = 4_000_000
"""Bytes of a file that is read at all."""

_KEPT = tuple(field.name for field in fields(Capabilities) if field.name != "place")

_log = logging.getLogger(__name__)


class KnownModels:
    """The file ``models.json`` in ``folder`` (None: nothing is kept). Read at the first use."""

    def __init__(self, folder: Path | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = folder / "models.json" if folder is not None else None
        self._now = now
        self._rows: dict[str, dict[str, object]] | None = None
        self._changed: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    async def get(self, digest: str) -> Capabilities | None:
        """What is known of the model with that digest; None: nothing."""
        if self._path is None or not digest:
            return None
        if self._rows is None:
            self._rows = await asyncio.to_thread(_read, self._path)
        row = self._rows.get(digest)
        if row is None:
            return None
        try:
            return _decoded(row)
        except (KeyError, TypeError, ValueError):
            del self._rows[digest]
            return None

    def put(self, digest: str, name: str, able: Capabilities) -> None:
        """Keep what is known of a model now; it is written soon."""
        if self._path is None or not digest:
            return
        if self._rows is None:
            self._rows = {}
        self._rows[digest] = {
            "name": name,
            "seen": self._now().isoformat(timespec="seconds"),
            **_encoded(able),
        }
        self._changed.add(digest)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="write models.json")

    async def aclose(self) -> None:
        """Wait until all is written."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._changed and self._path is not None:
            changed, self._changed = self._changed, set()
            rows = {digest: dict((self._rows or {})[digest]) for digest in changed if digest in (self._rows or {})}
            try:
                await asyncio.to_thread(_merge, self._path, rows)
            except OSError as error:
                _log.warning("what was learnt of models could not be kept in %s: %s", self._path, error)


def _read(path: Path) -> dict[str, dict[str, object]]:
    """The rows of the file; none of a file that is absent, damaged, too large or of another version."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        document: Any = json.loads(path.read_text("utf-8"))
        if document["version"] != VERSION:
            return {}
        rows = cast("dict[str, Any]", document["models"])
        return {digest: row for digest, row in rows.items() if isinstance(row, dict)}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}


def _merge(path: Path, rows: Mapping[str, dict[str, object]]) -> None:
    """Lay ``rows`` over what the file holds by now, since another process may have written, and put it in place
    whole."""
    together = {**_read(path), **rows}
    newest = sorted(together, key=lambda digest: str(together[digest].get("seen")))[-MOST:]
    text = json.dumps({"version": VERSION, "models": {digest: together[digest] for digest in newest}}, indent=1)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, text)


def _encoded(able: Capabilities) -> dict[str, object]:
    told = cast("dict[str, object]", encode(able))
    return {name: told[name] for name in _KEPT}


def _decoded(row: Mapping[str, object]) -> Capabilities:
    """Raises KeyError or ValueError for a row that was not written by :func:`_encoded`."""
    from pydantic import TypeAdapter

    return TypeAdapter(Capabilities).validate_json(json.dumps({name: row[name] for name in _KEPT}), strict=True)
