"""Which files of a workspace define a name, and which use it: kept in memory, brought up to date by files' stamps.

Names are kept as 32-bit checksums, four bytes each, so that an index of many files stays small. Two names may share
one: what the index answers is where to look, and whoever looks reads the file.
"""

from __future__ import annotations

import threading
import time
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from forge_lsp.context.tables import Indexed, Tables
from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport
from forge_lsp.editing.files import Files
from forge_lsp.editing.stamps import UNSURE, Stamp, settled

__all__ = ["Index", "Indexed", "Indexes", "space_word", "spaces_of"]

_NOT_A_WORD = bytes(
    byte if chr(byte).isalnum() or byte in b"_$" or byte >= 128 else 32 for byte in range(256)
)  # bytes.translate splits a text far faster than a pattern does
_MOST_WORKSPACES = 8
_SELDOM = 10.0  # times the time that looking at each file took, before that is done again
_SOONEST = 1.0  # seconds


class Index:
    """One workspace's files of one family of languages, as they were when they were last looked at.

    ``whole`` says whether every file was: where time ran out, the nearest were, and :meth:`refresh` goes on with the
    rest when it is next called. What is kept says where to look: whoever shows a file reads it then. It is of what lies
    on the disk: the open buffers of each task are laid over it for that task alone (:meth:`buffers`).
    """

    def __init__(self) -> None:
        self.tables = Tables({})
        self.whole = False
        self.busy = False
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[int, str], bool] = {}
        self._folders: dict[str, Stamp] = {}
        self._told: set[str] = set()
        self._buffers: Mapping[str, Indexed] = {}
        self._due = 0.0

    def refresh(
        self,
        files: Files,
        languages: Sequence[Language],
        *,
        most: int,
        deadline: float,
        distance: Callable[[str], int] = len,
        near: str = "",
        each: bool = False,
    ) -> None:
        """Look at what changed until ``deadline`` (of time.monotonic), the nearest by ``distance`` first; those in the
        folder ``near`` are found first.

        Once every file was looked at, these are the folders in which files came or went, and what :meth:`told` named:
        a file that was changed where it lies is seen when ``each`` file is looked at again, or when
        :meth:`renew` is asked about it. ``most`` bounds how many files are walked.
        """
        if not self._turn.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            return  # another is at it: what it found so far will do
        try:
            suffixes = tuple(suffix for language in languages for suffix in language.suffixes)
            if each or not self.whole:
                now = time.monotonic()
                # Half of the time for finding files: what was found is read in the other.
                seen, gone, whole = self._walked(files, suffixes, most, now + (deadline - now) / 2, near)
            else:
                seen, gone = self._looked(files, suffixes, most)
                whole = True
            self.whole = self._take(seen, gone, files, languages, deadline, distance) and whole
        finally:
            self._turn.release()

    def renew(self, names: Iterable[str], files: Files, languages: Sequence[Language]) -> bool:
        """Look at some files again; whether one of them had changed."""
        seen: dict[str, tuple[str, Stamp]] = {}
        for name in names:
            known = self.tables.files.get(name)
            stamp = files.stamp(known.path) if known is not None else None
            if known is not None and stamp is not None and stamp != known.stamp:
                seen[name] = (known.path, stamp)
        if not seen or not self._turn.acquire(blocking=False):
            return False
        try:
            before = self.tables
            self._take(seen, (), files, languages, float("inf"), len)
            return before is not self.tables
        finally:
            self._turn.release()

    def buffers(self, files: Files, languages: Sequence[Language]) -> Mapping[str, Indexed]:
        """What to lay over the index for whoever sees ``files``: its open buffers."""
        suffixes = tuple(suffix for language in languages for suffix in language.suffixes)
        before, found = self._buffers, dict[str, Indexed]()
        for path, name, data in files.open_files(suffixes):
            stamp, known = (-1, zlib.crc32(data), 0), before.get(name)
            if known is None or known.stamp != stamp:
                known = indexed(name, path, stamp, data, languages)
            found[name] = known
        self._buffers = found
        return found

    def told(self, name: str) -> None:
        """A file was changed, says somebody: look at it next time."""
        with self._lock:
            self._told.add(name)

    def _walked(
        self, files: Files, suffixes: tuple[str, ...], most: int, deadline: float, near: str
    ) -> tuple[dict[str, tuple[str, Stamp]], Collection[str], bool]:
        """Each file with its stamp, those that are gone, and whether there was time for all."""
        started = time.monotonic()
        folders: dict[str, Stamp] = {}
        seen: dict[str, tuple[str, Stamp]] = {}
        changed = 0
        for path, name, stamp in files.walk(suffixes, most=most, known=self._verdicts, folders=folders, near=near):
            seen[name] = (path, stamp)
            changed += self._differs(name, stamp)
            if changed % 64 == 63 and time.monotonic() > deadline:
                return seen, (), False
        ended = time.monotonic()
        self._folders = folders
        self._due = ended + max(_SELDOM * (ended - started), _SOONEST)
        return seen, self.tables.files.keys() - seen.keys(), True

    def _looked(
        self, files: Files, suffixes: tuple[str, ...], most: int
    ) -> tuple[dict[str, tuple[str, Stamp]], Collection[str]]:
        """The files of which something tells that they may have changed, with their stamps; and those that are gone."""
        altered = self._folders.keys() - files.unchanged(self._folders)
        now = {name: files.folder_stamp(name) for name in altered}
        gone = {name for folder in altered for name in self.tables.within(folder[:-1])}
        for name in altered:
            if now[name] is None:
                del self._folders[name]
        there = sorted(name for name in altered if now[name] is not None)
        seen: dict[str, tuple[str, Stamp]] = {}
        for path, name, stamp in files.walk(
            suffixes, most=most, known=self._verdicts, folders=self._folders, under=there
        ):
            seen[name] = (path, stamp)
        with self._lock:
            told, self._told = self._told, set()
        for name in told - seen.keys():
            known = self.tables.files.get(name)
            stamp = files.stamp(known.path) if known is not None else None
            if known is not None and stamp is not None:
                seen[name] = (known.path, stamp)
            elif known is not None:
                gone.add(name)
        return seen, gone - seen.keys()

    def _differs(self, name: str, stamp: Stamp) -> bool:
        known = self.tables.files.get(name)
        return known is None or known.stamp != stamp

    def _take(
        self,
        seen: Mapping[str, tuple[str, Stamp]],
        gone: Collection[str],
        files: Files,
        languages: Sequence[Language],
        deadline: float,
        distance: Callable[[str], int],
    ) -> bool:
        """Read those of ``seen`` that changed, and leave out ``gone``; whether there was time for all."""
        changed = [name for name, (_, stamp) in seen.items() if self._differs(name, stamp)]
        before = self.tables.files
        if not changed and before.keys().isdisjoint(gone):
            return True
        found = {name: file for name, file in before.items() if name not in gone}
        whole = True
        for name in sorted(changed, key=lambda one: (distance(one), one)):
            if time.monotonic() > deadline:
                whole = False
                break
            (path, stamp), at = seen[name], time.time_ns()
            data = files.data(path)
            if data is None:
                found.pop(name, None)
                continue
            found[name] = indexed(name, path, settled(stamp, at), data, languages)
            if found[name].stamp == UNSURE:
                self.told(name)
        # No other thread changes them meanwhile: this one has the turn.
        self.tables = self.tables.brought_to(found)
        return whole

    @property
    def due(self) -> bool:
        """Whether it is time to look at each file again: not within ten times the time that this took."""
        return time.monotonic() > self._due

    def look_again(self) -> None:
        """It is time to look at each file again, however short ago the last time was."""
        self._due = 0.0


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

    def told(self, paths: Iterable[Path]) -> None:
        """Files were changed, says somebody."""
        with self._lock:
            known = [(workspace.resolve(), index) for (workspace, _), index in self._known.items()]
        for path in paths if known else ():
            named = path if any(path.is_relative_to(root) for root, _ in known) else path.resolve()
            for root, index in known:
                if named.is_relative_to(root):
                    index.told(named.relative_to(root).as_posix())

    def look_again(self) -> None:
        """The same for each of them."""
        with self._lock:
            for index in self._known.values():
                index.look_again()


def spaces_of(text: str, reading: ContextSupport) -> frozenset[str]:
    """The namespaces that the names of a file are in, "" where it says none."""
    if reading.space is None:
        return frozenset()
    return frozenset(match[1] for match in reading.space.finditer(text)) or frozenset({""})


def space_word(space: str) -> str:
    """The word under which :meth:`Tables.using` knows the files whose names are in a namespace: no text holds it."""
    return f"in {space}"


def indexed(name: str, path: str, stamp: Stamp, data: bytes, languages: Sequence[Language]) -> Indexed:
    """What the index keeps of a file."""
    language = next((one for one in languages if name.endswith(one.suffixes)), languages[0])
    reading = language.context()
    text = data.decode("utf-8", "replace")
    words = set(data.translate(_NOT_A_WORD).split())
    words.update(space_word(space).encode() for space in spaces_of(text, reading))
    found = reading.defined(text)
    return Indexed(
        name=name,
        path=path,
        stamp=stamp,
        language=language,
        test=language.is_test_file(name),
        defines=array("I", sorted(map(zlib.crc32, map(str.encode, found)))),
        words=array("I", sorted(map(zlib.crc32, words))),
    )
