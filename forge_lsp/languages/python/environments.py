"""Where a Python project's environment is: every way to keep one that has a place to look at. Nothing is run."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import home_of
from forge_lsp.reading import modified_at, parsed_json, read_text, toml_table

__all__ = ["declared", "found_for", "on_path"]

_IN_PROJECT = (".venv", "venv", ".pixi/envs/default", ".conda", "env", ".env", "virtualenv", ".virtualenv")
_REQUIREMENT = re.compile(r"^\s*[\"']?([A-Za-z0-9][\w.-]*)")
_MOST = 200


def found_for(place: Place, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield folders and programs that may be the project's environment, the surest first; not all of them are there.

    First what the project's own settings name, then what lies in it, then the environment that was active when this
    server was started, then what poetry, hatch, pipenv, conda and pyenv keep elsewhere for this folder.
    """
    if place.source is None:
        yield from _active(environment)
        return
    yield from _named_by_settings(place, environment)
    for folder in place.folders():
        for name in _IN_PROJECT:
            yield place.source / folder / name
        yield from sorted((place.source / folder / ".direnv").glob("python-*"), reverse=True)
        linked = read_text(place.source / folder / ".venv")  # pipenv's: a file with the path in it
        if linked is not None and "\n" not in linked.strip():
            yield _beside(place.source / folder, linked.strip())
    yield from _active(environment)
    for folder in place.folders():
        root = place.source / folder
        yield from _poetry(root, place, environment)
        yield from _hatch(root, environment)
        yield from _pipenv(root, environment)
        yield from _by_name(root, environment)
        for made in (".tox", ".nox"):
            yield from sorted((root / made).glob("*"), key=lambda path: (not _has(path, "pytest"), path.name))


def on_path(environment: Mapping[str, str]) -> Path | None:
    """Return the first Python of PATH."""
    for name in ("python3", "python"):
        found = shutil.which(name, path=environment.get("PATH", ""))
        if found is not None:
            return Path(found)
    return None


def declared(place: Place) -> frozenset[str]:
    """Return the packages that the project says it needs, as the folders of installed ones are called."""
    names: set[str] = set()
    for file in ("pyproject.toml", "setup.cfg", "requirements.txt", "requirements-dev.txt", "dev-requirements.txt"):
        path = place.nearest(file)
        text = place.text(path) if path is not None else None
        if text is None:
            continue
        if file == "pyproject.toml":
            names.update(_of_pyproject(toml_table(text)))
        elif file == "setup.cfg":
            part = re.search(r"^install_requires\s*=(.*?)(?=^\S|\Z)", text, re.M | re.S)
            names.update(_names(part[1].split("\n") if part is not None else ()))
        else:
            names.update(_names(text.split("\n")))
    return frozenset(re.sub(r"[-_.]+", "_", name).lower() for name in names)


def _of_pyproject(settings: Mapping[str, Any]) -> Iterator[str]:
    project = _table(settings.get("project"))
    groups = [project.get("dependencies"), *_table(project.get("optional-dependencies")).values()]
    groups += _table(settings.get("dependency-groups")).values()
    for group in groups:
        if isinstance(group, list):
            yield from _names(line for line in cast("list[object]", group) if isinstance(line, str))
    poetry = _table(_table(settings.get("tool")).get("poetry"))
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    for table in tables:
        yield from (name for name in _table(table) if name != "python")


