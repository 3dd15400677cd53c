"""Which files of a workspace define a name, and which use it: kept in memory, brought up to date by files' stamps.

Names are kept as 32-bit checksums, four bytes each, so that an index of many files stays small. Two names may share
one: what the index answers is where to look, and whoever looks reads the file.
"""

from __future__ import annotations

import threading
import time
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport
from forge_lsp.editing.files import Files

__all__ = ["Index", "Indexed", "Indexes", "space_word", "spaces_of"]

_NOT_A_WORD = bytes(
    byte if chr(byte).isalnum() or byte in b"_$" or byte >= 128 else 32 for byte in range(256)
)  # bytes.translate splits a text far faster than a pattern does
_MOST_WORKSPACES = 8
_COMMON = 32  # files
_MOST_CHANGED = 32  # files looked at beside the table


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
        self._defining = _Defining({})
        self._packed: _Packed | None = None
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
                    self._defining = self._defining.brought_to(self.files, found)
                    self._packed = self._folders = None
                    self.files = found
            self._fresh_until = time.monotonic() + 10.0 * (walked - started)
        finally:
            self._turn.release()

    def look_again(self) -> None:
        """Walk through all files at the next :meth:`refresh`, however short ago the last was."""
        self._fresh_until = 0.0

    def defining(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The files that define each of ``names``; not of those that many do, which say little about any."""
        with self._lock:
            answers = ((name, self._defining.files(zlib.crc32(name.encode()))) for name in names)
            return {name: answer for name, answer in answers if answer}

    def using(self, name: str) -> tuple[Indexed, ...]:
        """The files that use a word, in the order of the walk."""
        with self._lock:
            if self._packed is None:
                self._packed = _Packed(self.files.values())
            packed = self._packed
        return packed.using(zlib.crc32(name.encode()))

    def within(self, folder: str) -> Sequence[str]:
        """The files that lie in a folder itself ("" for the workspace), in the order of the walk."""
        with self._lock:
            if self._folders is None:
                self._folders = dict[str, list[str]]()
                for name in self.files:
                    self._folders.setdefault(name.rpartition("/")[0], []).append(name)
            return self._folders.get(folder, ())


class _Defining:
    """Which files define a checksum. Made once for all files, and again where many have changed; the few that have
    changed since are looked at one by one."""

    def __init__(self, files: Mapping[str, Indexed]) -> None:
        self._size = len(files)
        self._changed: Mapping[str, Indexed | None] = {}
        found: dict[int, list[str]] = {}
        for name, file in files.items():
            for number in file.defines:
                known = found.get(number)
                if known is None:
                    found[number] = [name]
                elif len(known) <= _COMMON + _MOST_CHANGED:
                    known.append(name)
        self._table = {number: tuple(names) for number, names in found.items() if len(names) <= _COMMON + _MOST_CHANGED}

    def brought_to(self, before: Mapping[str, Indexed], after: Mapping[str, Indexed]) -> _Defining:
        """The same for the files ``after``; it was made, or brought, to ``before``."""
        changed = {**self._changed}
        for name, file in after.items():
            if before.get(name) is not file:
                changed[name] = file
        for name in before:
            if name not in after:
                changed[name] = None
        if len(changed) > _MOST_CHANGED or len(changed) >= self._size:
            return _Defining(after)
        found = _Defining.__new__(_Defining)
        found._size, found._table, found._changed = self._size, self._table, changed
        return found

    def files(self, number: int) -> tuple[str, ...]:
        """The files that define ``number``; none where too many do."""
        found = self._table.get(number, ())
        if self._changed:
            kept = [name for name in found if name not in self._changed]
            found = (*kept, *(n for n, file in self._changed.items() if file is not None and _in(number, file.defines)))
        return found if len(found) <= _COMMON else ()


class _Packed:
    """The words of all files one after the other, in which a word is found many times as fast as file by file."""

    def __init__(self, files: Iterable[Indexed]) -> None:
        self._files = tuple(file for file in files if file.words)
        self._data = b"".join([file.words.tobytes() for file in self._files])
        self._ends = array("Q", accumulate(len(file.words) * file.words.itemsize for file in self._files))

    def using(self, number: int) -> tuple[Indexed, ...]:
        """The files with the checksum ``number`` among their words."""
        wanted = array("I", [number])
        size, sought = wanted.itemsize, wanted.tobytes()
        found: list[Indexed] = []
        at = self._data.find(sought)
        while at >= 0:
            if at % size:  # the end of one and the begin of another
                at = self._data.find(sought, at + 1)
                continue
            here = bisect_right(self._ends, at)
            found.append(self._files[here])
            at = self._data.find(sought, self._ends[here])
        return tuple(found)


def _in(number: int, numbers: array[int]) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


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

    def look_again(self) -> None:
        """The same for each of them."""
        with self._lock:
            for index in self._known.values():
                index.look_again()


def spaces_of(text: str, reading: ContextSupport) -> frozenset[str]:
    """The namespaces that the names of a file are in."""
    return frozenset(match[1] for match in reading.space.finditer(text)) if reading.space is not None else frozenset()


def space_word(space: str) -> str:
    """The word under which :meth:`Index.using` knows the files whose names are in a namespace: no text holds it."""
    return f"in {space}"


def indexed(name: str, path: str, stamp: tuple[int, int], data: bytes, languages: Sequence[Language]) -> Indexed:
    """What the index keeps of a file."""
    language = next((one for one in languages if name.endswith(one.suffixes)), languages[0])
    reading = language.context()
    text = data.decode("utf-8", "replace")
    found = {match[match.lastindex or 0] for match in reading.defines.finditer(text)}
    words = set(data.translate(_NOT_A_WORD).split())
    words.update(space_word(space).encode() for space in spaces_of(text, reading))
    return Indexed(
        name=name,
        path=path,
        stamp=stamp,
        language=language,
        test=language.is_test_file(name),
        defines=array("I", sorted(zlib.crc32(word.encode()) for word in found)),
        words=array("I", sorted(map(zlib.crc32, words))),
    )
