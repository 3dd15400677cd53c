"""Several versions of a tool on one machine: which one a project asks for, and where version managers keep them. No
program of theirs is run."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from forge_lsp.builds.project import Place
from forge_lsp.reading import parsed_json, read_text

__all__ = ["CHOSEN", "java_home", "node_of", "with_usual_folders"]

CHOSEN = "FORGE_CHECK_INTERPRETER"
"""In the environment where the user's settings name the program: then no file of a project does."""
_NODES = (
    ("NVM_DIR", ".nvm", "versions/node/*"),
    ("FNM_DIR", ".local/share/fnm", "node-versions/*/installation"),
    ("FNM_DIR", ".fnm", "node-versions/*/installation"),
    ("VOLTA_HOME", ".volta", "tools/image/node/*"),
    ("ASDF_DATA_DIR", ".asdf", "installs/nodejs/*"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/node/*"),
    ("N_PREFIX", "n", "n/versions/node/*"),
)
_JDKS = (
    ("SDKMAN_DIR", ".sdkman", "candidates/java/*"),
    ("JENV_ROOT", ".jenv", "versions/*"),
    ("ASDF_DATA_DIR", ".asdf", "installs/java/*"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/java/*"),
)
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


def node_of(place: Place, environment: Mapping[str, str]) -> Path | None:
    """Return the node that the project asks for (``.nvmrc``, ``.node-version``, ``.tool-versions``, Volta's key in
    ``package.json``) where a version manager has it, else the one of PATH, else the newest that one of them has."""
    found = shutil.which("node", path=environment.get("PATH", ""))
    first = Path(found) if found is not None else None
    if first is not None and CHOSEN in environment:
        return first
    wanted = _wanted(place, (".nvmrc", ".node-version"), ("nodejs", "node"))
    wanted = wanted or _volta(place)
    known = {home.parent if home.name == "installation" else home: home for home in _homes(_NODES, environment)}
    named = {key.name.removeprefix("v"): home / "bin" / "node" for key, home in known.items()}
    versions = [version for version in sorted(named, key=_numbers, reverse=True) if named[version].is_file()]
    if wanted is not None and (best := _matching(wanted, versions)) is not None:
        return named[best]
    if first is not None and not _is_shim(first, "node"):
        return first
    alias = read_text(Path(environment.get("NVM_DIR") or _home(environment) / ".nvm") / "alias" / "default")
    default = _matching(alias.strip(), versions) if alias is not None else None
    return named[default or versions[0]] if versions else first


def java_home(place: Place, environment: Mapping[str, str]) -> Path | None:
    """Return the JDK that the project asks for (``.sdkmanrc``, ``.java-version``, ``.tool-versions``) where a version
    manager has it; None: it asks for none of them."""
    if CHOSEN in environment:
        return None
    wanted = _wanted(place, (".java-version",), ("java",))
    path = place.nearest(".sdkmanrc")
    rc = re.search(r"^\s*java\s*=\s*(\S+)", place.text(path) or "", re.M) if path is not None else None
    wanted = rc[1] if rc is not None else wanted
    if wanted is None:
        return None
    homes = {home.name: home for home in _homes(_JDKS, environment) if (home / "bin" / "javac").is_file()}
    best = _matching(wanted, sorted(homes, key=_numbers, reverse=True))
    return homes[best] if best is not None else None


def _wanted(place: Place, files: tuple[str, ...], tools: tuple[str, ...]) -> str | None:
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


def _volta(place: Place) -> str | None:
    for folder in place.folders():
        text = place.text(folder / "package.json")
        if text is None or '"volta"' not in text:
            continue
        try:
            found = parsed_json(text)["volta"]["node"]
        except (ValueError, KeyError, TypeError):
            continue
        return str(found)
    return None


def _homes(kinds: tuple[tuple[str, str, str], ...], environment: Mapping[str, str]) -> Iterator[Path]:
    for variable, folder, pattern in kinds:
        base = environment.get(variable)
        if base or environment.get("HOME"):
            yield from sorted((Path(base) if base else _home(environment) / folder).glob(pattern))


def _matching(wanted: str, versions: list[str]) -> str | None:
    """The newest of ``versions`` (newest first) that is meant by ``wanted``: 20, v20.11, lts/iron, 17.0.9-tem."""
    plain = wanted.lower().removeprefix("v").removeprefix("node@")
    if plain in ("node", "stable", "latest", "*", "current"):
        return versions[0] if versions else None
    names = {"argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12", "fermium": "14"}
    names |= {"gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
    if plain.startswith("lts"):
        line = names.get(plain.rpartition("/")[2])
        even = (one for one in versions if (_numbers(one) or (1,))[0] % 2 == 0)
        return _matching(line, versions) if line is not None else next(even, None)
    if plain in versions:
        return plain
    return next((one for one in versions if re.match(rf"{re.escape(plain)}(?![0-9])", one.removeprefix("v"))), None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _is_shim(program: Path, name: str) -> bool:
    """Whether it only starts another by what it is asked: it finds nothing in a sandbox."""
    real = program.resolve()
    if real.name not in (name, f"{name}js"):
        return True
    try:
        with real.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or "/nonexistent")
