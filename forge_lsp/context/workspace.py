"""The files of a workspace as one gathering sees them: read, indexed, each with its definitions."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from forge_lsp.context.index import Index, space_word, spaces_of
from forge_lsp.context.reading import FileRead, Reader
from forge_lsp.context.tables import Indexed, Tables
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document
from forge_lsp.editing.files import Files

__all__ = ["Source", "Workspace"]

_MOST_EVERYWHERE = 6  # files that say what all files of a project see


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
        self.test = language.is_test_file(name)
        self.folder = name.rpartition("/")[0]
        self._reader = reader

    @cached_property
    def read(self) -> FileRead:
        """Its lines and definitions."""
        return self._reader.read(self.text, self.language)

    @cached_property
    def constructors(self) -> frozenset[str]:
        """What the methods are called that set up an object."""
        return self.language.context().constructors


class Workspace:
    """The other files around a document, asked by name."""

    def __init__(
        self,
        document: Document,
        name: str,
        files: Files,
        index: Index,
        reader: Reader,
        family: Sequence[Language],
    ) -> None:
        self.files = files
        self._family = family
        self.tables = Tables({})
        self._index = index
        self._buffers: Mapping[str, Indexed] = {}
        self._document = document
        self._name = name
        self._reader = reader
        self._known: dict[str, Source | None] = {}
        folder = name.rpartition("/")[0]
        self._folder = folder.split("/") if folder else []
        self._distances: dict[str, int] = {}
        self._using: dict[str, tuple[Indexed, ...]] = {}

    def refresh(self, *, most: int, seconds: float) -> None:
        """Bring the index up to date, for so long at most."""
        self._index.refresh(
            self.files,
            self._family,
            most=most,
            deadline=time.monotonic() + seconds,
            distance=self.distance,
            near="".join(f"{part}/" for part in self._folder),
        )
        self._buffers = self._index.buffers(self.files, self._family)
        self.tables = self._index.tables.under(self._buffers)

    def renewed(self) -> bool:
        """Bring what the index knows of the files read here up to date; whether one of them had changed. What was
        asked about them before may have to be asked again."""
        found = self._index.renew(self._known.keys() - self._buffers.keys(), self.files, self._family)
        if found:
            self.tables = self._index.tables.under(self._buffers)
            self._using.clear()
        return found

    def using(self, name: str) -> tuple[Indexed, ...]:
        """The files that use a word."""
        if name not in self._using:
            self._using[name] = self.tables.using(name)
        return self._using[name]

    def source(self, name: str) -> Source | None:
        """A file that the index knows, read; None for the document's own and for what cannot be shown."""
        if name not in self._known:
            indexed = self.tables.files.get(name)
            self._known[name] = self._read(indexed) if indexed is not None and name != self._name else None
        return self._known[name]

    def _read(self, indexed: Indexed) -> Source | None:
        text = self.files.text(indexed.path)
        if text is None:
            return None
        own, language = self._document.language, indexed.language
        # A header is what includes it: its name alone does not tell.
        shared = bool(language.shared) and indexed.name.endswith(language.shared) and own.id in language.family
        return Source(
            name=indexed.name,
            path=Path(indexed.path),
            text=text,
            language=own if shared else language,
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
        folder = name.rpartition("/")[0]
        if folder not in self._distances:
            ours, theirs = self._folder, folder.split("/") if folder else []
            common = 0
            while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
                common += 1
            self._distances[folder] = len(ours) + len(theirs) - 2 * common
        return self._distances[folder]

    def beside(self) -> Sequence[str]:
        """The files of the document's own folder."""
        return self.tables.within("/".join(self._folder))

    def opened(self) -> Iterator[str]:
        """The files whose namespaces the document sees without naming a file: those it opens, its own and the ones
        around that, those that its whole project does, of each the nearest first; tests left out."""
        text, reading = self._document.text, self._document.language.context()
        spaces = _opened(reading.opened, text)
        for space in sorted(spaces_of(text, reading) - {""}):
            parts = space.split(".")
            spaces += [".".join(parts[:size]) for size in range(len(parts), 0, -1)]
        if reading.unnamed_is_seen:
            spaces.append("")
        if reading.everywhere is not None:
            holding = sorted((self.distance(one.name), one.name) for one in self.using(reading.everywhere_word))
            for one in self.sources((n for _, n in holding), _MOST_EVERYWHERE):
                spaces += _opened(reading.everywhere, one.text)
        seen = {self._name}
        for space in dict.fromkeys(spaces):
            found = [(self.distance(file.name), file.name) for file in self.using(space_word(space)) if not file.test]
            for _, name in sorted(found):
                if name not in seen:
                    seen.add(name)
                    yield name


def _opened(pattern: re.Pattern[str] | None, text: str) -> list[str]:
    # ``using static A.B.Kind`` and ``import static a.b.Kind.*`` name a type of the namespace before it.
    found = [match[1] for match in pattern.finditer(text)] if pattern is not None else []
    return [space for one in found for space in (one, one.rpartition(".")[0]) if space]
