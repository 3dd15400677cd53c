"""Which files of an index define a checksum, and which hold it: tables over all of its files."""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from forge_lsp.core.languages import Language
from forge_lsp.editing.stamps import Stamp

__all__ = ["Indexed", "Tables"]

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


class Tables:
    """What is asked of all files together. It stays as it is: of other files another is made."""

    def __init__(self, files: Mapping[str, Indexed], defining: Defining | None = None) -> None:
        self.files = files
        self._defining = defining or Defining(files)

    @cached_property
    def _packed(self) -> Packed:
        return Packed(self.files)

    @cached_property
    def _within(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for name in self.files:
            found.setdefault(name.rpartition("/")[0], []).append(name)
        return found

    def brought_to(self, files: Mapping[str, Indexed]) -> Tables:
        """The same for other files, many of which are the same."""
        found = Tables(files, self._defining.brought_to(self.files, files))
        if "_packed" in self.__dict__:
            found._packed = self._packed.brought_to(self.files, files)
        return found

    def under(self, files: Mapping[str, Indexed]) -> Tables:
        """The same with a few files in place of those of the same names."""
        if not files:
            return self
        found = Tables({**self.files, **files}, self._defining.under(files))
        found._packed = self._packed.under(files)
        return found

    def defining(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The files that define each of ``names``, in any order; not of those that none does."""
        answers = ((name, self._defining.files(zlib.crc32(name.encode()))) for name in names)
        return {name: answer for name, answer in answers if answer}

    def using(self, name: str) -> tuple[Indexed, ...]:
        """The files that use a word, in any order."""
        return self._packed.using(zlib.crc32(name.encode()))

    def within(self, folder: str) -> Sequence[str]:
        """The files that lie in a folder itself ("" for the workspace)."""
        return self._within.get(folder, ())


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
                else:
                    known.append(name)
        self._table = {number: tuple(names) for number, names in found.items()}  # tuples: less to keep and to collect

    def brought_to(self, before: Mapping[str, Indexed], after: Mapping[str, Indexed]) -> Defining:
        """The same for the files ``after``; it was made, or brought, to ``before``."""
        changed = _changed(self._changed, before, after)
        if len(changed) > _MOST_CHANGED or len(changed) >= self._size:
            return Defining(after)
        found = copy(self)
        found._changed = changed
        return found

    def under(self, files: Mapping[str, Indexed]) -> Defining:
        """The same with ``files`` in place of those of the same names."""
        found = copy(self)
        found._changed = {**self._changed, **files}
        return found

    def files(self, number: int) -> tuple[str, ...]:
        """The files that define ``number``, in any order."""
        found = self._table.get(number, ())
        if self._changed:
            kept = [name for name in found if name not in self._changed]
            found = (*kept, *(n for n, file in self._changed.items() if file is not None and _in(number, file.defines)))
        return found


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
        found = copy(self)
        found._changed = changed
        return found

    def under(self, files: Mapping[str, Indexed]) -> Packed:
        """The same with ``files`` in place of those of the same names."""
        found = copy(self)
        found._changed = {**self._changed, **files}
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
