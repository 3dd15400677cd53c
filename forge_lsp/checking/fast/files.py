"""What a workspace's files are now, so that a checker that is kept running can be told what changed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import project_files
from forge_lsp.core.languages import Language
from forge_lsp.reading import read_bytes

__all__ = ["WatchedFiles", "put"]

_LARGEST = 256 * 1024
_MOST_TEXTS = 4000
_MOST_MENTIONS = 40


class WatchedFiles:
    """The files of ``source`` that end in one of ``suffixes``, but for what the tools of ``language`` make.
    ``generation`` grows with every change that :meth:`update` sees. Not to be used by two threads at a time."""

    def __init__(self, source: Path, suffixes: tuple[str, ...], language: Language | None = None) -> None:
        self._source = source
        self._suffixes = suffixes
        self._language = language
        self._stats: dict[str, tuple[int, int]] = {}
        self._texts: dict[str, str] = {}
        self._found: dict[str, tuple[PurePosixPath, ...]] = {}
        self.generation = 0

    def update(self) -> Mapping[PurePosixPath, bool]:
        """Look again: the files that changed since the last time; False for those that are gone. Reads the disk."""
        now: dict[str, tuple[int, int]] = {}
        for name, entry in project_files(self._source, self._suffixes, self._language):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # removed meanwhile
            now[name] = (status.st_mtime_ns, status.st_size)
        changed = {
            name: name in now for name in now.keys() | self._stats.keys() if now.get(name) != self._stats.get(name)
        }
        self._stats = now
        if changed:
            self.generation += 1
            self._found.clear()
            for name in changed:
                self._texts.pop(name, None)
        return {PurePosixPath(name): there for name, there in changed.items()}

    def names(self) -> Iterable[PurePosixPath]:
        """Return all of them, as the last update saw them."""
        return map(PurePosixPath, self._stats)

    def text(self, path: PurePosixPath) -> str | None:
        """Return a file's text as it was at its last change; None for what is too large, or cannot be read."""
        name = str(path)
        known = self._texts.get(name)
        if known is None and name in self._stats and self._stats[name][1] <= _LARGEST:
            content = read_bytes(self._source / path, most=_LARGEST)
            if content is None:
                return None
            known = content.decode("utf-8", "replace")
            if len(self._texts) < _MOST_TEXTS:
                self._texts[name] = known
        return known

    def mentioning(self, word: str, *, but: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """Return the files that hold ``word``, at most 40, nearest first; ``but`` is left out."""
        if word not in self._found:
            pattern = re.compile(rf"\b{re.escape(word)}\b")
            found = [
                PurePosixPath(name) for name in self._stats if pattern.search(self.text(PurePosixPath(name)) or "")
            ]
            self._found[word] = tuple(found)
        above = set(but.parents)
        others = [path for path in self._found[word] if path != but]
        others.sort(key=lambda path: (-len(above.intersection(path.parents)), str(path)))
        return tuple(others[:_MOST_MENTIONS])


def put(program: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a program into the state folder, in one step: another server may be doing the same."""
    program.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = program.with_name(f"{secrets.token_hex(4)}.half")
    half.write_bytes(content)
    half.chmod(mode)
    half.replace(program)
