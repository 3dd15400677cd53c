"""The files of a workspace as one gathering sees them: read, indexed, each with its definitions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from forge_lsp.domain.task import Document, Language
from forge_lsp.domain.test_files import is_test_file
from forge_lsp.source.context.index import Index, Indexed
from forge_lsp.source.context.languages import family_of
from forge_lsp.source.context.reading import FileRead, Reader
from forge_lsp.source.files import Files

__all__ = ["Source", "Workspace"]


class Source:
    """One file, read. ``name`` is its path in the workspace, ``here`` says that it is the document."""

    def __init__(
        self, *, name: str, path: Path | None, text: str, language: Language, reader: Reader, here: bool
    ) -> None:
        self.name = name
        self.path = path
        self.text = text
        self.language = language
        self.here = here
        self.test = is_test_file(name, language)
        self.folder = PurePosixPath(name).parent
        self._reader = reader

    @cached_property
    def read(self) -> FileRead:
        """Its lines and definitions."""
        return self._reader.read(self.text, self.language)


class Workspace:
    """The other files around a document, asked by name."""

    def __init__(self, document: Document, name: str, files: Files, index: Index, reader: Reader) -> None:
        self.files = files
        self.index = index
        self._document = document
        self._name = name
        self._reader = reader
        self._known: dict[str, Source | None] = {}
        self._folder = PurePosixPath(name).parent

    def refresh(self, *, most: int, seconds: float) -> None:
        """Bring the index up to date, for so long at most."""
        self.index.refresh(
            self.files, family_of(self._document.language), most=most, deadline=time.monotonic() + seconds
        )

    def source(self, name: str) -> Source | None:
        """A file that the index knows, read; None for the document's own and for what cannot be shown."""
        if name not in self._known:
            indexed = self.index.files.get(name)
            self._known[name] = self._read(indexed) if indexed is not None and name != self._name else None
        return self._known[name]

    def _read(self, indexed: Indexed) -> Source | None:
        text = self.files.text(indexed.path)
        if text is None:
            return None
        return Source(
            name=indexed.name,
            path=indexed.path,
            text=text,
            language=indexed.language,
            reader=self._reader,
            here=False,
        )

    def sources(self, names: Iterable[str], most: int) -> Iterator[Source]:
        """The first ``most`` of the files named that can be shown."""
        count = 0
        for name in names:
            if count >= most:
                return
            found = self.source(name)
            if found is not None:
                count += 1
                yield found

    def distance(self, name: str) -> int:
        """Folders to climb and descend from the document to a file."""
        ours, theirs = self._folder.parts, PurePosixPath(name).parent.parts
        common = 0
        while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
            common += 1
        return len(ours) + len(theirs) - 2 * common
