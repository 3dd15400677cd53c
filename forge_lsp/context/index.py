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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.editing.files import Files

__all__ = ["Index", "Indexed", "Indexes"]

_NOT_A_WORD = bytes(
    byte if chr(byte).isalnum() or byte in b"_$" or byte >= 128 else 32 for byte in range(256)
)  # bytes.translate splits a text far faster than a pattern does
_MOST_WORKSPACES = 8
_COMMON = 32  # files


@dataclass(frozen=True, slots=True)
class Indexed:
    """One file: its name in the workspace, what it looked like (its time in ns, its size), sorted checksums."""

    name: str
    path: str
    stamp: tuple[int, int]
    language: Language
    test: bool
    defines: array[int]
    words: array[int]


class Index:
    """One workspace's files of one family of languages, as they were when they were last looked at.

    ``whole`` says whether every file was: where time ran out, the nearest were, and :meth:`refresh` goes on with the
    rest when it is next called.
    """

    def __init__(self) -> None:
        self.files: dict[str, Indexed] = {}
        self.whole = False
        self.busy = False
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[int, str], bool] = {}
        self._defining: dict[int, tuple[str, ...]] | None = None
        self._fresh_until = 0.0
        self._open: tuple[tuple[str, tuple[int, int]], ...] = ()

    def refresh(
        self,
        files: Files,
        languages: Sequence[Language],
        *,
        most: int,
        deadline: float,
        distance: Callable[[str], int] = len,
    ) -> None:
        """Look at what changed until ``deadline`` (of time.monotonic), the nearest by ``distance`` first.

        ``most`` bounds how many files are walked. A walk of all files is not repeated within ten times the time that
        it took; open buffers are looked at each time.
        """
        if not self._turn.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            return  # another is at it: what it found so far will do
        try:
            suffixes = tuple(suffix for language in languages for suffix in language.suffixes)
            buffers = tuple((name, stamp) for _, name, stamp in files.open_walk(suffixes))
            started = time.monotonic()
            if self.whole and started < self._fresh_until and buffers == self._open:
                return
            self._open = buffers
            seen: dict[str, Indexed | None] = {}
            changed: list[tuple[str, str, tuple[int, int]]] = []
            self.whole = True
            for path, name, stamp in files.walk(suffixes, most=most, known=self._verdicts):
                known = self.files.get(name)
                same = known is not None and known.stamp == stamp
                seen[name] = known if same else None
                if not same:
                    changed.append((name, path, stamp))
                    if len(changed) % 64 == 0 and time.monotonic() > deadline:
                        self.whole = False
                        break
            if not self.whole:  # what was not walked to this time is as it was
                seen = {**self.files, **seen}
            walked = time.monotonic()
            for name, path, stamp in sorted(changed, key=lambda one: (distance(one[0]), one[0])):
                if time.monotonic() > deadline:
                    self.whole = False
                    break
                data = files.data(Path(path))
                if data is not None:
                    seen[name] = indexed(name, path, stamp, data, languages)
            found = {name: file for name, file in seen.items() if file is not None}
            if changed or found.keys() != self.files.keys():
                with self._lock:
                    self.files = found
                    self._defining = None
            self._fresh_until = time.monotonic() + 10.0 * (walked - started)
        finally:
            self._turn.release()

    def defining(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The files that define each of ``names``; not of those that many do, which say little about any."""
        with self._lock:
            if self._defining is None:
                found: dict[int, list[str]] = {}
                for name, file in self.files.items():
                    for number in file.defines:
                        known = found.setdefault(number, [])
                        if len(known) <= _COMMON:
                            known.append(name)
                self._defining = {number: tuple(files) for number, files in found.items() if len(files) <= _COMMON}
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


def indexed(name: str, path: str, stamp: tuple[int, int], data: bytes, languages: Sequence[Language]) -> Indexed:
    """What the index keeps of a file."""
    language = next((one for one in languages if name.endswith(one.suffixes)), languages[0])
    pattern = language.context().defines
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
        test=language.is_test_file(name),
        defines=array("I", sorted(zlib.crc32(word.encode()) for word in found)),
        words=array("I", sorted(map(zlib.crc32, set(data.translate(_NOT_A_WORD).split())))),
    )
