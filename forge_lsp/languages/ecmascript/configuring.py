"""In which folder vitest and jest are started for a test file, and with which configuration. Reads texts."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.languages.ecmascript.built import manifest_of
from forge_lsp.reading import parsed_json, read_text, text_beside

__all__ = ["apart_from_projects", "loading_words", "start_folder"]

_CONFIGURATIONS = {
    "vitest": ("vitest.config.*", "vite.config.*", "vitest.workspace.*"),
    "jest": ("jest.config.*",),
}
_PROJECTS = re.compile(r"[\"']?\b(?:projects|workspace)\b[\"']?\s*:")
_ABOVE = re.compile(r"[\"'](?:\.\./)+[^\"']*[\"']")
_APART = text_beside(__file__, "runners/apart.mjs")


def start_folder(at: Place, package: PurePosixPath, runner: str) -> PurePosixPath:
    """Return the folder of the configuration by which ``runner`` runs the tests of a ``package``: its own, else that of
    the nearest folder above it which has one (``packages/*`` are often configured at the root alone)."""
    for folder in (package, *package.parents) if runner in _CONFIGURATIONS else ():
        here = Place(source=at.source, document=folder / "package.json", overlay=at.overlay)
        found = here.nearest(*_CONFIGURATIONS[runner])
        if found is not None and found.parent == folder:
            return folder
        if runner == "jest" and "jest" in manifest_of(at, folder):
            return folder
    return package


def apart_from_projects(place: Place, folder: PurePosixPath) -> str | None:
    """Return a configuration of vitest for a package that takes over the one of its workspace, without the other
    packages which that one lists: their folders are not there, as seen from this package. None: no need for one."""
    here = Place(source=place.source, document=folder / "package.json", overlay=place.overlay)
    found = here.nearest(*_CONFIGURATIONS["vitest"][:2])
    if found is None or found.parent != folder:
        return None
    text = place.text(found) or ""
    if _PROJECTS.search(text) or not _ABOVE.search(text):
        return None
    for above in folder.parents:
        outer = Place(source=place.source, document=above / "package.json", overlay=place.overlay)
        other = outer.nearest(*_CONFIGURATIONS["vitest"])
        if other is not None and _PROJECTS.search(place.text(other) or ""):
            return _APART.replace("{SOURCE}", json.dumps(f"./{found.name}"))
    return None


def loading_words(place: Place, folder: PurePosixPath, script: Path | None) -> tuple[str, ...]:
    """Return how vitest is to load its configuration: it writes beside the packages, which it cannot where they are a
    link."""
    if script is None or place.source is None:
        return ()
    try:
        version = parsed_json(read_text(script.with_name("package.json")) or "")["version"]
        known = tuple(int(part) for part in version.split(".")[:2]) >= (3, 2)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    linked = any((place.source / above / "node_modules").is_symlink() for above in (folder, *folder.parents))
    return ("--configLoader=runner",) if known and linked else ()
