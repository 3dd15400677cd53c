"""Reading the workspace as the user sees it: open buffers over the disk, bounded, nothing that must not be shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from forge_lsp.core.task import Document
from forge_lsp.editing.ignore import Guard
from forge_lsp.editing.lines import BOM
from forge_lsp.editing.stamps import Stamp, file_stamp, folder_stamp, stamp_of, unchanged
from forge_lsp.reading import read_plain

__all__ = ["Files"]


class Files:
    """One gathering's view of a workspace. ``code`` are the suffixes of source code, ``largest`` bounds a file in
    bytes; larger and binary ones do not exist."""

    def __init__(self, workspace: Path, buffers: Sequence[Document], *, code: tuple[str, ...], largest: int) -> None:
        self.guard = Guard(workspace, code)
        self._largest = largest
        self._buffers = {self.guard.resolved(buffer.path): buffer for buffer in buffers if buffer.path is not None}
        self._read: dict[str, str | None] = {}

    @property
    def workspace(self) -> Path:
        """Its folder."""
        return self.guard.workspace

    def name(self, path: Path) -> str:
        """How a file is called in what models are shown: relative to the workspace."""
        relative = self.guard.relative(path)
        name = str(relative) if relative is not None else path.name
        # A line end in a name would begin a part of its own in what models are shown.
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)

    def open_paths(self) -> Iterator[Path]:
        """The open buffers' files that may be shown, in order of their names."""
        return (path for path in sorted(map(Path, self._buffers)) if self.guard.may_show(path))

    def text(self, path: Path | str) -> str | None:
        """The text of a file, an open buffer's first; None if there is none, or none that may be shown."""
        key = self.guard.resolved(path)
        if key not in self._read:
            self._read[key] = self._load(path, key)
        return self._read[key]

    def walk(
        self,
        suffixes: tuple[str, ...],
        *,
        most: int,
        known: dict[tuple[int, str], bool],
        folders: dict[str, Stamp],
        under: Sequence[str] | None = None,
        near: str = "",
    ) -> Iterator[tuple[str, str, Stamp]]:
        """Files on the disk with one of ``suffixes`` that may be shown: path, name in the workspace, stamp of the text.
        At most ``most`` files are looked at; ``known``, ``folders``, ``under`` and ``near`` are as
        for :meth:`forge_lsp.editing.ignore.Guard.listed`."""
        for name, entry in self.guard.listed(suffixes, most=most, known=known, folders=folders, under=under, near=near):
            try:
                status = entry.stat()
            except OSError:
                continue
            if status.st_size <= self._largest and stat.S_ISREG(status.st_mode):
                shown = name if name.isprintable() else self.name(Path(entry.path))
                yield entry.path, shown, stamp_of(status)

    def stamp(self, path: str) -> Stamp | None:
        """The stamp of a file as :meth:`walk` answers it for what lies on the disk; None if that is none to be read."""
        return file_stamp(path, largest=self._largest)

    def folder_stamp(self, name: str) -> Stamp | None:
        """The stamp of a folder, by its name in the workspace with a ``/`` after it; None if there is none."""
        return folder_stamp(f"{self.guard.root}/{name}")

    def unchanged(self, known: Mapping[str, Stamp]) -> set[str]:
        """Those of the folders ``known``, named as for :meth:`folder_stamp`, that have the same stamp still."""
        return unchanged(str(self.guard.root), known)

    def open_files(self, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, bytes]]:
        """The open buffers with one of ``suffixes`` that may be shown: path, name in the workspace, text."""
        for path in self.open_paths():
            buffer = self._buffers[str(path)]
            if path.name.endswith(suffixes) and len(buffer.text) <= self._largest:
                yield str(path), self.name(path), buffer.text.encode(errors="replace")

    def data(self, path: Path | str) -> bytes | None:
        """The bytes of a file on the disk; None if there is none, or none of text."""
        try:
            data = read_plain(path, most=self._largest)
        except OSError:
            return None
        return None if b"\x00" in data else data

    def _load(self, path: Path | str, key: str) -> str | None:
        buffer = self._buffers.get(key)
        if buffer is not None:
            small = len(buffer.text) <= self._largest
            return buffer.text.removeprefix(BOM) if small and self.guard.may_show(path) else None
        if not os.path.lexists(path):  # asked of each file that an import may mean: most are not there
            return None
        try:
            data = read_plain(path, most=self._largest) if self.guard.may_show(path) else b"\x00"
        except (OSError, ValueError):  # a name with a NUL in it
            return None
        if b"\x00" in data:
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