def _names(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match is not None:
            yield match[1]


def _named_by_settings(place: Place, environment: Mapping[str, str]) -> Iterator[Path]:
    assert place.source is not None, "asked for a workspace only"
    own = environment.get("UV_PROJECT_ENVIRONMENT") or environment.get("HATCH_ENV_TYPE_VIRTUAL_PATH")
    for folder in place.folders():
        root = place.source / folder
        settings = toml_table(place.text(folder / "pyproject.toml"))
        if own and settings:
            yield _beside(root, own)
        tool = _table(settings.get("tool"))
        for table in (toml_table(place.text(folder / "ty.toml")), _table(tool.get("ty"))):
            named = _table(table.get("environment")).get("python")
            if isinstance(named, str):
                yield _beside(root, named)
        for table in (_json(place.text(folder / "pyrightconfig.json")), _table(tool.get("pyright"))):
            named, where = table.get("venv"), table.get("venvPath")
            if isinstance(named, str):
                yield _beside(root, str(where or ".")) / named
        path = _table(_table(_table(_table(tool.get("hatch")).get("envs")).get("default"))).get("path")
        if isinstance(path, str):
            yield _beside(root, path)
        pdm = read_text(root / ".pdm-python")
        if pdm:
            yield _beside(root, pdm.strip())


def _active(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environment.get(name):
            # The base of a conda that every shell activates is nobody's project.
            if name == "CONDA_PREFIX" and environment.get("CONDA_DEFAULT_ENV") == "base":
                continue
            yield Path(environment[name])
    first = on_path(environment)
    if first is not None and any((first.parent.parent / mark).exists() for mark in ("pyvenv.cfg", "conda-meta")):
        yield first


def _poetry(root: Path, place: Place, environment: Mapping[str, str]) -> Iterator[Path]:
    assert place.source is not None, "asked for a workspace only"
    settings = toml_table(place.text(PurePosixPath(root.relative_to(place.source).as_posix()) / "pyproject.toml"))
    tool = _table(settings.get("tool"))
    name = _table(settings.get("project")).get("name") or _table(tool.get("poetry")).get("name")
    if not isinstance(name, str):
        return
    named = environment.get("POETRY_VIRTUALENVS_PATH")
    cache = environment.get("POETRY_CACHE_DIR") or _caches(environment) / "pypoetry"
    folder = Path(named) if named else Path(cache) / "virtualenvs"
    # The name that poetry makes: the project's own, and what tells its folder from others.
    plain = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    base = f"{plain}-{_digest(os.path.normcase(root.resolve()))}"
    chosen = _table(toml_table(read_text(folder / "envs.toml")).get(base)).get("minor")
    if isinstance(chosen, str):
        yield folder / f"{base}-py{chosen}"
    yield from sorted(folder.glob(f"{_literal(base)}-py3*"), key=modified_at, reverse=True)


def _hatch(root: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    data = environment.get("HATCH_DATA_DIR") or _data(environment) / "hatch"
    for shown in dict.fromkeys((str(root), str(root.resolve()))):
        found = (Path(data) / "env" / "virtual").glob(f"*/{_literal(_digest(shown))}/*")
        # Its own one is called like the project; tests often have another.
        yield from sorted(found, key=lambda path: (not _has(path, "pytest"), path.name != path.parent.parent.name))


def _pipenv(root: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    named = environment.get("WORKON_HOME")
    homes = [Path(named)] if named else [_data(environment) / "virtualenvs", home_of(environment) / ".virtualenvs"]
    for home in homes:
        for mark in list(home.glob("*/.project"))[:_MOST]:
            if (read_text(mark) or "").strip() == str(root):
                yield mark.parent


def _by_name(root: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Environments of conda and pyenv, which a file of the project names."""
    for file in ("environment.yml", "environment.yaml"):
        name = re.search(r"^name:\s*[\"']?([\w.-]+)", read_text(root / file) or "", re.M)
        known = (read_text(home_of(environment) / ".conda" / "environments.txt") or "").split("\n")
        yield from (Path(line.strip()) for line in known if name is not None and Path(line.strip()).name == name[1])
    named = (read_text(root / ".python-version") or "").split()
    if named and re.fullmatch(r"[\w.-]+", named[0]):
        yield Path(environment.get("PYENV_ROOT") or home_of(environment) / ".pyenv") / "versions" / named[0]


def _beside(root: Path, named: str) -> Path:
    return root / Path(named).expanduser() if named.startswith("~") else root / named


def _has(folder: Path, package: str) -> bool:
    return next(folder.glob(f"lib/python3.*/site-packages/{package}"), None) is not None


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:8]


def _literal(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _caches(environment: Mapping[str, str]) -> Path:
    if platform.system() == "Darwin":
        return home_of(environment) / "Library" / "Caches"
    return Path(environment.get("XDG_CACHE_HOME") or home_of(environment) / ".cache")


def _data(environment: Mapping[str, str]) -> Path:
    if platform.system() == "Darwin":
        return home_of(environment) / "Library" / "Application Support"
    return Path(environment.get("XDG_DATA_HOME") or home_of(environment) / ".local" / "share")


def _json(text: str | None) -> Mapping[str, Any]:
    try:
        return _table(parsed_json(text or "{}"))
    except ValueError:
        return {}


def _table(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
