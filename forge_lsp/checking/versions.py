"""Several versions of a tool on one machine: which one a project asks for, and where version managers keep them. No
program of theirs is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from forge_lsp.checking.project import Place

__all__ = ["CHOSEN", "home_of", "homes", "matching", "numbers", "wanted_version", "with_usual_folders"]

CHOSEN = "FORGE_CHECK_INTERPRETER"
"""In the environment where the user's settings name the program: then no file of a project does."""
_USUAL = (
    *("~/.cargo/bin", "~/.volta/bin", "~/.local/bin", "~/.dotnet", "~/go/bin", "~/.sdkman/candidates/java/current/bin"),
    *("/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/local/bin", "/usr/local/go/bin"),
    *("/usr/share/dotnet", "/usr/lib/dotnet"),
)


def with_usual_folders(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the folders at the end of PATH in which programs usually are: an editor that was
    started from a desktop has not read the shell's settings. The system's own folders are not added: whoever leaves
    them out of PATH means it."""
    known = environment.get("PATH", "").split(os.pathsep)
    more = [str(Path(folder).expanduser()) for folder in _USUAL]
    return {**environment, "PATH": os.pathsep.join([*known, *(one for one in more if one not in known)])}


def wanted_version(place: Place, files: tuple[str, ...], tools: tuple[str, ...]) -> str | None:
    """Return the version in the nearest of ``files``, or the one of ``tools`` in ``.tool-versions``."""
    path = place.nearest(*files)
    if path is not None:
        lines = [line.split("#")[0].strip() for line in (place.text(path) or "").split("\n")]
        return next((line for line in lines if line), None)
    path = place.nearest(".tool-versions")
    for line in (place.text(path) or "").split("\n") if path is not None else ():
        words = line.split()
        if len(words) > 1 and words[0] in tools:
            return words[1]
    return None


def homes(kinds: tuple[tuple[str, str, str], ...], environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of the versions that managers keep: ``kinds`` are the variable that names a manager's folder,
    its usual place below the home, and the pattern of versions in it."""
    for variable, folder, pattern in kinds:
        base = environment.get(variable)
        if base or environment.get("HOME"):
            yield from sorted((Path(base) if base else home_of(environment) / folder).glob(pattern))


def matching(wanted: str, versions: list[str]) -> str | None:
    """Return the newest of ``versions`` (newest first) that is meant by ``wanted``: 20, v20.11, 17.0.9-tem."""
    plain = wanted.lower().removeprefix("v")
    if plain in versions:
        return plain
    return next((one for one in versions if re.match(rf"{re.escape(plain)}(?![0-9])", one.removeprefix("v"))), None)


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def home_of(environment: Mapping[str, str]) -> Path:
    """Return the user's home folder."""
    return Path(environment.get("HOME") or "/nonexistent")
