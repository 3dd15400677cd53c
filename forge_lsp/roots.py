"""The folder of the whole project that a package is part of: a repository, or a workspace of a package manager."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from forge_lsp.reading import read_text, table_beside

__all__ = ["PROJECT", "PROJECT_ENDINGS", "project_root"]

_NAMES = table_beside(__file__, "roots.toml")
PROJECT, PROJECT_ENDINGS = frozenset[str](_NAMES["project"]), tuple[str, ...](_NAMES["project_endings"])
"""What a project's own folder has."""
_REPOSITORY = frozenset[str](_NAMES["repository"])
_WHOLE, _WHOLE_ENDINGS = frozenset[str](_NAMES["whole"]), tuple[str, ...](_NAMES["whole_endings"])
_LOCKS = tuple(frozenset[str](names) for names in _NAMES["locks"])
_SAYING = {name: re.compile(pattern) for name, pattern in _NAMES["saying"].items()}
_SHARED = frozenset[str](_NAMES["shared"])


def project_root(folder: Path) -> Path:
    """Return the top of the project that ``folder`` is part of: its repository, else the outermost folder above it that
    says that it holds several packages; ``folder`` itself where there is none. Reads the disk.

    Never the home folder, one above it, nor one that everybody may write to: what lies there is not one project.
    """
    found = folder
    locked: list[Collection[str]] = []
    for candidate in _upwards(folder):
        try:
            names = {entry.name for entry in os.scandir(candidate)}
        except OSError:
            break  # not ours to read
        if candidate != folder and (_is_whole(candidate, names) or _locks(names, locked)):
            found = candidate
        locked += [kind for kind in _LOCKS if not names.isdisjoint(kind)]
        if not names.isdisjoint(_REPOSITORY):
            return candidate
    return found


def _upwards(folder: Path) -> Iterator[Path]:
    home = Path(os.path.expanduser("~")).resolve()  # noqa: PTH111 - Path.home() raises where there is none
    for candidate in (folder, *folder.parents):
        if candidate.parent == candidate or home.is_relative_to(candidate) or str(candidate) in _SHARED:
            return
        try:
            mode = candidate.stat().st_mode
        except OSError:
            return
        if mode & stat.S_IWOTH and candidate != folder:
            return
        yield candidate


def _is_whole(folder: Path, names: Collection[str]) -> bool:
    if not _WHOLE.isdisjoint(names) or any(name.endswith(_WHOLE_ENDINGS) for name in names):
        return True
    return any(
        name in names and pattern.search(read_text(folder / name) or "") is not None
        for name, pattern in _SAYING.items()
    )


def _locks(names: Collection[str], below: Collection[Collection[str]]) -> bool:
    return any(kind not in below and not kind.isdisjoint(names) for kind in _LOCKS)
