"""Which Python runs a project, which runs us, and what a box must show of it."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.builds.project import Place
from forge_lsp.builds.sandbox.exposure import Origin, exposed
from forge_lsp.reading import read_text

__all__ = ["Interpreter", "environment_at", "interpreter_of", "own_interpreter", "program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that runs the project: its executable, the environment's folder, and what must be readable."""

    path: Path
    prefix: Path
    version: tuple[int, int]
    readable: tuple[Path, ...]

    @property
    def packages(self) -> Path:
        """The folder that changes when a package is installed or removed."""
        return self.prefix / "lib" / f"python{self.version[0]}.{self.version[1]}" / "site-packages"


def own_interpreter() -> Interpreter:
    """The interpreter that runs this server."""
    prefix, base = Path(sys.prefix), Path(sys.base_prefix)
    return Interpreter(
        path=Path(sys.executable),
        prefix=prefix,
        version=(sys.version_info.major, sys.version_info.minor),
        readable=exposed(
            (prefix, base, Path(sys.executable).resolve().parent.parent), origin=Origin.USER, workspace=None
        ),
    )


def interpreter_of(place: Place) -> Interpreter:
    """The nearest ``.venv`` or ``venv`` above the document inside its workspace, else the server's own.

    A workspace may have put any program there: run it in a sandbox only.
    """
    if place.source is not None:
        for folder in place.folders():
            for name in (".venv", "venv"):
                found = environment_at(place.source / folder / name, workspace=place.source)
                if found is not None:
                    return found
    return own_interpreter()


def environment_at(folder: Path, *, workspace: Path | None = None) -> Interpreter | None:
    """The virtual environment in ``folder``, or None where it is not one. ``workspace``: the one whose files named it;
    what it says of its base then opens a real Python and nothing else."""
    # Where a link leads, since a copy of the project does not have those that lead out of it.
    folder = folder.resolve() if folder.is_symlink() else folder
    executable = folder / "bin" / "python"
    text = read_text(folder / "pyvenv.cfg")
    if text is None or not executable.exists():
        return None
    lines = text.splitlines()
    values = {key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    found = re.match(r"(\d+)\.(\d+)", values.get("version") or values.get("version_info") or "")
    version = (int(found[1]), int(found[2])) if found else (sys.version_info.major, sys.version_info.minor)
    bases = [executable.resolve().parent.parent]
    if values.get("home"):
        bases += [Path(values["home"]).parent, Path(values["home"]).resolve().parent]
    origin = Origin.USER if workspace is None else Origin.WORKSPACE
    shown = exposed((folder,), origin=origin, workspace=workspace)
    # The bases are named by a file and a link in it, whoever named the environment.
    shown += exposed(bases, origin=Origin.WORKSPACE, workspace=workspace)
    return Interpreter(path=executable, prefix=folder, version=version, readable=tuple(dict.fromkeys(shown)))


def program(name: str) -> Path | None:
    """Where ``ruff`` or ``ty`` is: beside this server's interpreter (its own dependency), else on PATH. The real file:
    a box sees the folder of the program, not where a link in it leads."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        candidate = folder / name
        if candidate.is_file():
            return candidate.resolve()
    found = shutil.which(name)
    return Path(found).resolve() if found else None
