"""What models really took, kept in the state folder: memory in ``footprints.json``, times of loads in ``loads.json``.

Memory is kept by digest, context, parallel calls and server, since each of them changes the number; loads by device.
Files are written whole and renamed into place under a lock, so that several editors share them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_lsp.whole_file import write_whole

__all__ = ["Calibration", "MeasuredModel"]

_MOST = 1_000
"""Entries that are kept, the newest."""
_LOADS = 12
"""Loads of a device that are kept, the newest: the first ones come from a cold disk, and disks change."""
_SHARED = 0.05
"""Seconds under which nothing was loaded: the model was there, or another process had begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModel:
    """A model as it was loaded: ``digest`` of `/api/tags`, ``context`` in tokens for each of ``parallel`` calls."""

    digest: str
    context: int
    server: str
    parallel: int = 1

    def __str__(self) -> str:
        return f"{self.digest} {self.context} {self.parallel} {self.server}"


class Calibration:
    """The measured sizes, in bytes, and speeds of loads, in bytes a second. A file that cannot be read or written is
    as good as none: plans are then made by the estimate."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "footprints.json"
        self._loads = state_dir / "loads.json"

    async def read(self) -> Mapping[str, int]:
        """By ``str(Seen)``."""
        return await asyncio.to_thread(self._read)

    async def note(self, found: Mapping[MeasuredModel, tuple[int, int]]) -> None:
        """Keep what `/api/ps` tells: ``size`` and ``size_vram`` of each. What is not whole on a GPU is passed over."""
        whole = {str(seen): vram for seen, (size, vram) in found.items() if vram and vram >= size}
        if whole:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._write, whole)

    async def load_speeds(self) -> Mapping[str, float]:
        """Bytes a second that came into the memory of each device, by its UUID: of its last loads, all bytes by all
        seconds, so that the start of a small model's runner counts for little."""
        found = await asyncio.to_thread(self._read_loads)
        return {device: sum(size for size, _ in rows) / sum(took for _, took in rows) for device, rows in found.items()}

    async def note_load(self, device: str, size: int, seconds: float) -> None:
        """Keep that so many bytes took so long."""
        if size > 0 and seconds > _SHARED:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._write_load, device, size, seconds)

    def _read(self) -> dict[str, int]:
        rows = _object(self._file)
        return {key: value for key, value in rows.items() if isinstance(value, int) and value > 0}

    def _read_loads(self) -> dict[str, list[tuple[float, float]]]:
        found: dict[str, list[tuple[float, float]]] = {}
        for device, rows in _object(self._loads).items():
            pairs = cast("list[object]", rows) if isinstance(rows, list) else []
            for pair in pairs:
                match pair:
                    case [int() | float() as size, int() | float() as took] if size > 0 and took > 0:
                        found.setdefault(device, []).append((size, took))
                    case _:
                        continue
        return found

    def _write(self, fresh: Mapping[str, int]) -> None:
        with _locked(self._file):
            known = self._read()
            if all(known.get(key) == value for key, value in fresh.items()):
                return
            kept = {key: value for key, value in known.items() if key not in fresh} | dict(fresh)
            write_whole(self._file, json.dumps(dict(list(kept.items())[-_MOST:]), indent=1))

    def _write_load(self, device: str, size: int, seconds: float) -> None:
        with _locked(self._loads):
            known = self._read_loads()
            known[device] = [*known.get(device, []), (size, round(seconds, 3))][-_LOADS:]
            write_whole(self._loads, json.dumps(known, indent=1))


def _object(file: Path) -> dict[str, object]:
    try:
        found: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


@contextlib.contextmanager
def _locked(file: Path) -> Generator[None]:
    """One process at a time. The system lets go of the lock of a process that ends."""
    import fcntl

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
