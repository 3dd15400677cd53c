"""Which Python runs a project, and where the checkers of Python are that came with us."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.project import Place
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.languages.python.environments import declared, found_for, on_path
from forge_lsp.sandbox.interpreters import Interpreter, own_interpreter, python_at

__all__ = ["interpreter_of", "program"]


def interpreter_of(place: Place, environment: Mapping[str, str] | None = None, named: str | None = None) -> Interpreter:
    """The Python that runs the document's project.

    ``named`` is the one that the user's settings or the editor name: a program, an environment's folder, or a name on
    PATH. Else the project's own environment, wherever it is kept; else the Python of PATH, where more of the packages
    that the project names are installed for it than for us; else the server's own. ``environment`` is the server's own
    (``PATH``, ``VIRTUAL_ENV``, ...). A workspace may have put any program there: run it in a sandbox only.

    Raises EnvironmentFault where ``named`` is no Python.
    """
    known = environment or {}
    if named:
        found = _named(named, place, known)
        if found is None:
            raise EnvironmentFault(
                f"{named} (check.python.interpreter, or the editor's choice) is no Python that can be run here",
                remedy="name a Python program or an environment's folder: check.python.interpreter",
            )
        return found
    for candidate in found_for(place, known):
        found = python_at(candidate, workspace=place.source)
        if found is not None:
            return found
    own = own_interpreter()
    first = on_path(known)
    other = python_at(first) if first is not None else None
    if other is None or other.version < (3, 8):
        return own
    wanted = declared(place)
    return other if len(wanted & other.installed) > len(wanted & own.installed) else own


def _named(named: str, place: Place, environment: Mapping[str, str]) -> Interpreter | None:
    root = str(place.source) if place.source is not None else "."
    path = re.sub(r"\$\{workspace(?:Folder|Root)\}", lambda _: root, named.strip())
    if "/" not in path:
        found = shutil.which(path, path=environment.get("PATH", ""))
        inside = place.source / path if place.source is not None else None
        if found is None and inside is not None and inside.is_dir():
            return python_at(inside, workspace=place.source)
        return python_at(Path(found), workspace=place.source) if found is not None else None
    return python_at(Path(root) / Path(path).expanduser(), workspace=place.source)


def program(name: str) -> Path | None:
    """Where ``ruff`` or ``ty`` is: beside this server's interpreter (its own dependency), else on PATH. The real file:
    a box sees the folder of the program, not where a link in it leads."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        candidate = folder / name
        if candidate.is_file():
            return candidate.resolve()
    found = shutil.which(name)
    return Path(found).resolve() if found else None
