"""What models really took, kept in the state folder: ``footprints.json``.

Kept by digest, context, parallel calls and server, since each of them changes the number. Written whole and renamed
into place under a lock, so that several editors share the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

__all__ = ["Calibration", "Seen"]

_MOST = 1_000
"""Entries that are kept, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A model as it was loaded: ``digest`` of `/api/tags`, ``context`` in tokens for each of ``parallel`` calls."""

    digest: str
    context: int
    server: str
    parallel: int = 1

    def __str__(self) -> str:
        return f"{self.digest} {self.context} {self.parallel} {self.server}"


class Calibration:
    """The measured sizes, in bytes. A file that cannot be read or written is as good as none: plans are then made by
    the estimate."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "footprints.json"

    async def read(self) -> Mapping[str, int]:
        """By ``str(Seen)``."""
        return await asyncio.to_thread(self._read)

    async def note(self, found: Mapping[Seen, tuple[int, int]]) -> None:
        """Keep what `/api/ps` tells: ``size`` and ``size_vram`` of each. What is not whole on a GPU is passed over."""
        whole = {str(seen): vram for seen, (size, vram) in found.items() if vram and vram >= size}
        if whole:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._write, whole)

    def _read(self) -> dict[str, int]:
        try:
            found: object = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        rows = cast("dict[str, object]", found)
        return {key: value for key, value in rows.items() if isinstance(value, int) and value > 0}

    def _write(self, fresh: Mapping[str, int]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(self._file.with_suffix(".lock")):
            known = self._read()
            if all(known.get(key) == value for key, value in fresh.items()):
                return
            kept = {key: value for key, value in known.items() if key not in fresh} | dict(fresh)
            newest = dict(list(kept.items())[-_MOST:])
            draft = self._file.with_suffix(f".{os.getpid()}.tmp")
            draft.write_text(json.dumps(newest, indent=1), encoding="utf-8")
            draft.replace(self._file)


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """One process at a time. The system lets go of the lock of a process that ends."""
    import fcntl

    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
