"""Which files are compiled when a document changes: itself, and what includes it, directly or not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place, project_files
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import C
from forge_lsp.languages.c_family.flags import SOURCES

__all__ = ["MATTERS", "Units", "units_of"]

MATTERS = C.beside
"""Suffixes of the files that a check may read."""

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"]([^>\"\n]+)[>\"]", re.M)
_MOST_FILES = 3_000
_MOST_UNITS = 40
_LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """``language`` is the document's. ``files`` are to be compiled, the document first where it is compiled on its
    own; ``others`` are the sources that do not include it (they may call what it defines). ``names`` are those of the
    files by which it is included, its own among them."""

    language: Language
    files: tuple[PurePosixPath, ...]
    languages: Mapping[PurePosixPath, Language]
    others: tuple[PurePosixPath, ...] = ()
    header: bool = False
    names: frozenset[str] = frozenset()


def units_of(place: Place, language: Language) -> Units:
    """Reads the project's includes; at most 3,000 files. A header that something includes is compiled by its
    includers alone: it may need what they include before it."""
    document = place.document
    texts = _texts(place)
    including = {path: _INCLUDE.findall(text) for path, text in texts.items()}
    reached = [document]
    for known in reached:  # grows while it is walked: the closure
        reached += [
            path
            for path, names in including.items()
            if path not in reached and any(_means(path, name, known) for name in names)
        ]
    sources = [path for path in reached if path.suffix in SOURCES and path != document]
    is_header = document.suffix not in SOURCES
    own = _language(document, language, sources, texts)
    files = sources[:_MOST_UNITS] if is_header and sources else [document, *sources[: _MOST_UNITS - 1]]
    languages = {path: SOURCES.get(path.suffix, own) for path in files}
    others = tuple(path for path in texts if path.suffix in SOURCES and path not in reached)
    return Units(
        language=own,
        files=tuple(files),
        languages=languages,
        others=others,
        header=is_header and not sources,
        names=frozenset(path.name for path in reached),
    )


def _texts(place: Place) -> dict[PurePosixPath, str]:
    found: dict[PurePosixPath, str] = {}
    names = [path for path in place.overlay if path.suffix in MATTERS]
    if place.source is not None:
        for name, entry in project_files(place.source, MATTERS, place.language):
            if len(names) >= _MOST_FILES:
                break
            if entry.stat(follow_symlinks=False).st_size <= _LARGEST:
                names.append(PurePosixPath(name))
    for path in dict.fromkeys(names):
        if path != place.document:
            found[path] = place.text(path) or ""
    return dict(sorted(found.items()))


def _means(includer: PurePosixPath, name: str, file: PurePosixPath) -> bool:
    """Whether ``#include "name"`` in ``includer`` may be ``file``: beside it, or at the end of its path."""
    if PurePosixPath(name).name != file.name:
        return False
    beside = os.path.normpath(includer.parent / name)
    return beside == str(file) or f"/{file}".endswith(f"/{os.path.normpath(name).lstrip('./')}")


def _language(
    document: PurePosixPath, asked: Language, includers: list[PurePosixPath], texts: Mapping[PurePosixPath, str]
) -> Language:
    """The document's own language. Editors guess that of a ``.h``: those that include it know, else the project."""
    if document.suffix in SOURCES:
        return SOURCES[document.suffix]
    if document.suffix != ".h":
        return asked
    kinds = {SOURCES[path.suffix] for path in includers} or {
        SOURCES[path.suffix] for path in texts if path.suffix in SOURCES
    }
    if len(kinds) == 1:
        return kinds.pop()
    return asked
