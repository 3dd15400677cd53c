"""Folders that outlive a box: what a compiler made of the standard library and of dependencies.

They lie beside the boxes, in a folder of ours with mode 0700, never in the user's own caches: a hostile candidate can
poison neither. What may be kept, the toolchain says (:class:`~forge_lsp.core.ports.CacheUse`).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from forge_lsp.core.ports import Cache, CacheUse, Tree
from forge_lsp.sandbox.folders import remove

__all__ = ["BoxCache"]

_NAME = re.compile(r"[A-Za-z0-9-]{1,120}")
_UNUSED_DAYS = 14
_MOST = 24


class BoxCache:
    """One box's view of a cache. ``folder`` takes the writes; ``lower``, where there is one, lies beneath it."""

    def __init__(self, base: Path, box: Path, cache: Cache, *, overlay: bool) -> None:
        if _NAME.fullmatch(cache.name) is None:
            raise ValueError(f"not a name of a cache: {cache.name}")
        self._shared = base / "caches" / cache.name
        self._use = cache.use
        self._overlay = overlay
        self._box = box
        self.lower: Path | None = None
        self.folder = self._shared if cache.use is CacheUse.KEEP else box / "cache"

    @classmethod
    def of(cls, tree: Tree, base: Path, box: Path, *, overlay: bool) -> BoxCache | None:
        """The cache that ``tree`` asks for."""
        return cls(base, box, tree.cache, overlay=overlay) if tree.cache is not None else None

    def prepare(self) -> None:
        """Make the folders; without an overlay a copy of what is kept. Sweeps caches that nobody used for long."""
        self._shared.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self._shared)
        if self._use is CacheUse.KEEP:
            self._shared.mkdir(mode=0o700, exist_ok=True)
        else:
            self.folder.mkdir()
        if not self._shared.is_dir():
            return
        with contextlib.suppress(OSError):
            os.utime(self._shared)
        if self._use is CacheUse.KEEP:
            return
        if self._overlay:
            self.lower = self._shared
            (self._box / "cache-work").mkdir()
        else:
            shutil.copytree(self._shared, self.folder, symlinks=True, dirs_exist_ok=True)

    def finish(self) -> None:
        """After the box came to a good end: what it made is kept if it is the first."""
        if self._use is CacheUse.ONCE and not self._shared.exists():
            with contextlib.suppress(OSError):  # another box was faster
                self.folder.rename(self._shared)


def _sweep(keep: Path) -> None:
    """Remove the caches that were not used for two weeks, and the oldest where there are too many."""
    ages: list[tuple[float, Path]] = []
    for entry in keep.parent.iterdir():
        with contextlib.suppress(OSError):
            ages.append((time.time() - entry.stat(follow_symlinks=False).st_mtime, entry))
    ages.sort(reverse=True)
    for number, (age, entry) in enumerate(ages):
        idle = age > 3600 and len(ages) - number > _MOST
        if entry != keep and (idle or age > _UNUSED_DAYS * 86400):
            with contextlib.suppress(OSError):
                remove(entry)
