"""Which node a project asks for, and where version managers keep it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import CHOSEN, home_of, homes, matching, numbers, wanted_version
from forge_lsp.reading import parsed_json, read_text

__all__ = ["node_of"]

_NODES = (
    ("NVM_DIR", ".nvm", "versions/node/*"),
    ("FNM_DIR", ".local/share/fnm", "node-versions/*/installation"),
    ("FNM_DIR", ".fnm", "node-versions/*/installation"),
    ("VOLTA_HOME", ".volta", "tools/image/node/*"),
    ("ASDF_DATA_DIR", ".asdf", "installs/nodejs/*"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/node/*"),
    ("N_PREFIX", "n", "n/versions/node/*"),
)


def node_of(place: Place, environment: Mapping[str, str]) -> Path | None:
    """Return the node that the project asks for (``.nvmrc``, ``.node-version``, ``.tool-versions``, Volta's key in
    ``package.json``) where a version manager has it, else the one of PATH, else the newest that one of them has."""
    found = shutil.which("node", path=environment.get("PATH", ""))
    first = Path(found) if found is not None else None
    if first is not None and CHOSEN in environment:
        return first
    wanted = wanted_version(place, (".nvmrc", ".node-version"), ("nodejs", "node"))
    wanted = wanted or _volta(place)
    known = {home.parent if home.name == "installation" else home: home for home in homes(_NODES, environment)}
    named = {key.name.removeprefix("v"): home / "bin" / "node" for key, home in known.items()}
    versions = [version for version in sorted(named, key=numbers, reverse=True) if named[version].is_file()]
    if wanted is not None and (best := _matching(wanted, versions)) is not None:
        return named[best]
    if first is not None and not _is_shim(first):
        return first
    alias = read_text(Path(environment.get("NVM_DIR") or home_of(environment) / ".nvm") / "alias" / "default")
    default = _matching(alias.strip(), versions) if alias is not None else None
    return named[default or versions[0]] if versions else first


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


def _matching(wanted: str, versions: list[str]) -> str | None:
    """The newest of ``versions`` (newest first) that is meant by ``wanted``: 20, v20.11, lts/iron."""
    plain = wanted.lower().removeprefix("v").removeprefix("node@")
    if plain in ("node", "stable", "latest", "*", "current"):
        return versions[0] if versions else None
    names = {"argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12", "fermium": "14"}
    names |= {"gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
    if plain.startswith("lts"):
        line = names.get(plain.rpartition("/")[2])
        even = (one for one in versions if (numbers(one) or (1,))[0] % 2 == 0)
        return matching(line, versions) if line is not None else next(even, None)
    return matching(plain, versions)


def _is_shim(program: Path) -> bool:
    """Whether it only starts another by what it is asked: it finds nothing in a sandbox."""
    real = program.resolve()
    if real.name not in ("node", "nodejs"):
        return True
    try:
        with real.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True
