"""Which files of an index define a checksum, and which hold it: tables over all of its files."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.editing.stamps import Stamp

__all__ = ["Defining", "Indexed", "Packed"]

_COMMON = 32  # files
_MOST_CHANGED = 32  # files looked at beside the table
_SHIFT = 28  # of the 32 bits of a checksum: as many parts as the others tell apart
_PARTS = 1 << (32 - _SHIFT)


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
        changed = _changed(self._changed, before, after)
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
    """The words of all files in parts by their first bits, in each one file after the other: a word is found in its
    part many times as fast as file by file. Made once for all files, and again where many have changed; the few that
    have changed since are looked at one by one."""

    def __init__(self, files: Mapping[str, Indexed]) -> None:
        self._size = len(files)
        self._changed: Mapping[str, Indexed | None] = {}
        self._files = tuple(file for file in files.values() if file.words)
        parts: list[list[bytes]] = [[] for _ in range(_PARTS)]
        ends = [array("Q") for _ in range(_PARTS)]
        lengths = [0] * _PARTS
        starts = [part << _SHIFT for part in range(1, _PARTS)]
        for file in self._files:
            words, data, size = file.words, file.words.tobytes(), file.words.itemsize
            begin = 0
            for part, start in enumerate(starts):
                end = bisect_left(words, start, begin)
                parts[part].append(data[begin * size : end * size])
                lengths[part] += (end - begin) * size
                ends[part].append(lengths[part])
                begin = end
            parts[-1].append(data[begin * size :])
            lengths[-1] += (len(words) - begin) * size
            ends[-1].append(lengths[-1])
        self._parts = tuple(map(b"".join, parts))
        self._ends = tuple(ends)

    def brought_to(self, before: Mapping[str, Indexed], after: Mapping[str, Indexed]) -> Packed:
        """The same for the files ``after``; it was made, or brought, to ``before``."""
        changed = _changed(self._changed, before, after)
        if len(changed) > _MOST_CHANGED or len(changed) >= self._size:
            return Packed(after)
        found = Packed.__new__(Packed)
        found._size, found._files, found._parts, found._ends = self._size, self._files, self._parts, self._ends
        found._changed = changed
        return found

    def using(self, number: int) -> tuple[Indexed, ...]:
        """The files with the checksum ``number`` among their words."""
        part = number >> _SHIFT
        data, ends = self._parts[part], self._ends[part]
        wanted = array("I", [number])
        size, sought = wanted.itemsize, wanted.tobytes()
        found: list[Indexed] = []
        at = data.find(sought)
        here = 0
        while at >= 0:
            if at % size:  # the end of one and the begin of another
                at = data.find(sought, at + 1)
                continue
            here = bisect_right(ends, at, here)
            found.append(self._files[here])
            at = data.find(sought, ends[here])
        if self._changed:
            found = [file for file in found if file.name not in self._changed]
            found += [file for file in self._changed.values() if file is not None and _in(number, file.words)]
        return tuple(found)


def _changed(
    known: Mapping[str, Indexed | None], before: Mapping[str, Indexed], after: Mapping[str, Indexed]
) -> Mapping[str, Indexed | None]:
    """What differs from the files for which a table was made: ``known`` did in ``before``. None is a file that is
    gone."""
    changed = {**known}
    for name, file in after.items():
        if before.get(name) is not file:
            changed[name] = file
    for name in before:
        if name not in after:
            changed[name] = None
    return changed


def _in(number: int, numbers: array[int]) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number
