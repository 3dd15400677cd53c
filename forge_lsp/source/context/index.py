"""Which files of a workspace define a name, and which use it: kept in memory, brought up to date by files' stamps.

Names are kept as 32-bit checksums, four bytes each, so that an index of many files stays small. Two names may share
one: what the index answers is where to look, and whoever looks reads the file.
"""

from __future__ import annotations

import threading
import time
import zlib
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.domain.task import Language
from forge_lsp.domain.test_files import is_test_file
from forge_lsp.source.context.languages import reading_of
from forge_lsp.source.files import Files

__all__ = ["Index", "Indexed", "Indexes"]

_NOT_A_WORD = bytes(
    byte if chr(byte).isalnum() or byte in b"_$" or byte >= 128 else 32 for byte in range(256)
)  # bytes.translate splits a text far faster than a pattern does
_MOST_WORKSPACES = 8


@dataclass(frozen=True, slots=True)
class Indexed:
    """One file: its name in the workspace, what it looked like (its time in ns, its size), sorted checksums."""

    name: str
    path: Path
    stamp: tuple[int, int]
    language: Language
    test: bool
    defines: array[int]
    words: array[int]


class Index:
    """One workspace's files of one family of languages, as they were at the last :meth:`refresh`.

    ``whole`` says whether every file was looked at; where time ran out the rest follows at the next refresh.
    """

    def __init__(self) -> None:
        self.files: dict[str, Indexed] = {}
        self.whole = False
        self._lock = threading.Lock()
        self._defining: dict[int, tuple[str, ...]] | None = None

    def refresh(self, files: Files, languages: Sequence[Language], *, most: int, deadline: float) -> None:
        """Look at what changed until ``deadline`` (of time.monotonic). ``most`` bounds how many files are walked."""
        with self._lock:
            suffixes = tuple(suffix for language in languages for suffix in language.suffixes)
            seen: dict[str, Indexed] = {}
            changed = False
            self.whole = True
            for path, name, stamp in files.walk(suffixes, most=most):
                known = self.files.get(name)
                if known is not None and known.stamp == stamp:
                    seen[name] = known
                    continue
                if time.monotonic() > deadline:
                    self.whole = False
                    continue
                data = files.data(path)
                if data is not None:
                    seen[name] = indexed(name, path, stamp, data, languages[0])
                    changed = True
            if changed or len(seen) != len(self.files):
                self.files = seen
                self._defining = None

    def defining(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The files that define each of ``names``, those alone that are defined."""
        with self._lock:
            if self._defining is None:
                found: dict[int, tuple[str, ...]] = {}
                for name, file in self.files.items():
                    for number in file.defines:
                        found[number] = (*found.get(number, ()), name)
                self._defining = found
            table = self._defining
            answers = ((name, table.get(zlib.crc32(name.encode()))) for name in names)
            return {name: answer for name, answer in answers if answer is not None}

    def using(self, name: str) -> Iterator[Indexed]:
        """The files that use a word, in the order of the walk."""
        number = zlib.crc32(name.encode())
        for file in self.files.values():
            at = bisect_left(file.words, number)
            if at < len(file.words) and file.words[at] == number:
                yield file


class Indexes:
    """The indexes of the workspaces looked at last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Path, tuple[Language, ...]], Index] = OrderedDict()

    def of(self, workspace: Path, languages: Sequence[Language]) -> Index:
        """The index of a workspace's files in ``languages``, empty at first."""
        key = (workspace, tuple(languages))
        with self._lock:
            found = self._known.setdefault(key, Index())
            self._known.move_to_end(key)
            while len(self._known) > _MOST_WORKSPACES:
                self._known.popitem(last=False)
            return found


def indexed(name: str, path: Path, stamp: tuple[int, int], data: bytes, default: Language) -> Indexed:
    """What the index keeps of a file."""
    language = Language.of_file(name) or default
    pattern = reading_of(language).defines
    text = data.decode("utf-8", "replace")
    found: set[str] = set()
    for match in pattern.finditer(text):
        word = match[match.lastindex or 0]
        found.add(word)
    return Indexed(
        name=name,
        path=path,
        stamp=stamp,
        language=language,
        test=is_test_file(name, language),
        defines=array("I", sorted(zlib.crc32(word.encode()) for word in found)),
        words=array("I", sorted(map(zlib.crc32, set(data.translate(_NOT_A_WORD).split())))),
    )
