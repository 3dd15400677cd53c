"""Test projects as they were built: a second run of the same text need not compile it again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import PurePosixPath

from forge_lsp.core.ports import Box

__all__ = ["Built"]

_ARCHIVE = PurePosixPath(".forge-built.tar")
_MOST = 64 * 1024 * 1024
_PACK = 'test -d "$2/bin" && test -d "$2/obj" && exec tar -cf "$1" "$2/bin" "$2/obj"'
_UNPACK = 'tar -xf "$1" && rm -f "$1"'


class Built:
    """What builds made, by their texts, 64 MB of it at most. It is taken before anything that was built is run, so that
    no code under test changes it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def files(self, key: str) -> Mapping[PurePosixPath, bytes | None]:
        """Return what has to lie in a tree for :meth:`unpack`."""
        archive = self._kept.get(_digest(key))
        return {} if archive is None else {_ARCHIVE: archive}

    async def unpack(self, key: str, box: Box, *, timeout: float) -> bool:
        """Lay out what was built of a text; False where nothing is kept of it. ``timeout`` in seconds."""
        digest = _digest(key)
        if digest not in self._kept:
            return False
        self._kept.move_to_end(digest)
        done = await box.run(("/bin/sh", "-c", _UNPACK, "sh", str(_ARCHIVE)), timeout=timeout)
        return done.code == 0

    async def pack(self, key: str, box: Box, folder: PurePosixPath, *, timeout: float) -> None:
        """Keep what was built of the project in ``folder``, where it lies in the usual places. ``timeout`` in
        seconds."""
        done = await box.run(("/bin/sh", "-c", _PACK, "sh", str(_ARCHIVE), str(folder)), timeout=timeout)
        archive = box.read(_ARCHIVE) if done.code == 0 else None
        await box.run(("/bin/sh", "-c", 'rm -f "$1"', "sh", str(_ARCHIVE)), timeout=timeout)
        if archive is not None:
            self.keep(key, archive)

    def keep(self, key: str, archive: bytes) -> None:
        """Keep a tar archive of what was built of a text."""
        if len(archive) > _MOST // 2:
            return
        self._kept[_digest(key)] = archive
        while sum(map(len, self._kept.values())) > _MOST:
            self._kept.popitem(last=False)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
