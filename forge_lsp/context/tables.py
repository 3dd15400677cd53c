"""Which files of an index define a checksum, and which hold it: tables over all of its files."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from forge_lsp.core.languages import Language
from forge_lsp.editing.stamps import Stamp

__all__ = ["Defining", "Indexed", "Packed"]

_COMMON = 32  # files
_MOST_CHANGED = 32  # files looked at beside the table


@dataclass(frozen=True, slots=True)
class Indexed:
    """One file: its name in the workspace, what it looked like, sorted checksums."""

    name: str
    path: str
    stamp: Stamp
    language: Language
    test: bool
    defines: array[int]
    words: array[int]


class Defining:
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

    def brought_to(self, before: Mapping[str, Indexed], after: Mapping[str, Indexed]) -> Defining:
        """The same for the files ``after``; it was made, or brought, to ``before``."""
        changed = {**self._changed}
        for name, file in after.items():
            if before.get(name) is not file:
                changed[name] = file
        for name in before:
            if name not in after:
                changed[name] = None
        if len(changed) > _MOST_CHANGED or len(changed) >= self._size:
            return Defining(after)
        found = Defining.__new__(Defining)
        found._size, found._table, found._changed = self._size, self._table, changed
        return found

    def files(self, number: int) -> tuple[str, ...]:
        """The files that define ``number``; none where too many do."""
        found = self._table.get(number, ())
        if self._changed:
            kept = [name for name in found if name not in self._changed]
            found = (*kept, *(n for n, file in self._changed.items() if file is not None and _in(number, file.defines)))
        return found if len(found) <= _COMMON else ()


class Packed:
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
